"""evenkeel replay"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from controller.chain.nodes import Engine
from controller.cli import options
from controller.cli.demo import ENGINES, STARTS
from controller.cli.output import err, out, print_json
from controller.cli.rehearsal import POOL_DEPTH, rehearse
from controller.errors import DisagreementError, UsageError
from controller.replay.compare import differences, on_paper
from controller.replay.markets import MARKETS, series
from controller.units import VALUE_DECIMALS


def replay(
    market: Annotated[str, typer.Option(help="macro: monthly since 1953; crypto: daily since 2018.")] = "macro",
    start: Annotated[str | None, typer.Option("--from", help="First month or day. Default: 2000-01, 2018-10.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last month or day. Default: all there is.")] = None,
    engine: Annotated[str, typer.Option(help="anvil or ganache.")] = "anvil",
    as_json: options.AsJson = False,
) -> None:
    """Run the same mandate and history on a real EVM and on paper, and compare them tick by tick.

    On the chain are the real contracts, the real keeper and real Uniswap pools; on paper the backtest. They have to
    make the same decisions and the same trades to the last unit of every token. Exit code 70 where they do not, with
    the first thing that differs in each tick.
    """
    if market not in MARKETS or engine not in ENGINES:
        raise UsageError(
            f"There is no market {market!r} on engine {engine!r}.",
            f"Markets: {', '.join(MARKETS)}. Engines: {', '.join(ENGINES)}.",
        )
    chosen: Engine = next(each for each in ENGINES if each == engine)
    history = series(MARKETS[market], start or STARTS[market], end)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(prefix="evenkeel-replay-") as folder, Progress(*columns, console=err) as progress:
        done = rehearse(MARKETS[market], history, chosen, Path(folder), progress)
    paper = on_paper(
        done.ticks,
        done.mandate,
        dollar=done.dollar,
        price=done.dollar_price,
        depth=POOL_DEPTH * 10**VALUE_DECIMALS,
    )
    found = list(differences(done.ticks, paper))
    traded = sum(1 for tick in paper if tick.outcome)
    if as_json:
        rows = [
            {"tick": d.tick, "time": d.time, "cause": d.cause, "chain": d.chain, "backtest": d.backtest} for d in found
        ]
        print_json({"ticks": len(paper), "rebalances": traded, "differences": rows})
    if found:
        raise DisagreementError(
            f"Chain and backtest differ in {len(found)} of {len(paper)} ticks; first, {found[0]}.",
            "One of them is wrong: nothing that the backtest says of this mandate can be relied on.",
        )
    if not as_json:
        out.print(
            f"[green]Equal[/green]: {len(paper)} ticks and {traded} rebalances, on a real EVM and on paper, the same "
            "decisions and the same trades to the last unit."
        )
