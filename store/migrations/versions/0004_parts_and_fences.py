"""addresses: how much of a long reply is there, and who brings it now"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("addresses") as table:
        table.add_column(sa.Column("parts", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(
            sa.Column("fence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, server_default="0")
        )


def downgrade() -> None:
    with op.batch_alter_table("addresses") as table:
        table.drop_column("fence")
        table.drop_column("parts")
