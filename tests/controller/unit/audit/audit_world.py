"""Blocks in which a made-up vault lives, at random or as a test says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from audit_pieces import (
    KINDS,
    MANDATE,
    ZERO,
    address,
    answer_log,
    entry_log,
    made_header,
    made_receipt,
    made_transaction,
    next_head,
    transfer_log,
    trie_root,
)
from audit_vault import Transaction, Vault, call_data, mandate_call
from eth_utils import keccak

from controller.audit.evidence import Call, SelfView
from controller.audit.header import Header
from controller.chain.entries import Created, encode_payload
from controller.model import Fill, Mandate, Power, Roles
from controller.planning import rules
from controller.planning.flows import route_in, route_out

ALICE, BOB, CAROL = address("alice"), address("bob"), address("carol")


@dataclass
class Block:
    timestamp: int
    transactions: list[Transaction]
    held_before: dict[str, int]
    held_after: dict[str, int]
    supply_before: int
    supply_after: int
    rounds_before: dict[str, int]
    rounds_after: dict[str, int]
    view: SelfView
    receipts: list[bytes]
    sent: list[bytes]  # its transactions


class World:
    """Deterministic in `seed`. Each `step` adds a block; `audit_evidence.gather` is what a node gives for all. The last
    block, whose state root the proof sets, is an empty one."""

    def __init__(self, seed: int = 0, steps: int = 14) -> None:
        self._begin(seed, MANDATE)
        for _ in range(steps):
            self.step()
        self.wait(20_000)
        self.rebalance_block(Fraction(14, 10))
        self.close()

    @classmethod
    def quiet(cls, mandate: Mandate, minter: str = "") -> World:
        """Created and minted only, by the owner if nobody else is named."""
        world = cls.__new__(cls)
        world._begin(0, mandate, minter)
        return world

    def _begin(self, seed: int, mandate: Mandate, minter: str = "") -> None:
        self.random = random.Random(seed)  # noqa: S311 - a made-up life, no secret
        self.ledger, self.vault, self.number = address("ledger"), Vault(mandate), 10
        self.blocks: dict[int, Block] = {}
        self._written, self._head = 0, bytes(27)
        self._before = self._seen()
        vault = self.vault
        roles = Roles(vault.owner, vault.strategist, vault.guardian, (vault.keeper,))
        self.close(Transaction(Call(vault.owner, address("factory"), None), [Created(vault.mandate, roles)]))
        self.wait(12)
        value = 10**6 * 10**36
        first = [
            value * target // (10_000 * price) for target, price in zip(vault.targets(), vault.prices(), strict=True)
        ]
        self.close(vault.mint(minter or vault.owner, vault.owner, 10**24, first))

    # ---- blocks

    def _seen(self) -> tuple[dict[str, int], int, dict[str, int]]:
        vault = self.vault
        return dict(vault.held), vault.supply, {feed: len(said) for feed, said in vault.rounds.items()}

    def close(self, *transactions: Transaction) -> None:
        """Seal what `transactions` did since the last block; the vault is already as it is after them."""
        self.number += 1
        receipts = [self._receipt(place, done) for place, done in enumerate(transactions)]
        (held, supply, rounds), now = self._before, self._seen()
        sent = [self._sent(place, done) for place, done in enumerate(transactions)]
        told = [answer_log(feed, *said) for feed, said in self._published(rounds)]
        if told:
            receipts.append(made_receipt(len(receipts), told))
            source = keccak(text=f"publisher {self.number}")
            sent.append(made_transaction(source, address("publisher"), address("feeds"), b""))
        held_before = dict.fromkeys(now[0], 0) | held
        self.blocks[self.number] = Block(
            self.vault.now,
            list(transactions),
            held_before,
            now[0],
            supply,
            now[1],
            rounds,
            now[2],
            self.vault.view(),
            receipts,
            sent,
        )
        self._before = now

    def _receipt(self, place: int, done: Transaction) -> bytes:
        logs = []
        for log in done.logs:
            if isinstance(log, tuple):
                logs.append(transfer_log(*log))
            else:
                kind, raw = KINDS[type(log)], encode_payload(KINDS[type(log)], log)
                self._head = next_head(self._head, self._written, kind, raw)
                logs.append(entry_log(self.ledger, self.vault.address, self._written, kind, self._head, raw))
                self._written += 1
        return made_receipt(place, logs)

    def _published(self, before: dict[str, int]) -> Iterator[tuple[str, tuple[int, int, int]]]:
        """What feeds have answered since, each with its round id, answer and {s}."""
        for feed, rounds in self.vault.rounds.items():
            for number in range(before.get(feed, 0), len(rounds)):
                yield feed, (number + 1, *rounds[number])

    def _sent(self, place: int, done: Transaction) -> bytes:
        source = keccak(text=f"transaction {self.number} {place}")
        return made_transaction(source, done.call.sender, done.call.to, done.data)

    def wait(self, seconds: int) -> None:
        self.vault.now += seconds

    def step(self) -> None:
        self.wait(self.random.randrange(1, 9_000))
        choice = self.random.randrange(8)
        if choice == 0:
            self.close(self.admin())
        elif choice == 1:
            donated = self.random.randrange(10**15)
            self.close(self.donation(0, donated), *self.flows())
        elif choice == 2:
            self.close(*([] if self.vault.paused else [self.vault.take_fees()]))
        elif choice in (3, 4):
            self.close(*self.flows())
        else:
            self.rebalance_block(Fraction(self.random.choice((70, 100, 108, 135, 150)), 100))

    def donation(self, asset: int, amount: int) -> Transaction:
        token = self.vault.mandate.assets[asset].token
        self.vault.held[token] += amount
        return Transaction(Call(address("donor"), token, None), [(token, address("donor"), self.vault.address, amount)])

    def rebalance_block(self, shock: Fraction) -> None:
        """One that every rule allows, whole or in part, or none when none is due."""
        if self.vault.paused:
            self.close(self.vault.unpause())
            self.wait(5_000)
        before = self.flows() if self.random.random() < 0.3 else []
        moved = self.random.randrange(3)
        for index in range(3):
            self.vault.publish(index, shock if index == moved else 1)
        part = self.random.random() < 0.4
        fills = self.fills(Fraction(self.random.randrange(30, 70), 100) if part else Fraction(97, 100))
        fine = fills and self.vault.is_due() and not self.vault.refuses(fills, part=part)
        done = [self.vault.rebalance(fills, self.reference(), part=part)] if fine else []
        self.close(*before, *done)

    # ---- what happens in them

    def reference(self) -> tuple[int, bytes]:
        number = self.number - self.random.randrange(2)
        return number, self.headers()[number].stated_hash

    def fills(self, share: Fraction, slippage: int | None = None) -> list[Fill]:
        """Trades over a `share` of the way to the targets; `slippage` {bps} of each, else at random."""
        vault, prices, worth = self.vault, self.vault.prices(), self.vault.values()
        left = [
            rules.excess(value, target, sum(worth)) // 10_000
            for value, target in zip(worth, vault.targets(), strict=True)
        ]
        found = []
        for sell in range(len(left)):
            for buy in range(len(left)):
                size = min(left[sell], -left[buy])
                if size < 100 * 10**36:
                    continue
                amount_in = int(size * share) // prices[sell]
                slip = self.random.randrange(20) if slippage is None else slippage
                out = rules.floor_up(amount_in, prices[sell], prices[buy], slip)
                found.append(Fill(sell, buy, 0, amount_in, out))
                left[sell], left[buy] = left[sell] - size, left[buy] + size
        return found

    def flows(self) -> list[Transaction]:
        return [self.flow() for _ in range(self.random.randrange(1, 3))]

    def flow(self) -> Transaction:
        vault = self.vault
        shares = self.random.randrange(10**18, vault.supply // 5)
        choice = self.random.randrange(4)
        if choice == 0 or vault.paused:
            return vault.redeem(BOB, CAROL, shares, self.random.choice((0, 0, 0b001, 0b110)))
        if choice == 1:
            return vault.mint(ALICE, BOB, shares)
        return (
            vault.deposit(ALICE, BOB, self.route(10**40))
            if choice == 2
            else vault.withdraw(BOB, CAROL, self.route(-(10**40)))
        )

    def route(self, value: int) -> list[int]:
        """{qTok} that a flow of D36{quote}, negative out, takes of each asset by the rule of equal deviation."""
        worth, targets = self.vault.values(), self.vault.targets()
        amounts = route_in(worth, targets, value) if value > 0 else route_out(worth, targets, -value)
        return [amount // price for amount, price in zip(amounts, self.vault.prices(), strict=True)]

    def admin(self) -> Transaction:
        vault = self.vault
        choice = self.random.randrange(4)
        if vault.pending_owner != ZERO:
            return vault.accept_owner()
        if choice == 0:
            return vault.unpause() if vault.paused else vault.pause(self.random.choice((vault.owner, vault.guardian)))
        if choice == 1:
            return vault.submit(call_data("setKeeper", address(f"keeper {self.number}"), True))
        if choice == 2:
            weights = self.random.choice(((6_000, 3_000, 1_000), (5_900, 3_100, 1_000), (6_100, 2_800, 1_100)))
            far = vault.last_target_change and vault.now < vault.last_target_change + 600
            return vault.propose_owner(ZERO) if far else vault.set_targets(weights, self.random.choice((0, 40_000)))
        return vault.propose_owner(address(f"owner {self.number}"))

    def everything(self) -> None:
        """Every kind of entry, after whatever the steps did."""
        vault = self.vault
        if vault.paused:
            self.close(vault.unpause())
        if vault.pending_owner != ZERO:
            self.close(vault.accept_owner())
        other, looser = address("other"), replace(vault.mandate, file_hash=keccak(b"looser"), timelock=7_200)
        looser = replace(looser, limits=replace(looser.limits, max_loss=40))
        calls = [
            call_data("setKeeper", other, True),
            call_data("setGuardian", other),
            call_data("setStrategist", other),
            call_data("renounce", Power.PAUSE),
            mandate_call(looser),
            call_data("setKeeper", ALICE, True),
            call_data("setKeeper", BOB, True),
        ]
        self.close(*map(vault.submit, calls))
        self.wait(3_600)
        self.close(vault.deposit(ALICE, BOB, self.route(10**40)), vault.withdraw(BOB, CAROL, self.route(-(10**40))))
        self.close(
            vault.set_keeper(other, allowed=True), vault.set_keeper(other, allowed=False), vault.set_guardian(other)
        )
        self.close(vault.set_strategist(other), vault.revoke(calls[5], vault.guardian), vault.set_mandate(looser))
        self.wait(9)
        self.close(vault.take_fees(), vault.mint(ALICE, BOB, 10**21), vault.redeem(BOB, CAROL, 10**20))
        tighter = replace(looser, file_hash=keccak(b"tighter"), limits=replace(looser.limits, max_trades=7))
        self.close(vault.set_mandate(tighter), vault.set_targets((5_900, 3_100, 1_000), 40_000))
        self.close(vault.pause(vault.guardian), vault.unpause(), vault.renounce(Power.PAUSE))
        self.close(vault.propose_owner(CAROL), vault.accept_owner(), vault.renounce(Power.ROLES))
        self.close(vault.declare(keccak(b"first in, first out")))
        self.wait(90_000)
        for index, moved in enumerate((Fraction(14, 10), 1, 1)):
            vault.publish(index, moved)
        self.close(vault.rebalance(self.fills(Fraction(1, 2)), self.reference(), part=True))
        self.wait(600)
        self.close(vault.rebalance(self.fills(Fraction(95, 100)), self.reference()))
        self.close()

    def headers(self, last_root: bytes | None = None) -> dict[int, Header]:
        """Of all blocks so far; `last_root` is the state root of the last one, the others have any."""
        found: dict[int, Header] = {}
        parent = bytes(32)
        for number, block in self.blocks.items():
            root = last_root if last_root and number == self.number else bytes(keccak(text=f"root {number}"))
            roots = trie_root(block.sent), trie_root(block.receipts)
            found[number] = made_header(parent, root, number, block.timestamp, roots)
            parent = found[number].stated_hash
        return found
