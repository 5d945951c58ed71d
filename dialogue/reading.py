"""Reads a typed text as an answer to the question that is open. Pure: the words of the options are given to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dialogue.cues import Cues
from dialogue.delicate import Patterns
from dialogue.matching import match
from dialogue.rounds import Kind, Question
from dialogue.texts import fold

LONGEST_OPTION = 4
"""Words up to which a text is compared with the names of options, typing errors and all; longer ones tell something."""
OLDEST = 120
"""A larger number is a year or a postcode, and names no age and no count."""
CODE = re.compile(r"(?<![\w-])\d{4}(?:[\s-]?\d{4}){4}(?![\w-])")
"""What a code to go on with looks like: digits, since every keyboard in every script has them."""


@dataclass(frozen=True)
class Lexicon:
    """All that is needed to read: made from the catalogs and the city pack."""

    words: Mapping[str, Mapping[str, str]]
    """Topic («language», «languages», «number», «pick» or a question's id) → folded word in any language → option."""
    places: Mapping[str, frozenset[str]]
    """Folded name or alias of a district → the ids that it may mean."""
    cues: Cues
    marks: Mapping[str, str]
    moments: Patterns


def read(question: Question, text: str, lexicon: Lexicon) -> str | None:
    """The option that the text names, the text itself at a free-text question, None where it says neither.

    Several languages come as codes parted by commas.
    """
    if question.kind is Kind.TEXT:
        return text
    words = lexicon.words.get(topic(question), {})
    exact = words.get(fold(text)) or words.get(text.strip())
    if exact is not None and question.kind is not Kind.LANGUAGES:
        return exact
    match question.kind:
        case Kind.LANGUAGES:
            return ",".join(named_languages(text, lexicon)) or None
        case Kind.SCALE:
            return _on_scale(question, text, lexicon)
        case Kind.CHOICE:
            return _by_number(question, text, lexicon) or _nearly(question, text, lexicon)
        case Kind.DISTRICT | Kind.THEME:
            return _nearly(question, text, lexicon)
        case Kind.PICK:
            return _numbered(words, text)
    return None


def candidates(question: Question, text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Options that the text may mean, the likeliest first; empty where it is like none, or long."""
    if question.kind is Kind.DISTRICT:
        return match(text, lexicon.places).candidates
    if question.kind in (Kind.THEME, Kind.CHOICE) and len(fold(text).split()) <= LONGEST_OPTION:
        return match(text, _names(question, lexicon)).candidates
    return ()


def named_language(text: str, lexicon: Lexicon) -> str | None:
    """The language of ours that one of the words names: «auf Arabisch bitte» → ar. None where none or several do."""
    words = lexicon.words["language"]
    found = {words[word] for word in fold(text).split() if word in words}
    return found.pop() if len(found) == 1 else None


def named_languages(text: str, lexicon: Lexicon) -> list[str]:
    """Every language of the world that the text names, in its order; names of several words before their parts."""
    words, found = lexicon.words["languages"], list[str]()
    # In Arabic «and» is written together with the word behind it.
    rest = [word[1:] if word not in words and word[:1] == "و" else word for word in fold(text).split()]
    while rest:
        length = next((n for n in (3, 2, 1) if " ".join(rest[:n]) in words and len(rest) >= n), 0)
        if length and (code := words[" ".join(rest[:length])]) not in found:
            found.append(code)
        rest = rest[length or 1 :]
    return found


def resume_code(text: str) -> str | None:
    """The code to go on with, if the text is or holds one: twenty digits."""
    found = CODE.search(text)
    return "".join(str(int(digit)) for digit in found[0] if digit.isdecimal()) if found else None


def topic(question: Question) -> str:
    """Which part of the lexicon holds the words for this question."""
    return question.kind if question.kind in (Kind.LANGUAGE, Kind.LANGUAGES, Kind.PICK) else question.id


def _nearly(question: Question, text: str, lexicon: Lexicon) -> str | None:
    if question.kind is Kind.DISTRICT:
        return match(text, lexicon.places).sure
    if len(fold(text).split()) > LONGEST_OPTION:
        return None
    return match(text, _names(question, lexicon)).sure


def _numbered(words: Mapping[str, str], text: str) -> str | None:
    """«Your need (2)», as it stands on the button: the second time that the question was asked."""
    name, _, number = fold(text).rpartition(" ")
    return f"{words[name]}.{int(number) - 1}" if name in words and number.isdecimal() else None


def _names(question: Question, lexicon: Lexicon) -> Mapping[str, frozenset[str]]:
    return {word: frozenset([option]) for word, option in lexicon.words.get(question.id, {}).items()}


def _on_scale(question: Question, text: str, lexicon: Lexicon) -> str | None:
    """«4», «vier» or «4 von 5»; but «Linie 4 fehlt» is another thought than how important the last one was."""
    said = fold(text).split()
    numbers = [word.isdecimal() or word in lexicon.words["number"] for word in said]
    alone = len(said) == 1 or (len(said) <= LONGEST_OPTION and said[-1] in (question.options[-1], "10"))
    return _by_number(question, said[0], lexicon) if said and numbers[0] and numbers[-1] and alone else None


def _by_number(question: Question, text: str, lexicon: Lexicon) -> str | None:
    """«34» or «٣٤ سنة» or «drei»: the option that is this number or holds it, as `16_24` or `3_plus`."""
    said = fold(text).split()
    if len(said) > LONGEST_OPTION:
        return None
    numbers = [int(word) if word.isdecimal() else lexicon.words["number"].get(word) for word in said]
    number = next((int(one) for one in numbers if one is not None), None)
    if number is None or number > OLDEST:
        return None
    return next((option for option in question.options if _holds(option, number)), None)


def _holds(option: str, number: int) -> bool:
    low, _, high = option.partition("_")
    if not low.isdecimal():
        return False
    if high == "plus":
        return int(low) <= number
    return int(low) <= number <= int(high or low)
