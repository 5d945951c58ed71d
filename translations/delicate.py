"""The words of the delicate moments: delicate.yml of each language. How they are written: dialogue/delicate.py."""

from functools import cache

import yaml

from dialogue.delicate import Patterns, patterns
from translations.languages import FOLDER


@cache
def delicate() -> Patterns:
    """The patterns of all languages together."""
    files = sorted(FOLDER.glob("*/delicate.yml"))
    # The lists are long; libyaml reads them twenty times as fast.
    return patterns(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader) for file in files)
