"""What an honest node gives for the blocks of a `World`, and for one whose vault wrote something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import rlp
from audit_pieces import KINDS, MANDATE_FILE, next_head, prove, trie_path
from audit_world import Block, World
from eth_utils import keccak

from controller.audit.evidence import (
    BlockEvidence,
    Call,
    Evidence,
    Inclusion,
    Missing,
    Receipt,
    Round,
    SelfView,
    Transfer,
)
from controller.chain.entries import Created, MandateSet, Payload, Submitted, encode_payload
from controller.model import Entry, Mandate


def gather(world: World, instead: Mapping[int, Payload] | None = None) -> Evidence:
    """`instead` are payloads, by seq, of a vault that wrote something else; ledger and proof then commit to them."""
    instead = instead or {}
    written, head = 0, bytes(27)
    entries: list[Entry] = []
    headers = world.headers()
    chain_after: dict[int, tuple[bytes, int]] = {}
    calls: dict[bytes, Call] = {}
    receipts: dict[bytes, Receipt] = {}
    inclusions: dict[bytes, Inclusion | Missing] = {}
    announced: set[bytes] = set()
    mandates: list[Mandate] = []
    blocks: dict[int, BlockEvidence | Missing] = {}
    for number, block in world.blocks.items():
        transfers: list[Transfer] = []
        index = 0
        for place, done in enumerate(block.transactions):
            hash_, first = keccak(block.sent[place]), len(entries)
            for log in done.logs:
                if isinstance(log, tuple):
                    transfers.append(Transfer(*log, hash_, index))
                else:
                    payload = instead.get(written, log)
                    if isinstance(payload, Submitted):
                        announced.add(keccak(payload.call))
                    if isinstance(payload, Created | MandateSet):
                        mandates.append(payload.mandate)
                    kind, raw = KINDS[type(payload)], encode_payload(KINDS[type(payload)], payload)
                    head = next_head(head, written, kind, raw)
                    at = headers[number].stated_hash
                    entries.append(Entry(world.vault.address, written, int(kind), head, raw, number, at, hash_, index))
                    written += 1
                index += 1
            if len(entries) > first:
                calls[hash_] = replace(done.call, data_hash=keccak(done.data))
                receipts[hash_] = Receipt(headers[number].stated_hash, tuple(entries[first:]), gas_used=21_000)
                if not instead:
                    inclusions[hash_] = Inclusion(place, trie_path(block.sent, place))
        chain_after[number] = head, written
        blocks[number] = _block_evidence(world, block, tuple(transfers), mandates)
    root, proof = prove(world.ledger, world.vault.address, head, written)
    headers = world.headers(root)
    return Evidence(
        chain_id=31337,
        vault=world.vault.address,
        ledger=world.ledger,
        block=headers[world.number].block,
        entries=tuple(entries),
        proof=proof,
        headers=headers,
        chain_after=chain_after,
        calls=calls,
        receipts=receipts,
        blocks=blocks,
        views=_views(world, announced),
        mandate_file=MANDATE_FILE,
        links={number: rlp.encode(list(header.fields)) for number, header in headers.items()},
        receipt_lists=None
        if instead
        else {number: rlp.encode(block.receipts) for number, block in world.blocks.items()},
        inclusions=None if instead else inclusions,
        ends=None if instead else {token: (0, held) for token, held in world.vault.held.items()},
    )


def _block_evidence(
    world: World, block: Block, transfers: tuple[Transfer, ...], mandates: Sequence[Mandate]
) -> BlockEvidence | Missing:
    """`mandates` are those so far: what they name and is not there cannot be read."""
    assets = [asset for mandate in mandates for asset in mandate.assets]
    if any(asset.token not in block.held_after for asset in assets):
        return Missing("there is no such token")
    nothing: dict[str, int | Missing] = {asset.feed.source: Missing("there is no such feed") for asset in assets}
    rounds: dict[tuple[str, int], Round | Missing] = {
        (feed, number): Round(answer, updated_at, number)
        for feed, answers in world.vault.rounds.items()
        for number, (answer, updated_at) in enumerate(answers, start=1)
    }
    return BlockEvidence(
        held_before=block.held_before,
        held_after=block.held_after,
        supply_before=block.supply_before,
        supply_after=block.supply_after,
        transfers=transfers,
        latest_before=nothing | block.rounds_before,
        latest_after=nothing | block.rounds_after,
        rounds=rounds,
        refusals={},
    )


def _views(world: World, announced: set[bytes]) -> dict[int, SelfView | Missing]:
    """Of every block, of every keeper and announced call; a call that no block knows is not announced."""
    return {
        number: replace(block.view, executable_at=dict.fromkeys(announced, 0) | block.view.executable_at)
        for number, block in world.blocks.items()
    }
