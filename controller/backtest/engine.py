"""One run over history: at each moment the keeper's functions see a snapshot, and what they decide happens on paper.

The functions are those that trade: `planning.due`, `planning.plan.decide`, `planning.proposing`, and a `Strategy`. The
engine keeps what a chain would keep: balances, nonce, budgets, the open rebalance, the path of targets.

A strategy sees the prices strictly before the moment, in a frame that nobody can write to: it cannot look ahead,
whatever it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from eth_utils.crypto import keccak

from controller.backtest.events import Holding, happened
from controller.backtest.moments import Moment, answers
from controller.backtest.paper import Market
from controller.chain.codec import plan_hash
from controller.deploy.vaults import first_amounts
from controller.errors import InputError
from controller.market.history import freeze
from controller.model import (
    ZERO_ADDRESS,
    BlockRef,
    Cause,
    Decision,
    Due,
    Fees,
    Fill,
    Knot,
    Mandate,
    NoTrade,
    Outcome,
    Plan,
    Quote,
    Rebalance,
    Snapshot,
    Status,
    TickRecord,
)
from controller.planning import due, path, rules
from controller.planning import plan as planning
from controller.planning.aftermath import balances_after, status_after
from controller.planning.book import Book
from controller.planning.budget import Bucket
from controller.planning.proposing import propose
from controller.planning.wants import Want
from controller.planning.worth import Terms
from controller.strategy.fixed import FixedTargets
from controller.strategy.protocol import Strategy
from controller.tick import answered, observed
from controller.units import VALUE_DECIMALS

if TYPE_CHECKING:
    import pandas as pd

LATER: Final = 1
"""{s} from the block of a snapshot to the one that its plan executes in."""
LIFETIME: Final = 600
"""{s} of a plan."""
SHARE_DECIMALS: Final = 18
_UNASKED: Final = Due(False, Cause.PRICE_UNUSABLE, 0, 0, 0, 0, 0, 0, ())
"""Stands where a snapshot of the chain has a vault's own answer."""
_VAULT: Final = "0x" + "be" * 20
_FIXED: Final = FixedTargets()


@dataclass(frozen=True, slots=True)
class Gas:
    """What a plan takes, and what that costs."""

    plan: int = 200_000  # {gas} with its first trade
    trade: int = 75_000  # {gas} of each further one
    price: int = 0  # D36{quote/gas}

    def taken(self, trades: int) -> int:
        """{gas} by a plan of so many trades."""
        return self.plan + self.trade * (trades - 1)

    def cost(self, gas: int, moment: Moment) -> int:
        """D36{quote} of so much {gas} at a moment."""
        return gas * (self.price if moment.gas is None else moment.gas)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is kept, by which rules, and what trading costs."""

    mandate: Mandate
    market: Market
    strategy: Strategy = _FIXED
    tolerance: int = 30  # {bps} by which a plan's trade may return less than quoted
    gas: Gas = Gas()
    terms: Terms = planning.NO_TERMS
    takes_fees: bool = True  # whether somebody has the vault's fees taken at every moment, and not only with flows


def run(
    setting: Setting,
    moments: Sequence[Moment],
    value: int,
    *,
    past: pd.DataFrame | None = None,
    balances: Sequence[int] | None = None,
    progress: Callable[[TickRecord], None] = lambda _record: None,
) -> list[TickRecord]:
    """One tick at each moment, as the keeper's journal would have it.

    Parameters
    ----------
    value : D36{quote} that the vault starts with, on target.
    past : {quote/tok} the whole history, of which a strategy sees what is before each moment; None where it asks none.
    balances : {qTok} to start with in the place of `value` on target.

    Raises
    ------
    InputError
        When the history does not fit the mandate.
    """
    _require_known(setting, moments)
    first = moments[0]
    targets = path.targets_at(setting.mandate.path, first.block.timestamp)
    held = tuple(balances or first_amounts(setting.mandate, targets, first.prices, value))
    worth = sum(rules.values(held, first.prices))
    vault = Holding(
        setting.mandate,
        held,
        worth // 10 ** (VALUE_DECIMALS - SHARE_DECIMALS),
        Status(0, 0, 0, 0, False, 0, 0, 0, 0, 0, ()),
    )
    records = []
    for moment in moments:
        setting.market.move(moment.worth)
        vault = _happened(setting, vault, moment)
        vault = _retargeted(setting, vault, moment, past)
        vault, record = _tick(setting, vault, moment)
        records.append(record)
        progress(record)
    return records


def _happened(setting: Setting, vault: Holding, moment: Moment) -> Holding:
    """After fees and flows; fees need every price, and wait for them."""
    targets = path.targets_at(vault.mandate.path, moment.block.timestamp)
    priced = all(price.value for price in answers(vault.mandate, moment))
    if moment.flow and not priced:
        raise InputError("A flow meets a feed that is older than its heartbeat.", "Let it come when feeds answer.")
    charged = setting.takes_fees and priced and vault.mandate.fees != Fees()
    return happened(vault, moment, targets, fees_taken=charged)


def _require_known(setting: Setting, moments: Sequence[Moment]) -> None:
    if not moments:
        raise InputError("There is no moment to decide at.", "Give a longer history.")
    if any(len(moment.prices) != len(setting.mandate.assets) or min(moment.prices) <= 0 for moment in moments):
        raise InputError("A moment lacks the price of an asset.", "Every asset needs a price above zero at all times.")


def _retargeted(setting: Setting, vault: Holding, moment: Moment, past: pd.DataFrame | None) -> Holding:
    """After what the strategist does about the strategy's weights, within the mandate's step and delay."""
    if isinstance(setting.strategy, FixedTargets):
        return vault
    snapshot, now = _snapshot(vault, moment), moment.block.timestamp
    seen = None if past is None else _before(past, now)
    move = propose(snapshot, setting.strategy.target(snapshot, seen))
    if move is None or now < move.earliest:
        return vault
    return replace(
        vault,
        mandate=replace(vault.mandate, path=(Knot(now, move.targets),)),
        status=replace(vault.status, last_target_change=now),
    )


def _before(past: pd.DataFrame, now: int) -> pd.DataFrame:
    """What is strictly before `now` {s}, as a copy that nobody can write to: a view would lead to the rest."""
    import pandas as pd

    seen = past.loc[: pd.Timestamp(now, unit="s", tz="UTC") - pd.Timedelta(1, unit="ns")]
    return freeze(seen.to_numpy(dtype=float, copy=True), [str(name) for name in seen.columns], seen.index)


def _tick(setting: Setting, vault: Holding, moment: Moment) -> tuple[Holding, TickRecord]:
    snapshot = _snapshot(vault, moment)
    now = moment.block.timestamp + LATER
    decision, quotes = _decide(setting, snapshot, now)
    record = answered(observed(snapshot), decision)
    if isinstance(decision, NoTrade):
        return vault, record
    fills = tuple(_filled(trade.sell, trade.buy, trade.amount_in, trade.route, quotes) for trade in decision.trades)
    status = status_after(snapshot, fills, now)
    outcome = _outcome(setting, snapshot, decision, fills, status, now)
    held = balances_after(vault.balances, fills)
    return replace(vault, balances=held, status=status), replace(record, outcome=outcome)


def _decide(setting: Setting, snapshot: Snapshot, now: int) -> tuple[Decision, Sequence[Quote]]:
    """The keeper's decision, and the quotes that it rests on."""
    idle = due.why_not(snapshot, now)
    if idle is not None:
        return idle, ()
    last: list[Quote] = []

    def quote(wants: tuple[Want, ...]) -> Sequence[Quote]:
        last[:] = setting.market.quote(snapshot, wants)
        return last

    decision = planning.decide(
        snapshot,
        snapshot.targets,
        quote,
        now=now,
        deadline=now + LIFETIME,
        journal_head=bytes(32),
        tolerance=setting.tolerance,
        terms=setting.terms,
    )
    return decision, last


