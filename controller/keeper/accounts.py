"""Which account sends for which vault: one flight for each of both at a time, in a fair order. Pure.

Who may send stands in the configuration; a vault's own answer, `isKeeper`, is checked before the keeper starts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One signing account."""

    address: str
    vaults: frozenset[str] | None = None  # that it sends for; None: every vault

    def serves(self, vault: str) -> bool:
        return self.vaults is None or vault in self.vaults


@dataclass(frozen=True, slots=True)
class Waiting:
    """A vault whose plan could be sent."""

    vault: str
    drift: int  # D18{1} largest
    since: int  # {s} chain time since when it is due
    failures: int = 0  # of its plans, in a row


@dataclass(frozen=True, slots=True)
class Assignment:
    vault: str
    account: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who sends what now, and who waits."""

    now: tuple[Assignment, ...]
    later: tuple[str, ...]  # vaults whose accounts are all in flight, in their order
    unserved: tuple[str, ...]  # vaults that no account sends for


def order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Whose plans have been failing goes last, so that no vault keeps an account from the others; then the most drifted
    first, then the one that has waited longest."""
    return sorted(waiting, key=lambda each: (each.failures, -each.drift, each.since, each.vault))


def assign(waiting: Iterable[Waiting], accounts: Sequence[Account], flights: Mapping[str, str]) -> Assigned:
    """Free accounts to waiting vaults.

    Parameters
    ----------
    flights : account by vault, of the flights under way: their vaults wait for nothing.
    """
    busy = set(flights.values())
    now: list[Assignment] = []
    later: list[str] = []
    unserved: list[str] = []
    for each in order(waiting):
        if each.vault in flights:
            continue
        serving = [account for account in accounts if account.serves(each.vault)]
        account = _free(serving, busy)
        if account is not None:
            busy.add(account.address)
            now.append(Assignment(each.vault, account.address))
        else:
            (later if serving else unserved).append(each.vault)
    return Assigned(tuple(now), tuple(later), tuple(unserved))


def _free(serving: Sequence[Account], busy: Collection[str]) -> Account | None:
    """The one that can do the least else: what serves every vault is kept for those that have nothing else."""
    free = [account for account in serving if account.address not in busy]
    return min(free, key=_reach, default=None)


def _reach(account: Account) -> float:
    return float("inf") if account.vaults is None else len(account.vaults)
