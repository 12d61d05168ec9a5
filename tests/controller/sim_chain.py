"""A chain in memory for what sends: a pool with geth's rules, blocks that reorg, a vault that executes plans once, and
a node that hides, lags, loses and refuses as it is told. It stands for `Chain` where thousands of lives are tried.

Bytes that anybody has ever got stay in `ever`: whatever a pool has dropped or replaced, some miner may still have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from eth_utils.crypto import keccak

from controller.chain.abi import decode, encode
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.codec import pack_rebalance, plan_from_abi, plan_hash
from controller.chain.transport import RpcError
from controller.chain.wire import Fees, Log, Receipt
from controller.errors import NodeError, RevertError, SigningKeyError
from controller.model import BlockRef, Cause, Kind, Plan, Rebalance

VAULT = "0x" + "11" * 20
LEDGER = "0x" + "22" * 20
SENDER = "0x" + "33" * 20
OTHER = "0x" + "44" * 20
START = 1_700_000_000  # {s}
PLAN_GAS = 300_000  # {gas}
GWEI = 10**9


@dataclass(frozen=True)
class Tx:
    raw: bytes
    sender: str
    nonce: int
    to: str
    gas: int
    max_fee: int
    tip: int
    plan: Plan | None

    @property
    def hash(self) -> bytes:
        return keccak(self.raw)

    @classmethod
    def of(cls, raw: bytes) -> Tx:
        body = json.loads(raw)
        data = bytes.fromhex(body["data"])
        item = load("IVault").abi.functions["rebalance"]
        plan = plan_from_abi(decode(item.inputs, data[4:])[0]) if data else None
        return cls(
            raw,
            body["from"],
            body["nonce"],
            body["to"],
            body["gas"],
            body["maxFeePerGas"],
            body["maxPriorityFeePerGas"],
            plan,
        )


def signed(transaction: Mapping[str, Any], sender: str = SENDER) -> bytes:
    """Stands for a signature: the fields and who they are from."""
    body = {**transaction, "from": sender, "data": bytes(transaction["data"]).hex()}
    return json.dumps(body, sort_keys=True).encode()


@dataclass
class SimSigner:
    """Signs for `SENDER` unless it is away."""

    address: str = SENDER
    away: bool = False

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        if self.away:
            raise SigningKeyError("The signer is away.")
        return signed(transaction)


@dataclass(frozen=True)
class Block:
    ref: BlockRef
    base: int  # {wei/gas}
    txs: tuple[tuple[Tx, bool], ...]  # with whether they succeeded
    nonces: Mapping[str, int]  # of accounts, after it
    vault_nonce: int  # after it
    entries: tuple[tuple[Tx, Rebalance], ...]


@dataclass
class SimChain:
    """See the module's docstring. Its faults are its fields."""

    chain_id: int = 1
    base: int = 10 * GWEI  # {wei/gas} of the next block
    tip: int = GWEI
    refusing: bool = False  # the vault reverts every plan
    drained: bool = False  # the account cannot pay
    hiding: bool = False  # no receipts
    lag: int = 0  # blocks that its answers are behind
    mute: int = 0  # requests that get no answer from now on
    answers: int | None = None  # requests that get one before the node goes away
    send_fault: str = ""  # lost, relayed, unclear, busy: for the next broadcast
    blocks: list[Block] = field(default_factory=list)
    pool: dict[tuple[str, int], Tx] = field(default_factory=dict)
    ever: dict[bytes, Tx] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)  # raw bytes in the order of broadcasts
    _forks: int = 0

    def __post_init__(self) -> None:
        genesis = BlockRef(0, keccak(b"genesis"), START)
        self.blocks.append(Block(genesis, self.base, (), {}, 0, ()))

    def as_chain(self) -> Chain:
        return cast(Chain, self)

    # ---- the world

    def real_head(self) -> Block:
        return self.blocks[-1]

    def next_nonce(self, account: str) -> int:
        return self.real_head().nonces.get(account, 0)

    def executed(self) -> dict[int, bytes]:
        """Plan hash by the vault's nonce."""
        return {rebalance.nonce: rebalance.plan_hash for block in self.blocks for _, rebalance in block.entries}

    def included(self) -> dict[bytes, bool]:
        """Hashes of mined transactions, with whether they succeeded."""
        return {tx.hash: succeeded for block in self.blocks for tx, succeeded in block.txs}

    def mine(self, seconds: int = 12, first: Iterable[Tx] = (), *, from_pool: bool = True) -> None:
        """One block, with the transactions of `first` that fit before those of the pool."""
        parent = self.real_head()
        self._forks += 1
        ref = BlockRef(
            parent.ref.number + 1,
            keccak(parent.ref.hash + self._forks.to_bytes(8, "big")),
            parent.ref.timestamp + seconds,
        )
        block = Block(ref, self.base, (), parent.nonces, parent.vault_nonce, ())
        offered = [*first, *(self._by_nonce() if from_pool else ())]
        for tx in offered:
            if tx.nonce == block.nonces.get(tx.sender, 0) and tx.max_fee >= self.base:
                block = self._with(block, tx)
        self.blocks.append(block)
        self.pool = {key: tx for key, tx in self.pool.items() if key[1] >= block.nonces.get(key[0], 0)}

    def _by_nonce(self) -> list[Tx]:
        return [self.pool[key] for key in sorted(self.pool)]

    def _with(self, block: Block, tx: Tx) -> Block:
        block = replace(block, nonces={**block.nonces, tx.sender: tx.nonce + 1})
        refusal = None if tx.plan is None else self._refusal(tx.plan, block)
        if tx.plan is None or refusal is not None:
            return replace(block, txs=(*block.txs, (tx, refusal is None)))
        rebalance = Rebalance(
            tx.sender, tx.plan.nonce, Cause.OPEN, False, plan_hash(tx.plan), bytes(32), 0, 0, 0, 0, (), (), ()
        )
        return replace(
            block,
            txs=(*block.txs, (tx, True)),
            vault_nonce=block.vault_nonce + 1,
            entries=(*block.entries, (tx, rebalance)),
        )

    def _refusal(self, plan: Plan, block: Block) -> RevertError | None:
        """Why the vault refuses a plan in `block`, given what was executed before."""
        if self.refusing:
            return RevertError("Paused", {})
        if plan.nonce != block.vault_nonce:
            return RevertError("NonceMismatch", {"expected": block.vault_nonce, "given": plan.nonce})
        if block.ref.timestamp > plan.deadline:
            return RevertError("DeadlinePassed", {"deadline": plan.deadline})
        at = plan.reference_block
        known = at < block.ref.number <= at + 256 and self.blocks[at].ref.hash == plan.reference_hash
        return None if known else RevertError("ReferenceBlockMismatch", {"number": at})

    def reorg(self, depth: int, *, keep: bool) -> None:
        """The newest `depth` blocks go; their transactions are back in the pool, or in nobody's but `ever`."""
        gone, self.blocks = self.blocks[len(self.blocks) - depth :], self.blocks[: len(self.blocks) - depth]
        for block in gone:
            for tx, _ in block.txs:
                if keep:
                    self.pool.setdefault((tx.sender, tx.nonce), tx)

    # ---- the node

    def _answering(self) -> None:
        if self.mute > 0:
            self.mute -= 1
            raise NodeError("The node does not answer.")
        if self.answers is not None:
            self.answers -= 1
            if self.answers < 0:
                raise NodeError("The node has gone away.")

    def _view(self) -> list[Block]:
        return self.blocks[: max(len(self.blocks) - self.lag, 1)]

    def _at(self, block: BlockRef) -> Block:
        self._answering()
        view = self._view()
        if block.number >= len(view) or view[block.number].ref != block:
            raise NodeError("The block is not part of the chain any more.")
        return view[block.number]

    def head(self) -> BlockRef:
        self._answering()
        return self._view()[-1].ref

    def block(self, number: int) -> BlockRef:
        self._answering()
        view = self._view()
        if number >= len(view):
            raise NodeError("The node has no such block.")
        return view[number].ref

    def fees(self, block: BlockRef) -> Fees:
        self._at(block)
        return Fees(self.base, self.tip)

    def balance(self, _address: str, block: BlockRef) -> int:
        self._at(block)
        return 0 if self.drained else 10**24

    def mined_nonce(self, address: str, block: BlockRef) -> int:
        return self._at(block).nonces.get(address, 0)

    def call(self, to: str, data: bytes, block: BlockRef, _sender: str | None = None) -> bytes:
        state = self._at(block)
        functions = load("IVault").abi.functions
        if (to, data[:4]) == (VAULT, functions["ledger"].selector):
            return encode(["address"], [LEDGER])
        assert (to, data[:4]) == (VAULT, functions["status"].selector)
        return encode(functions["status"].outputs, [(state.vault_nonce, 0, 0, 0, False, 0, 0, 0, 0, 0, 0)])

    def estimate(self, _to: str, data: bytes, block: BlockRef, _sender: str) -> int:
        state = self._at(block)
        item = load("IVault").abi.functions["rebalance"]
        after = replace(state, ref=replace(state.ref, number=state.ref.number + 1, timestamp=state.ref.timestamp + 1))
        refusal = self._refusal(plan_from_abi(decode(item.inputs, data[4:])[0]), after)
        if refusal is not None:
            raise refusal
        return PLAN_GAS

    def logs(
        self, _address: str, _topics: Sequence[bytes], first: int, last: BlockRef, _chunk: int = 5_000
    ) -> list[Log]:
        self._at(last)
        return [log for block in self.blocks[first : last.number + 1] for log in _logs(block)]

    def receipt(self, transaction: bytes) -> Receipt | None:
        self._answering()
        for block in reversed([] if self.hiding else self._view()):
            for tx, succeeded in block.txs:
                if tx.hash == transaction:
                    logs = tuple(log for log in _logs(block) if log.transaction == transaction)
                    ref = block.ref
                    return Receipt(transaction, succeeded, ref.number, ref.hash, 21_000, block.base, None, logs)
        return None

    def send_raw(self, raw: bytes) -> bytes:
        self._answering()
        self.sent.append(raw)
        tx, fault, self.send_fault = Tx.of(raw), self.send_fault, ""
        if fault == "busy":
            raise _refused("request rate exceeded")
        if fault == "relayed":
            self.ever[tx.hash] = tx  # somebody has it, though not this pool
            raise NodeError("The connection was lost.")
        self._take(tx)
        if fault == "lost":
            raise NodeError("The connection was lost.")
        if fault == "unclear":
            raise _refused("internal error")
        return tx.hash

    def _take(self, tx: Tx) -> None:
        old = self.pool.get((tx.sender, tx.nonce))
        if tx.nonce < self.next_nonce(tx.sender):
            raise _refused("nonce too low")
        if old is not None and old.hash == tx.hash:
            raise _refused("already known")
        if self.drained:
            raise _refused("insufficient funds for gas * price + value")
        if old is not None and (10 * tx.max_fee < 11 * old.max_fee or 10 * tx.tip < 11 * old.tip):
            raise _refused("replacement transaction underpriced")
        self.pool[tx.sender, tx.nonce] = self.ever[tx.hash] = tx


