"""Merkle proofs of ``eth_getProof``, checked from a state root down to one storage slot."""

from __future__ import annotations

from collections.abc import Sequence

import rlp
from eth_utils.crypto import keccak
from rlp.exceptions import RLPException
from trie.exceptions import InvalidNode, MissingTrieNode, ValidationError
from trie.hexary import HexaryTrie

from controller.chain.wire import Proof
from controller.errors import FindingError

_ACCOUNT_FIELDS = 4  # nonce, balance, storage root, code hash


class ProofRejectedError(FindingError):
    """The trie nodes do not lead from the root to the key."""


def proven_slot(state_root: bytes, account: bytes, slot: bytes, proof: Proof) -> int:
    """What `account` (20 bytes) has in `slot` (32 bytes) under `state_root`; zero where the proof shows absence.

    Only the trie nodes of `proof` are looked at: what the node claims beside them proves nothing.

    Raises
    ------
    ProofRejectedError
        When `proof` shows neither a value nor its absence.
    """
    leaf = looked_up(state_root, bytes(keccak(account)), proof.nodes, "account")
    if not leaf:
        return 0
    try:
        fields = rlp.decode(leaf)
        if not isinstance(fields, list) or len(fields) != _ACCOUNT_FIELDS:
            raise ProofRejectedError("The account proof ends in something that is not an account.")
        nodes = [node for storage in proof.storage for node in storage.nodes]
        value = looked_up(bytes(fields[2]), bytes(keccak(slot)), nodes, "storage")
        return int.from_bytes(rlp.decode(value)) if value else 0
    except RLPException as error:
        raise ProofRejectedError("The proven leaf is not RLP.") from error


def looked_up(root: bytes, key: bytes, nodes: Sequence[bytes], which: str) -> bytes:
    """What the trie under `root` has at `key`; empty where `nodes` show that it has nothing there.

    Raises
    ------
    ProofRejectedError
        When they show neither, naming `which` proof it is.
    """
    # A node is only ever found by its own hash, so whatever is reached is what the root commits to.
    trie = HexaryTrie({bytes(keccak(node)): node for node in nodes}, root)
    try:
        return bytes(trie.get(key))
    except (MissingTrieNode, InvalidNode, ValidationError, RLPException) as error:
        raise ProofRejectedError(f"The {which} proof does not lead from its root to its key.") from error
