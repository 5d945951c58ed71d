"""Logs without persons: our own records say what happened by key; of foreign records only place and level remain.

A library's message may hold a text, a parameter or a token, so the record factory, which every record of the
process passes, drops the words of all loggers but ours. The assistant's environment has its own copy of the idea.
"""

import logging
import sys
from typing import Any

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter

OURS = "mitsprache"
RENDERERS: dict[str, structlog.typing.Processor] = {
    "logfmt": structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"]),
    "json": structlog.processors.JSONRenderer(),
}
"""How a line looks, by the value of LOG_FORMAT."""
_standard = logging.getLogRecordFactory()


def logger(part: str) -> BoundLogger:
    """The logger of one part of ours. What happened, and keys and error classes; never a text, a token or an address.

    Its records go through Python's own logging, so that nothing passes the factory by.
    """
    processors: list[Any] = [structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter]
    made: BoundLogger = structlog.wrap_logger(
        logging.getLogger(f"{OURS}.{part}"), processors=processors, wrapper_class=BoundLogger
    )
    return made


def start(level: str, form: str) -> None:
    """Logs to stderr from now on, one line a record, and reduces foreign records."""
    logging.setLogRecordFactory(_reduced)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)


def _formatter(form: str) -> ProcessorFormatter:
    common: list[structlog.typing.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    return ProcessorFormatter(processors=[*common, ProcessorFormatter.remove_processors_meta, RENDERERS[form]])


def _reduced(
    name: str | None, level: int, path: str, line: int, message: Any, args: Any, exc_info: Any, *rest: Any, **more: Any
) -> logging.LogRecord:
    # Without a name it is the copy of a record that has passed here.
    if name and name.split(".")[0] != OURS:
        kind = exc_info[0].__name__ if isinstance(exc_info, tuple) and exc_info[0] else ""
        message, args, exc_info = f"{path.rsplit('/', 1)[-1]}:{line} {kind}".strip(), (), None
    return _standard(name, level, path, line, message, args, exc_info, *rest, **more)
