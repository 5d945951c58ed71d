"""The time, in one place, so that tests can set it."""

from datetime import UTC, datetime, timedelta
from typing import Any

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
    return _over(moment, now, now + FURTHEST)


def passes(moment: sa.Column[datetime]) -> sa.ColumnElement[bool]:
    """The same for a statement that is made once; `bounds` gives its values each time."""
    return _over(moment, sa.bindparam("now"), sa.bindparam("furthest"))


def bounds(now: datetime) -> dict[str, datetime]:
    """The values of a statement with `passes` in it."""
    return {"now": now, "furthest": now + FURTHEST}


def _over(moment: sa.Column[datetime], now: Any, furthest: Any) -> sa.ColumnElement[bool]:
    return sa.or_(moment.is_(None), moment <= now, moment > furthest)
