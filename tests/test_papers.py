"""What stands at the root for others: the licence, unchanged, and what catalogues of public software read."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from store import packs

ROOT = Path(__file__).resolve().parent.parent
PAPER = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
STANDARD = yaml.safe_load((ROOT / "tests" / "data" / "publiccode.yml").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RASA = tomllib.loads((ROOT / "rasa_project" / "pyproject.toml").read_text("utf-8"))["project"]

STILL_MISSING = {"url", "maintenance.contacts"}
"""Mandatory, and nobody can say it yet: where the repository is, and who looks after it. A catalogue wants both."""

EUPL = "8a14e695861d7e6dc2158614896f2b9963941d46e4ed3c986639b51e9337294a"
"""The digest of the English text's words, which any faithful copy has, however it breaks its lines."""


def keys(paper: Mapping[str, Any]) -> Iterator[str]:
    """Every key that is there, those of a section with the section's name in front."""
    for key, value in paper.items():
        yield key
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in keys(value))


def test_the_licence_is_the_official_text() -> None:
    """The licence stands there word for word, and pyproject.toml and publiccode.yml name it."""
    words = re.findall(r"\w+", (ROOT / "LICENSE").read_text("utf-8"))
    assert hashlib.sha256(" ".join(words).encode()).hexdigest() == EUPL
    assert PAPER["legal"]["license"] == PROJECT["license"] == "EUPL-1.2"


def test_what_is_mandatory_is_there() -> None:
    """Every mandatory key is there but those that are known to be missing, and no key is one that nobody knows."""
    assert set(STANDARD["mandatory"]) - set(keys(PAPER)) == STILL_MISSING
    known = {key.partition(".")[0] for key in STANDARD["mandatory"]} | set(STANDARD["optional"])
    assert set(PAPER) - known == set()


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        (PAPER["platforms"], "platforms"),
        (PAPER["categories"], "categories"),
        (PAPER["intendedAudience"]["scope"], "scope"),
        ([PAPER["developmentStatus"]], "developmentStatus"),
        ([PAPER["softwareType"]], "softwareType"),
        ([PAPER["maintenance"]["type"]], "maintenance"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_are_allowed(given: list[str], allowed: str) -> None:
    """Where the standard has a list of values, ours stand in it."""
    assert given
    assert set(given) <= set(STANDARD[allowed])


@pytest.mark.parametrize("language", PAPER["description"])
def test_descriptions_have_their_length(language: str) -> None:
    """A description is long enough and short enough in each language, and names features."""
    told = PAPER["description"][language]
    assert set(STANDARD["description"]["mandatory"]) <= set(told)
    assert set(told) <= {*STANDARD["description"]["mandatory"], *STANDARD["description"]["optional"]}
    assert 0 < len(told["shortDescription"]) <= 150
    assert "\n" not in told["shortDescription"]
    assert 150 <= len(told["longDescription"]) <= 10_000
    assert 5 <= len(told["features"]) <= 20
    assert all((ROOT / picture).is_file() for picture in told["screenshots"])


def test_both_descriptions_tell_the_same() -> None:
    """It is described in German and in English, with as many features."""
    assert set(PAPER["description"]) == {"de", "en"}
    assert len({len(told["features"]) for told in PAPER["description"].values()}) == 1


def test_languages_are_those_of_the_pilot() -> None:
    """What it says to speak is what the pilot city speaks."""
    assert PAPER["localisation"] == {
        "localisationReady": True,
        "availableLanguages": list(packs.city("kaiserslautern").languages),
    }


def test_what_it_depends_on_is_what_the_project_asks_for() -> None:
    """Python and Rasa in the versions that the two projects ask for; PostgreSQL while its driver is one of ours."""
    needed = {one.pop("name"): one for one in map(dict, PAPER["dependsOn"]["open"])}
    assert set(STANDARD["dependency"]) >= {key for one in needed.values() for key in one}
    assert PROJECT["requires-python"] == f">={needed['Python']['versionMin']}"
    assert RASA["dependencies"] == [f"rasa=={needed['Rasa']['version']}"]
    driver = any(line.startswith("psycopg") for line in PROJECT["dependencies"])
    assert set(needed) == {"Python", "Rasa", *(["PostgreSQL"] if driver else [])}
