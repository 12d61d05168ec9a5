"""Reads the chain around what a vault wrote: all headers in between, the receipts of its blocks, where tokens moved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from eth_utils.crypto import keccak

from controller.audit.answers import ANSWER_UPDATED, Answer, published
from controller.audit.evidence import Call, Inclusion, Missing
from controller.audit.header import Header, header_from_json
from controller.audit.plans import called_plan
from controller.audit.read_block import BALANCE_OF, UNREADABLE
from controller.audit.receipt_trie import encode_receipt, pack_receipts
from controller.audit.receipts import batch
from controller.audit.shelf import Shelf
from controller.audit.transaction_trie import encode_transaction, inclusion
from controller.audit.transfers import TRANSFER, as_number
from controller.chain import wire
from controller.chain.abi import checksum, decode, encode
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.transport import RpcError
from controller.errors import InputError, UncheckedError
from controller.model import Asset, BlockRef

_PAGE: Final = 1_000
"""Headers that are in memory at once."""
_WHOLE: Final = 10
"""Blocks with all their transactions, likewise."""


def trusted_block(chain: Chain, trusted: bytes) -> Header:
    """The header of the block that the auditor trusts, as the node gives it.

    Raises
    ------
    UncheckedError
        When the node does not have it.
    """
    answer = chain.request("eth_getBlockByHash", wire.word(trusted), False)
    if answer is None:
        raise UncheckedError(
            f"The node does not have the trusted block {wire.word(trusted)}.",
            "It may be of another chain, or behind: check the hash, or ask another node.",
        )
    return header_from_json(answer)


def read_links(chain: Chain, first: int, last: int) -> Mapping[int, bytes] | Missing:
    """The RLP of every header from block `first` to block `last`; what the node does not have is not in it."""
    shelf = Shelf()
    for start in range(first, last + 1, _PAGE):
        numbers = range(start, min(start + _PAGE, last + 1))
        answers = batch(chain, "eth_getBlockByNumber", [[hex(number), False] for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            if not answer:
                continue
            header = header_from_json(answer)
            if header.unknown:
                return Missing(
                    f"block {number} has fields that this version does not know, {', '.join(header.unknown)}"
                )
            shelf.put(number, header.encoded())
    return shelf


def read_calls(chain: Chain, transactions: Sequence[bytes]) -> dict[bytes, Call]:
    """What each of these transactions asked for; what the node does not have is not in it."""
    answers = batch(chain, "eth_getTransactionByHash", [[wire.word(transaction)] for transaction in transactions])
    return {
        transaction: Call(
            sender=checksum(wire.octets(wire.field(answer, "from"))),
            to=checksum(wire.octets(answer["to"])) if answer.get("to") else None,
            plan=called_plan(data := wire.octets(wire.field(answer, "input"))),
            data_hash=keccak(data),
        )
        for transaction, answer in zip(transactions, answers, strict=True)
        if answer
    }


def read_receipt_lists(chain: Chain, numbers: Iterable[int]) -> Mapping[int, bytes]:
    """All receipts of each of these blocks, packed; what the node does not have is not in it."""
    shelf, whole = Shelf(), True
    for number in sorted(set(numbers)):
        found = None
        if whole:
            try:
                found = chain.request("eth_getBlockReceipts", hex(number))
            except RpcError:
                whole = False  # one by one then
        if not whole:
            found = _one_by_one(chain, number)
        if found is not None and all(found):
            shelf.put(number, pack_receipts([encode_receipt(answer) for answer in found]))
    return shelf


def _one_by_one(chain: Chain, number: int) -> list[wire.Json] | None:
    block = chain.request("eth_getBlockByNumber", hex(number), False)
    if not block:
        return None
    return batch(chain, "eth_getTransactionReceipt", [[hash_] for hash_ in wire.field(block, "transactions")])


def read_inclusions(chain: Chain, places: Mapping[bytes, int]) -> dict[bytes, Inclusion | Missing]:
    """That each of these transactions is in its block, `places` being the number of it."""
    found: dict[bytes, Inclusion | Missing] = {}
    numbers = sorted(set(places.values()))
    for start in range(0, len(numbers), _WHOLE):
        page = numbers[start : start + _WHOLE]
        for block in filter(None, batch(chain, "eth_getBlockByNumber", [[hex(number), True] for number in page])):
            found |= _inclusions(chain, block, places.keys())
    return {each: found.get(each, Missing("the node's block does not have it")) for each in places}


def _inclusions(chain: Chain, block: wire.Json, wanted: Collection[bytes]) -> dict[bytes, Inclusion | Missing]:
    inside = wire.field(block, "transactions")
    hashes = [wire.octets(wire.field(each, "hash")) for each in inside]
    mine = {each: index for index, each in enumerate(hashes) if each in wanted}
    try:
        proofs = inclusion([_encoded(chain, each) for each in inside])
    except (InputError, RpcError) as error:
        return dict.fromkeys(mine, Missing(error.message))
    return {each: Inclusion(index, proofs[index]) for each, index in mine.items()}


def _encoded(chain: Chain, answer: wire.Json) -> bytes:
    """Of types that this version does not know, what geth and its kin keep: the root will tell whether it is right."""
    try:
        return encode_transaction(answer)
    except InputError:
        return wire.octets(chain.request("eth_getRawTransactionByHash", answer["hash"]))


def published_in(chain: Chain, wanted: Collection[Answer], first: int, last: BlockRef) -> set[int]:
    """The blocks in which feeds published these answers, as the node's logs give them."""
    feeds = sorted({feed for feed, _ in wanted})
    logs = chain.logs(feeds, [ANSWER_UPDATED], first, last) if feeds else ()
    return {log.block_number for log in logs if (said := published(log)) and said[0] in wanted}


