"""Takes a conversation's oldest message for a turn: lease, binding, and what Rasa has to know."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.wiring import Wiring
from dialogue.binding import Binding, bind
from dialogue.reading import read
from dialogue.rounds import Kind
from store import clock, inbox, keys, people, receipts
from store.inbox import Message
from store.people import Person
from store.receipts import Receipt


@dataclass(frozen=True)
class Taken:
    """A message in our hands, with the fencing number of the lease."""

    message: Message
    fence: int
    language: str
    metadata: dict[str, Any]
    receipt: Receipt | None
    """There already where an earlier try did the work and died before the reply."""


def take(wiring: Wiring, person: str, owner: str, lease: float) -> Taken | None:
    """The oldest message that may be taken now, leased and bound; None if there is none or somebody else works."""
    with wiring.database.write() as connection:
        now = clock.now()  # behind the wait for the lock, or the lease might be born expired
        message = inbox.oldest(connection, person, now)
        if message is None:
            return None
        fence = people.lease(connection, person, owner, now, lease)
        if fence is None:
            return None
        receipt = receipts.find(connection, message.key)
        here = load(connection, wiring, person)
        binding = _bind(connection, wiring, here, message)
        metadata = _metadata(wiring, here, message, binding, fence)
        return Taken(message, fence, here.language, metadata, receipt)


def load(connection: sa.Connection, wiring: Wiring, person: str) -> Person:
    """The person with the progress in our round."""
    version = wiring.round.consent.version or ""
    bar = keys.bar(wiring.config.secret, person)
    return people.load(connection, person, wiring.round.id, version, bar, clock.now())


def _bind(connection: sa.Connection, wiring: Wiring, here: Person, message: Message) -> Binding:
    if message.bound:
        return Binding(message.asked, message.append)
    text, grace = message.text or "", timedelta(seconds=wiring.config.grace)
    binding = bind(wiring.round, here.progress, wiring.lexicon, text, message.received_at, here.asked_at, grace)
    inbox.bind(connection, message.key, binding.asked, binding.append)
    return binding


def _metadata(wiring: Wiring, here: Person, message: Message, binding: Binding, fence: int) -> dict[str, Any]:
    asked = binding.asked
    question = wiring.round.question(asked.question) if asked and message.text is not None else None
    kind = question.kind if question else None
    free = question is not None and (question.kind is Kind.TEXT or question.again)
    return {
        "key": message.key,
        "conversation": here.id,
        "channel": here.channel,
        "language": here.language,
        "question": asked.question if asked else None,
        "instance": asked.instance if asked else None,
        "expects": {"kind": kind, "free": free, "reads": _reads(wiring, binding, kind, message.text)},
        "fence": fence,
    }


def _reads(wiring: Wiring, binding: Binding, kind: Kind | None, text: str | None) -> bool:
    """Whether the text is an answer to a question with options. A free text is one by itself, unless a command."""
    if binding.asked is None or text is None or kind in (None, Kind.TEXT):
        return False
    return read(wiring.round.question(binding.asked.question), text, wiring.lexicon) is not None
