"""The words by which an option can be named in any language: what a person types instead of pressing a button."""

from collections.abc import Iterable, Mapping

from babel import Locale

from dialogue.reading import Lexicon
from dialogue.rounds import City
from dialogue.texts import fold
from translations.catalogs import Words
from translations.languages import languages


def build(city: City, words: Words) -> Lexicon:
    """The lexicon of a city, in all its languages."""
    return {
        "yes_no": {word: value for value in ("yes", "no") for word in _catalog_words(city, words, f"{value}.words")},
        "district": _districts(city, words),
        "language": _language_names(city),
    }


def _catalog_words(city: City, words: Words, key: str) -> Iterable[str]:
    """The alternatives of a key: in the catalog they stand in one line, parted by «|»."""
    for code in city.languages:
        for word in words.raw(code, key).split("|"):
            yield fold(word) or word.strip()


def _districts(city: City, words: Words) -> Mapping[str, str]:
    named: dict[str, str] = dict.fromkeys(_catalog_words(city, words, "rather_not.words"), "rather_not")
    for district in city.districts:
        named[fold(district.name)] = district.id
        for part in district.name.split("/"):
            named.setdefault(fold(part), district.id)
    return named


def _language_names(city: City) -> Mapping[str, str]:
    """Each language by its name in every language that the city speaks (CLDR), and in itself."""
    named: dict[str, str] = {}
    for code in city.languages:
        language = languages()[code]
        named[fold(language.autonym)] = code
        for other in city.languages:
            name = Locale.parse(language.locale).get_language_name(languages()[other].locale)
            if name:
                named[fold(name)] = code
    return named