def moved_in(chain: Chain, tokens: Sequence[str], vault: str, first: int, last: BlockRef) -> dict[int, set[str]]:
    """The blocks in which tokens came to the vault or left it, as the node's logs give them, with the tokens."""
    found: dict[int, set[str]] = {}
    place = encode(["address"], [vault])
    for topics in ([TRANSFER, None, place], [TRANSFER, place, None]):
        for log in chain.logs(tokens, topics, first, last) if tokens else ():
            found.setdefault(log.block_number, set()).add(log.address)
    return found


def read_ends(
    chain: Chain, tokens: Sequence[str], vault: str, before: BlockRef, last: BlockRef
) -> Mapping[str, tuple[int, int]] | Missing:
    """{qTok} by token that the vault had at the block before its first entry, and has at the last block."""
    try:
        return {token: (_balance(chain, token, vault, before), _balance(chain, token, vault, last)) for token in tokens}
    except UNREADABLE as error:
        return Missing(error.message)


def _balance(chain: Chain, token: str, vault: str, block: BlockRef) -> int:
    answer = chain.call(token, BALANCE_OF + encode(["address"], [vault]), block)
    if not answer and not chain.code(token, block):
        return 0  # a token that is younger than the vault
    return as_number(answer)


def read_prices(chain: Chain, assets: Mapping[int, Sequence[Asset]]) -> dict[int, tuple[int, ...] | Missing]:
    """D36{quote/qTok} that the feeds of `assets` answer at the end of each of these blocks."""
    feed = load("IAggregatorV3").abi.functions["latestRoundData"]
    asked = [
        [{"to": asset.feed.source, "data": wire.word(feed.encode())}, hex(number)]
        for number, inside in assets.items()
        for asset in inside
    ]
    try:
        answers = iter(batch(chain, "eth_call", asked))
        return {
            number: tuple(
                asset.price_from_answer(decode(feed.outputs, wire.octets(next(answers)))[1]) for asset in inside
            )
            for number, inside in assets.items()
        }
    except UNREADABLE as error:
        return dict.fromkeys(assets, Missing(error.message))
