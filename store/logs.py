"""Logs without persons: our own records say what happened by key; of foreign records only place and level remain.

A library's message may hold a text, a parameter or a token, so the record factory, which every record of the
process passes, drops the words of all loggers but ours. The assistant's environment has its own copy of the idea.
"""

import logging
import sys
from typing import Any

OURS = "mitsprache"
_standard = logging.getLogRecordFactory()


def logger(part: str) -> logging.Logger:
    """The logger of one part of ours. Log keys and error classes, never a text, a token or an address."""
    return logging.getLogger(f"{OURS}.{part}")


def start(level: str) -> None:
    """Logs to stderr from now on, and reduces foreign records."""
    logging.setLogRecordFactory(_reduced)
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    logging.captureWarnings(True)


def _reduced(
    name: str, level: int, path: str, line: int, message: Any, args: Any, exc_info: Any, *rest: Any, **more: Any
) -> logging.LogRecord:
    if name.split(".")[0] != OURS:
        kind = exc_info[0].__name__ if isinstance(exc_info, tuple) and exc_info[0] else ""
        message, args, exc_info = f"{path.rsplit('/', 1)[-1]}:{line} {kind}".strip(), (), None
    return _standard(name, level, path, line, message, args, exc_info, *rest, **more)
