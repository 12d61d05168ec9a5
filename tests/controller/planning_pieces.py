"""Vaults and a venue for tests of planning, and a judge that shares no code with it.

The venue has one constant-product pool for each asset against a hub that no vault holds, so that every trade crosses
two pools and trades of one plan share them, as in the demo. The judge works with fractions where planning
cross-multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction

from controller.model import (
    Asset,
    BlockRef,
    Cause,
    Destination,
    Due,
    Feed,
    Fees,
    Fill,
    Knot,
    Limits,
    Mandate,
    Period,
    Plan,
    Price,
    Quote,
    Scope,
    Sequencer,
    Snapshot,
    Status,
    Trigger,
    TriggerKind,
)
from controller.planning.due import due
from controller.planning.path import targets_at
from controller.planning.wants import Want

BPS = 10_000
DOLLAR = 10**36  # D36{quote}
NOW = 1_700_000_000  # {s}
DAY = 86_400  # {s}
HEAD = b"\x07" * 32


def address(number: int) -> str:
    return f"0x{number:040x}"


def price(dollars: str | int | Fraction, decimals: int) -> int:
    """D36{quote/qTok} of a token that costs `dollars`, rounded down to a feed's 8 decimals."""
    return int(Fraction(dollars) * 10**8) * 10 ** (28 - decimals)


PIECES = (Trigger, Destination, Limits)
"""Of a mandate: `make_mandate` takes their fields by name, too."""

RENAMED = {"destination": "drift", "relative_destination": "relative_drift"}


def make_mandate(targets: Sequence[int], decimals: Sequence[int] = (), **changes: object) -> Mandate:
    """A band of 500 {bps}, a destination of 250, all at once, budgets that leave room; fields are changed by name."""
    digits = decimals or (18,) * len(targets)
    mandate = Mandate(
        name="Test",
        symbol="T",
        file_hash=bytes(32),
        oracle=address(201),
        sequencer=Sequencer(),
        trigger=Trigger(TriggerKind.THRESHOLD, 500, 0, Period.DAY, 0, 0, 86_400),
        destination=Destination(250, 0, Scope.BOOK, 0),
        limits=Limits(
            max_slippage=100,
            max_loss=50,
            loss_budget=1_000,
            turnover_budget=40_000,
            budget_window=30 * DAY,
            min_trade=100 * 10**18,
            max_trades=16,
            max_step=0,
            step_delay=0,
        ),
        fees=Fees(),
        spread=0,
        timelock=DAY,
        venues=(address(202),),
        assets=tuple(
            Asset(address(index + 1), places, 0, BPS, Feed(address(index + 101), 86_400, 8, 50, 1, 2**127))
            for index, places in enumerate(digits)
        ),
        path=(Knot(0, tuple(targets)),),
    )
    return change(mandate, **changes)


def change(mandate: Mandate, **changes: object) -> Mandate:
    """The mandate with other values, wherever in it they stand."""
    for piece in PIECES:
        names = {each.name for each in fields(piece)}
        ours = {
            RENAMED.get(key, key): value
            for key, value in changes.items()
            if RENAMED.get(key, key) in names and not isinstance(value, piece)
        }
        changes = {key: value for key, value in changes.items() if RENAMED.get(key, key) not in ours}
        field_ = piece.__name__.lower()
        mandate = replace(mandate, **{field_: replace(getattr(mandate, field_), **ours)})
    return replace(mandate, **changes)  # type: ignore[arg-type]


def make_snapshot(mandate: Mandate, balances: Sequence[int], prices: Sequence[int], **changes: object) -> Snapshot:
    """A vault at a block 12 {s} before `NOW`; fields of its status are changed by their names, too."""
    names = {each.name for each in fields(Status)}
    status = Status(3, 0, 0, 0, False, 0, 0, 0, 0, 0, ())
    status = replace(status, **{key: value for key, value in changes.items() if key in names})  # type: ignore[arg-type]
    others = {key: value for key, value in changes.items() if key not in names}
    snapshot = Snapshot(
        chain_id=31_337,
        block=BlockRef(100, b"\x01" * 32, NOW - 12),
        vault=address(301),
        registered=True,
        supply=10**18,
        ledger_head=bytes(27),
        ledger_count=1,
        mandate=mandate,
        targets=targets_at(mandate.path, NOW - 12),
        status=status,
        due=Due(False, Cause.IN_BAND, 0, 0, 0, 0, 0, 0, ()),
        balances=tuple(balances),
        prices=tuple(Price(value, 1, NOW - 60) for value in prices),
    )
    snapshot = replace(snapshot, **others)  # type: ignore[arg-type]
    return replace(snapshot, due=due(snapshot, snapshot.block.timestamp))


