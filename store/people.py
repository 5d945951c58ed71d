"""People: one row a conversation, with its lease and how far the person has come."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from dialogue.errors import Refused
from dialogue.progress import Answers, Given, Progress, State, Unread, doubted, needed_since
from dialogue.rounds import Instance, Round
from store import keys, tables
from store.clock import bounds, passes
from store.database import insert_once
from store.tables import addresses, answers, bars, consents, outbox, participations, people, revisions

T = TypeVar("T")


@dataclass(frozen=True)
class Lease:
    """A conversation in our hands for one turn."""

    fence: int
    channel: str
    language: str
    """Chosen or supposed."""


@dataclass(frozen=True)
class Person:
    """A conversation as the store knows it."""

    id: str
    channel: str
    language: str
    """The chosen language, or before that the one we suppose."""
    participation: int | None
    asked_at: datetime | None
    """When the open question could first be read: put into the log, or where it is brought, when it was there."""
    fence: int
    progress: Progress
    noted: tuple[str, str, int | None] | None
    """Status and language that stand at the participation, and how often its repeated groups are over, by the questions
    of today."""


BARE = {
    **dict.fromkeys(("participation", "aside", "about", "revisit_question", "revisit_instance", "asked_at")),
    **dict.fromkeys(("chosen", "adult", "stopped", "told"), False),
    "misses": 0,
}
"""What a row says of somebody who has said nothing yet."""


def greet(connection: sa.Connection, id: str, channel: str, language: str, now: datetime) -> None:
    """Makes the row of a person who writes for the first time; nothing if it is there."""
    insert_once(connection, people, id=id, channel=channel, language=language, created_at=now)


def exists(connection: sa.Connection, id: str) -> bool:
    """Whether the conversation is known."""
    return connection.execute(sa.select(people.c.id).where(people.c.id == id)).first() is not None


def language(connection: sa.Connection, id: str) -> str:
    """The language of the talk, chosen or supposed."""
    found: str = connection.execute(sa.select(people.c.language).where(people.c.id == id)).scalar_one()
    return found


def load(
    connection: sa.Connection,
    id: str,
    round: Round,
    secret: bytes,
    now: datetime,
    touched: Collection[Instance] = (),
) -> Person:
    """The person with the progress in the round. Raises Refused (person_unknown).

    Of the answers only the latest, however long the talk is: from the last time on that a repeated group was over; and
    from these on, which have been touched since.
    """
    row = connection.execute(_HERE, _about(id, round, secret, now)).first()
    if row is None:
        raise Refused("person_unknown")
    asked_at = now if row.unasked else row.asked_at
    # Questions that have changed may be open again anywhere.
    behind = row.behind if row.form == round.form else None
    noted = (row.status, row.held_in, behind) if row.current is not None else None
    progress = _progress(connection, row, round, behind or 0, touched)
    return Person(row.id, row.channel, row.language, row.current, asked_at, row.fence, progress, noted)


def _progress(
    connection: sa.Connection, row: sa.Row[Any], round: Round, behind: int, touched: Collection[Instance]
) -> Progress:
    # The city may have taken the question out meanwhile.
    there = row.revisit_question and round.find(row.revisit_question)
    revisit = Instance(row.revisit_question, row.revisit_instance) if there else None
    return Progress(
        language=row.language if row.chosen else None,
        adult=row.adult,
        consent=row.consent,
        answers=_answers(connection, row.current, _since(round, behind, revisit, touched)),
        aside=row.aside,
        revisit=revisit,
        stopped=row.stopped,
        barred=row.barred,
        about=row.about,
        misses=row.misses,
        told=row.told,
        before=_before(connection, row.current, doubted(row.about)[1][0]) if row.aside == "meant" else None,
        code=keys.hide(row.mark) if row.mark else None,
    )


def reread(connection: sa.Connection, person: Person, round: Round, touched: Collection[Instance]) -> Person:
    """The same person with the answers as they stand now; nothing else may have changed since."""
    behind = (person.noted[2] if person.noted else None) or 0
    since = _since(round, behind, person.progress.revisit, touched)
    given = _answers(connection, person.participation, since)
    return replace(person, progress=replace(person.progress, answers=given))


def _since(round: Round, behind: int, revisit: Instance | None, touched: Collection[Instance]) -> int:
    return needed_since(round, behind, [*touched, *([revisit] if revisit else [])])


def work_out(connection: sa.Connection, person: Person, rule: Callable[[Progress], T]) -> T:
    """What a rule makes of the person's progress: by the answers that were read, or if these don't suffice, by all."""
    try:
        return rule(person.progress)
    except Unread:
        return rule(replace(person.progress, answers=_answers(connection, person.participation, 0)))


def change(connection: sa.Connection, id: str, **values: object) -> None:
    """Changes columns of the person's row."""
    connection.execute(_CHANGE, {"of_person": id, **values})


_CHANGE = people.update().where(people.c.id == sa.bindparam("of_person"))


