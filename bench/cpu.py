"""What a measurement costs: CPU of each process with its children, of our client, of anything else; and memory."""

import os

import psutil

Pids = dict[str, list[int]]
"""Processes by their name; of some there are several."""

CLIENT = "bench"
FOREIGN = "foreign"
BUSY = "busy"


def spent(pids: Pids) -> dict[str, float]:
    """CPU seconds so far, by process.

    «bench» is our client, «busy» all of this machine, «foreign» what is none of these.
    """
    seconds = {name: sum(map(_seconds, _families(group))) for name, group in pids.items()}
    seconds[CLIENT] = _seconds(psutil.Process(os.getpid()))
    machine = psutil.cpu_times()
    # Guests are in the user time already; waiting for the disk is idling.
    idle = sum(getattr(machine, name, 0.0) for name in ("idle", "iowait", "guest", "guest_nice"))
    busy = sum(machine) - idle
    return {**seconds, FOREIGN: busy - sum(seconds.values()), BUSY: busy}


def memory(pids: Pids) -> dict[str, float]:
    """MiB of each process with its children; what several of them share is counted once."""
    return {name: sum(one.memory_full_info().pss for one in _families(group)) / 2**20 for name, group in pids.items()}


def _families(pids: list[int]) -> list[psutil.Process]:
    """The processes and all below them."""
    parents = [psutil.Process(pid) for pid in pids]
    return [*parents, *(child for parent in parents for child in parent.children(recursive=True))]


def _seconds(process: psutil.Process) -> float:
    """Of the process, and of those of its children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # ended just now: from here on it stands with its parent
        return 0.0
    own = times.user + times.system
    # Our client's own children are the processes that are measured.
    return own if process.pid == os.getpid() else own + times.children_user + times.children_system
