"""What moved in and out of a vault, entry by entry and in exact integers: what reports, taxes and exports build on.

`movements` folds entries that are known already, `read_movements` reads them from a chain. Both give the same, in the
order of the ledger: every fill, flow, fee and the gas of every transaction with an entry, each with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controller.audit.evidence import Evidence
from controller.audit.header import header_from_json
from controller.audit.history import Decoded, read_history
from controller.audit.receipts import batch, read_receipts
from controller.chain import ledger as ledgers
from controller.chain import wire
from controller.chain.abi import checksum
from controller.chain.client import Chain
from controller.chain.entries import (
    Created,
    Deposited,
    FeesTaken,
    MandateSet,
    Minted,
    Payload,
    Redeemed,
    Withdrawn,
    decode_entry,
)
from controller.errors import FindingError
from controller.model import BlockRef, Entry, Kind, Mandate, Rebalance

SHARE_DECIMALS: Final = 18
"""Of every vault's share."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the chain and in the ledger something stands."""

    block: int
    timestamp: int  # {s}
    transaction: bytes
    seq: int  # of the entry that says so; of its first entry where a whole transaction is meant


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of one token."""

    token: str
    amount: int  # {qTok}
    decimals: int
    price: int | None  # D36{quote/qTok} that the entry records; None where it was made without prices

    @property
    def value(self) -> int | None:
        """D36{quote}, exact; None without a price."""
        return None if self.price is None else self.amount * self.price


@dataclass(frozen=True, slots=True)
class Traded:
    """One fill of a rebalance."""

    at: Place
    number: int  # within its rebalance, from 0
    keeper: str
    venue: str
    sold: Amount
    bought: Amount


@dataclass(frozen=True, slots=True)
class Flowed:
    """Shares in (MINTED, DEPOSITED) or out (REDEEMED, WITHDRAWN)."""

    at: Place
    kind: Kind
    caller: str  # who pays what comes in
    receiver: str  # of the shares that come, of the tokens that go
    owner: str  # whose shares go; the receiver where they come
    shares: int  # {qShare}
    supply: int  # {qShare} afterwards
    amounts: tuple[Amount, ...]  # one for each asset of the mandate in force

    @property
    def comes(self) -> bool:
        return self.kind in (Kind.MINTED, Kind.DEPOSITED)


@dataclass(frozen=True, slots=True)
class Charged:
    """Fees as new shares."""

    at: Place
    recipient: str
    management_shares: int  # {qShare}
    performance_shares: int  # {qShare}
    supply: int  # {qShare} afterwards


@dataclass(frozen=True, slots=True)
class Valued:
    """What the vault was worth before and after a rebalance, at the prices of its entry."""

    at: Place
    before: int  # D36{quote}
    after: int  # D36{quote}
    supply: int  # {qShare}
    drift_before: int  # D18{1}
    drift_after: int  # D18{1}


@dataclass(frozen=True, slots=True)
class GasPaid:
    """What a transaction with an entry cost whoever sent it."""

    at: Place
    payer: str
    gas_used: int  # {gas}
    gas_price: int  # {wei/gas}

    @property
    def paid(self) -> int:
        """{wei}"""
        return self.gas_used * self.gas_price


Movement = Traded | Flowed | Charged | Valued | GasPaid


@dataclass(frozen=True, slots=True)
class Paid:
    """What a transaction's receipt says of its costs."""

    payer: str
    gas_used: int  # {gas}
    gas_price: int  # {wei/gas}


@dataclass(frozen=True)
class Entries:
    """A vault's entries from any node, complete and in order, with what they do not say themselves."""

    decoded: tuple[Decoded, ...]
    times: Mapping[int, int]  # {s} by block
    paid: Mapping[bytes, Paid]  # by transaction


def movements(evidence: Evidence) -> tuple[Movement, ...]:
    """The movements of evidence that was gathered for an audit.

    Raises
    ------
    FindingError
        When the entries are not one unbroken chain: nothing is built on a history that does not hold.
    """
    history = read_history(evidence)
    if history.finding is not None:
        raise FindingError(str(history.finding), history.finding.hint)
    paid = {
        transaction: Paid(evidence.calls[transaction].sender, receipt.gas_used, receipt.gas_price)
        for transaction, receipt in evidence.receipts.items()
        if transaction in evidence.calls
    }
    return tuple(fold(history.decoded, lambda number: evidence.headers[number].block.timestamp, paid))


def read_movements(
    chain: Chain, ledger: str, vault: str, *, from_block: int, to_block: BlockRef
) -> tuple[Movement, ...]:
    """The movements of a vault up to `to_block`, from any node.

    The entries are complete and unaltered as far as the head is true that the node states for the ledger; who wants a
    proof of that audits the vault first.

    Parameters
    ----------
    from_block : at or before the vault's creation.

    Raises
    ------
    IncompleteLogsError
        When the node's logs do not lead to the ledger's head.
    NodeError
        When there is no usable answer.
    """
    read = read_entries(chain, ledger, vault, from_block=from_block, to_block=to_block)
    return tuple(fold(read.decoded, read.times.__getitem__, read.paid))


