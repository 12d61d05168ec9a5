"""How well a vault was traded: slippage, cost, what prices did then, who traded around it, how long it drifted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controller.audit.evidence import Evidence, Missing
from controller.audit.header import header_from_rlp
from controller.audit.history import Decoded, read_history
from controller.audit.idle import States
from controller.audit.receipt_trie import block_logs, unpack_receipts
from controller.audit.reconcile import held_at, statements
from controller.audit.replay import replay
from controller.audit.state import State
from controller.chain.wire import Log
from controller.model import Entry, Fill, Rebalance
from controller.planning import path, rules, triggers
from controller.units import BPS

MARKS: Final = (60, 300, 1_800)
"""{s} after a rebalance at which its trades are valued again."""
DAY: Final = 86_400
YEAR: Final = 365 * DAY
_SWAPS: Final = {
    bytes.fromhex("c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"): 1,  # Uniswap V3
    bytes.fromhex("d78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822"): 2,  # Uniswap V2
}
"""Topics of a pool's swap."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One rebalance."""

    seq: int
    block: int
    timestamp: int  # {s}
    slippage: tuple[int, ...]  # {bps} of each fill against the oracle, rounded up; negative where it gained
    cost: int  # D36{quote} that the vault was worth less afterwards
    value: int  # D36{quote} before
    gas: int  # {wei} whoever sent it paid
    marks: Mapping[int, int | None]  # D36{quote} by MARKS that the trades were worth then, in less out; None: not known
    suspects: tuple[str, ...]  # accounts that traded in the same pool just before and just after, the other way round


@dataclass(frozen=True)
class Quality:
    executions: tuple[Execution, ...]
    days: int  # that were looked at
    days_out: int  # of them, on which the vault was out of its band at the end and no rebalance came that day
    yearly_cost: float  # {1/year} of the value, from the first rebalance to the audited block


def wanted_blocks(links: Mapping[int, bytes], rebalanced: Sequence[int]) -> set[int]:
    """The blocks whose prices `quality` needs: those in force a while after each rebalance, and at the end of days."""
    times = _times(links)
    if not times.numbers:
        return set()
    moments = [times.at(number) + after for number in rebalanced for after in MARKS if number in links]
    first, last = times.stamps[0], times.stamps[-1]
    moments += range(first - first % DAY + DAY, last + 1, DAY)
    return {number for moment in moments if moment <= last and (number := times.block(moment)) is not None}


def quality(evidence: Evidence) -> Quality:
    """Of evidence that was gathered to L4 with `Asked.quality`; what the chain does not tell is None."""
    links = evidence.links if not isinstance(evidence.links, Missing) else None
    times, states = _times(links or {}), list[tuple[int, State]]()
    decoded = read_history(evidence).decoded
    replay(evidence, decoded, None, whole=False, states=states)
    done = tuple(_executions(evidence, decoded, times))
    days, out = _days(evidence, decoded, states, times)
    cost, value = sum(one.cost for one in done), sum(one.value for one in done)
    elapsed = evidence.block.timestamp - done[0].timestamp if done else 0
    # {1/year} = D36{quote} / (D36{quote} / {rebalances}) / {year}
    yearly = cost * len(done) / value * YEAR / elapsed if value and elapsed else 0.0
    return Quality(done, days, out, yearly)


@dataclass(frozen=True)
class _Times:
    """{s} of blocks in order."""

    numbers: list[int]
    stamps: list[int]

    def at(self, number: int) -> int:
        return self.stamps[bisect_right(self.numbers, number) - 1]

    def block(self, moment: int) -> int | None:
        """The newest that is not later."""
        place = bisect_right(self.stamps, moment)
        return self.numbers[place - 1] if place else None


def _times(links: Mapping[int, bytes]) -> _Times:
    numbers = sorted(links)
    return _Times(numbers, [header_from_rlp(links[number]).block.timestamp for number in numbers])


