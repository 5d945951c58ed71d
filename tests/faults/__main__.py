"""`python -m tests.faults`: rounds of residents and faults; prints faults × outcomes, keeps what failed."""

import argparse
import contextlib
import random
import tempfile
from collections import Counter
from pathlib import Path

from tests import postgres
from tests.faults import rounds, site
from tests.faults.history import Result
from tests.faults.injector import FAULTS, Fault
from tests.faults.rounds import Outcome
from tests.packages import program
from tests.stack import free_ports

KEPT = Path("var/soak")
SITES = ("sqlite", "postgresql")


def main() -> int:
    """Exit code 1 if a promise was broken."""
    options = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    options.add_argument("--rounds", type=int, default=None, help="so many on each database; default: every fault once")
    options.add_argument("--people", type=int, default=8, help="residents of a round")
    options.add_argument("--database", choices=SITES, action="append", help="default: both")
    options.add_argument("--fault", action="append", help="only faults whose name begins so")
    options.add_argument("--webhook", action="store_true", help="Telegram brings the messages")
    options.add_argument("--replicas", action="store_true", help="two of every process, behind a reverse proxy")
    options.add_argument("--clock", action="store_true", help="the clock jumps, too (needs the package faketime)")
    options.add_argument("--seed", type=int, default=None, help="the same seed chooses the same faults")
    given = options.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    print(f"seed {seed}")
    outcomes = [one for kind in given.database or SITES for one in _site(kind, given, random.Random(seed))]
    return _table(outcomes)


def _site(kind: str, given: argparse.Namespace, dice: random.Random) -> list[Outcome]:
    outcomes = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = (
            stack.enter_context(postgres.running(Path(program("postgresql")), free_ports(1)[0]))
            if kind == "postgresql"
            else None
        )
        webhook = given.webhook or given.replicas  # of two that fetch, Telegram turns one away
        here = stack.enter_context(site.running(folder, dice, server, webhook, given.replicas, given.clock))
        for number, fault in enumerate(_chosen(kind, webhook, given, dice), 1):
            outcome = rounds.play(here, fault, given.people)
            outcomes.append(outcome)
            told = "ok" if not outcome.violations else f"BROKEN, kept in {rounds.keep(outcome, KEPT)}"
            counts = f"{_counts(outcome)} {outcome.seconds:5.1f} s"
            print(f"{kind:10} {number:3} {fault.name:34} {counts}  {told}", flush=True)
            for violation in outcome.violations[:5]:
                print(f"    {violation[:300]}", flush=True)
    return outcomes


def _counts(outcome: Outcome) -> str:
    return " ".join(f"{outcome.count(result):3} {result}" for result in Result if outcome.count(result))


def _chosen(kind: str, webhook: bool, given: argparse.Namespace, dice: random.Random) -> list[Fault]:
    """Every fault once before any comes again, in an order of chance."""
    possible = [
        fault
        for fault in FAULTS
        if fault.database in (None, kind)
        and fault.webhook in (None, webhook)
        and (given.clock or not fault.clock)
        and (not given.fault or any(fault.name.startswith(begin) for begin in given.fault))
    ]
    chosen: list[Fault] = []
    while possible and len(chosen) < (given.rounds or len(possible)):
        chosen += dice.sample(possible, len(possible))
    return chosen[: given.rounds]


KINDS = {
    "lost": ("acknowledged and lost", "stored and not exported", "never handled"),
    "doubled": ("counted", "stored 2", "acted", "exported and not stored"),
    "inverted": ("out of order", "told otherwise"),
    "extra replies": ("told",),
    "stuck": ("Stuck",),
}
"""The columns of the table, by how their violations begin; everything else counts as other."""


def _table(outcomes: list[Outcome]) -> int:
    """Prints faults × outcomes; how it ended."""
    print(f"\n{'fault':34} rounds operations {' '.join(KINDS)} other repeats  reply after s: p50, max")
    for name in dict.fromkeys(outcome.fault for outcome in outcomes):
        _line(name, [outcome for outcome in outcomes if outcome.fault == name])
    _line("all", outcomes)
    broken = sum(bool(outcome.violations) for outcome in outcomes)
    print(f"{len(outcomes)} rounds, {broken} with a broken promise")
    return 1 if broken else 0


def _line(name: str, mine: list[Outcome]) -> None:
    kinds = Counter(_kind(violation) for outcome in mine for violation in outcome.violations)
    counts = " ".join(f"{kinds[kind]:{len(kind)}}" for kind in (*KINDS, "other"))
    waits = sorted(wait for outcome in mine for wait in outcome.waits)
    waited = f"{waits[len(waits) // 2]:5.1f} {waits[-1]:5.1f}" if waits else "    -     -"
    operations = sum(len(outcome.history.operations()) for outcome in mine)
    print(f"{name:34} {len(mine):6} {operations:10} {counts} {sum(one.repeats for one in mine):7}  {waited}")


def _kind(violation: str) -> str:
    return next((kind for kind, begins in KINDS.items() if violation.startswith(begins)), "other")


if __name__ == "__main__":
    raise SystemExit(main())
