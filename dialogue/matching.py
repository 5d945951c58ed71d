"""Which option a typed text names: with typos, in another script, inside a phrase. Pure: the names are given to it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple, Protocol

from anyascii import anyascii
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from dialogue.texts import fold

# The figures come from the 789 texts of tests/data/districts.tsv; `python -m tests.districts` measures them again.

ACCEPT = 85
"""From this score on a name is understood without asking: 313 of 317 that were not typed exactly, and no other town."""
ASK = 70
"""From this score on we ask whether it was meant. At 60 we would ask about every fifth text that names no place."""
ASK_IN_PHRASE = 78
"""The same inside a longer text, where many stretches are compared and one soon looks like a name by chance."""
MARGIN = 10
"""So far ahead of every other option the best must be; Erlenbach and Erfenbach are one sound, 12 points, apart."""
ALIKE = 0.75
"""The shorter of name and text must be longer than this part of the other: «Stadt» is not «Innenstadt»."""
ENDING = 3
"""Sounds. So long is an ending («-hof», «-bach», «-berg») that half of all towns share; it says little."""
FRONT = 60
"""The score that what stands before a shared ending must exceed; «Enken-» and «Erfen-» have 60."""
SHORT = 6
"""Sounds. A name this short («Uni», «Kotten») is one typo away from ordinary words, so only its exact form is sure."""
SHORT_PHRASE = 7
"""Words. In a longer text a short name is taken for an ordinary word («west», «center»)."""
LONG = 12
"""Words. A longer text is a story rather than an answer; who tells it need not live at the place it names: we ask."""
MOST_WORDS = 30
"""Words of a text that are looked at; who names a place needs fewer, and every stretch costs time."""
MOST_CANDIDATES = 4
"""As many as fit as buttons on one screen."""

DOUBTS = frozenset(
    fold("""
    nicht kein keine keiner nie früher not no don dont never formerly pas ancien değil eskiden не нет раньше ні раніше
    ليس لست لا مش سابقا نه نیست نیستم قبلا
    str strasse weg platz allee street road avenue sokak sokağı cadde caddesi улица улице ул вулиця вулиці شارع خیابان
    """).split()
)
"""Words beside which a name may mean something else («not in Erlenbach», «Erlenbacher Straße»): then we always ask."""

Names = Mapping[str, frozenset[str]]
"""Folded name → the options it can mean: several for «Zentrum», none for a name known to mean no option."""


class Named(Protocol):
    """An option that can be named: a district, a theme."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


class Match(NamedTuple):
    """What a text names: surely one option, or perhaps one of the candidates, best first; or nothing."""

    sure: str | None
    candidates: tuple[str, ...]


class _Hit(NamedTuple):
    """A stretch of the text that sounds like a name."""

    score: float
    start: int
    stop: int
    options: frozenset[str]
    firm: bool
    """Whether it may be accepted without asking, if its score allows it."""


def names(options: Iterable[Named]) -> Names:
    """The names and aliases by which options can be found; of «Innenstadt-West/Kotten» each part is a name too."""
    found: dict[str, frozenset[str]] = {}
    listed = tuple(options)
    official = ((name, option.id) for option in listed for name in (option.name, *option.name.split("/")))
    aliases = ((alias, option.id) for option in listed for alias in option.aliases)
    for name, id in (*official, *aliases):
        found[fold(name)] = found.get(fold(name), frozenset()) | {id}
    return {name: ids for name, ids in found.items() if name}


def match(text: str, names: Names) -> Match:
    """The option that the text names: sure, or to be asked about, or none."""
    exact = names.get(fold(text))
    if exact is not None:
        return _decided(dict.fromkeys(exact, 100.0), len(exact) == 1, names)
    hits = _widest(tuple(_hits(text, names)))
    best = max(hits, default=None, key=lambda hit: hit.score)
    if best is None:
        return Match(None, ())
    scores: dict[str, float] = {}
    for hit in hits:
        for option in hit.options:
            scores[option] = max(hit.score, scores.get(option, 0))
    near = {option: score for option, score in scores.items() if score > best.score - MARGIN}
    alone = best.options == near.keys() and len(near) == 1
    sure = alone and best.firm and best.score >= ACCEPT and not _doubtful(text)
    return _decided(near, sure, names)


def _doubtful(text: str) -> bool:
    """Whether a word of the text makes it doubtful that the place is meant which it names."""
    return not DOUBTS.isdisjoint(fold(text).split())


def _decided(scores: Mapping[str, float], sure: bool, names: Names) -> Match:
    """The match that these scores make; options of the same score stand in the order of the names."""
    place = {option: n for n, options in enumerate(names.values()) for option in options if len(options) == 1}
    ranked = sorted(scores, key=lambda option: (-scores[option], place.get(option, len(names)), option))
    return Match(ranked[0], ()) if sure else Match(None, tuple(ranked[:MOST_CANDIDATES]))


