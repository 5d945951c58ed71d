"""Nothing lost, nothing twice: the inbox, the receipts and the order, on a real database."""

import json
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import delivery, taking
from bot.receiving import Received, receive
from dialogue.errors import Refused
from dialogue.outcome import Give
from dialogue.progress import State
from dialogue.rounds import Instance
from store import answers, clock, inbox, people, receipts, tables
from store.inbox import Accepted
from tests.databases import answers_refused
from tests.stack import Stack
from tests.talk import City, Talk
from tests.waiting import until

pytestmark = pytest.mark.both_databases


def given_answers(talk: Talk) -> list[tuple[object, ...]]:
    """(question, instance, text, revision) of this person."""
    table = tables.answers
    with talk.city.database.read() as connection:
        found = connection.execute(
            sa.select(table.c.question, table.c.instance, table.c.text, table.c.revision)
            .join(tables.participations, tables.participations.c.id == table.c.participation)
            .where(tables.participations.c.person == talk.person)
            .order_by(table.c.id)
        )
        return [tuple(row) for row in found]


def test_received_means_committed(stack: Stack) -> None:
    """A1: every message that the channel said it has is stored, over three kills of the bot in a burst of 150."""
    resident = stack.at_need()
    before = stack.count(tables.inbox, tables.inbox.c.person == stack.person(resident))
    for number in range(150):
        if number in (40, 80, 120):
            step = "1" if number == 80 else "0"
            stack.arm(step, "bot")
        # The client keeps its id and sends again until it hears «received»; that is all a channel can promise.
        assert resident.posts({"text": f"Satz Nummer {number + 200}"}, id=f"burst-{number:05}").status_code == 200
        if number in (40, 80, 120):
            assert stack.fired(step)
    stack.settle()
    stored = stack.count(tables.inbox, tables.inbox.c.person == stack.person(resident))
    assert stored - before == 150


def test_each_message_acts_once(city: City) -> None:
    """A2: the same message delivered by eight threads at once, five times each, is one message and one answer."""
    talk = city.talk().at_need()

    def deliver(_number: int) -> Accepted:
        return talk_received(talk, "once")

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(deliver, range(40)))
    assert outcomes.count(Accepted.STORED) == 1
    taken = talk.take()
    talk.perform(taken)
    talk.deliver(taken)
    assert taking.take(city.bot, talk.person, "test", 60) is None
    assert [row[2] for row in given_answers(talk)] == ["betzenberg", "housing", "Mehr Bäume"]


