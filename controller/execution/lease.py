"""Which of several keepers leads: a lease in their common database, by that database's clock.

The lease's epoch grows each time that another keeper takes it. A journal under a lease compares epochs in the
transaction of each append, so that a leader that slept past its lease cannot write, and what is not written is not
signed.
"""

from __future__ import annotations

import os
import secrets
import socket
from typing import Final

import sqlalchemy as sql
from sqlalchemy.engine import URL

from controller.errors import LeaseLostError
from controller.execution.database import LEASES, Database

_NOW: Final = {  # {ms} since 1970; not the time at which the transaction began, it may have waited since
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)",
}


class Lease:
    """One keeper's view of a lease. `Journal` refuses whatever is appended without it.

    Parameters
    ----------
    url : the journal's database.
    name : of the lease; keepers of the same name take turns.
    duration : {s} after which another keeper may take it, counted from the last `acquire` or `renew`.
    """

    def __init__(self, url: str | URL, name: str, *, duration: float = 30.0) -> None:
        self.name: Final = name
        # by chance as well: a keeper that is started anew must not be taken for its predecessor
        self.holder: Final = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._milliseconds: Final = round(duration * 1_000)
        self._database: Final = Database(url)
        self._epoch: int | None = None

    @property
    def epoch(self) -> int | None:
        """Of this keeper's turn; None when it has none, as far as it knows."""
        return self._epoch

    @property
    def held_by(self) -> str | None:
        """Whose turn it is now; None when nobody holds it."""
        with self._database.reading() as connection:
            held = sql.select(LEASES.c.holder).where(LEASES.c.name == self.name, LEASES.c.expires_at > _now(connection))
            found: str | None = connection.scalar(held)
        return found

    def close(self) -> None:
        self._database.close()

    def acquire(self) -> bool:
        """Take or prolong it; False while another keeper holds it."""
        with self._database.writing() as connection:
            now = connection.scalar(sql.select(_now(connection))) or 0
            found = connection.execute(sql.select(LEASES).where(LEASES.c.name == self.name).with_for_update()).first()
            if found is not None and found.holder != self.holder and found.expires_at > now:
                self._epoch = None
                return False
            epoch = 1 if found is None else found.epoch + (found.holder != self.holder)
            change = LEASES.insert() if found is None else LEASES.update().where(LEASES.c.name == self.name)
            expires_at = now + self._milliseconds
            connection.execute(change.values(name=self.name, holder=self.holder, epoch=epoch, expires_at=expires_at))
        self._epoch = epoch
        return True

    def renew(self) -> None:
        """Prolong it.

        Raises
        ------
        LeaseLostError
            When another keeper has taken it.
        """
        with self._database.writing() as connection:
            self.require(connection)
            connection.execute(
                LEASES.update()
                .where(LEASES.c.name == self.name)
                .values(expires_at=_now(connection) + self._milliseconds)
            )

    def release(self) -> None:
        """Let another keeper take it at once; nothing happens where one has already."""
        with self._database.writing() as connection:
            connection.execute(LEASES.update().where(self._mine()).values(expires_at=0))
        self._epoch = None

    def require(self, connection: sql.Connection) -> None:
        """Nobody can take it before the transaction of `connection` has ended.

        Raises
        ------
        LeaseLostError
            When this keeper's epoch is not the current one.
        """
        # the row is locked against those as well who do not wait for the writer's lock, such as an operator's shell
        held = sql.select(LEASES.c.epoch).where(self._mine()).with_for_update(read=True)
        if connection.scalar(held) is None:
            raise LeaseLostError(
                f"This keeper, {self.holder}, does not hold the lease {self.name!r}.",
                "Another one leads, or may: stand by until this one has acquired the lease.",
            )

    def _mine(self) -> sql.ColumnElement[bool]:
        return sql.and_(LEASES.c.name == self.name, LEASES.c.holder == self.holder, LEASES.c.epoch == self._epoch)


def _now(connection: sql.Connection) -> sql.ColumnElement[int]:
    return sql.literal_column(_NOW[connection.dialect.name], sql.BigInteger())
