"""Shares in and out: every amount pro rata to what the vault held, rounded for the vault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from controller.audit.evidence import Transfer
from controller.audit.issues import RECORD_IS_FALSE, Issue, differs
from controller.audit.state import ZERO_ADDRESS, State
from controller.chain.entries import Minted, Redeemed
from controller.units import div_up

MIN_SUPPLY = 10**6
"""{qShare} of the first mint that nobody owns (contracts/Vault.sol)."""
DEAD = "0x000000000000000000000000000000000000dEaD"
"""Holds them."""


def check_flow(state: State, entry: Minted | Redeemed, held: Sequence[int]) -> Iterator[Issue]:
    """`held` {qTok} is what the vault had just before.

    The first mint is the owner's, at amounts of their choice. Later ones pay ceil(held * shares / supply); a redeem
    pays floor(held * shares / supply), and nothing of a skipped asset.
    """
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


def check_parties(
    state: State, entry: Minted | Redeemed, own: Sequence[Transfer], sender: str | None, vault: str
) -> Iterator[Issue]:
    """Who the entry names, against the Transfer logs of shares and tokens of its transaction.

    `sender` is who called the vault; None when another contract did.
    """
    shares: Counter[tuple[str, str]] = Counter()
    for transfer in own:
        if transfer.token == vault and ZERO_ADDRESS in (transfer.sender, transfer.receiver):
            shares[transfer.sender, transfer.receiver] += transfer.amount
    due: Counter[tuple[str, str]] = Counter()
    if isinstance(entry, Redeemed):
        due[entry.owner, ZERO_ADDRESS] = entry.shares
        paid = {transfer.receiver for transfer in own if transfer.token != vault and transfer.sender == vault}
        for receiver in sorted(paid - {entry.receiver}):
            yield differs("who was paid", entry.receiver, receiver)
    else:
        locked = 0 if state.supply else MIN_SUPPLY
        due[ZERO_ADDRESS, DEAD] += locked
        due[ZERO_ADDRESS, entry.receiver] += entry.shares - locked
    if +due != +shares:
        yield differs("the shares that came or went", _parties(due), _parties(shares))
    if sender not in (None, entry.caller):
        yield differs("the caller", entry.caller, sender)


def _compare(verb: str, recorded: Sequence[int], due: Sequence[int]) -> Iterator[Issue]:
    for index, (entry, chain) in enumerate(zip(recorded, due, strict=True)):
        if entry != chain:
            yield Issue(f"asset {index}: {entry} {verb} as recorded, pro rata of the vault's balance is {chain}")


def _parties(shares: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{amount} from {sender} to {receiver}" for (sender, receiver), amount in (+shares).items())
