"""A bar on stderr for work that tells how much of it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from controller.cli.output import err


@contextmanager
def working(what: str) -> Iterator[Callable[[float], None]]:
    """Shows the bar while the work lasts; what is given takes the share {1} that is done. No bar where nobody looks."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task(what, total=1)
        yield lambda done: shown.update(task, completed=done)
