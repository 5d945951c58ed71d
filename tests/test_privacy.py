"""Who deletes is gone everywhere; who is too young leaves nothing; nobody's address is stored."""

import contextlib
import json
import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from dialogue.errors import Refused
from dialogue.outcome import Give
from dialogue.progress import State
from dialogue.rounds import Instance
from store import answers, clock, keys, retention, tables
from tests.stack import Stack
from tests.talk import City, Talk
from tests.tester import Resident

pytestmark = pytest.mark.both_databases


def found_in(folder: Path, canary: str) -> list[str]:
    """The files below the folder in which the bytes of the canary stand.

    In a process of its own: who closes a database's file here would lose the locks that our connections hold on it.
    """
    search = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings", "-e", canary, str(folder)]
    done = subprocess.run(search, env={"LC_ALL": "C"}, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


def test_addresses_are_not_stored(stack: Stack) -> None:
    """D1: the address by which the channel knows a person stands in no table and no file."""
    resident = stack.at_need()
    resident.says("Ein Treffpunkt")
    assert found_in(stack.data, resident.token) == []


def test_pseudonyms_hang_on_the_secret() -> None:
    """D2: under another secret the same address is another person; without it nobody can tell who it was."""
    one, other = (keys.pseudonym(secret, "web", "address") for secret in (b"a" * 32, b"b" * 32))
    assert one != other
    assert one == keys.pseudonym(b"a" * 32, "web", "address")
    assert "address" not in one


def test_no_answer_without_consent_in_the_store(city: City) -> None:
    """D3: the store refuses an answer, a first or a further one, of who has not agreed to the text that counts."""
    talk = city.talk().at_need()
    before = talk.given()
    first, further = Give(Instance("need", 0), State.ANSWERED, "Bäume"), Give(Instance("district", 0), State.SKIPPED)
    with city.database.write() as connection:
        participation = connection.execute(sa.select(tables.people.c.participation)).scalar_one()
        for consented_to, version in ((None, city.bot.round.consent_version), (participation, "another text")):
            for given in (first, further):
                with pytest.raises(Refused, match="consent_missing"):
                    answers.give(connection, consented_to, given, version, "de", clock.now())
    assert talk.given() == before
    assert before[0][0] == "district"


def test_a_new_consent_text_is_asked_for(city: City) -> None:
    """D3: when the text has changed since, the person is asked again before anything further is stored."""
    talk = city.talk().at_need()
    with city.database.write() as connection:
        connection.execute(tables.consents.update().values(version="an older text"))
    said = talk.says("Mehr Bäume")
    assert "Machen Sie mit?" in said[-1]


def test_consent_row(city: City) -> None:
    """D4: the proof of a consent is its version, its language and its time."""
    city.talk().at_need()
    with city.database.read() as connection:
        row = connection.execute(sa.select(tables.consents)).one()
    assert (row.version, row.language) == ("2026-11-24.2", "de")
    assert row.given_at <= clock.now()


def test_who_deletes_is_gone(stack: Stack) -> None:
    """D5: of a hundred people ten delete, in three languages; nothing of them is left, and all others are whole."""

    def interview(number: int) -> Resident:
        resident = stack.at_need()
        resident.says(f"Kanarienvogel{number:03}x im Park")
        return resident

    with ThreadPoolExecutor(4) as pool:
        residents = list(pool.map(interview, range(100)))
    ways = (("daten löschen", "Ja, alles löschen"), ("delete my data", "Yes, delete"), ("احذف بياناتي", "نعم، احذف"))
    for number, resident in enumerate(residents[:10]):
        language, (words, button) = ("de", "en", "ar")[number % 3], ways[number % 3]
        if language != "de":
            resident.switches_to(language)
        resident.says(words)
        resident.presses(button)
        code = resident.transcript()[-1]
        assert stack.answers_of(resident) == []
        journal = [json.loads(line) for line in (stack.data / "deletions.jsonl").read_text().splitlines()]
        line = next(line for line in journal if line["person"] == stack.person(resident))
        assert line["code"] in code
        assert set(line) == {"person", "participations", "reason", "code", "at"}
        assert len(line["participations"]) == 1
    for number in range(10):
        assert found_in(stack.data, f"Kanarienvogel{number:03}x") == []
        _only_keys_remain(stack, residents[number])
    for number, resident in enumerate(residents[10:], 10):
        assert stack.needs_of(resident) == [(0, "answered", f"Kanarienvogel{number:03}x im Park", 1)]


def _only_keys_remain(stack: Stack, resident: Resident) -> None:
    person = stack.person(resident)
    assert stack.count(tables.inbox, tables.inbox.c.person == person) == 0
    assert stack.count(tables.participations, tables.participations.c.person == person) == 0
    assert stack.count(tables.dialogue_states, tables.dialogue_states.c.person == person) == 0
    assert stack.count(tables.receipts, tables.receipts.c.person == person) == 0
    assert stack.count(tables.outbox, tables.outbox.c.person == person) == 1


def test_erased_again_before_the_notice_was_read(stack: Stack) -> None:
    """D5: a message of before the deletion, delivered once more, finds its key taken and brings nothing back."""
    resident = stack.at_need()
    resident.says("Ein Treffpunkt", id="told-before-deleting")
    resident.says("daten löschen")
    confirmed = resident.button("Ja, alles löschen")
    resident.presses("Ja, alles löschen", id="the-deletion")
    for body, id in (({"text": "Ein Treffpunkt"}, "told-before-deleting"), ({"button": confirmed}, "the-deletion")):
        assert resident.posts(body, id=id).json()["state"] == "duplicate"
    assert stack.answers_of(resident) == []
    assert stack.count(tables.inbox, tables.inbox.c.person == stack.person(resident)) == 0


def test_deletion_wins_over_a_stalled_answer(city: City) -> None:
    """D6: two hundred races between a deletion and an answer whose action stalls and wakes up; deleted it stays."""
    chance = random.Random(6)
    for number in range(200):
        talk = city.talk(f"race {number}").at_need()
        talk.receive(f"Wettlauf{number}x")
        stalled = talk.take()
        asleep = threading.Event()
        action = threading.Thread(target=_wake_up, args=(talk, stalled, asleep))
        action.start()
        if chance.random() < 0.5:
            asleep.set()
        _delete(talk)
        asleep.set()
        action.join()
        with city.database.read() as connection:
            left = connection.execute(
                sa.select(sa.func.count()).select_from(tables.answers).where(tables.answers.c.text.like("Wettlauf%"))
            ).scalar_one()
        assert left == 0, number


def _wake_up(talk: Talk, stalled: object, asleep: threading.Event) -> None:
    asleep.wait()
    with contextlib.suppress(Refused):
        talk.perform(stalled)  # type: ignore[arg-type]


def _delete(talk: Talk) -> None:
    """The turn of the stalled message has given up; what the person says next is: delete."""
    stalled = talk.take()
    try:
        talk.perform(stalled)
    except Refused:
        stalled = talk.take()
    talk.deliver(stalled)
    talk.says("daten löschen", "delete_my_data")
    talk.says("ja")


def test_too_young(stack: Stack) -> None:
    """D10: «under 16» erases everything, the inbox included; a counter and a keyed hash remain, and no second try."""
    resident = stack.resident("de")
    resident.presses("Deutsch")
    before = stack.count(tables.bars)
    resident.says("nein")
    resident.expects_reply("Mitmachen kann man ab 16 Jahren")
    person = stack.person(resident)
    for table in (tables.inbox, tables.participations):
        assert stack.count(table, table.c.person == person) == 0
    assert stack.count(tables.counters, tables.counters.c.name == "underage", tables.counters.c.count >= 1) == 1
    assert stack.count(tables.bars) == before + 1
    assert stack.count(tables.bars, tables.bars.c.bar == person) == 0
    resident.says("Ich bin doch 18")
    resident.expects_reply("Ich speichere nichts")
    assert stack.answers_of(resident) == []
    journal = stack.data / "deletions.jsonl"
    assert not journal.exists() or person not in journal.read_text()
    again = Resident(stack.url).begins(former=resident.token)
    again.expects_reply("Ich speichere nichts")
    assert "In welcher Sprache" in Resident(stack.url).begins(former="somebody else").transcript()[-1]


def test_declining_leaves_nothing(stack: Stack) -> None:
    """Who does not agree is thanked, nothing is kept, and the same person may begin anew."""
    resident = stack.resident("de")
    resident.presses("Deutsch")
    resident.says("ja")
    resident.presses("Nein, danke")
    resident.expects_reply("nichts gespeichert")
    assert stack.count(tables.inbox, tables.inbox.c.person == stack.person(resident)) == 0
    resident.says("hallo")
    resident.expects_reply("In welcher Sprache")


def test_keys_are_forgotten_after_48_hours(city: City) -> None:
    """After 48 hours the keys of handled messages go, and the bare row of an erased person with its notice."""
    gone, here = city.talk("gone").at_need(), city.talk("here").at_need()
    gone.says("daten löschen", "delete_my_data")
    gone.says("ja")
    end = city.bot.city.keep_until
    retention.tidy(city.database, clock.now() + retention.MEMORY * 0.98, end)
    assert _people(city) == {gone.person, here.person}
    report = retention.tidy(city.database, clock.now() + retention.MEMORY * 1.02, end)
    assert report["idle_people"] == 1
    assert _people(city) == {here.person}
    with city.database.read() as connection:
        assert connection.execute(sa.select(tables.receipts)).all() == []
        assert connection.execute(sa.select(tables.inbox)).all() == []


def _people(city: City) -> set[str]:
    with city.database.read() as connection:
        return set(connection.execute(sa.select(tables.people.c.id)).scalars())


def test_a_new_round_begins_with_a_new_participation(city: City) -> None:
    """D3: answers of an earlier round count nothing in another one; it begins with its own consent."""
    talk = city.talk().at_need()
    with city.database.write() as connection:
        connection.execute(tables.participations.update().values(round="an earlier one"))
    talk.says("hallo", "greet")
    talk.says("ja")
    with city.database.read() as connection:
        rounds = connection.execute(sa.select(tables.participations.c.round)).scalars().all()
    assert rounds == ["an earlier one", "needs"]
    assert "In welchem Stadtteil" in talk.log()[-1].text
