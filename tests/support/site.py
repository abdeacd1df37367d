"""Web servers on loopback that end as soon as they are told to."""

from __future__ import annotations

from pytest_httpserver import HTTPServer

LOOK_SECONDS = 0.01


class Site(HTTPServer):
    """It looks often whether it should end: half a second each time would be most of what its tests take."""

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.serve_forever(LOOK_SECONDS)
