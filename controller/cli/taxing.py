"""What the tax commands have in common: the owner's ledger, files and law, read into one report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address

from controller.audit.flows import DEAD
from controller.chain.contract import Contract
from controller.chain.entries import Created, MandateSet
from controller.cli.bars import working
from controller.cli.session import Session
from controller.config import quantities
from controller.config.files import read_file
from controller.errors import UsageError
from controller.model import BlockRef, Mandate
from controller.tax.booking import Method, Scope
from controller.tax.books import Rates
from controller.tax.exports.names import Balance, Names
from controller.tax.holding import days_in, zone_of
from controller.tax.laws import law_of
from controller.tax.ledger import COIN, Ownership, Reading, Step, read_movements
from controller.tax.lots_file import choose, read_lots
from controller.tax.movements import Movement
from controller.tax.prices import Daily
from controller.tax.read import read_steps
from controller.tax.report import NO_RATES, Request, TaxReport, build
from controller.tax.standing import StandingRule, in_force, read_rule, recognised
from controller.tax.wash import WashRule
from controller.units import BPS, VALUE_DECIMALS

COIN_DECIMALS = 18
D36 = 10**VALUE_DECIMALS


@dataclass(frozen=True)
class Files:
    """What the owner keeps beside the chain."""

    lots: Path | None = None
    prices: Path | None = None
    exchange: Path | None = None
    rules: tuple[Path, ...] = ()
    choices: Path | None = None


@dataclass(frozen=True)
class Asked:
    """What the command line says about the report."""

    year: int | None  # None: the one of the newest block
    jurisdiction: str
    method: str | None
    zone: str = "UTC"
    rates: str | None = None
    securities: tuple[str, ...] = ()
    wash_sales_from: str | None = None
    kept: Mapping[str, int] = field(default_factory=dict)  # by symbol: not to be sold before {s}, says the profile


@dataclass(frozen=True)
class Books:
    """A vault's ledger, read for its owner."""

    vault: str
    mandate: Mandate  # in force at the block
    block: BlockRef
    reading: Reading
    movements: tuple[Movement, ...]  # with the lots of the owner's file
    names: Names
    shares: str

    @classmethod
    def read(cls, session: Session, vault: str | None, owners: Sequence[str], files: Files) -> Books:
        """Everything on chain and in the files, once.

        Raises
        ------
        InputError
            With everything that is missing or cannot be read.
        """
        block, address = session.chain.head(), session.vault(vault)
        steps = _steps(session, address, block)
        mandates = [step.payload.mandate for step in steps if isinstance(step.payload, Created | MandateSet)]
        accounts = _accounts(session, address, owners, block)
        decimals = {session.symbol(asset.token): asset.decimals for mandate in mandates for asset in mandate.assets}
        decimals |= {COIN: COIN_DECIMALS, mandates[-1].symbol: COIN_DECIMALS}
        lots = read_lots(read_file(files.lots), str(files.lots), decimals) if files.lots else []
        whose = Ownership(
            vault=address,
            accounts=accounts,
            fee_recipient=mandates[-1].fees.recipient,
            name_of=session.symbol,
            shares=mandates[-1].symbol,
            known_wallets=frozenset(lot.wallet for lot in lots if lot.asset != COIN),
            elsewhere=_elsewhere(session, address, {*accounts, DEAD, mandates[-1].fees.recipient}, block),
            coin_price=_coin_price(files.prices),
        )
        reading = read_movements(steps, whose)
        names = Names(decimals, address, () if reading.pooled else _balances(session, mandates[-1], address, block))
        movements: list[Movement] = [*lots, *reading.movements]
        if files.choices:
            movements = choose(movements, read_file(files.choices), str(files.choices), decimals)
        return cls(address, mandates[-1], block, reading, tuple(movements), names, mandates[-1].symbol)

    def request(self, asked: Asked, files: Files, *, plans: bool = False, recognise: bool = False) -> Request:
        """What the report is to be of. Plans count in the vault's own currency; who checks needs no file of a rule."""
        law, day = law_of(asked.jurisdiction), days_in(zone_of(asked.zone))
        rules = [read_rule(read_file(path), str(path)) for path in files.rules]
        rules += [rule for rule in self._recognised if recognise and rule not in rules]
        exchange = None
        if files.exchange and not plans:
            exchange = Daily.read(read_file(files.exchange), str(files.exchange), "currency", "rate")
        if exchange is None and law.currency != "USD" and not plans:
            raise UsageError(
                f"{law.name} counts in {law.currency}, the vault in USD.",
                "Give the rates of the days in a file with the columns currency,date,rate: --exchange FILE.",
            )
        return Request(
            law=law,
            year=law.year_of(day(self.block.timestamp)) if asked.year is None else asked.year,
            method=method_of(asked.method) if asked.method else law.methods[0],
            day=day,
            zone=asked.zone,
            rates=rates_of(asked.rates),
            wash=WashRule(frozenset(asked.securities), _day(asked.wash_sales_from)),
            exchange=exchange,
            orders=in_force(rules, self.reading.declared, self.vault),
        )

    def report(self, asked: Asked, files: Files, *, recognise: bool = False) -> TaxReport:
        """The report, with what the ledger leaves open."""
        made = build(self.movements, self.request(asked, files, recognise=recognise), self.notes())
        return replace(made, notes=(*made.notes, *self._passed_over(made), *self._unreconciled(made)))

    @property
    def _recognised(self) -> list[StandingRule]:
        return recognised(self.reading.declared, self.vault)

    def _passed_over(self, made: TaxReport) -> Iterator[str]:
        """Rules in force that the report does not follow."""
        followed = {order.rule for order in made.request.orders}
        for order in in_force(self._recognised, self.reading.declared, self.vault):
            if order.rule not in followed:
                yield (
                    f"Entry {order.seq} orders {order.rule.method.value} for every later sale, and this report does "
                    "not follow it: name its file with --rule."
                )

    def _unreconciled(self, made: TaxReport) -> Iterator[str]:
        """Where the books and the chain hold different amounts: nothing is plugged."""
        if made.request.law.scope is not Scope.WALLET:
            return
        for balance in self.names.balances:
            booked = made.booked.quantity(balance.asset, balance.wallet)
            if booked != balance.quantity:
                ours, theirs = (self.names.quantity(balance.asset, held) for held in (booked, balance.quantity))
                yield f"UNRECONCILED: the books hold {ours} {balance.asset} of the vault, the chain {theirs}."

    def notes(self) -> list[str]:
        """What the ledger leaves open."""
        notes, reading = [], self.reading
        if reading.pooled:
            notes.append(f"The vault is pooled ({reading.pooled}), so its shares ({self.shares}) are the lots.")
        if reading.fee_shares:
            shares = self.names.quantity(self.shares, reading.fee_shares)
            notes.append(
                f"{shares} shares of fees are not redeemed yet: what they are worth is owed, and not disposed of."
            )
        if reading.gas_left_out:
            coins = self.names.quantity(COIN, reading.gas_left_out)
            notes.append(f"{coins} {COIN} of gas are left out: give prices (--prices) and lots (--lots) of {COIN}.")
        return notes


