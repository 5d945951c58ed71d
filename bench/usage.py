"""What processes use: CPU with all their children, memory, and the CPU that others took meanwhile."""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psutil

MIB = 1024 * 1024
BENCH = "bench"


@dataclass(frozen=True)
class Reading:
    """Seconds so far: on the wall, of each process (our client is one of them), and of the whole machine."""

    wall: float
    spent: Mapping[str, float]
    machine: float


@dataclass(frozen=True)
class Usage:
    """What happened between two readings."""

    spent: Mapping[str, float]
    foreign: float
    """Cores that were busy with anything else."""


def read(pids: Mapping[str, int]) -> Reading:
    """The readings of now."""
    spent = {name: sum(_seconds(process) for process in _family(pid)) for name, pid in pids.items()}
    own = psutil.Process(os.getpid()).cpu_times()
    machine = psutil.cpu_times()
    idle = machine.idle + getattr(machine, "iowait", 0.0)
    guests = getattr(machine, "guest", 0.0) + getattr(machine, "guest_nice", 0.0)  # user time holds them already
    return Reading(time.perf_counter(), {**spent, BENCH: own.user + own.system}, sum(machine) - idle - guests)


def between(first: Reading, last: Reading) -> Usage:
    """The difference."""
    spent = {name: last.spent[name] - first.spent[name] for name in first.spent}
    foreign = (last.machine - first.machine - sum(spent.values())) / (last.wall - first.wall)
    return Usage(spent, max(foreign, 0.0))


def memory(pids: Mapping[str, int]) -> dict[str, float]:
    """Resident memory in MiB, children included."""
    return {name: sum(process.memory_info().rss for process in _family(pid)) / MIB for name, pid in pids.items()}


def _family(pid: int) -> Iterator[psutil.Process]:
    parent = psutil.Process(pid)
    for process in (parent, *parent.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            yield process


def _seconds(process: psutil.Process) -> float:
    """Of a process and of those of its children that are gone already."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
