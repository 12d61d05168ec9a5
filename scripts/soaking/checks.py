"""What must hold once the faults have ended, told by the chain and the journal alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from controller.chain import ledger, lens
from controller.chain.codec import status_from_abi
from controller.chain.contract import Contract
from controller.chain.entries import decode_entry
from controller.chain.wire import word
from controller.errors import EvenkeelError
from controller.execution.journal import Journal, Record, RecordKind
from controller.model import BlockRef, Kind, Rebalance, Snapshot
from soaking.scene import COOLDOWN, Scene


@dataclass(frozen=True)
class Executed:
    """One REBALANCED entry of the ledger."""

    vault: str
    nonce: int  # of the vault
    plan_hash: str
    transaction: str


@dataclass(frozen=True)
class Evidence:
    """Chain and journal at the end."""

    records: Sequence[Record]
    executed: Sequence[Executed]
    nonces: dict[str, int]  # by vault: of its next plan
    senders: dict[str, tuple[int, int]]  # by account: its nonce as mined, and with the pool
    due: tuple[str, ...]  # vaults that are due, or cannot be read
    damage: str  # of the journal

    def of(self, kind: RecordKind) -> list[Record]:
        return [record for record in self.records if record.kind is kind]


def gathered(scene: Scene, journal: Journal) -> Evidence:
    chain = scene.chain
    head = chain.head()
    bad = journal.verify()
    return Evidence(
        records=list(journal.since(-1)),
        executed=[one for vault in scene.vaults for one in _executed(scene, vault, head)],
        nonces={vault: _nonce(scene, vault, head) for vault in scene.vaults},
        senders={sender: (chain.mined_nonce(sender, head), chain.nonce(sender)) for sender in scene.senders},
        due=due(scene),
        damage="" if bad is None else f"record {bad.seq}: {bad.what}",
    )


def due(scene: Scene) -> tuple[str, ...]:
    """Vaults that are due now, or will be when their cool-down ends, or cannot be read."""
    head = scene.chain.head()
    snapshots = lens.snapshots(scene.chain, scene.lens, scene.vaults, head)
    return tuple(vault for vault, found in snapshots.items() if isinstance(found, EvenkeelError) or _waits(found, head))


def _waits(snapshot: Snapshot, head: BlockRef) -> bool:
    return snapshot.due.due or head.timestamp <= snapshot.status.last_rebalance + COOLDOWN


def _executed(scene: Scene, vault: str, head: BlockRef) -> Iterator[Executed]:
    for entry in ledger.every_entry(scene.chain, scene.ledger, vault, scene.first_block, head):
        if entry.kind == Kind.REBALANCED and isinstance(payload := decode_entry(entry), Rebalance):
            yield Executed(vault, payload.nonce, word(payload.plan_hash), word(entry.transaction))


def _nonce(scene: Scene, vault: str, head: BlockRef) -> int:
    return status_from_abi(Contract(scene.chain, vault, "IVault").read("status", block=head)).nonce


# ---- checks, each of which names what it finds


def no_double_execution(found: Evidence) -> Iterator[str]:
    for vault, nonce in found.nonces.items():
        executed = sorted(one.nonce for one in found.executed if one.vault == vault)
        if executed != list(range(nonce)):
            yield f"{vault} stands at nonce {nonce} after executing {executed}"
    for plan, times in Counter(one.plan_hash for one in found.executed).items():
        if times > 1:
            yield f"plan {plan} was executed {times} times"


def no_lost_intent(found: Evidence) -> Iterator[str]:
    ends = Counter(record.intent for record in found.of(RecordKind.OUTCOME))
    for record in found.of(RecordKind.INTENT):
        if ends[record.seq] != 1:
            yield f"intent {record.seq} of {record.vault} has {ends[record.seq]} ends"


def one_at_a_time(found: Evidence) -> Iterator[str]:
    """No plan is begun while its vault, or its account, has another under way."""
    under_way: dict[int, Record] = {}
    for record in found.records:
        if record.kind is RecordKind.INTENT:
            for other in under_way.values():
                if other.vault == record.vault or other.body["sender"] == record.body["sender"]:
                    yield f"intent {record.seq} was begun while {other.seq} was under way"
            under_way[record.seq] = record
        elif record.kind is RecordKind.OUTCOME and record.intent is not None:
            under_way.pop(record.intent, None)


def nothing_after_its_end(found: Evidence) -> Iterator[str]:
    """What is signed, or taken by a node, belongs to an intent that is open."""
    ended: set[int | None] = set()
    for record in found.records:
        if record.kind in {RecordKind.SIGNED, RecordKind.BROADCAST} and record.intent in ended:
            yield f"record {record.seq}, {record.kind}, came after the end of its intent {record.intent}"
        if record.kind is RecordKind.OUTCOME:
            ended.add(record.intent)


def no_stuck_nonce(found: Evidence) -> Iterator[str]:
    for sender, (mined, pooled) in found.senders.items():
        if mined != pooled:
            yield f"{sender} has mined up to nonce {mined}, its pool up to {pooled}"


def journal_is_whole(found: Evidence) -> Iterator[str]:
    if found.damage:
        yield found.damage


def chain_is_in_the_journal(found: Evidence) -> Iterator[str]:
    """Every entry has its intent, which ended EXECUTED, by a transaction that was recorded before it was sent."""
    intents = {record.body["plan_hash"]: record for record in found.of(RecordKind.INTENT)}
    ends = {record.intent: record.body for record in found.of(RecordKind.OUTCOME)}
    signed = defaultdict(set)
    for record in found.of(RecordKind.SIGNED):
        signed[record.intent].add(record.body["transaction"])
    for one in found.executed:
        intent = intents.get(one.plan_hash)
        end = None if intent is None else ends.get(intent.seq)
        if intent is None or end is None or end["fate"] != "EXECUTED":
            yield f"nonce {one.nonce} of {one.vault} is on chain; the journal says {end and end['fate']}"
        elif one.transaction not in signed[intent.seq]:
            yield f"nonce {one.nonce} of {one.vault} was executed by {one.transaction}, which is not recorded"


def journal_is_on_chain(found: Evidence) -> Iterator[str]:
    """Every intent that ended EXECUTED is an entry, in the transaction that the journal names."""
    entries = {one.plan_hash: one.transaction for one in found.executed}
    plans = {record.seq: record.body["plan_hash"] for record in found.of(RecordKind.INTENT)}
    for record in found.of(RecordKind.OUTCOME):
        if record.body["fate"] == "EXECUTED" and record.intent is not None:
            named, real = record.body["outcome"]["transaction"], entries.get(plans[record.intent])
            if named != real:
                yield f"intent {record.intent} was executed in {named}, the chain has it in {real}"


def every_vault_is_served(found: Evidence) -> Iterator[str]:
    for vault in found.due:
        yield f"{vault} is due and not served"


CHECKS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "no double execution": no_double_execution,
    "no lost intent": no_lost_intent,
    "one plan at a time": one_at_a_time,
    "nothing after its end": nothing_after_its_end,
    "no stuck nonce": no_stuck_nonce,
    "journal is whole": journal_is_whole,
    "chain is in the journal": chain_is_in_the_journal,
    "journal is on chain": journal_is_on_chain,
    "every vault is served": every_vault_is_served,
}
