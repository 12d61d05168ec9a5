"""What nodes say when they do not take a transaction, in each client's words."""

from __future__ import annotations

import pytest

from controller.execution.flight import Reply
from controller.execution.replies import reply_of


@pytest.mark.parametrize(
    "words",
    [
        "already known",  # geth, erigon, reth
        "transaction already imported",  # anvil
        "AlreadyKnown",  # nethermind
        "Known transaction",  # besu
        "TRANSACTION_ALREADY_KNOWN",  # besu, newer
        "INTERNAL_ERROR: existing tx with same hash",  # erigon
        "known transaction: 0xabc",  # old geth
        "Transaction with the same hash was already imported.",  # openethereum
        "tx already in mempool",
        "ALREADY_EXISTS: already known",
    ],
)
def test_F05_already_known__in_the_words_of_a_client__then_taken(words: str) -> None:
    assert reply_of(words) is Reply.TAKEN


@pytest.mark.parametrize(
    "words",
    [
        "nonce too low",  # geth, erigon, anvil
        "nonce too low: next nonce 5, tx nonce 4",
        "the tx doesn't have the correct nonce. account has nonce of: 1 tx has nonce of: 0",  # ganache
        "OldNonce, Current nonce: 1, nonce of rejected tx: 0",  # nethermind
        "Transaction nonce is too low. Try incrementing the nonce.",  # openethereum
        "NONCE_TOO_LOW",  # besu
    ],
)
def test_F06_nonce_too_low__in_the_words_of_a_client__then_for_the_chain_to_tell(words: str) -> None:
    assert reply_of(words) is Reply.UNKNOWN


@pytest.mark.parametrize(
    "words",
    [
        "replacement transaction underpriced",  # geth, erigon, reth, anvil
        "Replacement transaction underpriced",  # besu
        "TRANSACTION_REPLACEMENT_UNDERPRICED",
        "ReplacementNotAllowed",  # nethermind
        "OwnNonceAlreadyUsed",  # nethermind
        "insufficient gas price to replace existing transaction.",  # reth
        "Transaction gas price 1 is too low. There is another transaction with same nonce in the queue",  # openethereum
    ],
)
def test_F04_underpriced__in_the_words_of_a_client__then_another_is_in_the_way(words: str) -> None:
    assert reply_of(words) is Reply.UNDERPRICED


@pytest.mark.parametrize(
    "words",
    [
        "insufficient funds for gas * price + value",  # geth, erigon
        "Insufficient funds for gas * price + value",  # anvil
        "InsufficientFunds, Account balance: 1, cumulative cost: 2",  # nethermind
        "Upfront cost exceeds account balance",  # besu
        "sender doesn't have enough funds to send tx. The upfront cost is: 2 and the sender's account only has: 1",
        "exceeds block gas limit",
        "intrinsic gas too low",
        "tx fee (5.00 ether) exceeds the configured cap (1.00 ether)",
        "invalid sender",
        "invalid chain id for signer: have 1 want 5",
    ],
)
def test_reply__when_no_node_would_ever_take_the_bytes__then_refused(words: str) -> None:
    assert reply_of(words) is Reply.REFUSED


@pytest.mark.parametrize(
    "words",
    [
        "internal error",
        "request rate exceeded",
        "txpool is full",
        "transaction underpriced",  # below the pool's minimum now
        "max fee per gas less than block base fee",  # anvil, now
        "nonce too high",
        "",
    ],
)
def test_reply__when_it_may_be_otherwise_in_a_moment_or_with_somebody_else__then_unclear(words: str) -> None:
    assert reply_of(words) is Reply.UNKNOWN
