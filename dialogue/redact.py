"""Takes personal data out of a text and says what kinds they were. Pure: the words that announce them are given to it.

A stretch is found by its form (phone, e-mail, IBAN, link, plate, serial number of a document), by a word that announces
it (birth, document, name), or by both (street and house number). All languages apply together: people mix them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from stdnum import iban

from dialogue.cues import LETTER, Cues, plain

Span = tuple[int, int]


class Personal(StrEnum):
    """Kinds of personal data. Where two overlap, the one that is named first here gives the placeholder."""

    EMAIL = "email"
    LINK = "link"
    IBAN = "iban"
    DOCUMENT = "document"
    PHONE = "phone"
    PLATE = "plate"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"
    NAME = "name"


@dataclass(frozen=True)
class Found:
    """A stretch of a text that is personal."""

    kind: Personal
    start: int
    end: int


@dataclass(frozen=True)
class Redacted:
    """The text with placeholders, and the kinds of what they stand for."""

    text: str
    kinds: tuple[Personal, ...]


LOOKS = 10
"""A bound, should a placeholder itself look personal."""


def redact(text: str, cues: Cues, marks: Mapping[str, str]) -> Redacted:
    """The text with each personal stretch replaced by the mark of its kind; the text itself where there is none."""
    kinds: tuple[Personal, ...] = ()
    # A placeholder can bring words together that were apart: look again until nothing is found.
    for _ in range(LOOKS):
        found = find(text, cues)
        if not found:
            break
        text = _replace(text, found, marks)
        kinds += tuple(one.kind for one in found)
    return Redacted(text, kinds)


def find(text: str, cues: Cues) -> tuple[Found, ...]:
    """The personal stretches of a text in their order, none touching another."""
    even = plain(text)
    found = (Found(kind, *span) for kind, finder in FINDERS.items() for span in finder(even, cues))
    return tuple(_merged(sorted(found, key=lambda one: (one.start, -one.end))))


def _replace(text: str, found: Iterable[Found], marks: Mapping[str, str]) -> str:
    parts, end = [], 0
    for one in found:
        parts += [text[end : one.start], marks[one.kind]]
        end = one.end
    return "".join([*parts, text[end:]])


def _merged(found: Iterable[Found]) -> Iterator[Found]:
    """Overlapping stretches as one, so that nothing of either is left; given in the order of their starts."""
    last: Found | None = None
    for one in found:
        if last and one.start < last.end:
            kind = min(last.kind, one.kind, key=ORDER.index)
            last = Found(kind, last.start, max(last.end, one.end))
            continue
        if last:
            yield last
        last = one
    if last:
        yield last


ORDER = tuple(Personal)

# Every repetition below has an upper bound: the time for a text grows with its length, not with its square.

# What is found by its form ----------------------------------------------------------------------------------------

EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}\s?(?:@|\(at\)|\[at\])\s?"
    r"[\w-]{1,63}(?:\s?(?:\.|\(dot\)|\[dot\])[\w-]{1,63}){1,5}",
    re.I,
)
URL = re.compile(r"(?<![\w@])(?:https?://|www\.)[^\s\[\]<>«»\"]{2,2000}", re.I)
DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[\w-]{1,63}\.){1,4}"
    r"(?:(?:de|com|org|net|eu|info|ua|ru|tr|ch|io|gov|edu|app|рф|укр)(?![\w-]|\.\w)|(?:me|be|ly|at|gl|co|uk)(?=/\w))"
    r"(?:[/?#][^\s\[\]<>«»\"]{0,2000})?"
)
HANDLE = re.compile(r"(?<![\w@.])@[a-z]\w{4,31}(?![\w@])", re.I)
CLOSING = ".,;:!?)'؟،"

PHONE_LIKE = re.compile(r"\d(?:[ ()/.-]{0,3}\d){5}")
IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.I)
IBAN_LENGTHS = range(34, 14, -1)

# Serial numbers of German documents are spelled without vowels, and without letters that look like digits.
SERIAL = re.compile(
    r"(?<![\w\[-])(?=\w{0,9}\d\w{0,9}\d\w{0,9}\d)[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?(?![\w-])", re.I
)
WEIGHTS = (7, 3, 1)

PLATE = re.compile(
    r"(?<![\w\[-])([A-Z]{1,3})(?: ?- ?[A-Z]{1,2}[ -]?(\d{1,4})| [A-Z]{1,2} ?(\d{2,4}))[EH]?(?![\w-]|[.,:]\d)"
)
PLATE_IN_SMALL = re.compile(r"(?<![\w\[-])([a-z]{1,3})-[a-z]{1,2}[ -]?(\d{3,4})[eh]?(?![\w-]|[.,:]\d)")


def _emails(text: str, _: Cues) -> Iterator[Span]:
    return (match.span() for match in EMAIL.finditer(text))


def _links(text: str, _: Cues) -> Iterator[Span]:
    for pattern in (URL, DOMAIN, HANDLE):
        for match in pattern.finditer(text):
            yield match.start(), match.start() + len(match.group().rstrip(CLOSING))


def _ibans(text: str, cues: Cues) -> Iterator[Span]:
    """What has the checksum, and what a person calls an IBAN even if a digit of it is wrong."""
    for match in IBAN.finditer(text):
        ends = [match.start() + place + 1 for place, char in enumerate(match.group()) if char not in " -"]
        for length in IBAN_LENGTHS:
            if length <= len(ends) and iban.is_valid(text[match.start() : ends[length - 1]]):
                yield match.start(), ends[length - 1]
                break
    yield from (match.span("it") for match in cues.iban.finditer(text))


def _phones(text: str, cues: Cues) -> Iterator[Span]:
    """Valid German and international numbers, and what a person calls a number of a telephone."""
    if PHONE_LIKE.search(text):
        for match in phonenumbers.PhoneNumberMatcher(text, "DE", leniency=phonenumbers.Leniency.VALID):
            # A number without 0 or + is a price, a year, a count, far more often than a number one can dial.
            if match.raw_string.lstrip("( ")[0] in "+0" and not cues.date.search(match.raw_string):
                yield match.start, match.end
    for found in cues.phone.finditer(text):
        if not NO_PHONE.fullmatch(found["it"]) and not cues.date.fullmatch(found["it"]):
            yield found.span("it")


NO_PHONE = re.compile(r"(?:19|20)\d\d[ -](?:19|20)\d\d|[1-9](?: ?\d){5}|116 ?\d{3}")
"""Two years, six digits that don't begin with 0 (300 000), and the public numbers 116 xxx."""


