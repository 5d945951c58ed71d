"""The contacts of every city can be read and reached; a wrong one is named with file and line."""

import re
from datetime import date
from pathlib import Path

import pytest

from dialogue.contacts import Purpose
from dialogue.errors import Misconfigured
from dialogue.outcome import Say
from dialogue.progress import Progress
from dialogue.scene import Heard, Scene
from store import packs
from translations import lexicon
from translations.catalogs import Words
from translations.wording import word

CITIES = sorted(file.parent.name for file in packs.CITIES.glob("*/contacts.yml"))
CITY, ROUND, WORDS = packs.city("kaiserslautern"), packs.round("kaiserslautern", "needs"), Words("kaiserslautern")
LEXICON = lexicon.build(CITY, ROUND, WORDS)
RIGHT = """contacts:
  - id: police
    purpose: emergency
    name: Polizei
    phone: "110"
    free: true
    checked: 2026-11-24
"""


@pytest.mark.parametrize("city", CITIES)
def test_each_purpose_has_a_contact(city: str) -> None:
    """Whatever the moment is, the city can name somebody."""
    assert {contact.purpose for contact in packs.contacts(city)} == set(Purpose)


@pytest.mark.parametrize("city", CITIES)
def test_each_contact_was_checked_and_can_be_reached(city: str) -> None:
    """Every entry has the date of its check, and a phone or a url."""
    for contact in packs.contacts(city):
        assert isinstance(contact.checked, date), contact.id
        assert contact.phone or contact.url, contact.id


@pytest.mark.parametrize("city", CITIES)
def test_the_emergency_numbers_are_there(city: str) -> None:
    """In danger the first numbers are 112 and 110, and they are free."""
    emergency = [contact for contact in packs.contacts(city) if contact.purpose is Purpose.EMERGENCY]
    assert [contact.phone for contact in emergency[:2]] == ["112", "110"]
    assert all(contact.free and contact.phone for contact in emergency)


def test_who_listens_and_who_protects_is_named() -> None:
    """Beside police and ambulance stand TelefonSeelsorge and the helpline for women, with the hours of who has any."""
    here = {contact.id: contact for contact in packs.contacts("kaiserslautern")}
    assert here["telefonseelsorge"].phone == "0800 1110111"
    assert here["hilfetelefon"].phone == "116 016"
    lines = Scene(CITY, ROUND, LEXICON, packs.contacts("kaiserslautern"), Progress("de"), Heard("help"))
    said = [
        word(WORDS, language, (Say("emergency", lines=lines.numbers("emergency")),))[0].text
        for language in ("de", "en", "ar")
    ]
    assert all("0800 1110111" in text and "116 016" in text for text in said)
    assert all(
        hours in text
        for hours, text in zip(("Mo.–Sa. 14–20", "Mon–Sat 14–20", "الاثنين–السبت 14–20"), said, strict=True)
    )


@pytest.mark.parametrize("city", CITIES)
def test_the_file_says_that_the_city_confirms_it(city: str) -> None:
    """Nobody may take the numbers for confirmed: the first line says so."""
    first = (packs.CITIES / city / "contacts.yml").read_text("utf-8").splitlines()[0]
    assert "to be confirmed by the city before use" in first.lower()


@pytest.mark.parametrize(
    ("wrong", "line", "why"),
    [
        (RIGHT.replace("emergency", "emergancy"), 3, "Input should be"),
        (RIGHT.replace('    phone: "110"\n', ""), 2, "a phone or a url"),
        (RIGHT.replace("2026-11-24", "soon"), 7, "date"),
        (RIGHT.replace('"110"', "call us"), 5, "pattern"),
        (RIGHT + "    mail: police@example.org\n", 8, "not permitted"),
        (RIGHT + RIGHT.removeprefix("contacts:\n"), 1, "stands twice"),
        (RIGHT.replace("name: ", "name: ["), 5, "not readable"),
    ],
    ids=["purpose", "unreachable", "date", "phone", "field", "double", "yaml"],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, wrong: str, line: int, why: str) -> None:
    """Who mistypes an entry reads which file, which line and what is wrong."""
    file = tmp_path / "here" / "contacts.yml"
    file.parent.mkdir()
    file.write_text(wrong, "utf-8")
    with pytest.raises(Misconfigured, match=re.escape(f"{file}:{line}")) as raised:
        packs.contacts("here", tmp_path)
    assert why in str(raised.value)