def _refused(text: str) -> RpcError:
    return RpcError("eth_sendRawTransaction", -32000, text)


def _logs(block: Block) -> list[Log]:
    topic = load("ILedger").abi.events["Entry"].topic
    vault = encode(["address"], [VAULT])
    return [
        Log(
            LEDGER,
            (topic, vault, rebalance.nonce.to_bytes(32, "big"), int(Kind.REBALANCED).to_bytes(32, "big")),
            encode(["bytes27", "bytes"], [bytes(27), pack_rebalance(rebalance)]),
            block.ref.number,
            block.ref.hash,
            tx.hash,
            index,
        )
        for index, (tx, rebalance) in enumerate(block.entries)
    ]


def foreign(
    chain: SimChain, *, sender: str = SENDER, nonce: int | None = None, max_fee: int, plan_data: bytes = b""
) -> Tx:
    """A transaction of the account that this keeper knows nothing of."""
    used = chain.next_nonce(sender) if nonce is None else nonce
    body = {
        "type": 2,
        "chainId": 1,
        "nonce": used,
        "to": VAULT if plan_data else OTHER,
        "value": 1,
        "data": plan_data,
        "gas": 100_000,
        "maxFeePerGas": max_fee,
        "maxPriorityFeePerGas": max_fee,
    }
    return Tx.of(signed(body, sender))