def read_entries(chain: Chain, ledger: str, vault: str, *, from_block: int, to_block: BlockRef) -> Entries:
    """What `fold` needs, for who has to know more of an entry than what moved; parameters and errors as above."""
    entries = ledgers.every_entry(chain, ledger, vault, from_block, to_block)
    numbers = sorted({entry.block_number for entry in entries})
    transactions = list(dict.fromkeys(entry.transaction for entry in entries))
    blocks = batch(chain, "eth_getBlockByNumber", [[hex(number), False] for number in numbers])
    times = {number: header_from_json(answer).block.timestamp for number, answer in zip(numbers, blocks, strict=True)}
    sent = batch(chain, "eth_getTransactionByHash", [[wire.word(transaction)] for transaction in transactions])
    payers = {
        transaction: checksum(wire.octets(wire.field(answer, "from")))
        for transaction, answer in zip(transactions, sent, strict=True)
    }
    paid = {
        transaction: Paid(payers[transaction], receipt.gas_used, receipt.gas_price)
        for transaction, receipt in read_receipts(chain, transactions).items()
    }
    return Entries(tuple(Decoded(entry, decode_entry(entry)) for entry in entries), times, paid)


def fold(decoded: Iterable[Decoded], timestamp: Callable[[int], int], paid: Mapping[bytes, Paid]) -> Iterator[Movement]:
    """The movements of entries in their order, one at a time.

    Parameters
    ----------
    decoded : from the vault's creation on.
    timestamp : {s} of a block by its number.
    paid : by transaction; those that are not in it get no `GasPaid`.
    """
    mandate: Mandate | None = None
    supply, transaction = 0, b""
    for item in decoded:
        entry, payload = item.entry, item.payload
        at = Place(entry.block_number, timestamp(entry.block_number), entry.transaction, entry.seq)
        if isinstance(payload, Created | MandateSet):
            mandate = payload.mandate
        elif mandate is not None:
            supply += _new_shares(payload)
            yield from _moved(at, entry, payload, mandate, supply)
        if entry.transaction != transaction and entry.transaction in paid:
            cost = paid[entry.transaction]
            yield GasPaid(at, cost.payer, cost.gas_used, cost.gas_price)
        transaction = entry.transaction


def _new_shares(payload: Payload) -> int:
    """{qShare}, negative where they go."""
    match payload:
        case Minted() | Deposited():
            return payload.shares
        case Redeemed() | Withdrawn():
            return -payload.shares
        case FeesTaken():
            return payload.management_shares + payload.performance_shares
    return 0


def _moved(at: Place, entry: Entry, payload: Payload, mandate: Mandate, supply: int) -> Iterator[Movement]:
    match payload:
        case Rebalance():
            yield from _traded(at, payload, mandate)
            drifts = payload.drift_before, payload.drift_after
            yield Valued(at, payload.value_before, payload.value_after, supply, *drifts)
        case Minted() | Redeemed() | Deposited() | Withdrawn():
            comes = isinstance(payload, Minted | Deposited)
            yield Flowed(
                at=at,
                kind=Kind(entry.kind),
                caller=payload.caller,
                receiver=payload.receiver,
                owner=payload.receiver if comes else payload.owner,  # type: ignore[union-attr] # narrowed by comes
                shares=payload.shares,
                supply=supply,
                amounts=_amounts(mandate, payload),
            )
        case FeesTaken():
            shares = payload.management_shares, payload.performance_shares
            yield Charged(at, payload.recipient, *shares, supply)


def _amounts(mandate: Mandate, payload: Minted | Redeemed | Deposited | Withdrawn) -> tuple[Amount, ...]:
    prices: Sequence[int | None] = (
        payload.prices if isinstance(payload, Deposited | Withdrawn) else [None] * len(mandate.assets)
    )
    return tuple(
        Amount(asset.token, amount, asset.decimals, price)
        for asset, amount, price in zip(mandate.assets, payload.amounts, prices, strict=True)
    )


def _traded(at: Place, payload: Rebalance, mandate: Mandate) -> Iterator[Traded]:
    for number, fill in enumerate(payload.fills):
        sold, bought = (
            Amount(mandate.assets[index].token, amount, mandate.assets[index].decimals, payload.prices[index])
            for index, amount in ((fill.sell, fill.amount_in), (fill.buy, fill.amount_out))
        )
        yield Traded(at, number, payload.keeper, mandate.venues[fill.venue], sold, bought)
