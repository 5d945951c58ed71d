"""The delicate moments of a conversation, recognised by rules in what a person types. Pure.

A phrase of the lists is words in a row, as people type them. Case, marks and apostrophes don't count, ä is also ae.

    schläg*      a word that begins so
    mich|uns     one of these words
    <person>     one of the phrases under `words: person:`
    mich?        may be missing
    …            up to three words may stand here
    a & b        both stand in the sentence, in any order; under `except` this takes the whole sentence
    =ölüyor*     this word with its marks: without them it is another word (oluyor)

All words of a phrase stand in one sentence. A phrase under `except` is cut out of the sentence before the others are
looked for: «ich sterbe vor Langeweile» is no danger, and what is said beside it still counts.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from dialogue.texts import fold


class Moment(StrEnum):
    """What a message may be about that needs more than the next question; the first one outranks the others."""

    danger = "danger"
    discrimination = "discrimination"
    residence = "residence"


Lists = TypedDict(
    "Lists",
    {
        "words": Mapping[str, Sequence[str]],
        "danger": Sequence[str],
        "discrimination": Sequence[str],
        "residence": Sequence[str],
        "except": Sequence[str],
    },
)
"""The phrases of one language, as in its delicate.yml."""


@dataclass(frozen=True)
class Patterns:
    """The phrases of all languages, ready to be looked for."""

    moments: Mapping[Moment, re.Pattern[str]]
    exceptions: re.Pattern[str]


GAP = r"(?: [^ ]+){0,3}?"
MARKED = "/"
"""Parts a word of a sentence without its marks from the same word with them."""

_SENTENCE_END = re.compile(r"[.!?;…\n؟۔]+")
_WITHIN_A_WORD = re.compile(r"(?<=\w)['’ʼ‘`´](?=\w)|ـ")
_STRETCHED = re.compile(r"(.)\1{2,}")
# People write these for each other, and `fold` rightly keeps them apart: ı is a letter, ة and ى are not marks.
_SAME_LETTER = str.maketrans("ıةىکی", "iهيكي")
# Arabic writes «and», «the», «by», «to» and the dialects' future and present into the word.
_BEFORE_ARABIC = "[وف]?(?:ال|بال|لل|[بلكهحس])?"


def patterns(lists: Iterable[Lists]) -> Patterns:
    """The patterns of these lists. Every language is always looked for, because people mix languages."""
    languages = list(lists)
    moments = {
        moment: _any_of(_phrase(phrase, one["words"]) for one in languages for phrase in one[moment.value])
        for moment in Moment
    }
    return Patterns(moments, _any_of(_phrase(phrase, one["words"]) for one in languages for phrase in one["except"]))


def find(text: str, patterns: Patterns) -> Moment | None:
    """The delicate moment of this text: the gravest one that any of its sentences names, None if there is none."""
    parts = [part for sentence in _sentences(text) for part in patterns.exceptions.split(sentence)]
    return next((moment for moment in Moment if any(map(patterns.moments[moment].search, parts))), None)


def _sentences(text: str) -> list[str]:
    """Each sentence as its comparable words, a blank before each."""
    joined = _WITHIN_A_WORD.sub("", unicodedata.normalize("NFC", text))
    return ["".join(map(_word, re.findall(r"\S+", part))) for part in _SENTENCE_END.split(joined)]


def _word(written: str) -> str:
    plain, marked = _bare(fold(written)), _bare(_marked(written))
    parts, with_marks = plain.split(), marked.split()
    if len(parts) != len(with_marks):
        return "".join(f" {part}" for part in parts)
    return "".join(f" {a}" if a == b else f" {a}{MARKED}{b}" for a, b in zip(parts, with_marks, strict=True))


def _bare(folded: str) -> str:
    return _STRETCHED.sub(r"\1", folded.translate(_SAME_LETTER))


def _marked(written: str) -> str:
    """The word as `fold` gives it, but with its marks."""
    lower = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", written).casefold())
    return "".join(c if c.isalnum() else " " for c in lower)


def _any_of(expressions: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(dict.fromkeys(expressions)) or "(?!)")


def _phrase(phrase: str, words: Mapping[str, Sequence[str]]) -> str:
    """The regular expression of a phrase, over sentences as `_sentences` gives them."""
    if " & " in phrase:
        return r"\A" + "".join(f"(?=.*?{_phrase(part, words)})" for part in phrase.split(" & ")) + ".*"
    return "".join(GAP if step == "…" else _step(step, words) for step in phrase.split())


def _step(step: str, words: Mapping[str, Sequence[str]]) -> str:
    optional, step = step.endswith("?"), step.removesuffix("?")
    return f"(?:{'|'.join(_way(way, words) for way in step.split('|'))}){'?' if optional else ''}"


def _way(way: str, words: Mapping[str, Sequence[str]]) -> str:
    if way.startswith("<"):
        return "|".join(_phrase(entry, {}) for entry in words[way.strip("<>")])
    return _one_word(way)


def _one_word(way: str) -> str:
    """One word, perhaps only its beginning, up to the end of the word in the sentence."""
    exact, begins, word = way.startswith("="), way.endswith("*"), way.strip("=*")
    word = _WITHIN_A_WORD.sub("", unicodedata.normalize("NFC", word))
    if exact:
        return f" [^ ]*{MARKED}{re.escape(_bare(_marked(word)))}{'[^ ]*' if begins else ''}(?![^ ])"
    letters = "".join(_letter(letter) for letter in word)
    arabic = _BEFORE_ARABIC if "\u0600" <= word[0] <= "\u06ff" else ""
    return f" {arabic}{letters}{f'[^ {MARKED}]*' if begins else ''}(?:{MARKED}[^ ]*)?(?![^ ])"


def _letter(letter: str) -> str:
    plain = re.escape(_bare(fold(letter)))
    return f"{plain}e?" if letter.casefold() in "äöü" else plain
