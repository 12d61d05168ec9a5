"""Entry point: the commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import typer
from typer.exceptions import TyperException

from controller import __version__
from controller.cli import audit, chain, demo, deploy, doctor, keeper, plan, rebalance, report, status, vault
from controller.cli.output import err, print_error
from controller.errors import EvenkeelError, StorageError, UsageError

app = typer.Typer(
    name="evenkeel",
    help="Keeps on-chain portfolios on their mandates, and proves it.",
    epilog="Start with: evenkeel demo. Exit codes: 0 fine, 2 a rebalance is due, 3 audit findings, 4 not checkable, "
    "64 and above an error (controller/errors.py lists them), 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.add_typer(chain.app, name="chain")
app.command()(deploy.deploy)
app.add_typer(vault.app, name="vault")
app.command()(status.status)
app.command()(plan.plan)
app.command()(rebalance.rebalance)
app.add_typer(keeper.app, name="keeper")
app.command()(audit.audit)
app.command()(report.report)
app.command()(doctor.doctor)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"evenkeel {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Keeps on-chain portfolios on their mandates, and proves it."""


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; never shows a traceback for an error that has a name."""
    signal.signal(signal.SIGTERM, _terminate)
    as_json = "--json" in sys.argv
    try:
        code = app(standalone_mode=False)
    except EvenkeelError as error:
        print_error(error, as_json=as_json)
        code = error.exit_code
    except TyperException as error:
        if message := error.format_message():  # empty where the help has just been shown
            print_error(UsageError(message, "See what it takes: evenkeel COMMAND --help"), as_json=as_json)
        code = UsageError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        err.print("[yellow]Interrupted.[/yellow] Everything that was started has been stopped.")
        code = 130
    except OSError as error:
        print_error(StorageError(f"{error.strerror or error}: {error.filename or ''}".strip(": ")), as_json=as_json)
        code = StorageError.exit_code
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
