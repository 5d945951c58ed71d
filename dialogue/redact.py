"""Takes personal data out of a text and says what kinds they were. Pure: the words that announce them are given to it.

A stretch is found by its form (phone, e-mail, IBAN, link, plate, serial number of a document), by a word that announces
it (birth, document, name), or by both (street and house number). All languages apply together: people mix them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from stdnum import iban

Lists = Mapping[str, Iterable[str]]
"""Name of a list («birth», «not_names») → its words in all languages; «*» at a word's end stands for any ending."""

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
class Cues:
    """The words of all languages as patterns, and the words by which a find is rejected."""

    iban: re.Pattern[str]
    phone: re.Pattern[str]
    document: re.Pattern[str]
    plate: re.Pattern[str]
    date: re.Pattern[str]
    birth_before: re.Pattern[str]
    birth_after: re.Pattern[str]
    streets: tuple[re.Pattern[str], ...]
    names: re.Pattern[str]
    names_capital: re.Pattern[str]
    signatures: re.Pattern[str]
    not_names: frozenset[str]
    plate_areas: frozenset[str]


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


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """One character for one: digits of any script as ASCII, letters without marks, one dash, one apostrophe."""
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(char) == "Pd":
        return "-"
    if char in EVENED:
        return EVENED[char]
    parts = unicodedata.normalize("NFKD", char)
    return parts[0] if all(unicodedata.combining(mark) for mark in parts[1:]) else char


def plain(text: str) -> str:
    """The text in the form that is searched. Its length is that of the text, so that places in one are in the other."""
    return "".join(_plain(char) for char in text)


