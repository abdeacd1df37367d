"""A visit to a page in a Chromium that keeps nothing: what is installed, what it is started with, what it sees.

What makes a visit is imported where one is made, and not before: asyncio and Playwright take their time.
"""

from checks.browser.automation.visit import FailedRequest, Field, Visit

__all__ = ["FailedRequest", "Field", "Visit"]
