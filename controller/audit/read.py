"""The one reader: gathers the evidence of an audit from a node. It judges nothing and believes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.audit.answers import used
from controller.audit.evidence import BlockEvidence, Evidence, Missing, Receipt, SelfView
from controller.audit.header import Header, header_from_json
from controller.audit.idle import tick_blocks
from controller.audit.journal import JournalLine
from controller.audit.layouts import Layout
from controller.audit.quality import wanted_blocks
from controller.audit.read_block import UNREADABLE, BlockReader, Priced
from controller.audit.read_chain import (
    moved_in,
    published_in,
    read_calls,
    read_ends,
    read_inclusions,
    read_links,
    read_prices,
    read_receipt_lists,
    trusted_block,
)
from controller.audit.read_proofs import ProofReader, balances
from controller.audit.read_view import read_view
from controller.audit.receipts import batch, read_receipts
from controller.audit.report import Level
from controller.chain import ledger as ledgers
from controller.chain import wire
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
from controller.chain.wire import Proof
from controller.errors import InputError
from controller.model import BlockRef, Entry, Mandate, Rebalance

Progress = Callable[[int, int], None]
"""Called with how many blocks are read, and of how many."""

HELD_AGAINST = (Minted, Redeemed, Deposited, Withdrawn, FeesTaken, Rebalance, MandateSet)
"""Entries whose block is read."""

_NOT_ASKED = Missing("it was not asked for")


@dataclass(frozen=True)
class Source:
    """Where the evidence comes from."""

    chain: Chain
    ledger: str
    vault: str


@dataclass(frozen=True)
class Asked:
    """What is to be audited, and how deep."""

    first: int  # block at or before the vault's creation
    block: BlockRef  # the last one
    mandate_file: bytes | None = None
    depth: Level = Level.L4
    trusted: bytes = b""  # hash of the block that the auditor trusts
    journal: tuple[JournalLine, ...] | Missing | None = None  # of the keeper, for L5
    quality: bool = False  # whether prices are read that only tell how well it was traded


def gather(source: Source, asked: Asked, progress: Progress) -> Evidence:
    """Everything that `judge` looks at, for the entries from block `asked.first` up to `asked.block`."""
    chain, block, depth = source.chain, asked.block, asked.depth
    entries = tuple(ledgers.entries(chain, source.ledger, source.vault, asked.first, block))
    payloads = {entry: payload for entry in entries if (payload := _payload(entry)) is not None}
    places = {entry.transaction: entry.block_number for entry in entries}
    transactions = list(places)
    calls = read_calls(chain, transactions)
    receipts = read_receipts(chain, transactions)
    tokens = _tokens(payloads.values())
    begun = min((entry.block_number for entry in entries), default=block.number)
    deep = depth.includes(Level.L4)
    moved = moved_in(chain, tokens, source.vault, begun, block) if deep else {}
    written = {entry.block_number for entry in entries}
    answered = published_in(chain, used(payloads.items()), begun, block) if deep else set()
    headers = _headers(
        chain,
        {block.number, *written, *moved}
        | {call.plan.reference_block for call in calls.values() if call.plan is not None},
    )
    blocks = _blocks(source, payloads, headers, receipts, moved, progress) if deep else {}
    ends = _ends(source, tokens, headers, begun, block) if deep else None
    around = {number - back for number in _rebalanced(payloads) for back in (0, 1)}
    layouts, holdings = _holdings(source, tokens, blocks, ends, {block.number, *around})
    links = _links(chain, asked, headers) if depth.includes(Level.L1) else None
    return Evidence(
        chain_id=chain.chain_id,
        vault=source.vault,
        ledger=source.ledger,
        block=block,
        entries=entries,
        proof=_proof(source, block) if depth.includes(Level.L3) else _NOT_ASKED,
        headers=headers,
        chain_after=_chain_after(source, entries, headers),
        calls=calls,
        receipts={transaction: _receipt(source, receipt) for transaction, receipt in receipts.items()},
        blocks=blocks,
        views=_views(source, block, payloads, headers) if deep else {},
        mandate_file=asked.mandate_file,
        depth=depth,
        trusted=asked.trusted,
        links=links,
        receipt_lists=read_receipt_lists(chain, {*(written | moved.keys()) & headers.keys(), *answered})
        if depth.includes(Level.L2)
        else None,
        inclusions=read_inclusions(chain, places) if depth.includes(Level.L2) else None,
        ends=ends,
        layouts=layouts,
        holdings=holdings,
        journal=asked.journal,
        tick_prices=_prices_at(source, payloads, _tick_blocks(source, asked)),
        later_prices=_prices_at(source, payloads, _later_blocks(asked, payloads, links)),
    )


def _links(chain: Chain, asked: Asked, headers: Mapping[int, Header]) -> Mapping[int, bytes] | Missing:
    top = trusted_block(chain, asked.trusted).block.number if asked.trusted else asked.block.number
    return read_links(chain, min(headers, default=top), top)


def _ends(
    source: Source, tokens: Sequence[str], headers: Mapping[int, Header], begun: int, block: BlockRef
) -> Mapping[str, tuple[int, int]] | Missing:
    if begun not in headers:
        return Missing("the block of the first entry is not known")
    before = BlockRef(begun - 1, headers[begun].parent_hash, 0)
    return read_ends(source.chain, tokens, source.vault, before, block)


def _tick_blocks(source: Source, asked: Asked) -> Collection[int]:
    lines = asked.journal
    return () if lines is None or isinstance(lines, Missing) else tick_blocks(lines, source.vault, asked.block.number)


def _later_blocks(
    asked: Asked, payloads: Mapping[Entry, Payload], links: Mapping[int, bytes] | Missing | None
) -> Collection[int]:
    if not asked.quality or links is None or isinstance(links, Missing):
        return ()
    return wanted_blocks(links, sorted(_rebalanced(payloads)))


def _prices_at(
    source: Source, payloads: Mapping[Entry, Payload], numbers: Collection[int]
) -> dict[int, tuple[int, ...] | Missing]:
    """D36{quote/qTok} at the end of these blocks, from the feeds of the mandate in force."""
    mandates = _mandates(payloads, numbers)
    in_force = {number: mandates[number][-1].assets for number in sorted(numbers) if mandates[number]}
    return read_prices(source.chain, in_force) if in_force else {}


def _rebalanced(payloads: Mapping[Entry, Payload]) -> set[int]:
    """Blocks with a rebalance."""
    return {entry.block_number for entry, payload in payloads.items() if isinstance(payload, Rebalance)}


def _holdings(
    source: Source,
    tokens: Sequence[str],
    blocks: Mapping[int, BlockEvidence | Missing],
    ends: Mapping[str, tuple[int, int]] | Missing | None,
    numbers: Collection[int],
) -> tuple[dict[str, Layout | Missing], dict[int, dict[str, Proof | Missing]] | None]:
    if ends is None:
        return {}, None
    reader = ProofReader(source.chain, source.vault)
    layouts = reader.layouts(tokens, balances(blocks, ends, max(numbers)))
    return layouts, reader.read(numbers, layouts)


def _tokens(payloads: Iterable[Payload]) -> list[str]:
    """Of all mandates that ever were."""
    mandates = [payload.mandate for payload in payloads if isinstance(payload, Created | MandateSet)]
    return list(dict.fromkeys(asset.token for mandate in mandates for asset in mandate.assets))


def _blocks(
    source: Source,
    payloads: Mapping[Entry, Payload],
    headers: Mapping[int, Header],
    receipts: Mapping[bytes, wire.Receipt],
    moved: Mapping[int, Collection[str]],
    progress: Progress,
) -> dict[int, BlockEvidence | Missing]:
    """Each block with an entry that balances or prices can be held against, or in which tokens came or went."""
    inside: dict[int, list[Entry]] = {number: [] for number in moved}
    for entry, payload in payloads.items():
        if isinstance(payload, HELD_AGAINST):
            inside.setdefault(entry.block_number, []).append(entry)
    mandates = _mandates(payloads, inside)
    blocks: dict[int, BlockEvidence | Missing] = {}
    for done, (number, entries) in enumerate(sorted(inside.items()), start=1):
        header = headers.get(number)
        if not mandates.get(number) or header is None or not all(_fits(header, entry) for entry in entries[:1]):
            blocks[number] = Missing("the vault's creation or the block's header is not known")
        else:
            transactions = {entry.transaction for entry in entries} & receipts.keys()
            logs = [log for transaction in transactions for log in receipts[transaction].logs]
            said = [payloads[entry] for entry in entries]
            priced = [payload for payload in said if isinstance(payload, Priced)]
            with_prices = any(isinstance(payload, Priced | FeesTaken | MandateSet) for payload in said)
            reader = BlockReader(source.chain, source.vault, mandates[number], moved.get(number, ()))
            blocks[number] = reader.read(header, priced, logs, with_prices=with_prices)
        progress(done, len(inside))
    return blocks


def _mandates(payloads: Mapping[Entry, Payload], numbers: Iterable[int]) -> dict[int, list[Mandate]]:
    """By block of these numbers, the mandates that are in force in it, the path apart."""
    changes: dict[int, list[Mandate]] = {}
    for entry, payload in payloads.items():
        if isinstance(payload, Created | MandateSet):
            changes.setdefault(entry.block_number, []).append(payload.mandate)
    found: dict[int, list[Mandate]] = {}
    last: list[Mandate] = []
    for number in sorted({*changes, *numbers}):
        found[number] = [*last, *changes.get(number, [])]
        last = found[number][-1:]
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
        views[number] = read_view(source.chain, source.vault, headers[number].block, said)
    return views | {last.number: read_view(source.chain, source.vault, last, payloads.values())}
