"""The sections of docs/BENCHMARKS.md about where the gas goes and what less would take, from the rows alone."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]
Table = tuple[Sequence[str], list[tuple[str, ...]]]
Spent = Mapping[tuple[str, str], int]

PARTS = {
    "transaction": "transaction: 21,000 and the calldata",
    "pool": "pool",
    "tokens": "tokens: balances, allowances, transfers",
    "feeds": "4 feeds",
    "proxies": "4 proxies before them",
    "oracle": "oracle: reads and checks the feeds",
    "vault": "vault",
    "ledger": "ledger: the entry's hash, slot and event",
    "venue": "venue adapter",
    "router": "router",
    "refund": "given back at the end",
}
GROUPS = {
    "transaction": "transaction: 21,000 and the calldata",
    "storage": "storage: SLOAD, SSTORE",
    "accounts": "accounts: CALL, STATICCALL, DELEGATECALL, EXTCODESIZE, EXTCODECOPY, with the opening of cold ones",
    "logs": "logs: LOG0 to LOG4",
    "hashing": "hashing: KECCAK256",
    "stack": "stack: PUSH, DUP, SWAP, POP",
    "arithmetic": "arithmetic: ADD to EXP, comparisons, bits and shifts",
    "jumps": "jumps: JUMP, JUMPI, JUMPDEST",
    "memory": "memory: MLOAD, MSTORE and copying, with its growth",
    "context": "surroundings: CALLDATALOAD, CALLER, TIMESTAMP and the like",
    "refund": "given back at the end",
}
COMPUTING = ("stack", "arithmetic", "jumps", "memory", "context")
COLD_ACCOUNT = 2_600
"""{gas} to open a contract for the first time in a transaction (EIP-2929)."""
CODE_BYTE = 200
"""{gas} to store a byte of code."""
ASSETS = 4
AIM = {"direct": 1.6, "proxied": 1.85}
"""Times the bare swap."""
WIDTH = 120

HEAD = """
### Where the gas goes

From the node's own step-by-step trace of three transactions: the rebalance with feeds read directly, the same with
proxies before them, and the bare swap. What a contract calls counts there, not here; opening a contract counts where it
is called from. The parts add up to the receipts' totals. By contract:

"""
GROUPS_HEAD = """
Opcode group by opcode group:

"""
MATRIX_HEAD = """
The rebalance with direct feeds, by both:

"""
AIMS_HEAD = """
### What the aims would take

