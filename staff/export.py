"""Working files: every answer of a round as it stands, for authorised staff. Streamed, audited, and marked as such."""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from dialogue.rounds import City, Kind, Round
from store.database import Database
from store.tables import answers, audits, participations
from translations.catalogs import Words

COLUMNS = (
    "conversation",
    "status",
    "channel",
    "language",
    "district",
    "question",
    "instance",
    "state",
    "text",
    "answered_at",
    "revision",
)
LANGUAGE = "de"
"""The language of the city's staff."""
AT_ONCE = 1000
"""So many rows are held at a time."""

Cell = str | int | None
Row = tuple[Cell, ...]
"""In the order of COLUMNS."""
Writer = Callable[[IO[str], Iterable[Row], list[str]], None]


def query(round: Round) -> sa.Select[Any]:
    """What is asked of the database, in the order of COLUMNS: one row an answer, oldest conversation first.

    An answer that was revised stands once, as it is now.
    """
    district = next((question.id for question in round.questions if question.kind is Kind.DISTRICT), None)
    lives = answers.alias("lives")
    same = lives.c.participation == participations.c.id
    return (
        sa.select(
            participations.c.number,
            participations.c.status,
            participations.c.channel,
            answers.c.language,
            lives.c.text.label("district"),
            answers.c.question,
            answers.c.instance,
            answers.c.state,
            answers.c.text,
            answers.c.answered_at,
            answers.c.revision,
        )
        .join(participations, participations.c.id == answers.c.participation)
        # It is asked once, as instance 0: so an index leads to the one row.
        .outerjoin(lives, sa.and_(same, lives.c.question == district, lives.c.instance == 0))
        .where(participations.c.round == round.id)
        .order_by(participations.c.id, answers.c.id)
    )


def rows(connection: sa.Connection, city: City, round: Round, withheld: str | None = None) -> Iterator[Row]:
    """The answers, as staff read them.

    `withheld` stands in place of what persons wrote in their own words, where that may not be read.
    """
    free = {question.id for question in round.questions if question.kind is Kind.TEXT}
    names = {one.id: one.name for one in city.districts}
    found = connection.execution_options(yield_per=AT_ONCE).execute(query(round))
    # There may be a million of them, so a row is touched as seldom as can be.
    for block in found.partitions():
        for number, status, channel, language, lives, question, instance, state, text, at, revision in block:
            if withheld is not None and question in free and text is not None:
                text = withheld
            district, answered_at = names.get(lives, lives), at.isoformat(timespec="seconds") + "Z"
            yield number, status, channel, language, district, question, instance, state, text, answered_at, revision


def export(
    database: Database,
    city: City,
    round: Round,
    words: Words,
    file: Path,
    form: str,
    who: str,
    now: datetime,
    free_text: bool = True,
) -> int:
    """Writes the working file whole or not at all, notes it in the audit, and gives the number of answers.

    Without `free_text` nothing that persons wrote in their own words is in it.
    """
    withheld = None if free_text else words.raw(LANGUAGE, "export.withheld")
    counted = _Counted()
    values = {"city": city.name, "round": round.id, "at": now.isoformat(timespec="seconds") + "Z"}
    notice = [words.raw(LANGUAGE, key).format_map(values) for key in NOTICES[form]]
    with _whole(file, FORMS[form][1]) as opened:
        with database.read() as connection:
            FORMS[form][0](opened, counted.count(rows(connection, city, round, withheld)), notice)
        with database.write() as connection:
            what = f"working file {round.id} {form} {'with' if free_text else 'without'} free text"
            connection.execute(audits.insert().values(at=now, who=who[:80], what=what, rows=counted.rows))
    return counted.rows


@lru_cache(AT_ONCE)
def defuse(value: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula: an apostrophe stands before it.

    Also before an apostrophe of the person's own, so that taking the first one away always gives the original.
    """
    if isinstance(value, str) and value.lstrip(" \u00a0\u3000")[:1] in DANGEROUS and value:
        return "'" + value
    return value


DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'", "|", "%")


def _csv(opened: IO[str], found: Iterable[Row], notice: list[str], delimiter: str = ",") -> None:
    writer = csv.writer(opened, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([f"# {line}"] for line in notice)
    writer.writerow(COLUMNS)
    writer.writerows(map(defuse, row) for row in found)


def _excel(opened: IO[str], found: Iterable[Row], notice: list[str]) -> None:
    _csv(opened, found, notice, delimiter=";")


def _jsonl(opened: IO[str], found: Iterable[Row], notice: list[str]) -> None:
    opened.write(json.dumps({"notice": notice}, ensure_ascii=False) + "\n")
    for row in found:
        opened.write(json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n")


FORMS: Mapping[str, tuple[Writer, str]] = {
    "csv": (_csv, "utf-8"),
    # Excel in German reads semicolons, and UTF-8 only behind a byte order mark.
    "excel": (_excel, "utf-8-sig"),
    "jsonl": (_jsonl, "utf-8"),
}
_TABLE = ("export.working_file", "export.columns", "export.defused")
NOTICES = {"csv": _TABLE, "excel": _TABLE, "jsonl": ("export.working_file", "export.columns")}


class _Counted:
    """Counts what flows through."""

    rows = 0

    def count(self, found: Iterable[Row]) -> Iterator[Row]:
        for row in found:
            self.rows += 1
            yield row


@contextmanager
def _whole(file: Path, encoding: str) -> Iterator[IO[str]]:
    """A file that appears under its name only when it is complete; readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(descriptor, "w", encoding=encoding, newline="") as opened:
            yield opened
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
