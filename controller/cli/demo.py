"""evenkeel demo"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from controller.chain.nodes import Engine
from controller.cli import options
from controller.cli.output import err, out, print_json
from controller.cli.rehearsal import Rehearsal, rehearse
from controller.cli.verdict import DEMANDED, page_verdict
from controller.errors import UsageError
from controller.replay.markets import MARKETS, series
from controller.report.console import summary_table
from controller.report.page import write_report

ENGINES: tuple[Engine, ...] = ("anvil", "ganache")
STARTS = {"macro": "2000-01", "crypto": "2018-10"}


def demo(
    market: Annotated[str, typer.Option(help="macro: monthly since 1953; crypto: daily since 2018.")] = "macro",
    start: Annotated[str | None, typer.Option("--from", help="First month or day. Default: 2000-01, 2018-10.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last month or day. Default: all there is.")] = None,
    engine: Annotated[str, typer.Option(help="anvil or ganache.")] = "anvil",
    report: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("report.html"),
    as_json: options.AsJson = False,
) -> int:
    """Replay real market history on a real EVM: a vault, its keeper, a living market, and the audit of it all."""
    if market not in MARKETS or engine not in ENGINES:
        raise UsageError(
            f"There is no market {market!r} on engine {engine!r}.",
            f"Markets: {', '.join(MARKETS)}. Engines: {', '.join(ENGINES)}.",
        )
    if not report.resolve().parent.is_dir():
        raise UsageError(f"There is no directory for {report}.", "Make it, or name another file with --report.")
    history = series(MARKETS[market], start or STARTS[market], end)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(prefix="evenkeel-demo-") as folder, Progress(*columns, console=err) as progress:
        done = rehearse(MARKETS[market], history, next(e for e in ENGINES if e == engine), Path(folder), progress)
    write_report(report, done.ticks, done.mandate, done.summary, words=done.words, verdict=page_verdict(done.audit))
    if as_json:
        print_json(_document(done, report))
    else:
        out.print(summary_table(done.summary, done.words))
        out.print(f"Audit: {done.audit.verdict()}", soft_wrap=True)
        out.print(f"Report: {report.resolve()}", soft_wrap=True)
    error = done.audit.error(DEMANDED)
    return 0 if error is None else error.exit_code


def _document(done: Rehearsal, report: Path) -> dict[str, object]:
    return {"summary": done.summary.as_dict(), "audit": done.audit.to_json(), "report": str(report.resolve())}
