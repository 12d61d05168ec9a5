"""`Chain`: read at blocks that are named. Nothing here says `latest` but `head`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from eth_utils.crypto import keccak

from controller.chain import wire
from controller.chain.transport import Call, RpcError, Source, Transport
from controller.chain.wire import Fees, Json, Log, Proof, Receipt
from controller.errors import IncompleteLogsError, NodeError, Retry, WrongChainError
from controller.model import BlockRef

T = TypeVar("T")

ZERO_ADDRESS = "0x" + "00" * 20
_INVALID_PARAMETERS = (-32602, -32601, -32600)


class Chain:
    """One chain, as one JSON-RPC endpoint or several serve it.

    Parameters
    ----------
    source : http or https address, whose path may hold a key and is never shown; or `Endpoints`.
    expected_chain_id : refuse any other chain; None takes what the node serves.
    timeout : {s} for one request to an address; `Endpoints` have their own.

    Raises
    ------
    WrongChainError
        When the node serves another chain.
    NodeError
        When there is no usable answer.
    """

    def __init__(self, source: str | Source, expected_chain_id: int | None = None, *, timeout: float = 30.0) -> None:
        self._source: Source = Transport(source, timeout) if isinstance(source, str) else source
        self.chain_id = wire.quantity(self.request("eth_chainId"))
        if expected_chain_id is not None and self.chain_id != expected_chain_id:
            raise WrongChainError(
                f"The node at {self._source.shown} serves chain {self.chain_id}, not {expected_chain_id}.",
                "Check the network of the configuration against the node's address.",
            )

    def __repr__(self) -> str:
        return f"Chain({self._source.shown}, chain_id={self.chain_id})"

    def request(self, method: str, *parameters: Any) -> Json:
        """One call as it is; see `Transport.request` for what it raises."""
        return self._source.request(method, parameters)

    def batch(self, calls: Sequence[Call]) -> list[Json]:
        """Several calls in one round trip."""
        return self._source.batch(calls)

    @property
    def serving(self) -> str:
        """The address of the endpoint that answered last, without what may be a key."""
        return self._source.serving

    def insist(self, read: Callable[[], T]) -> T:
        """`read`, asked anew of another endpoint as long as it finds that logs were left out and there is another."""
        while True:
            try:
                return read()
            except IncompleteLogsError:
                if not self._source.distrust():
                    raise

    @cached_property
    def client(self) -> str:
        """What the node calls itself, e.g. ``anvil/v1.7.1``."""
        return str(self.request("web3_clientVersion"))

    @cached_property
    def pins_by_hash(self) -> bool:
        """Whether reads can name their block by hash (EIP-1898). Ganache 7.9.2 cannot."""
        newest = self.head()  # a node that prunes answers for no other block
        try:
            self.request("eth_getBalance", ZERO_ADDRESS, _pin(newest))
        except RpcError:
            self.verify(newest)
            return False
        return True

    # ---- blocks

    def head(self, depth: int = 0) -> BlockRef:
        """The newest block, or the one `depth` blocks before it."""
        newest = self._block("latest")
        return newest if depth == 0 else self.block(max(newest.number - depth, 0))

    def block(self, number: int) -> BlockRef:
        return self._block(hex(number))

    def _block(self, name: str) -> BlockRef:
        answer = self.request("eth_getBlockByNumber", name, False)
        if answer is None:
            raise NodeError(f"The node has no block {name}.", "It may be behind: wait, or try another endpoint.")
        return wire.block_ref(answer)

    def verify(self, block: BlockRef) -> None:
        """Raises `NodeError` when `block` is not part of the chain any more."""
        self._same(block, self.request("eth_getBlockByNumber", hex(block.number), False))

    @staticmethod
    def _same(block: BlockRef, answer: Json) -> None:
        if answer is None or wire.octets(wire.field(answer, "hash")) != block.hash:
            error = NodeError(f"Block {block.number} is not part of the chain any more.", "Take a fresh snapshot.")
            error.retry = Retry.NEXT_BLOCK
            raise error

    def header(self, block: BlockRef) -> Json:
        """The block as the node describes it, transactions as hashes; fetched by hash."""
        answer = self.request("eth_getBlockByHash", wire.word(block.hash), False)
        self._same(block, answer)
        return answer

    def header_rlp_fields(self, block: BlockRef) -> tuple[bytes, ...]:
        """The fields whose RLP list hashes to the block's hash."""
        return wire.header_fields(self.header(block))

    # ---- state at a block

    def pinned(self, method: str, parameters: Sequence[Any], block: BlockRef, *more: Any) -> Json:
        """A read of state at exactly `block`; `more` are the parameters that follow the block."""
        if self.pins_by_hash:
            try:
                return self.request(method, *parameters, _pin(block), *more)
            except RpcError:
                self.verify(block)  # tells a block that is gone from a request that is wrong
                raise
        calls: list[Call] = [(method, [*parameters, hex(block.number), *more])]
        answer, now = self.batch([*calls, ("eth_getBlockByNumber", [hex(block.number), False])])
        self._same(block, now)
        return answer

    def call(self, to: str, data: bytes, block: BlockRef, sender: str | None = None) -> bytes:
        """The return data of a call; raises `RevertError` with the decoded error."""
        return wire.octets(self.pinned("eth_call", [_transaction(to, data, sender)], block))

    def calls(self, calls: Sequence[tuple[str, bytes]], block: BlockRef) -> list[bytes]:
        """The return data of several calls, by address and data, in one round trip; the first error is raised."""
        pin = _pin(block) if self.pins_by_hash else hex(block.number)
        asked: list[Call] = [("eth_call", [_transaction(to, data, None), pin]) for to, data in calls]
        try:
            *answers, now = self.batch([*asked, ("eth_getBlockByNumber", [hex(block.number), False])])
        except RpcError:
            self.verify(block)  # tells a block that is gone from a request that is wrong
            raise
        self._same(block, now)
        return [wire.octets(answer) for answer in answers]

    def balance(self, address: str, block: BlockRef) -> int:
        """{wei}"""
        return wire.quantity(self.pinned("eth_getBalance", [address], block))

    def code(self, address: str, block: BlockRef) -> bytes:
        return wire.octets(self.pinned("eth_getCode", [address], block))

    def code_hash(self, address: str, block: BlockRef) -> bytes:
        """keccak256 of the code; that of nothing where there is none."""
        return keccak(self.code(address, block))

    def mined_nonce(self, address: str, block: BlockRef) -> int:
        """Transactions of `address` mined up to `block`."""
        return wire.quantity(self.pinned("eth_getTransactionCount", [address], block))

    def storage(self, address: str, slot: bytes, block: BlockRef) -> bytes:
        return wire.octets(self.pinned("eth_getStorageAt", [address, wire.word(slot)], block)).rjust(32, b"\0")

    def proof(self, address: str, slots: Sequence[bytes], block: BlockRef) -> Proof:
        """Merkle proof of an account and its slots against the block's state root, not yet verified."""
        return wire.proof(self.pinned("eth_getProof", [address, [wire.word(slot) for slot in slots]], block))

    def estimate(self, to: str, data: bytes, block: BlockRef, sender: str) -> int:
        """{gas} of a transaction mined right after `block`; raises `RevertError`.

        The block after is spelled out, because at `block` itself BLOCKHASH(block) is zero, and because asking anvil
        for `pending` uses up the timestamp that was set for its next block. Ganache estimates one block later by
        itself; a node that takes no overrides needs plans whose reference block lies deeper than the head.
        """
        transaction = _transaction(to, data, sender)
        if self.pins_by_hash:
            after = {"number": hex(block.number + 1), "time": hex(block.timestamp + 1)}
            try:
                return wire.quantity(self.pinned("eth_estimateGas", [transaction], block, {}, after))
            except RpcError as error:
                if error.code not in _INVALID_PARAMETERS:
                    raise
        return wire.quantity(self.pinned("eth_estimateGas", [transaction], block))

    # ---- logs

    def logs(
        self,
        address: str | Sequence[str],
        topics: Sequence[bytes | None],
        first: int,
        last: BlockRef,
        chunk: int = 5_000,
    ) -> list[Log]:
        """Logs from block `first` up to `last`, in chain order; a range that the node finds too large is halved."""
        found: list[Log] = []
        start = first
        if start > last.number:
            self.verify(last)
        while start <= last.number:
            stop = min(start + chunk - 1, last.number)
            try:
                found += self._logs(address, topics, start, stop, last)
            except RpcError:
                if stop == start:
                    raise
                chunk = max((stop - start + 1) // 2, 1)
                continue
            start = stop + 1
        return sorted(found, key=lambda log: (log.block_number, log.index))

    def _logs(
        self, address: str | Sequence[str], topics: Sequence[bytes | None], start: int, stop: int, last: BlockRef
    ) -> list[Log]:
        query = {
            "address": address if isinstance(address, str) else list(address),
            "topics": [None if topic is None else wire.word(topic) for topic in topics],
            "fromBlock": hex(start),
            "toBlock": hex(stop),
        }
        # in one round trip, because a node that lacks the last block answers the range as if nothing were in it
        answers, now = self.batch([("eth_getLogs", [query]), ("eth_getBlockByNumber", [hex(last.number), False])])
        self._same(last, now)
        return [wire.log(answer) for answer in answers]

    # ---- transactions

    def receipt(self, transaction: bytes) -> Receipt | None:
        """None while it is not mined."""
        answer = self.request("eth_getTransactionReceipt", wire.word(transaction))
        return None if answer is None else wire.receipt(answer)

    def nonce(self, address: str) -> int:
        """Nonce of the next transaction, those in the pool included."""
        return wire.quantity(self.request("eth_getTransactionCount", address, "pending"))

    def fees(self, block: BlockRef) -> Fees:
        """Base fee of the block after `block`, and the tip that the node suggests."""
        history, tip = self.batch(
            [("eth_feeHistory", ["0x1", hex(block.number), []]), ("eth_maxPriorityFeePerGas", [])]
        )
        return Fees(base=wire.quantity(wire.field(history, "baseFeePerGas")[-1]), tip=wire.quantity(tip))

    def send_raw(self, raw: bytes) -> bytes:
        """Broadcasts signed bytes; raises `RpcError` with the client's own words when it refuses."""
        return wire.octets(self.request("eth_sendRawTransaction", wire.word(raw)))


def _pin(block: BlockRef) -> dict[str, object]:
    return {"blockHash": wire.word(block.hash), "requireCanonical": True}


def _transaction(to: str, data: bytes, sender: str | None) -> dict[str, str]:
    transaction = {"to": to, "data": wire.word(data)}
    return transaction if sender is None else {**transaction, "from": sender}
