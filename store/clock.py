"""The time, in one place, so that tests can set it."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

FURTHEST = timedelta(minutes=2)
"""No lease and no pause of ours reaches further into the future."""


def now() -> datetime:
    """The current time, UTC, without a zone mark: as the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def passed(moment: sa.Column[datetime], now: datetime) -> sa.ColumnElement[bool]:
    """Whether a lease or a pause is over, or was never set.

    One that ends too far ahead was set before the clock was put back: nobody may wait for it.
    """
    return sa.or_(moment.is_(None), moment <= now, moment > now + FURTHEST)


def has_passed(moment: datetime | None, now: datetime) -> bool:
    """The same, of a moment that was read."""
    return moment is None or not now < moment <= now + FURTHEST
