"""Answers of invented people, as many as wanted, straight into the tables."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dialogue.rounds import City
from store.database import Database
from store.tables import answers, participations, people

THEMES = ("housing", "mobility", "children_youth", "health", "offices", "language_learning")
NEEDS = (
    ("de", "Der Bus soll abends öfter fahren, vor allem am Wochenende.", "Ein Nachtbus ab dem Bahnhof."),
    ("de", "Wir brauchen einen Spielplatz, der alte ist gesperrt.", "Ihn reparieren, statt ihn abzubauen."),
    ("de", "Mit drei Kindern finden wir seit zwei Jahren keine größere Wohnung, die wir bezahlen können.", None),
    ("tr", "Uzun zamandır Almanca kursu için bekliyorum; kurslar akşam da olmalı.", "Okulda akşam kursu."),
    ("ar", "نحتاج إلى مواعيد أسرع في الدوائر، وإلى من يشرح لنا الرسائل.", "متطوعون يساعدون في الترجمة."),
    ("ru", "Нужен детский врач в нашем районе: ближайший принимает только через месяц.", None),
    ("uk", "Більше лавок і дерев біля зупинок, влітку там нема де сховатися від сонця.", "Посадити липи."),
)
EACH = 13
"""Answers of one person: district; two needs, each with theme, importance, idea and «more?»; about them; the review."""

said = sa.Table(
    "said",
    sa.MetaData(),
    *(sa.Column(name, sa.Integer) for name in ("variant", "position", "instance")),
    *(sa.Column(name, sa.Text) for name in ("question", "state", "text", "language")),
    prefixes=["TEMPORARY"],
)
"""What each kind of person has said."""


def fill(database: Database, city: City, round: str, total: int, now: datetime) -> None:
    """Adds people who have answered everything, until about as many answers are stored."""
    with database.write() as connection:
        had = connection.execute(sa.select(sa.func.count()).select_from(participations)).scalar_one()
        numbers = _numbers(had + 1, total // EACH)
        person, mark = (name + sa.cast(numbers.c.number, sa.Text) for name in ("invented-", "mark-"))
        given = {"id": person, "channel": "web", "language": "de", "created_at": now}
        _insert(connection, people, given)
        given = {"person": person, "round": round, "channel": "web", "language": "de"}
        given |= {"status": "complete", "number": 100_000_000_000 + numbers.c.number, "mark": mark, "started_at": now}
        _insert(connection, participations, given)
        said.create(connection)
        connection.execute(said.insert(), list(_said(city)))
        _insert_answers(connection, had, now)
        said.drop(connection)
    with database.write() as connection:
        connection.execute(sa.text("ANALYZE"))


def _numbers(first: int, last: int) -> sa.CTE:
    numbers = sa.select(sa.literal(first, sa.BigInteger).label("number")).cte("numbers", recursive=True)
    return numbers.union_all(sa.select(numbers.c.number + 1).where(numbers.c.number < last))


def _insert(connection: sa.Connection, table: sa.Table, given: dict[str, Any]) -> None:
    values = [value if isinstance(value, sa.ColumnElement) else sa.literal(value) for value in given.values()]
    connection.execute(table.insert().from_select(list(given), sa.select(*values)))


def _insert_answers(connection: sa.Connection, had: int, now: datetime) -> None:
    own = said.c.text + " " + sa.cast(participations.c.id, sa.Text)
    text = sa.case((said.c.question.in_(("need", "idea")), own), else_=said.c.text)  # no two say just the same
    names = ("question", "instance", "state", "language")
    rows = (
        sa.select(participations.c.id, *(said.c[name] for name in names), text, sa.literal(now))
        .join(said, said.c.variant == participations.c.id % len(NEEDS))
        .where(participations.c.id > had)
        .order_by(participations.c.id, said.c.position)
    )
    connection.execute(answers.insert().from_select(["participation", *names, "text", "answered_at"], rows))


def _said(city: City) -> Iterator[dict[str, Any]]:
    for variant, (language, need, idea) in enumerate(NEEDS):
        needs = (
            (question, instance, text)
            for instance in (0, 1)
            for question, text in (
                ("theme", THEMES[(variant + instance) % len(THEMES)]),
                ("need", need),
                ("importance", str(1 + (variant + instance) % 5)),
                ("idea", idea),
                ("more", "no" if instance else "yes"),
            )
        )
        home = city.districts[variant % len(city.districts)].id
        given = (("district", 0, home), *needs, ("about", 0, "no"), ("review", 0, "yes"))
        for position, (question, instance, text) in enumerate(given):
            yield {
                "variant": variant,
                "position": position,
                "question": question,
                "instance": instance,
                "state": "skipped" if text is None else "answered",
                "text": text,
                "language": language,
            }
