"""Waiting for a browser's answers, of which a page can hold back any."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from diagnose.process.first_use import one_at_a_time

R = TypeVar("R")


async def within(seconds: float, asked: Coroutine[Any, Any, R], otherwise: R) -> R:
    """What *asked* brings; *otherwise* when it fails, or takes longer than *seconds*."""
    with one_at_a_time:
        from playwright.async_api import Error

    try:
        async with asyncio.timeout(max(seconds, 0)):
            return await asked
    except (Error, TimeoutError):
        return otherwise
