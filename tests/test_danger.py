"""Who is in danger gets numbers to ring, whatever they are being asked; and what they told waits for their word."""

import pytest
import sqlalchemy as sa

from store import tables
from tests.databases import everything
from tests.talk import City, Talk

DANGER = "Mein Mann schlägt mich jeden Tag"
KEEP = "Soll die Stadt sie lesen?"
BUBBLES = [
    ("ich will mich", "umbringen"),
    ("أريد أن", "أموت"),
    ("kocam beni", "dövüyor"),
    ("я хочу", "умереть"),
    ("я хочу", "померти"),
    ("I want to", "kill myself"),
]


def has_numbers(said: list[str]) -> bool:
    """Whether the numbers to ring stand in one of the sentences."""
    return any("112" in text and "110" in text for text in said)


def held(city: City) -> list[str]:
    """The texts that still lie in the inbox."""
    query = sa.select(tables.inbox.c.text).where(tables.inbox.c.text.is_not(None))
    with city.database.read() as connection:
        return list(connection.execute(query).scalars())


@pytest.mark.parametrize("text", ["mein Vater schlägt mich", "ich will mich umbringen"])
def test_a_child_in_danger_gets_numbers(city: City, text: str) -> None:
    """D10: who is too young may not take part, but hears whom to ring; nothing of it is kept."""
    talk = city.talk()
    talk.says("hallo", "greet")
    talk.says("Deutsch")
    talk.says("nein")
    said = talk.says(text)
    assert has_numbers(said)
    assert "ab 16 Jahren" in said[-1]
    assert text not in everything(city.database)


def test_danger_outranks_a_code(city: City) -> None:
    """Digits that look like a code don't keep the numbers from somebody in danger."""
    assert has_numbers(city.talk().at_need().says("ich will sterben 1234 5678 1234 5678 1234"))


@pytest.mark.parametrize(("first", "second"), BUBBLES)
def test_danger_in_two_bubbles(city: City, first: str, second: str) -> None:
    """Written in two messages in a row it is the same danger: numbers at once, the second waits for a yes."""
    talk = city.talk().at_need()
    said = talk.says_at_once(first, second)
    assert has_numbers(said)
    assert KEEP in said[-1]
    assert talk.given()[-1] == ("need", 0, "answered", first)
    talk.says("ja")
    assert talk.given()[-1] == ("need", 0, "answered", f"{first}\n{second}")


def test_danger_behind_another_thought(city: City) -> None:
    """Told in a bubble behind a need, the danger is not simply added to it: the person is asked."""
    talk = city.talk().at_need()
    assert KEEP in talk.says_at_once("Wir brauchen mehr Licht", DANGER)[-1]
    assert talk.given()[-1] == ("need", 0, "answered", "Wir brauchen mehr Licht")
    talk.says("nein")
    assert talk.given()[-1] == ("need", 0, "answered", "Wir brauchen mehr Licht")
    assert held(city) == []


def test_who_goes_on_telling_is_not_told_off(city: City) -> None:
    """While it waits for a word, what is told besides waits with it; further danger shows the numbers again."""
    talk = city.talk().at_need()
    talk.says(DANGER)
    assert talk.says("seit zwei Jahren fast jeden Abend")[0].startswith("Ich speichere Ihre Nachricht nur")
    assert has_numbers(talk.says("er hat gedroht mich umzubringen"))
    talk.says("ja")
    told = f"{DANGER}\nseit zwei Jahren fast jeden Abend\ner hat gedroht mich umzubringen"
    assert talk.given()[-1] == ("need", 0, "answered", told)


@pytest.mark.parametrize("text", ["Selbstmord", "ich will nicht mehr leben"])
def test_yes_keeps_it_wherever_it_was_told(city: City, text: str) -> None:
    """Told at the theme it is kept as a need by a yes, and the theme is asked later."""
    talk = city.talk().at_theme()
    assert KEEP in talk.says(text)[-1]
    assert "gespeichert" in talk.says("ja")[0]
    assert talk.given()[1:] == [("theme", 0, "later", None), ("need", 0, "answered", text)]


def test_a_yes_before_the_question_keeps_nothing(city: City) -> None:
    """A «ja» that was on its way before «shall the city read it?» was put is no yes to it."""
    talk = city.talk().at_need()
    assert KEEP in talk.says_at_once(DANGER, "ja")[-1]
    assert [row[0] for row in talk.given()] == ["district", "theme"]


@pytest.mark.parametrize("deleted", [False, True])
def test_a_held_message_stays_nowhere(city: City, deleted: bool) -> None:
    """D5: when the talk goes on elsewhere, what waited here is gone at once, and so it is after a deletion there."""
    here, there = city.talk("here").at_need(), city.talk("there")
    here.says("Pause", "pause")
    code = here.code()
    here.says("weiter", "resume")
    here.says(DANGER)
    assert held(city) == [DANGER]
    there.says("hallo", "greet")
    there.says(code)
    if deleted:
        _delete(there)
    assert DANGER not in everything(city.database)


def _delete(talk: Talk) -> None:
    talk.says("Daten löschen", "delete_my_data")
    talk.says("ja")
