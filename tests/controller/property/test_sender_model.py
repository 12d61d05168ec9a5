"""Lives of a keeper against a simulated chain: whatever is lost, hidden, refused, replaced, reorged or killed, a plan
executes at most once, a verdict stays true, fees stay within the budget, and every flight ends once the chain is well.

The machine, its driver and the journal are the real ones; the chain, the signer and the clock are simulated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sim_chain import GWEI, OTHER, SENDER, VAULT, SimChain, SimSigner, Tx, foreign

from controller.chain.codec import plan_hash, plan_to_abi
from controller.chain.contract import Contract
from controller.errors import NodeError, RevertError, SendError, SigningKeyError, StorageError
from controller.execution import send
from controller.execution.flight import Fate, Flight, Policy, Verdict
from controller.execution.journal import Journal, Record, RecordKind
from controller.execution.sender import CANCEL_GAS
from controller.model import Plan, Trade

BUMP_EVERY = 30.0
WORDS_OF_THE_LIMIT = "reached the limit"
TROUBLES = ("mute", "goes away", "no signer", "disk full", "killed", "killed")
LIFETIMES = st.sampled_from([60, 600, 10_000])  # {s}


class Killed(BaseException):
    """SIGKILL."""


class Fuse:
    """Kills at a later one of the places that ask it."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Killed


class DyingChain(SimChain):
    """Dies before or after it takes bytes, and takes none that are not recorded."""

    fuse: Fuse
    journal: Journal

    def send_raw(self, raw: bytes) -> bytes:
        self.fuse.burn()
        recorded = {record.body["raw"] for record in self.journal.records(kind=RecordKind.SIGNED)}
        assert "0x" + raw.hex() in recorded, "bytes left before they were recorded"
        answer = super().send_raw(raw)
        self.fuse.burn()
        return answer


class DyingJournal(Journal):
    """Dies before or after it writes, or cannot write."""

    fuse: Fuse
    room: int | None = None  # records that still fit on the disk

    def append(self, kind: RecordKind, vault: str, body: Mapping[str, Any], intent: int | None = None) -> Record:
        if self.room is not None:
            self.room -= 1
            if self.room < 0:
                raise StorageError("The disk is full.")
        self.fuse.burn()
        record = super().append(kind, vault, body, intent)
        self.fuse.burn()
        return record


class WatchedSigner(SimSigner):
    """Checks what it is asked for."""

    chain: SimChain
    ceiling: int  # {wei/gas}

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        raw = super().sign(transaction)
        if not transaction["data"]:
            seen = self.chain._view()[-1].nonces.get(SENDER, 0)
            assert seen <= transaction["nonce"], "a cancellation of what is mined"
            assert transaction["to"] == SENDER
            assert transaction["gas"] == CANCEL_GAS
        else:
            assert transaction["maxFeePerGas"] <= self.ceiling, "a plan above the gas ceiling"
        return raw


