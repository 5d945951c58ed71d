"""The inbox: a message is here, committed, before its channel hears «received»; its text goes when it is handled."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from dialogue.errors import Busy, Refused
from dialogue.rounds import Instance
from store import keys
from store.clock import bounds, passed, passes
from store.database import insert_once
from store.outbox import Delivery, delivery
from store.receipts import Receipt
from store.tables import inbox, outbox, participations, people
from store.tables import receipts as receipt_rows

OURS = ""
"""The body of a message that nobody sent."""
MOST_WAITING = 50
"""Messages of one person that may wait at once; a channel keeps further ones and tries again."""


@dataclass(frozen=True)
class Incoming:
    """A message as a channel hands it over: a cleaned text, or what a button stands for."""

    key: str
    person: str
    body: str
    """Keyed digest of what was sent, to tell another body under the same key."""
    text: str | None = None
    act: str | None = None
    value: str | None = None
    asked: Instance | None = None


@dataclass(frozen=True)
class Message:
    """A message in the inbox."""

    key: str
    person: str
    text: str | None
    act: str | None
    value: str | None
    asked: Instance | None
    append: bool
    bound: bool
    tries: int
    received_at: datetime
    ours: bool
    """Nobody sent it: a restore asks by it."""


class Accepted(StrEnum):
    """What became of a message that a channel brought."""

    STORED = "stored"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Known:
    """What is known of a message that a channel brings."""

    before: bool
    """It came before."""
    pressed: Delivery | None
    """The message whose button it presses."""


def known(connection: sa.Connection, key: str, body: str, person: str, number: int = 0) -> Known:
    """Whether the message came before; `number` is that of the message whose button it presses.

    Raises Refused (session_unknown; key_reused: another body has this key), Busy (too_many_waiting: it is new).
    """
    found = connection.execute(_KNOWN, {"of_key": key, "of_person": person, "of_number": number}).first()
    if found is None:
        raise Refused("session_unknown")
    if found.body is not None and found.body != body:
        raise Refused("key_reused")
    if found.body is None and not found.done and found.waiting >= MOST_WAITING:
        raise Busy("too_many_waiting")
    return Known(found.body is not None or bool(found.done), delivery(found) if found.number else None)


_KNOWN = (
    sa.select(
        outbox,
        sa.select(inbox.c.body).where(inbox.c.key == sa.bindparam("of_key")).scalar_subquery().label("body"),
        sa.exists().where(receipt_rows.c.key == sa.bindparam("of_key")).label("done"),
        sa.select(sa.func.count())
        .where(inbox.c.person == sa.bindparam("of_person"), inbox.c.state == "waiting")
        .scalar_subquery()
        .label("waiting"),
    )
    .outerjoin_from(
        people, outbox, sa.and_(outbox.c.person == people.c.id, outbox.c.number == sa.bindparam("of_number"))
    )
    .where(people.c.id == sa.bindparam("of_person"))
)


def accept(connection: sa.Connection, incoming: Incoming, now: datetime) -> Accepted:
    """Stores a message that is not known yet, once. Raises Refused (key_reused)."""
    stored = insert_once(
        connection,
        inbox,
        key=incoming.key,
        person=incoming.person,
        body=incoming.body,
        text=incoming.text,
        act=incoming.act,
        value=incoming.value,
        question=incoming.asked.question if incoming.asked else None,
        instance=incoming.asked.instance if incoming.asked else None,
        # A button knows its question, and so does a text written anew; others are bound when they are first taken.
        bound=incoming.text is None or incoming.asked is not None,
        received_at=now,
    )
    if not stored:
        known(connection, incoming.key, incoming.body, incoming.person)
        return Accepted.DUPLICATE
    return Accepted.STORED


def due(connection: sa.Connection, now: datetime, most: int) -> list[str]:
    """Persons whose oldest waiting message may be taken now, the longest waiting first."""
    oldest = (
        sa.select(inbox.c.person, sa.func.min(inbox.c.seq).label("seq"))
        .where(inbox.c.state == "waiting")
        .group_by(inbox.c.person)
        .subquery()
    )
    rows = connection.execute(
        sa.select(inbox.c.person)
        .join(oldest, oldest.c.seq == inbox.c.seq)
        .join(people, people.c.id == inbox.c.person)
        .where(passed(inbox.c.retry_at, now), passed(people.c.lease_until, now))
        .order_by(inbox.c.seq)
        .limit(most)
    )
    return [row.person for row in rows]


def waiting(connection: sa.Connection) -> tuple[int, datetime | None]:
    """How many messages wait for their turn, and since when the oldest one has."""
    found = sa.select(sa.func.count(), sa.func.min(inbox.c.received_at)).where(inbox.c.state == "waiting")
    count, since = connection.execute(found).one()
    return count, since


def oldest(connection: sa.Connection, person: str, now: datetime) -> tuple[Message, Receipt | None] | None:
    """The person's oldest waiting message, with the receipt that an earlier try left when it died before the reply.

    None if there is none or it must not be tried again yet.
    """
    row = connection.execute(_OLDEST, {"of_person": person, **bounds(now)}).first()
    if row is None or not row.ripe:
        return None
    return _message(row), Receipt(row.key, row.effect, row.reply) if row.effect else None


_OLDEST = (
    sa.select(inbox, passes(inbox.c.retry_at).label("ripe"), receipt_rows.c.effect, receipt_rows.c.reply)
    .outerjoin_from(inbox, receipt_rows, receipt_rows.c.key == inbox.c.key)
    .where(inbox.c.person == sa.bindparam("of_person"), inbox.c.state == "waiting")
    .order_by(inbox.c.seq)
    .limit(sa.literal_column("1"))
)


def waits(connection: sa.Connection, key: str) -> bool:
    """Whether the message has no reply yet."""
    found = sa.select(inbox.c.key).where(inbox.c.key == key, inbox.c.state == "waiting")
    return connection.execute(found).first() is not None


def find(connection: sa.Connection, key: str) -> Message | None:
    """The message with this key."""
    row = connection.execute(_FIND, {"of_key": key}).first()
    return _message(row) if row else None


_FIND = sa.select(inbox).where(inbox.c.key == sa.bindparam("of_key"))


def hold(connection: sa.Connection, key: str) -> tuple[Message, int] | None:
    """The message with this key, and its person's fence, with that row held until the transaction ends.

    What was done to the message while we waited for the row is not told here: a receipt, a tombstone or a new fence
    tells. Whoever takes a message away that may still be at work leaves one of them.
    """
    row = connection.execute(_HOLD, {"of_key": key}).first()
    return (_message(row), row.fence) if row else None


_HOLD = (
    sa.select(inbox, people.c.fence)
    .join_from(inbox, people, people.c.id == inbox.c.person)
    .where(inbox.c.key == sa.bindparam("of_key"))
    .with_for_update(of=people)
)


def bind(connection: sa.Connection, key: str, asked: Instance | None, append: bool) -> None:
    """Ties the message to the question that is open now; a later try answers the same one."""
    question, instance = (asked.question, asked.instance) if asked else (None, None)
    connection.execute(_BIND, {"of_key": key, "question": question, "instance": instance, "append": append})


_BIND = inbox.update().where(inbox.c.key == sa.bindparam("of_key")).values(bound=True)


def handled(connection: sa.Connection, key: str, state: str = "handled", held: bool = False) -> None:
    """The message has its receipt and reply: its text goes, its key stays against a second delivery.

    `held`: the text waits until the person has said whether it may be kept.
    """
    text = {} if held else {"text": None}
    connection.execute(_CHANGE, {"of_key": key, "state": state, "value": None, **text})


_CHANGE = inbox.update().where(inbox.c.key == sa.bindparam("of_key"))


def rewrite(connection: sa.Connection, person: str, key: str, text: str) -> bool:
    """Puts another text in the place of one that nobody has read yet; whether there was one."""
    unread = (inbox.c.key == key, inbox.c.person == person, inbox.c.state == "waiting", inbox.c.bound.is_(False))
    return connection.execute(inbox.update().where(*unread).values(text=text)).rowcount > 0


def hold_more(connection: sa.Connection, key: str, text: str) -> None:
    """Puts a further text to the message that is held back."""
    held = sa.and_(inbox.c.key == key, inbox.c.text.is_not(None))
    connection.execute(inbox.update().where(held).values(text=inbox.c.text + "\n" + text))


def let_go(connection: sa.Connection, person: str) -> None:
    """What was held back goes."""
    mine = sa.and_(inbox.c.person == person, inbox.c.state == "handled")
    connection.execute(inbox.update().where(mine, inbox.c.text.is_not(None)).values(text=None))


def unbind(connection: sa.Connection, person: str) -> None:
    """What was said answers nothing here any more: whoever comes next must not revise it by an edit."""
    mine = sa.and_(inbox.c.person == person, inbox.c.state != "waiting")
    connection.execute(inbox.update().where(mine).values(question=None, instance=None))


def last(connection: sa.Connection, person: str) -> int:
    """The number of the person's newest message, 0 if there is none."""
    # With the states, so that the index serves.
    mine = sa.and_(inbox.c.person == person, inbox.c.state.in_(("waiting", "handled", "parked")))
    return connection.execute(sa.select(sa.func.max(inbox.c.seq)).where(mine)).scalar() or 0


