"""The time, in one place, so that tests can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time, UTC, without a zone mark: as the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
