"""docs/BENCHMARKS.md, from the rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks import audit_page, backtest_page, memory_page, optimisers_page, planning_page, tax_page, where_page

Rows = Mapping[str, Mapping[str, Any]]

GAS = {
    "gas.rebalance.4x1.direct": "a rebalance of 4 assets with one swap, feeds read directly",
    "gas.rebalance.4x1.proxied": "the same, feeds behind proxies as Chainlink's are",
    "gas.swap.next": "each further swap in the same rebalance (on another pool)",
    "gas.mint.3": "mint of 3 assets, by an account that held no shares",
    "gas.redeem.3": "redeem of 3 assets",
    "gas.deposit.1": "deposit of one asset of 3, by an account that held no shares",
    "gas.withdraw.1": "withdrawal of one asset of 3",
    "gas.create.4": "create of a vault of 4 assets",
    "gas.due.4": "whether a vault of 4 assets is due: free to ask, this is what it would take in a transaction",
}
BARE = {
    "unlimited": "the amount of the rebalance, unlimited approval: the peer of the tables above",
    "counted": "the same, with an approval that the token has to count down",
    "exact": "the same, with an approval that is used up",
    "small": "5 dollars' worth, unlimited approval: the price stays inside its tick",
}
ASSETS, SWAPS = (2, 4, 8, 16), (1, 2, 4, 8)
STAGES = {
    "block": "block",
    "snapshot": "snapshot",
    "decision": "target, decision, quotes",
    "simulation": "simulation",
    "sending": "sign, send, confirm",
    "journal": "journal",
}

LATENCY = {
    "head": "head: mined by the node, come by websocket, lease taken, vaults listed",
    "lens": "lens: all that the vault holds and says",
    "decision": "decision",
    "quotes": "quotes of the pools",
    "record": "record: the tick in the journal, log and metrics, the vault read once more",
    "simulation": "simulation",
    "signing": "sign and journal: fees, guards, intent, signature, signed bytes",
    "broadcast": "broadcast",
}
DUE = 200  # ticks
CROWD = (1, 10, 100, 500, 1_000, 5_000)
FLEET = {
    "keeper.idle_1000_vaults.s": "1,000 idle vaults, {s}",
    "keeper.idle_1000_vaults.cpu_s": "1,000 idle vaults, {s} of the keeper's CPU",
    "keeper.requests_per_500_vaults": "requests for 500 vaults",
}

HEAD = """# Benchmarks

Written by `make bench` from `bench/results.json`: do not edit. Gas is exact and the same in every run, and a test fails
when it changes until `make bench` is run again. Times depend on the machine and no test asserts them.

A row's ratio is ours over theirs, both measured in the same run. Here: {machine}.

## Gas

Totals of whole transactions from their receipts, on a real Uniswap V3 pool with $100m on each side, Shanghai rules. The
peer is a bare `SwapRouter.exactInputSingle` of the same amount on the same pool in the same state (the node goes back
to a snapshot in between), with an unlimited approval given before and a recipient that holds the token already. The
rebalance is complete: mandate, prices, trigger, oracle floor, net result, loss, budgets, and its ledger entry. Its
vault has rebalanced before, as all but a vault's first rebalance find it. A further swap is cheaper than a bare one,
because the transaction, the prices and the entry are paid for already.

"""
GROWTH_HEAD = """
### How it grows

A rebalance by assets of the mandate and swaps of the plan, each on a pool of its own; feeds are read directly.

"""
SIZE_HEAD = """
## Contract sizes

Deployed bytes against the limit of 24,576 (EIP-170).

"""
BARE_HEAD = """
### What a bare swap takes

It is often put at about 100,700, close to the last line: a swap that stays inside one tick of its pool. The amount of
a rebalance moves the price over a tick, and then the pool also writes its price history. Approval and token count as
well: these tokens are Solady's, others take more.

"""
TIME_HEAD = """
## Time of a tick

Medians over the replay of macro history from 2000, one tick a month, on a local anvil; the journal is durable (every
record is on disk before the next step). The snapshot is one call; beside it, the same values with one web3.py call for
each, its request cache on and the mandate known beforehand.

"""

KEEPER_HEAD = """
## The keeper

`evenkeel keeper run --config`, its heads by websocket, its journal durable and under a lease, on a local anvil.

### From a block to the broadcast

One vault of 4 assets that a block finds due, {due} times: from the moment before the node is told to mine that block
until it has taken the transaction. The percentiles of the stages are each stage's own and do not add up.

"""
FLEET_HEAD = """
### A tick over idle vaults

Real vaults of 8 of 16 assets each, no two with the same mandate, all of them kept (`vaults = "all"`). Before every tick
every price moves a little; a tick lists the vaults, reads them, checks each one's own answer against the controller's,
and records. Medians of 5 ticks after the first one, which decodes every mandate once.

Beside it, a plain web3.py loop with one call for each value: measured over 20 of these vaults in the same run and
scaled up to as many as the row names. It knows the mandates beforehand, only reads, and decides nothing.