def talk_received(talk: Talk, natural: str, text: str = "Mehr Bäume") -> Accepted:
    """What the inbox says to a message under this natural key."""
    return receive(talk.city.bot, Received("web", talk.person, f"{talk.person}:{natural}", text))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(naturals=st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_keys_decide(city: City, naturals: list[int]) -> None:
    """A3: in any order of ids, falling ones too, each key counts once; the same text under two keys counts twice."""
    talk = city.talk(f"{naturals}")
    outcomes = [talk_received(talk, f"{natural}") for natural in naturals]
    assert outcomes.count(Accepted.STORED) == len(set(naturals))


def test_saved_is_said_after_the_commit(stack: Stack) -> None:
    """A6: while answers can't be written nobody reads «gespeichert», but that the message has arrived and is kept."""
    resident = stack.at_need()
    with answers_refused(stack.database):
        resident.posts({"text": "Ein Café für alle"})
        said = resident.awaits_reply()
    assert len(said) == 1
    assert "Ich versuche es weiter" in said[0]
    saved, following = resident.awaits_reply()
    assert saved == "Danke, Ihre Antwort ist gespeichert."
    assert following.startswith("Wie wichtig ist das für Sie?")
    assert [row[3] for row in stack.answers_of(resident)] == ["betzenberg", "housing", "Ein Café für alle"]


def test_broken_answers_say_nothing(city: City) -> None:
    """A6: the answer can't be written, so there is no receipt, no reply, and the message waits."""
    talk = city.talk().at_need()
    said = len(talk.log())
    talk.receive("Mehr Bäume")
    taken = talk.take()
    with answers_refused(city.database), pytest.raises(sa.exc.SQLAlchemyError):
        talk.perform(taken)
    assert talk.receipt(taken) is None
    assert len(talk.log()) == said
    talk.perform(talk.take())
    assert [row[2] for row in given_answers(talk)] == ["betzenberg", "housing", "Mehr Bäume"]


def test_a_clock_put_back_holds_nobody_up(city: City) -> None:
    """A19: a lease that was taken while the clock was an hour ahead holds nobody up once it is right again."""
    talk = city.talk().at_need()
    talk.receive("Mehr Bäume")
    with city.database.write() as connection:
        assert people.lease(connection, talk.person, "another", clock.now() + timedelta(hours=1), 6)
    with city.database.read() as connection:
        assert inbox.due(connection, clock.now(), 5) == [talk.person]
    assert taking.take(city.bot, talk.person, "mine", 6) is not None


def test_turn_counts_by_receipt(city: City) -> None:
    """A7: one answer has one receipt in the same transaction; without either, the other is not there."""
    talk = city.talk().at_need()
    talk.receive("Mehr Bäume")
    taken = talk.take()
    assert talk.receipt(taken) is None
    assert len(given_answers(talk)) == 2
    talk.perform(taken)
    receipt = talk.receipt(taken)
    assert receipt is not None
    assert receipt.effect == "give"
    assert len(given_answers(talk)) == 3


def test_receipt_is_unique(city: City) -> None:
    """A8: the same call twice, at once and later, is one answer and the same reply, for the question then open."""
    talk = city.talk().at_need()
    talk.receive("Mehr Bäume")
    taken = talk.take()
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _number: talk.perform(taken), range(8)))
    assert len({json.dumps(reply) for reply in replies}) == 1
    assert given_answers(talk)[2:] == [("need", 0, "Mehr Bäume", 1)]


def test_binding_outlives_the_turn(city: City) -> None:
    """A8: a message taken a second time answers the question of the first time, though another is open by now."""
    talk = city.talk().at_need()
    talk.receive("ja")
    assert talk.take().metadata["question"] == "need"
    given = Give(Instance("need", 0), State.ANSWERED, "anderes")
    with city.database.write() as connection:
        # As if a stalled action of another turn had moved the interview on in between.
        participation = connection.execute(sa.select(tables.people.c.participation)).scalar_one()
        answers.give(connection, participation, given, city.bot.round.consent_version, "de", clock.now())
    second = talk.take()
    assert second.metadata["question"] == "need"
    talk.perform(second)
    assert [row[:3] for row in given_answers(talk)[2:]] == [("need", 0, "ja")]


def test_same_key_other_body(city: City) -> None:
    """A9: another text under a key that is taken is refused, and the first one stays."""
    talk = city.talk()
    assert talk_received(talk, "same", "Mehr Bäume") is Accepted.STORED
    assert talk_received(talk, "same", "Mehr Bäume") is Accepted.DUPLICATE
    with pytest.raises(Refused, match="key_reused"):
        talk_received(talk, "same", "Weniger Bäume")


def test_same_key_other_body_over_http(stack: Stack) -> None:
    """A9: the channel answers 409 with a sentence, and logs it by key."""
    resident = stack.at_need()
    resident.says("Mehr Bäume", id="the-same-id")
    answer = resident.posts({"text": "Weniger Bäume"}, id="the-same-id")
    assert answer.status_code == 409
    assert answer.json()["message"]
    assert stack.needs_of(resident) == [(0, "answered", "Mehr Bäume", 1)]


def test_stalled_action_server(stack: Stack) -> None:
    """A10: the action server sleeps longer than the time-out, wakes up, and there is one answer and one reply."""
    resident = stack.at_need()
    pid = stack.supervisor.pid_of("actions")
    # What an earlier test left may be at work: stopped inside its transaction, it would hold SQLite for everybody.
    until(lambda: stack.count(tables.inbox, tables.inbox.c.state == "waiting") == 0, 60)
    os.kill(pid, signal.SIGSTOP)
    try:
        resident.posts({"text": "Mehr Bäume"})
        time.sleep(25)
    finally:
        os.kill(pid, signal.SIGCONT)
    while not any(said.startswith("Wie wichtig ist das für Sie?") for said in resident.transcript()):
        resident.awaits_reply()
    assert stack.needs_of(resident) == [(0, "answered", "Mehr Bäume", 1)]
    assert resident.transcript().count("Danke, Ihre Antwort ist gespeichert.") == 1


