"""The load, and what it costs: each message is sent when the reply to the one before has been read."""

import asyncio
import os
import time
from dataclasses import dataclass, field

import httpx
import psutil

from bench.sides import Failed, Person, Side

NEEDS = ("Wir brauchen einen Spielplatz für die Kinder", "Der Bus soll abends öfter fahren")
SAYS = (None, "Deutsch", "ja", "ja", "Betzenberg", NEEDS[0], "ja", NEEDS[1], "nein")
"""A whole interview, with its begin."""
WARM_UP = 2.0


@dataclass
class Cell:
    """One measurement: of one side, with so many conversations at a time."""

    side: str
    conversations: int
    turns: list[tuple[float, float]] = field(default_factory=list)
    """(end, duration) of each turn, in seconds."""
    complete: int = 0
    errors: int = 0
    seconds: float = 0.0
    durations: list[float] = field(default_factory=list)
    """Of the turns that ended while it was measured, ascending."""
    spent: dict[str, float] = field(default_factory=dict)
    """CPU seconds of each process; «bench» is our client, «foreign» what anything else took."""
    memory: dict[str, float] = field(default_factory=dict)
    """Resident MiB of each process afterwards, with its children."""


async def measure(side: Side, conversations: int, seconds: float) -> Cell:
    """Warms up, measures, lets the last conversations come to their end, and counts what was stored."""
    cell, stored, pids = Cell(side.name, conversations), side.stored(), side.pids()
    limits = httpx.Limits(max_connections=conversations, keepalive_expiry=3.0)
    async with httpx.AsyncClient(base_url=side.url, timeout=30.0, limits=limits, trust_env=False) as http:
        deadline = time.perf_counter() + WARM_UP + seconds
        people = [asyncio.create_task(_people(side, http, cell, deadline)) for _ in range(conversations)]
        await asyncio.sleep(WARM_UP)
        before, began = _cpu(pids), time.perf_counter()
        await asyncio.sleep(seconds)
        after, ended = _cpu(pids), time.perf_counter()
        await asyncio.gather(*people)
    cell.seconds = ended - began
    cell.spent = {name: after[name] - before[name] for name in after}
    cell.durations = sorted(duration for end, duration in cell.turns if began <= end < ended)
    cell.errors += abs(side.stored() - stored - cell.complete * len(NEEDS))
    cell.memory = {name: sum(one.memory_info().rss for one in _family(pid)) / 2**20 for name, pid in pids.items()}
    return cell


async def _people(side: Side, http: httpx.AsyncClient, cell: Cell, deadline: float) -> None:
    """One person after another, until it is time to end."""
    while time.perf_counter() < deadline:
        try:
            await _interview(side, http, cell)
            cell.complete += 1
        except (Failed, httpx.HTTPError, ValueError, KeyError):
            cell.errors += 1
            await asyncio.sleep(0.2)


async def _interview(side: Side, http: httpx.AsyncClient, cell: Cell) -> None:
    """A whole interview. Its last message, and only that one, has to bring the thanks."""
    person = Person()
    for number, text in enumerate(SAYS, start=1):
        began = time.perf_counter()
        thanked = await side.says(http, person, text)
        ended = time.perf_counter()
        if thanked != (number == len(SAYS)):
            raise Failed
        cell.turns.append((ended, ended - began))


def _cpu(pids: dict[str, int]) -> dict[str, float]:
    """CPU seconds so far: of each process with its children, of our client, of anything else on this machine."""
    spent = {name: sum(map(_seconds, _family(pid))) for name, pid in pids.items()}
    spent["bench"] = _seconds(psutil.Process(os.getpid()))
    machine = psutil.cpu_times()
    # Guests are in the user time already; waiting for the disk is idling.
    idle = sum(getattr(machine, name, 0.0) for name in ("idle", "iowait", "guest", "guest_nice"))
    return {**spent, "foreign": sum(machine) - idle - sum(spent.values())}


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]
