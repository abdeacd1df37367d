"""The clocks that this computer's is held against."""

from __future__ import annotations

import statistics

from hypothesis import given
from hypothesis import strategies as st

from checks.network.reference_clocks import Tick, ahead

SECONDS = st.integers(-(10**9), 10**9).map(lambda tenths: tenths / 10)


@given(st.lists(SECONDS, min_size=1, max_size=9))
def test_one_clock_that_is_wrong_moves_the_middle_little(seconds: list[float]) -> None:
    """It is the median of the standard library."""
    ticks = [Tick(host=f"{number}.example", ahead_seconds=one) for number, one in enumerate(seconds)]

    assert ahead(ticks) == statistics.median(seconds)


def test_without_a_clock_nothing_is_known() -> None:
    assert ahead([]) is None
