"""From a vault's ledger to movements of its owner.

A vault with a single owner is looked through: what it holds is the owner's, each fill sells one token and buys
another, what is paid in brings its lots along, what is paid out takes them with it. A vault with several holders is
not: its shares are the lots, got for what was paid in, given for what was paid out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from controller.chain.entries import (
    Created,
    Declared,
    Deposited,
    FeesTaken,
    MandateSet,
    Minted,
    Payload,
    Redeemed,
    Withdrawn,
)
from controller.errors import InputError, Mistake
from controller.model import Rebalance
from controller.planning.rules import values
from controller.tax.movements import Disposal, Lot, Movement, Nature, Source, Transfer

COIN = "ETH"
"""What gas is paid in."""

Paid = Minted | Deposited
Taken = Redeemed | Withdrawn


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the ledger, and what it does not say itself."""

    seq: int
    time: int  # {s}
    transaction: str  # 0x and 64 hex digits
    payload: Payload
    sender: str  # of the transaction, who pays for its gas
    gas: int = 0  # {wei} that the transaction cost; the first of several entries has it
    prices: tuple[
        int, ...
    ] = ()  # D36{quote/qTok} of the mandate's assets at that block; empty where they are not known
    why_not: str = ""  # the oracle's refusal, where there are none

    @property
    def source(self) -> Source:
        return Source(f"entry {self.seq}", self.transaction)


@dataclass(frozen=True)
class Ownership:
    """Whose ledger it is."""

    vault: str
    accounts: frozenset[str]  # of the owner
    fee_recipient: str  # whose shares are a debt of the owner and no reason to call the vault pooled
    name_of: Callable[[str], str]  # from a token to the name of its asset
    shares: str = "shares"  # name of the vault's share as an asset
    known_wallets: frozenset[str] = frozenset()  # accounts whose lots are known from elsewhere
    elsewhere: int = 0  # {qShare} that nobody named here holds, at the end
    coin_price: Callable[[int], Fraction | None] | None = None  # {s} to D36{quote/wei}; None: gas is left out


@dataclass
class Reading:
    """What was found."""

    movements: list[Movement] = field(default_factory=list)
    pooled: str = ""  # why the vault is not looked through; empty: it is
    declared: list[tuple[int, int, bytes]] = field(default_factory=list)  # entry, {s}, hash
    fee_shares: int = 0  # {qShare} that fees have made and nobody has redeemed
    gas_left_out: int = 0  # {wei}
    mistakes: list[Mistake] = field(default_factory=list)


def read_movements(steps: Sequence[Step], whose: Ownership) -> Reading:
    """Everything that the ledger says about the owner's lots.

    Raises
    ------
    InputError
        When a price is missing, with each entry that needs one.
    """
    reading = Reading(pooled=_why_pooled(steps, whose))
    reader = (_Pooled if reading.pooled else _LookedThrough)(reading, whose)
    for step in steps:
        reader.step(step)
    if reading.mistakes:
        raise InputError("Prices are missing.", "Give them in a file: --prices FILE.", tuple(reading.mistakes))
    return reading


def _why_pooled(steps: Sequence[Step], whose: Ownership) -> str:
    """The first entry that gives shares to somebody else, or takes them."""
    ours = whose.accounts | {whose.fee_recipient}
    for step in steps:
        if isinstance(step.payload, Minted | Deposited) and step.payload.receiver not in whose.accounts:
            return f"entry {step.seq} gives shares to {step.payload.receiver}"
        if isinstance(step.payload, Redeemed | Withdrawn) and step.payload.owner not in ours:
            return f"entry {step.seq} takes shares of {step.payload.owner}"
    return f"{whose.elsewhere} of the smallest units of its share are held by others" if whose.elsewhere else ""


class _Reader(ABC):
    """Goes through the entries, and knows the assets of the mandate in force."""

    def __init__(self, reading: Reading, whose: Ownership) -> None:
        self.reading, self.whose = reading, whose
        self.assets: tuple[str, ...] = ()

    @abstractmethod
    def paid(self, step: Step, payload: Paid) -> None:
        """Shares were made for the owner."""

    @abstractmethod
    def taken(self, step: Step, payload: Taken) -> None:
        """Shares of the owner, or of who takes the fees, were given back."""

    @abstractmethod
    def rebalanced(self, step: Step, payload: Rebalance) -> None:
        """Tokens were traded."""

    def step(self, step: Step) -> None:
        before = len(self.reading.movements)
        match step.payload:
            case Created(mandate) | MandateSet(mandate):
                self.assets = tuple(self.whose.name_of(asset.token) for asset in mandate.assets)
            case Minted() | Deposited():
                if step.payload.receiver in self.whose.accounts:
                    self.paid(step, step.payload)
            case Redeemed() | Withdrawn():
                if step.payload.owner not in self.whose.accounts:
                    self.reading.fee_shares -= min(step.payload.shares, self.reading.fee_shares)
                self.taken(step, step.payload)
            case Rebalance():
                self.rebalanced(step, step.payload)
            case FeesTaken(recipient, management, performance):
                if recipient not in self.whose.accounts:
                    self.reading.fee_shares += management + performance
            case Declared(statement):
                self.reading.declared.append((step.seq, step.time, statement))
            case _:
                pass
        self._gas(step, before)

    def flows(self, payload: Paid | Taken) -> list[tuple[int, str, int]]:
        """Index, asset and {qTok} of what really came or went."""
        pairs = zip(self.assets, payload.amounts, strict=True)
        return [(index, asset, amount) for index, (asset, amount) in enumerate(pairs) if amount]

    def prices(self, step: Step, payload: Paid | Taken) -> tuple[int, ...] | None:
        """D36{quote/qTok}; None, and named, where one that is needed is missing."""
        prices = payload.prices if isinstance(payload, Deposited | Withdrawn) else step.prices
        if len(prices) == len(payload.amounts) and all(prices[index] for index, _, _ in self.flows(payload)):
            return prices
        why = step.why_not or "the oracle gave none"
        self.reading.mistakes.append(Mistake(f"entry {step.seq}", f"has no price: {why}"))
        return None

    def _gas(self, step: Step, before: int) -> None:
        """The coin that the transaction took is disposed of, and what it was worth lessens what its sales brought."""
        if not step.gas or step.sender not in self.whose.accounts:
            return
        if self.whose.coin_price is None:
            self.reading.gas_left_out += step.gas
            return
        price = self.whose.coin_price(step.time)
        if price is None:
            self.reading.mistakes.append(Mistake(f"entry {step.seq}", f"has no price of {COIN} for its gas"))
            return
        # D36{quote} = {wei} * D36{quote/wei}
        worth, movements = step.gas * price, self.reading.movements
        sold = [place for place in range(before, len(movements)) if isinstance(movements[place], Disposal)]
        _lessen(movements, sold, worth)
        where = Source(f"entry {step.seq}, gas", step.transaction)
        movements.append(Disposal(f"{step.seq}.gas", COIN, step.sender, step.time, step.gas, worth, where, Nature.GAS))