def lease(connection: sa.Connection, id: str, owner: str, now: datetime, seconds: float) -> Lease | None:
    """Takes the conversation for one turn; None while somebody else holds it."""
    given = {"of_person": id, "by": owner, "until": now + timedelta(seconds=seconds), **bounds(now)}
    row = connection.execute(_LEASE, given).first()
    return Lease(row.fence, row.channel, row.language) if row else None


_LEASE = (
    people.update()
    .where(
        people.c.id == sa.bindparam("of_person"),
        sa.or_(passes(people.c.lease_until), people.c.lease_owner == sa.bindparam("by")),
    )
    .values(lease_owner=sa.bindparam("by"), lease_until=sa.bindparam("until"), fence=people.c.fence + 1)
    .returning(people.c.fence, people.c.channel, people.c.language)
)


def renew(connection: sa.Connection, id: str, fence: int, now: datetime, seconds: float) -> bool:
    """Holds the lease for longer; False if it has been lost."""
    until = now + timedelta(seconds=seconds)
    renewed = connection.execute(
        people.update()
        .where(people.c.id == id, people.c.fence == fence, people.c.lease_owner.is_not(None))
        .values(lease_until=until)
    )
    return renewed.rowcount > 0


def release(connection: sa.Connection, id: str, fence: int) -> None:
    """Gives the conversation free, if it is still ours."""
    connection.execute(
        people.update().where(people.c.id == id, people.c.fence == fence).values(lease_owner=None, lease_until=None)
    )


def dialogue_state_erase(connection: sa.Connection, id: str) -> None:
    """Makes Rasa forget the conversation."""
    states = tables.dialogue_states
    connection.execute(states.delete().where(states.c.person == id))


def marks(connection: sa.Connection, id: str) -> list[str]:
    """The random names of all participations of the person, of any round."""
    mine = sa.select(participations.c.mark).where(participations.c.person == id)
    return list(connection.execute(mine).scalars())


def _answers(connection: sa.Connection, participation: int | None, since: int) -> Answers:
    latest = {"of_participation": participation, "since": since}
    rows = connection.execute(_LATEST, latest) if since else connection.execute(_OWN, latest)
    given = {Instance(question, instance): Given(State(state), text) for question, instance, state, text in rows}
    return Answers(given, since)


_OWN = sa.select(answers.c.question, answers.c.instance, answers.c.state, answers.c.text).where(
    answers.c.participation == sa.bindparam("of_participation")
)
# Two ranges of the index; what is asked once is instance 0.
_LATEST = sa.union_all(_OWN.where(answers.c.instance >= sa.bindparam("since")), _OWN.where(answers.c.instance == 0))


def _before(connection: sa.Connection, participation: int | None, asked: Instance) -> Given | None:
    """The wording of an answer before the one that counts."""
    same = (
        answers.c.participation == participation,
        answers.c.question == asked.question,
        answers.c.instance == asked.instance,
        revisions.c.revision == answers.c.revision - 1,
    )
    joined = revisions.join(answers, answers.c.id == revisions.c.answer)
    row = connection.execute(sa.select(revisions.c.state, revisions.c.text).select_from(joined).where(*same)).first()
    return Given(State(row.state), row.text) if row else None


def _here() -> sa.Select[Any]:
    """All that a turn has to know of a person but the answers, in one statement; `_about` gives its values."""
    # A new round begins with a new consent: a participation of another one is none here.
    current = sa.and_(participations.c.id == people.c.participation, participations.c.round == sa.bindparam("in_round"))
    agreed = sa.select(consents.c.version).where(
        consents.c.participation == participations.c.id, consents.c.version == sa.bindparam("of_version")
    )
    barred = sa.exists().where(bars.c.bar == sa.bindparam("of_bar"), bars.c.until > sa.bindparam("at"))
    # A question that waits to be brought: nobody can have read it. What was brought is not looked at.
    brought = sa.select(addresses.c.sent).where(addresses.c.person == people.c.id).correlate(people).scalar_subquery()
    unasked = sa.exists().where(
        outbox.c.person == people.c.id, outbox.c.number > brought, outbox.c.question.is_not(None)
    )
    return (
        sa.select(
            people,
            participations.c.id.label("current"),
            participations.c.mark,
            participations.c.status,
            participations.c.language.label("held_in"),
            participations.c.behind,
            participations.c.form,
            agreed.scalar_subquery().label("consent"),
            barred.label("barred"),
            unasked.label("unasked"),
        )
        .outerjoin_from(people, participations, current)
        .where(people.c.id == sa.bindparam("of_person"))
        .with_for_update(of=people)
    )


_HERE = _here()


def _about(id: str, round: Round, secret: bytes, now: datetime) -> dict[str, object]:
    versions = {"in_round": round.id, "of_version": round.consent_version}
    return {"of_person": id, **versions, "of_bar": keys.bar(secret, id), "at": now}
