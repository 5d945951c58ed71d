"""The tables. Times are UTC without zone; texts of persons stand in `inbox` until handled, then in `answers` alone."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import BigInteger as _BigInteger

BigInteger = _BigInteger().with_variant(Integer, "sqlite")
Key = String(40)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

people = Table(
    "people",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("language", String(16), nullable=False),
    Column("chosen", Boolean, nullable=False, default=False),
    Column("adult", Boolean, nullable=False, default=False),
    Column("stopped", Boolean, nullable=False, default=False),
    Column("participation", BigInteger),
    Column("aside", String(40)),
    Column("about", String(100)),
    Column("misses", Integer, nullable=False, default=0),
    Column("told", Boolean, nullable=False, default=False),
    Column("revisit_question", String(40)),
    Column("revisit_instance", Integer),
    Column("asked_at", DateTime),
    Column("last_number", Integer, nullable=False, default=0),
    Column("fence", BigInteger, nullable=False, default=0),
    Column("lease_owner", String(40)),
    Column("lease_until", DateTime),
    Column("created_at", DateTime, nullable=False),
    Column("erased_at", DateTime),
)
"""A conversation and the person at its other end. After an erasure the bare row stays until the notice is read."""

addresses = Table(
    "addresses",
    metadata,
    Column("person", ForeignKey("people.id"), primary_key=True),
    Column("address", String(24), nullable=False),
    Column("sent", Integer, nullable=False),
    Column("parts", Integer, nullable=False, default=0),
    Column("fence", BigInteger, nullable=False, default=0),
    Column("blocked", Boolean, nullable=False, default=False),
    Column("menu", String(16)),
    Column("retry_at", DateTime),
    Column("tries", Integer, nullable=False, default=0),
    Column("lease_until", DateTime),
    Column("used_at", DateTime, nullable=False),
)
"""Where the replies of a talk are brought, as long as they have to be: a chat's id on Telegram. `sent` is the number of
the last one that is there, `parts` how much is there of the one behind it, `menu` the language of the chat's commands;
`fence` grows with each process that begins to bring."""

participations = Table(
    "participations",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("round", String(40), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("mode", String(16), nullable=False, default="self"),
    Column("place", String(40)),
    Column("language", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("mark", Key, nullable=False, unique=True),
    Column("code", Key, unique=True),
    Column("behind", Integer, nullable=False, default=0),
    Column("form", String(16)),
    Column("started_at", DateTime, nullable=False),
    CheckConstraint("status in ('consented', 'partial', 'complete', 'stopped', 'withdrawn')", name="status"),
    Index(None, "person"),
)
"""`number` is its name in exports, `mark` in the deletion journal, `code` the hash of the code to go on with.
`behind` says how often its repeated groups are over, by the questions whose fingerprint is `form`: what was said there
a turn need not read."""

consents = Table(
    "consents",
    metadata,
    Column("participation", ForeignKey("participations.id"), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("language", String(16), nullable=False),
    Column("given_at", DateTime, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("participation", ForeignKey("participations.id"), nullable=False),
    Column("question", String(40), nullable=False),
    Column("instance", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("text", Text),
    Column("language", String(16), nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("answered_at", DateTime, nullable=False),
    # In this order, so that of a long talk the latest answers are found by it.
    UniqueConstraint("participation", "instance", "question"),
    CheckConstraint("instance >= 0", name="instance"),
    CheckConstraint("state in ('answered', 'skipped', 'declined', 'later')", name="state"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("answer", ForeignKey("answers.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("text", Text),
    Column("language", String(16), nullable=False),
    Column("answered_at", DateTime, nullable=False),
)
"""What an answer said before: every earlier wording, counted nowhere."""

inbox = Table(
    "inbox",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=True),
    Column("key", Key, nullable=False, unique=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("body", Key, nullable=False),
    Column("text", Text),
    Column("act", String(40)),
    Column("value", String(60)),
    Column("question", String(40)),
    Column("instance", Integer),
    Column("append", Boolean, nullable=False, default=False),
    Column("bound", Boolean, nullable=False, default=False),
    Column("state", String(16), nullable=False, default="waiting"),
    Column("tries", Integer, nullable=False, default=0),
    Column("retry_at", DateTime),
    Column("received_at", DateTime, nullable=False),
    CheckConstraint("state in ('waiting', 'handled', 'parked')", name="state"),
    Index(None, "state", "person", "seq"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("key", Key, primary_key=True),
    Column("person", Key),
    Column("effect", String(24), nullable=False),
    Column("reply", JSON),
    Column("created_at", DateTime, nullable=False),
    Index(None, "person"),
)
"""What a message did. A tombstone (effect «parked» or «erased») means: nothing may be stored for this key any more."""

outbox = Table(
    "outbox",
    metadata,
    Column("person", ForeignKey("people.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key", Key, nullable=False),
    Column("position", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(16), nullable=False),
    Column("buttons", JSON, nullable=False),
    Column("question", String(40)),
    Column("instance", Integer),
    Column("end", String(16)),
    Column("attachment", String(16)),
    Column("created_at", DateTime, nullable=False),
    UniqueConstraint("key", "position"),
)

dialogue_states = Table(
    "dialogue_states",
    metadata,
    Column("person", Key, primary_key=True),
    Column("state", Text, nullable=False),
)
"""Rasa's memory of a conversation: active loop and slots, no texts. Disposable."""

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("count", Integer, nullable=False, default=0),
)

bars = Table(
    "bars",
    metadata,
    Column("bar", Key, primary_key=True),
    Column("until", DateTime, nullable=False),
)
"""Keyed hashes of persons who just said that they are too young."""

guesses = Table(
    "guesses",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("person", Key, nullable=False),
    Column("at", DateTime, nullable=False),
    Index(None, "at"),
)
"""Wrong codes of the last hour: who tries many gets no further."""

audits = Table(
    "audits",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", DateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("what", String(200), nullable=False),
    Column("rows", Integer, nullable=False),
)
