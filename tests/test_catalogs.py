"""Every language has every sentence, with every placeholder; every key that is said exists."""

import ast
import gettext
import hashlib
import string
from itertools import repeat
from pathlib import Path

import polib
import pytest
from babel import Locale

from dialogue import acts
from dialogue.delicate import Moment
from dialogue.questions import option_choices
from dialogue.rounds import ASIDES, Kind
from dialogue.scene import Claim
from dialogue.summary import PLAYED_BACK
from store import packs
from tests.sets import table
from translations.catalogs import CITIES, FOLDER, Words, catalog_files
from translations.languages import best, languages

ROOT = FOLDER.parent
COMMON = sorted(FOLDER.glob("*/LC_MESSAGES/*.po"))
CITY = sorted(CITIES.glob("*/locale/*/LC_MESSAGES/*.po"))


def template(file: Path) -> polib.POFile:
    """The template that a catalog belongs to."""
    return polib.pofile(str(file.parents[2] / f"{file.stem}.pot"))


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("file", list(catalog_files()), ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_catalog_is_complete(file: Path) -> None:
    """No key is missing, none too many, none empty or fuzzy; placeholders are those of the English sentence."""
    catalog, english = polib.pofile(str(file)), polib.pofile(str(file.parents[2] / "en" / "LC_MESSAGES" / file.name))
    assert [entry.msgid for entry in catalog] == [entry.msgid for entry in template(file)]
    forms = range(len(languages()[file.parent.parent.name].plurals))
    for entry in catalog:
        texts = [entry.msgstr_plural[form] for form in forms] if entry.msgid_plural else [entry.msgstr]
        assert len(entry.msgstr_plural) in (0, len(forms)), entry.msgid
        assert not entry.fuzzy
        for text in texts:
            assert text, entry.msgid
            if not entry.msgid.startswith("page."):
                assert placeholders(text) == wanted_placeholders(english.find(entry.msgid)), entry.msgid
    assert "review" in catalog.metadata["X-Review"]


def wanted_placeholders(entry: polib.POEntry) -> set[str]:
    """The names in braces of the English sentence, the plural one where there are several."""
    return placeholders(entry.msgstr_plural[1] if entry.msgid_plural else entry.msgstr)


@pytest.mark.parametrize("file", list(catalog_files()), ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_plural_forms_are_cldrs(file: Path) -> None:
    """For every number from 0 to 200 the header of each catalog picks the form that CLDR's rules pick."""
    language = languages()[file.parent.parent.name]
    header = polib.pofile(str(file)).metadata["Plural-Forms"]
    count, rule = (part.partition("=")[2] for part in header.rstrip(";").split(";", 1))
    assert int(count) == len(language.plurals)
    picked = gettext.c2py(rule)
    assert [picked(number) for number in range(201)] == [language.plural(number) for number in range(201)]


@pytest.mark.parametrize("language", languages())
def test_a_sentence_with_a_number(language: str) -> None:
    """The number of answers is said in the form that CLDR's category for it names, from 0 to 200."""
    forms = polib.pofile(str(FOLDER / language / "LC_MESSAGES" / "messages.po")).find("my_data").msgstr_plural
    categories, locale = languages()[language].plurals, Locale.parse(languages()[language].locale)
    for number in range(201):
        form = forms[categories.index(locale.plural_form(number))]
        assert Words("kaiserslautern").raw(language, "my_data", number) == form


def test_every_language_has_every_catalog() -> None:
    """Each language of languages.yml speaks the common words, and each city all languages that it names."""
    assert {file.parents[1].name for file in COMMON if file.stem == "messages"} == set(languages())
    for folder in CITIES.iterdir():
        city = packs.city(folder.name)
        assert {file.parents[1].name for file in CITY if folder in file.parents} == set(city.languages)


OF_A_LANGUAGE = (
    *("translations/{}/delicate.yml", "translations/{}/redaction.yml", "tests/conversations/{}/interview.txt"),
    *("tests/understanding/{}.tsv", "tests/delicate/{}.tsv", "tests/redaction/{}.tsv"),
    *(f"rasa_project/data/nlu/{{}}/{act}.yml" for act in acts.ACTS if act != "not_understood"),
)
"""Where a language has a file of its own, besides its catalogs."""


@pytest.mark.parametrize("language", languages())
def test_a_language_is_whole(language: str) -> None:
    """Each language has its lists, examples of every act, its interview, and what measures it, dangers included."""
    assert [file for file in map(str.format, OF_A_LANGUAGE, repeat(language)) if not (ROOT / file).is_file()] == []
    assert language in {row["language"] for row in table(ROOT / "tests" / "understanding" / "danger.tsv")}


def test_every_question_has_its_words() -> None:
    """Question id = catalog key: each question of each round, its buttons, and its second time."""
    for folder in CITIES.iterdir():
        city = packs.city(folder.name)
        keys = {entry.msgid for entry in polib.pofile(str(folder / "locale" / "city.pot"))}
        for file in (folder / "rounds").glob("*.yml"):
            for question in packs.round(folder.name, file.stem).questions:
                wanted = {question.id, f"{question.id}.why"}
                wanted |= {choice.key for choice in option_choices(city, question) if choice.key}
                if question.kind in PLAYED_BACK:
                    wanted.add(f"{question.id}.name")
                if question.kind is Kind.LANGUAGES:
                    wanted.add(f"{question.id}.more")
                if question.group:
                    wanted.add(f"{question.id}.again")
                if question.again:
                    wanted.add(f"{question.id}.after")
                assert wanted <= keys
        assert {f"contact.{contact.id}" for contact in packs.contacts(folder.name)} <= keys


def test_every_key_that_is_said_exists() -> None:
    """The keys in the code and the keys in the template are the same: none invented, none left over."""
    said = {key for folder in ("dialogue", "actions", "bot", "store", "translations") for key in _said(ROOT / folder)}
    keys = {entry.msgid for entry in polib.pofile(str(FOLDER / "messages.pot"))}
    asides = tuple(f"{question.id}." for question in ASIDES)
    made = ("unclear.", "needed.", "which.", "code_", "offer.", "page.", "command.", "telegram.", *asides)
    dynamic = {key for key in keys if key.startswith(made)}
    explained = {entry.msgid.removeprefix("error.") for entry in polib.pofile(str(FOLDER / "staff.pot"))}
    assert said - keys - KEYS_OF_CITIES - KEYS_OF_OPERATORS - explained == set()
    assert keys - said - dynamic - {moment.value for moment in Moment} == WORDS_FOR_READING
    assert {f"unclear.{kind}" for kind in Kind} <= keys
    assert {act for act in acts.ACTS if f"meant.{act}" not in keys} == {*NEVER_SUSPECTED}
    assert {f"code_{claim}" for claim in Claim if claim is not Claim.FOUND} <= keys
    assert {moment.value for moment in Moment} - {"danger"} <= keys


NEVER_SUSPECTED = ("answer", "emergency", "not_understood")
WORDS_FOR_READING = {"yes.words", "no.words", "rather_not.words", "elsewhere.words", "numbers.words", "fillers.words"}
KEYS_OF_CITIES = {"thanks"}
KEYS_OF_OPERATORS = {
    # Refusals between our own processes, and settings: an operator reads them in a log or on the console.
    *("person_unknown", "message_unknown", "lease_lost", "tombstone", "receipt_taken", "consent_missing"),
    *(
        "call_incomplete",
        "words_missing",
        "pack_missing",
        "pack_invalid",
        "setting_missing",
        "setting_invalid",
        "secret_readable",
        "secret_missing",
        "secret_twice",
        "secret_malformed",
        "file_missing",
    ),
}


def _said(folder: Path) -> set[str]:
    """The literal first arguments of Say, of our errors, and of answers with a key."""
    makers = {"Say", "Invalid", "Refused", "Busy", "Misconfigured", "Choice", "Question"}
    makers |= {"_answer", "tell", "say", "_say", "_wait"}
    found: set[str] = set()
    for file in (file for file in folder.glob("*.py") if file.name != "replies.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in makers:
                named = [keyword.value for keyword in node.keywords if keyword.arg in ("key", "id")]
                for value in ast.walk(ast.Tuple([*node.args, *named], ast.Load())):
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        found.add(value.value)
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("said", "told", "key"):
                found |= {
                    c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant) and isinstance(c.value, str)
                }
    return {key for key in found if key.replace("_", "").isalpha() and key.islower()} - NOT_KEYS


VALUES = ("url", "most", "name", "number", "value", "count")
NOT_KEYS = {"yes", "no", "city", "district", "answer", "code_", "meant", "text", *VALUES}


CONSENTS = {("kaiserslautern", "2026-11-24.2"): "5724f6975f91696a", ("musterstadt", "2026-11-24"): "c9ba6f3ae7f8d7ec"}
"""What each version of a consent says in all its languages. Whoever agreed, agreed to these words."""


@pytest.mark.parametrize(("city", "version"), CONSENTS)
def test_a_consent_that_changes_gets_a_new_version(city: str, version: str) -> None:
    """D3, D4: the words of a consent belong to its version; with other words everybody is asked again."""
    words = Words(city)
    texts = [words.raw(code, "consent") for code in packs.city(city).languages]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    versions = {question.version for question in packs.round(city, "needs").questions if question.version}
    assert versions <= {known for _, known in CONSENTS}
    assert digest == CONSENTS[city, version], "new words: give the consent a new version, and add it here"


def test_best_language() -> None:
    """«ar-SY» finds ar, «EN_us» finds en, and what nobody speaks finds nothing."""
    assert best(["ar-SY", "de"], languages()) == "ar"
    assert best(["EN_us"], languages()) == "en"
    assert best(["xx", ""], languages()) is None
