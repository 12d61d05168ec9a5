"""The one reader: gathers the evidence of an audit from a node. It judges nothing and believes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from controller.audit.evidence import BlockEvidence, Call, Evidence, Missing, Receipt, SelfView
from controller.audit.header import Header, header_from_json
from controller.audit.read_block import TOTAL_SUPPLY, UNREADABLE, BlockReader, Priced, as_number
from controller.audit.receipts import batch, read_receipts
from controller.chain import ledger as ledgers
from controller.chain import wire
from controller.chain.abi import Item, checksum
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.codec import decode_plan, mandate_from_abi, status_from_abi
from controller.chain.entries import (
    Created,
    Deposited,
    FeesTaken,
    KeeperSet,
    MandateSet,
    Minted,
    Payload,
    Redeemed,
    Submitted,
    Withdrawn,
    decode_entry,
)
from controller.errors import InputError
from controller.model import BlockRef, Entry, Mandate, Plan, Rebalance

Progress = Callable[[int, int], None]
"""Called with how many blocks are read, and of how many."""

HELD_AGAINST = (Minted, Redeemed, Deposited, Withdrawn, FeesTaken, Rebalance, MandateSet)
"""Entries whose block is read."""

_VIEWS = ("mandate", "owner", "pendingOwner", "strategist", "guardian", "status")
"""What a vault is asked about itself."""


@dataclass(frozen=True)
class Source:
    """Where the evidence comes from."""

    chain: Chain
    ledger: str
    vault: str


def gather(source: Source, first: int, block: BlockRef, mandate_file: bytes | None, progress: Progress) -> Evidence:
    """Everything that `judge` looks at, for the entries from block `first` up to `block`."""
    chain, vault = source.chain, source.vault
    entries = tuple(ledgers.entries(chain, source.ledger, vault, first, block))
    payloads = {entry: payload for entry in entries if (payload := _payload(entry)) is not None}
    transactions = list(dict.fromkeys(entry.transaction for entry in entries))
    calls = _calls(chain, transactions)
    receipts = read_receipts(chain, transactions)
    plans = [call.plan for call in calls.values() if call.plan is not None]
    numbers = {entry.block_number for entry in entries}
    headers = _headers(chain, {block.number, *numbers, *(plan.reference_block for plan in plans)})
    return Evidence(
        chain_id=chain.chain_id,
        vault=vault,
        ledger=source.ledger,
        block=block,
        entries=entries,
        proof=_proof(source, block),
        headers=headers,
        chain_after=_chain_after(source, entries, headers),
        calls=calls,
        receipts={transaction: _receipt(source, receipt) for transaction, receipt in receipts.items()},
        blocks=_blocks(source, payloads, headers, receipts, progress),
        views=_views(source, block, payloads, headers),
        mandate_file=mandate_file,
    )


def _blocks(
    source: Source,
    payloads: Mapping[Entry, Payload],
    headers: Mapping[int, Header],
    receipts: Mapping[bytes, wire.Receipt],
    progress: Progress,
) -> dict[int, BlockEvidence | Missing]:
    """Each block with an entry that balances or prices can be held against."""
    inside: dict[int, list[Entry]] = {}
    for entry, payload in payloads.items():
        if isinstance(payload, HELD_AGAINST):
            inside.setdefault(entry.block_number, []).append(entry)
    mandates = _mandates(payloads)
    blocks: dict[int, BlockEvidence | Missing] = {}
    for done, (number, entries) in enumerate(inside.items(), start=1):
        header = headers.get(number)
        if not mandates.get(number) or header is None or not _fits(header, entries[0]):
            blocks[number] = Missing("the vault's creation or the block's header is not known")
        else:
            transactions = {entry.transaction for entry in entries} & receipts.keys()
            logs = [log for transaction in transactions for log in receipts[transaction].logs]
            said = [payloads[entry] for entry in entries]
            priced = [payload for payload in said if isinstance(payload, Priced)]
            with_prices = any(isinstance(payload, Priced | FeesTaken | MandateSet) for payload in said)
            reader = BlockReader(source.chain, source.vault, mandates[number])
            blocks[number] = reader.read(header, priced, logs, with_prices=with_prices)
        progress(done, len(inside))
    return blocks


def _mandates(payloads: Mapping[Entry, Payload]) -> dict[int, list[Mandate]]:
    """By block with an entry, the mandates that are in force in it, the path apart."""
    found: dict[int, list[Mandate]] = {}
    last: list[Mandate] = []
    for entry, payload in payloads.items():
        inside = found.setdefault(entry.block_number, list(last))
        if isinstance(payload, Created | MandateSet):
            inside.append(payload.mandate)
        last = inside[-1:]
    return found


def _chain_after(
    source: Source, entries: Iterable[Entry], headers: Mapping[int, Header]
) -> dict[int, tuple[bytes, int]]:
    stated = {}
    for number, entry in {entry.block_number: entry for entry in entries}.items():
        header = headers.get(number)
        if header is None or not _fits(header, entry):
            continue
        try:
            stated[number] = ledgers.head(source.chain, source.ledger, source.vault, header.block)
        except UNREADABLE:
            continue  # it only helps to find the place of what the proof shows
    return stated


def _fits(header: Header, entry: Entry) -> bool:
    """Whether reading at that block is worth asking for; the judge says what is wrong where it is not."""
    return header.block.hash == entry.block_hash and (
        header.computed_hash() == entry.block_hash or bool(header.unknown)
    )


def _payload(entry: Entry) -> Payload | None:
    try:
        return decode_entry(entry)
    except InputError:
        return None  # the judge reads it again and says so


def _headers(chain: Chain, numbers: Iterable[int]) -> dict[int, Header]:
    wanted = sorted(numbers)
    answers = batch(chain, "eth_getBlockByNumber", [[hex(number), False] for number in wanted])
    return {number: header_from_json(answer) for number, answer in zip(wanted, answers, strict=True) if answer}


def _calls(chain: Chain, transactions: Sequence[bytes]) -> dict[bytes, Call]:
    answers = batch(chain, "eth_getTransactionByHash", [[wire.word(transaction)] for transaction in transactions])
    return {
        transaction: Call(
            sender=checksum(wire.octets(wire.field(answer, "from"))),
            to=checksum(wire.octets(answer["to"])) if answer.get("to") else None,
            plan=_plan(data := wire.octets(wire.field(answer, "input"))),
            data_hash=keccak(data),
        )
        for transaction, answer in zip(transactions, answers, strict=True)
        if answer
    }


def _plan(data: bytes) -> Plan | None:
    if data[:4] != load("IVault").abi.functions["rebalance"].selector:
        return None
    try:
        return decode_plan(data[4:])
    except InputError:
        return None


def _receipt(source: Source, receipt: wire.Receipt) -> Receipt:
    found = (ledgers.entry_of_log(log) for log in receipt.logs if log.address == source.ledger)
    inside = tuple(entry for entry in found if entry and entry.vault == source.vault)
    return Receipt(receipt.block_hash, inside, receipt.gas_used, receipt.gas_price)


def _proof(source: Source, block: BlockRef) -> wire.Proof | Missing:
    try:
        return source.chain.proof(source.ledger, [ledgers.storage_slot(source.vault)], block)
    except UNREADABLE as error:
        return Missing(error.message)


def _views(
    source: Source, last: BlockRef, payloads: Mapping[Entry, Payload], headers: Mapping[int, Header]
) -> dict[int, SelfView | Missing]:
    inside: dict[int, list[Payload]] = {}
    views: dict[int, SelfView | Missing] = {}
    for entry, payload in payloads.items():
        header = headers.get(entry.block_number)
        if header is not None and _fits(header, entry):
            inside.setdefault(entry.block_number, []).append(payload)
    for number, said in inside.items():
        views[number] = _view(source, headers[number].block, said)
    return views | {last.number: _view(source, last, payloads.values())}


def _view(source: Source, block: BlockRef, payloads: Iterable[Payload]) -> SelfView | Missing:
    """`payloads` name the keepers and the calls that are asked for."""
    named: set[str] = set()
    announced: set[bytes] = set()
    for payload in payloads:
        if isinstance(payload, Created):
            named.update(payload.roles.keepers)
        elif isinstance(payload, KeeperSet):
            named.add(payload.keeper)
        elif isinstance(payload, Submitted):
            announced.add(keccak(payload.call))
    try:
        return _asked(source, block, sorted(named), sorted(announced))
    except UNREADABLE as error:
        return Missing(error.message)


def _asked(source: Source, block: BlockRef, keepers: Sequence[str], calls: Sequence[bytes]) -> SelfView:
    functions = load("IVault").abi.functions
    asked: list[tuple[Item, bytes]] = [(functions[name], functions[name].encode()) for name in _VIEWS]
    asked += [(functions["isKeeper"], functions["isKeeper"].encode(keeper)) for keeper in keepers]
    asked += [(functions["executableAt"], functions["executableAt"].encode(call)) for call in calls]
    supply, *answers = source.chain.calls(
        [(source.vault, TOTAL_SUPPLY), *((source.vault, data) for _, data in asked)], block
    )
    mandate, owner, pending_owner, strategist, guardian, status, *rest = (
        item.decode_output(answer) for (item, _), answer in zip(asked, answers, strict=True)
    )
    return SelfView(
        mandate=mandate_from_abi(mandate),
        owner=owner,
        pending_owner=pending_owner,
        strategist=strategist,
        guardian=guardian,
        status=status_from_abi(status),
        supply=as_number(supply),
        keepers=dict(zip(keepers, rest[: len(keepers)], strict=True)),
        executable_at=dict(zip(calls, rest[len(keepers) :], strict=True)),
    )
