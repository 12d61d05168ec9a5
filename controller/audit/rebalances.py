"""L4: a REBALANCED entry computed again from the mandate in force and the chain at the block before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.audit.evidence import BlockEvidence, Missing, Round
from controller.audit.issues import RECORD_IS_FALSE, Issue, differs, unchecked
from controller.audit.state import State
from controller.model import Asset, Fill, Mandate, Rebalance
from controller.planning.rules import check_net, is_due, largest_drift, oracle_floor, values


def check_rebalance(
    state: State, entry: Rebalance, held: Sequence[int], block: BlockEvidence, timestamp: int
) -> Iterator[Issue]:
    """Everything but the plan (plans.py); `held` {qTok} is what the vault had just before."""
    mandate = state.mandate
    if entry.nonce != state.nonce:
        yield Issue(f"nonce {entry.nonce} is recorded, {state.nonce} is next", RECORD_IS_FALSE)
    if len(entry.prices) != len(mandate.assets) or len(entry.rounds) != len(mandate.assets):
        yield Issue(f"{len(entry.prices)} prices and {len(entry.rounds)} rounds for {len(mandate.assets)} assets")
        return
    for index in range(len(mandate.assets)):
        yield from _check_price(mandate.assets[index], index, entry, block, timestamp)
    if not all(entry.prices):
        return  # said by _check_price: bounds are above zero
    yield from _check_trigger(state, entry, held, timestamp)
    known = list(_check_indices(mandate, entry.fills))
    yield from known
    if not known:
        yield from _check_fills(mandate, entry)
        yield from _check_result(mandate, entry, held)


def recorded_moves(mandate: Mandate, fills: Sequence[Fill]) -> tuple[int, ...]:
    """{qTok} that the fills move into the vault, net."""
    net = [0] * len(mandate.assets)
    for fill in fills:
        if max(fill.sell, fill.buy) < len(net):
            net[fill.sell] -= fill.amount_in
            net[fill.buy] += fill.amount_out
    return tuple(net)


def _check_price(asset: Asset, index: int, entry: Rebalance, block: BlockEvidence, timestamp: int) -> Iterator[Issue]:
    round_id, price, feed = entry.rounds[index], entry.prices[index], asset.feed
    where = f"asset {index}, round {round_id} of feed {feed.source}"
    if not block.latest_before[index] <= round_id <= block.latest_after[index]:
        yield Issue(f"{where}: the feed's latest was {block.latest_before[index]} to {block.latest_after[index]}")
        return
    answer = block.rounds.get((index, round_id), Missing("the round was not read"))
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


def _check_trigger(state: State, entry: Rebalance, held: Sequence[int], timestamp: int) -> Iterator[Issue]:
    mandate = state.mandate
    worth = values(held, entry.prices)
    drift = largest_drift(worth, mandate.targets)
    if sum(worth) != entry.value_before:
        yield differs("the value before", entry.value_before, sum(worth))
    if drift != entry.drift_before:
        yield differs("the drift before", entry.drift_before, drift)
    if sum(worth) == 0 or not is_due(worth, mandate.targets, mandate.band):
        yield Issue(f"no rebalance was due: the drift was {drift} of 10^18, the band is {mandate.band} bps")
    if state.last_rebalance and timestamp < state.last_rebalance + mandate.cooldown:
        yield Issue(f"the cool-down ran until {state.last_rebalance + mandate.cooldown}, the block is of {timestamp}")


def _check_indices(mandate: Mandate, fills: Sequence[Fill]) -> Iterator[Issue]:
    if not fills:
        yield Issue("a rebalance without a trade is recorded", RECORD_IS_FALSE)
    for number, fill in enumerate(fills):
        if max(fill.sell, fill.buy) >= len(mandate.assets) or fill.sell == fill.buy:
            yield Issue(f"trade {number} sells asset {fill.sell} for asset {fill.buy}", RECORD_IS_FALSE)
        if fill.venue >= len(mandate.venues):
            yield Issue(f"trade {number} names venue {fill.venue} of {len(mandate.venues)}", RECORD_IS_FALSE)


def _check_fills(mandate: Mandate, entry: Rebalance) -> Iterator[Issue]:
    for number, fill in enumerate(entry.fills):
        sold = fill.amount_in * entry.prices[fill.sell]
        if sold < mandate.min_trade_value:
            yield Issue(f"trade {number} is worth {sold}, the minimum trade is {mandate.min_trade_value}")
        floor = oracle_floor(fill.amount_in, entry.prices[fill.sell], entry.prices[fill.buy], mandate.max_slippage)
        if fill.amount_out < floor:
            yield Issue(f"trade {number} brought {fill.amount_out}, the oracle's floor is {floor}")


def _check_result(mandate: Mandate, entry: Rebalance, held: Sequence[int]) -> Iterator[Issue]:
    after = tuple(map(sum, zip(held, recorded_moves(mandate, entry.fills), strict=True)))
    if min(after) < 0:
        yield Issue(f"the fills sell more than the vault held: {after} would be left")
        return
    worth = values(after, entry.prices)
    if sum(worth) != entry.value_after:
        yield differs("the value after", entry.value_after, sum(worth))
    if largest_drift(worth, mandate.targets) != entry.drift_after:
        yield differs("the drift after", entry.drift_after, largest_drift(worth, mandate.targets))
    violation = check_net(held, after, entry.prices, mandate)
    if violation:
        yield Issue(f"the result breaks a rule of the mandate: {violation}")