def method_of(name: str) -> Method:
    """A method by its name."""
    try:
        return Method(name)
    except ValueError:
        known = ", ".join(method.value for method in Method)
        raise UsageError(f"The method {name!r} is not known.", f"Known: {known}.") from None


def rates_of(text: str | None) -> Rates:
    """{1} short and long, from ``37%,20%``."""
    if text is None:
        return NO_RATES
    try:
        short, long = (Fraction(quantities.share(part.strip()), BPS) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--rates: {error}.", "Write the short-term and the long-term rate, 37%,20%.") from None
    return Rates(short, long)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--wash-sales-from: {text!r} is no day.", "Write it as 2027-01-01.") from None


def _steps(session: Session, vault: str, block: BlockRef) -> list[Step]:
    with working("Reading the ledger") as progress:
        return read_steps(
            session.chain,
            session.address("Ledger"),
            vault,
            session.ledger_start,
            block,
            lambda done, total: progress(done / total),
        )


def _accounts(session: Session, vault: str, owners: Sequence[str], block: BlockRef) -> frozenset[str]:
    """The accounts that were named, else the vault's owner."""
    wrong = [owner for owner in owners if not is_address(owner)]
    if wrong:
        raise UsageError(f"--owner: {', '.join(wrong)} is no address.")
    if owners:
        return frozenset(str(to_checksum_address(owner)) for owner in owners)
    return frozenset({str(Contract(session.chain, vault, "IVault").read("owner", block=block))})


def _elsewhere(session: Session, vault: str, known: set[str], block: BlockRef) -> int:
    """{qShare} that none of these hold."""
    share = Contract(session.chain, vault, "TestToken")
    held = sum(int(share.read("balanceOf", account, block=block)) for account in known)
    return int(share.read("totalSupply", block=block)) - held


def _balances(session: Session, mandate: Mandate, vault: str, block: BlockRef) -> list[Balance]:
    """What the tokens themselves say."""
    return [
        Balance(
            session.symbol(asset.token),
            vault,
            int(Contract(session.chain, asset.token, "TestToken").read("balanceOf", vault, block=block)),
            block.timestamp,
        )
        for asset in mandate.assets
    ]


def _coin_price(path: Path | None) -> Callable[[int], Fraction | None] | None:
    if path is None:
        return None
    daily, day = Daily.read(read_file(path), str(path), "asset", "price"), days_in()

    def price(time: int) -> Fraction | None:
        # D36{quote/wei} = {quote/tok} * D36 / 10^18
        found = daily.get(COIN, day(time))
        return None if found is None else found * D36 / 10**COIN_DECIMALS

    return price
