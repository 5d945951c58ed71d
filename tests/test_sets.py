"""The figures that the measuring commands print are what they say."""

import pytest

from tests.sets import Rate


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [(Rate(81, 263), 0.2553, 0.3662), (Rate(0, 50), 0, 0.0714), (Rate(25, 50), 0.3664, 0.6336), (Rate(0, 0), 0, 1)],
)
def test_the_interval_is_wilsons(rate: Rate, low: float, high: float) -> None:
    """The interval of 81 of 263 is the one that Newcombe (1998) gives; of nothing, nothing is known."""
    assert rate.interval == pytest.approx((low, high), abs=0.0001)
