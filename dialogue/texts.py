"""The text of a person: cleaned before it is kept, folded before it is compared, inert before Rasa sees it."""

import re
import unicodedata

from dialogue.errors import Invalid

MOST = 4000
"""Characters of a message that we take; the rest of a longer one is never cut off silently."""

DIRECTION_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
WORD_JOINER = "\u2060"
APOSTROPHE = re.compile(r"(?<=\w)['’ʼʹ`´](?=\w)")
"""Within a word, as in «п'ять» and «don't»: people write it in many ways, or leave it out."""


def clean(text: str) -> str:
    """The text as it may be stored: NFC, no control, direction or private characters, no lone surrogates, trimmed.

    Joiners stay: Persian spelling and emoji need them. Raises Invalid (text_empty, text_too_long).
    """
    if len(text) > 4 * MOST:
        raise Invalid("text_too_long", most=MOST)
    lines = re.sub(r"\r\n?|[\u2028\u2029\x85]", "\n", text)
    kept = "".join(c for c in lines if c in "\n\t" or not _unwanted(c))
    cleaned = unicodedata.normalize("NFC", kept).strip()
    if not fold(cleaned) and not _has_symbol(cleaned):
        raise Invalid("text_empty")
    if len(cleaned) > MOST:
        raise Invalid("text_too_long", most=MOST)
    return cleaned


def inert(text: str) -> str:
    """The text in a form that Rasa can't read as a payload: a word joiner stands before a leading slash."""
    if unicodedata.normalize("NFKC", text).strip().startswith("/"):
        return WORD_JOINER + text
    return text


def fold(text: str) -> str:
    """The text for comparing: no case, marks, apostrophes; letters and digits, single blanks."""
    joined = APOSTROPHE.sub("", unicodedata.normalize("NFKC", text).casefold())
    decomposed = unicodedata.normalize("NFKD", joined)
    letters = (c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


def has_words(text: str) -> bool:
    """Whether the text holds a letter or a digit of any script, not only emoji or punctuation."""
    return any(c.isalnum() for c in text)


def _unwanted(char: str) -> bool:
    return char in DIRECTION_CONTROLS or unicodedata.category(char) in ("Cc", "Cs", "Co")


def _has_symbol(text: str) -> bool:
    return any(unicodedata.category(c)[0] in "PS" for c in text)
