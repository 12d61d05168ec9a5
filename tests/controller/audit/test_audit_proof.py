"""Storage proofs as both engines give them: true ones hold, altered ones never do."""

from __future__ import annotations

import pytest
from audit_life import Life
from eth_utils import keccak

from controller.audit.proof import ProofRejectedError, proven_slot
from controller.chain.client import Chain
from controller.chain.ledger import entries, storage_slot, unpack_slot
from controller.chain.wire import Proof, StorageProof


def test_proven_slot__when_any_byte_of_the_nodes_proof_is_flipped__then_it_is_rejected(life: Life) -> None:
    chain = Chain(life.node.url)
    slot = storage_slot(life.vault)
    proof = chain.proof(life.ledger, [slot], life.to_block)
    root = chain.header_rlp_fields(life.to_block)[3]
    account = bytes.fromhex(life.ledger[2:])
    last = entries(chain, life.ledger, life.vault, 0, life.to_block)[-1]
    assert unpack_slot(proven_slot(root, account, slot, proof)) == (last.head, last.seq + 1)
    for which, nodes in enumerate((proof.nodes, proof.storage[0].nodes)):
        for place, node in enumerate(nodes):
            for byte in range(0, len(node), 7):
                altered = node[:byte] + bytes([node[byte] ^ 1 << byte % 8]) + node[byte + 1 :]
                others = (*nodes[:place], altered, *nodes[place + 1 :])
                forged = _forged(proof, others, which)
                with pytest.raises(ProofRejectedError):
                    proven_slot(root, account, slot, forged)
    with pytest.raises(ProofRejectedError):
        proven_slot(keccak(root), account, slot, proof)


def _forged(proof: Proof, nodes: tuple[bytes, ...], which: int) -> Proof:
    inner = StorageProof(proof.storage[0].slot, proof.storage[0].value, nodes if which else proof.storage[0].nodes)
    outer = proof.nodes if which else nodes
    return Proof(proof.address, proof.balance, proof.nonce, proof.code_hash, proof.storage_hash, outer, (inner,))


def test_proven_slot__when_slot_or_account_is_absent__then_it_is_zero_by_proof(life: Life) -> None:
    chain = Chain(life.node.url)
    root = chain.header_rlp_fields(life.to_block)[3]
    for account, name in ((life.ledger, "no vault"), ("0x" + "42" * 20, "no account")):
        slot = keccak(text=name)
        proof = chain.proof(account, [slot], life.to_block)
        assert proven_slot(root, bytes.fromhex(account[2:]), slot, proof) == 0
