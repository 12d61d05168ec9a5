"""What must hold of words.py for a proof to be one: it never says that something possible is impossible.

Run by ``make prove`` with the interpreter that has z3: ``python test_solver.py [SEED]``. Queries that have a solution,
because they say true things about chosen numbers, must never be found impossible; and a few that have none must be.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

import z3
from solver import TIMEOUT, told
from words import opaque

ROUNDS = 600
BRIEFLY = 100  # {ms} for a query that has a solution
SIZE = 256
EDGES = (0, 1, 2, 3, 10_000, 2**16 - 1, 2**40, 2**128 - 1, 2**128, 2**255, 2**256 - 2, 2**256 - 1)

MULTIPLY, DIVIDE, REMAIN = (
    z3.Function(f"f_evm_{name}_256", *[z3.BitVecSort(SIZE)] * 3) for name in ("bvmul", "bvudiv", "bvurem")
)


def word(value: int) -> z3.BitVecNumRef:
    return z3.BitVecVal(value, SIZE)


def number(dice: random.Random) -> int:
    return dice.choice(EDGES) if dice.random() < 0.4 else dice.getrandbits(dice.choice((4, 16, 40, 128, 256)))


def term(dice: random.Random, depth: int, variables: dict[z3.BitVecRef, int]) -> tuple[z3.BitVecRef, int]:
    """A term, and what the EVM makes of it for the chosen numbers."""
    if depth == 0 or dice.random() < 0.15:
        if dice.random() < 0.3:
            value = number(dice)
            return word(value), value
        return dice.choice(list(variables.items()))
    first, a = term(dice, depth - 1, variables)
    second, b = term(dice, depth - 1, variables)
    mask, places = 2 ** dice.randrange(1, SIZE) - 1, dice.randrange(SIZE)
    top = dice.randrange(SIZE)
    bottom = dice.randrange(top + 1)
    cut = z3.Extract(top, bottom, first)
    return dice.choice(
        [
            (first + second, (a + b) % 2**SIZE),
            (first - second, (a - b) % 2**SIZE),
            (-first, -a % 2**SIZE),
            (first * second, a * b % 2**SIZE),
            (MULTIPLY(first, second), a * b % 2**SIZE),
            (DIVIDE(first, second), a // b if b else 0),
            (REMAIN(first, second), a % b if b else 0),
            (z3.UDiv(first, second), a // b if b else 2**SIZE - 1),
            (z3.URem(first, second), a % b if b else a),
            (z3.If(z3.ULT(first, second), first, second), min(a, b)),
            (z3.If(first == second, word(1), word(0)), int(a == b)),
            (first * z3.If(z3.UGT(first, second), word(1), word(0)), a * (a > b)),
            (first ^ -z3.If(z3.ULE(first, second), word(1), word(0)), a ^ (2**SIZE - 1) * (a <= b)),
            (first | second, a | b),
            (first ^ second, a ^ b),
            (first & word(mask), a & mask),
            (first & second, a & b),
            (~first, a ^ (2**SIZE - 1)),
            (first << word(places), (a << places) % 2**SIZE),
            (z3.LShR(first, word(places)), a >> places),
            (z3.ZeroExt(SIZE - 1 - top + bottom, cut) if top - bottom + 1 < SIZE else cut, bits(a, top, bottom)),
        ]
    )


def bits(value: int, top: int, bottom: int) -> int:
    return value >> bottom & 2 ** (top - bottom + 1) - 1


def comparison(dice: random.Random, variables: dict[z3.BitVecRef, int]) -> z3.BoolRef:
    """Something true."""
    (first, a), (second, b) = term(dice, 3, variables), term(dice, 3, variables)
    pairs = [
        (z3.ULE(first, second), a <= b),
        (z3.ULT(first, second), a < b),
        (z3.UGE(first, second), a >= b),
        (z3.UGT(first, second), a > b),
        (first == second, a == b),
        (first == word(a), True),
        (z3.ULE(first, word(a)), True),
        (z3.UGE(first, word(a)), True),
        (z3.Implies(first == second, z3.ULE(first, second)), True),
        (z3.Or(z3.ULT(first, second), z3.ULE(second, first)), True),
        ((first == second) == z3.ULE(second, first), (a == b) == (b <= a)),
    ]
    formula, truth = dice.choice(pairs)
    return formula if truth else z3.Not(formula)


def bounds(dice: random.Random, variable: z3.BitVecRef, value: int) -> Iterator[z3.BoolRef]:
    """True bounds of a variable, from which the translation learns."""
    limit = number(dice)
    for formula, truth in (
        (z3.ULE(variable, word(limit)), value <= limit),
        (z3.UGE(variable, word(limit)), value >= limit),
        (z3.UGT(word(limit), variable), limit > value),
        (z3.ULT(word(limit), variable), limit < value),
        (z3.Extract(SIZE - 1, 128, variable) == 0, value < 2**128),
    ):
        if dice.random() < 0.3:
            yield formula if truth else z3.Not(formula)


def is_impossible(constraints: list[z3.BoolRef], timeout: int) -> bool:
    solver = z3.Solver()
    solver.set("timeout", timeout)
    solver.add(constraints)
    return bool(solver.check() == z3.unsat)


def never_wrong(dice: random.Random) -> None:
    for k in range(ROUNDS):
        variables = {z3.BitVec(name, SIZE): number(dice) for name in "xyz"}
        formulas = [comparison(dice, variables) for _ in range(dice.randrange(1, 5))]
        formulas += [variable == word(value) for variable, value in variables.items() if dice.random() < 0.7]
        dice.shuffle(formulas)
        formulas[:0] = [formula for pair in variables.items() for formula in bounds(dice, *pair)]
        for constraints in (told(formulas, whole=k % 2 == 0), opaque(formulas)):
            assert not is_impossible(constraints, BRIEFLY), (variables, formulas)


def sometimes_right() -> None:
    """It would be no use if it never found anything impossible."""
    x, y, z = (z3.BitVec(name, SIZE) for name in "xyz")
    small = [z3.ULE(term, word(2**100)) for term in (x, y, z)]
    for formulas in (
        [z3.UGT(DIVIDE(MULTIPLY(x, y), z), DIVIDE(MULTIPLY(x, y + 1), z))],
        [z3.UGT(MULTIPLY(DIVIDE(x, y), y), x)],
        [z3.Not(y == 0), z3.ULE(MULTIPLY(DIVIDE(x, y) + 1, y), x)],
        [z3.Not(y == 0), z3.Not(REMAIN(x, y) == x - MULTIPLY(DIVIDE(x, y), y))],
        [z3.UGT(MULTIPLY(x, y) + z, MULTIPLY(x + 1, y) + z)],
    ):
        ways = (told(small + formulas, whole) for whole in (False, True))
        assert any(is_impossible(constraints, TIMEOUT) for constraints in ways), formulas
    for formulas in (
        [z3.ULT(MULTIPLY(x, y), z), z3.ULT(z, MULTIPLY(y, x))],
        [z3.ULT(x * y, z), z3.Not(z3.ULT(MULTIPLY(y, x), z))],
        [z3.Not(DIVIDE(x, y) - DIVIDE(x, y) == 0)],
        [-MULTIPLY(x, y) > 0, MULTIPLY(y, x) > 0],  # signed
    ):
        assert is_impossible(opaque(formulas), TIMEOUT), formulas
    assert not is_impossible(opaque([z3.Not(DIVIDE(x, y) == DIVIDE(y, x))]), TIMEOUT)


if __name__ == "__main__":
    never_wrong(random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 20_261_120))  # noqa: S311, to repeat it
    sometimes_right()
    sys.stdout.write(f"words.py: {ROUNDS} possible queries, none found impossible\n")
