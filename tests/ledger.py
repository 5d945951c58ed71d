"""What the persons of the machine have said, and what the database says of them."""

import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from dialogue.outcome import Line
from dialogue.progress import Given, State
from dialogue.rounds import Instance, Kind
from dialogue.summary import PLAYED_BACK
from store import outbox, packs
from store.outbox import Delivery
from store.tables import answers, consents, inbox, metadata, participations, receipts, revisions
from tests.talk import SECRET, City

CITY, ROUND = packs.city("kaiserslautern"), packs.round("kaiserslautern", "needs")
KEY = SECRET.encode()
FOLDER = tempfile.TemporaryDirectory(prefix="machine-")


@cache
def city() -> City:
    """One database for all persons: to make one takes longer than a whole talk."""
    return City(Path(FOLDER.name), f"sqlite:///{FOLDER.name}/test.db")


@dataclass
class Ledger:
    """What the person said and was told is stored: each answer with all its earlier wordings, the newest last."""

    given: dict[Instance, list[Given]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    """All that was written in own words, kept or not."""

    def give(self, asked: Instance, state: State, value: str | None = None) -> None:
        """An answer, or a new wording of it."""
        self.given.setdefault(asked, []).append(Given(state, value))

    def withdraw(self, asked: Instance) -> None:
        """What was taken for an answer was none."""
        self.given[asked].pop()
        if not self.given[asked]:
            del self.given[asked]

    def now(self, asked: Instance) -> Given | None:
        """The wording that counts."""
        return self.given[asked][-1] if asked in self.given else None

    @property
    def content(self) -> dict[Instance, str]:
        """The answers that are handed on."""
        latest = {asked: wordings[-1] for asked, wordings in self.given.items()}
        return {
            asked: given.value
            for asked, given in latest.items()
            if given.state is State.ANSWERED and given.value and ROUND.question(asked.question).kind in PLAYED_BACK
        }


def stored(participation: int | None) -> dict[Instance, list[Given]]:
    """Every answer with its earlier wordings, the newest last; they are numbered from 1 without a gap."""
    columns = answers.c.question, answers.c.instance
    mine = answers.c.participation == participation
    latest = sa.select(*columns, answers.c.state, answers.c.text, answers.c.revision).where(mine)
    earlier = sa.select(*columns, revisions.c.state, revisions.c.text, revisions.c.revision)
    earlier = earlier.join(answers, answers.c.id == revisions.c.answer).where(mine)
    found: dict[Instance, list[Given]] = {}
    with city().database.read() as connection:
        rows = [*connection.execute(earlier.order_by(revisions.c.revision)), *connection.execute(latest)]
    for question, instance, state, text, revision in rows:
        wordings = found.setdefault(Instance(question, instance), [])
        wordings.append(Given(State(state), text))
        assert revision == len(wordings)
    return found


def played_back(line: Line) -> tuple[str, int, str]:
    """The answer that a line of the summary is about: question, instance, value."""
    id = line.name.removesuffix(".name")
    value = line.value or ",".join(line.languages) or line.keys[0].removeprefix(f"{id}.")
    if ROUND.question(id).kind is Kind.DISTRICT:
        value = next((district.id for district in CITY.districts if district.name == value), value)
    return id, (line.number or 1) - 1, value


def outbox_of(person: str) -> list[Delivery]:
    """The log of a conversation."""
    with city().database.read() as connection:
        return outbox.after(connection, person, 0, 10_000)


def rows_left(person: str, participation: int | None) -> int:
    """How many rows still hang on the person, or on what was their participation."""
    given = sa.select(answers.c.id).where(answers.c.participation == participation)
    queries = [
        sa.select(answers.c.id).where(answers.c.participation == participation),
        sa.select(revisions.c.answer).where(revisions.c.answer.in_(given)),
        sa.select(consents.c.version).where(consents.c.participation == participation),
        sa.select(participations.c.id).where(
            (participations.c.id == participation) | (participations.c.person == person)
        ),
        sa.select(inbox.c.key).where(inbox.c.person == person),
        sa.select(receipts.c.key).where(receipts.c.person == person),
    ]
    with city().database.read() as connection:
        return sum(len(connection.execute(query).all()) for query in queries)


def dump() -> str:
    """Every row of every table."""
    with city().database.read() as connection:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(sa.select(table)))