def _lessen(movements: list[Movement], places: Sequence[int], worth: Fraction) -> None:
    """Takes D36{quote} off the proceeds of the disposals at these places, in proportion to them."""
    sold = [movement for place in places if isinstance(movement := movements[place], Disposal)]
    brought = sum((movement.proceeds for movement in sold), Fraction(0))
    for place, movement in zip(places, sold, strict=True):
        # D36{quote} = D36{quote} * D36{quote} / D36{quote}
        share = worth * movement.proceeds / brought if brought else Fraction(0)
        movements[place] = replace(movement, proceeds=movement.proceeds - share)


class _LookedThrough(_Reader):
    """What the vault holds is the owner's."""

    def paid(self, step: Step, payload: Paid) -> None:
        """Lots come along where they are known; else they begin here, at the market's value, and are marked so."""
        vault, known = self.whose.vault, payload.caller in self.whose.known_wallets
        prices = () if known else self.prices(step, payload)
        if prices is None:
            return
        for index, asset, amount in self.flows(payload):
            name, time, source = f"{step.seq}.{index}.in", step.time, step.source
            self.reading.movements.append(
                Transfer(name, asset, payload.caller, vault, time, amount, source)
                if known
                else Lot(name, asset, vault, time, amount, amount * prices[index], source, Nature.PAID_IN, assumed=True)
            )

    def taken(self, step: Step, payload: Taken) -> None:
        """To the owner lots move; what anybody else gets is given away at its value: as a fee where the shares were."""
        vault, ours = self.whose.vault, payload.owner in self.whose.accounts
        home = ours and payload.receiver in self.whose.accounts
        prices = () if home else self.prices(step, payload)
        if prices is None:
            return
        nature = Nature.PAID_OUT if ours else Nature.FEE
        for index, asset, amount in self.flows(payload):
            name, time, source = f"{step.seq}.{index}.out", step.time, step.source
            self.reading.movements.append(
                Transfer(name, asset, vault, payload.receiver, time, amount, source)
                if home
                else Disposal(name, asset, vault, time, amount, amount * prices[index], source, nature)
            )

    def rebalanced(self, step: Step, payload: Rebalance) -> None:
        """What was received, at the entry's own prices, is what was got for the one and paid for the other."""
        vault, time = self.whose.vault, step.time
        for index, fill in enumerate(payload.fills):
            # D36{quote} = {qTok} * D36{quote/qTok}
            worth = fill.amount_out * payload.prices[fill.buy]
            name, where = f"{step.seq}.{index}", Source(f"entry {step.seq}, fill {index}", step.transaction)
            sell, buy = self.assets[fill.sell], self.assets[fill.buy]
            if fill.amount_in:
                self.reading.movements.append(Disposal(f"{name}.out", sell, vault, time, fill.amount_in, worth, where))
            if fill.amount_out:
                self.reading.movements.append(Lot(f"{name}.in", buy, vault, time, fill.amount_out, worth, where))


class _Pooled(_Reader):
    """What the owner holds are shares."""

    def paid(self, step: Step, payload: Paid) -> None:
        prices = self.prices(step, payload)
        if prices is None:
            return
        time, source = step.time, step.source
        for index, asset, amount in self.flows(payload):
            if payload.caller in self.whose.known_wallets:
                name, worth = f"{step.seq}.{index}.out", amount * prices[index]
                self.reading.movements.append(Disposal(name, asset, payload.caller, time, amount, worth, source))
        worth = sum(values(payload.amounts, prices))
        name, shares = f"{step.seq}.shares", self.whose.shares
        self.reading.movements.append(Lot(name, shares, payload.receiver, time, payload.shares, worth, source))

    def taken(self, step: Step, payload: Taken) -> None:
        if payload.owner not in self.whose.accounts or (prices := self.prices(step, payload)) is None:
            return
        time, source, shares = step.time, step.source, self.whose.shares
        worth = sum(values(payload.amounts, prices))
        name = f"{step.seq}.shares"
        self.reading.movements.append(Disposal(name, shares, payload.owner, time, payload.shares, worth, source))
        for index, asset, amount in self.flows(payload):
            if payload.receiver in self.whose.accounts:
                name, worth = f"{step.seq}.{index}.in", amount * prices[index]
                self.reading.movements.append(Lot(name, asset, payload.receiver, time, amount, worth, source))

    def rebalanced(self, step: Step, payload: Rebalance) -> None:
        """A matter of the vault's."""
