"""From the receipt to the outbox: the reply in words, the message handled, and, where asked for, the person erased."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.taking import Taken
from bot.wiring import Wiring
from dialogue import replies
from dialogue.delicate import Moment, find
from dialogue.outcome import Say
from dialogue.scene import numbers
from store import clock, faults, inbox, outbox, people, receipts
from store.inbox import Message
from store.outbox import Delivery, Outgoing
from store.receipts import Receipt
from store.settling import settle
from translations.wording import Worded, word

NOTICE_POSITION = 100
"""The place of a notice among the replies to one message, behind any reply."""
TELEGRAM, FIRST = "telegram", ("confirmadult", "takeup")
"""Before the first answer, whoever writes through Telegram hears who else reads it, and where nobody does."""
LEFT_POSITION = 101
"""The place of the last word on the device from which a talk has gone."""


@dataclass(frozen=True)
class Delivered:
    """A message that has its reply."""

    posted: list[Delivery]
    """What now stands in the log."""
    further: bool
    """Another message of the person waits."""


def deliver(wiring: Wiring, taken: Taken) -> Delivered | None:
    """From the receipt to the outbox: writes the reply and marks the message handled, in one transaction.

    None if there is no receipt: nothing was delivered.
    """
    person, key = taken.message.person, taken.message.key
    with wiring.database.write() as connection:
        done = receipts.done(connection, person, key, taken.fence)
        if done.receipt is None:
            return None
        reply, messages = _reply(wiring, taken, done.receipt)
        now = clock.now()
        settle(connection, wiring.config, person, key, reply, done.held, now)
        if "left" in reply:
            notice = _outgoing(wiring, reply["language"], (Say("taken_elsewhere", end="closed"),))
            outbox.post(connection, reply["left"], key, notice, now, LEFT_POSITION)
        posted = outbox.post(connection, person, key, messages, now, releases=True)
        faults.reach("6b")
    if "erase" in reply:
        wiring.database.forget()
    return Delivered(posted, done.further)


def _reply(wiring: Wiring, taken: Taken, receipt: Receipt) -> tuple[dict[str, Any], list[Outgoing]]:
    """What the receipt says is to be done, and its words."""
    # A receipt without a reply has done its work, and the talk has gone elsewhere since; a tombstone has not.
    lost = (Say("parked"),) if receipt.is_tombstone else ()
    reply = receipt.reply or {"language": taken.language, "says": replies.to_data(lost)}
    says = replies.from_data(reply["says"])
    if receipt.effect in FIRST and taken.metadata["channel"] == TELEGRAM:
        says = (Say("telegram_notice", {"url": wiring.config.website}), *says)
    return reply, _outgoing(wiring, reply["language"], says)


def park(wiring: Wiring, message: Message) -> bool:
    """Gives a message up: a tombstone keeps a late action from storing it, and the person is told. Whether it did.

    It did not if the message has its receipt by now.
    """
    person, key, now = message.person, message.key, clock.now()
    with wiring.database.write() as connection:
        if not receipts.write(connection, key, person, receipts.PARKED, None, now):
            return False
        inbox.handled(connection, key, state="parked")
        language = people.language(connection, person)
        outbox.post(connection, person, key, _outgoing(wiring, language, (Say("parked"),)), now)
    return True


def tell(connection: sa.Connection, wiring: Wiring, person: str, about: str, text: str | None, say: Say) -> None:
    """Says something to a person, in their language, about a message that is none for the inbox.

    If danger speaks from it, the numbers to ring come first, as everywhere.
    """
    first = (Say("emergency", lines=numbers(wiring.contacts, "emergency")),) if dangerous(wiring, text) else ()
    messages = _outgoing(wiring, people.language(connection, person), (*first, say))
    outbox.post(connection, person, about, messages, clock.now())


def dangerous(wiring: Wiring, text: str | None) -> bool:
    """Whether danger speaks from a text."""
    return find(text or "", wiring.lexicon.moments) is Moment.danger


def delay_notice(wiring: Wiring, taken: Taken) -> None:
    """Tells the person, once, that the message is kept and will be answered."""
    notice = _outgoing(wiring, taken.language, (Say("delayed"),))
    person, key = taken.message.person, taken.message.key
    with wiring.database.write() as connection:
        # Another process may have answered it meanwhile.
        if inbox.waits(connection, key) and not outbox.has(connection, key, NOTICE_POSITION):
            outbox.post(connection, person, key, notice, clock.now(), NOTICE_POSITION)


def _outgoing(wiring: Wiring, language: str, says: tuple[Say, ...]) -> list[Outgoing]:
    return [
        Outgoing(
            worded.text, worded.language, _buttons(worded), worded.say.asked, worded.say.end, worded.say.attachment
        )
        for worded in word(wiring.words, language, says)
    ]


def _buttons(worded: Worded) -> list[dict[str, Any]]:
    return [
        {"label": label.text, "language": label.language, "act": label.choice.act, "value": label.choice.value}
        for label in worded.labels
    ]