EVENED = {"ı": "i", "ى": "ي", "ة": "ه", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"}


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


LETTER = r"[^\W\d_]"
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


# From words to patterns -------------------------------------------------------------------------------------------

# A placeholder stands in brackets: a word in it announces nothing.
START, STOP = r"(?<![\w\[])", r"(?![\w\]])"
BIG, SMALL = "A-ZА-ЯІЄҐ", "a-zа-яієґß"
PROPER = rf"(?:[{BIG}][\w'-]{{1,30}}|[\u0620-\u06ff]{{2,20}})"
CAPITAL = rf"[{BIG}][\w'-]{{2,30}}"
HOUSE_NUMBER = r"(?>[1-9]\d{0,2}(?:\s?[a-h](?!\w))?(?:\s?[-/]\s?\d{1,3}[a-h]?)?)(?![\w%€$]|\s[%€$]|[.,:/]\d|-\w|\.-)"
DATE = (
    r"(?<![\w.,/-])(?:\d{{1,2}}\s?([./-])\s?\d{{1,2}}\s?\1\s?(?:\d{{4}}|\d{{2}})|\d{{4}}([./-])\d{{1,2}}\2\d{{1,2}}"
    r"|\d{{1,2}}(?:\.|st|nd|rd|th|-?го)?\s(?:of\s)?{months}\.?,?\s\d{{4}}"
    r"|{months}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}})(?!\d|[./-]\d)"
)
SIGNS = r"[A-Z0-9]{6,12}"
DOCUMENT_NUMBER = (
    rf"(?:(?-i:[{BIG}]{{1,3}})[ -]?\d(?: ?\d){{4,12}}|\d(?: ?\d){{5,12}}"
    rf"|(?=\w{{0,9}}\d\w{{0,9}}\d\w{{0,9}}\d){SIGNS})(?!\w)"
)
PHONE_NUMBER = r"[+(]?\d(?:[ ()/-]{0,3}\d){5,14}(?!\w|[.,]\d)"
PLATE_NUMBER = rf"(?-i:[{BIG}0-9]{{1,8}}(?:[ -][{BIG}0-9]{{1,8}}){{0,3}})(?!\w)"
IBAN_NUMBER = r"[A-Z]{2}\d{2}(?:[ -]?\d[A-Z0-9]{0,3}){3,8}(?!\w)"
GAP = r"[^\d.,;!?\n\[\]]"
SENTENCE = r"[^.!?؟\n\[\]]{0,40}"
INTRODUCES = r"\s?[:-]?\s?[\"'«„“]?(?=[^\W\d_])"


def cues(lists: Lists) -> Cues:
    """The patterns of these words. A list that is missing counts as empty."""
    phone, birth, names = _any(lists, "phone", stop=""), _any(lists, "birth"), _any(lists, "names")
    # «My passport is lost, phone 0152…» names no number of a passport.
    before_document = rf"(?:(?!{phone})(?:{GAP}|\b(?:nr|no)\.)){{0,30}}?"
    return Cues(
        iban=_compiled(rf"(?<!\w)iban\W{{0,3}}(?P<it>{IBAN_NUMBER})"),
        phone=_compiled(rf"{phone}{GAP}{{0,20}}[.:]?\s?(?<![\w+])(?P<it>{PHONE_NUMBER})"),
        document=_compiled(rf"{_any(lists, 'document')}{before_document}(?<!\w)(?P<it>{DOCUMENT_NUMBER})"),
        plate=_compiled(rf"{_any(lists, 'plate')}{GAP}{{0,20}}?(?<!\w)(?P<it>{PLATE_NUMBER})"),
        date=_compiled(DATE.format(months=_any(lists, "months"))),
        birth_before=_compiled(rf"{birth}{SENTENCE}\Z"),
        birth_after=_compiled(rf"{SENTENCE}{birth}"),
        streets=tuple(_compiled(pattern) for pattern in _streets(lists)),
        names=_compiled(rf"(?:{names}|{_any(lists, 'name_labels')}\s?:){INTRODUCES}"),
        names_capital=_compiled(rf"{_any(lists, 'names_capital')}{INTRODUCES}"),
        signatures=_compiled(rf"{_any(lists, 'signatures')}[\s,،!.-]{{1,4}}(?=[^\W\d_])"),
        not_names=_set(lists, "not_names"),
        plate_areas=frozenset(area.upper() for area in _set(lists, "plate_areas")),
    )


def _streets(lists: Lists) -> Iterator[str]:
    """The ways to write a street with its house number."""
    house = rf"(?:,?\s?{_any(lists, 'house')}\s?[:.№#]?\s?|(?<=\.)|\s{{1,2}})"
    number = rf"{house}{HOUSE_NUMBER}(?!\s?-?{_any(lists, 'not_house')})"
    ending = _any(lists, "street_endings", start="")
    no = rf"(?!{_any(lists, 'not_streets')})"
    capital, proper = rf"{no}(?-i:{CAPITAL})", rf"{no}(?-i:{PROPER})"
    joined = rf"{LETTER}[\w'-]{{1,30}}?{ending}"
    street = rf"(?:{no}{joined}|(?:{capital}\s){{1,2}}{ending}|{no}{LETTER}[\w'-]{{2,25}}\s{ending})"
    words, home = _any(lists, "street_words"), rf"{_any(lists, 'home')}[\s:]{{0,3}}(?:\w{{2,4}}\s){{0,2}}"
    # Where a German name stands in a sentence of another script, that script ends it.
    follow = rf"(?=\s?(?:[.,;!?)\n]|\Z|\d{{5}}|[\u0400-\u06ff]|{_any(lists, 'after_house')}))"
    # Königstraße 12a, Pariser Str. Nr. 117; Russian and Ukrainian put a comma before the number
    yield rf"{START}(?P<it>(?:{words}\.?\s)?{street}(?:'\w{{1,5}}|(?<=[\u0400-\u04ff]),)?{number})"
    # Am Harzhübel 3; not «am Bahnhof 3 Stunden», not «I am Maria 5»
    yield rf"(?<!I )(?P<it>{_any(lists, 'street_places')}\s(?!{joined}){capital}{number}){follow}"
    # улица Паризер, дом 117
    yield rf"(?P<it>{words}\.?\s{proper}(?:[\s-]{proper}){{0,2}},?{number})"
    # I live in Pfaffenberg 9
    yield rf"{home}(?P<it>{capital}(?:\s{capital}){{0,2}}{number}){follow}"
    # I live at 12 Königstraße
    yield rf"{home}(?P<it>{HOUSE_NUMBER},?\s{street})(?!\w)"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _any(lists: Lists, name: str, start: str = START, stop: str = STOP) -> str:
    """A group that matches any word of the list as a whole word; one that never matches for an empty list."""
    words = sorted({plain(word).lower() for word in lists.get(name, ())}, key=lambda word: (-len(word), word))
    return f"{start}(?:{'|'.join(_word(word, stop) for word in words)})" if words else r"(?!)"


def _word(word: str, stop: str) -> str:
    escaped = re.escape(word.removesuffix("*")).replace(r"\ ", r"\s{1,2}")
    if word.endswith("*"):
        return escaped + r"\w{0,15}" + stop
    return escaped + (stop if word[-1].isalnum() else "")


def _set(lists: Lists, name: str) -> frozenset[str]:
    return frozenset(plain(word).lower() for word in lists.get(name, ()))
