"""Queries about words, as halmos writes them, told as weaker queries about numbers.

Each word becomes a number from zero to 2^n - 1 and each operation its definition: a quotient and a remainder, a sum
less a multiple of 2^n. Every step only ever allows more than the query does: what is not understood is left out, or
becomes a number without a definition. So when the weaker query has no solution, neither has the query; otherwise
nothing is learnt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import z3

MOST_CARRIES = 8  # a sum that may wrap around more often than this becomes a number without a definition

# halmos writes some operations as functions of its own. They are these, except that dividing by zero gives zero.
FUNCTION = re.compile(r"f_evm_(bvmul|bvudiv|bvurem)_[0-9]+")
OPERATIONS = {
    z3.Z3_OP_BNUM: "constant",
    z3.Z3_OP_BMUL: "bvmul",
    z3.Z3_OP_BUDIV: "bvudiv",
    z3.Z3_OP_BUDIV_I: "bvudiv",
    z3.Z3_OP_BUREM: "bvurem",
    z3.Z3_OP_BUREM_I: "bvurem",
    z3.Z3_OP_BADD: "sum",
    z3.Z3_OP_BSUB: "sum",
    z3.Z3_OP_BNEG: "sum",
    z3.Z3_OP_ITE: "choice",
    z3.Z3_OP_CONCAT: "concatenation",
    z3.Z3_OP_EXTRACT: "extract",
    z3.Z3_OP_BOR: "joined",
    z3.Z3_OP_BXOR: "joined",
    z3.Z3_OP_BAND: "masked",
    z3.Z3_OP_BNOT: "complement",
    z3.Z3_OP_BSHL: "shifted",
    z3.Z3_OP_BLSHR: "shifted",
}
LESS = {z3.Z3_OP_ULT: (False, True), z3.Z3_OP_UGT: (True, True), z3.Z3_OP_ULEQ: (False, False)}
LESS[z3.Z3_OP_UGEQ] = (True, False)  # whether the sides are the other way round, and whether equal ones are left out


@dataclass
class Number:
    """A word as a number: `value` is at most `high`, and divisible by 2 ** `zeros`."""

    value: z3.ArithRef
    high: int
    zeros: int = 0


def operation_of(term: z3.BitVecRef) -> str | None:
    named = FUNCTION.fullmatch(term.decl().name())
    return named.group(1) if named else OPERATIONS.get(term.decl().kind())


def is_zero(term: z3.ExprRef) -> bool:
    return z3.is_bv_value(term) and term.as_long() == 0


def signed(term: z3.BitVecRef) -> list[tuple[int, z3.BitVecRef]]:
    """The parts of a sum, with their signs."""
    kind = term.decl().kind()
    arguments = term.children()
    if kind == z3.Z3_OP_BADD:
        return [part for argument in arguments for part in signed(argument)]
    if kind == z3.Z3_OP_BSUB:
        first, *others = (signed(argument) for argument in arguments)
        return first + [(-sign, part) for other in others for sign, part in other]
    if kind == z3.Z3_OP_BNEG:
        return [(-sign, part) for sign, part in signed(arguments[0])]
    minus_one = 2 ** term.size() - 1
    if kind == z3.Z3_OP_BMUL and z3.is_bv_value(arguments[0]) and arguments[0].as_long() == minus_one:
        return [(-sign, part) for sign, part in signed(arguments[1])] if len(arguments) == 2 else [(1, term)]
    return [(1, term)]


def opaque(formulas: list[z3.BoolRef]) -> list[z3.BoolRef]:
    """The same query with words of which nothing is known in the place of products and quotients: the same word for the
    same ones. For what is true whatever they are."""
    unknown: dict[tuple[str | None, tuple[int, ...]], z3.BitVecRef] = {}
    pairs: dict[int, tuple[z3.BitVecRef, z3.BitVecRef]] = {}
    todo: list[z3.ExprRef] = list(formulas)
    while todo:
        term = todo.pop()
        operation = operation_of(term) if z3.is_bv(term) else None
        if operation not in ("bvmul", "bvudiv", "bvurem") or signed(term)[0][0] < 0:
            todo += term.children()
            continue
        factors = [argument.get_id() for argument in term.children()]
        key = operation, tuple(sorted(factors) if operation == "bvmul" else [term.decl().get_id(), *factors])
        unknown.setdefault(key, z3.FreshConst(term.sort()))
        pairs[term.get_id()] = term, unknown[key]
    return [z3.substitute(formula, *pairs.values()) for formula in formulas]


class Translation:
    """One query as constraints on numbers, whole or real.

    Real ones may be fractions, except that two whole ones of which one is the less are at least one apart.
    """

    def __init__(self, whole: bool) -> None:
        self.literal = z3.IntVal if whole else z3.RealVal
        self.variable = z3.FreshInt if whole else z3.FreshReal
        self.constraints: list[z3.BoolRef] = []
        self.numbers: dict[int, Number] = {}
        self.keep: list[z3.ExprRef] = []  # a term's id is its own only as long as the term lives
        self.quotients: dict[tuple[int, int, bool], tuple[Number, Number]] = {}
        self.parts: dict[tuple[int, int], tuple[Number, Number]] = {}

    # ---- formulas

    def add(self, formula: z3.BoolRef) -> None:
        """One assertion of the query. What it bounds is known to be bounded from here on."""
        if z3.is_and(formula):
            for part in formula.children():
                self.add(part)
            return
        self.constraints.append(self.holds(formula, True))
        positive = not z3.is_not(formula)
        self.tighten(formula if positive else formula.arg(0), positive)

    def tighten(self, atom: z3.BoolRef, positive: bool) -> None:
        kind = atom.decl().kind()
        if kind in LESS:
            low, high = atom.children() if LESS[kind][0] != positive else atom.children()[::-1]
            self.bound(low, self.number(high).high)
        elif kind == z3.Z3_OP_EQ and positive and z3.is_app_of(atom.arg(0), z3.Z3_OP_EXTRACT) and is_zero(atom.arg(1)):
            top, bottom = atom.arg(0).params()
            word = atom.arg(0).arg(0)
            if top == word.size() - 1:
                self.bound(word, 2**bottom - 1)

    def bound(self, term: z3.BitVecRef, high: int) -> None:
        number = self.number(term)
        number.high = min(number.high, high)

    def holds(self, formula: z3.BoolRef, wanted: bool) -> z3.BoolRef:
        """That the formula is true, or that it is false; or something weaker."""
        kind = formula.decl().kind()
        arguments = formula.children()
        if z3.is_true(formula) or z3.is_false(formula):
            return z3.BoolVal(z3.is_true(formula) == wanted)
        if kind == z3.Z3_OP_NOT:
            return self.holds(arguments[0], not wanted)
        if kind in (z3.Z3_OP_AND, z3.Z3_OP_OR):
            parts = [self.holds(argument, wanted) for argument in arguments]
            return z3.And(parts) if (kind == z3.Z3_OP_AND) == wanted else z3.Or(parts)
        if kind == z3.Z3_OP_ITE:
            return self.either(arguments[0], (arguments[1], wanted), (arguments[2], wanted))
        if kind == z3.Z3_OP_EQ and z3.is_bool(arguments[0]):
            return self.either(arguments[0], (arguments[1], wanted), (arguments[1], not wanted))
        if kind == z3.Z3_OP_EQ and z3.is_bv(arguments[0]):
            first, second = (self.number(argument).value for argument in arguments)
            return first == second if wanted else z3.Or(first <= second - 1, first >= second + 1)
        if kind in LESS:
            return self.compares(*LESS[kind], arguments, wanted)
        return z3.BoolVal(True)

    def either(
        self, condition: z3.BoolRef, then: tuple[z3.BoolRef, bool], otherwise: tuple[z3.BoolRef, bool]
    ) -> z3.BoolRef:
        return z3.Or(
            z3.And(self.holds(condition, True), self.holds(*then)),
            z3.And(self.holds(condition, False), self.holds(*otherwise)),
        )

    def compares(self, turned: bool, strict: bool, arguments: list[z3.BitVecRef], wanted: bool) -> z3.BoolRef:
        first, second = (self.number(argument).value for argument in arguments)
        if turned:
            first, second = second, first
        if not wanted:  # not below is at least, and the other way round
            first, second, strict = second, first, not strict
        return first <= second - 1 if strict else first <= second

    # ---- words

    def number(self, term: z3.BitVecRef) -> Number:
        found = self.numbers.get(term.get_id())
        if found is None:
            self.keep.append(term)
            operation = operation_of(term)
            found = self.split(term) or (
                getattr(self, operation)(term) if operation else self.fresh(2 ** term.size() - 1)
            )
            self.numbers[term.get_id()] = found
        return found

    def fresh(self, high: int) -> Number:
        """A number of which no more is known."""
        value = self.variable()
        self.constraints += [value >= 0, value <= high]
        return Number(value, high)

    def canonical(self, number: Number) -> z3.ArithRef:
        """The same for equal polynomials."""
        value = z3.simplify(number.value)
        self.keep.append(value)
        return value

    def split(self, term: z3.BitVecRef) -> Number | None:
        """An operation on a choice between constants is a choice between two operations."""
        if z3.is_app_of(term, z3.Z3_OP_ITE):
            return None
        for argument in term.children():
            if z3.is_app_of(argument, z3.Z3_OP_ITE) and all(z3.is_bv_value(end) for end in argument.children()[1:]):
                condition, then, otherwise = argument.children()
                ends = [
                    z3.simplify(z3.substitute(term, (argument, end), (condition, z3.BoolVal(way))))
                    for end, way in ((then, True), (otherwise, False))
                ]
                return self.number(z3.If(condition, *ends))
        return None

    def constant(self, term: z3.BitVecNumRef) -> Number:
        value = term.as_long()
        return Number(self.literal(value), value, (value & -value).bit_length() - 1 if value else term.size())

    def bvmul(self, term: z3.BitVecRef) -> Number:
        if signed(term)[0][0] < 0:
            return self.sum(term)
        whole = 2 ** term.size()
        number, *factors = (self.number(argument) for argument in term.children())
        for factor in factors:
            value, high = number.value * factor.value, number.high * factor.high
            if high < whole:
                number = Number(value, high, number.zeros + factor.zeros)
                continue
            number, rounds = self.fresh(whole - 1), self.variable()
            self.constraints += [z3.Or(rounds == 0, rounds >= 1), value == number.value + rounds * whole]
        return number

    def bvudiv(self, term: z3.BitVecRef) -> Number:
        return self.divided(*term.children(), evm=FUNCTION.fullmatch(term.decl().name()) is not None)[0]

    def bvurem(self, term: z3.BitVecRef) -> Number:
        return self.divided(*term.children(), evm=FUNCTION.fullmatch(term.decl().name()) is not None)[1]

    def divided(self, dividend: z3.BitVecRef, divisor: z3.BitVecRef, evm: bool) -> tuple[Number, Number]:
        """Quotient and remainder. By zero both are zero in the EVM; elsewhere that is left open."""
        a, b = self.number(dividend), self.number(divisor)
        # `mulmod` divides the same number as `div`, though it is a word of 512 bits: it has the same quotient.
        key = self.canonical(a).get_id(), self.canonical(b).get_id(), evm
        if key not in self.quotients:
            quotient = self.fresh(a.high if evm else 2 ** dividend.size() - 1)
            remainder = self.fresh(min(a.high, max(0, b.high - 1)) if evm else a.high)
            factor = self.cofactor(dividend, divisor)
            if factor is not None:
                exact = z3.And(quotient.value == factor.value, remainder.value == 0)
            else:
                exact = z3.And(
                    a.value == quotient.value * b.value + remainder.value,
                    remainder.value <= b.value - 1,
                    quotient.value <= a.value,
                )
            by_zero = z3.And(quotient.value == 0, remainder.value == 0) if evm else z3.BoolVal(True)
            self.constraints.append(z3.Or(z3.And(b.value >= 1, exact), z3.And(b.value == 0, by_zero)))
            self.quotients[key] = quotient, remainder
        return self.quotients[key]

    def cofactor(self, product: z3.BitVecRef, factor: z3.BitVecRef) -> Number | None:
        """The other factor of a product that cannot wrap: what its division by the one gives, as checked maths asks."""
        if operation_of(product) != "bvmul" or product.num_args() != 2:
            return None
        first, second = product.children()
        if self.number(first).high * self.number(second).high >= 2 ** product.size():
            return None
        if factor.eq(first):
            return self.number(second)
        return self.number(first) if factor.eq(second) else None

    def sum(self, term: z3.BitVecRef) -> Number:
        """The exact sum, less or plus 2^n as often as is needed."""
        size = term.size()
        whole, low, high, value, zeros = 2**size, 0, 0, self.literal(0), size
        for sign, part in signed(term):
            number = self.number(part)
            value = value + sign * number.value
            least = number.high if z3.is_bv_value(part) else 0
            low, high = (low + least, high + number.high) if sign > 0 else (low - number.high, high - least)
            zeros = min(zeros, number.zeros)
        first, last = low // whole, high // whole
        if (first, last) == (0, 0):
            return Number(value, high, zeros)
        number = self.fresh(whole - 1)
        if last - first <= MOST_CARRIES:
            self.constraints.append(z3.Or([number.value == value - carry * whole for carry in range(first, last + 1)]))
        return Number(number.value, number.high, zeros)

    def choice(self, term: z3.BitVecRef) -> Number:
        condition, then, otherwise = term.children()
        first, second = self.number(then), self.number(otherwise)
        number = self.fresh(max(first.high, second.high))
        self.constraints.append(
            z3.Or(
                z3.And(self.holds(condition, True), number.value == first.value),
                z3.And(self.holds(condition, False), number.value == second.value),
            )
        )
        return Number(number.value, number.high, min(first.zeros, second.zeros))

    # ---- bits

    def concatenation(self, term: z3.BitVecRef) -> Number:
        first, *parts = term.children()
        number = self.number(first)
        for part in parts:
            low = self.number(part)
            if number.high == 0:
                number = low  # the very same, so that what bounds one bounds the other
                continue
            scale = 2 ** part.size()
            zeros = part.size() + number.zeros if low.high == 0 else low.zeros
            number = Number(number.value * scale + low.value, number.high * scale + low.high, zeros)
        return number

    def extract(self, term: z3.BitVecRef) -> Number:
        top, bottom = term.params()
        number = self.number(term.arg(0))
        return self.halves(self.halves(number, top + 1)[1], bottom)[0] if bottom else self.halves(number, top + 1)[1]

    def halves(self, number: Number, at: int) -> tuple[Number, Number]:
        """What stands above and below bit `at`."""
        if number.high < 2**at:
            return Number(self.literal(0), 0), number
        if number.zeros >= at:
            return Number(number.value / 2**at, number.high >> at, number.zeros - at), Number(self.literal(0), 0)
        value = self.canonical(number)
        key = value.get_id(), at
        if key not in self.parts:
            above, below = self.fresh(number.high >> at), self.fresh(2**at - 1)
            self.constraints.append(value == above.value * 2**at + below.value)
            self.parts[key] = above, below
        return self.parts[key]

    def joined(self, term: z3.BitVecRef) -> Number:
        """`or` and `xor` of words that have no bit in common are their sum."""
        total = Number(self.literal(0), 0, term.size())
        for number in sorted((self.number(part) for part in term.children()), key=lambda part: part.high):
            if total.high >= 2**number.zeros:
                return self.fresh(2 ** term.size() - 1)
            zeros = min(number.zeros, total.zeros)
            total = Number(total.value + number.value, total.high + number.high, zeros)
        return total

    def masked(self, term: z3.BitVecRef) -> Number:
        """`and` with the lowest bits."""
        for mask, other in (term.children()[:2], term.children()[1::-1]):
            if term.num_args() == 2 and z3.is_bv_value(mask) and mask.as_long() & (mask.as_long() + 1) == 0:
                return self.halves(self.number(other), mask.as_long().bit_length())[1]
        return self.fresh(2 ** term.size() - 1)

    def complement(self, term: z3.BitVecRef) -> Number:
        most = 2 ** term.size() - 1
        return Number(most - self.number(term.arg(0)).value, most)

    def shifted(self, term: z3.BitVecRef) -> Number:
        """By a constant."""
        word, places = term.children()
        if not z3.is_bv_value(places):
            return self.fresh(2 ** term.size() - 1)
        number, by = self.number(word), min(places.as_long(), term.size())
        if term.decl().kind() == z3.Z3_OP_BLSHR:
            return self.halves(number, by)[0]
        kept = self.halves(number, term.size() - by)[1]
        return Number(kept.value * 2**by, kept.high * 2**by, kept.zeros + by)
