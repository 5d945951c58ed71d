"""Phrases looked for in sentences, as people type them: the notation of the word lists. Pure.

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

There are thousands of phrases, and a sentence holds the telling word of hardly any: only these are tried on it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

from dialogue.texts import fold

Slots = Mapping[str, Sequence[str]]
"""Name of a slot → its phrases."""

GAP = r"(?: [^ ]+){0,3}?"
MARKED = "/"
"""Parts a word of a sentence without its marks from the same word with them."""
SHORTEST_BEGINNING = 2
UMLAUTS = "äöü"

_SENTENCE_END = re.compile(r"[.!?;…\n؟۔]+")
_WITHIN_A_WORD = re.compile(r"(?<=\w)['’ʼ‘`´](?=\w)|ـ")
_STRETCHED = re.compile(r"(.)\1{2,}")
# People write these for each other, and `fold` rightly keeps them apart: ı is a letter, ة and ى are not marks.
_SAME_LETTER = str.maketrans("ıةىکی", "iهيكي")
# Arabic writes «and», «the», «by», «to» and the dialects' future and present into the word.
_BEFORE_ARABIC = "[وف]?(?:ال|بال|لل|[بلكهحس])?"


@dataclass(frozen=True)
class Phrases:
    """Phrases by their telling word, as `words` say it or as it begins."""

    words: Mapping[str, frozenset[str]]
    beginnings: Mapping[str, frozenset[str]]
    """Telling word or beginning → expressions of the phrases."""

    def search(self, sentence: str) -> bool:
        """Whether one of the phrases stands in the sentence."""
        return any(compiled(expression).search(sentence) for expression in self._near(sentence))

    def cut(self, sentence: str) -> list[str]:
        """What is left of the sentence without the phrases."""
        parts = [sentence]
        for expression in sorted(self._near(sentence)):
            parts = [left for part in parts for left in compiled(expression).split(part)]
        return parts

    def _near(self, sentence: str) -> set[str]:
        """The expressions whose telling word stands in the sentence."""
        found: set[str] = set()
        written = {word.partition(MARKED)[0] for word in sentence.split()}
        for word in {form for one in written for form in _forms(one)}:
            found |= self.words.get(word, frozenset())
            for end in range(SHORTEST_BEGINNING, len(word) + 1):
                found |= self.beginnings.get(word[:end], frozenset())
        return found


def phrases(written: Iterable[tuple[str, Slots]]) -> Phrases:
    """The phrases, each with the slots that it may name, ready to be looked for."""
    words: dict[str, set[str]] = {}
    beginnings: dict[str, set[str]] = {}
    for phrase, slots in written:
        expression = _expression(phrase, slots)
        for telling in _telling(phrase, slots):
            index = beginnings if telling.endswith("*") else words
            index.setdefault(telling.strip("*"), set()).add(expression)
    return Phrases(*({word: frozenset(found) for word, found in index.items()} for index in (words, beginnings)))


def sentences(text: str) -> list[str]:
    """Each sentence as its comparable words, a blank before each."""
    joined = _WITHIN_A_WORD.sub("", unicodedata.normalize("NFC", text))
    return ["".join(map(_word, re.findall(r"\S+", part))) for part in _SENTENCE_END.split(joined)]


# Only what stands in the lists may be cached: a cache must not keep what people write.


@lru_cache(maxsize=20_000)
def compiled(expression: str) -> re.Pattern[str]:
    """The expression, made when a sentence first comes near it."""
    return re.compile(expression)


# The telling word -------------------------------------------------------------------------------------------------


def _telling(phrase: str, slots: Slots) -> Iterator[str]:
    """Words of which one stands in every sentence with the phrase; of all steps those that are rarest: the longest."""
    steps = [
        [first for way in step.split("|") for first in _firsts(way, slots)]
        for step in phrase.replace(" & ", " ").split()
        if step != "…" and not step.endswith("?")
    ]
    for word in max(steps, key=lambda ways: min(len(way.strip("*=")) for way in ways)):
        bare = word.strip("*=")
        for letters in product(*(_spellings(letter) for letter in bare)):
            yield "".join(letters) + ("*" if word.endswith("*") else "")


def _firsts(way: str, slots: Slots) -> Iterator[str]:
    """The first word of a step; of a slot those of all its phrases."""
    if not way.startswith("<"):
        yield _WITHIN_A_WORD.sub("", unicodedata.normalize("NFC", way))
        return
    for entry in slots[way.strip("<>")]:
        first = next(step for step in entry.split() if step != "…" and not step.endswith("?"))
        yield from (part for way in first.split("|") for part in _firsts(way, {}))


@cache
def _spellings(letter: str) -> tuple[str, ...]:
    plain = _bare(fold(letter))
    return (plain, f"{plain}e") if letter.casefold() in UMLAUTS else (plain,)


def _forms(word: str) -> set[str]:
    """The word, and what is left of it without the beginnings that Arabic writes into it."""
    if not "\u0600" <= word[:1] <= "\u06ff":
        return {word}
    starts = ("", "و", "ف")
    articles = ("", "ال", "بال", "لل", *"بلكهحس")
    return {word.removeprefix(one + other) for one in starts for other in articles}


# The expression ---------------------------------------------------------------------------------------------------


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


def _expression(phrase: str, slots: Slots) -> str:
    """The regular expression of a phrase, over sentences as `sentences` gives them."""
    if " & " in phrase:
        return r"\A" + "".join(f"(?=.*?{_expression(part, slots)})" for part in phrase.split(" & ")) + ".*"
    return "".join(GAP if step == "…" else _step(step, slots) for step in phrase.split())


def _step(step: str, slots: Slots) -> str:
    optional, step = step.endswith("?"), step.removesuffix("?")
    return f"(?:{'|'.join(_way(way, slots) for way in step.split('|'))}){'?' if optional else ''}"


def _way(way: str, slots: Slots) -> str:
    if way.startswith("<"):
        return "|".join(_expression(entry, {}) for entry in slots[way.strip("<>")])
    return _one_word(way)


@lru_cache(maxsize=20_000)
def _one_word(way: str) -> str:
    """One word, perhaps only its beginning, up to the end of the word in the sentence."""
    exact, begins, word = way.startswith("="), way.endswith("*"), way.strip("=*")
    word = _WITHIN_A_WORD.sub("", unicodedata.normalize("NFC", word))
    if exact:
        return f" [^ ]*{MARKED}{re.escape(_bare(_marked(word)))}{'[^ ]*' if begins else ''}(?![^ ])"
    letters = "".join(_letter(letter) for letter in word)
    arabic = _BEFORE_ARABIC if "\u0600" <= word[0] <= "\u06ff" else ""
    return f" {arabic}{letters}{f'[^ {MARKED}]*' if begins else ''}(?:{MARKED}[^ ]*)?(?![^ ])"


@cache
def _letter(letter: str) -> str:
    plain = re.escape(_bare(fold(letter)))
    return f"{plain}e?" if letter.casefold() in UMLAUTS else plain
