"""The solver that halmos calls for the proofs in this folder: ``python solver.py QUERY.smt2``.

Multiplying and dividing words of 256 bits is out of reach for solvers that reason bit by bit. What our arithmetic says
is about numbers, though, so a query is first told as one about numbers (words.py) and put to z3. When not even that has
a solution the answer is ``unsat``. In all other cases nothing has been learnt and yices, which is what halmos calls by
itself, decides the query as it stands: a counter-example always comes from there.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import z3
from words import Translation

TIMEOUT = 20_000  # {ms} for each attempt with numbers, before yices is asked

# whether the numbers are whole, and what to ask: the quick ones first
ATTEMPTS: list[tuple[bool, Callable[[], z3.Solver]]] = [
    (False, z3.Solver),
    (True, z3.Solver),
    (False, lambda: z3.Then("simplify", "qfnra-nlsat").solver()),
]


def is_impossible(formulas: list[z3.BoolRef]) -> bool:
    """Whether not even numbers satisfy all of them."""
    for whole, make in ATTEMPTS:
        translation = Translation(whole)
        for formula in formulas:
            translation.add(formula)
        solver = make()
        solver.set("timeout", TIMEOUT)
        solver.add(translation.constraints)
        if solver.check() == z3.unsat:
            return True
    return False


def main() -> None:
    path = sys.argv[1]
    query = Path(path).read_text(encoding="utf-8")
    # With its functions spelt out halmos asks a second time, when the first answer was a doubtful counter-example.
    if "define-fun f_evm_" not in query and is_impossible(list(z3.parse_smt2_string(query))):
        sys.stdout.write("unsat\n")
        return
    yices = Path(sys.executable).with_name("yices-smt2")
    command = [str(yices), "--smt2-model-format", "--bvconst-in-decimal", path]
    sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
