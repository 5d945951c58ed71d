"""A round: residents talk, a fault strikes, all come to their end, and everything is compared."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from staff.export import COLUMNS, rows
from store import packs, tables
from tests.databases import everything
from tests.faults.checker import DELETE, Shown, Stored, World, violations
from tests.faults.history import History, Operation, Result
from tests.faults.injector import Fault
from tests.faults.residents import SCRIPTS, Person, Script, Visitor, Writer, hasty
from tests.faults.site import Site
from tests.tester import plain

PATIENCE = 90.0
"""Seconds until somebody gives up: far more than any fault lasts."""


@dataclass(frozen=True)
class Outcome:
    """What a round has shown."""

    fault: str
    violations: list[str]
    history: History
    seconds: float
    waits: list[float]
    """Of those who waited for a reply while it struck: seconds from its beginning to the reply."""
    repeats: int
    """How many messages came twice on Telegram."""

    def count(self, result: Result) -> int:
        """How many operations ended so."""
        return sum(one.result is result for one in self.history.operations())


def play(
    site: Site,
    fault: Fault,
    people: int = 6,
    scripts: Sequence[Script] = SCRIPTS,
    patience: float = PATIENCE,
    telegram: bool = True,
) -> Outcome:
    """Holds a round with so many residents, half of them on Telegram, or none."""
    history, began, troubles = History(), time.monotonic(), list[str]()
    lost = site.telegram.lost.copy()
    kinds = (Visitor, Writer) if telegram else (Visitor,)
    if fault.clock:
        # Bubbles belong together for three seconds: whose clock jumps between them is asked what the later ones mean.
        scripts = [script for script in scripts if script is not hasty]
    residents = [_resident(site, history, number, patience, kinds[number % len(kinds)]) for number in range(people)]
    processes = _pids(site)
    with _talking(site, residents, scripts, troubles) as threads:
        when = site.dice.randint(2 * people, 4 * people)
        while len(history.operations()) < when and any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
        struck = time.monotonic()
        troubles += _strike(site, fault)
    site.stack.settle()
    if not fault.kills and _pids(site) != processes:
        troubles.append("a process has ended by a fault that should not end it")
    waiting = _settled(site, residents, patience)
    shown = [_shown(site, person, fault.extra, lost) for person in residents if not _deleted(history, person)]
    found = [*troubles, *violations(_world(site, residents, history, waiting, shown))]
    waits = [one.replied - struck for one in history.operations() if one.replied and one.began < struck < one.replied]
    repeats = sum(max(0, len(one.device) - len(one.log)) for one in shown)
    return Outcome(fault.name, found, history, time.monotonic() - began, waits, repeats)


@contextmanager
def _talking(
    site: Site, residents: list[Person], scripts: Sequence[Script], troubles: list[str]
) -> Iterator[list[threading.Thread]]:
    """The residents talk; the block ends when all have come to their end."""

    def talk(person: Person, script: Script) -> None:
        try:
            script(person)
        except Exception as error:  # whatever it is, the round has failed
            troubles.append(f"{type(error).__name__}: {error}")

    parts = [scripts[number // 2 % len(scripts)] for number in range(len(residents))]
    threads = [threading.Thread(target=talk, args=pair) for pair in zip(residents, parts, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            while thread.is_alive():
                thread.join(1.0)
                _deliver(site)


def _strike(site: Site, fault: Fault) -> Iterator[str]:
    """The fault, and what is wrong with it: one that never struck has proven nothing."""
    try:
        if not fault.strike(site):
            yield "the fault never struck"
    except Exception as error:  # the residents come to their end all the same
        yield f"the fault broke: {type(error).__name__}: {error}"


def _resident(site: Site, history: History, number: int, patience: float, kind: type[Person]) -> Person:
    dice = random.Random(site.dice.random())
    given = (f"resident {number}", site.stack, history, dice, patience)
    twice = number % 3 == 0
    if kind is Writer:
        person = Writer(*given, server=site.telegram, twice=twice)
        site.people[person.pseudonym] = person.chatter.chat
        return person
    return Visitor(*given, url=site.url, line=site.line, twice=twice)


def _pids(site: Site) -> dict[str, int]:
    return {name: site.stack.supervisor.pid_of(name) for name in site.processes}


def _deliver(site: Site) -> None:
    """Telegram tries its webhook again."""
    if site.webhook:
        site.telegram.deliver()


def _settled(site: Site, residents: list[Person], patience: float) -> int:
    """Waits until nothing waits any more; how many messages still do."""
    deadline, ours = time.monotonic() + patience, [person.pseudonym for person in residents]
    waiting = (tables.inbox.c.person.in_(ours), tables.inbox.c.state == "waiting")
    behind = (
        tables.addresses.c.person.in_(ours),
        tables.people.c.id == tables.addresses.c.person,
        tables.people.c.last_number > tables.addresses.c.sent,
    )
    while time.monotonic() < deadline:
        _deliver(site)
        if not (site.stack.count(tables.inbox, *waiting) or site.stack.count(tables.addresses, *behind)):
            break
        time.sleep(0.1)
    return site.stack.count(tables.inbox, *waiting) + site.telegram.pending()


def _deleted(history: History, person: Person) -> bool:
    return any(one.question == DELETE and one.person == person.pseudonym for one in history.operations())


def _world(site: Site, residents: list[Person], history: History, waiting: int, shown: list[Shown]) -> World:
    """What concerns this round: its people, and anybody of whom nobody knows."""
    site.people.update({person.pseudonym: 0 for person in residents if isinstance(person, Visitor)})
    here = {person.pseudonym for person in residents}
    others = site.people.keys() - here
    answers = [one for one in _answers(site) if one.person not in others]
    exported = [one for one in _exported(site) if one.person not in others]
    return World(history.operations(), answers, exported, shown, waiting, _remains(site, history.operations()))


def _answers(site: Site) -> list[Stored]:
    answers, takers = tables.answers, tables.participations
    columns = takers.c.person, answers.c.question, answers.c.instance, answers.c.text, answers.c.revision
    joined = answers.join(takers, takers.c.id == answers.c.participation)
    with site.stack.database.read() as connection:
        return [Stored(*row) for row in connection.execute(sa.select(*columns).select_from(joined))]


def _exported(site: Site) -> list[Stored]:
    """The rows of the city's export, with the person behind each conversation."""
    city, round = packs.city("kaiserslautern"), packs.round("kaiserslautern", "needs")
    takers = tables.participations
    with site.stack.database.read() as connection:
        behind = {row.number: row.person for row in connection.execute(sa.select(takers.c.number, takers.c.person))}
        return [
            Stored(
                behind.get(int(str(row["conversation"])), "nobody"),
                str(row["question"]),
                int(str(row["instance"])),
                str(row["text"]) if row["text"] is not None else None,
                int(str(row["revision"])),
            )
            for row in (dict(zip(COLUMNS, values, strict=True)) for values in rows(connection, city, round))
        ]


def _shown(site: Site, person: Person, extra: int, lost: dict[int, int]) -> Shown:
    texts = [plain(text) for text in site.stack.replies_to(person.pseudonym)]
    if not isinstance(person, Writer):
        return Shown(person.pseudonym, texts, person.messages())
    chat = person.chatter.chat
    return Shown(person.pseudonym, texts, person.messages(), extra + site.telegram.lost[chat] - lost.get(chat, 0))


def _remains(site: Site, operations: list[Operation]) -> dict[str, str]:
    """What the tables still hold of what deleted persons said."""
    gone = {one.person for one in operations if one.question == DELETE and one.result is Result.OK}
    said = [(one.person, one.value) for one in operations if one.person in gone and " " in one.value]
    held = everything(site.stack.database) if said else ""
    return {person: text for person, text in said if text in held}


def keep(outcome: Outcome, folder: Path) -> Path:
    """Writes down the history of a round that failed, with what was found."""
    file = folder / f"{outcome.fault.replace(' ', '-')}-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
    outcome.history.keep(file)
    file.with_suffix(".txt").write_text("\n".join(outcome.violations) + "\n", "utf-8")
    return file
