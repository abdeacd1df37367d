"""A visit to a page in a Chromium that keeps nothing: what is installed, what it is started with, what it sees.

`checks.browser.automation.launch` is imported where a visit is made, and not before: asyncio and Playwright take
their time.
"""

from checks.browser.automation.executable import find_executable
from checks.browser.automation.job import Order, StartError
from checks.browser.automation.pins import public_key_pins
from checks.browser.automation.visit import FailedRequest, Field, Visit

__all__ = [
    "FailedRequest",
    "Field",
    "Order",
    "StartError",
    "Visit",
    "find_executable",
    "public_key_pins",
]
