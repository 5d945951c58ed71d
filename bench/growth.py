"""`python -m bench.growth`: the hour after the newspaper article, and the flood; nothing may get lost, all are told."""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

import aiohttp

from bench import cpu, sides
from bench.load import BROKEN, quantile, session
from bench.sides import Ours, Side
from bench.talk import INTERVIEW, NEEDS
from deploy.supervisor import CannotStart
from tests.postgres import Postgres

READERS, BEGIN_WITHIN = 2000, 600.0
PAUSES = 5.0, 40.0
FLOOD = 500
SLOW, SLOWEST = 3.0, 10.0
"""What the replies of an hour may take: 99 of 100, and each one."""
ODD = f"""select count(*) from (select participation from answers where question = 'need' and text <> ''
group by participation having count(*) <> {len(NEEDS)}) as odd"""
"""How many people have not just the needs that everybody says here, each once."""
SIZE = "select pg_database_size(current_database())"
JOURNAL = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"


class AsDelivered(Ours):
    """Mitsprache with the limits that it has by itself."""

    more: ClassVar[dict[str, str]] = {}


@dataclass
class Outcome:
    """What became of all of them."""

    people: int = 0
    waits: list[float] = field(default_factory=list)
    """Seconds from each message to its reply, however often it was said that it had to wait."""
    told_to_wait: int = 0
    errors: list[str] = field(default_factory=list)
    expected: int = 0
    stored: int = 0
    odd: int = 0
    lasted: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    """CPU seconds, as bench/cpu.py names them."""
    size: int = 0
    """Bytes by which the database has grown."""
    written: int = 0
    """Bytes of the database's journal, which a backup server or a replica would fetch."""

    @property
    def whole(self) -> bool:
        """Nothing lost, nothing doubled, everybody told."""
        return not self.errors and self.stored == self.expected and not self.odd

    def quantile(self, share: float) -> float:
        """Seconds."""
        return quantile(self.waits, share)

    def _cores(self, name: str) -> float:
        return self.spent[name] / self.lasted

    def __str__(self) -> str:
        messages, people = max(len(self.waits), 1), max(self.people, 1)
        processes = {name: spent for name, spent in self.spent.items() if name not in (cpu.BUSY, cpu.FOREIGN)}
        costs = ", ".join(f"{name} {1000 * spent / messages:.1f}" for name, spent in processes.items())
        replies = ", ".join(f"p{100 * share:g} {self.quantile(share):.2f} s" for share in (0.5, 0.95, 0.99))
        return (
            f"{self.people} people, {len(self.waits)} messages in {self.lasted:.0f} s "
            f"({messages / self.lasted:.1f} a second); a reply takes {replies}, "
            f"at the most {self.quantile(1):.2f} s; told to wait {self.told_to_wait} times; errors {len(self.errors)}; "
            f"needs stored {self.stored} of {self.expected}, people with more or fewer than they said {self.odd}; "
            f"cores busy {self._cores(cpu.BUSY):.2f}, with anything else {self._cores(cpu.FOREIGN):.2f}; "
            f"CPU milliseconds a message: {costs}; kB a person: {self.size / people / 1000:.1f} in the database, "
            f"{self.written / people / 1000:.1f} in its journal"
        )


def main() -> None:
    """Exit code 1 if anything was lost, doubled or left without a reply; that it was slow is only said."""
    options = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    options.add_argument("--only", choices=tuple(SIMULATIONS), help="one of the two")
    options.add_argument(
        "--scale", type=float, default=1.0, help="0.1: a tenth of the people, in a tenth of the time, pauses as well"
    )
    given = options.parse_args()
    chosen = [given.only] if given.only else list(SIMULATIONS)
    try:
        with sides.server() as server:
            outcomes = [_run(server, name, given.scale) for name in chosen]
    except CannotStart as why:
        sys.exit(str(why))
    sys.exit(not all(outcome.whole for outcome in outcomes))


def _run(server: Postgres, name: str, scale: float) -> Outcome:
    with sides.running(AsDelivered, server) as side:
        outcome = asyncio.run(_simulate(side, SIMULATIONS[name], scale))
    print(f"{name} (scale {scale:g}): {outcome}", *sorted(set(outcome.errors)), sep="\n  ")
    if name == ARTICLE:
        reached = outcome.quantile(0.99) <= SLOW and outcome.quantile(1) <= SLOWEST
        print(f"  p99 ≤ {SLOW:g} s and nobody over {SLOWEST:g} s: {'reached' if reached else 'missed'}", flush=True)
    return outcome


Simulation = Callable[[Side, aiohttp.ClientSession, Outcome, float], Awaitable[None]]


async def article(side: Side, http: aiohttp.ClientSession, outcome: Outcome, scale: float) -> None:
    """Within ten minutes 2,000 readers begin, and take their time. Their messages a second don't change by `scale`."""
    chance, readers = random.Random(2000), round(READERS * scale)
    begins = [chance.uniform(0, BEGIN_WITHIN * scale) for _ in range(readers)]
    pauses = [[scale * chance.uniform(*PAUSES) for _ in INTERVIEW[1:]] for _ in range(readers)]
    people = (_interview(side, http, outcome, [begin, *more]) for begin, more in zip(begins, pauses, strict=True))
    await asyncio.gather(*people)


async def flood(side: Side, http: aiohttp.ClientSession, outcome: Outcome, scale: float) -> None:
    """All at once, and nobody pauses."""
    people = (_interview(side, http, outcome, [0.0] * len(INTERVIEW)) for _ in range(round(FLOOD * scale)))
    await asyncio.gather(*people)


async def _simulate(side: Side, simulate: Simulation, scale: float) -> Outcome:
    outcome, pids = Outcome(), side.pids()
    size, journal = side.count(SIZE), side.count(JOURNAL)
    before, began = cpu.spent(pids), time.perf_counter()
    async with session() as http:
        await simulate(side, http, outcome, scale)
    outcome.lasted = time.perf_counter() - began
    after = cpu.spent(pids)
    outcome.spent = {name: after[name] - before[name] for name in after}
    outcome.size, outcome.written = side.count(SIZE) - size, side.count(JOURNAL) - journal
    outcome.stored, outcome.odd = side.stored(), side.count(ODD)
    return outcome


async def _interview(side: Side, http: aiohttp.ClientSession, outcome: Outcome, pauses: list[float]) -> None:
    """A whole one, with a pause before each message. What goes wrong ends it."""
    talk = side.person(http)
    outcome.people += 1
    try:
        for step, pause in zip(INTERVIEW, pauses, strict=True):
            await asyncio.sleep(pause)
            began = time.perf_counter()
            await talk.takes(step)
            outcome.waits.append(time.perf_counter() - began)
            outcome.expected += step in talk.stored_after
    except BROKEN as error:
        outcome.errors.append(f"«{step.words}»: {error!r}")
    finally:
        outcome.told_to_wait += talk.waited
        talk.leaves()


ARTICLE = "article"
SIMULATIONS = {ARTICLE: article, "flood": flood}

if __name__ == "__main__":
    main()
