"""Puts a reply of keys and values into the words of a language."""

from dataclasses import dataclass

from dialogue.outcome import Choice, Say
from translations.catalogs import Words
from translations.languages import languages


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
        Worded(words.say(language, say.key, say.values), language, _labels(words, language, say.choices), say)
        for say in says
    ]


def direction(language: str) -> str:
    """«ltr» or «rtl»."""
    return languages()[language].direction


def _labels(words: Words, language: str, choices: tuple[Choice, ...]) -> tuple[Label, ...]:
    return tuple(
        Label(choice.name, choice.language or language, choice)
        if choice.name
        else Label(words.say(language, choice.key or ""), language, choice)
        for choice in choices
    )
