"""the whole conversation: what stands aside, codes to go on with, attachments, answers put off"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("people") as people:
        people.add_column(sa.Column("about", sa.String(length=100)))
        people.add_column(sa.Column("misses", sa.Integer(), nullable=False, server_default="0"))
        people.add_column(sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("attachment", sa.String(length=16)))
    op.add_column("participations", sa.Column("mark", sa.String(length=40)))
    op.add_column("participations", sa.Column("code", sa.String(length=40)))
    _mark_all()
    with op.batch_alter_table("participations") as participations:
        participations.alter_column("mark", existing_type=sa.String(length=40), nullable=False)
        participations.create_unique_constraint(op.f("uq_participations_mark"), ["mark"])
        participations.create_unique_constraint(op.f("uq_participations_code"), ["code"])
    with op.batch_alter_table("answers") as answers:
        answers.drop_constraint(op.f("ck_answers_state"), type_="check")
        answers.create_check_constraint(
            op.f("ck_answers_state"), "state in ('answered', 'skipped', 'declined', 'later')"
        )
    op.create_table(
        "guesses",
        sa.Column("id", big, autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guesses")),
    )
    op.create_index(op.f("ix_guesses_at"), "guesses", ["at"])


def _mark_all() -> None:
    """Each participation that is there gets its random name; a code begins with the next one."""
    table = sa.table("participations", sa.column("id"), sa.column("mark"))
    for (id,) in op.get_bind().execute(sa.select(table.c.id)).all():
        op.execute(table.update().where(table.c.id == id).values(mark=secrets.token_hex(16)))


def downgrade() -> None:
    op.drop_table("guesses")
    later = "(select id from answers where state = 'later')"
    op.execute(f"delete from revisions where state = 'later' or answer in {later}")
    op.execute("delete from answers where state = 'later'")
    with op.batch_alter_table("answers") as answers:
        answers.drop_constraint(op.f("ck_answers_state"), type_="check")
        answers.create_check_constraint(op.f("ck_answers_state"), "state in ('answered', 'skipped', 'declined')")
    with op.batch_alter_table("participations") as participations:
        participations.drop_constraint(op.f("uq_participations_code"), type_="unique")
        participations.drop_constraint(op.f("uq_participations_mark"), type_="unique")
        participations.drop_column("code")
        participations.drop_column("mark")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("attachment")
    with op.batch_alter_table("people") as people:
        for name in ("told", "misses", "about"):
            people.drop_column(name)
