"""`python -m staff export …`: the commands for the city's staff."""

import argparse
import getpass
import sys
from pathlib import Path

from dialogue.errors import MitspracheError
from staff.export import LANGUAGE, export
from store import clock, config, packs
from store.database import Database
from translations.catalogs import Words, explain


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; 0 when it is done, 1 with one sentence when it could not be."""
    try:
        settings = config.load()
        words = Words(settings.city, "staff")
        given = _parser(words).parse_args(arguments)
        return _export(settings, words, given)
    except MitspracheError as error:
        print(explain(error, LANGUAGE), file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    return 1


def _export(settings: config.Config, words: Words, given: argparse.Namespace) -> int:
    form = "excel" if given.excel else given.format
    now = clock.now()
    ending = "jsonl" if form == "jsonl" else "csv"
    file = given.out or settings.data / (
        f"{given.round}-{words.raw(LANGUAGE, 'export.name')}-{now:%Y-%m-%d-%H%M}.{ending}"
    )
    city, round = packs.city(settings.city), packs.round(settings.city, given.round)
    database = Database(settings.database_url)
    count = export(database, city, round, words, file, form, getpass.getuser(), now, not given.no_free_text)
    database.close()
    print(words.raw(LANGUAGE, "export.done").format(count=count, file=file))
    return 0


def _parser(words: Words) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m staff", description=words.raw(LANGUAGE, "staff.what"))
    commands = parser.add_subparsers(required=True, metavar="export")
    command = commands.add_parser("export", help=words.raw(LANGUAGE, "export.what"))
    command.add_argument("--round", default="needs", help=words.raw(LANGUAGE, "export.round"))
    command.add_argument("--format", choices=("csv", "jsonl"), default="csv", help=words.raw(LANGUAGE, "export.format"))
    command.add_argument("--out", type=Path, help=words.raw(LANGUAGE, "export.out"))
    command.add_argument("--no-free-text", action="store_true", help=words.raw(LANGUAGE, "export.no_free_text"))
    command.add_argument("--excel", action="store_true", help=words.raw(LANGUAGE, "export.excel"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
