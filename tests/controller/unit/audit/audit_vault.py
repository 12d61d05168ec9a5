"""A vault made up in Python, in which every rule holds unless it is told otherwise; shares no code with the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

from audit_pieces import ANSWERS, MANDATE, START, ZERO, address
from eth_utils import keccak

from controller.audit.evidence import Call, SelfView
from controller.chain.artifacts import load
from controller.chain.codec import encode_plan, mandate_to_abi, plan_hash
from controller.chain.entries import (
    Declared,
    Deposited,
    FeesTaken,
    GuardianSet,
    KeeperSet,
    MandateSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Payload,
    Redeemed,
    Renounced,
    Revoked,
    StrategistSet,
    Submitted,
    TargetsSet,
    Unpaused,
    Withdrawn,
)
from controller.model import Cause, Fill, Knot, Mandate, Plan, Power, Rebalance, Status, Trade
from controller.planning import checks, path, rules, triggers
from controller.planning.book import Book
from controller.planning.budget import Bucket

DEAD = "0x000000000000000000000000000000000000dEaD"
MIN_SUPPLY = 10**6
YEAR = 365 * 86_400

Log = tuple[str, str, str, int] | Payload
"""(token, from, to, amount), or an entry."""


@dataclass
class Transaction:
    """What one transaction does, in the order of its logs."""

    call: Call
    logs: list[Log] = field(default_factory=list)
    data: bytes = b""


def call_data(name: str, *arguments: Any) -> bytes:
    """Of a call to the vault."""
    return load("IVault").abi.functions[name].encode(*arguments)


def mandate_call(mandate: Mandate) -> bytes:
    return call_data("setMandate", mandate_to_abi(mandate), [])


class Vault:
    """Acts at `now`, with the answers that the feeds have then; each act returns its transaction."""

    def __init__(self, mandate: Mandate = MANDATE) -> None:
        self.address, self.now, self.mandate = address("vault"), START, mandate
        self.owner, self.guardian, self.strategist = address("owner"), address("guardian"), address("strategist")
        self.keeper, self.pending_owner = address("keeper"), ZERO
        self.keepers = {self.keeper: True}
        self.renounced: set[Power] = set()
        self.announced: dict[bytes, int] = {}
        self.paused = False
        self.held = dict.fromkeys((asset.token for asset in mandate.assets), 0)
        self.supply = self.nonce = self.last_rebalance = self.open_until = self.breaches = 0
        self.loss_level = self.turnover_level = self.last_target_change = self.mark = 0
        self.last_fee = START
        self.generous = 0  # {qShare} that a deposit gets and a withdrawal keeps beyond what is right
        feeds = (asset.feed.source for asset in mandate.assets)
        self.rounds = {feed: [(answer, START)] for feed, answer in zip(feeds, ANSWERS, strict=False)}

    # ---- what it sees

    def publish(self, asset: int, factor: Fraction | int) -> None:
        """The feed of an asset answers so many times its last answer and one unit more, so that none comes twice."""
        said = self.rounds[self.mandate.assets[asset].feed.source]
        said.append((int(said[-1][0] * factor) + 1, self.now))

    def prices(self) -> tuple[int, ...]:
        return tuple(asset.price_from_answer(self.rounds[asset.feed.source][-1][0]) for asset in self.mandate.assets)

    def numbers(self) -> tuple[int, ...]:
        """Round ids."""
        return tuple(len(self.rounds[asset.feed.source]) for asset in self.mandate.assets)

    def balances(self) -> tuple[int, ...]:
        return tuple(self.held[asset.token] for asset in self.mandate.assets)

    def values(self) -> tuple[int, ...]:
        return rules.values(self.balances(), self.prices())

    def targets(self) -> tuple[int, ...]:
        return path.targets_at(self.mandate.path, self.now)

    def status(self, time: int) -> Status:
        limits = self.mandate.limits
        renounced = tuple(sorted(self.renounced))
        return Status(
            self.nonce,
            self.last_rebalance,
            self.open_until,
            self.breaches,
            self.paused,
            self._left(self.loss_level, limits.loss_budget, time),
            self._left(self.turnover_level, limits.turnover_budget, time),
            self.last_target_change,
            self.last_fee,
            self.mark,
            renounced,
        )

    def view(self) -> SelfView:
        return SelfView(
            mandate=self.mandate,
            owner=self.owner,
            pending_owner=self.pending_owner,
            strategist=self.strategist,
            guardian=self.guardian,
            status=self.status(self.now),
            supply=self.supply,
            keepers=dict(self.keepers),
            executable_at=dict(self.announced),
        )

    def _left(self, level: int, budget: int, time: int) -> int:
        """D14{1} of half of a budget that leaks within its window."""
        leak = Fraction(budget * 10**10, 2) * (time - self.last_rebalance) / self.mandate.limits.budget_window
        return max(level - floor(leak), 0)

    # ---- shares

    def _move(self, index: int, amount: int, other: str) -> Log:
        """{qTok} in, or out where negative."""
        token = self.mandate.assets[index].token
        self.held[token] += amount
        return (token, other, self.address, amount) if amount > 0 else (token, self.address, other, -amount)

    def _act(self, sender: str, logs: Sequence[Log], data: bytes = b"", plan: Plan | None = None) -> Transaction:
        data = load("IVault").abi.functions["rebalance"].selector + encode_plan(plan) if plan else data
        return Transaction(Call(sender, self.address, plan), list(logs), data)

    def fees(self, total: int | None) -> list[Log]:
        """What is taken first; `total` D36{quote} where prices are known."""
        rates, supply = self.mandate.fees, self.supply
        part = Fraction(rates.management * min(self.now - self.last_fee, YEAR), 10_000 * YEAR)
        management, performance, mark = floor(supply * part / (1 - part)), 0, self.mark
        if rates.management:
            self.last_fee = self.now
        supply += management
        if total is not None and supply and (rates.performance or mark):
            value = total * 10**18 // supply
            if value > mark:
                fee = floor(Fraction((value - mark) * rates.performance * supply, 10**22)) if mark else 0
                performance = floor(Fraction(supply * fee, total - fee))
                mark = ceil(Fraction(total * 10**18, supply + performance))
        shares = management + performance
        if not shares and mark == self.mark:
            return []
        self.supply, self.mark = self.supply + shares, mark
        minted: list[Log] = [(self.address, ZERO, rates.recipient, shares)] if shares else []
        return [*minted, FeesTaken(rates.recipient, management, performance, mark)]

    def take_fees(self) -> Transaction:
        return self._act(address("anybody"), self.fees(sum(self.values())))

    def mint(self, caller: str, receiver: str, shares: int, first: Sequence[int] = ()) -> Transaction:
        logs = self.fees(None)
        amounts = tuple(first) or tuple(ceil(Fraction(held * shares, self.supply)) for held in self.balances())
        locked = 0 if self.supply else MIN_SUPPLY
        if locked:
            logs.append((self.address, ZERO, DEAD, locked))
        logs += [self._move(index, amount, caller) for index, amount in enumerate(amounts) if amount]
        logs.append((self.address, ZERO, receiver, shares - locked))
        self.supply += shares
        return self._act(caller, [*logs, Minted(caller, receiver, shares, amounts)])

    def redeem(self, caller: str, receiver: str, shares: int, skip: int = 0) -> Transaction:
        logs = self.fees(None)
        amounts = tuple(
            0 if skip >> index & 1 else held * shares // self.supply for index, held in enumerate(self.balances())
        )
        logs.append((self.address, caller, ZERO, shares))
        logs += [self._move(index, -amount, receiver) for index, amount in enumerate(amounts) if amount]
        self.supply -= shares
        return self._act(caller, [*logs, Redeemed(caller, receiver, caller, shares, amounts, skip)])

    def deposit(self, caller: str, receiver: str, amounts: Sequence[int]) -> Transaction:
        total, value = sum(self.values()), sum(rules.values(amounts, self.prices()))
        logs = self.fees(total)
        shares = floor(Fraction(value * (10_000 - self.mandate.spread) * self.supply, total * 10_000)) + self.generous
        logs += [self._move(index, amount, caller) for index, amount in enumerate(amounts) if amount]
        logs.append((self.address, ZERO, receiver, shares))
        self.supply += shares
        said = Deposited(caller, receiver, shares, tuple(amounts), self.prices(), self.numbers())
        return self._act(caller, [*logs, said])

    def withdraw(self, caller: str, receiver: str, amounts: Sequence[int]) -> Transaction:
        total, value = sum(self.values()), sum(rules.values(amounts, self.prices()))
        logs = self.fees(total)
        shares = ceil(Fraction(value * 10_000 * self.supply, total * (10_000 - self.mandate.spread))) - self.generous
        logs.append((self.address, caller, ZERO, shares))
        logs += [self._move(index, -amount, receiver) for index, amount in enumerate(amounts) if amount]
        self.supply -= shares
        said = Withdrawn(caller, receiver, caller, shares, tuple(amounts), self.prices(), self.numbers())
        return self._act(caller, [*logs, said])

    # ---- rebalance

    def book(self) -> Book:
        limits, status, held, targets = self.mandate.limits, self.status(self.now), self.values(), self.targets()
        cause, breaches = triggers.assess(self.mandate, held, targets, self.last_rebalance, self.now)
        if self.now <= self.open_until:
            cause, breaches = Cause.OPEN, breaches | self.breaches
        return Book(
            mandate=self.mandate,
            bands=rules.Bands.of(self.mandate),
            targets=targets,
            prices=self.prices(),
            balances=self.balances(),
            values=held,
            total=sum(held),
            cause=cause,
            breaches=breaches,
            loss=Bucket(status.loss_used, limits.loss_budget, limits.budget_window),
            turnover=Bucket(status.turnover_used, limits.turnover_budget, limits.budget_window),
        )

    def is_due(self) -> bool:
        waits = self.last_rebalance and self.now < self.last_rebalance + self.mandate.trigger.cooldown
        cause = self.book().cause
        return cause is Cause.OPEN or (triggers.is_due(cause) and not waits)

    def refuses(self, fills: Sequence[Fill], *, part: bool) -> str:
        """The rule that a rebalance would break, empty when there is none."""
        refused = checks.check(self.book(), fills, part=part)
        return refused.name if refused else ""

    def rebalance(
        self, fills: Sequence[Fill], reference: tuple[int, bytes], *, part: bool = False, cause: Cause | None = None
    ) -> Transaction:
        """Whatever `refuses` says: a vault that asks nothing makes it."""
        book, prices = self.book(), self.prices()
        trades = tuple(
            Trade(fill.sell, fill.buy, fill.venue, fill.amount_in, fill.amount_out - 1, b"\0\x0b\xb8") for fill in fills
        )
        plan = Plan(self.nonce, self.now + 60, *reference, b"\7" * 32, part, trades)
        logs: list[Log] = []
        for fill in fills:
            logs.append(self._move(fill.buy, fill.amount_out, address("pool")))
            logs.append(self._move(fill.sell, -fill.amount_in, address("pool")))
        then, targets = self.values(), book.targets
        open_ = any(
            book.wanted >> index & 1
            and not book.bands.is_inside(rules.deviation(value, target, sum(then)), target, sum(then))
            for index, (value, target) in enumerate(zip(then, targets, strict=True))
        )
        lost = sum(max(fill.amount_in * prices[fill.sell] - fill.amount_out * prices[fill.buy], 0) for fill in fills)
        sold = sum(fill.amount_in * prices[fill.sell] for fill in fills)
        limits = self.mandate.limits
        self.loss_level = self._left(self.loss_level, limits.loss_budget, self.now) + _part(lost, book.total)
        self.turnover_level = self._left(self.turnover_level, limits.turnover_budget, self.now) + _part(
            sold, book.total
        )
        until = self.open_until if self.now <= self.open_until else self.now + self.mandate.destination.window
        self.open_until, self.breaches = (until, book.breaches) if open_ else (0, 0)
        said = Rebalance(
            keeper=self.keeper,
            nonce=self.nonce,
            cause=book.cause if cause is None else cause,
            open=open_,
            plan_hash=plan_hash(plan),
            journal_head=plan.journal_head,
            drift_before=rules.largest_drift(book.values, targets),
            drift_after=rules.largest_drift(then, targets),
            value_before=book.total,
            value_after=sum(then),
            prices=prices,
            rounds=self.numbers(),
            fills=tuple(fills),
        )
        self.nonce, self.last_rebalance = self.nonce + 1, self.now
        return self._act(self.keeper, [*logs, said], plan=plan)

    # ---- owner, strategist, guardian

    def submit(self, data: bytes) -> Transaction:
        at = self.now + self.mandate.timelock
        self.announced[keccak(data)] = at
        return self._act(self.owner, [Submitted(data, at)], call_data("submit", data))

    def revoke(self, data: bytes, by: str) -> Transaction:
        del self.announced[keccak(data)]
        return self._act(by, [Revoked(by, keccak(data))], call_data("revoke", data))

    def _made(self, data: bytes, payload: Payload, *before: Log) -> Transaction:
        self.announced.pop(keccak(data), None)
        return self._act(self.owner, [*before, payload], data)

    def set_keeper(self, keeper: str, *, allowed: bool) -> Transaction:
        self.keepers[keeper] = allowed
        return self._made(call_data("setKeeper", keeper, allowed), KeeperSet(keeper, allowed))

    def set_guardian(self, guardian: str) -> Transaction:
        self.guardian = guardian
        return self._made(call_data("setGuardian", guardian), GuardianSet(guardian))

    def set_strategist(self, strategist: str) -> Transaction:
        self.strategist = strategist
        return self._made(call_data("setStrategist", strategist), StrategistSet(strategist))

    def set_mandate(self, mandate: Mandate) -> Transaction:
        fees = self.fees(None)
        self.mandate, self.last_fee, self.open_until, self.breaches = mandate, self.now, 0, 0
        for asset in mandate.assets:
            self.held.setdefault(asset.token, 0)
            self.rounds.setdefault(asset.feed.source, [(ANSWERS[0], self.now)])
        return self._made(mandate_call(mandate), MandateSet(mandate), *fees)

    def set_targets(self, weights: Sequence[int], duration: int) -> Transaction:
        begun = Knot(self.now, self.targets())
        moved = (begun, Knot(self.now + duration, tuple(weights))) if duration else (Knot(self.now, tuple(weights)),)
        self.mandate, self.last_target_change = replace(self.mandate, path=moved), self.now
        return self._act(self.strategist, [TargetsSet(self.strategist, moved)])

    def renounce(self, power: Power) -> Transaction:
        self.renounced.add(power)
        return self._made(call_data("renounce", power), Renounced(power))

    def declare(self, statement: bytes) -> Transaction:
        return self._act(self.owner, [Declared(statement)], call_data("declare", statement))

    def pause(self, by: str) -> Transaction:
        self.paused = True
        return self._act(by, [Paused(by)])

    def unpause(self) -> Transaction:
        self.paused = False
        return self._act(self.owner, [Unpaused(self.owner)])

    def propose_owner(self, account: str) -> Transaction:
        self.pending_owner = account
        return self._act(self.owner, [OwnerProposed(account)])

    def accept_owner(self) -> Transaction:
        self.owner, self.pending_owner = self.pending_owner, ZERO
        return self._act(self.owner, [OwnerSet(self.owner)])


def _part(amount: int, total: int) -> int:
    """D14{1}, rounded up."""
    return ceil(Fraction(amount * 10**14, total))