"""
CROWD_HEAD = """
How it grows.

"""


def render(results: Sequence[Mapping[str, Any]], machine: Mapping[str, Any]) -> str:
    """The page.

    Parameters
    ----------
    results : rows of bench/results.json.
    machine : facts of bench/machine.json.
    """
    rows = {row["id"]: row for row in results}
    facts = ", ".join(f"{value} cores" if key == "cores" else f"{key} {value}" for key, value in machine.items())
    return "".join(
        [
            HEAD.format(machine=facts),
            _table(("", "ours", "bare swap", "ratio"), _gas(rows)),
            *(part if isinstance(part, str) else _table(*part) for part in where_page.section(rows)),
            GROWTH_HEAD,
            _table(("assets", *(f"{swaps} swap{'s' * (swaps > 1)}" for swaps in SWAPS)), _growth(rows)),
            BARE_HEAD,
            _table(("", "gas"), ((text, _number(rows[f"gas.bare.{name}"]["theirs"])) for name, text in BARE.items())),
            SIZE_HEAD,
            _table(("", "bytes", "left", ""), _sizes(rows)),
            TIME_HEAD,
            _table(("{ms}", "idle", "due", "web3.py, idle", "ratio"), _times(rows)),
            KEEPER_HEAD.replace("{due}", str(DUE)),
            _table(("{ms}", "p50", "p99"), _latency(rows)),
            FLEET_HEAD,
            _table(("", "ours", "web3.py", "ratio"), _fleet(rows)),
            CROWD_HEAD,
            _table(("vaults", "requests", "{s}", "{s} of CPU"), _crowd(rows)),
            memory_page.section(rows),
            "\n## Whole runs\n\n",
            _table(("", "ours"), _runs(rows)),
            planning_page.section(rows),
            *(part if isinstance(part, str) else _table(*part) for part in optimisers_page.section(rows) or ()),
            *(part if isinstance(part, str) else _table(*part) for part in backtest_page.section(rows) or ()),
            *(part if isinstance(part, str) else _table(*part) for part in tax_page.section(rows) or ()),
            *(part if isinstance(part, str) else _table(*part) for part in audit_page.section(rows) or ()),
        ]
    )


def _gas(rows: Rows) -> Iterable[tuple[str, ...]]:
    for name, text in GAS.items():
        row = rows[name]
        yield f"`{name}` {text}", _number(row["ours"]), _number(row["theirs"]), _ratio(row)


def _growth(rows: Rows) -> Iterable[tuple[str, ...]]:
    for assets in ASSETS:
        found = (rows.get(f"gas.growth.{assets}x{swaps}") for swaps in SWAPS)
        yield str(assets), *(_number(row["ours"]) if row else "" for row in found)


def _sizes(rows: Rows) -> Iterable[tuple[str, ...]]:
    for name, row in rows.items():
        if name.startswith("size."):
            left = row["theirs"] - row["ours"]
            yield f"`{name}`", _number(row["ours"]), _number(left), f"{left / row['theirs']:.0%}"


def _times(rows: Rows) -> Iterable[tuple[str, ...]]:
    for stage, text in {"": "**a tick**", **{f".{stage}": text for stage, text in STAGES.items()}}.items():
        idle, due = rows.get(f"tick.idle{stage}.ms"), rows.get(f"tick.due{stage}.ms")
        theirs = (_number(idle["theirs"]), _ratio(idle)) if idle else ("", "")
        yield text, _number(idle["ours"]) if idle else "", _number(due["ours"]) if due else "", *theirs


def _latency(rows: Rows) -> Iterable[tuple[str, ...]]:
    name = "keeper.block_to_broadcast"
    for stage, text in {"": f"**`{name}`**", **{f".{stage}": text for stage, text in LATENCY.items()}}.items():
        yield text, *(_number(rows[f"{name}{stage}.{point}_ms"]["ours"]) for point in ("p50", "p99"))


def _fleet(rows: Rows) -> Iterable[tuple[str, ...]]:
    for name, text in FLEET.items():
        row = rows[name]
        ratio = f"{row['ratio']:.4f}"
        yield f"`{name}` {text}", _number(row["ours"]), _number(row["theirs"]), ratio


def _crowd(rows: Rows) -> Iterable[tuple[str, ...]]:
    for size in CROWD:
        found = (rows[f"keeper.growth.{size}.{unit}"]["ours"] for unit in ("requests", "s", "cpu_s"))
        yield f"{size:,}", *map(_number, found)


def _runs(rows: Rows) -> Iterable[tuple[str, ...]]:
    yield "`demo.macro.s` `evenkeel demo`: every month from 2000, audit and report", f"{rows['demo.macro.s']['ours']} s"
    yield (
        "`audit.entries_per_s` full audit of that replay: entries proven and replayed",
        f"{rows['audit.entries_per_s']['ours']} /s",
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _ratio(row: Mapping[str, Any]) -> str:
    return "" if row["ratio"] is None else f"{row['ratio']:.2f}"


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in (headings, rule, *lines))
