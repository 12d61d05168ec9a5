"""A vault's life made up in Python, in which every rule holds."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from audit_pieces import MANDATE, ZERO, address, made_header
from eth_utils import keccak

from controller.audit.evidence import Call
from controller.audit.header import Header
from controller.chain.codec import plan_hash
from controller.chain.entries import (
    Created,
    GuardianSet,
    KeeperSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Payload,
    Redeemed,
    Unpaused,
)
from controller.model import Fill, Plan, Rebalance, Roles, Trade
from controller.planning.rules import check_net, excess, is_due, largest_drift, oracle_floor, values

DEAD = "0x000000000000000000000000000000000000dEaD"
MIN_SUPPLY = 10**6


@dataclass
class Transaction:
    """What one transaction does, in the order of its logs: (token, from, to, amount) or a payload."""

    call: Call
    logs: list[tuple[str, str, str, int] | Payload] = field(default_factory=list)


@dataclass
class Block:
    timestamp: int
    transactions: list[Transaction]
    held_before: tuple[int, ...]
    held_after: tuple[int, ...]
    supply_before: int
    supply_after: int
    rounds_before: tuple[int, ...]
    rounds_after: tuple[int, ...]


class World:
    """Deterministic in `seed`. Each `step` adds a block; `audit_evidence.gather` is what a node gives for all."""

    def __init__(self, seed: int, steps: int = 14) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a made-up life, no secret
        self.vault, self.ledger = address("vault"), address("ledger")
        self.owner, self.guardian, self.keeper = address("owner"), address("guardian"), address("keeper")
        self.pending_owner, self.paused = ZERO, False
        self.keepers = {self.keeper: True}
        self.mandate = MANDATE
        self.answers = [[300 * 10**8], [100 * 10**8], [2_000 * 10**8]]
        self.updated = [[1_600_000_000], [1_600_000_000], [1_600_000_000]]
        self.held: list[int] = [0, 0, 0]
        self.supply = self.nonce = self.last_rebalance = 0
        self.now = 1_600_000_000
        self.blocks: dict[int, Block] = {}
        self.number = 10
        self._begin()
        for _ in range(steps):
            self.step()
        self.rebalance_block(shock=1.4)
        self.close([])

    # ---- blocks

    def close(self, transactions: list[Transaction]) -> None:
        """Seal what `transactions` did since the last block; `held` and `supply` are already those after it."""
        self.number += 1
        last = self.blocks.get(self.number - 1)
        rounds = tuple(len(answers) for answers in self.answers)
        self.blocks[self.number] = Block(
            timestamp=self.now,
            transactions=transactions,
            held_before=last.held_after if last else (0, 0, 0),
            held_after=tuple(self.held),
            supply_before=last.supply_after if last else 0,
            supply_after=self.supply,
            rounds_before=last.rounds_after if last else rounds,
            rounds_after=rounds,
        )

    def _begin(self) -> None:
        roles = Roles(self.owner, self.guardian, (self.keeper,))
        self.close([Transaction(Call(self.owner, address("factory"), None), [Created(self.mandate, roles)])])
        self.now += 12
        minted = Minted(self.owner, self.owner, 10**21, (2_000 * 10**18, 3_000 * 10**8, 50 * 10**6))
        self.close([self._mint(minted)])

    def step(self) -> None:
        self.now += self.random.randrange(1, 9_000)
        choice = self.random.randrange(7)
        if choice == 0:
            self.close([self.admin()])
        elif choice == 1:
            donated = self.random.randrange(10**15)
            donation = Transaction(Call(address("donor"), self.mandate.assets[0].token, None))
            donation.logs.append((self.mandate.assets[0].token, address("donor"), self.vault, donated))
            self.held[0] += donated
            self.close([donation, *self.flows()])
        elif choice == 2:
            self.close([])
        elif choice in (3, 4):
            self.close(self.flows())
        else:
            self.rebalance_block(self.random.choice((0.7, 1.35, 1.5)))

    def rebalance_block(self, shock: float) -> None:
        if self.paused:
            self.paused = False
            self.close([Transaction(Call(self.owner, self.vault, None), [Unpaused(self.owner)])])
            self.now += 5_000
        before = [*self.flows()] if self.random.random() < 0.3 else []
        asset = self.random.randrange(3)
        for index in range(3):
            moved = shock if index == asset else 1.0
            self.answers[index].append(int(self.answers[index][-1] * moved))
            self.updated[index].append(self.now)
        rebalance = self.rebalance()
        self.close(before + ([rebalance] if rebalance else []))

    # ---- what happens in them

    def flows(self) -> list[Transaction]:
        done = []
        for _ in range(self.random.randrange(1, 3)):
            shares = self.random.randrange(1, self.supply // 5)
            if self.random.random() < 0.5 and not self.paused:
                amounts = tuple(-(-held * shares // self.supply) for held in self.held)
                done.append(self._mint(Minted(address("alice"), address("bob"), shares, amounts)))
            else:
                skip = self.random.choice((0, 0, 0b001, 0b110))
                amounts = tuple(
                    0 if skip >> index & 1 else held * shares // self.supply for index, held in enumerate(self.held)
                )
                done.append(
                    self._redeem(Redeemed(address("bob"), address("carol"), address("bob"), shares, amounts, skip))
                )
        return done

    def _mint(self, minted: Minted) -> Transaction:
        transaction = Transaction(Call(minted.caller, self.vault, None))
        locked = 0 if self.supply else MIN_SUPPLY
        if locked:
            transaction.logs.append((self.vault, ZERO, DEAD, locked))
        for index, amount in enumerate(minted.amounts):
            transaction.logs.append((self.mandate.assets[index].token, minted.caller, self.vault, amount))
            self.held[index] += amount
        transaction.logs += [(self.vault, ZERO, minted.receiver, minted.shares - locked), minted]
        self.supply += minted.shares
        return transaction

    def _redeem(self, redeemed: Redeemed) -> Transaction:
        transaction = Transaction(Call(redeemed.caller, self.vault, None))
        transaction.logs.append((self.vault, redeemed.owner, ZERO, redeemed.shares))
        for index, amount in enumerate(redeemed.amounts):
            if amount:
                transaction.logs.append((self.mandate.assets[index].token, self.vault, redeemed.receiver, amount))
            self.held[index] -= amount
        transaction.logs.append(redeemed)
        self.supply -= redeemed.shares
        return transaction

    def admin(self) -> Transaction:
        choice = self.random.randrange(4)
        if self.pending_owner != ZERO:
            self.owner, self.pending_owner = self.pending_owner, ZERO
            return Transaction(Call(self.owner, self.vault, None), [OwnerSet(self.owner)])
        payload: Payload
        if choice == 0:
            payload = Unpaused(self.owner) if self.paused else Paused(self.random.choice((self.owner, self.guardian)))
            self.paused = not self.paused
        elif choice == 1:
            other = address(f"keeper {self.random.randrange(2)}")
            self.keepers[other] = not self.keepers.get(other, False)
            payload = KeeperSet(other, self.keepers[other])
        elif choice == 2:
            self.guardian = address(f"guardian {self.number}")
            payload = GuardianSet(self.guardian)
        else:
            self.pending_owner = address(f"owner {self.number}")
            payload = OwnerProposed(self.pending_owner)
        return Transaction(Call(self.owner, self.vault, None), [payload])

    def rebalance(self) -> Transaction | None:
        """One that every rule allows, or None when none is due."""
        prices = [
            asset.price_from_answer(said[-1]) for asset, said in zip(self.mandate.assets, self.answers, strict=True)
        ]
        worth = values(self.held, prices)
        cooling = self.last_rebalance and self.now < self.last_rebalance + self.mandate.cooldown
        if cooling or not is_due(worth, self.mandate.targets, self.mandate.band):
            return None
        after, fills = list(self.held), []
        left = [
            excess(value, target, sum(worth)) // 10_000
            for value, target in zip(worth, self.mandate.targets, strict=True)
        ]
        for sell in range(3):
            for buy in range(3):
                size = min(left[sell], -left[buy])
                if size < 50 * 10**36:
                    continue
                amount_in = size * 97 // 100 // prices[sell]
                slip = self.random.randrange(self.mandate.max_slippage + 1)
                amount_out = oracle_floor(amount_in, prices[sell], prices[buy], slip)
                fills.append(Fill(sell, buy, 0, amount_in, amount_out))
                left[sell], left[buy] = left[sell] - size, left[buy] + size
                after[sell], after[buy] = after[sell] - amount_in, after[buy] + amount_out
        if check_net(self.held, after, prices, self.mandate):
            return None
        return self._rebalanced(prices, fills, after)

    def _rebalanced(self, prices: list[int], fills: list[Fill], after: list[int]) -> Transaction:
        reference = self.number - self.random.randrange(2)
        trades = tuple(
            Trade(fill.sell, fill.buy, 0, fill.amount_in, fill.amount_out - 1, b"\0\x0b\xb8") for fill in fills
        )
        plan = Plan(self.nonce, self.now + 60, reference, self.headers()[reference].stated_hash, b"\7" * 32, trades)
        transaction = Transaction(Call(self.keeper, self.vault, plan))
        tokens = [asset.token for asset in self.mandate.assets]
        for fill in fills:
            transaction.logs.append((tokens[fill.buy], address("pool"), self.vault, fill.amount_out))
            transaction.logs.append((tokens[fill.sell], self.vault, address("pool"), fill.amount_in))
        before, then = values(self.held, prices), values(after, prices)
        transaction.logs.append(
            Rebalance(
                keeper=self.keeper,
                nonce=self.nonce,
                plan_hash=plan_hash(plan),
                journal_head=plan.journal_head,
                drift_before=largest_drift(before, self.mandate.targets),
                drift_after=largest_drift(then, self.mandate.targets),
                value_before=sum(before),
                value_after=sum(then),
                prices=tuple(prices),
                rounds=tuple(len(said) for said in self.answers),
                fills=tuple(fills),
            )
        )
        self.held, self.nonce, self.last_rebalance = after, self.nonce + 1, self.now
        return transaction

    def headers(self, last_root: bytes | None = None) -> dict[int, Header]:
        """Of all blocks so far; `last_root` is the state root of the last one, the others have any."""
        found: dict[int, Header] = {}
        parent = bytes(32)
        for number, block in self.blocks.items():
            root = last_root if last_root and number == self.number else bytes(keccak(text=f"root {number}"))
            found[number] = made_header(parent, root, number, block.timestamp)
            parent = found[number].stated_hash
        return found
