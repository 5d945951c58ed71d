"""The parts of the bench: each starts what it needs, measures, and notes what came out."""

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench import export, insert, length, load, targets
from bench.load import Cell
from bench.sides import Bare, BareDefault, Ours, Side, TwoRasas, running
from bench.talk import BEGIN
from bench.targets import Row
from tests.postgres import Postgres

COUNTS = (1, 8, 32, 128)
"""So many conversations at a time."""
BUSY_COUNTS = (8, 32)
STARTS = 3


@dataclass
class Bench:
    """One run, and what it has measured so far."""

    server: Postgres
    seconds: float
    rounds: int
    counts: tuple[int, ...] = COUNTS
    rows: list[Row] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def start(self) -> None:
        """How soon Mitsprache answers, everything being there that it needs."""
        with contextlib.closing(asyncio.new_event_loop()) as loop:
            times = [loop.run_until_complete(_first_reply(self.server)) for _ in range(STARTS)]
        self.rows.append(targets.start(statistics.median(times)))

    def turn(self) -> None:
        """Beside a bare Rasa with the light pipeline."""
        self.rows += targets.turn(self._compare(Ours, Bare, self.counts))

    def default(self) -> None:
        """Beside a bare Rasa with its default pipeline."""
        self.rows += targets.default(self._compare(Ours, BareDefault, self._busy()))

    def workers(self) -> None:
        """Two Rasas beside one."""
        self.rows += targets.workers(self._compare(TwoRasas, Ours, self._busy()))

    def length(self) -> None:
        """A long conversation."""
        with _running(self.server, Ours, Bare) as sides:
            self.rows += targets.length(*map(length.measure, sides))

    def export(self) -> None:
        """The staff's file."""
        self.rows += targets.export(export.measure(self.server))

    def insert(self) -> None:
        """An answer into a full table."""
        self.rows += targets.insert(insert.measure(self.server))

    def _busy(self) -> tuple[int, ...]:
        return tuple(count for count in BUSY_COUNTS if count in self.counts)

    def _compare(self, one: type[Side], other: type[Side], counts: tuple[int, ...]) -> list[tuple[Cell, Cell]]:
        with _running(self.server, one, other) as sides:
            pairs = asyncio.run(load.compare(sides, counts, self.seconds, self.rounds))
        self.cells += [cell for pair in pairs for cell in pair]
        return pairs


PARTS = {
    part.__name__: part
    for part in (Bench.start, Bench.turn, Bench.default, Bench.workers, Bench.length, Bench.export, Bench.insert)
}


@contextlib.contextmanager
def _running(server: Postgres, one: type[Side], other: type[Side]) -> Iterator[tuple[Side, Side]]:
    with running(one, server) as first, running(other, server) as second:
        for side in (first, second):
            print(f"{side.name} is healthy after {side.started:.1f} s", file=sys.stderr, flush=True)
        yield first, second


async def _first_reply(server: Postgres) -> float:
    with running(Ours, server) as side:
        began = time.perf_counter()
        async with load.session() as http:
            person = side.person(http)
            await person.takes(BEGIN)
            taken = time.perf_counter() - began
            person.leaves()
    return side.started + taken
