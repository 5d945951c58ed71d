"""The interview on the real stack, as a resident has it, in every language."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from store import clock
from store.tables import consents, dialogue_states, participations, people
from tests.scripts import SCRIPTS, play
from tests.stack import Stack

pytestmark = pytest.mark.both_databases

IMPORTANCE = "Wie wichtig ist das für Sie?"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_interview(stack: Stack, script: Path) -> None:
    """A whole conversation: every question, every act, in a person's own words, until everything is deleted."""
    play(stack, script, stack.resident)


def test_consent_is_proven(stack: Stack) -> None:
    """D4: who agreed, is on record with text version, language and time; D3: in the language it was shown in."""
    resident = stack.resident("en")
    resident.presses("English")
    resident.presses("Yes, I am 16")
    resident.switches_to("ar")
    resident.expects_reply("طوعية")
    resident.presses("نعم، أشارك")
    with stack.database.read() as connection:
        row = connection.execute(
            sa.select(consents)
            .join(participations, participations.c.id == consents.c.participation)
            .where(participations.c.person == stack.person(resident))
        ).one()
    assert (row.version, row.language) == ("2026-11-24.2", "ar")
    assert row.given_at is not None


def test_no_answer_before_consent(stack: Stack) -> None:
    """D3: whoever tries to answer before agreeing, leaves nothing."""
    resident = stack.resident("de")
    for text in ("Wir brauchen einen Park", "Deutsch", "Wir brauchen einen Park", "ja", "Wir brauchen einen Park"):
        resident.says(text)
    resident.expects_reply("Machen Sie mit?")
    assert stack.answers_of(resident) == []


def test_interview_survives_the_loss_of_rasas_memory(stack: Stack) -> None:
    """A person whose dialogue state is gone from Rasa goes on where they were."""
    resident = stack.at_need()
    with stack.database.write() as connection:
        connection.execute(dialogue_states.delete())
    resident.says("Mehr Licht im Park")
    resident.expects_reply(IMPORTANCE)
    assert stack.needs_of(resident) == [(0, "answered", "Mehr Licht im Park", 1)]


def test_dialogue_state_holds_no_text(stack: Stack) -> None:
    """What Rasa remembers of a conversation is its active form, of constant size, and no text."""
    resident = stack.at_need()
    resident.says("Ein ganz besonderer Wunsch nach Schwimmbad")
    with stack.database.read() as connection:
        states = connection.execute(sa.select(dialogue_states.c.state)).scalars().all()
    assert states
    assert all(set(json.loads(state)) == {"loop", "slots"} and len(state) < 120 for state in states)


def test_all_processes_restart_in_mid_interview(stack: Stack) -> None:
    """Everything is killed at once in mid-interview, and the person goes on with the right question."""
    resident = stack.at_need()
    stack.kill("rasa", "actions", "bot")
    resident.says("Einen Treffpunkt für Eltern")
    resident.expects_reply(IMPORTANCE)
    for text in ("5", "überspringen", "nein", "lieber nicht", "ja"):
        resident.says(text)
    resident.expects_reply("Vielen Dank!")
    assert [row[:4] for row in stack.answers_of(resident)] == [
        ("district", 0, "answered", "betzenberg"),
        ("theme", 0, "answered", "housing"),
        ("need", 0, "answered", "Einen Treffpunkt für Eltern"),
        ("importance", 0, "answered", "5"),
        ("idea", 0, "skipped", None),
        ("more", 0, "answered", "no"),
        ("about", 0, "answered", "no"),
        ("review", 0, "answered", "yes"),
    ]


@pytest.mark.parametrize("text", ["Es gibt keine Kita", "ja, ein Arzt fehlt", "Nein, nur dass die Busse nie kommen"])
def test_a_need_told_at_anything_else_is_kept(stack: Stack, text: str) -> None:
    """Asked for anything else, a person tells the next need at once; no word of it is guessed away by Rasa."""
    resident = stack.at_need()
    for said in ("Mehr Bäume", "4", "überspringen"):
        resident.says(said)
    resident.expects_reply("Möchten Sie noch etwas sagen?")
    with stack.database.write() as connection:
        # As if they had thought about it for a while: it is not a further bubble of the answer before.
        asked_at = clock.now() - timedelta(minutes=1)
        connection.execute(people.update().where(people.c.id == stack.person(resident)).values(asked_at=asked_at))
    assert resident.says(text) == ["Danke, Ihre Antwort ist gespeichert.", "Und wie wichtig ist das? Von 1 bis 5."]
    assert stack.answers_of(resident)[5:] == [
        ("more", 0, "answered", "yes", 1),
        ("theme", 1, "later", None, 1),
        ("need", 1, "answered", text, 1),
    ]


def test_three_bubbles_are_one_answer(stack: Stack) -> None:
    """A thought sent in three messages without waiting becomes one answer with its revisions."""
    resident = stack.at_need()
    for text in ("Wir brauchen", "einen Spielplatz", "für kleine Kinder"):
        assert resident.posts({"text": text}).status_code == 200
    while (
        not any("dazugeschrieben" in said for said in resident.transcript()[-2:])
        or len([said for said in resident.transcript() if "dazugeschrieben" in said]) < 2
    ):
        resident.awaits_reply()
    needs = stack.needs_of(resident)
    assert needs == [(0, "answered", "Wir brauchen\neinen Spielplatz\nfür kleine Kinder", 3)]
