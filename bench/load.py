"""The load, and what it costs: each message is sent when the reply to the one before has been read."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import aiohttp

from bench import cpu
from bench.sides import Side
from bench.talk import INTERVIEW, Failed, Talk

WARM_UP = 2.0
SPREAD = 7
"""People begin so many steps apart from one another: at each moment all parts of the interview are under way."""
BROKEN = (Failed, aiohttp.ClientError, TimeoutError, ValueError, KeyError)
"""What makes a turn one that failed."""


@dataclass
class Cell:
    """What was measured of one side with so many conversations at a time, over all rounds."""

    side: str
    conversations: int
    seconds: float = 0.0
    durations: list[float] = field(default_factory=list)
    """Of the turns that ended while it was measured, in seconds."""
    errors: list[str] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)
    """CPU seconds, as bench/cpu.py names them."""
    memory: dict[str, float] = field(default_factory=dict)
    """MiB of each process afterwards."""
    backends: int = 0
    """Connections to the database afterwards."""

    @property
    def rate(self) -> float:
        """Messages a second."""
        return len(self.durations) / self.seconds

    def quantile(self, share: float) -> float:
        """Milliseconds."""
        return 1000 * quantile(self.durations, share)

    def cost(self, *names: str) -> float:
        """CPU milliseconds a message, of these processes together."""
        return 1000 * sum(self.spent.get(name, 0.0) for name in names) / max(len(self.durations), 1)

    def cores(self, name: str) -> float:
        """How many cores it kept busy."""
        return max(self.spent[name], 0.0) / self.seconds


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies; not a number where there are none."""
    return sorted(values)[int(share * (len(values) - 1))] if values else float("nan")


async def compare(
    sides: tuple[Side, Side], counts: Iterable[int], seconds: float, rounds: int
) -> list[tuple[Cell, Cell]]:
    """Measures both sides in turns, so that a machine which gets slower meanwhile does so for both."""
    async with session() as http:
        one, other = (Crowd(side, http) for side in sides)
        pairs = []
        for count in counts:
            pair = Cell(one.side.name, count), Cell(other.side.name, count)
            await one.grow(count)
            await other.grow(count)
            for _ in range(rounds):
                await one.talk(pair[0], seconds)
                await other.talk(pair[1], seconds)
            pairs.append(pair)
    return pairs


def session() -> aiohttp.ClientSession:
    """A client with as many connections as there are people."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
    # Servers hang up after five idle seconds; a browser would dial again, here the line is given up before.
    lines = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
    return aiohttp.ClientSession(connector=lines, timeout=timeout)


class Seat:
    """Where one person sits down after the other."""

    def __init__(self, side: Side, http: aiohttp.ClientSession) -> None:
        self._side, self._http = side, http
        self._step = 0
        self.talk: Talk | None = None
        self.stored = 0
        """How many needs of all who sat here have to be in the database."""

    async def turn(self) -> None:
        """The next message. The last one of an interview, and only that one, has to bring the thanks."""
        if self.talk is None:
            self.talk, self._step = self._side.person(self._http), 0
        step = INTERVIEW[self._step]
        await self.talk.takes(step)
        self._step += 1
        self.stored += step in self.talk.stored_after
        if self.talk.finished != (self._step == len(INTERVIEW)):
            raise Failed("the thanks came too early, or not")
        if self.talk.finished:
            self.empty()

    def empty(self) -> None:
        """The person goes."""
        if self.talk is not None:
            self.talk.leaves()
            self.talk = None


class Crowd:
    """The people who talk to one side at the same time. Between two rounds they pause, and no line is open."""

    def __init__(self, side: Side, http: aiohttp.ClientSession) -> None:
        self.side, self._http = side, http
        self._seats: list[Seat] = []

    async def grow(self, count: int) -> None:
        """More come, and get into different parts of the interview."""
        seats = [Seat(self.side, self._http) for _ in range(len(self._seats), count)]
        steps = [SPREAD * number % len(INTERVIEW) for number in range(len(self._seats), count)]
        await asyncio.gather(*map(_advance, seats, steps))
        self._seats += seats
        self._pause()

    async def talk(self, cell: Cell, seconds: float) -> None:
        """Warms up, measures, lets the last turns come to their end, and counts what was stored."""
        pids, turns = self.side.pids(), list[tuple[float, float]]()
        base = self.side.stored() - sum(seat.stored for seat in self._seats)
        deadline = time.perf_counter() + WARM_UP + seconds
        talks = [asyncio.create_task(_talk(seat, cell, turns, deadline)) for seat in self._seats]
        await asyncio.sleep(WARM_UP)
        before, began = cpu.spent(pids), time.perf_counter()
        await asyncio.sleep(seconds)
        after, ended = cpu.spent(pids), time.perf_counter()
        await asyncio.gather(*talks)
        cell.memory, cell.backends = cpu.memory(pids), self.side.backends()
        self._pause()
        cell.seconds += ended - began
        for name in after:
            cell.spent[name] = cell.spent.get(name, 0.0) + after[name] - before[name]
        cell.durations += [duration for end, duration in turns if began <= end < ended]
        if extra := self.side.stored() - base - sum(seat.stored for seat in self._seats):
            cell.errors += ["a need too many" if extra > 0 else "a need was lost"] * abs(extra)

    def _pause(self) -> None:
        for seat in self._seats:
            if seat.talk is not None:
                seat.talk.leaves()


async def _advance(seat: Seat, steps: int) -> None:
    for _ in range(steps):
        await seat.turn()


async def _talk(seat: Seat, cell: Cell, turns: list[tuple[float, float]], deadline: float) -> None:
    """One turn after the other, until it is time to end; notes (end, duration) of each."""
    while time.perf_counter() < deadline:
        began = time.perf_counter()
        try:
            await seat.turn()
        except BROKEN as error:
            cell.errors.append(repr(error))
            seat.empty()
            await asyncio.sleep(0.2)
            continue
        ended = time.perf_counter()
        turns.append((ended, ended - began))
