"""A Chromium that keeps nothing: started with an empty profile, connected through the run's network, ended for sure.

Playwright starts an installed browser and gives it a profile in a temporary folder. Its driver, a process beside ours,
removes that folder when the browser is gone, even where our process was killed. The page lives in a context that keeps
everything in memory (cookies, storage, service workers) and takes no downloads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from checks.browser.automation import sight
from checks.browser.automation.job import Order, StartError
from checks.browser.automation.limits import within
from checks.browser.automation.look import Look
from checks.browser.automation.visit import Visit
from diagnose.model import Deadline
from diagnose.network import Network
from diagnose.network.gateway import Gateway
from diagnose.process.children import environment, folders
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Playwright

LARGEST_VISIT = 30_000_000
"""Bytes of all that the page loads; large webmail pages load a few million."""
SHORTEST_VISIT = 4.0
"""Seconds; with less, a browser is not even started."""
ASKING_SECONDS = 1.0
CLOSING_SECONDS = 2.0
"""After which it is ended by force."""
TIDYING_SECONDS = 1.0
PLAYWRIGHTS = ("PW_", "PLAYWRIGHT_")
"""How variables begin that are meant for it."""

ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    # whatever would look up a name past the gateway finds none
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def visit(order: Order, network: Network, deadline: Deadline) -> Visit:
    """Carry out *order*, by the *deadline*. Raises StartError when the browser does not start, TimeoutError when too
    little time is left.

    To be called in a thread without an event loop.
    """
    if deadline.left() < SHORTEST_VISIT:
        raise TimeoutError
    # the browser's profile and sockets lie in it, and would be left where browser or driver is ended by force
    with tempfile.TemporaryDirectory(prefix="diagnose-", ignore_cleanup_errors=True) as folder:
        folders.add(folder)
        return asyncio.run(_visit(order, network, deadline, folder))


def _withhold_from_driver(folder: str) -> None:
    """Start the loop's programs with what they need: Playwright would give its driver all that this process has.

    Their temporary files, and so the browser's profile, lie in *folder*.
    """
    loop = asyncio.get_running_loop()
    start = loop.subprocess_exec

    def start_with_little(*command: Any, env: Mapping[str, str] | None = None, **more: Any) -> Any:  # noqa: ANN401 - as the loop's
        of_playwright = {name: value for name, value in (env or {}).items() if name.startswith(PLAYWRIGHTS)}
        return start(*command, env=environment(TMPDIR=folder, **of_playwright), **more)

    loop.subprocess_exec = start_with_little  # type: ignore[method-assign]


async def _visit(order: Order, network: Network, deadline: Deadline, folder: str) -> Visit:
    with one_at_a_time:
        from playwright.async_api import Error, async_playwright

    _withhold_from_driver(folder)
    until = deadline.within(deadline.left() - CLOSING_SECONDS)
    look = Look(order.url, order.admits)
    gateway = Gateway(network, until, limit=LARGEST_VISIT, local=order.local, admits=look.wants)
    async with gateway, async_playwright() as playwright:
        try:
            browser = await _started(playwright, order, gateway.port, until, folder)
        except Error as error:
            raise StartError(_told_by(str(error))) from error
        process: int | None = None
        try:
            process = await within(ASKING_SECONDS, _process(browser), None)
            page = await within(until.left(), _empty_page(browser), None)
            if page is None:
                raise TimeoutError
            await look.at(page, until)
            return look.facts(order.browser, browser.version, gateway)
        finally:
            await _end(browser, process)


def _told_by(error: str) -> str:
    """What Playwright makes of it, or the last that the browser said, out of pages of log."""
    summary = re.search(r"Browser logs:\s*([^\s<-].*)", error)
    said = re.findall(r"\[err\] (.*)", error)
    return summary[1] if summary else said[-1] if said else error.partition("\n")[0]


async def _started(playwright: Playwright, order: Order, port: int, until: Deadline, folder: str) -> Browser:
    """The browser, without a window; in its sandbox, which root cannot have."""
    pins = [f"--ignore-certificate-errors-spki-list={','.join(order.pins)}"] if order.pins else []
    return await playwright.chromium.launch(
        executable_path=order.executable,
        args=[*ARGUMENTS, *pins],
        ignore_default_args=["--disable-popup-blocking"],
        chromium_sandbox=not hasattr(os, "geteuid") or os.geteuid() != 0,
        # Playwright adds that loopback is no exception
        proxy={"server": f"socks5://127.0.0.1:{port}"},
        env={**environment(TMPDIR=folder)},
        timeout=1000 * until.left(),
    )


async def _process(browser: Browser) -> int:
    """The id of the browser's first process, with which all others end."""
    session = await browser.new_browser_cdp_session()
    answer = await session.send("SystemInfo.getProcessInfo")
    process: int = next(one["id"] for one in answer["processInfo"] if one["type"] == "browser")
    return process


async def _empty_page(browser: Browser) -> Page | None:
    """In a context of its own, which keeps everything in memory."""
    context = await browser.new_context(viewport={"width": sight.WIDTH, "height": sight.HEIGHT}, accept_downloads=False)
    return await context.new_page()


async def _end(browser: Browser, process: int | None) -> None:
    """Close *browser*; when it does not go, end its *process* by force, and wait until its files are removed."""
    closing = asyncio.ensure_future(within(CLOSING_SECONDS + TIDYING_SECONDS, browser.close(), None))
    await asyncio.wait({closing}, timeout=CLOSING_SECONDS)
    if not closing.done() and process is not None:
        with contextlib.suppress(OSError):
            os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    await closing