def _executions(evidence: Evidence, decoded: Sequence[Decoded], times: _Times) -> Iterator[Execution]:
    for item in decoded:
        entry, payload = item.entry, item.payload
        if not isinstance(payload, Rebalance):
            continue
        timestamp = evidence.headers[entry.block_number].block.timestamp
        receipt = evidence.receipts.get(entry.transaction)
        yield Execution(
            seq=entry.seq,
            block=entry.block_number,
            timestamp=timestamp,
            slippage=tuple(_slippage(fill, payload.prices) for fill in payload.fills),
            cost=payload.value_before - payload.value_after,
            value=payload.value_before,
            gas=receipt.gas_used * receipt.gas_price if receipt else 0,
            marks={after: _mark(evidence, payload, times, timestamp + after) for after in MARKS},
            suspects=tuple(sorted(set(suspects(evidence, entry)))),
        )


def _slippage(fill: Fill, prices: Sequence[int]) -> int:
    sold, bought = fill.amount_in * prices[fill.sell], fill.amount_out * prices[fill.buy]
    # {bps} = D36{quote} * {bps} / D36{quote}, rounded up
    return -((bought - sold) * BPS // sold)


def _mark(evidence: Evidence, payload: Rebalance, times: _Times, moment: int) -> int | None:
    number = times.block(moment)
    if number is None or moment > evidence.block.timestamp:
        return None
    prices = evidence.later_prices.get(number)
    if not isinstance(prices, tuple) or len(prices) != len(payload.prices):
        return None
    return sum(fill.amount_out * prices[fill.buy] - fill.amount_in * prices[fill.sell] for fill in payload.fills)


# ---- who traded around it


def suspects(evidence: Evidence, entry: Entry) -> Iterator[str]:
    """In the pools of this transaction: whoever swapped before it and after it in its block, in opposite ways."""
    lists = evidence.receipt_lists
    packed = None if lists is None or isinstance(lists, Missing) else lists.get(entry.block_number)
    if packed is None:
        return
    receipts = unpack_receipts(packed)
    places = [place.to_bytes(32) for place in range(len(receipts))]  # a receipt does not name its transaction
    swaps: dict[str, list[tuple[int, bool, set[bytes]]]] = {}
    own = -1
    for log in block_logs(receipts, entry.block_number, entry.block_hash, places):
        place = int.from_bytes(log.transaction)
        if log.index == entry.log_index:
            own = place
        elif log.topics and log.topics[0] in _SWAPS and len(log.data) >= 32:
            swaps.setdefault(log.address, []).append((place, _way(log), set(log.topics[1:])))
    for inside in swaps.values():
        if any(place == own for place, _, _ in inside):
            before, after = ([s for s in inside if s[0] < own], [s for s in inside if s[0] > own])
            for _, way, parties in before:
                for _, back, others in after:
                    if way != back:
                        yield from ("0x" + who[-20:].hex() for who in parties & others)


def _way(log: Log) -> bool:
    """Whether the pool's first token came in."""
    first = int.from_bytes(log.data[:32], signed=True)
    return first > 0


# ---- how long it drifted


def _days(evidence: Evidence, decoded: Sequence[Decoded], states: States, times: _Times) -> tuple[int, int]:
    """Days whose end is known, and those of them that ended out of band without a rebalance."""
    accounts, numbers = statements(evidence, decoded), [number for number, _ in states]
    traded = {
        evidence.headers[item.entry.block_number].block.timestamp // DAY
        for item in decoded
        if isinstance(item.payload, Rebalance)
    }
    known = out = 0
    for moment in range(times.stamps[0] - times.stamps[0] % DAY + DAY, times.stamps[-1] + 1, DAY) if numbers else ():
        number = times.block(moment)
        place = bisect_right(numbers, number) if number is not None else 0
        prices = evidence.later_prices.get(number) if number is not None else None
        if not place or number is None or not isinstance(prices, tuple):
            continue
        state = states[place - 1][1]
        if len(prices) != len(state.mandate.assets):
            continue
        held = held_at(accounts, number)
        worth = rules.values([held[asset.token] for asset in state.mandate.assets], prices)
        targets = path.targets_at(state.mandate.path, moment)
        cause = triggers.assess(state.mandate, worth, targets, state.last_rebalance, moment)[0] if sum(worth) else None
        known += 1
        out += cause is not None and triggers.is_due(cause) and (moment - 1) // DAY not in traded
    return known, out
