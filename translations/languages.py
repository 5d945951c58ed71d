"""The languages we speak, from languages.yml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from babel import Locale

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Language:
    """One language: BCP 47 code, CLDR locale, its name in itself, direction of its script, fallback chain."""

    code: str
    locale: str
    autonym: str
    direction: str
    chain: tuple[str, ...]
    plurals: tuple[str, ...]
    """CLDR's plural categories for whole numbers, in the order of the catalog's forms."""
    review: str
    """«drafted» until a native speaker has read the catalog, then «reviewed»."""

    def plural(self, count: int) -> int:
        """Which of the catalog's forms goes with this number."""
        return self.plurals.index(Locale.parse(self.locale).plural_form(count))


@cache
def languages() -> Mapping[str, Language]:
    """All languages by code, in the order of the file."""
    listed = yaml.safe_load((FOLDER / "languages.yml").read_text("utf-8"))
    tuples = {code: {name: tuple(entry[name]) for name in ("chain", "plurals")} for code, entry in listed.items()}
    return {code: Language(code, **{**entry, **tuples[code]}) for code, entry in listed.items()}


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