def worth(snapshot: Snapshot, balances: Sequence[int]) -> list[int]:
    """D36{quote} of each asset."""
    return [balance * price.value for balance, price in zip(balances, snapshot.prices, strict=True)]


@dataclass
class Pool:
    """Constant product, a fee on what comes in."""

    token: int  # {qTok} reserve
    hub: int  # D36{quote} reserve; the hub is the quote currency itself, finely divided
    fee: int  # {1e-6}

    def sell(self, amount: int) -> int:
        """D36{quote} for tokens."""
        paid = amount * (10**6 - self.fee)
        out = self.hub * paid // (self.token * 10**6 + paid)
        self.token, self.hub = self.token + amount, self.hub - out
        return out

    def buy(self, amount: int) -> int:
        """{qTok} for D36{quote}."""
        paid = amount * (10**6 - self.fee)
        out = self.token * paid // (self.hub * 10**6 + paid)
        self.token, self.hub = self.token - out, self.hub + amount
        return out


@dataclass
class Venue:
    """One pool for each asset; `skew` {bps} is how far the pool's price is above the oracle's."""

    pools: list[Pool]
    rounds: int = field(default=0)

    @classmethod
    def around(cls, snapshot: Snapshot, depth: int, fee: int = 500, skew: Sequence[int] = ()) -> Venue:
        """Pools that hold `depth` D36{quote} on either side."""
        skews = skew or (0,) * len(snapshot.prices)
        return cls(
            [
                Pool(depth * BPS // (p.value * (BPS + s)), depth, fee)
                for p, s in zip(snapshot.prices, skews, strict=True)
            ]
        )

    def swap(self, sell: int, buy: int, amount: int) -> int:
        return self.pools[buy].buy(self.pools[sell].sell(amount))

    def quote(self, wants: Sequence[Want]) -> list[Quote]:
        """In order, each after the ones before it; the venue itself stays as it is."""
        self.rounds += 1
        copy = Venue([replace(pool) for pool in self.pools])
        return [
            Quote(
                want.sell, want.buy, 0, want.amount_in, copy.swap(want.sell, want.buy, want.amount_in), b"\x00\x01\xf4"
            )
            for want in wants
        ]

    def execute(self, snapshot: Snapshot, plan: Plan) -> tuple[list[Fill], str]:
        """What each trade gives, and the first trade rule of the contract that one breaks."""
        copy = Venue([replace(pool) for pool in self.pools])
        limits = snapshot.mandate.limits
        fills: list[Fill] = []
        for trade in plan.trades:
            paid = trade.amount_in * snapshot.prices[trade.sell].value
            out = copy.swap(trade.sell, trade.buy, trade.amount_in)
            if paid < limits.min_trade * 10**18:
                return fills, "TradeTooSmall"
            least = Fraction(paid * (BPS - limits.max_slippage), BPS * snapshot.prices[trade.buy].value)
            if out < max(least, trade.min_out):
                return fills, "OutputTooLow"
            fills.append(Fill(trade.sell, trade.buy, trade.venue, trade.amount_in, out))
        return fills, ""


def ended(snapshot: Snapshot, fills: Sequence[Fill]) -> list[int]:
    """{qTok} of each asset after the fills."""
    balances = list(snapshot.balances)
    for fill in fills:
        balances[fill.sell] -= fill.amount_in
        balances[fill.buy] += fill.amount_out
    return balances


def distances(snapshot: Snapshot, balances: Sequence[int], now: int = NOW) -> list[Fraction]:
    """Weight less target, of each asset."""
    values = worth(snapshot, balances)
    return [
        Fraction(value, sum(values)) - Fraction(target, BPS)
        for value, target in zip(values, weights(snapshot.mandate, now), strict=True)
    ]


def weights(mandate: Mandate, now: int) -> tuple[int, ...]:
    """{bps} the targets of a path of one knot or of two."""
    first, last = mandate.path[0], mandate.path[-1]
    if now <= first.time or now >= last.time:
        return first.weights if now <= first.time else last.weights
    way = Fraction(now - first.time, last.time - first.time)
    exact = [a + (b - a) * way for a, b in zip(first.weights, last.weights, strict=True)]
    whole = [int(weight) for weight in exact]
    for asset in sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))[: BPS - sum(whole)]:
        whole[asset] += 1
    return tuple(whole)