def _hits(text: str, names: Names) -> Iterator[_Hit]:
    """Every stretch of the text that sounds like a name. One word more or less: «Einsiedler Hof», «Innenstadtost»."""
    by_sound = _by_sound(names)
    joined = {name: name.replace(" ", "") for name in by_sound}
    longest = max((len(name.split()) for name in by_sound), default=0) + 1
    written = fold(text).split()[:MOST_WORDS]
    sounds = [_sound(word) for word in written]
    for start in range(len(written)):
        for stop in range(start + 1, min(start + longest, len(written)) + 1):
            whole = stop - start == len(written)
            for name, score in _near(sounds[start:stop], joined, ASK if whole else ASK_IN_PHRASE):
                firm = len(joined[name]) > SHORT
                exact = " ".join(written[start:stop]) in names and len(written) <= SHORT_PHRASE
                if firm or exact or (whole and score >= ASK_IN_PHRASE):
                    yield _Hit(score, start, stop, by_sound[name], firm and len(written) <= LONG)


def _near(window: Sequence[str], joined: Mapping[str, str], least: float) -> Iterator[tuple[str, float]]:
    """The names that a stretch of words comes close to, with the score."""
    typed = "".join(window)
    close = process.extract(typed, joined, scorer=fuzz.ratio, processor=None, score_cutoff=least, limit=None)
    for target, score, name in close:
        heard = min(score, _heard(name.split(), window))
        if heard >= least and _alike(typed, target):
            yield name, heard


def _alike(typed: str, name: str) -> bool:
    """Whether they are about as long, and alike before the ending that they share: «Heidelberg» is not «Kaiserberg»."""
    shorter, longer = sorted((len(typed), len(name)))
    if shorter <= ALIKE * longer or Levenshtein.distance(typed, name) <= 1:
        return shorter > ALIKE * longer
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(reversed(typed), reversed(name), strict=False))
    end = len(list(shared))
    return end < ENDING or fuzz.ratio(typed[:-end], name[:-end]) > FRONT


def _heard(name: Sequence[str], window: Sequence[str]) -> float:
    """How well the worst word is heard on the other side: «Innenstadt» is not «Innenstadt-Ost», nor the reverse."""
    if len(name) == len(window) == 1:
        return 100
    both = ((name, "".join(window)), (window, "".join(name)))
    return min(fuzz.partial_ratio(word, other) for words, other in both for word in words if len(word) <= len(other))


def _widest(hits: Sequence[_Hit]) -> list[_Hit]:
    """The hits without those inside a longer one that is clear: who says «Innenstadt-Ost» does not say «Innenstadt»."""

    def inside(hit: _Hit, other: _Hit) -> bool:
        within = other.start <= hit.start and hit.stop <= other.stop
        return within and other.stop - other.start > hit.stop - hit.start and other.score >= ACCEPT

    return [hit for hit in hits if not any(inside(hit, other) for other in hits)]


def _by_sound(names: Names) -> Names:
    """The names by their sounds; two that sound the same mean the options of both."""
    found: dict[str, frozenset[str]] = {}
    for name, options in names.items():
        sound = _sounds_of_name(name)
        if sound:
            found[sound] = found.get(sound, frozenset()) | options
    return found


# anyascii leaves out the Arabic alif, a letter in five of a short name, and takes the g of Cairo for a j.
_ARABIC = str.maketrans({"ا": "a", "ج": "g"})

_SAME_SOUND = tuple(
    (re.compile(spelling), sound)
    for spelling, sound in (
        ("ae", "a"),
        ("oe", "o"),
        ("ue", "u"),
        ("sch|sh|tz|ts|c(?=[eiy])|z", "s"),
        ("ch|kh", "h"),
        ("gh", "g"),
        ("th", "t"),
        ("ph", "f"),
        ("ck|c|q", "k"),
        ("w", "v"),
        ("[yj]", "i"),
        ("ei", "ai"),
        ("ie", "i"),
        (r"([a-z])\1+", r"\1"),
    )
)
"""Spellings of one sound, in this order: what German, Turkish and transliterated letters write differently."""


def _sound(word: str) -> str:
    """The word in Latin letters, with one spelling for each sound: «Мёльшбах» and «Mölschbach» become much the same."""
    latin = re.sub("[^a-z0-9]", "", anyascii(word.translate(_ARABIC)).lower())
    for spelling, sound in _SAME_SOUND:
        latin = spelling.sub(sound, latin)
    return latin


@lru_cache(maxsize=4096)  # Only names of options come in here: a cache must not keep what people write.
def _sounds_of_name(name: str) -> str:
    return " ".join(_sound(word) for word in name.split())
