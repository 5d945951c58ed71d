"""The words that announce personal data, in all languages, and the placeholders that take its place."""

from collections.abc import Mapping
from functools import cache

import yaml

from dialogue import cues as patterns
from dialogue.cues import Cues
from dialogue.redact import Personal
from translations.languages import FOLDER


@cache
def cues() -> Cues:
    """The words of all languages together: people mix languages."""
    lists: dict[str, list[str]] = {}
    for file in sorted(FOLDER.glob("*/redaction.yml")):
        # BaseLoader takes «no» and «on» for the words that they are here.
        for name, words in yaml.load(file.read_text("utf-8"), yaml.BaseLoader).items():
            lists.setdefault(name, []).extend(words)
    return patterns.cues(lists)


@cache
def marks() -> Mapping[str, str]:
    """Kind → placeholder, for every kind."""
    listed = yaml.safe_load((FOLDER / "redaction-marks.yml").read_text("utf-8"))
    return {kind: listed[kind] for kind in Personal}
