"""Reads a typed text as an answer to the question that is open. Pure: the words of the options are given to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from dialogue.cues import Cues
from dialogue.delicate import Patterns
from dialogue.matching import match
from dialogue.rounds import Kind, Question
from dialogue.texts import fold

LONGEST_OPTION = 4
"""Words up to which a text is compared with the names of options, typing errors and all; longer ones tell something."""
OLDEST = 120
"""A larger number is a year or a postcode, and names no age and no count."""
YOUNGEST = 10
"""A smaller number at the question for the age is no age: who types «1» means the first button."""
OF_AGE = 16
CODE = re.compile(r"(?<![\w-])\d{4}(?:[\s-]?\d{4}){4}(?![\w-])")
"""What a code to go on with looks like: digits, since every keyboard in every script has them."""
LONGEST_ASIDE = 6
"""Words that may stand beside a code; more of them tell something of their own."""
ALIKE = 80
"""How much a mistyped word is like the one that is meant, from 0 to 100."""


@dataclass(frozen=True)
class Lexicon:
    """All that is needed to read: made from the catalogs and the city pack."""

    words: Mapping[str, Mapping[str, str]]
    """Topic («language», «languages», «number», «pick» or a question's id) → folded word in any language → option."""
    places: Mapping[str, frozenset[str]]
    """Folded name or alias of a district → the ids that it may mean."""
    fillers: frozenset[str]
    """Words that change nothing beside the name of an option."""
    beside: Mapping[str, frozenset[str]]
    """Question id → words that may stand beside a number there: «34 years»."""
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
    if question.kind in (Kind.THEME, Kind.SCALE, Kind.CHOICE, Kind.REVIEW):
        bare = words.get(" ".join(_bare(question, text, lexicon)))
        if bare is not None:
            return bare
    match question.kind:
        case Kind.AGE_GATE:
            return _of_age(question, text, lexicon)
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


def tells_besides(question: Question, text: str, lexicon: Lexicon) -> bool:
    """Whether the text says more than which option is meant: «Wohnung zu teuer», not «Thema Wohnung» or «Wohnugn»."""
    said = [word for word in fold(text).split() if word not in lexicon.fillers]
    names = lexicon.words.get(topic(question), {})
    if len(said) < 2 or " ".join(said) in names:
        return False
    parts = {part for name, option in names.items() if option in question.options for part in name.split()}
    return not all(
        word in parts or process.extractOne(word, parts, scorer=fuzz.ratio, score_cutoff=ALIKE) for word in said
    )


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
    if not found:
        return None
    # An account number has further digits, and so may an answer that happens to hold so many.
    rest = text[: found.start()] + " " + text[found.end() :]
    if any(char.isdecimal() for char in rest) or len(rest.split()) > LONGEST_ASIDE:
        return None
    return "".join(str(int(digit)) for digit in found[0] if digit.isdecimal())


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
    return f"{words[name]}.{int(number) - 1}" if name in words and number.isdecimal() and len(number) < 4 else None


def _names(question: Question, lexicon: Lexicon) -> Mapping[str, frozenset[str]]:
    return {word: frozenset([option]) for word, option in lexicon.words.get(question.id, {}).items()}


def _bare(question: Question, text: str, lexicon: Lexicon) -> list[str]:
    """The words of the text without those that change nothing there."""
    nothing = lexicon.fillers | lexicon.beside.get(question.id, frozenset())
    return [word for word in fold(text).split() if word not in nothing]


def _numbers(question: Question, text: str, lexicon: Lexicon) -> list[int]:
    """The numbers of a text that says nothing else; none of «Linie 4 fehlt», «6 Monate», «unter 25»."""
    known, longest = lexicon.words["number"], len(str(OLDEST))
    numbers = [
        int(word) if word.isdecimal() and len(word) <= longest else int(known.get(word, -1))
        for word in _bare(question, text, lexicon)
    ]
    return numbers if all(0 <= number <= OLDEST for number in numbers) else []


def _of_age(question: Question, text: str, lexicon: Lexicon) -> str | None:
    """Whoever says how old they are has said whether they are old enough."""
    numbers = _numbers(question, text, lexicon)
    if len(numbers) != 1 or numbers[0] < YOUNGEST:
        return None
    return "yes" if numbers[0] >= OF_AGE else "no"


def _on_scale(question: Question, text: str, lexicon: Lexicon) -> str | None:
    """«4», «vier», «4 von 5»; Turkish says «5 üzerinden 4»."""
    numbers, most = _numbers(question, text, lexicon), int(question.options[-1])
    if len(numbers) == 2 and most in numbers:
        numbers.remove(most)
    return str(numbers[0]) if len(numbers) == 1 and str(numbers[0]) in question.options else None


def _by_number(question: Question, text: str, lexicon: Lexicon) -> str | None:
    """«34» or «٣٤ سنة» or «drei»: the option that is this number or holds it, as `16_24` or `3_plus`."""
    numbers = _numbers(question, text, lexicon)
    if len(numbers) != 1:
        return None
    return next((option for option in question.options if _holds(option, numbers[0])), None)


def _holds(option: str, number: int) -> bool:
    low, _, high = option.partition("_")
    if not low.isdecimal():
        return False
    if high == "plus":
        return int(low) <= number
    return int(low) <= number <= int(high or low)