def breached(snapshot: Snapshot, now: int = NOW) -> list[bool]:
    trigger = snapshot.mandate.trigger
    found = []
    for distance, target in zip(
        distances(snapshot, snapshot.balances, now), weights(snapshot.mandate, now), strict=True
    ):
        absolute = bool(trigger.band) and abs(distance) >= Fraction(trigger.band, BPS)
        relative = bool(trigger.relative_band and target) and (
            abs(distance) / Fraction(target, BPS) >= Fraction(trigger.relative_band, BPS)
        )
        found.append(absolute or relative)
    return found


def inside(snapshot: Snapshot, balances: Sequence[int], now: int = NOW, spares: int = 1) -> list[bool]:
    """Whether each asset is inside the destination, give or take so many smallest trades."""
    mandate = snapshot.mandate
    spare = Fraction(spares * mandate.limits.min_trade * 10**18, sum(worth(snapshot, balances)))
    found = []
    for distance, target in zip(distances(snapshot, balances, now), weights(mandate, now), strict=True):
        room = Fraction(mandate.destination.drift, BPS)
        if mandate.trigger.relative_band:
            relative = Fraction(mandate.destination.relative_drift, BPS) * Fraction(target, BPS)
            room = min(room, relative) if mandate.trigger.band else relative
        found.append(abs(distance) <= room + spare)
    return found


def concerned(snapshot: Snapshot, now: int = NOW) -> list[bool]:
    """The assets that must end inside the destination, if a rebalance is due by a drift or open."""
    if snapshot.mandate.destination.scope is Scope.BOOK:
        return [True] * len(snapshot.balances)
    was = snapshot.status.breaches if now <= snapshot.status.open_until else 0
    return [now_in or bool(was >> asset & 1) for asset, now_in in enumerate(breached(snapshot, now))]


def left_of(used: int, budget: int, window: int, elapsed: int) -> Fraction:
    """Of a vault's value, what a budget allows now."""
    half = Fraction(budget, 2 * BPS)
    return half - max(Fraction(used, 10**14) - half * elapsed / window, Fraction(0))


def judge(snapshot: Snapshot, fills: Sequence[Fill], *, part: bool = False, now: int = NOW) -> str:
    """The first rule on the net result that is broken, empty when all hold."""
    limits, status = snapshot.mandate.limits, snapshot.status
    after = ended(snapshot, fills)
    start, end = distances(snapshot, snapshot.balances, now), distances(snapshot, after, now)
    wanted, arrived = concerned(snapshot, now), inside(snapshot, after, now)
    if not 0 < len(fills) <= limits.max_trades:
        return "TooManyTrades"
    for asset in range(len(after)):
        sold, bought = (any(getattr(fill, way) == asset for fill in fills) for way in ("sell", "buy"))
        if (sold and not (start[asset] > 0 and end[asset] >= 0)) or (
            bought and not (start[asset] < 0 and end[asset] <= 0)
        ):
            return "TargetCrossed"
        if wanted[asset] and not arrived[asset] and not part:
            return "DestinationMissed"
    if part and not snapshot.mandate.destination.window:
        return "PartsNotAllowed"
    if part and not any(wanted[fill.sell] or wanted[fill.buy] for fill in fills):
        return "NoProgress"
    total = sum(worth(snapshot, snapshot.balances))
    paid = [fill.amount_in * snapshot.prices[fill.sell].value for fill in fills]
    got = [fill.amount_out * snapshot.prices[fill.buy].value for fill in fills]
    loss = Fraction(sum(max(a - b, 0) for a, b in zip(paid, got, strict=True)), total)
    if loss > Fraction(limits.max_loss, BPS):
        return "LossTooHigh"
    elapsed = now - snapshot.block.timestamp
    if loss > left_of(status.loss_used, limits.loss_budget, limits.budget_window, elapsed):
        return "LossBudgetExceeded"
    sold_share = Fraction(sum(paid), total)
    if sold_share > left_of(status.turnover_used, limits.turnover_budget, limits.budget_window, elapsed):
        return "TurnoverBudgetExceeded"
    return ""
