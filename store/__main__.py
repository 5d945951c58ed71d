"""The operator's commands: `python -m store migrate | tidy | backup [FILE] | restore FILE`."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy.exc import OperationalError

from dialogue.errors import Misconfigured
from store import backups, clock, config, database, erasure, packs, retention
from store.config import Config
from store.database import Database
from translations.catalogs import explain

LOGS_STATEMENTS = (
    "Warning: the database server logs failed statements, pseudonyms among them."
    " Set log_min_error_statement = panic in its configuration; see docs/operations.md."
)


def migrate(settings: Config) -> str:
    """Brings the database to the newest form, and applies the deletion journal: a backup may have been restored."""
    database.migrate(settings.database_url)
    opened = Database(settings.database_url)
    with opened.write() as connection:
        erased = erasure.reapply(connection, settings.journal, clock.now())
    if erased:
        opened.forget()
    opened.close()
    ready = f"database ready; erased again by the deletion journal: {erased}"
    return f"{ready}\n{LOGS_STATEMENTS}" if database.logs_statements(settings.database_url) else ready


def tidy(settings: Config) -> str:
    """Does now what is done every ten minutes, and reports it."""
    report = retention.tidy(Database(settings.database_url), clock.now(), packs.city(settings.city).keep_until)
    return "\n".join(f"{name:16} {count}" for name, count in report.items())


def backup(settings: Config, name: str = "") -> str:
    """Writes a backup, by default into `backups` in the data folder, and says what has to be kept elsewhere."""
    url = settings.database_url
    file = Path(name or settings.data / "backups" / f"mitsprache-{clock.now():%Y-%m-%d-%H%M%S}.{backups.ending(url)}")
    if not name:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    backups.write(url, file.absolute())
    erasure.begin_journal(settings.journal)
    return f"written: {file}\nNot in it: the secret, and the deletion journal {settings.journal}. Keep both elsewhere."


def restore(settings: Config, name: str) -> str:
    """Brings a backup into the database, which has to be empty."""
    file, url = Path(name).absolute(), settings.database_url
    erased = backups.restore(url, file, settings.journal, settings.secret, clock.now())
    return f"restored; erased again by the deletion journal: {erased}"


COMMANDS: Mapping[str, tuple[Callable[..., str], tuple[int, ...]]] = {
    "migrate": (migrate, (0,)),
    "tidy": (tidy, (0,)),
    "backup": (backup, (0, 1)),
    "restore": (restore, (1,)),
}
"""Each command, and how many words may stand behind it."""


def main(arguments: list[str]) -> None:
    """Runs a command; what can't be done is said in one sentence."""
    command, counts = COMMANDS.get(arguments[0] if arguments else "", (None, ()))
    if command is None or len(arguments) - 1 not in counts:
        sys.exit("usage: python -m store migrate | tidy | backup [FILE] | restore FILE")
    try:
        print(command(config.load(), *arguments[1:]))
    except Misconfigured as error:
        sys.exit(explain(error))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    except OperationalError as error:
        reason = (str(error.orig).splitlines() or [type(error).__name__])[0]
        sys.exit(explain(Misconfigured("database_away", given=reason)))


if __name__ == "__main__":
    main(sys.argv[1:])
