"""Bars on stderr for long work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from controller.cli.output import err


@contextmanager
def working(what: str) -> Iterator[Callable[[float], None]]:
    """A bar while work lasts that tells how much of it is done: what is given takes the share {1}. No bar where nobody
    looks."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task(what, total=1)
        yield lambda done: shown.update(task, completed=done)


def counting() -> Progress:
    """Bars of work that counts what it has done."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=err, transient=True)
