"""The load: some conversations at a time, each message sent when the reply to the one before has been read."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx

from bench import usage
from bench.sides import NEEDS, SAYS, Failed, Side

WARM_UP = 2.0
PATIENCE = 30.0


@dataclass
class Cell:
    """One measurement: of one side, with so many conversations at a time."""

    side: str
    conversations: int
    seconds: float
    turns: list[tuple[float, float]] = field(default_factory=list)
    """(end, duration) of each turn, in seconds."""
    complete: int = 0
    errors: int = 0
    used: usage.Usage = field(default_factory=lambda: usage.Usage({}, 0.0))
    began: float = 0.0

    @property
    def durations(self) -> list[float]:
        """Of the turns that ended while it was measured, ascending."""
        return sorted(duration for end, duration in self.turns if self.began <= end < self.began + self.seconds)

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        durations = self.durations
        return 1000 * durations[min(int(share * len(durations)), len(durations) - 1)] if durations else float("nan")


async def measure(side: Side, conversations: int, seconds: float) -> Cell:
    """Warms up, measures, lets the last conversations come to their end, and counts what was stored."""
    cell = Cell(side.name, conversations, seconds)
    stored = side.stored()
    limits = httpx.Limits(max_connections=conversations, max_keepalive_connections=conversations, keepalive_expiry=3.0)
    async with httpx.AsyncClient(base_url=side.url, timeout=PATIENCE, limits=limits, trust_env=False) as http:
        end = time.perf_counter() + WARM_UP + seconds
        people = [asyncio.create_task(_people(side, http, cell, end)) for _ in range(conversations)]
        await asyncio.sleep(WARM_UP)
        first = usage.read(side.pids)
        cell.began = time.perf_counter()
        await asyncio.sleep(seconds)
        cell.used = usage.between(first, usage.read(side.pids))
        await asyncio.gather(*people)
    # Errors count from the first second on; so does a need that was thanked for and isn't there.
    cell.errors += abs(side.stored() - stored - cell.complete * len(NEEDS))
    return cell


async def _people(side: Side, http: httpx.AsyncClient, cell: Cell, end: float) -> None:
    """One person after another, until it is time to end."""
    while time.perf_counter() < end:
        try:
            await _interview(side, http, cell)
            cell.complete += 1
        except (Failed, httpx.HTTPError, ValueError, KeyError):
            cell.errors += 1
            await asyncio.sleep(0.2)


async def _interview(side: Side, http: httpx.AsyncClient, cell: Cell) -> None:
    """A whole interview. Its last message, and only that one, has to bring the thanks."""
    talk = side.talk(http)
    for number, text in enumerate((None, *SAYS)):
        began = time.perf_counter()
        thanked = await talk.says(text)
        now = time.perf_counter()
        if thanked != (number == len(SAYS)):
            raise Failed
        cell.turns.append((now, now - began))
