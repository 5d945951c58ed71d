"""Puts a reply of keys and values into the words of a language."""

from dataclasses import dataclass

from babel import Locale
from babel.lists import format_list

from dialogue.outcome import Choice, Line, Say
from translations.catalogs import Words
from translations.languages import languages

CHOSEN = "✓ "
WEEK = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
"""The days as the contacts name them, from Monday on."""


@dataclass(frozen=True)
class Label:
    """A button in words, in the language that it is written in."""

    text: str
    language: str
    choice: Choice


@dataclass(frozen=True)
class Worded:
    """A sentence in words, with its buttons."""

    text: str
    language: str
    labels: tuple[Label, ...]
    say: Say


def word(words: Words, language: str, says: tuple[Say, ...]) -> list[Worded]:
    """The sentences in this language."""
    return [
        Worded(_sentence(words, language, say), language, tuple(label(words, language, c) for c in say.choices), say)
        for say in says
    ]


def direction(language: str) -> str:
    """«ltr» or «rtl»."""
    return languages()[language].direction


def language_name(code: str, language: str) -> str:
    """What a language is called in another one (CLDR); its code where nobody knows."""
    locale = Locale.parse(languages()[language].locale)
    return str(locale.languages.get(code, code))


def label(words: Words, language: str, choice: Choice) -> Label:
    """A button in words."""
    if choice.name:
        return Label(choice.name, choice.language or language, choice)
    text = language_name(choice.names, language) if choice.names else words.say(language, choice.key or "")
    if choice.number is not None:
        text = words.say(language, "numbered", {"name": text, "number": choice.number})
    return Label(CHOSEN + text if choice.chosen else text, language, choice)


def _sentence(words: Words, language: str, say: Say) -> str:
    values: dict[str, str | int] = {**say.values}
    if say.count is not None:
        values["count"] = say.count
    sentence = words.say(language, say.key, values, say.count)
    return "\n".join([sentence, *(_line(words, language, line) for line in say.lines)])


def _line(words: Words, language: str, line: Line) -> str:
    name = words.say(language, line.name)
    if line.number is not None:
        name = words.say(language, "numbered", {"name": name, "number": line.number})
    parts = [words.say(language, key) for key in line.keys]
    parts += [language_name(code, language) for code in line.languages]
    value = line.value or format_list(parts, locale=languages()[language].locale)
    if line.hours:
        value += f" ({_hours(line.hours, language)})"
    return "• " + words.say(language, "line", {"name": name, "value": value})


def _hours(hours: str, language: str) -> str:
    """«Mo-Sa 14-20» with the days of the week as the language names them (CLDR)."""
    days, times = hours.split()
    names = Locale.parse(languages()[language].locale).days["format"]["abbreviated"]
    first, last = (names[WEEK.index(day)] for day in days.split("-"))
    return f"{first}–{last} {times.replace('-', '–')}"
