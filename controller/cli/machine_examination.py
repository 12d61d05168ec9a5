"""What a keeper needs of its machine: journal, lease, disk, port, kill file, and addresses for its alerts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from controller.cli.examination import Check, Part, disk
from controller.cli.keeping import LEASE
from controller.config.keeper_file import KeeperFile
from controller.execution import keys
from controller.execution.journal import TAIL, Journal
from controller.execution.lease import Lease
from controller.keeper.health import LOOPBACK
from controller.keeper.notify import AppriseNotifier


def on_this_machine(file: KeeperFile, url: str | None) -> tuple[Part, ...]:
    """What the journal at `url` needs; None: it is named after a chain that does not answer."""
    machine: tuple[Part, ...] = (
        ("disk", lambda: iter([disk(_directory(url))])),
        ("port", lambda: _port(file.port, url)),
        ("kill file", lambda: _kill_file(file.kill_file)),
        ("alerts", lambda: _alerts(file.alert_urls)),
    )
    return machine if url is None else (("journal", lambda: _journal(url)), *machine)


def _directory(url: str | None) -> Path:
    """Where the journal grows; of a database elsewhere only this machine's own disk is known."""
    name = make_url(url).database if url is not None and url.startswith("sqlite") else None
    return Path(name).parent if name else Path.cwd()


def _journal(url: str) -> Iterator[Check]:
    with Journal(url) as journal:
        yield Check("journal", True, f"{journal}, {journal.count} records, the newest {TAIL} verified")
    holder = _holder(url)
    yield Check("lease", True, "free" if holder is None else f"held by {holder}")


def _holder(url: str) -> str | None:
    with closing(Lease(url, LEASE)) as lease:
        return lease.held_by


def _port(port: int | None, url: str | None) -> Iterator[Check]:
    """Whether metrics and health can be served; where the keeper of this file runs here, it serves them already."""
    if not port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            holder = None if url is None else _holder(url)
            runs = holder is not None and holder.startswith(f"{socket.gethostname()}:")
            found = f"{port}, {'of the keeper that runs' if runs else error.strerror}"
            yield Check("port", runs, found, "" if runs else "Set metrics.port to another one.")
            return
    yield Check("port", True, f"{port} is free")


def _kill_file(path: Path | None) -> Iterator[Check]:
    if path is not None:
        found, remedy = (f"{path} exists: nothing is signed", "Delete it.") if path.exists() else (f"no {path}", "")
        yield Check("kill file", not path.exists(), found, remedy)


def _alerts(urls: tuple[keys.Secret, ...]) -> Iterator[Check]:
    if urls:
        AppriseNotifier(urls)
    yield Check("alerts", True, f"{len(urls)} addresses that apprise knows" if urls else "none: nobody is told")
