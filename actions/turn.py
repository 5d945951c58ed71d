"""The work of one message, in one transaction: check, change, derive what comes next, write the receipt."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from actions.calls import Call
from actions.wiring import Wiring
from dialogue import acts, replies
from dialogue.binding import bind
from dialogue.errors import Refused
from dialogue.outcome import Erasure, Outcome, Say
from dialogue.progress import Progress, open_question
from dialogue.questions import ask
from dialogue.reading import resume_code
from dialogue.scene import Heard, Scene
from dialogue.texts import clean
from store import changes, clock, faults, handover, inbox, keys, people, receipts, retention
from store.inbox import Incoming, Message
from store.people import Person
from store.settling import settle
from translations.languages import languages

SHELL = "shell"


def perform(wiring: Wiring, call: Call) -> dict[str, Any]:
    """Does the work of the message once and gives its reply; the same reply when it is called again.

    Raises Refused (message_unknown, lease_lost, tombstone): nothing is stored then.
    """
    now = clock.now()
    with wiring.database.write() as connection:
        faults.reach("5a")
        key, fence = (_enter_shell(connection, wiring, call, now)) if call.shell else (call.natural, call.fence)
        reply = _work(connection, wiring, call, key, fence, now)
        if call.shell:
            person = keys.pseudonym(wiring.config.secret, SHELL, call.person)
            held = receipts.done(connection, person, key, fence).held
            settle(connection, wiring.config, person, key, reply, held, now)
        faults.reach("5b")
    faults.reach("5c")
    return reply


def _done(connection: sa.Connection, key: str) -> dict[str, Any] | None:
    """The reply of an earlier call for this message, None if there was none. Raises Refused (tombstone)."""
    receipt = receipts.find(connection, key)
    if receipt and (receipt.is_tombstone or receipt.reply is None):
        raise Refused("tombstone")
    return receipt.reply if receipt else None


def _work(connection: sa.Connection, wiring: Wiring, call: Call, key: str, fence: int, now: datetime) -> dict[str, Any]:
    # It holds the person's row: a call for the same message that was at work is done by now.
    held = inbox.hold(connection, key)
    if done := _done(connection, key):
        return done
    if held is None:
        raise Refused("message_unknown")
    message, current = held
    if current != fence:
        raise Refused("lease_lost")
    person = people.load(connection, message.person, wiring.round, wiring.config.secret, now)
    scene = _scene(connection, wiring, person, call, message, now)
    outcome = people.work_out(connection, person, lambda progress: acts.perform(replace(scene, progress=progress)))
    left = handover.holder(connection, scene.claimed) if outcome.takes_up else None
    if changes.apply(connection, person, wiring.round, wiring.config.secret, outcome, now):
        after = people.load(connection, person.id, wiring.round, wiring.config.secret, now, outcome.touched)
    else:
        after = people.reread(connection, person, wiring.round, outcome.touched)
    changes.settle(connection, after, wiring.round)
    marks = people.marks(connection, person.id) if outcome.erases else []
    finished = scene.heard.act != "repeat" and open_question(wiring.round, person.progress) is None
    reply = people.work_out(
        connection, after, lambda progress: _reply(wiring, outcome, after.language, progress, marks, finished)
    )
    if left is not None:
        reply["left"] = left
    if not receipts.write(connection, key, message.person, outcome.effect, reply, now):
        raise Refused("receipt_taken")
    return reply


def _scene(
    connection: sa.Connection, wiring: Wiring, person: Person, call: Call, message: Message, now: datetime
) -> Scene:
    early = bool(message.text and person.asked_at and message.received_at < person.asked_at)
    heard = replace(_heard(message, message.act or call.act, call.meant), early=early)
    code = resume_code(message.text or "")
    claim, claimed = (None, None)
    if code:
        claim, claimed = handover.claim(connection, wiring.config.secret, person.id, code, wiring.round.id, now)
    held = inbox.find(connection, person.progress.about or "") if person.progress.aside == "keep" else None
    if held and held.received_at < now - retention.HELD:
        held = None
    return Scene(
        wiring.city,
        wiring.round,
        wiring.lexicon,
        wiring.contacts,
        person.progress,
        heard,
        claim,
        claimed,
        held=_heard(held, "answer", None) if held else None,
    )


def _heard(message: Message, act: str, meant: str | None) -> Heard:
    return Heard(act, message.text, message.value, message.asked, message.append, message.key, meant)


def _reply(
    wiring: Wiring, outcome: Outcome, language: str, progress: Progress, marks: list[str], finished: bool
) -> dict[str, Any]:
    says = outcome.says
    reply: dict[str, Any] = {"language": language}
    autonyms = [(one.code, one.autonym) for one in languages().values()]
    if outcome.hands_over:
        reply["hand_over"] = True
        first = ask(wiring.city, wiring.round, Progress(), autonyms)
        says = (*says, first) if first else says
    elif outcome.erases:
        reply |= {"erase": outcome.erases.reason, "participations": marks}
        asked = outcome.erases.reason is Erasure.ASKED
        if asked or marks:
            # What was stored may stand in a backup: only then is there something to note in the journal.
            reply["code"] = keys.receipt_code()
        if asked:
            says = (*says, Say("erased", {"code": reply["code"]}, end="erased"))
    elif not outcome.silent:
        question = ask(wiring.city, wiring.round, progress, autonyms, outcome.offers, finished)
        says = (*says, question) if question else says
    return reply | {"says": replies.to_data(says)}


def _enter_shell(connection: sa.Connection, wiring: Wiring, call: Call, now: datetime) -> tuple[str, int]:
    """Enters a message that came straight to Rasa, as our service would have; its key and fence."""
    secret = wiring.config.secret
    person = keys.pseudonym(secret, SHELL, call.person)
    key = keys.message_key(secret, SHELL, call.natural)
    people.greet(connection, person, SHELL, wiring.city.languages[0], now)
    text = clean(call.text)
    incoming = Incoming(key, person, keys.digest(secret, text), text=text)
    if not inbox.known(connection, key, incoming.body, person).before:
        inbox.accept(connection, incoming, now)
    here = people.load(connection, person, wiring.round, secret, now)
    bound = people.work_out(
        connection, here, lambda progress: bind(wiring.round, progress, wiring.lexicon, text, now, None, timedelta())
    )
    inbox.bind(connection, key, bound.asked, bound.append)
    return key, here.fence
