"""A PostgreSQL server of the tests' own: Debian's programs on a free loopback port, gone when the `with` block ends."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from command import free_port

USER = "evenkeel"
READY_SECONDS = 30.0
SETTINGS = ("fsync=off", "full_page_writes=off", "max_wal_size=64MB", "log_min_messages=fatal")


@dataclass
class Postgresql:
    """A server that can be stopped and started again; its port and its data stay the same."""

    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(database), autocommit=True)

    def create(self, database: str) -> str:
        """An empty database; its address."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def start(self) -> None:
        command = [*unprivileged(), program("postgres"), "-D", str(self.folder / "data")]
        for setting in ("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", *SETTINGS):
            command += ["-c", setting]
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True
            )
        self._await(self._process)

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + READY_SECONDS
        while process.poll() is None and time.monotonic() < until:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'output').read_text(errors='replace')}")

    def stop(self) -> None:
        """At once: whatever is connected is cut off, whatever was committed stays."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait()


@contextmanager
def start_postgresql() -> Iterator[Postgresql]:
    """Run a server for the length of a `with` block."""
    # pytest's own directories are closed to the user that the server runs as
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, *account())
        options = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--no-locale", "--no-sync"]
        # one megabyte for each piece of the log, so that a test can limit how large files may grow
        made = subprocess.run(
            [*unprivileged(), program("initdb"), "-D", str(folder / "data"), "--wal-segsize=1", *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
        if made.returncode != 0:
            raise RuntimeError(f"PostgreSQL made no database: {made.stderr}")
        server = Postgresql(folder, free_port())
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def program(name: str) -> str:
    """Debian keeps them off the PATH, in a directory for each version."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    found = max(versions, key=lambda path: int(path.parts[-3]), default=None) or shutil.which(name)
    if found is None:
        raise RuntimeError("PostgreSQL is not installed: run scripts/install_postgresql.")
    return str(Path(found).resolve())


def unprivileged() -> list[str]:
    """Runs a program so that it ends with this process, and not as root, which PostgreSQL refuses to be."""
    command = ["setpriv", "--pdeathsig=KILL"]
    if os.geteuid() == 0:
        user, group = account()
        command += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    return command


def account() -> tuple[int, int]:
    """User and group that the server runs as when root starts it."""
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    return user.pw_uid, user.pw_gid
