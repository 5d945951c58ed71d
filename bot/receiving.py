"""A message from any channel into the inbox: cleaned, keyed, its button resolved, committed before acknowledged."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.wiring import Wiring
from dialogue.errors import Invalid, Refused
from dialogue.texts import clean
from store import clock, faults, inbox, keys, outbox, people
from store.inbox import Accepted, Incoming


@dataclass(frozen=True)
class Received:
    """What a channel got from a person: exactly one of text, button, language or start."""

    channel: str
    person: str
    natural: str
    """The channel's own name of the message."""
    text: str | None = None
    button: str | None = None
    language: str | None = None
    start: bool = False


def receive(wiring: Wiring, received: Received) -> Accepted:
    """Commits the message to the inbox. Raises Invalid, Refused (session_unknown, key_reused), Busy."""
    secret = wiring.config.secret
    key = keys.message_key(secret, received.channel, received.natural)
    body = keys.digest(secret, f"{received.text}\x1f{received.button}\x1f{received.language}\x1f{received.start}")
    with wiring.database.write() as connection:
        if not people.exists(connection, received.person):
            raise Refused("session_unknown")
        if inbox.known(connection, key, body):
            return Accepted.DUPLICATE
        incoming = _incoming(connection, wiring, received, key, body)
        accepted = inbox.accept(connection, incoming, clock.now())
        faults.reach("0")
    faults.reach("1")
    return accepted


def _incoming(connection: sa.Connection, wiring: Wiring, received: Received, key: str, body: str) -> Incoming:
    person = received.person
    if received.start:
        return Incoming(key, person, body, act="greet")
    if received.language is not None:
        if received.language not in wiring.city.languages:
            raise Invalid("message_invalid")
        return Incoming(key, person, body, act="change_language", value=received.language)
    if received.button is not None:
        return _pressed(connection, wiring, received, key, body)
    return Incoming(key, person, body, text=clean(received.text or ""))


def _pressed(connection: sa.Connection, wiring: Wiring, received: Received, key: str, body: str) -> Incoming:
    """The button by its id: only one that we issued to this very person."""
    number, _, rest = (received.button or "").partition(".")
    index, _, _mark = rest.partition(".")
    if not (number.isdecimal() and index.isdecimal() and len(number) < 10 and len(index) < 4):
        raise Invalid("button_old")
    expected = keys.button(wiring.config.secret, received.person, int(number), int(index))
    delivery = outbox.find(connection, received.person, int(number))
    if not keys.same(received.button or "", expected) or delivery is None or int(index) >= len(delivery.buttons):
        raise Invalid("button_old")
    button = delivery.buttons[int(index)]
    return Incoming(key, received.person, body, act=button["act"], value=button["value"], asked=delivery.asked)
