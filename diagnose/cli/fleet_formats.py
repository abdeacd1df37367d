"""The formats that can hold a run over many, by the suffixes of files."""

from __future__ import annotations

from diagnose.cli.formats import format_of, renderer, suffixes
from diagnose.fleet import table
from diagnose.rendering.renderer import FleetRenderer


def fleet_renderer(suffix: str) -> tuple[FleetRenderer, bool] | None:
    """What writes files that end in *suffix*, and whether another user's program reads them; None: nothing does."""
    if suffix == table.SUFFIX:
        return table.render_fleet, False
    name = format_of(suffix)
    if name is None:
        return None
    format_ = renderer(name)
    return None if format_.render_fleet is None else (format_.render_fleet, format_.for_collectors)


def fleet_suffixes() -> list[str]:
    """All suffixes that name one."""
    return [table.SUFFIX, *(one for one in suffixes() if fleet_renderer(one) is not None)]