class Keeper(RuleBasedStateMachine):
    """One account, one vault, one keeper at a time."""

    @initialize(
        confirmations=st.integers(1, 3),
        ceiling=st.sampled_from([25 * GWEI, 150 * GWEI]),
        budget=st.sampled_from([None, 10**16]),
    )
    def start(self, confirmations: int, ceiling: int, budget: int | None) -> None:
        self.policy = Policy(confirmations, BUMP_EVERY, max_fee=ceiling, budget=budget)
        self.now = 1_000.0
        self.fuse = Fuse()
        self.journal = DyingJournal("sqlite://")
        self.journal.fuse = self.fuse
        self.chain = DyingChain()
        self.chain.fuse, self.chain.journal = self.fuse, self.journal
        self.signer = WatchedSigner()
        self.signer.chain, self.signer.ceiling = self.chain, ceiling
        self.flight: Flight | None = None
        self.verdicts: list[tuple[int, Plan, Verdict]] = []
        self.signed_at: dict[int, float] = {}

    # ---- the keeper

    @rule(seconds=st.sampled_from([1, 12, 31, 31]), from_pool=st.booleans(), lifetime=LIFETIMES, shaken=st.booleans())
    def block_and_tick(self, seconds: int, from_pool: bool, lifetime: int, shaken: bool) -> None:
        self.now += seconds
        self.chain.mine(12, from_pool=from_pool)
        self.tick(lifetime, shaken)

    @rule(rounds=st.integers(2, 6), base=st.sampled_from([5, 10, 60, 200]), from_pool=st.booleans())
    def quiet_blocks_and_ticks(self, rounds: int, base: int, from_pool: bool) -> None:
        """Long enough for bumps."""
        self.chain.base = base * GWEI
        for _ in range(rounds):
            self.block_and_tick(31, from_pool, 10_000, shaken=False)

    @rule(lifetime=LIFETIMES, shaken=st.booleans())
    def tick(self, lifetime: int, shaken: bool) -> None:
        """`shaken`: the longest reorg that a verdict must survive follows it at once."""
        before = len(self.verdicts)
        self._tick(self.signer, lifetime, in_pool=not self.chain.drained and self.chain.lag == 0)
        if shaken and len(self.verdicts) > before:
            self._shake()

    def _shake(self) -> None:
        """The longest reorg there is, and a miner who has every transaction that was ever sent."""
        depth = min(self.policy.confirmations - 1, len(self.chain.blocks) - 1)
        if depth:
            self.chain.reorg(depth, keep=False)
            for _ in range(depth):
                self.chain.mine(1, sorted(self.chain.ever.values(), key=lambda tx: (tx.nonce, tx.plan is None)))

    @rule(fault=st.sampled_from(["lost", "relayed", "unclear", "busy"]), lifetime=LIFETIMES)
    def tick_with_a_failing_broadcast(self, fault: str, lifetime: int) -> None:
        self.chain.send_fault = fault
        self._tick(self.signer, lifetime)
        self.chain.send_fault = ""

    @rule(trouble=st.sampled_from(TROUBLES), amount=st.integers(0, 14), lifetime=LIFETIMES)
    def tick_in_trouble(self, trouble: str, amount: int, lifetime: int) -> None:
        self.chain.mute = amount if trouble == "mute" else 0
        self.chain.answers = amount if trouble == "goes away" else None
        self.signer.away = trouble == "no signer"
        self.journal.room = amount % 4 if trouble == "disk full" else None
        self.fuse.left = amount % 10 if trouble == "killed" else None
        self._tick(self.signer, lifetime)
        if trouble == "killed":
            self.flight = None
        self.chain.mute, self.chain.answers = 0, None
        self.signer.away, self.journal.room, self.fuse.left = False, None, None

    @rule(shaken=st.booleans())
    def tick_without_a_key(self, shaken: bool) -> None:
        before = len(self.verdicts)
        if self.flight is not None or self.journal.open_intents():
            self._tick(None, 600)
        if shaken and len(self.verdicts) > before:
            self._shake()

    def _tick(self, signer: SimSigner | None, lifetime: int, *, in_pool: bool = False) -> None:
        fresh = self.flight is not None and self.flight.seen != self.chain.real_head().ref.hash
        try:
            self._act(signer, lifetime)
            if in_pool and fresh and self.flight and self.flight.nonce == self.chain.next_nonce(SENDER):
                assert (SENDER, self.flight.nonce) in self.chain.pool, "dropped and not sent again"
        except (NodeError, SigningKeyError, SendError, RevertError):
            pass
        except (StorageError, Killed):
            self.flight = None
        self._note_times()

    def _act(self, signer: SimSigner | None, lifetime: int) -> None:
        chain = self.chain.as_chain()
        if self.flight is None:
            self.flight = next(iter(send.resume(chain, self.journal, clock=self._clock)), None)
        if self.flight is None:
            assert signer is not None
            plan = self._plan(lifetime)
            self.flight = send.launch(chain, signer, self.journal, VAULT, plan, policy=self.policy, clock=self._clock)
            return
        after = send.step(chain, signer, self.journal, self.flight, policy=self.policy, clock=self._clock)
        if isinstance(after, Verdict):
            self.verdicts.append((self.flight.nonce, self.flight.plan, after))
            records = self.journal.records(kind=RecordKind.SIGNED, intent=self.flight.intent)
            ours = {bytes.fromhex(record.body["transaction"][2:]) for record in records}
            mined = not self.chain.hiding and ours & self.chain.included().keys()
            assert not (mined and after.fate is Fate.LOST), "lost to its own transaction"
            self.flight = None
        else:
            self.flight = after

    def _clock(self) -> float:
        return self.now

    def _plan(self, lifetime: int) -> Plan:
        head = self.chain.head()
        nonce = self.chain._at(head).vault_nonce
        trades = (Trade(0, 1, 0, 10**18, 1, b""),)
        return Plan(nonce, head.timestamp + lifetime, head.number, head.hash, self.journal.head, False, trades)

    def _note_times(self) -> None:
        for record in self.journal.records(kind=RecordKind.SIGNED):
            self.signed_at.setdefault(record.seq, self.now)

    # ---- the world

    @rule(seconds=st.sampled_from([1, 12, 12, 12, 700]), from_pool=st.booleans())
    def block_comes(self, seconds: int, from_pool: bool) -> None:
        self.chain.mine(seconds, from_pool=from_pool)

    @rule(blocks=st.sampled_from([2, 3, 4, 257]))
    def empty_blocks_come(self, blocks: int) -> None:
        for _ in range(blocks):
            self.chain.mine(1, from_pool=False)

    @rule(data=st.data())
    def somebody_mines_bytes_from_long_ago(self, data: st.DataObject) -> None:
        usable = [tx for tx in self.chain.ever.values() if tx.nonce == self.chain.next_nonce(tx.sender)]
        if usable:
            tx = data.draw(st.sampled_from(sorted(usable, key=lambda tx: tx.raw)))
            self.chain.mine(12, [tx], from_pool=False)

    @rule(depth=st.integers(1, 2), keep=st.booleans(), more=st.integers(0, 1), from_pool=st.booleans())
    def reorg(self, depth: int, keep: bool, more: int, from_pool: bool) -> None:
        depth = min(depth, self.policy.confirmations - 1, len(self.chain.blocks) - 1)
        if depth:
            self.chain.reorg(depth, keep=keep)
            for _ in range(depth + more):
                self.chain.mine(7, from_pool=from_pool)

    @rule(base=st.sampled_from([5, 10, 60, 200]))
    def base_fee_jumps(self, base: int) -> None:
        self.chain.base = base * GWEI

    @rule()
    def pool_is_emptied(self) -> None:
        self.chain.pool.clear()

    @rule(ticks=st.booleans(), shaken=st.booleans(), undone=st.booleans())
    def account_is_used_elsewhere(self, ticks: bool, shaken: bool, undone: bool) -> None:
        self.chain.mine(12, [foreign(self.chain, max_fee=10**13)], from_pool=False)
        if ticks:
            self._tick(self.signer, 600)
            self.now += 2
            self.tick(600, shaken)
        if undone:
            self.reorg(2, keep=False, more=0, from_pool=False)

    @rule(ahead=st.sampled_from([0, 0, 5]), price=st.sampled_from([1, 15, 60, 300]), ticks=st.integers(0, 4))
    def another_waits_in_the_pool(self, ahead: int, price: int, ticks: int) -> None:
        nonce = self.chain.next_nonce(SENDER) + ahead
        if (SENDER, nonce) not in self.chain.pool:
            self.chain.pool[SENDER, nonce] = foreign(self.chain, nonce=nonce, max_fee=price * GWEI)
        for _ in range(ticks):
            self._tick(self.signer, 600)

    @rule()
    def another_keeper_executes(self) -> None:
        head = self.chain.real_head()
        plan = Plan(head.vault_nonce, 2**40 - 1, head.ref.number, head.ref.hash, b"\7" * 32, False, ())
        data = Contract(cast(Any, None), VAULT, "IVault").encode("rebalance", plan_to_abi(plan))
        tx = foreign(self.chain, sender=OTHER, max_fee=10**13, plan_data=data)
        self.chain.mine(12, [tx], from_pool=False)

    @rule(refusing=st.booleans(), hiding=st.booleans(), drained=st.booleans(), lag=st.integers(0, 2))
    def something_is_wrong(self, refusing: bool, hiding: bool, drained: bool, lag: int) -> None:
        self.chain.refusing, self.chain.hiding, self.chain.drained, self.chain.lag = refusing, hiding, drained, lag

    @rule()
    def all_is_well(self) -> None:
        self._heal()

    # ---- what always holds

    @invariant()
    def verdicts_stay_true(self) -> None:
        if not hasattr(self, "chain"):
            return
        executed, included = self.chain.executed(), self.chain.included()
        for _, plan, verdict in self.verdicts:
            if verdict.fate is Fate.EXECUTED:
                assert verdict.outcome is not None
                assert executed.get(plan.nonce) == plan_hash(plan), "an execution was undone"
                assert included[verdict.outcome.transaction], "the wrong transaction is named"
            else:
                assert plan_hash(plan) not in executed.values(), f"executed although {verdict.fate.name}"
        ours = [plan_hash(plan) for _, plan, _ in self.verdicts]
        assert len(set(ours)) == len(ours)

    @invariant()
    def one_transaction_counts_for_one_nonce(self) -> None:
        if not hasattr(self, "chain"):
            return
        mined = (Fate.EXECUTED, Fate.REVERTED, Fate.CANCELLED)
        counted = Counter(nonce for nonce, _, verdict in self.verdicts if verdict.fate in mined)
        assert all(count == 1 for count in counted.values()), "two transactions of one nonce"
        by_nonce: dict[int, set[bytes]] = {}
        for record in self.journal.records(kind=RecordKind.SIGNED):
            by_nonce.setdefault(record.body["nonce"], set()).add(bytes.fromhex(record.body["transaction"][2:]))
        included = self.chain.included()
        for nonce, _, verdict in self.verdicts:
            if verdict.fate in (Fate.REVERTED, Fate.CANCELLED):
                assert by_nonce[nonce] & included.keys(), "nothing of ours was mined"
            elif verdict.fate is Fate.LOST:
                assert self.chain.next_nonce(SENDER) > nonce, "the nonce is free again"

    @invariant()
    def fees_rise_by_the_rules_and_stay_in_the_budget(self) -> None:
        if not hasattr(self, "chain"):
            return
        for intent in self.journal.records(kind=RecordKind.INTENT):
            before: Record | None = None
            for record in self.journal.records(kind=RecordKind.SIGNED, intent=intent.seq):
                self._fees_are_right(intent.body, record)
                if before is not None:
                    self._bump_is_right(before, record)
                before = record

    @staticmethod
    def _fees_are_right(intent: Mapping[str, Any], record: Record) -> None:
        gas = intent["gas"] if record.body["cancels"] is None else CANCEL_GAS
        max_fee, tip = int(record.body["max_fee"]), int(record.body["tip"])
        assert gas * max_fee <= int(intent["budget"]), "above the budget"
        assert tip <= max_fee
        assert record.body["nonce"] == intent["nonce"], "another nonce within one intent"
        tx = Tx.of(bytes.fromhex(record.body["raw"][2:]))
        assert (tx.max_fee, tx.tip, tx.nonce) == (max_fee, tip, intent["nonce"])

    def _bump_is_right(self, before: Record, record: Record) -> None:
        for name in ("max_fee", "tip"):
            assert 10 * int(record.body[name]) >= 11 * int(before.body[name]), f"{name} rose by less than 10%"
        assert before.body["cancels"] is None or record.body["cancels"] is not None, "a plan after its cancellation"
        assert not (before.body["forced"] and record.body["forced"]), "bumps in a loop"
        first_cancel = before.body["cancels"] is None and record.body["cancels"] is not None
        if not record.body["forced"] and not first_cancel:
            assert self.signed_at[record.seq] - self.signed_at[before.seq] >= BUMP_EVERY, "bumped too early"

    # ---- the end

    def teardown(self) -> None:
        if not hasattr(self, "chain"):
            return
        self._heal()
        expected = self._executable()
        self._finish_all()
        if expected is not None:
            fate = next(verdict for _, plan, verdict in self.verdicts if plan == expected)
            assert fate.fate is Fate.EXECUTED or WORDS_OF_THE_LIMIT in fate.reason, f"given up: {fate}"
        self._executes_anew()
        self.verdicts_stay_true()
        self.one_transaction_counts_for_one_nonce()
        self.fees_rise_by_the_rules_and_stay_in_the_budget()
        assert self.journal.verify() is None
        assert self.journal.open_intents() == []
        fates = Counter(record.body["fate"] for record in self.journal.records(kind=RecordKind.OUTCOME))
        executions = sum(tx.sender == SENDER for block in self.chain.blocks for tx, _ in block.entries)
        assert fates["EXECUTED"] == executions, "journal and chain count different executions"
        self.journal.close()

    def _heal(self) -> None:
        chain = self.chain
        chain.refusing = chain.drained = chain.hiding = False
        chain.lag, chain.base = 0, 5 * GWEI

    def _executable(self) -> Plan | None:
        """The plan on its way, when nothing stands in its way any more."""
        flights = send.resume(self.chain.as_chain(), self.journal, clock=self._clock)
        if not flights or not flights[0].attempts or flights[0].attempts[-1].cancels:
            return None
        (flight,) = flights
        head, plan = self.chain.real_head(), flight.plan
        ours = {attempt.hash for attempt in flight.attempts}
        waiting = self.chain.pool.get((SENDER, flight.nonce))
        free = head.nonces.get(SENDER, 0) == flight.nonce and (waiting is None or waiting.hash in ours)
        known = self.chain.blocks[plan.reference_block].ref.hash == plan.reference_hash
        fresh = head.ref.timestamp + 300 < plan.deadline and head.ref.number + 30 < plan.reference_block + 256
        return plan if free and known and fresh and head.vault_nonce == plan.nonce else None

    def _finish_all(self) -> None:
        for turn in range(60):
            self._tick_if_open()
            if not self.journal.open_intents():
                return
            self.now += 31
            self.chain.mine(12 if turn != 30 else 11_000)
        raise AssertionError(f"still open: {self.flight}")

    def _tick_if_open(self) -> None:
        if self.journal.open_intents():
            self._tick(self.signer, 600)

    def _executes_anew(self) -> None:
        before = len(self.verdicts)
        for _ in range(20):
            self._tick(self.signer, 600)
            self._finish_all()
            if any(verdict.fate is Fate.EXECUTED for _, _, verdict in self.verdicts[before:]):
                return
        raise AssertionError("the account or the vault is stuck")


Keeper.TestCase.settings = settings(max_examples=max(150, settings().max_examples), stateful_step_count=50)
TestSenderModel = Keeper.TestCase
