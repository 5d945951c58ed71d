"""`python -m store migrate`: makes the database ready. `python -m store tidy`: removes what has had its time."""

import sys

from dialogue.errors import Misconfigured
from store import clock, config, database, erasure, packs, retention
from store.config import Config
from store.database import Database


def migrate(settings: Config) -> str:
    """Brings the database to the newest form, and applies the deletion journal: a backup may have been restored."""
    database.migrate(settings.database_url)
    opened = Database(settings.database_url)
    with opened.write() as connection:
        erased = erasure.reapply(connection, settings.data / erasure.JOURNAL, clock.now())
    if erased:
        opened.forget()
    opened.close()
    return f"database ready; erased again by the deletion journal: {erased}"


def tidy(settings: Config) -> str:
    """Does now what is done every ten minutes, and reports it."""
    report = retention.tidy(Database(settings.database_url), clock.now(), packs.city(settings.city).keep_until)
    return "\n".join(f"{name:16} {count}" for name, count in report.items())


if __name__ == "__main__":
    command = {"migrate": migrate, "tidy": tidy}.get(" ".join(sys.argv[1:]))
    if command is None:
        sys.exit("usage: python -m store migrate | tidy")
    try:
        print(command(config.load()))
    except Misconfigured as error:
        sys.exit(f"no database: {error}")