def test_two_buttons_pressed_quickly(stack: Stack) -> None:
    """A11: two districts pressed without waiting are one answer, the second, with the first as its revision."""
    resident = stack.resident("de")
    for label in ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit"):
        resident.presses(label)
    first, second = resident.button("Betzenberg"), resident.button("Erfenbach")
    resident.posts({"button": first})
    resident.posts({"button": second})
    while not any("Erfenbach" in said for said in resident.transcript()):
        resident.awaits_reply()
    assert stack.answers_of(resident) == [("district", 0, "answered", "erfenbach", 2)]


def test_instances_count_up(city: City) -> None:
    """A11: each «anything else?» opens the next instance; nothing of the one before is overwritten."""
    talk = city.talk().at_need()
    for need in ("Bäume", "Bänke", "Busse"):
        for text in (need, "4", "Bald bitte", "ja", "Wohnen"):
            talk.says(text)
    needs = [row for row in given_answers(talk) if row[0] == "need"]
    assert needs == [("need", 0, "Bäume", 1), ("need", 1, "Bänke", 1), ("need", 2, "Busse", 1)]


def test_order_per_person(stack: Stack) -> None:
    """A12: thirty numbered messages of each of five people at once, actions halting at random: each one's in order."""
    residents, ended, dice = [stack.at_need() for _ in range(5)], threading.Event(), random.Random(12)

    def halts() -> None:
        actions = stack.supervisor.pid_of("actions")
        while not ended.wait(dice.uniform(0.0, 0.3)):
            os.killpg(actions, signal.SIGSTOP)
            time.sleep(dice.uniform(0.0, 0.3))
            os.killpg(actions, signal.SIGCONT)

    def burst(number: int) -> None:
        with httpx.Client(base_url=stack.url, headers=dict(residents[number].http.headers), trust_env=False) as http:
            for count in range(30):
                body = {"id": f"{number}-{count:08}", "text": f"Satz {count + 200}"}
                answer = http.post("/api/messages", json=body)
                assert answer.status_code in (200, 429)
                while answer.status_code == 429:
                    answer = http.post("/api/messages", json=body)

    ours = [stack.person(resident) for resident in residents]
    with ThreadPoolExecutor(6) as pool:
        slow = pool.submit(halts)
        try:
            list(pool.map(burst, range(5)))
            waiting = (tables.inbox.c.person.in_(ours), tables.inbox.c.state == "waiting")
            until(lambda: stack.count(tables.inbox, *waiting) == 0, 120)
        finally:
            ended.set()
            slow.result()
    for resident in residents:
        [(_instance, _state, text, _revision)] = stack.needs_of(resident)
        assert text.split("\n") == [f"Satz {count + 200}" for count in range(30)]


def test_lost_lease_stores_nothing(city: City) -> None:
    """An action whose turn has lost its lease to another one is refused, and the other one's work counts."""
    talk = city.talk().at_need()
    talk.receive("Mehr Bäume")
    stale = talk.take()
    fresh = talk.take()
    with pytest.raises(Refused, match="lease_lost"):
        talk.perform(stale)
    talk.perform(fresh)
    assert len(given_answers(talk)) == 3


def test_parked_message_stays_parked(city: City) -> None:
    """A23: after the last try a tombstone stands; the late action stores nothing, and the person is told."""
    talk = city.talk().at_need()
    talk.receive("Mehr Bäume")
    taken = talk.take()
    assert delivery.park(city.bot, taken.message)
    with pytest.raises(Refused, match="tombstone"):
        talk.perform(taken)
    assert len(given_answers(talk)) == 2
    assert "nicht verarbeiten" in talk.log()[-1].text
    receipt = talk.receipt(taken)
    assert receipt is not None
    assert receipt.effect == receipts.PARKED
