"""The prices of entries against the feeds' own rounds."""

from __future__ import annotations

from collections.abc import Iterator

from controller.audit.evidence import BlockEvidence, Missing, Round, price_source
from controller.audit.issues import Issue, differs, unchecked
from controller.chain.entries import Deposited, Withdrawn
from controller.model import Asset, Mandate, Rebalance


def check(
    mandate: Mandate, entry: Rebalance | Deposited | Withdrawn, block: BlockEvidence, timestamp: int
) -> Iterator[Issue]:
    """Every price that an entry records is that of a round which the vault could take then."""
    if len(entry.prices) != len(mandate.assets) or len(entry.rounds) != len(mandate.assets):
        yield Issue(f"{len(entry.prices)} prices and {len(entry.rounds)} rounds for {len(mandate.assets)} assets")
        return
    for index, asset in enumerate(mandate.assets):
        yield from _check_price(asset, index, (entry.prices[index], entry.rounds[index]), block, timestamp)
    yield from _check_refusal(mandate, block)


def are_usable(mandate: Mandate, entry: Rebalance | Deposited | Withdrawn) -> bool:
    """Whether an entry's prices can be reckoned with; where not, `check` says why: bounds are above zero."""
    return len(entry.prices) == len(entry.rounds) == len(mandate.assets) and all(entry.prices)


def bounds(asset: Asset, block: BlockEvidence) -> tuple[int, int] | Missing:
    """D36{quote/qTok} the lowest and the highest price that an asset had within a block: one and the same where its
    feed did not publish in it."""
    feed = asset.feed.source
    ends = (block.latest_before.get(feed, _NOT_READ), block.latest_after.get(feed, _NOT_READ))
    answers = []
    for number in ends:
        found = number if isinstance(number, Missing) else block.rounds.get((feed, number), _NOT_READ)
        if isinstance(found, Missing):
            return found
        answers.append(found.answer)
    if ends[0] != ends[1] and ends[1] != int(ends[0]) + 1:  # type: ignore[arg-type] # both are numbers here
        return Missing(f"feed {feed} published more than once in the block")
    found_prices = [asset.price_from_answer(answer) for answer in answers]
    return min(found_prices), max(found_prices)


_NOT_READ = Missing("it was not read")
_FORGOTTEN = "TwapUnreadable"
"""A pool overwrites its oldest observation with its newest."""


def _check_price(
    asset: Asset, index: int, said: tuple[int, int], block: BlockEvidence, timestamp: int
) -> Iterator[Issue]:
    (price, round_id), feed = said, asset.feed.source
    where = f"asset {index}, round {round_id} of feed {feed}"
    first, last = block.latest_before.get(feed, _NOT_READ), block.latest_after.get(feed, _NOT_READ)
    if isinstance(last, Missing):
        yield unchecked(f"{where}: the feed's latest round is not known: {last.reason}")
        return
    # A feed that could not be read at the block before had perhaps no round yet.
    if not (0 if isinstance(first, Missing) else first) <= round_id <= last:
        yield Issue(f"{where}: the feed's latest was {first} to {last}")
        return
    answer = block.rounds.get((feed, round_id), _NOT_READ)
    if isinstance(answer, Missing):
        yield unchecked(f"{where}: no answer from the feed: {answer.reason}")
        return
    yield from _check_round(where, asset, answer, round_id, timestamp)
    if price != asset.price_from_answer(answer.answer):
        yield differs(f"{where}: the price", price, asset.price_from_answer(answer.answer))


def _check_round(where: str, asset: Asset, answer: Round, round_id: int, timestamp: int) -> Iterator[Issue]:
    feed = asset.feed
    if answer.answer <= 0 or not feed.min_answer <= answer.answer <= feed.max_answer:
        yield Issue(f"{where}: answer {answer.answer} is outside {feed.min_answer} to {feed.max_answer}")
    if answer.updated_at == 0 or answer.answered_in < round_id:
        yield Issue(f"{where}: the round is not complete")
    if not 0 <= timestamp - answer.updated_at <= feed.heartbeat:
        yield Issue(f"{where}: answer is {timestamp - answer.updated_at} s old, the heartbeat is {feed.heartbeat} s")


def _check_refusal(mandate: Mandate, block: BlockEvidence) -> Iterator[Issue]:
    """Sequencer and second sources, by the oracle's own word at the block: both are as they were at the entry, because
    what a pool says of its mean does not change within a block. But it may forget the beginning of its window in it."""
    refusal = block.refusals.get(price_source(mandate), "")
    if isinstance(refusal, Missing):
        yield unchecked(f"the mandate's oracle {mandate.oracle} could not be asked: {refusal.reason}")
    elif refusal and refusal != _FORGOTTEN and _is_settled(mandate, block):
        yield Issue(f"the mandate's oracle {mandate.oracle} refuses at that block: {refusal}")
    elif refusal:
        yield unchecked(f"the mandate's oracle {mandate.oracle} refuses at the end of the block: {refusal}")


def _is_settled(mandate: Mandate, block: BlockEvidence) -> bool:
    """Whether no feed published within the block."""
    found = (bounds(asset, block) for asset in mandate.assets)
    return all(not isinstance(price, Missing) and price[0] == price[1] for price in found)
