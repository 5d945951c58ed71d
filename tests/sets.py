"""Reads the test sets, and says how much of one came out right, with its uncertainty."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SURE = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class Rate:
    """So many of so many."""

    hits: int
    of: int

    @classmethod
    def count(cls, hits: Iterable[bool]) -> "Rate":
        """The rate of those that are true."""
        counted = list(hits)
        return cls(sum(counted), len(counted))

    @property
    def share(self) -> float:
        """The part of the whole; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share, after Wilson."""
        if not self.of:
            return 0.0, 1.0
        square = SURE**2
        middle = self.share + square / (2 * self.of)
        half = SURE * math.sqrt(self.share * (1 - self.share) / self.of + square / (4 * self.of**2))
        low, high = (middle - half) / (1 + square / self.of), (middle + half) / (1 + square / self.of)
        return max(0.0, low), min(1.0, high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits:3}/{self.of:<3} {self.share:6.1%} [{low:6.1%} {high:6.1%}]"


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a set by the names in its first line."""
    with file.open(encoding="utf-8", newline="") as opened:
        # A quotation mark at the beginning of a line is just one that somebody typed.
        return list(csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE))
