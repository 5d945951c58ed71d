"""What a message costs when the conversation is long already: a turn at message 500 beside one at message 10."""

import asyncio
import statistics
import time
from dataclasses import dataclass

from bench.load import session
from bench.sides import Side
from bench.talk import AGAIN, INTERVIEW, Step, Talk

EARLY, LATE = 10, 500
TURNS = 30
"""That many are measured from there on: a few needs, whole ones, the same in both conversations."""


@dataclass(frozen=True)
class Length:
    """Medians of a turn, in milliseconds."""

    side: str
    early: float
    late: float


def measure(side: Side) -> Length:
    """Two conversations, one at its beginning and one far on, take turns: what else the machine does hits both."""
    return asyncio.run(_measure(side))


async def _measure(side: Side) -> Length:
    async with session() as http:
        old, new = side.person(http), side.person(http)
        await _talks(old, LATE)
        await _talks(new, EARLY)
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(TURNS):
            for talk, at, taken in ((new, EARLY, times[0]), (old, LATE, times[1])):
                began = time.perf_counter()
                await talk.takes(_step(at + number))
                taken.append(1000 * (time.perf_counter() - began))
        old.leaves()
        new.leaves()
    early, late = map(statistics.median, times)
    return Length(side.name, early, late)


async def _talks(talk: Talk, messages: int) -> None:
    for number in range(messages):
        await talk.takes(_step(number))


def _step(number: int) -> Step:
    """An interview whose person always needs something more."""
    first = INTERVIEW.index(AGAIN[0])
    return INTERVIEW[number] if number < first else AGAIN[(number - first) % len(AGAIN)]
