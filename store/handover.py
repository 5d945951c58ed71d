"""A participation changes hands: out of reach when somebody else answers on this phone, taken up again by its code."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from dialogue.scene import Claim
from store import keys, people
from store.tables import guesses, outbox, participations, receipts
from store.tables import people as persons

MOST_GUESSES, MOST_GUESSES_OF_ALL = 5, 500
"""Wrong codes in an hour, of one person and of all together. A code has 66 bits: nobody guesses one anyway."""
HOUR = timedelta(hours=1)


def claim(
    connection: sa.Connection, secret: bytes, person: str, code: str, round: str, now: datetime
) -> tuple[Claim, int | None]:
    """What a typed code leads to, and the participation behind it; a wrong one is counted."""
    recent = sa.select(sa.func.count()).where(guesses.c.at > now - HOUR)
    mine = connection.execute(recent.where(guesses.c.person == person)).scalar_one()
    if mine >= MOST_GUESSES or connection.execute(recent).scalar_one() >= MOST_GUESSES_OF_ALL:
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


def take_up(connection: sa.Connection, person: str, participation: int, now: datetime) -> None:
    """The participation goes on with this person, in its language; where it was before, nothing of the talk stays."""
    row = connection.execute(sa.select(participations).where(participations.c.id == participation)).one()
    connection.execute(participations.update().where(participations.c.id == participation).values(person=person))
    people.change(connection, person, participation=participation, adult=True, chosen=True, language=row.language)
    people.change(connection, row.person, fence=persons.c.fence + 1)
    _leave(connection, row.person, now)


def detach(connection: sa.Connection, person: str, now: datetime) -> None:
    """The person's participation goes to a place of its own, where only its code leads; nothing of the talk stays."""
    row = connection.execute(sa.select(persons).where(persons.c.id == person)).one()
    if row.participation is not None:
        place = keys.mark()
        same = {name: row._mapping[name] for name in ("channel", "language", "participation")}
        connection.execute(persons.insert().values(id=place, chosen=True, adult=True, created_at=now, **same))
        mine = participations.c.id == row.participation
        connection.execute(participations.update().where(mine).values(person=place))
    _leave(connection, person, now)


def _leave(connection: sa.Connection, person: str, now: datetime) -> None:
    people.change(connection, person, **people.BARE, erased_at=now)
    connection.execute(outbox.delete().where(outbox.c.person == person))
    # The replies held what was played back; without them a receipt still says that its message has done its work.
    connection.execute(receipts.update().where(receipts.c.person == person).values(reply=sa.null()))
    people.dialogue_state_erase(connection, person)
