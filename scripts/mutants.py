"""How many small defects the tests find: `make mutants` plants them one at a time and runs the tests.

Each mutant is tried in a copy of the tree under build/mutants, at first by the tests of its own contract, then by those
that use it. What has become of them stands in bench/mutants.json, survivors with the reason why no test can find them,
and in the table of docs/TESTING.md. It is kept as long as the contract's file stays the same: a run goes on where the
last one was. A run that is to try `--sample` mutants of each contract takes the first ones of a random order, which is
an unbiased sample.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

from mutation import record
from mutation.compiler import ROOT, Compiler
from mutation.operators import Mutant, mutants
from mutation.record import Record
from mutation.tree import SAME, SURVIVED, Tree
from rich.console import Console
from rich.progress import track
from rich.table import Table
from slither import Slither

LEAST = 0.9
"""Share of the mutants that has to be found: of a sample, the upper end of the interval."""
Files = tuple[str, ...]


def vault(*names: str) -> Files:
    return tuple(f"Vault{name}.t.sol" for name in names)


REST = vault("Triggers", "Due", "Pause", "Fees", "Donation", "Reentrancy", "Unanswered", "Targets", "Share")
EVERYWHERE = ("Vault*.t.sol", "Sandwich.t.sol", "invariants/*.t.sol", "threats/*.t.sol")
TESTS: dict[str, tuple[str, tuple[Files, ...]]] = {
    "Budget": ("libraries/Budget.sol", (("Budget.t.sol",), ("VaultBudgets.t.sol", "invariants/Hostile*.t.sol"))),
    "Calendar": ("libraries/Calendar.sol", (("Calendar.t.sol",), ("Triggers.t.sol", "VaultTriggers.t.sol"))),
    "Triggers": ("libraries/Triggers.sol", (("Triggers.t.sol",), EVERYWHERE)),
    "TargetPath": ("libraries/TargetPath.sol", (("TargetPath.t.sol",), EVERYWHERE)),
    "Rules": ("libraries/Rules.sol", (("Rules.t.sol",), EVERYWHERE)),
    "FlowRules": ("libraries/FlowRules.sol", (("FlowRules.t.sol",), EVERYWHERE)),
    "ChainlinkOracle": ("oracles/ChainlinkOracle.sol", (("ChainlinkOracle*.t.sol",), EVERYWHERE)),
    "Vault": ("Vault.sol", (vault("Rebalance", "Mint", "Redeem", "Pay", "Parts", "Budgets"), REST, EVERYWHERE)),
    "VaultBase": ("VaultBase.sol", (vault("Rebalance", "Mint", "Redeem", "Fees", "Unanswered"), REST, EVERYWHERE)),
    "VaultFlows": ("VaultFlows.sol", (vault("Deposit", "Withdraw", "Fees", "Due"), REST, EVERYWHERE)),
    "VaultAdmin": ("VaultAdmin.sol", (vault("Mandate", "Targets", "Roles", "Pause", "Timelock"), REST, EVERYWHERE)),
}
"""Contract to its file and the test files that are tried, one group after the other."""


class Field:
    """The trees in which the mutants of one contract are tried, as often as there are compilers."""

    def __init__(self, contract: str, compilers: Sequence[Compiler]) -> None:
        name, stages = TESTS[contract]
        self.file = f"contracts/{name}"
        self.free: SimpleQueue[list[Tree]] = SimpleQueue()
        for job, compiler in enumerate(compilers):
            self.free.put([Tree(stage, job, compiler) for stage in stages])

    def tried(self, mutant: Mutant) -> str:
        if mutant.same:
            return SAME
        trees = self.free.get()
        try:
            outcome = trees[0].tried(self.file, mutant)
            if outcome == SURVIVED and trees[-1].is_same(self.file, mutant):  # the last one has all contracts
                return SAME
            for tree in trees[1:] if outcome == SURVIVED else []:
                outcome = tree.tried(self.file, mutant)
                if outcome != SURVIVED:
                    break
            return outcome
        finally:
            self.free.put(trees)


def run(contract: str, made: Sequence[Mutant], here: Record, field: Field, given: argparse.Namespace) -> None:
    """Tries what is left of a contract."""
    by_id = {mutant.id: mutant for mutant in made}
    for survivor in [each for each in here.survivors if by_id[each.id].same]:
        here.forgive(survivor, SAME)
    again = list(here.unexplained) if given.again else []
    left = made[here.tried : min(given.sample or len(made), len(made))]
    pool = ThreadPoolExecutor(given.jobs)
    try:
        for survivor, outcome in zip(again, pool.map(field.tried, [by_id[each.id] for each in again]), strict=True):
            if outcome != SURVIVED:
                here.forgive(survivor, outcome)
        outcomes = pool.map(field.tried, left)
        shown = track(outcomes, description=contract, total=len(left), console=Console(stderr=True))
        for mutant, outcome in zip(left, shown, strict=True):
            here.add(mutant, outcome)
            record.keep(contract, here)
    finally:
        pool.shutdown(cancel_futures=True)
    record.keep(contract, here)


def begun(contract: str, seed: int, count: int) -> Record:
    """What is known of a contract as it is now."""
    file = f"contracts/{TESTS[contract][0]}"
    fresh = Record(file, record.digest(file), seed, count)
    known = record.read().get(contract, fresh)
    same = (known.sha256, known.seed, known.mutants) == (fresh.sha256, fresh.seed, fresh.mutants)
    return known if same else fresh


def table(records: dict[str, Record]) -> Table:
    shown = Table("contract", "mutants", "tried", "found", "survived", "of them explained", "too slow", "share", "95%")
    for name, here in records.items():
        low, high = here.interval
        numbers = (here.mutants, here.programs, here.counts["found"], here.counts["survived"])
        explained = len(here.survivors) - len(here.unexplained)
        shares = f"{here.share:.1%}", f"{low:.1%} to {high:.1%}" if low < high else "all"
        shown.add_row(name, *map(str, (*numbers, explained, here.counts["too slow"])), *shares)
    return shown


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contracts", nargs="*", metavar="CONTRACT", help=f"{', '.join(TESTS)}; all, if left out")
    parser.add_argument("--sample", type=int, help="how many mutants of each contract; all, if left out")
    parser.add_argument("--seed", type=int, default=7, help="of the order in which they are tried")
    parser.add_argument("--jobs", type=int, default=1, help="how many at the same time")
    parser.add_argument("--again", action="store_true", help="try survivors without an explanation again")
    given = parser.parse_args()
    given.contracts = given.contracts or list(TESTS)
    if unknown := [name for name in given.contracts if name not in TESTS]:
        parser.error(f"no tests are named for {', '.join(unknown)}")
    return given


def main() -> int:
    """Tries the mutants of the named contracts, or of all; 1 when too few are found, or one survives unexplained."""
    given = arguments()
    console = Console(width=120)
    # slither's own build, apart from ours
    os.environ["FOUNDRY_OUT"], os.environ["FOUNDRY_CACHE_PATH"] = "build/slither/out", "build/slither/cache"
    slither = Slither(str(ROOT), compile_force_framework="foundry")
    done = {}
    with ExitStack() as stack:
        compilers = [stack.enter_context(Compiler()) for _ in range(given.jobs)]
        for name in given.contracts:
            made = mutants(next(each for each in slither.contracts if each.name == name), given.seed)
            done[name] = here = begun(name, given.seed, len(made))
            if here.tried >= min(given.sample or len(made), len(made)) and not (given.again and here.unexplained):
                continue
            run(name, made, here, Field(name, compilers), given)
    record.TESTING.write_text(record.published(record.TESTING.read_text(), record.read()))
    console.print(table(done))
    for name, here in done.items():
        for survivor in here.unexplained:
            console.print(f"{name}: {here.file}:{survivor.line} {survivor.operator}", highlight=False)
            console.print(f"  {survivor.old!r} -> {survivor.new!r}", markup=False, highlight=False)
    sound = all(here.interval[1] >= LEAST and not here.unexplained for here in done.values())
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
