"""The contacts of every city can be read and reached; a wrong one is named with file and line."""

import re
from datetime import date
from pathlib import Path

import pytest

from dialogue.contacts import Purpose
from dialogue.errors import Misconfigured
from store import packs

CITIES = sorted(file.parent.name for file in packs.CITIES.glob("*/contacts.yml"))
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
