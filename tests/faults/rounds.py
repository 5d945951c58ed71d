"""A round: residents talk, a fault strikes, all come to their end, and everything is compared."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from dialogue.rounds import City, Round
from staff.export import rows
from store import keys, packs, tables
from tests.databases import everything
from tests.faults.checker import DELETE, Shown, Stored, World, violations
from tests.faults.history import History
from tests.faults.injector import Fault
from tests.faults.residents import SCRIPTS, Person, Script, Visitor, Writer
from tests.faults.site import Site
from tests.tester import plain

PATIENCE = 90.0
"""Seconds until somebody gives up: far more than any fault lasts."""


@dataclass(frozen=True)
class Outcome:
    """What a round has shown."""

    fault: str
    violations: list[str]
    operations: int
    seconds: float
    history: History


def play(
    site: Site, fault: Fault, people: int = 6, scripts: Sequence[Script] = SCRIPTS, patience: float = PATIENCE
) -> Outcome:
    """Holds a round with so many residents, half of them on Telegram."""
    history, began, troubles = History(), time.monotonic(), list[str]()
    residents = [_resident(site, history, number, patience) for number in range(people)]

    def talk(person: Person, script: Script) -> None:
        try:
            script(person)
        except Exception as error:
            troubles.append(f"{type(error).__name__}: {error}")

    parts = [scripts[number // 2 % len(scripts)] for number in range(people)]
    threads = [threading.Thread(target=talk, args=pair) for pair in zip(residents, parts, strict=True)]
    for thread in threads:
        thread.start()
    when = site.dice.randint(people, 4 * people)
    while len(history.operations()) < when and any(thread.is_alive() for thread in threads):
        time.sleep(0.02)
    fault.strike(site)
    for thread in threads:
        thread.join()
    site.stack.settle()
    waiting = _settled(site, residents, patience)
    found = [*troubles, *violations(_world(site, residents, history, waiting, fault.extra))]
    return Outcome(fault.name, found, len(history.operations()), time.monotonic() - began, history)


def _resident(site: Site, history: History, number: int, patience: float) -> Person:
    dice = random.Random(site.dice.random())
    given = (f"resident {number}", site.stack, history, dice, patience)
    twice = number % 3 == 0
    if number % 2:
        return Writer(*given, server=site.telegram, twice=twice)
    return Visitor(*given, url=site.url, cuts=lambda: site.breaking, twice=twice)


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
        if site.webhook:
            site.telegram.deliver()
        if not (site.stack.count(tables.inbox, *waiting) or site.stack.count(tables.addresses, *behind)):
            break
        time.sleep(0.1)
    return site.stack.count(tables.inbox, *waiting) + site.telegram.pending()


def _world(site: Site, residents: list[Person], history: History, waiting: int, extra: int) -> World:
    people = {person.pseudonym for person in residents}
    operations = history.operations()
    gone = {one.person for one in operations if one.question == DELETE}
    return World(
        operations,
        _answers(site, people),
        _exported(site, people),
        [_shown(site, person, extra) for person in residents if person.pseudonym not in gone],
        waiting,
        _remains(site, [(one.person, one.value) for one in operations if one.person in gone and " " in one.value]),
    )


def _answers(site: Site, people: set[str]) -> list[Stored]:
    answers, takers = tables.answers, tables.participations
    columns = takers.c.person, answers.c.question, answers.c.instance, answers.c.text
    joined = answers.join(takers, takers.c.id == answers.c.participation)
    mine = sa.select(*columns).select_from(joined).where(takers.c.person.in_(people))
    with site.stack.database.read() as connection:
        return [Stored(*row) for row in connection.execute(mine)]


def _exported(site: Site, people: set[str]) -> list[Stored]:
    """What the city's export says, of these people's conversations."""
    city, round = _pack()
    takers = tables.participations
    with site.stack.database.read() as connection:
        numbers = set(connection.execute(sa.select(takers.c.number).where(takers.c.person.in_(people))).scalars())
        return [
            Stored("", str(row["question"]), int(row["instance"] or 0), str(row["text"]) if row["text"] else None)
            for row in rows(connection, city, round)
            if int(str(row["conversation"])) in numbers
        ]


def _shown(site: Site, person: Person, extra: int) -> Shown:
    log = tables.outbox
    mine = sa.select(log.c.text).where(log.c.person == person.pseudonym).order_by(log.c.number)
    with site.stack.database.read() as connection:
        texts = [plain(keys.reveal(site.stack.secret, text)) for text in connection.execute(mine).scalars()]
    return Shown(person.pseudonym, texts, person.messages(), extra if isinstance(person, Writer) else 0)


def _remains(site: Site, said: list[tuple[str, str]]) -> dict[str, str]:
    """What the tables still hold of what deleted persons said."""
    held = everything(site.stack.database) if said else ""
    return {person: text for person, text in said if text in held}


def _pack() -> tuple[City, Round]:
    return packs.city("kaiserslautern"), packs.round("kaiserslautern", "needs")


def keep(outcome: Outcome, folder: Path) -> Path:
    """Writes down the history of a round that failed, with what was found."""
    file = folder / f"{outcome.fault.replace(' ', '-')}-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
    outcome.history.keep(file)
    file.with_suffix(".txt").write_text("\n".join(outcome.violations) + "\n", "utf-8")
    return file
