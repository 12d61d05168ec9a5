"""What a strategy file decides about a vault, as several commands need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.audit.strategies import Replayed, replay
from controller.chain import ledger, lens
from controller.cli.changes import moment
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.config import strategy_file
from controller.config.strategy_file import StrategyFile
from controller.market.history import read_history
from controller.market.rounds import FeedPast, before
from controller.model import BlockRef, Snapshot
from controller.planning.proposing import Move, propose
from controller.report.wording import points, weight_points

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Decided:
    """A strategy and where its past comes from."""

    session: Session
    file: StrategyFile
    history: pd.DataFrame | None

    @classmethod
    def by(cls, session: Session, strategy: Path, history: Path | None) -> Decided:
        return cls(session, strategy_file.load(strategy), None if history is None else read_history(history))

    def move(self, snapshot: Snapshot) -> Move | None:
        """What the strategist may do now; None where the targets stand as they should."""
        symbols = self.symbols(snapshot)
        return propose(snapshot, self.file.build(symbols).target(snapshot, self.past(symbols)(snapshot)))

    def past(self, symbols: Sequence[str]) -> Callable[[Snapshot], pd.DataFrame | None]:
        if self.history is not None:
            return before(self.history, symbols)
        return FeedPast(self.session.chain, self.file.table.past.every, self.file.rows)

    def symbols(self, snapshot: Snapshot) -> list[str]:
        return [self.session.symbol(asset.token) for asset in snapshot.mandate.assets]

    def replayed(self, vault: str, block: BlockRef) -> tuple[Replayed, ...]:
        """Every move of the targets up to `block`, decided again."""
        chain, address = self.session.chain, self.session.address("VaultLens")
        symbols = self.symbols(lens.snapshot(chain, address, vault, block))
        found = ledger.entries(chain, self.session.address("Ledger"), vault, self.session.ledger_start, block)

        def at(number: int) -> Snapshot:
            return lens.snapshot(chain, address, vault, chain.block(number))

        return tuple(replay(found, at, self.file.build(symbols), self.past(symbols)))


def show_move(snapshot: Snapshot, symbols: Sequence[str], move: Move | None, *, as_json: bool) -> None:
    """What a strategy would move, in plain words."""
    old = dict(zip(symbols, snapshot.targets, strict=True))
    if as_json:
        print_json(
            {
                "targets": old,
                "strategy": None if move is None else dict(zip(symbols, move.wanted, strict=True)),
                "proposed": None if move is None else dict(zip(symbols, move.targets, strict=True)),
                "earliest": None if move is None else move.earliest,
            }
        )
        return
    if move is None:
        out.print("The targets stand as the strategy wants them, or the mandate leaves its strategist no step.")
        return
    for symbol, wanted, target in zip(symbols, move.wanted, move.targets, strict=True):
        change = target - old[symbol]
        verb = "stays at" if not change else f"{'up' if change > 0 else 'down'} {weight_points(abs(change))} to"
        rest = "" if target == wanted else f", on the way to {points(wanted)}"
        out.print(f"{symbol}: {verb} {points(target)}{rest}", soft_wrap=True)
    if move.earliest > snapshot.block.timestamp:
        out.print(f"The mandate's delay runs until {moment(move.earliest)}.", soft_wrap=True)
    out.print("Set them as the strategist: the same command with --keystore and --broadcast.", soft_wrap=True)


def show_replayed(replayed: Sequence[Replayed]) -> None:
    """Which moves of the targets a strategy decides, and which it does not."""
    if not replayed:
        out.print("No strategist has moved the targets of this vault.")
    for each in replayed:
        verdict = "decided by the strategy" if each.matches else "NOT decided by the strategy"
        out.print(f"Targets of entry {each.seq} (block {each.block}): {verdict}, {each.detail}.", soft_wrap=True)
