"""One pass of the controller over one vault: the stages, wired."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.chain import codec, lens
from controller.chain.client import Chain
from controller.errors import CodeMismatchError, DisagreementError, EvenkeelError, RevertError, StorageError
from controller.execution import send
from controller.execution.journal import Journal
from controller.execution.keys import Signer
from controller.market.quotes import QuoteReader
from controller.model import BlockRef, Decision, NoTrade, Outcome, Plan, Snapshot, TickRecord
from controller.planning import due, rules
from controller.planning import plan as planning
from controller.planning.worth import Terms, say
from controller.strategy.protocol import Strategy

if TYPE_CHECKING:
    import pandas as pd

Observer = Callable[[str], None]
"""Told the name of each stage as it ends, for progress and for measuring."""

Past = Callable[[Snapshot], "pd.DataFrame | None"]
"""{quote/tok} prices before a snapshot's block, see `Strategy.target`; asked only when a rebalance is due."""


def _unobserved(_stage: str) -> None:
    return None


def no_past(_snapshot: Snapshot) -> None:
    """For a strategy that needs no prices but those of the snapshot."""
    return


def no_terms(_snapshot: Snapshot) -> Terms:
    """For a keeper that trades what is due, whatever it brings."""
    return planning.NO_TERMS


@dataclass(frozen=True)
class Limits:
    """How a keeper trades within what the mandate leaves open."""

    tolerance: int = 30  # {bps} by which a trade may return less than quoted
    lifetime: int = 600  # {s} from the reference block to the plan's deadline
    depth: int = 0  # blocks below the head that everything is read at
    confirmations: int = 1
    timeout: float = 120.0  # {s} for a receipt
    max_fee: int | None = None  # {wei/gas} above which nothing is sent; None takes what the chain asks


@dataclass(frozen=True)
class Controller:
    """What every tick needs; one for all vaults of a chain."""

    chain: Chain
    lens: str
    quotes: QuoteReader
    strategy: Strategy
    journal: Journal
    signer: Signer | None = None  # None is dry: decide, do not send
    limits: Limits = Limits()
    past: Past = no_past
    terms: Callable[[Snapshot], Terms] = no_terms  # what trading costs beside the venues, and is held against
    sleep: Callable[[float], None] = time.sleep  # while a transaction is waited for

    def snapshot(self, vault: str, block: BlockRef) -> Snapshot:
        """The vault at `block`, see `read_snapshot`."""
        return read_snapshot(self.chain, self.lens, vault, block)

    def decide(self, snapshot: Snapshot, *, now: int) -> Decision:
        """What to do about a snapshot when a plan would execute at `now` {s}.

        Nearly every answer is that nothing is due: it asks neither strategy, nor venues, nor journal.
        """
        idle = due.why_not(snapshot, now)
        if idle is not None:
            return idle
        return planning.decide(
            snapshot,
            self.strategy.target(snapshot, self.past(snapshot)),
            lambda wants: self.quotes(snapshot, wants),
            now=now,
            deadline=now + self.limits.lifetime,
            journal_head=self.journal.head,
            tolerance=self.limits.tolerance,
            terms=self.terms(snapshot),
        )

    def tick(self, vault: str, *, broadcast: bool, observe: Observer = _unobserved) -> TickRecord:
        """Snapshot, target, decision, simulation, sending; recorded whatever happens.

        Raises
        ------
        StorageError
            When the journal cannot be written: nothing is sent then.
        """
        block = self.chain.head(self.limits.depth)
        observe("block")
        snapshot = self.snapshot(vault, block)
        observe("snapshot")
        record = observed(snapshot)
        try:
            record = self._act(snapshot, record, broadcast=broadcast, observe=observe)
        except StorageError:
            raise
        except EvenkeelError as error:
            self.journal.append_tick(answered(record, error))
            raise
        self.journal.append_tick(record)
        observe("journal")
        return record

    def _act(self, snapshot: Snapshot, record: TickRecord, *, broadcast: bool, observe: Observer) -> TickRecord:
        check_due(snapshot)
        # A plan executes in a later block than the one that it was made from.
        decision = self.decide(snapshot, now=snapshot.block.timestamp + 1)
        observe("decision")
        record = answered(record, decision)
        if isinstance(decision, NoTrade):
            return record
        if self.signer is None or not broadcast:
            return record
        return replace(record, outcome=self._send(self.signer, snapshot.vault, decision, observe))

    def _send(self, signer: Signer, vault: str, plan: Plan, observe: Observer) -> Outcome:
        gas = send.simulate(self.chain, vault, plan, signer.address)
        observe("simulation")
        outcome = send.submit(
            self.chain,
            signer,
            self.journal,
            vault,
            plan,
            gas=gas,
            confirmations=self.limits.confirmations,
            timeout=self.limits.timeout,
            max_fee=self.limits.max_fee,
            sleep=self.sleep,
        )
        observe("sending")
        return outcome


def read_snapshot(chain: Chain, address: str, vault: str, block: BlockRef) -> Snapshot:
    """A vault of this deployment at `block`, read by the lens at `address`.

    Raises
    ------
    EvenkeelError
        Why it cannot be read.
    CodeMismatchError
        When the factory does not know it.
    """
    found = lens.snapshot(chain, address, vault, block)
    require_registered(found)
    return found


def require_registered(snapshot: Snapshot) -> None:
    """Refuses to go on with a vault that the factory does not know.

    Raises
    ------
    CodeMismatchError
        Its code may be anything.
    """
    if not snapshot.registered:
        raise CodeMismatchError(
            f"The vault {snapshot.vault} was not created by this deployment's factory.",
            "Its code may be anything: check the address, or the network's deployments.",
        )


def check_due(snapshot: Snapshot) -> None:
    """Refuses to go on where the vault's own answer whether a rebalance is due differs from this controller's.

    Raises
    ------
    DisagreementError
        Whatever were planned then, one of the two would be wrong about it.
    """
    found = due.differences(snapshot)
    if found:
        raise DisagreementError(
            f"The vault {snapshot.vault} and this controller judge block {snapshot.block.number} differently: "
            f"{'; '.join(found)}.",
            "Use the controller of the version that the contracts were deployed from.",
        )


def observed(snapshot: Snapshot) -> TickRecord:
    """What a tick sees, before it decides."""
    prices = tuple(price.value for price in snapshot.prices)
    values = rules.values(snapshot.balances, prices)
    total = sum(values) if all(prices) else 0
    return TickRecord(
        vault=snapshot.vault,
        block=snapshot.block,
        balances=snapshot.balances,
        prices=prices,
        supply=snapshot.supply,
        value=total,
        targets=snapshot.targets,
        drift=rules.largest_drift(values, snapshot.targets) if total else 0,
        reason=None,
        detail="",
        plan_hash=None,
        outcome=None,
    )


def answered(seen: TickRecord, answer: Decision | EvenkeelError) -> TickRecord:
    """What was seen, with what was decided about it, or with the error that the tick ended with."""
    if isinstance(answer, EvenkeelError):
        return replace(seen, error=error_name(answer), detail=str(answer))
    if isinstance(answer, NoTrade):
        return replace(seen, reason=answer.reason, detail=answer.detail)
    return replace(seen, plan_hash=codec.plan_hash(answer), detail=_trades(answer))


def error_name(error: EvenkeelError) -> str:
    """As a tick's record names it."""
    return error.name if isinstance(error, RevertError) else type(error).__name__


def _trades(plan: Plan) -> str:
    count = f"{len(plan.trades)} trade{'' if len(plan.trades) == 1 else 's'}"
    return count if plan.expected is None else f"{count}, {say(plan.expected)}"
