"""Personal data are gone before an answer is stored, and what is not personal stays."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.cues import plain
from dialogue.redact import Personal, find, redact
from dialogue.texts import MOST
from tests.redaction import LEAST_FOUND, MOST_FALSE, NONE, SETS, false_alarms, found, rows
from translations.languages import languages
from translations.redaction import cues, marks

each_language = pytest.mark.parametrize("file", SETS, ids=lambda file: file.stem)

ROWS = [row for file in SETS for row in rows(file)]

PIECES = """0152 28817386|Königstraße 12|ich heiße |Anna|geboren |12.03.1985|Pass |L01X00T47|[Name]|anna@example.org
|www.|example.de|KL-AB 1|DE89 3704 0044 0532 0130 00|, |. |улица |شارع |اسمي |меня зовут |1|0| |Am |[Ausweisnummer]
|@|-|+49 |LG """

NASTY = """a|1|1 |0 |A-|a.|a-|'a|Am A |König |Königstr|DE89 |0152 28817386 |1-|(|+4|a@a.|ich heiße |pass nr. |geboren 1.
|12.03.1985 |شارع كونيغ |улица Кёниг |www.|x.de/|wohne in der |tel |kennzeichen A | |ё|٠| 1/|K1|mfg a |no. 1 """


def stored(text: str) -> str:
    """The text as it is stored."""
    return redact(text, cues(), marks()).text


def test_every_language_has_its_sentences() -> None:
    """Every language has at least 36 sentences with personal data of every kind, and 66 without."""
    assert {file.stem for file in SETS} == set(languages())
    for file in SETS:
        read = rows(file)
        assert {row.kind for row in read} == {*Personal, NONE}
        assert sum(row.kind != NONE for row in read) >= 36
        assert sum(row.kind == NONE for row in read) >= 66
        assert all(row.text == row.expected for row in read if row.kind == NONE)


@each_language
def test_personal_data_are_found(file: Path) -> None:
    """At least 95 of 100 sentences with personal data are stored without them, and otherwise as they were."""
    assert found(rows(file)).share >= LEAST_FOUND


@each_language
def test_little_else_is_taken_for_it(file: Path) -> None:
    """At most 2 of 100 sentences without personal data are changed."""
    assert false_alarms(rows(file)).share <= MOST_FALSE


def test_twice_is_once() -> None:
    """What was redacted has nothing left to redact: placeholders are no personal data."""
    for row in ROWS:
        once = stored(row.text)
        assert redact(once, cues(), marks()).kinds == (), once


@given(st.lists(st.sampled_from(PIECES.split("|")), max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_twice_is_once_in_any_order(text: str) -> None:
    """However personal data, their announcements and placeholders meet, one redaction is enough."""
    assert stored(stored(text)) == stored(text)


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_redacted(text: str) -> None:
    """No text makes it fail, and where nothing is found the text is the very same."""
    redacted = redact(text, cues(), marks())
    assert len(plain(text)) == len(text)
    if not redacted.kinds:
        assert redacted.text is text


@given(st.text(alphabet="bcdfghjklmnpqrstvwxyzбвгджзклпрстبتثجحخ ,!?\n", max_size=300))
@settings(max_examples=200, deadline=None)
def test_plain_words_stay(text: str) -> None:
    """Without digits, «@», full stops and announcing words nothing is personal."""
    announced = (cues().names, cues().names_capital, cues().signatures)
    if not any(pattern.search(plain(text)) for pattern in announced):
        assert stored(text) == text


@pytest.mark.parametrize("piece", NASTY.split("|"))
def test_no_text_takes_long(piece: str) -> None:
    """The longest messages, made to let patterns try in vain, are done before anybody waits."""
    stored((piece * MOST)[:MOST])


@pytest.mark.parametrize("number", ["110", "112", "115", "116117", "١١٢"])
def test_emergency_numbers_stay(number: str) -> None:
    """Whom everybody may call is not personal, in whatever words it stands."""
    for sentence in ("Notruf {}", "Telefon: {}", "Bitte {} anrufen.", "call {}!", "телефон {}", "هاتف {}"):
        assert stored(sentence.format(number)) == sentence.format(number)


def test_overlaps_become_one() -> None:
    """A stretch that is personal in two ways is replaced once, and nothing of it is left."""
    assert stored("https://example.org/?mail=anna@example.org") == "[E-Mail]"
    assert [one.kind for one in find("Mein Pass 0152 28817386", cues())] == [Personal.DOCUMENT]


def test_kinds_are_told_in_order() -> None:
    """The kinds of what was replaced come in the order of the text."""
    redacted = redact("Ich heiße Jorinde, Tel. 0152 28817386, mail jorinde@example.org", cues(), marks())
    assert redacted.text == "Ich heiße [Name], Tel. [Telefon], mail [E-Mail]"
    assert redacted.kinds == (Personal.NAME, Personal.PHONE, Personal.EMAIL)


def test_a_check_digit_counts() -> None:
    """Ten characters are a document's number only with the right check digit; a word for it makes it one anyway."""
    assert stored("L01X00T471") == "[Ausweisnummer]"
    assert stored("L01X00T472") == "L01X00T472"
    assert stored("Ausweis L01X00T472") == "Ausweis [Ausweisnummer]"


def test_an_iban_has_its_checksum() -> None:
    """An account is found in any writing; with a wrong digit only if it is called IBAN."""
    assert stored("de89 3704 0044 0532 0130 00 danke") == "[IBAN] danke"
    assert stored("XX12 3456 7890 1234 5678") == "XX12 3456 7890 1234 5678"
    assert stored("IBAN: DE89 3704 0044 0532 0130 01") == "IBAN: [IBAN]"


def test_marks_stand_in_brackets() -> None:
    """Each kind has a placeholder of its own, in brackets: that is how it is known as one."""
    assert set(marks()) == set(Personal)
    assert len(set(marks().values())) == len(Personal)
    assert all(re.fullmatch(r"\[[\w-]+\]", mark) for mark in marks().values())
