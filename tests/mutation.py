"""A defect that a test has to notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A defect of a line or two: in this file, `old` becomes `new`; the test named by the selector must fail."""

    line: str
    defect: str
    file: str
    old: str
    new: str
    test: str
    besides: tuple[tuple[str, str, str], ...] = ()
    """Further (file, old, new), where one line alone is still held by another."""
    says: str = ""
    """What the failing test has to say, where any failure would not do."""

    @property
    def edits(self) -> tuple[tuple[str, str, str], ...]:
        """All (file, old, new) of it."""
        return ((self.file, self.old, self.new), *self.besides)
