"""Single assets in and out of a vault: amounts, shares, and the least or most that the holder accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from controller.chain.contract import Contract
from controller.cli.output import out, print_json, print_pairs
from controller.cli.session import Session
from controller.config import quantities
from controller.deploy import vaults
from controller.errors import InputError, Mistake, UsageError
from controller.execution.keys import Signer
from controller.execution.transact import transact
from controller.model import Snapshot
from controller.planning import flows
from controller.planning.rules import values
from controller.units import BPS, div_up, to_decimal

D18_TO_D36 = 10**18


@dataclass(frozen=True)
class Flow:
    """A deposit or a withdrawal that the vault would accept now."""

    session: Session
    snapshot: Snapshot
    inward: bool
    amounts: tuple[int, ...]  # {qTok}
    shares: int  # {qShare} by the vault's preview
    bound: int  # {qShare} fewest that are minted, or most that are burnt

    def broadcast(self, signer: Signer) -> dict[str, object]:
        """Approves what is paid in, then makes the flow. The shares are the signer's."""
        chain, vault, who = self.session.chain, self.snapshot.vault, signer.address
        self.session.require_recorded_code(vault)
        clone = Contract(chain, vault, "IVault")
        if self.inward:
            call = clone.encode("deposit", self.amounts, self.bound, who)
            for asset, amount in zip(self.snapshot.mandate.assets, self.amounts, strict=True):
                token = Contract(chain, asset.token, "TestToken")
                if amount > token.read("allowance", who, vault, block=chain.head()):
                    approval = token.encode("approve", vault, amount)
                    transact(chain, signer, asset.token, approval, self.session.confirmations)
        else:
            call = clone.encode("withdraw", self.amounts, self.bound, who, who)
        receipt = transact(chain, signer, vault, call, self.session.confirmations)
        return {**self.document(), "gas": receipt.gas_used, "transaction": "0x" + receipt.transaction.hex()}

    def document(self) -> dict[str, object]:
        """What it would do; `amounts` are {qTok}, shares {qShare}."""
        tokens = (self.session.symbol(asset.token) for asset in self.snapshot.mandate.assets)
        return {
            "vault": self.snapshot.vault,
            "amounts": {symbol: str(amount) for symbol, amount in zip(tokens, self.amounts, strict=True)},
            "shares": str(self.shares),
            "min_shares" if self.inward else "max_shares": str(self.bound),
            "gas": None,
            "transaction": None,
        }

    def show(self, done: dict[str, object], *, as_json: bool) -> None:
        """What was done, or would be."""
        if as_json:
            print_json(done)
            return
        facts = {
            self.session.symbol(asset.token): f"{to_decimal(amount, asset.decimals):f}"
            for asset, amount in zip(self.snapshot.mandate.assets, self.amounts, strict=True)
            if amount
        }
        bound = "at least" if self.inward else "at most"
        facts |= {"shares": f"{to_decimal(self.shares, 18):f}", bound: f"{to_decimal(self.bound, 18):f}"}
        print_pairs("Deposit" if self.inward else "Withdrawal", facts | {"transaction": done["transaction"]})
        if done["transaction"] is None:
            out.print("[yellow]Dry run:[/yellow] nothing was sent. Add --broadcast to send.")


def prepare(
    session: Session,
    holder: str,
    vault: str | None,
    value: str | None,
    given: Sequence[str],
    tolerance: str,
    *,
    inward: bool,
) -> Flow:
    """Reads and checks everything before the first transaction.

    Parameters
    ----------
    value : what comes in or goes out, spread by the vault so that its drift becomes smaller; or
    given : amounts, ``GOLD=1.5``, in whole tokens.
    tolerance : by how much the shares may be worse than in the preview.

    Raises
    ------
    RevertError
        When the vault allows no such flow.
    InputError
        With everything that cannot be read, or that the holder lacks.
    """
    if (value is None) == (not given):
        raise UsageError('Say how much, either as a value, "1000 USD", or as amounts, --amount GOLD=1.5.')
    snapshot = session.snapshot(vault)
    clone, block = Contract(session.chain, snapshot.vault, "IVault"), snapshot.block
    if value is None:
        amounts = _amounts(session, snapshot, given)
    else:
        route = "routeDeposit" if inward else "routeWithdraw"
        amounts = tuple(clone.read(route, _read("value", quantities.money, value) * D18_TO_D36, block=block))
    shares = int(clone.read("previewDeposit" if inward else "previewWithdraw", amounts, block=block))
    if given:
        _require_towards_target(session, snapshot, amounts, inward=inward)
    slack = _read("--tolerance", quantities.share, tolerance)
    # {qShare} = {qShare} * {bps} / {bps}, each rounded for the holder's safety
    bound = div_up(shares * (BPS - slack), BPS) if inward else shares * (BPS + slack) // BPS
    _require_held(session, snapshot, amounts, shares, holder, inward=inward)
    return Flow(session, snapshot, inward, amounts, shares, bound)


def _read(where: str, quantity: Callable[[str], int], text: str) -> int:
    try:
        return quantity(text)
    except ValueError as error:
        raise UsageError(f"{where}: {error}.") from None


def _amounts(session: Session, snapshot: Snapshot, given: Sequence[str]) -> tuple[int, ...]:
    """{qTok} of each asset, zero for those that are not named."""
    symbols = [session.symbol(asset.token) for asset in snapshot.mandate.assets]
    amounts, mistakes = [0] * len(symbols), []
    for text in given:
        symbol, _, number = text.partition("=")
        try:
            index = symbols.index(symbol)
            amounts[index] = quantities.answer(Fraction(number), snapshot.mandate.assets[index].decimals)
            if amounts[index] <= 0:
                raise ValueError("is nothing")
        except (ValueError, ZeroDivisionError):
            mistakes.append(Mistake(text, f"write SYMBOL=1.5; symbols: {', '.join(symbols)}"))
    if mistakes:
        raise InputError("Amounts cannot be read.", "", tuple(mistakes))
    return tuple(amounts)


def _require_towards_target(session: Session, snapshot: Snapshot, amounts: Sequence[int], *, inward: bool) -> None:
    """What the vault would say after the approvals, said before them."""
    prices = [price.value for price in snapshot.prices]
    after = [held + (amount if inward else -amount) for held, amount in zip(snapshot.balances, amounts, strict=True)]
    held = values(after, prices)
    wrong = flows.is_above if inward else flows.is_below
    least = BPS * snapshot.mandate.min_trade_value
    found = tuple(
        Mistake(session.symbol(asset.token), f"would end {'above' if inward else 'below'} its target of {target} bps")
        for asset, value, target, amount in zip(snapshot.mandate.assets, held, snapshot.targets, amounts, strict=True)
        if amount and wrong(value, target, sum(held), least)
    )
    if found:
        raise InputError("The vault would refuse these amounts.", "Name a value, and let the vault spread it.", found)


def _require_held(
    session: Session, snapshot: Snapshot, amounts: Sequence[int], shares: int, holder: str, *, inward: bool
) -> None:
    if inward:
        lacks = vaults.missing(session.chain, snapshot.mandate, amounts, holder, snapshot.block)
        named = tuple(Mistake(session.symbol(lack.where), lack.what) for lack in lacks)
    else:
        held = int(Contract(session.chain, snapshot.vault, "TestToken").read("balanceOf", holder, block=snapshot.block))
        short = f"{to_decimal(shares, 18):f} needed, {to_decimal(held, 18):f} held"
        named = () if held >= shares else (Mistake("shares", short),)
    if named:
        raise InputError(f"The account {holder} does not hold enough.", "Fund it, or take less.", named)