def _documents(text: str, cues: Cues) -> Iterator[Span]:
    """Serial numbers, those of ten characters only with the right check digit; any number that is called one."""
    for match in SERIAL.finditer(text):
        if len(match.group()) == 9 or _check_digit(match.group()[:9].upper()) == match.group()[9]:
            yield match.span()
    yield from (match.span("it") for match in cues.document.finditer(text))


def _check_digit(serial: str) -> str:
    """The check digit of ICAO Doc 9303 for a serial number."""
    values = (int(char, 36) * WEIGHTS[place % 3] for place, char in enumerate(serial))
    return str(sum(values) % 10)


def _plates(text: str, cues: Cues) -> Iterator[Span]:
    for pattern in (PLATE, PLATE_IN_SMALL):
        for match in pattern.finditer(text):
            digits = next(group for group in match.groups()[1:] if group)
            letters = sum(char.isalpha() for char in match.group())
            # «B-A 1» may be a level or a model.
            if match[1].upper() in cues.plate_areas and letters + len(digits) > 3:
                yield match.span()
    for match in cues.plate.finditer(text):
        signs = [char for char in match["it"] if char.isalnum()]
        if 5 <= len(signs) <= 10 and sum(char.isdigit() for char in signs) in range(2, len(signs)):
            yield match.span("it")


# What is found by the words around it -----------------------------------------------------------------------------

NEAR = 80
"""How many characters before or after a date are searched for a word about birth."""


def _birth_dates(text: str, cues: Cues) -> Iterator[Span]:
    for match in cues.date.finditer(text):
        before, after = text[max(0, match.start() - NEAR) : match.start()], text[match.end() : match.end() + NEAR]
        if cues.birth_before.search(before) or cues.birth_after.match(after):
            yield match.span()


def _addresses(text: str, cues: Cues) -> Iterator[Span]:
    return (match.span("it") for pattern in cues.streets for match in pattern.finditer(text))


# An initial, or a word; «Elif'tir» ends before the apostrophe, «O'Neil» and «Мар'яна» don't.
WORD = re.compile(
    rf"{LETTER}\.(?= ?{LETTER})|{LETTER}{{1,40}}(?:-{LETTER}{{1,40}}|'(?=[A-Z\u0400-\u04ff]){LETTER}{{1,40}}){{0,3}}"
)
ENDS = re.compile(r"\s{0,4}(?:[.,;!?)؟،\n]|\Z)")
CLOSES = re.compile(r"[\s.!)]{0,9}(?:\n|\Z)")
MOST_NAMES = 4


def _names(text: str, cues: Cues) -> Iterator[Span]:
    for match in cues.names.finditer(text):
        yield from _spans(_name(text, match.end(), cues))
    for match in cues.names_capital.finditer(text):
        if text[match.end() : match.end() + 1].isupper():
            yield from _spans(_name(text, match.end(), cues))
    for match in cues.signatures.finditer(text):
        words = _name(text, match.end(), cues)
        if words and not words[0].group().islower() and CLOSES.match(text, words[-1].end()):
            yield from _spans(words)


def _spans(words: list[re.Match[str]]) -> Iterator[Span]:
    if words:
        yield words[0].start(), words[-1].end()


def _name(text: str, place: int, cues: Cues) -> list[re.Match[str]]:
    """The words of the name that begins at this place: none if the first word can't be one."""
    words: list[re.Match[str]] = []
    while len(words) < MOST_NAMES and (word := WORD.match(text, place)) and _continues(text, words, word, cues):
        words.append(word)
        place = word.end() + (text[word.end() : word.end() + 1] == " ")
        if place == word.end():
            break
    return words


def _continues(text: str, words: list[re.Match[str]], word: re.Match[str], cues: Cues) -> bool:
    """Whether the word goes on with the name. In small letters only the last word of a sentence does."""
    if word.group().lower() in cues.not_names:
        return False
    if not words:
        return True
    if _is_and(word.group()):
        return False
    if words[0].group().islower():
        return len(words) == 1 and word.group().islower() and ENDS.match(text, word.end()) is not None
    return not word.group().islower()


def _is_and(word: str) -> bool:
    """Arabic writes «and» as the first letter of the next word."""
    return word.startswith("و") and len(word) > 2


FINDERS: Mapping[Personal, Callable[[str, Cues], Iterator[Span]]] = {
    Personal.EMAIL: _emails,
    Personal.LINK: _links,
    Personal.IBAN: _ibans,
    Personal.PHONE: _phones,
    Personal.DOCUMENT: _documents,
    Personal.PLATE: _plates,
    Personal.BIRTH_DATE: _birth_dates,
    Personal.ADDRESS: _addresses,
    Personal.NAME: _names,
}
