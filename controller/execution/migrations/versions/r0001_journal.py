"""The journal as it was before it had revisions."""

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "evenkeel_journal",
        sql.Column("seq", sql.Integer, primary_key=True, autoincrement=False),
        sql.Column("kind", sql.String(16), nullable=False),
        sql.Column("vault", sql.String(42), nullable=False),
        sql.Column("intent", sql.Integer, sql.ForeignKey("evenkeel_journal.seq"), nullable=True),
        sql.Column("body", sql.Text, nullable=False),
        sql.Column("hash", sql.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_evenkeel_journal_intent", "evenkeel_journal", ["intent"])
    op.create_index("evenkeel_journal_vault", "evenkeel_journal", ["vault", "kind"])
