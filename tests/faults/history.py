"""What the residents of a round did, as they saw it: each operation invoked, and ok, failed or of unknown outcome."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path


class Result(StrEnum):
    """What became of an operation, seen from outside."""

    INVOKED = "invoked"
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass
class Operation:
    """Something that a resident said, pressed or asked for; `question` and `value` are what it should count as."""

    person: str
    question: str
    instance: int
    value: str
    result: Result = Result.INVOKED
    began: float = field(default_factory=time.monotonic)
    replied: float | None = None
    """When the message was there that this operation waits for."""


class History:
    """All operations, in the order in which they began. Many threads may write."""

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._lock = threading.Lock()

    @contextmanager
    def invokes(self, person: str, question: str, instance: int, value: str) -> Iterator[Operation]:
        """Notes an operation; the block sets its result, and one that ends in an error leaves it unknown."""
        operation = Operation(person, question, instance, value)
        with self._lock:
            self._operations.append(operation)
        try:
            yield operation
        except BaseException:
            operation.result = Result.UNKNOWN
            raise

    def operations(self) -> list[Operation]:
        """What has been noted by now."""
        with self._lock:
            return list(self._operations)

    def keep(self, file: Path) -> None:
        """Writes it down, one operation a line."""
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(asdict(operation), ensure_ascii=False) for operation in self.operations())
        file.write_text("\n".join(lines) + "\n", "utf-8")
