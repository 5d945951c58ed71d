"""Keeps persons' texts out of Rasa's logs: of a foreign record only its place and level remain.

Rasa prints texts at DEBUG, WARNING and ERROR. What a record says can't be told from what a person said, so
the record factory, which every record passes, drops the words of all loggers but ours.
"""

import logging
import os
import warnings
from typing import Any, Text

OURS = "mitsprache"
logger = logging.getLogger(OURS + ".rasa")
_standard = logging.getLogRecordFactory()


def install() -> None:
    """From now on, foreign records are reduced."""
    logging.setLogRecordFactory(_reduced)
    logging.captureWarnings(True)
    warnings.formatwarning = lambda *_args, **_kwargs: "warning"


def _reduced(
    name: Text, level: int, path: Text, line: int, message: Any, args: Any, exc_info: Any, *rest: Any, **more: Any
) -> logging.LogRecord:
    if name.split(".")[0] != OURS:
        kind = exc_info[0].__name__ if isinstance(exc_info, tuple) and exc_info[0] else ""
        message, args, exc_info = "{}:{} {}".format(os.path.basename(path), line, kind).strip(), (), None
    return _standard(name, level, path, line, message, args, exc_info, *rest, **more)
