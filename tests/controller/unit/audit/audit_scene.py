"""Short lives for one rule each: what happens in them is for the test to say, whatever a correct vault would do."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from audit_evidence import gather
from audit_pieces import DAY, MANDATE, START, ZERO
from audit_vault import Transaction, Vault
from audit_world import World

from controller.audit.evidence import Evidence
from controller.audit.judge import judge
from controller.audit.report import AuditReport
from controller.model import Destination, Fees, Fill, Limits, Mandate, Trigger
from controller.planning import rules

DOLLAR = 10**36  # D36{quote}
PIECES = {"trigger": Trigger, "destination": Destination, "limits": Limits, "fees": Fees}
BEGIN = START + 12 + DAY + 100
"""{s} of the first thing that a test does."""


def changed(mandate: Mandate, **changes: Any) -> Mandate:
    """The mandate with other values, wherever in it they stand."""
    for name, value in changes.items():
        piece = next((piece for piece, kind in PIECES.items() if name in kind.__dataclass_fields__), None)
        new = value if piece is None else replace(getattr(mandate, piece), **{name: value})
        mandate = replace(mandate, **{piece or name: new})
    return mandate


FREE = changed(MANDATE, recipient=ZERO, management=0, performance=0)
"""The mandate without fees."""


class Scene:
    """A world whose vault was minted a day ago, 600,000, 300,000 and 100,000 of its three assets."""

    def __init__(self, mandate: Mandate = FREE) -> None:
        self.world = World.quiet(mandate)
        self.world.wait(DAY + 100)

    @property
    def vault(self) -> Vault:
        return self.world.vault

    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    def do(self, *transactions: Transaction) -> None:
        """In one block."""
        self.world.close(*transactions)
        self.wait(12)

    def shock(self, factor: str, asset: int = 0) -> None:
        """All feeds publish, in a block in which nothing else happens: then only the newest rounds can be meant."""
        for index in range(len(self.vault.mandate.assets)):
            self.vault.publish(index, Fraction(factor) if index == asset else 1)
        self.do()

    def rebalance(self, share: str = "97/100", slippage: int = 10, **others: Any) -> None:
        """Over a share of the way to the targets."""
        self.trade(*self.world.fills(Fraction(share), slippage), **others)

    def trade(self, *fills: Fill, **others: Any) -> None:
        self.do(self.vault.rebalance(fills, self.world.reference(), **others))

    def fill(self, sell: int, buy: int, dollars: int) -> Fill:
        """At the oracle's prices."""
        prices = self.vault.prices()
        amount = dollars * DOLLAR // prices[sell]
        return Fill(sell, buy, 0, amount, rules.floor_up(amount, prices[sell], prices[buy], 0))

    def tokens(self, *dollars: int) -> list[int]:
        """{qTok} of each asset for so much of it."""
        return [amount * DOLLAR // price for amount, price in zip(dollars, self.vault.prices(), strict=True)]

    def evidence(self) -> Evidence:
        self.do()
        return gather(self.world)

    def report(self) -> AuditReport:
        return judge(self.evidence())
