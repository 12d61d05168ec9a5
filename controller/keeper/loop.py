"""The keeper's loop: one pass for each new head, and one for each silence.

A pass reads the journal's news, steps what is on its way, and where the schedule says so ticks: reads all vaults at one
block, records what was decided, and launches what no guard holds back. Nothing waits inside a pass: a transaction is
looked at again at the next head. What goes wrong with one vault or one account stops no other; only the journal stops
everything, because nothing may be signed without a record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import reduce

from controller.chain.heads import Heads, NewHead, Stop
from controller.errors import EvenkeelError, LeaseLostError, StorageError
from controller.execution import send
from controller.execution.flight import Flight, Verdict
from controller.execution.keys import Signer
from controller.keeper import conditions, guards
from controller.keeper.accounts import Waiting, assign
from controller.keeper.agreeing import require_agreement
from controller.keeper.fleet import FleetTick, VaultTick
from controller.keeper.guards import Coin, Hold, Offer
from controller.keeper.place import Place, Settings
from controller.keeper.schedule import Schedule, look, plan_ahead, silent_for, wanted_at
from controller.keeper.spending import Spending
from controller.keeper.standing import Standing, after
from controller.keeper.watch import Watch
from controller.model import BlockRef, Plan, Snapshot

NOWHERE = -1
"""Before the first record of a journal."""
ALONE = 0
"""The only turn of a keeper without a lease."""
SLICE = 1.0
"""{s} at most between two passes: a standby looks at the lease, a sender at its transactions."""


@dataclass
class Keeper:
    """One keeper; one thread."""

    place: Place
    settings: Settings
    watch: Watch
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    standing: Standing = field(init=False)
    schedule: Schedule = field(init=False)
    flights: dict[str, Flight] = field(default_factory=dict)  # by vault
    _known: int = NOWHERE  # newest record of the journal that `standing` includes
    _requests: int = 0  # round trips that were counted
    _turn: int | None = None  # epoch of the lease under which it leads; None while it does not
    _due_since: dict[str, int] = field(default_factory=dict)  # {s} chain time, by vault
    _failure: EvenkeelError | None = None  # the first one since the last tick

    def __post_init__(self) -> None:
        self.schedule = self.settings.schedule
        self.standing = Standing(self.settings.trips, Spending(self.settings.daily_spend))

    # ---- running

    def run(self, heads: Heads, stop: Stop) -> None:
        """Passes until `stop` is set.

        Raises
        ------
        StorageError
            When the journal cannot be used: nothing is signed then.
        """
        block: BlockRef | None = None
        while not stop.is_set():
            event = heads.next(stop, SLICE)
            block = event.block if isinstance(event, NewHead) else block
            self.watch.unreachable(heads.trouble)
            if block is not None:
                self.pass_(block)
            else:
                self._end(0)

    def run_once(self, heads: Heads, stop: Stop) -> None:
        """One tick, and passes until what it has sent is final.

        Raises
        ------
        EvenkeelError
            The first thing that went wrong with any vault.
        """
        block = self.place.chain.head()
        while not stop.is_set():
            self.pass_(block)
            if not self.flights and (self.schedule.ticks or self._failure):
                break
            event = heads.next(stop, SLICE)
            block = event.block if isinstance(event, NewHead) else block
        if self._failure:
            raise self._failure

    def pass_(self, head: BlockRef) -> None:
        """One pass at the newest block."""
        try:
            if self._lead():
                self._read_journal()
                with self._budget():
                    self._step_flights()
                with self._budget():
                    self._tick(head)
        except LeaseLostError as error:
            self._turn = None
            self._failed(error)
        except StorageError as error:
            self._failed(error)
            self._end(head.timestamp)
            raise
        except EvenkeelError as error:
            self._failed(error)
        self.watch.noted(conditions.of_silence(silent_for(self.schedule, self.clock()), self.settings.silence))
        self.watch.noted(conditions.of_skew(head.timestamp - self.wall(), self.settings.skew))
        self._end(head.timestamp)

    def _failed(self, error: EvenkeelError, vault: str = "") -> None:
        self._failure = self._failure or error
        self.watch.failed(error, vault)

    def _budget(self) -> AbstractContextManager[None]:
        endpoints = self.place.endpoints
        return nullcontext() if endpoints is None else endpoints.budget(self.settings.requests)

    def _end(self, chain_time: int) -> None:
        self.watch.metrics.leads(self._turn)
        if self.place.endpoints is not None:
            requests, self._requests = self.place.endpoints.requests - self._requests, self.place.endpoints.requests
            self.watch.asked(self.place.endpoints.health, requests)
        self.watch.passed(self.standing, chain_time, self.clock())

    # ---- leading

    def _lead(self) -> bool:
        """Whether this keeper may act; taking over, it takes what its predecessor left on the way.

        A turn is new when the epoch is: who slept past the lease may find it free again, and another has led meanwhile.
        """
        lease = self.place.lease
        if lease is not None and not lease.acquire():
            self._turn = None
            return False
        turn = ALONE if lease is None else lease.epoch
        if turn != self._turn and self.settings.broadcast:
            found = send.resume(self.place.chain, self.place.journal, clock=self.clock)
            self.flights = {flight.vault: flight for flight in found}
        self._turn = turn
        return True

    def _read_journal(self) -> None:
        """Everything that was recorded since the last pass, by this process and by others."""
        records = list(self.place.journal.since(self._known))
        if records:
            self.standing = reduce(after, records, self.standing)
            self._known = records[-1].seq

    # ---- what is on its way

    def _step_flights(self) -> None:
        signers = {signer.address: signer for signer in self.place.signers.values()}
        for vault, flight in list(self.flights.items()):
            try:
                found = send.step(
                    self.place.chain,
                    signers.get(flight.sender),
                    self.place.journal,
                    flight,
                    policy=self.settings.policy,
                    clock=self.clock,
                )
            except StorageError:
                raise
            except EvenkeelError as error:
                self._failed(error, vault)
                continue
            if isinstance(found, Verdict):
                del self.flights[vault]
                self.watch.ended(flight, found)
                if found.outcome is None:
                    self._failure = self._failure or send.failure(found)
            else:
                self.flights[vault] = found
                if len(found.attempts) > len(flight.attempts):
                    self.watch.signed(found)
        self._read_journal()

    # ---- a tick

    def _tick(self, head: BlockRef) -> None:
        begun = self.clock()
        skipped = self.schedule.skipped
        self.schedule, ticks = look(self.schedule, head, begun)
        self.watch.looked(self.schedule, head, begun, self.wall())
        if not ticks:
            return
        depth = self.place.depth
        block = self.place.chain.block(max(head.number - depth, 0)) if depth else head
        tick = self.place.fleet.tick(self.place.vaults(block), block)
        self.place.journal.append_all([tick.record.draft])
        wrong = (each.answer for each in tick.vaults if isinstance(each.answer, EvenkeelError))
        self._failure = next(wrong, None)
        self.schedule = plan_ahead(
            self.schedule, (wanted_at(each.snapshot, each.answer) for each in tick.vaults if each.snapshot)
        )
        self.watch.ticked(tick, self.clock() - begun, self.schedule.skipped - skipped)
        self._launch_all(tick)

    def _launch_all(self, tick: FleetTick) -> None:
        planned = {each.vault: each for each in tick.vaults if isinstance(each.answer, Plan)}
        due = {vault: self._due_since.get(vault, tick.block.timestamp) for vault in planned}
        self._due_since = due
        if not self.settings.broadcast:
            return
        waiting = [self._waiting(each, due[vault]) for vault, each in planned.items()]
        busy = {vault: flight.sender for vault, flight in self.flights.items()}
        assigned = assign(waiting, tuple(self.place.signers), busy)
        for vault in assigned.unserved:
            self.watch.unserved(vault)
        accounts = {account.address: signer for account, signer in self.place.signers.items()}
        for assignment in assigned.now:
            self._launch(planned[assignment.vault], accounts[assignment.account])

    def _waiting(self, tick: VaultTick, since: int) -> Waiting:
        drift = tick.snapshot.due.largest_drift if tick.snapshot else 0
        return Waiting(tick.vault, drift, since, self.standing.failures.get(tick.vault, 0))

    def _launch(self, tick: VaultTick, signer: Signer) -> None:
        snapshot, plan = tick.snapshot, tick.answer
        if snapshot is None or not isinstance(plan, Plan):
            raise TypeError("what is launched is a plan, made from a snapshot")
        try:
            held = guards.stopped(self.standing, snapshot, self._killed())
            if held is None:
                require_agreement(self.place, snapshot, plan)
                held = self._send(snapshot, plan, signer)
            if held is not None:
                self.watch.held(tick.vault, signer.address, held)
        except StorageError:
            raise
        except EvenkeelError as error:
            self._failure = self._failure or error
            self.watch.refused(tick.vault, error)

    def _send(self, snapshot: Snapshot, plan: Plan, signer: Signer) -> Hold | None:
        """Signed and broadcast, or what holds it back."""
        chain, settings = self.place.chain, self.settings
        head = chain.head()
        gas = send.simulate(chain, snapshot.vault, plan, signer.address, head)
        fees = chain.fees(head)
        worst = send.worst_case(gas, fees, settings.policy)
        offer = Offer(snapshot, plan, signer.address, gas, fees, worst, chain.balance(signer.address, head))
        low = conditions.of_balance(signer.address, offer.balance, worst, settings.costs)
        self.watch.balance(signer.address, offer.balance, low)
        coin = self.place.coin(head) if settings.costs.max_gas_cost is not None else Coin()
        self._read_journal()  # a word of the operator may have come
        held = guards.check(offer, settings.costs, self.standing, coin, head.timestamp, self._killed())
        if held is not None:
            return held
        flight = send.launch(
            chain,
            signer,
            self.place.journal,
            snapshot.vault,
            plan,
            gas=gas,
            policy=replace(settings.policy, budget=worst),
            clock=self.clock,
        )
        self.flights[snapshot.vault] = flight
        self.watch.signed(flight)
        self._read_journal()
        return None

    def _killed(self) -> str:
        file = self.settings.kill_file
        return str(file) if file is not None and file.exists() else ""
