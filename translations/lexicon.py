"""The words by which an option can be named in any language: what a person types instead of pressing a button."""

from collections.abc import Iterable, Iterator, Mapping

import yaml
from babel import Locale, localedata

from dialogue import matching
from dialogue.questions import DECLINE, ELSEWHERE, option_choices
from dialogue.reading import Lexicon
from dialogue.rounds import ASIDES, YES_OR_NO, City, Kind, Question, Round
from dialogue.summary import PLAYED_BACK
from dialogue.texts import fold
from translations import redaction
from translations.catalogs import Words
from translations.delicate import delicate
from translations.languages import FOLDER, languages
from translations.wording import label


def build(city: City, round: Round, words: Words) -> Lexicon:
    """The lexicon of a city's round, in all languages of the city."""
    yes_no = {word: value for value in ("yes", "no") for word in _alternatives(city, words, f"{value}.words")}
    return Lexicon(
        words={
            **{question.id: dict(_options(city, words, question)) for question in round.questions if _lists(question)},
            # What stands on the buttons of one question, «yes, delete everything», is no yes to another one.
            **{
                question.id: {**yes_no, **dict(_options(city, words, question))}
                for question in (*round.questions, *ASIDES)
                if question.kind in (*YES_OR_NO, Kind.REVIEW)
            },
            "number": dict(_numbers(city, words)),
            "pick": dict(_picks(city, words, round)),
            "language": dict(_languages(city, city.languages)),
            "languages": {**dict(_languages(city, _known_languages(city))), **_further_names()},
        },
        fillers=frozenset(_alternatives(city, words, "fillers.words")),
        beside={question.id: frozenset(_beside(city, words, question)) for question in round.questions},
        places=matching.names(city.districts),
        cues=redaction.cues(),
        marks=redaction.marks(),
        moments=delicate(),
    )


def _lists(question: Question) -> bool:
    return question.kind in (Kind.DISTRICT, Kind.THEME, Kind.SCALE, Kind.CHOICE)


def _options(city: City, words: Words, question: Question) -> Iterator[tuple[str, str]]:
    """Each option by its label and by the other words that people type for it."""
    if question.again:
        yield from ((fold(words.say(code, f"{question.id}.after")), "yes") for code in city.languages)
    for choice in option_choices(city, question):
        if choice.act != "answer":
            continue
        if choice.name:
            yield fold(choice.name), choice.value
            continue
        for code in city.languages:
            yield fold(label(words, code, choice).text), choice.value
            common = (f"{choice.value}.words",) if choice.value in (ELSEWHERE, DECLINE) else ()
            for key in (f"{choice.key}.words", *common):
                if words.has(code, key):
                    yield from ((fold(word), choice.value) for word in words.raw(code, key).split("|"))


def _alternatives(city: City, words: Words, key: str) -> Iterator[str]:
    """The alternatives of a key: in the catalog they stand in one line, parted by «|»."""
    for code in city.languages:
        for word in words.raw(code, key).split("|"):
            yield fold(word) or word.strip()


def _beside(city: City, words: Words, question: Question) -> Iterator[str]:
    key = f"{question.id}.beside.words"
    for code in city.languages:
        if words.has(code, key):
            yield from (fold(word) for word in words.raw(code, key).split("|"))


def _numbers(city: City, words: Words) -> Iterator[tuple[str, str]]:
    for code in city.languages:
        for number, alternatives in enumerate(words.raw(code, "numbers.words").split("|")):
            yield from ((fold(word), str(number)) for word in alternatives.split(","))


def _picks(city: City, words: Words, round: Round) -> Iterator[tuple[str, str]]:
    for question in round.questions:
        if question.kind in PLAYED_BACK:
            yield from ((fold(words.raw(code, f"{question.id}.name")), question.id) for code in city.languages)


def _languages(city: City, codes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each language by its name in every language that the city speaks (CLDR), and in itself."""
    named = [Locale.parse(languages()[code].locale).languages for code in city.languages]
    for code in codes:
        if code in languages():
            yield fold(languages()[code].autonym), code
        for name in (_own_name(code), *(names.get(code) for names in named)):
            if name and fold(name):
                yield fold(name), code


def _known_languages(city: City) -> Mapping[str, str]:
    """Every living language that CLDR knows a name for, without regional variants, in the city's first language."""
    named = Locale.parse(languages()[city.languages[0]].locale).languages
    return {code: name for code, name in named.items() if "_" not in code and code not in NO_LANGUAGES}


def _further_names() -> Mapping[str, str]:
    listed = yaml.safe_load((FOLDER / "language-names.yml").read_text("utf-8"))
    return {fold(name): code for code, names in listed.items() for name in names}


def _own_name(code: str) -> str | None:
    """What CLDR calls the language in itself."""
    if code not in LOCALES:
        return None
    name = Locale.parse(code).get_language_name()
    # Babel would keep what it knows of three hundred languages: 150 MB, for one word each.
    localedata._cache.pop(code, None)
    return name


LOCALES = frozenset(localedata.locale_identifiers())
NO_LANGUAGES = ("mul", "und", "zxx", "root")
