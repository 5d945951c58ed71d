"""A message from any channel into the inbox: cleaned, keyed, its button resolved, committed before acknowledged."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.wiring import Wiring
from dialogue.errors import Invalid
from dialogue.outcome import SAID
from dialogue.reading import read, tells_besides
from dialogue.rounds import Kind
from dialogue.texts import clean
from store import addresses, clock, faults, inbox, keys, receipts
from store.inbox import Accepted, Incoming
from store.outbox import Delivery

REWRITTEN = "rewritten"
"""The effect of an edit of a message that nobody had read yet."""


@dataclass(frozen=True)
class Received:
    """What a channel got from a person: exactly one of text, button, language, start or act."""

    channel: str
    person: str
    natural: str
    """The channel's own name of the message."""
    text: str | None = None
    button: str | None = None
    language: str | None = None
    start: bool = False
    act: str | None = None
    """A command of the channel's own menu."""
    edits: str | None = None
    """The channel's name of the message that this text replaces."""
    address: str | None = None
    """Where the channel has to bring the reply; None where the person fetches it."""


def receive(wiring: Wiring, received: Received) -> Accepted:
    """Commits the message to the inbox. Raises Invalid, Refused (session_unknown, key_reused), Busy."""
    secret = wiring.config.secret
    key = keys.message_key(secret, received.channel, received.natural)
    body = keys.digest(secret, f"{received.text}\x1f{received.button}\x1f{received.language}\x1f{received.start}")
    if received.act or received.edits:
        body = keys.digest(secret, f"{body}\x1f{received.act}\x1f{received.edits}")
    number, _ = keys.numbered(received.button or "")
    with wiring.database.write() as connection:
        known = inbox.known(connection, key, body, received.person, number)
        if known.before:
            return Accepted.DUPLICATE
        if received.address:
            addresses.note(connection, received.person, received.address, clock.now())
        if received.edits and _rewritten(connection, secret, received, key):
            return Accepted.STORED
        incoming = _incoming(connection, wiring, received, key, body, known.pressed)
        accepted = inbox.accept(connection, incoming, clock.now())
        faults.reach("0")
    faults.reach("1")
    return accepted


def _incoming(
    connection: sa.Connection, wiring: Wiring, received: Received, key: str, body: str, pressed: Delivery | None
) -> Incoming:
    person = received.person
    if received.act:
        return Incoming(key, person, body, act=received.act)
    if received.edits:
        return _edited(connection, wiring, received, key, body)
    if received.start:
        return Incoming(key, person, body, act="greet")
    if received.language is not None:
        if received.language not in wiring.city.languages:
            raise Invalid("message_invalid")
        return Incoming(key, person, body, act="change_language", value=received.language)
    if received.button is not None:
        return _pressed(wiring, received, key, body, pressed)
    return Incoming(key, person, body, text=clean(received.text or ""))


def _rewritten(connection: sa.Connection, secret: bytes, received: Received, key: str) -> bool:
    """Whether the message that was written anew still waited unread: then only its new wording counts."""
    first = keys.message_key(secret, received.channel, received.edits or "")
    if not inbox.rewrite(connection, received.person, first, clean(received.text or "")):
        return False
    return receipts.write(connection, key, received.person, REWRITTEN, None, clock.now())


def _edited(connection: sa.Connection, wiring: Wiring, received: Received, key: str, body: str) -> Incoming:
    """A message that was written anew: it revises what the first one answered. Raises Invalid (edit_unknown)."""
    secret = wiring.config.secret
    first = inbox.find(connection, keys.message_key(secret, received.channel, received.edits or ""))
    receipt = receipts.find(connection, first.key) if first else None
    # What changed nothing, a call for help for instance, was no answer, and becomes none.
    if first is None or first.asked is None or first.person != received.person or (receipt and receipt.effect == SAID):
        raise Invalid("edit_unknown")
    question, text = wiring.round.question(first.asked.question), clean(received.text or "")
    # Of several bubbles we don't know which part this one was, nor where we kept what was told ahead of its question.
    told_ahead = question.kind is not Kind.TEXT and (
        read(question, text, wiring.lexicon) is None or tells_besides(question, text, wiring.lexicon)
    )
    if told_ahead or inbox.has_further(connection, received.person, first.asked):
        raise Invalid("edit_unknown")
    return Incoming(key, received.person, body, text=text, act="answer", asked=first.asked)


def _pressed(wiring: Wiring, received: Received, key: str, body: str, pressed: Delivery | None) -> Incoming:
    """The button by its id: only one that we issued to this very person."""
    _, index = keys.numbered(received.button or "")
    if pressed is None or index >= len(pressed.buttons):
        raise Invalid("button_old")
    expected = keys.button(wiring.config.secret, received.person, pressed.number, pressed.key, index)
    if not keys.same(received.button or "", expected):
        raise Invalid("button_old")
    button = pressed.buttons[index]
    return Incoming(key, received.person, body, act=button["act"], value=button["value"], asked=pressed.asked)
