"""Entry point: the commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

import typer
from typer.exceptions import TyperException

from controller import __version__
from controller.cli import (
    advise,
    audit,
    backtest,
    chain,
    demo,
    deploy,
    doctor,
    flow,
    forecast,
    goal,
    household,
    keeper,
    plan,
    profile,
    rebalance,
    replay,
    report,
    simulate,
    status,
    sweep,
    tax,
    vault,
)
from controller.cli.output import err, print_error
from controller.errors import EvenkeelError, StorageError, UsageError

INTERRUPTED = 130
CLEANING_TIME = 5.0
"""{s} after one signal in which the next one changes nothing."""

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
app.command()(backtest.backtest)
app.command()(simulate.simulate)
app.command()(sweep.sweep)
app.command()(replay.replay)
app.add_typer(chain.app, name="chain")
app.command()(deploy.deploy)
app.add_typer(vault.app, name="vault")
app.add_typer(profile.app, name="profile")
app.command()(status.status)
app.command()(plan.plan)
app.command()(rebalance.rebalance)
app.command()(advise.advise)
app.command()(forecast.forecast)
app.add_typer(keeper.app, name="keeper")
app.add_typer(audit.app, name="audit")
app.command()(report.report)
app.add_typer(flow.app, name="flow")
app.add_typer(goal.app, name="goal")
app.command()(household.household)
app.add_typer(tax.app, name="tax")
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


def _interruptible() -> None:
    """Ctrl-C, SIGTERM and a closed terminal all end in the same cleaning up, which a second signal does not disturb."""
    undisturbed_until = 0.0

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal undisturbed_until
        if time.monotonic() >= undisturbed_until:
            undisturbed_until = time.monotonic() + CLEANING_TIME
            raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def _storage_error(error: OSError) -> StorageError:
    where = f"{error.filename}: " if error.filename else ""
    return StorageError(
        f"{where}{error.strerror or error}.", "Free some space or check the permissions; then try again."
    )


def main() -> None:
    """Run the command line; never shows a traceback for an error that has a name."""
    _interruptible()
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
        code = INTERRUPTED
    except RuntimeError as error:
        # Python 3.11 wraps what a signal raises while a class is made, as it is during an import
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        code = INTERRUPTED
    except OSError as error:
        print_error(_storage_error(error), as_json=as_json)
        code = StorageError.exit_code
    if code == INTERRUPTED:  # typer turns the exception into the code
        err.print("[yellow]Interrupted.[/yellow] Everything that was started has been stopped.")
    sys.exit(code if isinstance(code, int) else 0)
