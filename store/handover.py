"""A participation changes hands: out of reach when somebody else answers on this phone, taken up again by its code."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from dialogue.progress import State
from dialogue.scene import Claim
from store import inbox, keys, people
from store.tables import answers, consents, guesses, outbox, participations, receipts, revisions
from store.tables import people as persons

MOST_GUESSES = 5
"""Wrong codes of one person in an hour; a limit for all together would let anybody lock out everybody."""
HOUR = timedelta(hours=1)


def claim(
    connection: sa.Connection, secret: bytes, person: str, code: str, round: str, now: datetime
) -> tuple[Claim, int | None]:
    """What a typed code leads to, and the participation behind it; a wrong one is counted."""
    recent = sa.select(sa.func.count()).where(guesses.c.person == person, guesses.c.at > now - HOUR)
    if connection.execute(recent).scalar_one() >= MOST_GUESSES:
        return Claim.LIMITED, None
    found = connection.execute(
        sa.select(participations.c.id, participations.c.person).where(
            participations.c.code == keys.code_hash(secret, code), participations.c.round == round
        )
    ).first()
    if found is None:
        connection.execute(guesses.insert().values(person=person, at=now))
        return Claim.UNKNOWN, None
    return (Claim.OWN, None) if found.person == person else (Claim.FOUND, found.id)


def holder(connection: sa.Connection, participation: int | None) -> str | None:
    """Where the participation is now."""
    found = sa.select(participations.c.person).where(participations.c.id == participation)
    return connection.execute(found).scalar()


def take_up(connection: sa.Connection, person: str, participation: int, now: datetime) -> None:
    """The participation goes on with this person, in its language; where it was before, nothing of the talk stays."""
    row = connection.execute(sa.select(participations).where(participations.c.id == participation)).one()
    _drop_empty(connection, person, row.round)
    connection.execute(participations.update().where(participations.c.id == participation).values(person=person))
    inbox.let_go(connection, person)
    here = {"participation": participation, "adult": True, "chosen": True, "language": row.language}
    people.change(connection, person, **{**people.BARE, **here})
    connection.execute(persons.update().where(persons.c.id == row.person).values(fence=persons.c.fence + 1))
    _leave(connection, row.person, now)


def detach(connection: sa.Connection, person: str, now: datetime) -> None:
    """The person's participation goes to a place of its own, where only its code leads; nothing of the talk stays."""
    row = connection.execute(sa.select(persons).where(persons.c.id == person)).one()
    if row.participation is not None:
        place = keys.mark()
        same = {name: row._mapping[name] for name in ("channel", "language", "participation")}
        connection.execute(persons.insert().values(id=place, chosen=True, adult=True, created_at=now, **same))
        mine = participations.c.person == person
        connection.execute(participations.update().where(mine).values(person=place))
    _leave(connection, person, now)


def _leave(connection: sa.Connection, person: str, now: datetime) -> None:
    inbox.let_go(connection, person)
    inbox.unbind(connection, person)
    people.change(connection, person, **people.BARE, erased_at=now)
    connection.execute(outbox.delete().where(outbox.c.person == person))
    # The replies held what was played back; without them a receipt still says that its message has done its work.
    connection.execute(receipts.update().where(receipts.c.person == person).values(reply=sa.null()))
    people.dialogue_state_erase(connection, person)


def _drop_empty(connection: sa.Connection, person: str, round: str) -> None:
    """Whoever agreed here before taking an earlier talk up doesn't take part twice."""
    mine = sa.and_(participations.c.person == person, participations.c.round == round)
    said = sa.exists().where(answers.c.participation == participations.c.id, answers.c.state == State.ANSWERED)
    empty = connection.execute(sa.select(participations.c.id).where(mine, ~said)).scalars().all()
    passed_over = sa.select(answers.c.id).where(answers.c.participation.in_(empty))
    connection.execute(revisions.delete().where(revisions.c.answer.in_(passed_over)))
    connection.execute(answers.delete().where(answers.c.participation.in_(empty)))
    connection.execute(consents.delete().where(consents.c.participation.in_(empty)))
    connection.execute(participations.delete().where(participations.c.id.in_(empty)))
