"""Vaults and a venue for tests of planning, and a judge that shares no code with it.

The venue has one constant-product pool for each asset against a hub that no vault holds, so that every trade crosses
two pools and trades of one plan share them, as in the demo. The judge works with fractions where planning
cross-multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from controller.model import Asset, BlockRef, Feed, Mandate, Plan, Price, Quote, Scope, Snapshot
from controller.planning.plan import Want

BPS = 10_000
DOLLAR = 10**36  # D36{quote}
NOW = 1_700_000_000  # {s}
HEAD = b"\x07" * 32


def address(number: int) -> str:
    return f"0x{number:040x}"


def price(dollars: str | int | Fraction, decimals: int) -> int:
    """D36{quote/qTok} of a token that costs `dollars`, rounded down to a feed's 8 decimals."""
    return int(Fraction(dollars) * 10**8) * 10 ** (28 - decimals)


def make_mandate(targets: Sequence[int], decimals: Sequence[int] = (), **changes: object) -> Mandate:
    digits = decimals or (18,) * len(targets)
    assets = tuple(
        Asset(address(index + 1), places, target, Feed(address(index + 101), 86_400, 8, 1, 2**127))
        for index, (target, places) in enumerate(zip(targets, digits, strict=True))
    )
    mandate = Mandate(
        name="Test",
        symbol="T",
        file_hash=bytes(32),
        oracle=address(201),
        scope=Scope.BOOK,
        band=500,
        destination=250,
        max_slippage=100,
        max_loss=50,
        cooldown=86_400,
        min_trade=100 * 10**18,
        venues=(address(202),),
        assets=assets,
    )
    return replace(mandate, **changes)  # type: ignore[arg-type]


def make_snapshot(mandate: Mandate, balances: Sequence[int], prices: Sequence[int], **changes: object) -> Snapshot:
    snapshot = Snapshot(
        chain_id=31_337,
        block=BlockRef(100, b"\x01" * 32, NOW - 12),
        vault=address(301),
        registered=True,
        paused=False,
        nonce=3,
        last_rebalance=0,
        supply=10**18,
        ledger_head=bytes(27),
        ledger_count=1,
        mandate=mandate,
        balances=tuple(balances),
        prices=tuple(Price(value, 1, NOW - 60) for value in prices),
    )
    return replace(snapshot, **changes)  # type: ignore[arg-type]


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

    def execute(self, snapshot: Snapshot, plan: Plan) -> tuple[list[int], str]:
        """Balances after the plan, and the first trade rule of the contract that it breaks."""
        copy = Venue([replace(pool) for pool in self.pools])
        balances = list(snapshot.balances)
        mandate = snapshot.mandate
        for trade in plan.trades:
            paid = trade.amount_in * snapshot.prices[trade.sell].value
            out = copy.swap(trade.sell, trade.buy, trade.amount_in)
            if paid < mandate.min_trade * 10**18:
                return balances, "TradeTooSmall"
            least = Fraction(paid * (BPS - mandate.max_slippage), BPS * snapshot.prices[trade.buy].value)
            if out < max(least, trade.min_out):
                return balances, "OutputTooLow"
            balances[trade.sell] -= trade.amount_in
            balances[trade.buy] += out
        return balances, ""


def distances(snapshot: Snapshot, balances: Sequence[int]) -> list[Fraction]:
    """Weight less target, of each asset."""
    values = worth(snapshot, balances)
    return [
        Fraction(value, sum(values)) - Fraction(target, BPS)
        for value, target in zip(values, snapshot.mandate.targets, strict=True)
    ]


def breached(snapshot: Snapshot) -> list[bool]:
    band = Fraction(snapshot.mandate.band, BPS)
    return [abs(distance) >= band for distance in distances(snapshot, snapshot.balances)]


def judge(snapshot: Snapshot, after: Sequence[int]) -> str:
    """The first rule on the net result that is broken, empty when all hold."""
    mandate = snapshot.mandate
    before, total = sum(worth(snapshot, snapshot.balances)), sum(worth(snapshot, after))
    room = Fraction(mandate.destination, BPS) + Fraction(mandate.min_trade * 10**18, total)
    start, end = distances(snapshot, snapshot.balances), distances(snapshot, after)
    for index, in_breach in enumerate(breached(snapshot)):
        change = after[index] - snapshot.balances[index]
        if (change < 0 and not (start[index] > 0 and end[index] >= 0)) or (
            change > 0 and not (start[index] < 0 and end[index] <= 0)
        ):
            return "TargetCrossed"
        if (mandate.scope is Scope.BOOK or in_breach) and abs(end[index]) > room:
            return "DestinationMissed"
    return "LossTooHigh" if Fraction(before - total, before) > Fraction(mandate.max_loss, BPS) else ""
