"""evenkeel keeper pause, resume, reset, drain: an operator's word, by way of the journal that the keeper reads."""

from __future__ import annotations

from typing import Annotated

import typer
from eth_utils.address import is_address, to_checksum_address
from rich.progress import Progress, SpinnerColumn, TextColumn

from controller.cli import options
from controller.cli.keeping import opened_journal
from controller.cli.output import err, out, print_json
from controller.cli.stopping import Stopping
from controller.errors import SendError, UsageError
from controller.execution.journal import Journal
from controller.keeper.standing import EVERY_VAULT, Control, Word

Why = Annotated[str, typer.Option("--why", help="Stands in the journal and in alerts.")]
LOOK = 0.5
"""{s} between two looks at the journal."""


def pause(
    config: options.RequiredKeeperFile,
    why: Why = "no reason given",
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Sign no new plans. What is on its way is finished; ticks go on and are recorded."""
    with opened_journal(config, networks, deployments) as journal:
        _say(journal, Control(Word.PAUSE, why), "Paused: no new plan is signed until evenkeel keeper resume.", as_json)


def resume(
    config: options.RequiredKeeperFile,
    why: Why = "no reason given",
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Sign plans again after a pause. Breakers stay as they are: they are reset."""
    with opened_journal(config, networks, deployments) as journal:
        _say(journal, Control(Word.RESUME, why), "Resumed.", as_json)


def reset(
    config: options.RequiredKeeperFile,
    vault: Annotated[str | None, typer.Argument(help="Whose breaker is open; left out: all of them.")] = None,
    why: Why = "no reason given",
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Close breakers that failures have opened. Find out first why they failed: docs/RUNBOOK.md."""
    with opened_journal(config, networks, deployments) as journal:
        subject = EVERY_VAULT if vault is None else checked(vault)
        _say(journal, Control(Word.RESET, why), "Reset.", as_json, subject)


def drain(
    config: options.RequiredKeeperFile,
    why: Why = "drained",
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for what is on its way.")] = 600.0,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Pause, and wait until nothing is on its way any more: then the keeper can be stopped, moved or upgraded."""
    stopping = Stopping.on_signals()
    with opened_journal(config, networks, deployments) as journal:
        journal.append_all([Control(Word.PAUSE, why).draft()])
        with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True) as progress:
            task = progress.add_task("looking")
            left = timeout
            while found := len(journal.open_intents()):
                progress.update(task, description=f"{found} on the way")
                if left <= 0 or stopping.wait(LOOK):
                    raise SendError(
                        f"{found} plans are still on their way.",
                        "It stays paused: run drain again, or wait for alerts.",
                    )
                left -= LOOK
        print_json({"drained": True}) if as_json else out.print(
            "[green]Drained[/green]: paused, nothing is on its way."
        )


def checked(vault: str) -> str:
    """A vault's address as the journal spells it."""
    if not is_address(vault):
        raise UsageError(f"{vault!r} is not an address.", "List the vaults: evenkeel vault list.")
    return str(to_checksum_address(vault))


def _say(journal: Journal, control: Control, done: str, as_json: bool, vault: str = EVERY_VAULT) -> None:
    (record,) = journal.append_all([control.draft(vault)])
    print_json({"said": control.word.value, "record": record.seq}) if as_json else out.print(done)
