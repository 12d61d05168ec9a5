"""The solver that halmos calls for the proofs in this folder: ``python solver.py QUERY.smt2``.

Multiplying and dividing words of 256 bits is out of reach for solvers that reason bit by bit. What our arithmetic says
is about numbers, though, or holds whatever the products are: so a query is first told as one about numbers, or with
products and quotients as words of which nothing is known (words.py), and put to z3. When one of these has no solution
the answer is ``unsat``. In all other cases yices, which is what halmos calls by itself, decides the query as it stands,
at first with the inputs that the numbers suggest: a counter-example always comes from there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import z3
from words import Translation, opaque

TIMEOUT = 20_000  # {ms} for each attempt with numbers, before yices is asked
OPAQUE_TIMEOUT = 5_000  # {ms} for the one with unknown products, which takes a tenth of a second where it is of use

# what is told, and what to ask: the quick ones first
ATTEMPTS: list[tuple[Callable[[list[z3.BoolRef]], list[z3.BoolRef]], Callable[[], z3.Solver], int]] = [
    (lambda formulas: told(formulas, whole=False), z3.Solver, TIMEOUT),
    (opaque, z3.Solver, OPAQUE_TIMEOUT),
    (lambda formulas: told(formulas, whole=True), z3.Solver, TIMEOUT),
    (lambda formulas: told(formulas, whole=False), lambda: z3.Then("simplify", "qfnra-nlsat").solver(), TIMEOUT),
]


def told(formulas: list[z3.BoolRef], whole: bool) -> list[z3.BoolRef]:
    """As constraints on numbers, whole or real."""
    translation = Translation(whole)
    for formula in formulas:
        translation.add(formula)
    return translation.constraints


def is_impossible(formulas: list[z3.BoolRef]) -> bool:
    """Whether nothing satisfies all of them whatever their products are, or not even numbers do."""
    for tell, make, timeout in ATTEMPTS:
        solver = make()
        solver.set("timeout", timeout)
        solver.add(tell(formulas))
        if solver.check() == z3.unsat:
            return True
    return False


def suggested(formulas: list[z3.BoolRef]) -> str:
    """What the inputs are where whole numbers satisfy all of them, as assertions. Only a try: words may not."""
    translation = Translation(whole=True)
    for formula in formulas:
        translation.add(formula)
    solver = z3.Solver()
    solver.set("timeout", TIMEOUT)
    solver.add(translation.constraints)
    if solver.check() != z3.sat:
        return ""
    model = solver.model()
    pins = []
    for term in translation.keep:
        if z3.is_bv(term) and z3.is_const(term) and not z3.is_bv_value(term):
            value = model.eval(translation.number(term).value, model_completion=True)
            pins.append(f"(assert (= {term.sexpr()} (_ bv{value} {term.size()})))")
    return "\n".join(pins)


def main() -> None:
    path = Path(sys.argv[1])
    query = path.read_text(encoding="utf-8")
    formulas = list(z3.parse_smt2_string(query))
    yices = [str(Path(sys.executable).with_name("yices-smt2")), "--smt2-model-format", "--bvconst-in-decimal"]
    # halmos asks a second time, with its functions spelt out, when the first answer was a doubtful counter-example.
    if "define-fun f_evm_" not in query:
        if is_impossible(formulas):
            sys.stdout.write("unsat\n")
            return
    elif pins := suggested(formulas):
        pinned = path.with_suffix(".pinned.smt2")
        pinned.write_text(query.replace("(check-sat)", f"{pins}\n(check-sat)"), encoding="utf-8")
        with contextlib.suppress(subprocess.TimeoutExpired):
            command = [*yices, str(pinned)]
            answer = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=TIMEOUT / 1_000
            ).stdout
            if answer.startswith("sat"):
                sys.stdout.write(answer)
                return
    # In this process, so that it ends when halmos ends it.
    os.execv(yices[0], [*yices, str(path)])  # noqa: S606


if __name__ == "__main__":
    main()
