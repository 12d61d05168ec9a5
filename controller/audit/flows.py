"""Shares in and out: in kind pro rata to what the vault held, else at the recorded prices with the mandate's spread;
always rounded for the holders who stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from controller.audit import fees
from controller.audit.evidence import Transfer
from controller.audit.issues import RECORD_IS_FALSE, Issue, differs
from controller.audit.state import State
from controller.chain.entries import Deposited, FeesTaken, Minted, Redeemed, Withdrawn
from controller.model import ZERO_ADDRESS
from controller.planning import flows, path, rules
from controller.units import BPS, div_up

MIN_SUPPLY = 10**6
"""{qShare} of the first mint that nobody owns (contracts/Vault.sol)."""
DEAD = "0x000000000000000000000000000000000000dEaD"
"""Holds them."""

InKind = Minted | Redeemed
AtPrices = Deposited | Withdrawn


def check_in_kind(state: State, entry: InKind, held: Sequence[int], timestamp: int) -> Iterator[Issue]:
    """`held` {qTok} is what the vault had just before.

    The first mint is the owner's, at amounts of their choice. Later ones pay ceil(held * shares / supply); a redeem
    pays floor(held * shares / supply), and nothing of a skipped asset.
    """
    yield from fees.check_taken(state, timestamp, None)
    if isinstance(entry, Minted):
        if state.supply:
            yield from _compare("paid", entry.amounts, [div_up(amount * entry.shares, state.supply) for amount in held])
        elif entry.caller != state.owner:
            yield Issue(f"{entry.caller} made the first mint, which is not the owner", RECORD_IS_FALSE)
    elif entry.shares > state.supply:
        yield Issue(f"{entry.shares} shares were redeemed of {state.supply}", RECORD_IS_FALSE)
    else:
        due = [amount * entry.shares // state.supply for amount in held]
        skipped = [entry.skip >> index & 1 for index in range(len(due))]
        paid = [0 if skip else amount for skip, amount in zip(skipped, due, strict=True)]
        yield from _compare("received", entry.amounts, paid)


def check_at_prices(state: State, entry: AtPrices, held: Sequence[int], timestamp: int) -> Iterator[Issue]:
    """Shares recomputed from the recorded prices, and no asset taken past its target; `held` {qTok} just before."""
    spread, prices = state.mandate.spread, entry.prices
    if not spread:
        yield Issue("the mandate has no spread, so it allows neither deposits nor withdrawals", RECORD_IS_FALSE)
        return
    worth = rules.values(held, prices)
    total, value = sum(worth), sum(rules.values(entry.amounts, prices))
    if not state.supply or not total or not value:
        yield Issue("nothing of value came or went, or the vault had none", RECORD_IS_FALSE)
        return
    yield from fees.check_taken(state, timestamp, total)
    if isinstance(entry, Deposited):
        # {qShare} = D36{quote} * {bps} * {qShare} / (D36{quote} * {bps})
        shares = value * (BPS - spread) * state.supply // (total * BPS)
    else:
        shares = div_up(value * BPS * state.supply, total * (BPS - spread))
        if entry.shares >= state.supply:
            yield Issue(f"{entry.shares} shares were withdrawn of {state.supply}", RECORD_IS_FALSE)
        for index, (amount, had) in enumerate(zip(entry.amounts, held, strict=True)):
            if amount > had:
                yield Issue(f"asset {index}: {amount} withdrawn, the vault held {had}", RECORD_IS_FALSE)
    if entry.shares != shares:
        yield differs("the shares at the recorded prices and the mandate's spread", entry.shares, shares)
    yield from _check_targets(state, entry, worth, timestamp)


def check_parties(
    state: State, entry: InKind | AtPrices | FeesTaken, own: Sequence[Transfer], sender: str | None, vault: str
) -> Iterator[Issue]:
    """Who the entry names, against the Transfer logs of shares and tokens of its transaction.

    `sender` is who called the vault; None when another contract did.
    """
    shares: Counter[tuple[str, str]] = Counter()
    for transfer in own:
        if transfer.token == vault and ZERO_ADDRESS in (transfer.sender, transfer.receiver):
            shares[transfer.sender, transfer.receiver] += transfer.amount
    due: Counter[tuple[str, str]] = Counter()
    if isinstance(entry, FeesTaken):
        due[ZERO_ADDRESS, entry.recipient] = entry.management_shares + entry.performance_shares
    elif isinstance(entry, Redeemed | Withdrawn):
        due[entry.owner, ZERO_ADDRESS] = entry.shares
        paid = {transfer.receiver for transfer in own if transfer.token != vault and transfer.sender == vault}
        for receiver in sorted(paid - {entry.receiver}):
            yield differs("who was paid", entry.receiver, receiver)
    else:
        locked = MIN_SUPPLY if isinstance(entry, Minted) and not state.supply else 0
        due[ZERO_ADDRESS, DEAD] += locked
        due[ZERO_ADDRESS, entry.receiver] += entry.shares - locked
    if +due != +shares:
        yield differs("the shares that came or went", _parties(due), _parties(shares))
    if not isinstance(entry, FeesTaken) and sender not in (None, entry.caller):
        yield differs("the caller", entry.caller, sender)


def _check_targets(state: State, entry: AtPrices, worth: Sequence[int], timestamp: int) -> Iterator[Issue]:
    """Give or take the smallest trade."""
    come = isinstance(entry, Deposited)
    moved = rules.values(entry.amounts, entry.prices)
    after = [value + (more if come else -more) for value, more in zip(worth, moved, strict=True)]
    tolerance = rules.Bands.of(state.mandate).tolerance
    is_past = flows.is_above if come else flows.is_below
    targets = path.targets_at(state.mandate.path, timestamp)
    for index, (amount, value, target) in enumerate(zip(entry.amounts, after, targets, strict=True)):
        if amount and is_past(value, target, sum(after), tolerance):
            way = "above" if come else "below"
            yield Issue(f"the flow leaves asset {index} {way} its target of {target} bps by more than a smallest trade")


def _compare(verb: str, recorded: Sequence[int], due: Sequence[int]) -> Iterator[Issue]:
    for index, (entry, chain) in enumerate(zip(recorded, due, strict=True)):
        if entry != chain:
            yield Issue(f"asset {index}: {entry} {verb} as recorded, pro rata of the vault's balance is {chain}")


def _parties(shares: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{amount} from {sender} to {receiver}" for (sender, receiver), amount in (+shares).items())
