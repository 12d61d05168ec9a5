"""What every command prints with: tables for people on stdout, JSON for scripts, errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.errors import EvenkeelError, InputError, RevertError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(document: object) -> None:
    """One JSON document on stdout; integers beyond 2^53 must already be strings."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    sys.stdout.flush()  # whoever reads a pipe waits for it while the command goes on


def print_pairs(title: str, pairs: Mapping[str, object]) -> None:
    """A two-column table of named facts."""
    table = Table(title=title, show_header=False, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        table.add_row(f"[dim]{escape(name)}[/dim]", escape(str(value)))
    out.print(table)


def error_document(error: EvenkeelError) -> dict[str, object]:
    """An error as `--json` shows it."""
    document: dict[str, object] = {
        "error": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "retry": error.retry.value,
        "exit_code": error.exit_code,
    }
    if isinstance(error, InputError):
        document["mistakes"] = [{"where": mistake.where, "what": mistake.what} for mistake in error.mistakes]
    if isinstance(error, RevertError):
        document["revert"] = {"name": error.name, "arguments": {k: str(v) for k, v in error.arguments.items()}}
    return document


def print_error(error: EvenkeelError, *, as_json: bool) -> None:
    """One clear message, and what to do about it."""
    if as_json:
        print_json(error_document(error))
        return
    err.print(f"[bold red]Error:[/bold red] {escape(error.message)}", soft_wrap=True)
    if isinstance(error, InputError):
        for mistake in error.mistakes:
            err.print(f"  [yellow]{escape(mistake.where)}[/yellow]: {escape(mistake.what)}", soft_wrap=True)
    if error.hint:
        err.print(f"[dim]{escape(error.hint)}[/dim]", soft_wrap=True)
