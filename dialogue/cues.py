"""From the words that announce personal data, in all languages together, to the patterns that find them. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

Lists = Mapping[str, Iterable[str]]
"""Name of a list («birth», «not_names») → its words in all languages; «*» at a word's end stands for any ending."""


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


LETTER = r"[^\W\d_]"


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
