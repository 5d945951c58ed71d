"""The words of the catalogs: keys as msgids, looked up by language with its fallback chain.

`python -m translations.catalogs compile` makes the binary catalogs from the .po files.
"""

import gettext
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import polib
from babel.numbers import format_decimal

from dialogue.errors import Misconfigured, MitspracheError
from translations.languages import FOLDER, languages

CITIES = FOLDER.parent / "cities"
FIRST_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


class Words:
    """The sentences of a city in all its languages: its own catalog first, then the common one."""

    def __init__(self, city: str, common: str = "messages") -> None:
        self._common = common
        self._folders = {"city": CITIES / city / "locale", common: FOLDER}

    def say(
        self, language: str, key: str, values: Mapping[str, str | int] | None = None, count: int | None = None
    ) -> str:
        """The sentence for the key, in the plural form for `count`.

        Inserted values are isolated, so that they can't turn the line around; numbers are written as the language does.

        Raises Misconfigured (words_missing) when no language of the chain has the key.
        """
        isolated = {name: _isolated(_written(value, language)) for name, value in (values or {}).items()}
        return self.raw(language, key, count).format_map(isolated)

    def has(self, language: str, key: str) -> bool:
        """Whether the language itself has the key."""
        return any(key in _catalog(folder, domain, language) for domain, folder in self._folders.items())

    def raw(self, language: str, key: str, count: int | None = None) -> str:
        """The sentence as it stands in the catalog, placeholders and all."""
        for code in (language, *languages()[language].chain):
            wanted = key if count is None else (key, languages()[code].plural(count))
            for domain, folder in self._folders.items():
                found = _catalog(folder, domain, code).get(wanted)
                if found:
                    return found
        raise Misconfigured("words_missing", name=key, given=language)

    def starting(self, language: str, prefix: str) -> dict[str, str]:
        """All sentences whose key begins with the prefix."""
        keys = _catalog(FOLDER, self._common, "en").keys()
        return {key: self.raw(language, key) for key in keys if isinstance(key, str) and key.startswith(prefix)}


def _written(value: str | int, language: str) -> str:
    return value if isinstance(value, str) else format_decimal(value, locale=languages()[language].locale)


def _isolated(value: str) -> str:
    """Each line by itself: a line break ends an isolation."""
    return "\n".join(FIRST_ISOLATE + line + POP_ISOLATE for line in value.split("\n"))


def explain(error: MitspracheError, language: str = "en") -> str:
    """The sentence for an operator; the bare key while no catalog is compiled."""
    sentence = _catalog(FOLDER, "staff", language).get(f"error.{error.key}")
    return sentence.format_map(error.values) if sentence else str(error)


def catalog_files() -> Iterable[Path]:
    """Every .po file of the project: the common words, the staff's, each city's."""
    yield from sorted(FOLDER.glob("*/LC_MESSAGES/*.po"))
    yield from sorted(CITIES.glob("*/locale/*/LC_MESSAGES/*.po"))


def compile_all() -> int:
    """Compiles every catalog that is newer than its binary form; the number of catalogs compiled."""
    stale = [file for file in catalog_files() if _is_stale(file)]
    for file in stale:
        polib.pofile(str(file)).save_as_mofile(str(file.with_suffix(".mo")))
    return len(stale)


def _is_stale(file: Path) -> bool:
    binary = file.with_suffix(".mo")
    return not binary.exists() or binary.stat().st_mtime < file.stat().st_mtime


@cache
def _catalog(folder: Path, domain: str, code: str) -> dict[str | tuple[str, int], str]:
    """The sentences by key; those with plural forms by key and number of the form."""
    file = gettext.find(domain, folder, [code])
    if file is None:
        return {}
    with Path(file).open("rb") as opened:
        catalog = gettext.GNUTranslations(opened)
    # The msgid "" holds the header; it is no sentence.
    return {key: text for key, text in catalog._catalog.items() if key and text}  # type: ignore[attr-defined]


if __name__ == "__main__":
    if sys.argv[1:] != ["compile"]:
        sys.exit("usage: python -m translations.catalogs compile")
    print(f"catalogs compiled: {compile_all()}")
