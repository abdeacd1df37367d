"""nginx: webmail pages and autoconfig files."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path

from .daemon import Daemon
from .namespaces import Namespace
from .plan import Placed
from .rendering import render

PAGES = {
    "captcha": "<title>Security check</title><p>Please complete the captcha to continue.</p>",
    "session-expired": "<title>Webmail</title><p>Your session has expired. Please log in again.</p>",
    "parked": "<title>corp.example</title><h1>This domain is for sale!</h1><p>Make an offer today.</p>",
}
"""What is shown in place of a login page."""


class Nginx:
    """One instance for all hosts with a web page, told apart by address."""

    def __init__(self, hosts: Sequence[tuple[Placed, Path]], directory: Path) -> None:
        self._hosts = [placed for placed, _ in hosts if placed.host.web or placed.host.web_settings]
        self._log = directory / "log"
        self._config = render(
            "nginx.conf",
            directory / "nginx.conf",
            directory=directory,
            log=self._log,
            pages=PAGES,
            hosts=[
                {
                    "name": placed.name,
                    "addresses": [f"[{a}]" if a.version == 6 else str(a) for a in placed.addresses],
                    "pem": pem,
                    "page": placed.host.web,
                    "settings": inspect.cleandoc(placed.host.web_settings),
                    "autoconfig": self._autoconfig(placed, directory) if placed.host.web == "autoconfig" else None,
                }
                for placed, pem in hosts
                if placed.host.web or placed.host.web_settings
            ],
        )

    @staticmethod
    def _autoconfig(placed: Placed, directory: Path) -> Path:
        domain = placed.domain
        incoming, outgoing = domain.serving("imaps"), domain.serving("submissions")
        if incoming is None or outgoing is None:
            raise ValueError(f"{domain.name}: autoconfig needs a host with imaps and one with submissions")
        names = {"incoming": domain.host_name(incoming), "outgoing": domain.host_name(outgoing)}
        return render("autoconfig.xml", directory / f"{placed.name}.xml", domain=domain.name, **names)

    def start(self, namespace: Namespace) -> Daemon:
        """Run it in *namespace*; back when the host it opens last accepts connections."""
        daemon = Daemon(namespace, ["nginx", "-c", self._config, "-e", self._log], self._log)
        last = self._hosts[-1].addresses[-1]
        daemon.wait_until(lambda: namespace.connects(str(last), 443))
        return daemon
