"""Takes a conversation's oldest message for a turn: lease, binding, and what Rasa has to know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.wiring import Wiring
from dialogue.binding import Binding, bind
from dialogue.reading import read
from dialogue.rounds import Kind
from store import clock, inbox, people
from store.inbox import Message
from store.people import Lease
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


def take(wiring: Wiring, person: str, owner: str, seconds: float) -> Taken | None:
    """The oldest message that may be taken now, leased and bound; None if there is none or somebody else works."""
    with wiring.database.write() as connection:
        now = clock.now()  # behind the wait for the lock, or the lease might be born expired
        leased = people.lease(connection, person, owner, now, seconds)
        if leased is None:
            return None
        found = inbox.oldest(connection, person, now)
        if found is None:
            people.release(connection, person, leased.fence)
            return None
        message, receipt = found
        metadata = _metadata(wiring, leased, message, _bind(connection, wiring, message, now))
        return Taken(message, leased.fence, leased.language, metadata, receipt)


def _bind(connection: sa.Connection, wiring: Wiring, message: Message, now: datetime) -> Binding:
    if message.bound:
        return Binding(message.asked, message.append)
    here = people.load(connection, message.person, wiring.round, wiring.config.secret, now)
    text, grace = message.text or "", timedelta(seconds=wiring.config.grace)
    times = message.received_at, here.asked_at, grace
    binding = people.work_out(
        connection, here, lambda progress: bind(wiring.round, progress, wiring.lexicon, text, *times)
    )
    inbox.bind(connection, message.key, binding.asked, binding.append)
    return binding


def _metadata(wiring: Wiring, leased: Lease, message: Message, binding: Binding) -> dict[str, Any]:
    asked = binding.asked
    return {
        "key": message.key,
        "conversation": message.person,
        "channel": leased.channel,
        "language": leased.language,
        "question": asked.question if asked else None,
        "instance": asked.instance if asked else None,
        "expects": _expects(wiring, binding, message.text),
        "fence": leased.fence,
    }


def _expects(wiring: Wiring, binding: Binding, text: str | None) -> dict[str, Any]:
    """What Rasa's act settler needs: the kind of the question, whether it takes free words, whether the text reads."""
    question = wiring.round.find(binding.asked.question) if binding.asked else None
    if question is None or text is None:
        return {"kind": None, "free": False, "reads": False}
    # A free text is an answer by itself, unless it is a command.
    reads = question.kind is not Kind.TEXT and read(question, text, wiring.lexicon) is not None
    return {"kind": question.kind, "free": question.free, "reads": reads}
