"""What an honest node gives for the blocks of a `World`, and for one whose vault wrote something else."""

from __future__ import annotations

from collections.abc import Mapping

from audit_pieces import MANDATE_FILE, next_head, prove
from audit_world import Block, World
from eth_utils import keccak

from controller.audit.evidence import BlockEvidence, Call, Evidence, FinalState, Missing, Receipt, Round, Transfer
from controller.chain.entries import (
    Created,
    GuardianSet,
    KeeperSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Payload,
    Redeemed,
    Unpaused,
    encode_payload,
)
from controller.model import Entry, Kind, Rebalance

KINDS: dict[type, Kind] = {
    Created: Kind.CREATED,
    Minted: Kind.MINTED,
    Redeemed: Kind.REDEEMED,
    Rebalance: Kind.REBALANCED,
    Paused: Kind.PAUSED,
    Unpaused: Kind.UNPAUSED,
    KeeperSet: Kind.KEEPER_SET,
    GuardianSet: Kind.GUARDIAN_SET,
    OwnerProposed: Kind.OWNER_PROPOSED,
    OwnerSet: Kind.OWNER_SET,
}


def gather(world: World, instead: Mapping[int, Payload] | None = None) -> Evidence:
    """`instead` are payloads, by seq, of a vault that wrote something else; ledger and proof then commit to them."""
    instead = instead or {}
    written, head = 0, bytes(27)
    entries: list[Entry] = []
    headers = world.headers()
    chain_after: dict[int, tuple[bytes, int]] = {}
    calls: dict[bytes, Call] = {}
    receipts: dict[bytes, Receipt] = {}
    blocks: dict[int, BlockEvidence | Missing] = {}
    for number, block in world.blocks.items():
        transfers: list[Transfer] = []
        index = 0
        for place, done in enumerate(block.transactions):
            hash_, first = keccak(text=f"transaction {number} {place}"), len(entries)
            for log in done.logs:
                if isinstance(log, tuple):
                    transfers.append(Transfer(*log, hash_, index))
                else:
                    payload = instead.get(written, log)
                    kind, raw = KINDS[type(payload)], encode_payload(KINDS[type(payload)], payload)
                    head = next_head(head, written, kind, raw)
                    at = headers[number].stated_hash
                    entries.append(Entry(world.vault, written, kind, head, raw, number, at, hash_, index))
                    written += 1
                index += 1
            if len(entries) > first:
                calls[hash_] = done.call
                receipts[hash_] = Receipt(headers[number].stated_hash, tuple(entries[first:]))
        chain_after[number] = head, written
        blocks[number] = _block_evidence(world, block, tuple(transfers))
    root, proof = prove(world.ledger, world.vault, head, written)
    headers = world.headers(root)
    return Evidence(
        chain_id=31337,
        vault=world.vault,
        ledger=world.ledger,
        block=headers[world.number].block,
        entries=tuple(entries),
        proof=proof,
        headers=headers,
        chain_after=chain_after,
        calls=calls,
        receipts=receipts,
        blocks=blocks,
        final=_final(world),
        mandate_file=MANDATE_FILE,
    )


def _block_evidence(world: World, block: Block, transfers: tuple[Transfer, ...]) -> BlockEvidence:
    rounds = {
        (index, number + 1): Round(answer, world.updated[index][number], number + 1)
        for index, answers in enumerate(world.answers)
        for number, answer in enumerate(answers)
    }
    return BlockEvidence(
        held_before=block.held_before,
        held_after=block.held_after,
        supply_before=block.supply_before,
        supply_after=block.supply_after,
        transfers=transfers,
        latest_before=block.rounds_before,
        latest_after=block.rounds_after,
        rounds=rounds,
    )


def _final(world: World) -> FinalState:
    return FinalState(
        mandate=world.mandate,
        owner=world.owner,
        pending_owner=world.pending_owner,
        guardian=world.guardian,
        nonce=world.nonce,
        last_rebalance=world.last_rebalance,
        paused=world.paused,
        supply=world.supply,
        keepers=world.keepers,
    )
