"""How tests wait."""

import time
from collections.abc import Callable

EVERY = 0.05
"""Seconds between two looks."""


def happens(what: Callable[[], object], seconds: float, meanwhile: Callable[[], object] = lambda: None) -> bool:
    """Whether it comes to be so within these seconds; `meanwhile` is done between two looks."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        meanwhile()
        time.sleep(EVERY)
    return True


def until(what: Callable[[], object], seconds: float = 60, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Waits until it is so; if it does not come to be so, the test has failed."""
    assert happens(what, seconds, meanwhile), "it does not happen"
