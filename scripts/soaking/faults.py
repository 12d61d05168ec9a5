"""What goes wrong, how often, and how it is done to the scene."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fault_proxy import (
    SEND,
    Fault,
    Rule,
    answer_lost,
    behind,
    delayed,
    dropped,
    hidden,
    html,
    refused,
    status,
    truncated,
    unsent,
)

from soaking.scene import CONFIRMATIONS, LEASE, Scene, prices

GWEI = 10**9
RECEIPT = "eth_getTransactionReceipt"
ESTIMATE = "eth_estimateGas"
OUTLASTING = "answer after the lease"
"""In the middle of a pass, so that a leader goes on with what another one has taken over."""

OF_THE_WIRE: dict[str, tuple[Callable[[], Fault], tuple[str, ...]]] = {
    "connection dropped": (dropped, ()),
    "answer lost": (answer_lost, ()),
    "answer late": (lambda: delayed(0.3), ()),
    OUTLASTING: (lambda: delayed(LEASE + 1.5), (ESTIMATE, RECEIPT)),
    "HTTP 429": (lambda: status(429, retry_after=1), ()),
    "HTTP 503": (lambda: status(503), ()),
    "HTML page": (html, ()),
    "truncated": (truncated, ()),
    "receipts hidden": (hidden, (RECEIPT,)),
    "stale head": (lambda: behind(5), ()),
    "send: answer lost": (answer_lost, (SEND,)),
    "send: swallowed": (unsent, (SEND,)),
    "send: nonce too low": (lambda: refused("nonce too low"), (SEND,)),
    "send: no funds": (lambda: refused("insufficient funds for gas * price + value"), (SEND,)),
    "send: underpriced": (lambda: refused("replacement transaction underpriced"), (SEND,)),
    "send: no connection": (dropped, (SEND,)),
}
"""By name: the fault, and the methods that it spoils; all where none is named."""

QUIET = "nothing"
DECK = {
    QUIET: 50,
    "market": 12,
    **dict.fromkeys(OF_THE_WIRE, 2),
    OUTLASTING: 2,
    "reorg": 5,
    "base fee": 2,
    "pool emptied": 5,
    "clock jumps": 1,
    "websocket cut": 1,
    "leader killed": 1,
    "standby killed": 1,
    "leader stopped": 2,
}
"""How often each comes in one pass through the deck; every card is one beat."""
MARKET = {QUIET: 4, "market": 1}
"""A deck without faults."""


@dataclass
class Chaos:
    """Draws what happens next, and does it; keepers are the caller's."""

    scene: Scene
    chance: random.Random
    counts: Counter[str]
    deck: Mapping[str, int]
    _cards: list[str] = field(default_factory=list)
    _rules: list[tuple[str, Rule, int]] = field(default_factory=list)  # name, rule, beat at which it ends
    _beat: int = 0
    _answers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self._answers = self.scene.world.first

    def draw(self) -> str:
        """The next card; a whole deck is shuffled each time."""
        if not self._cards:
            self._cards = [name for name, times in self.deck.items() for _ in range(times)]
            self.chance.shuffle(self._cards)
        return self._cards.pop()

    def beat(self) -> None:
        """Ends what has lasted long enough."""
        self._beat += 1
        lasting = []
        for name, rule, until in self._rules:
            if rule.over or self._beat >= until:
                self._end(name, rule)
            else:
                lasting.append((name, rule, until))
        self._rules = lasting

    def calm(self) -> None:
        """No fault any more."""
        for name, rule, _ in self._rules:
            self._end(name, rule)
        self._rules = []

    def do(self, card: str) -> None:
        """Everything but what is done to a keeper."""
        if card in OF_THE_WIRE:
            self._spoil(card)
        elif card == "market":
            self._move()
        elif card == "reorg":
            self._reorganise()
        elif card == "base fee":
            self.scene.chain.request("anvil_setNextBlockBaseFeePerGas", hex(self.chance.randint(1, 8) * GWEI))
        elif card == "pool emptied":
            self._empty()
        elif card == "clock jumps":
            later = self.scene.chain.head().timestamp + self.chance.randint(60, 1_800)
            self.scene.chain.request("evm_setNextBlockTimestamp", later)
        elif card == "websocket cut":
            self.scene.proxies[0].cut_websockets()

    def _spoil(self, card: str) -> None:
        make, methods = OF_THE_WIRE[card]
        one, other = self.scene.proxies
        rare = SEND in methods or RECEIPT in methods
        for proxy in self.chance.choice(((one,), (other,), (one, other))):
            skip, most = (0, 3) if rare else (self.chance.randint(0, 5), 6)
            times = 1 if card == OUTLASTING else self.chance.randint(1, most)
            rule = proxy.inject(make(), *methods, times=times, skip=skip)
            self._rules.append((card, rule, self._beat + (20 if rare else 4)))

    def _end(self, name: str, rule: Rule) -> None:
        rule.clear()
        self.counts[f"{name}: requests"] += rule.hits

    def _move(self) -> None:
        """Prices change in the very block that plans are on their way to."""
        world = self.scene.world
        self._answers = prices(world, self._answers, self.chance)
        transaction = {
            "from": world.accounts.maker,
            "to": world.maker.address,
            "data": "0x" + world.step(self._answers).hex(),
            "gas": hex(10_000_000),
        }
        self.scene.chain.request("eth_sendTransaction", transaction)

    def _reorganise(self) -> None:
        """The newest blocks are replaced by empty ones; every other time the pool gets back what was in them."""
        taken_back = self.chance.randint(1, CONFIRMATIONS - 1)
        chain = self.scene.chain
        head = chain.head().number
        raws = []
        for number in range(head - taken_back + 1, head + 1):
            block = chain.request("eth_getBlockByNumber", hex(number), False)
            raws += [chain.request("eth_getRawTransactionByHash", hash_) for hash_ in block["transactions"]]
        again = self.chance.random() < 0.5
        chain.request("anvil_reorg", taken_back, [])
        if again:
            for raw in raws:
                self.scene.pool.restore(raw)

    def _empty(self) -> None:
        """As a pool does that is full."""
        for pooled in self.scene.pool.pooled:
            self.scene.chain.request("anvil_dropTransaction", pooled.hash)
            self.scene.pool.forget(pooled.hash)