def _filled(sell: int, buy: int, amount: int, route: bytes, quotes: Sequence[Quote]) -> Fill:
    """What the market gives for a trade: what it quoted, since nobody trades in between."""
    found = next(q for q in quotes if (q.sell, q.buy, q.amount_in, q.route) == (sell, buy, amount, route))
    return Fill(sell, buy, found.venue, amount, found.amount_out)


def _outcome(
    setting: Setting, snapshot: Snapshot, plan: Plan, fills: tuple[Fill, ...], status: Status, now: int
) -> Outcome:
    book = Book.of(snapshot, now)
    held = rules.values(balances_after(snapshot.balances, fills), book.prices)
    block = BlockRef(snapshot.block.number + 1, keccak(snapshot.block.hash), now)
    gas = setting.gas.taken(len(fills))
    rebalance = Rebalance(
        keeper=ZERO_ADDRESS,
        nonce=plan.nonce,
        cause=book.cause,
        open=bool(status.open_until),
        plan_hash=plan_hash(plan),
        journal_head=bytes(32),
        drift_before=rules.largest_drift(book.values, book.targets),
        drift_after=rules.largest_drift(held, book.targets),
        value_before=book.total,
        value_after=sum(held),
        prices=book.prices,
        rounds=(0,) * len(fills),
        fills=fills,
    )
    return Outcome(plan_hash(plan), block, gas, 0, rebalance)


def _snapshot(vault: Holding, moment: Moment) -> Snapshot:
    """The vault as planning sees it, its budgets as far as they have leaked."""
    status, limits, now = vault.status, vault.mandate.limits, moment.block.timestamp
    elapsed = max(now - status.last_rebalance, 0)
    loss = Bucket(status.loss_used, limits.loss_budget, limits.budget_window).after(elapsed)
    turnover = Bucket(status.turnover_used, limits.turnover_budget, limits.budget_window).after(elapsed)
    return Snapshot(
        chain_id=0,
        block=moment.block,
        vault=_VAULT,
        registered=True,
        supply=vault.supply,
        ledger_head=b"",
        ledger_count=0,
        mandate=vault.mandate,
        targets=path.targets_at(vault.mandate.path, now),
        status=replace(status, loss_used=loss.level, turnover_used=turnover.level),
        due=_UNASKED,
        balances=vault.balances,
        prices=answers(vault.mandate, moment),
    )


def gas_paid(setting: Setting, moments: Sequence[Moment], ticks: Sequence[TickRecord]) -> int:
    """D36{quote} that the transactions of a run have cost whoever sent them."""
    return sum(
        setting.gas.cost(tick.outcome.gas_used, moment)
        for tick, moment in zip(ticks, moments, strict=True)
        if tick.outcome is not None
    )