"""
AIMS = """
{aims}. Of the first row {least:,} gas, {ratio:.2f} times the bare swap, is what no rebalance of {assets} assets does
without: the transaction, the pool, the tokens' balances and transfers, the feeds' own answers, and opening all these
contracts. The other {rest:,} are ours, and the aim asks for {over:,} of them. The vault's checks are {computing:,} of
computing, and its state, with budgets and open rebalance in one slot beside the keeper's, {state:,}: there is no check
to spare. What could be given up is what makes a vault possible to audit, cheap to create and easy to extend:
"""
AFTERWARDS = """
Without all of it the first row would be {left:,} gas, {ratio:.3f} times the bare swap, and the second one {proxied:.3f}
times: {how}. None of it is given up.
"""


def section(rows: Rows) -> tuple[str, Table, str, Table, str, Table, str, Table, str]:
    """Text and tables in turn."""
    direct, proxied = _found(rows, "gas.where.", "ours"), _found(rows, "gas.where_proxied.", "ours")
    bare = _found(rows, "gas.where.", "theirs")
    columns = ("direct feeds", "proxied feeds", "bare swap")
    return (
        HEAD,
        (("", *columns), list(_sums(PARTS, 0, direct, proxied, bare))),
        GROUPS_HEAD,
        (("", *columns), list(_sums(GROUPS, 1, direct, proxied, bare))),
        MATRIX_HEAD,
        _matrix(direct),
        AIMS_HEAD + _aims(rows, direct) + "\n",
        (("given up", "saves at most", "and with it goes"), list(_given_up(rows, direct))),
        _afterwards(rows, direct),
    )


def _found(rows: Rows, kind: str, side: str) -> Spent:
    """{gas} by part and group."""
    names = (name for name in rows if name.startswith(kind))
    pairs = ((tuple(name.removeprefix(kind).split(".")), rows[name][side]) for name in names)
    return {(part, group): gas for (part, group), gas in pairs if gas}


def _sums(words: Mapping[str, str], axis: int, *columns: Spent) -> Iterator[tuple[str, ...]]:
    sums = [_along(spent, axis) for spent in columns]
    for name, text in words.items():
        if any(each[name] for each in sums):
            yield text, *(f"{each[name]:,}" for each in sums)
    yield "total", *(f"{each.total():,}" for each in sums)


def _along(spent: Spent, axis: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for place, gas in spent.items():
        found[place[axis]] += gas
    return found


def _matrix(spent: Spent) -> Table:
    groups = [group for group in GROUPS if any(group == other for _, other in spent)]
    by_part, by_group = _along(spent, 0), _along(spent, 1)
    lines = [
        (part, *(f"{spent[part, group]:,}" if (part, group) in spent else "" for group in groups), f"{by_part[part]:,}")
        for part in PARTS
        if by_part[part]
    ]
    total = ("total", *(f"{by_group[group]:,}" for group in groups), f"{by_part.total():,}")
    return ("", *groups, "total"), [*lines, total]


def _over(rows: Rows, name: str) -> int:
    """{gas} above the aim; below zero where it is met."""
    row = rows[f"gas.rebalance.4x1.{name}"]
    return row["ours"] - int(AIM[name] * row["theirs"])


def _aims(rows: Rows, spent: Spent) -> str:
    def said(name: str) -> str:
        over = _over(rows, name)
        how = "missed by" if over > 0 else "met with"
        return f"{AIM[name]:g} times the bare swap with {name} feeds is {how} {abs(over):,} gas"

    row, parts = rows["gas.rebalance.4x1.direct"], _along(spent, 0)
    least = sum(parts[part] for part in ("transaction", "pool", "tokens", "feeds")) + (2 * ASSETS + 1) * COLD_ACCOUNT
    return _filled(
        AIMS,
        aims="; ".join(map(said, AIM)),
        least=least,
        assets=ASSETS,
        ratio=least / row["theirs"],
        rest=row["ours"] - least,
        over=max(_over(rows, "direct"), 0),
        computing=sum(spent["vault", group] for group in COMPUTING),
        state=spent["vault", "storage"],
    )


def _savings(spent: Spent) -> dict[str, int]:
    """{gas} at most. A venue's call of its pool and an oracle's of its feeds stay in whatever makes them."""
    parts = _along(spent, 0)
    return {
        "ledger": parts["ledger"] + COLD_ACCOUNT,
        "venue": parts["venue"] - spent["venue", "accounts"] + COLD_ACCOUNT,
        "oracle": COLD_ACCOUNT,
        "clone": COLD_ACCOUNT,
    }


def _given_up(rows: Rows, spent: Spent) -> Iterator[tuple[str, ...]]:
    whole = rows["size.Vault"]["ours"] * CODE_BYTE
    texts = {
        "ledger": (
            "any record of the rebalance",
            "the audit from chain data alone; a record of the vault's own would keep most of the cost",
        ),
        "venue": (
            "venues as contracts of their own",
            "a new venue for a vault that exists",
        ),
        "oracle": ("the oracle as a contract of its own", "another oracle, or a better one, for a vault that exists"),
        "clone": (
            "clones of one implementation",
            f"creation for {rows['gas.create.4']['ours']:,} gas: the code of a vault alone takes {whole:,}",
        ),
    }
    savings = _savings(spent)
    for name, (what, price) in texts.items():
        yield what, f"{savings[name]:,}", price
    yield "all of it", f"{sum(savings.values()):,}", ""


def _afterwards(rows: Rows, spent: Spent) -> str:
    direct, proxied = (rows[f"gas.rebalance.4x1.{name}"] for name in AIM)
    saved = sum(_savings(spent).values())
    left = {name: over for name in AIM if (over := _over(rows, name) - saved) > 0}
    short = " and ".join(f"{over:,} gas with {name} feeds" for name, over in left.items())
    return "\n" + _filled(
        AFTERWARDS,
        left=direct["ours"] - saved,
        ratio=(direct["ours"] - saved) / direct["theirs"],
        proxied=(proxied["ours"] - saved) / proxied["theirs"],
        how=f"still short of the aims by {short}, of the vault's own computing" if left else "that meets the aims",
    )


def _filled(text: str, **values: object) -> str:
    return textwrap.fill(" ".join(text.format(**values).split()), WIDTH) + "\n"