def has_further(connection: sa.Connection, person: str, asked: Instance) -> bool:
    """Whether the answer was told in several bubbles."""
    further = sa.select(inbox.c.seq).where(
        inbox.c.person == person,
        inbox.c.append.is_(True),
        inbox.c.question == asked.question,
        inbox.c.instance == asked.instance,
    )
    return connection.execute(further).first() is not None


def again_later(connection: sa.Connection, key: str, retry_at: datetime, tried: bool) -> int:
    """The turn failed: the message waits until then. The number of tries so far, this one included if it was one."""
    tries: int = connection.execute(
        inbox.update()
        .where(inbox.c.key == key)
        .values(tries=inbox.c.tries + int(tried), retry_at=retry_at)
        .returning(inbox.c.tries)
    ).scalar_one()
    return tries


def ask_again(connection: sa.Connection, now: datetime) -> None:
    """After a restore, whoever is in the middle of a talk is asked the open question again, as by «repeat».

    They may have read a later one, and their next words would be taken for an answer to this one. Whose message still
    waits gets its reply, and with it the question.
    """
    waits = sa.exists().where(inbox.c.person == people.c.id, inbox.c.state == "waiting")
    underway = sa.and_(people.c.stopped.is_(False), participations.c.status.in_(("consented", "partial")))
    joined = people.join(participations, participations.c.id == people.c.participation)
    found = connection.execute(sa.select(people.c.id).select_from(joined).where(underway, ~waits)).scalars().all()
    for person in found:
        asked = {"key": keys.mark(), "person": person, "body": OURS, "act": "repeat", "bound": True}
        connection.execute(inbox.insert().values(**asked, received_at=now))


def _message(row: sa.Row[tuple[object, ...]]) -> Message:
    asked = Instance(row.question, row.instance) if row.question else None
    return Message(
        *(row.key, row.person, row.text, row.act, row.value, asked),
        *(row.append, row.bound, row.tries, row.received_at, row.body == OURS),
    )
