"""A vault's life as its ledger tells it: paid in, traded for two years, fees taken, partly paid out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from planning_pieces import address, make_mandate, price
from tax_pieces import at

from controller.chain.entries import Created, FeesTaken, Minted, Payload, Redeemed
from controller.model import Cause, Fill, Rebalance, Roles
from controller.tax.exports.names import Balance, Names
from controller.tax.ledger import Ownership, Reading, Step, read_movements

OWNER, KEEPER, FEES, STRANGER = (address(900 + number) for number in range(4))
VAULT = address(999)
DECIMALS = {"EQUITY": 18, "BOND": 6, "GOLD": 8, "ETH": 18, "shares": 18}
TRADED = ("EQUITY", "BOND", "GOLD")
MANDATE = make_mandate((6_000, 3_000, 1_000), tuple(DECIMALS[asset] for asset in TRADED))
TOKENS = dict(zip((asset.token for asset in MANDATE.assets), TRADED, strict=True))


def ownership(**changes: object) -> Ownership:
    arguments: dict[str, object] = {
        "vault": VAULT,
        "accounts": frozenset({OWNER}),
        "fee_recipient": FEES,
        "name_of": TOKENS.__getitem__,
    }
    return Ownership(**{**arguments, **changes})  # type: ignore[arg-type]


def prices(*dollars: object) -> tuple[int, ...]:
    """D36{quote/qTok} of the three assets."""
    return tuple(price(str(each), DECIMALS[asset]) for each, asset in zip(dollars, TRADED, strict=True))


def amounts(*tokens: object) -> tuple[int, ...]:
    """{qTok} of the three assets."""
    return tuple(int(Fraction(str(each)) * 10 ** DECIMALS[asset]) for each, asset in zip(tokens, TRADED, strict=True))


@dataclass
class Life:
    """Entries in the making, and what the vault holds after them."""

    steps: list[Step] = field(default_factory=list)
    held: list[int] = field(default_factory=lambda: [0, 0, 0])

    def add(
        self, day: str, payload: Payload, *, sender: str = KEEPER, gas: int = 0, at_prices: Sequence[int] = ()
    ) -> None:
        seq = len(self.steps)
        self.steps.append(Step(seq, at(day), f"0x{seq:064x}", payload, sender, gas, tuple(at_prices)))

    def create(self, day: str) -> None:
        self.add(day, Created(MANDATE, Roles(OWNER, OWNER, OWNER, (KEEPER,))), sender=OWNER)

    def mint(self, day: str, tokens: Sequence[int], at_prices: Sequence[int], **changes: str) -> None:
        parties = {"caller": OWNER, "receiver": OWNER, **changes}
        self.held = [held + more for held, more in zip(self.held, tokens, strict=True)]
        minted = Minted(parties["caller"], parties["receiver"], 10**18, tuple(tokens))
        self.add(day, minted, sender=parties["caller"], at_prices=at_prices)

    def redeem(self, day: str, tokens: Sequence[int], at_prices: Sequence[int], **changes: str) -> None:
        parties = {"receiver": OWNER, "owner": OWNER, **changes}
        self.held = [held - less for held, less in zip(self.held, tokens, strict=True)]
        redeemed = Redeemed(parties["owner"], parties["receiver"], parties["owner"], 10**17, tuple(tokens), 0)
        self.add(day, redeemed, sender=parties["owner"], at_prices=at_prices)

    def trade(self, day: str, at_prices: Sequence[int], *fills: tuple[int, int, int], gas: int = 0) -> None:
        """Sold and bought asset and {qTok} sold, a tenth of a percent below the oracle."""
        made = []
        for sell, buy, amount in fills:
            out = amount * at_prices[sell] * 999 // (at_prices[buy] * 1_000)
            made.append(Fill(sell, buy, 0, amount, out))
            self.held[sell] -= amount
            self.held[buy] += out
        done = Rebalance(
            KEEPER,
            0,
            Cause.THRESHOLD,
            False,
            bytes(32),
            bytes(32),
            0,
            0,
            0,
            0,
            tuple(at_prices),
            (0, 0, 0),
            tuple(made),
        )
        self.add(day, done, sender=OWNER if gas else KEEPER, gas=gas)

    def fees(self, day: str, shares: int) -> None:
        self.add(day, FeesTaken(FEES, shares, 0, 0))

    def names(self, day: str) -> Names:
        balances = [Balance(asset, VAULT, held, at(day)) for asset, held in zip(TRADED, self.held, strict=True)]
        return Names(DECIMALS, VAULT, balances)

    def read(self, **changes: object) -> Reading:
        return read_movements(self.steps, ownership(**changes))


def two_years() -> Life:
    """Gains and losses, short and long, in 2024 and 2025."""
    life = Life()
    life.create("2023-12-01")
    life.mint("2023-12-04", amounts(60, 300, 1), prices(100, 10, 2_000))
    life.trade("2024-03-01", prices(120, "9.5", 2_050), (0, 1, amounts(7, 0, 0)[0]))
    life.trade(
        "2024-09-02", prices(90, "10.25", 2_400), (1, 0, amounts(0, "120.5", 0)[1]), (2, 0, amounts(0, 0, "0.1")[2])
    )
    life.fees("2024-12-31", 10**15)
    life.trade("2025-02-03", prices(130, 10, 2_800), (0, 1, amounts("15.123456789012345678", 0, 0)[0]))
    life.redeem("2025-04-01", amounts(5, 20, "0.05"), prices(128, 10, 2_900))
    life.redeem("2025-05-01", amounts("0.5", 2, "0.01"), prices(131, 10, 2_950), owner=FEES, receiver=FEES)
    life.trade(
        "2025-11-03", prices(110, "10.5", 3_900), (2, 0, amounts(0, 0, "0.333")[2]), (1, 0, amounts(0, 17, 0)[1])
    )
    return life


def random_life(seed: int, trades: int) -> Life:
    """Fills in all directions, with whole digits used."""
    dice, life = random.Random(seed), Life()  # noqa: S311 -- a reproducible life
    life.create("2023-01-01")
    life.mint("2023-01-02", amounts(60, 300, 3), prices(100, 10, 2_000))
    for number in range(trades):
        now = prices(dice.randint(60, 200), Fraction(dice.randint(800, 1_300), 100), dice.randint(1_500, 3_000))
        sell, buy = dice.sample(range(3), 2)
        if life.held[sell] > 1_000:
            day = str(date(2023, 1, 3) + timedelta(days=4 * number))
            life.trade(day, now, (sell, buy, dice.randrange(1, life.held[sell] // 2)))
    return life
