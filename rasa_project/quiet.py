"""Keeps persons' texts out of Rasa's logs: of a foreign record only its place and level remain.

Rasa prints texts at DEBUG, WARNING and ERROR. What a record says can't be told from what a person said, so
the record factory, which every record passes, drops the words of all loggers but ours.
"""

import logging
import os
import warnings
from typing import Any, Dict, List, Text

import structlog
from structlog.stdlib import ProcessorFormatter

OURS = "mitsprache"
RENDERERS: Dict[Text, Any] = {
    "logfmt": structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"]),
    "json": structlog.processors.JSONRenderer(),
}
logger = structlog.wrap_logger(
    logging.getLogger(OURS + ".rasa"),
    processors=[structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter],
    wrapper_class=structlog.stdlib.BoundLogger,
)
_standard = logging.getLogRecordFactory()


def install() -> None:
    """From now on, foreign records are reduced, and each record is one line on stderr, as in the services."""
    logging.setLogRecordFactory(_reduced)
    # numpy.distutils makes the root logger one of its own, which prints what it is given and asks no factory.
    logging.getLogger().__class__ = logging.RootLogger
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(os.environ.get("LOG_FORMAT", "logfmt")))
    logging.basicConfig(handlers=[handler], force=True)
    logging.captureWarnings(True)
    warnings.formatwarning = lambda *_args, **_kwargs: "warning"


def _formatter(form: Text) -> ProcessorFormatter:
    common: List[Any] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    return ProcessorFormatter(processors=[*common, ProcessorFormatter.remove_processors_meta, RENDERERS[form]])


def _reduced(
    name: Text, level: int, path: Text, line: int, message: Any, args: Any, exc_info: Any, *rest: Any, **more: Any
) -> logging.LogRecord:
    # Without a name it is the copy of a record that has passed here.
    if name and name.split(".")[0] != OURS:
        kind = exc_info[0].__name__ if isinstance(exc_info, tuple) and exc_info[0] else ""
        message, args, exc_info = "{}:{} {}".format(os.path.basename(path), line, kind).strip(), (), None
    return _standard(name, level, path, line, message, args, exc_info, *rest, **more)
