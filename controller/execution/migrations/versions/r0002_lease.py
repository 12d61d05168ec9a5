"""Leases; indexes that answer a keeper however long the journal is; numbers that a fleet does not use up."""

import sqlalchemy as sql
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    number = sql.BigInteger().with_variant(sql.Integer(), "sqlite")
    op.create_table(
        "evenkeel_lease",
        sql.Column("name", sql.String(64), primary_key=True),
        sql.Column("holder", sql.String(255), nullable=False),
        sql.Column("epoch", number, nullable=False),
        sql.Column("expires_at", number, nullable=False),
    )
    if op.get_context().dialect.name == "postgresql":  # SQLite's integers have 64 bits already
        op.alter_column("evenkeel_journal", "seq", type_=number)
        op.alter_column("evenkeel_journal", "intent", type_=number)
    op.drop_index("evenkeel_journal_vault", "evenkeel_journal")
    op.create_index("evenkeel_journal_vault", "evenkeel_journal", ["vault", "kind", "seq"])
    intents = sql.text("kind = 'INTENT'")
    op.create_index(
        "evenkeel_journal_intents", "evenkeel_journal", ["seq"], sqlite_where=intents, postgresql_where=intents
    )
