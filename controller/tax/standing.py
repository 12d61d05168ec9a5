"""The standing lot rule: a small file that says which lots every later sale takes, whose hash the owner declares on
chain.

Identification has to be there by the moment of the sale. A declared hash shows that this very file was there at its
entry's time, and the ledger's hash chain shows that it was not put there later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from controller.errors import InputError, Mistake
from controller.tax.booking import Method

NAME = "evenkeel standing lot rule 1"
ORDERS = (Method.FIFO, Method.LIFO, Method.HIFO, Method.LOFO, Method.LEAST_TAX)
"""Methods that choose by themselves, so that they can stand as an order."""
_KEYS = {"rule", "vault", "method"}


@dataclass(frozen=True, slots=True)
class StandingRule:
    """What the owner ordered."""

    vault: str
    method: Method

    def canonical(self) -> bytes:
        """The one way to write it: its bytes are what is hashed."""
        document = {"method": self.method.value, "rule": NAME, "vault": self.vault}
        return (json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n").encode()

    @property
    def statement(self) -> bytes:
        """The hash that is declared."""
        return bytes(keccak(self.canonical()))


def read_rule(source: bytes, name: str) -> StandingRule:
    """A rule from its file.

    Raises
    ------
    InputError
        When it is no such file, or is not written in the one way: its hash would be another.
    """
    hint = "Print one: evenkeel tax rule --method hifo."
    try:
        document: Any = json.loads(source)
    except ValueError:
        raise InputError(f"{name} is no standing lot rule.", hint) from None
    if not isinstance(document, dict) or set(document) != _KEYS or document["rule"] != NAME:
        raise InputError(f"{name} is no standing lot rule.", hint)
    methods = {method.value: method for method in ORDERS}
    if document["method"] not in methods or not isinstance(document["vault"], str):
        raise InputError(f"{name} orders {document['method']!r}, which is none of {', '.join(methods)}.", hint)
    rule = StandingRule(document["vault"], methods[document["method"]])
    if rule.canonical() != source:
        raise InputError(f"{name} is not written in its one canonical way.", hint)
    return rule


def recognised(declared: Sequence[tuple[int, int, bytes]], vault: str) -> list[StandingRule]:
    """The standing rules among what was declared, known by their hashes: a vault can have only so many, so no file is
    needed to tell which."""
    hashes = {statement for _, _, statement in declared}
    rules = (StandingRule(vault, method) for method in ORDERS)
    return [rule for rule in rules if rule.statement in hashes]


@dataclass(frozen=True, slots=True)
class Order:
    """A rule that was declared."""

    rule: StandingRule
    seq: int  # entry of the ledger
    time: int  # {s}


def in_force(
    rules: Iterable[StandingRule], declared: Sequence[tuple[int, int, bytes]], vault: str
) -> tuple[Order, ...]:
    """The rules by the entries that declare them, oldest first; each holds for what is disposed of later than its
    entry.

    Parameters
    ----------
    declared : entry, {s} and hash of every declaration in the ledger.

    Raises
    ------
    InputError
        When a rule is of another vault, or was never declared.
    """
    mistakes, orders = [], []
    for rule in rules:
        entries = [(seq, time) for seq, time, statement in declared if statement == rule.statement]
        if rule.vault != vault:
            mistakes.append(Mistake(rule.method.value, f"is a rule for {rule.vault}, not for {vault}"))
        elif not entries:
            mistakes.append(Mistake(rule.method.value, f"no entry declares its hash 0x{rule.statement.hex()}"))
        orders += [Order(rule, seq, time) for seq, time in entries]
    if mistakes:
        hint = "Declare a rule before the sales that it is for: evenkeel vault declare FILE --broadcast."
        raise InputError("A standing lot rule was not in force.", hint, tuple(mistakes))
    return tuple(sorted(orders, key=lambda order: order.seq))
