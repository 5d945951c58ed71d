"""Reads a typed text as an answer to the question that is open. Pure: the words of the options are given to it."""

from collections.abc import Mapping

from dialogue.rounds import YES_OR_NO, Kind, Question
from dialogue.texts import fold

Lexicon = Mapping[str, Mapping[str, str]]
"""Topic («yes_no», «district», «language») → folded word in any language → the option's id."""


def read(question: Question, text: str, lexicon: Lexicon) -> str | None:
    """The option that the text names, the text itself at a free-text question, None where it says neither."""
    if question.kind is Kind.TEXT:
        return text
    words = lexicon[topic(question.kind)]
    return words.get(fold(text)) or words.get(text.strip())


def named_language(text: str, lexicon: Lexicon) -> str | None:
    """The language that one of the words names: «auf Arabisch bitte» → ar. None where there is none or several."""
    words = lexicon["language"]
    found = {words[word] for word in fold(text).split() if word in words}
    return found.pop() if len(found) == 1 else None


def topic(kind: Kind) -> str:
    """Which part of the lexicon holds the words for this kind of question."""
    return Kind.YES_NO if kind in YES_OR_NO else kind
