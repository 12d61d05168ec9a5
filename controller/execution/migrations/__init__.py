"""How the journal's schema came to be: one file for each revision, run in order. No revision touches a record."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sql
from alembic import command
from alembic.config import Config

_FOLDER = Path(__file__).parent


def configuration(connection: sql.Connection | None = None) -> Config:
    """alembic's, for `connection`."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return made


def upgrade(connection: sql.Connection, found: str | None) -> None:
    """To the newest revision, within the transaction of `connection`.

    Parameters
    ----------
    found : the revision that is there; None when nothing is.
    """
    made = configuration(connection)
    if found is not None:
        command.stamp(made, found)
    command.upgrade(made, "head")
