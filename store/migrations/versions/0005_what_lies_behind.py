"""a long talk: how often its repeated groups are over, and the latest answers by an index"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("participations") as table:
        table.add_column(sa.Column("behind", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("form", sa.String(length=16)))
    _reorder("participation", "instance", "question", instead_of=("participation", "question", "instance"))


def downgrade() -> None:
    _reorder("participation", "question", "instance", instead_of=("participation", "instance", "question"))
    with op.batch_alter_table("participations") as table:
        table.drop_column("form")
        table.drop_column("behind")


def _reorder(*columns: str, instead_of: tuple[str, ...]) -> None:
    with op.batch_alter_table("answers") as table:
        table.drop_constraint(op.f("_".join(("uq_answers", *instead_of))), type_="unique")
        table.create_unique_constraint(op.f("_".join(("uq_answers", *columns))), [*columns])
