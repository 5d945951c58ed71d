"""The languages we speak, from languages.yml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Language:
    """One language: BCP 47 code, CLDR locale, its name in itself, direction of its script, fallback chain."""

    code: str
    locale: str
    autonym: str
    direction: str
    chain: tuple[str, ...]
    review: str
    """«drafted» until a native speaker has read the catalog, then «reviewed»."""


@cache
def languages() -> Mapping[str, Language]:
    """All languages by code, in the order of the file."""
    listed = yaml.safe_load((FOLDER / "languages.yml").read_text("utf-8"))
    return {code: Language(code, **{**entry, "chain": tuple(entry["chain"])}) for code, entry in listed.items()}


def best(asked: Iterable[str], spoken: Iterable[str]) -> str | None:
    """The first of the asked language tags that is spoken: «ar-SY» finds ar. None if none is."""
    known = list(spoken)
    for tag in asked:
        parts = tag.replace("_", "-").split("-")
        for length in range(len(parts), 0, -1):
            code = "-".join([parts[0].lower(), *parts[1:length]])
            if code in known:
                return code
    return None
