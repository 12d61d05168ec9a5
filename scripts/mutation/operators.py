"""The small defects that are planted: slither's, and two kinds that slither does not have."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slither.core.cfg.node import NodeType
from slither.core.declarations import Contract
from slither.slithir.operations import Binary, BinaryType
from slither.slithir.variables import Constant
from slither.tools.mutator.mutators import all_mutators
from slither.tools.mutator.mutators.abstract_mutator import AbstractMutator

LEFT_OUT = {"ROR", "RR"}
"""Slither's operators that are not used: ROR ends with an error where a comparison stands in assembly, so `_relations`
is in its place; RR puts `revert()` in the place of a statement, which any test finds that reaches it, and coverage has
said already which ones are reached: it would only make the share look better."""

RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
WITH_ZERO = ({"==", "<="}, {"!=", ">"})
"""Which of them say the same of an unsigned number and zero on its right."""
IN_ASSEMBLY = {
    "add(": "sub(",
    "sub(": "add(",
    "mul(": "div(",
    "div(": "mul(",
    "shl(": "shr(",
    "shr(": "shl(",
    "and(": "or(",
    "or(": "and(",
    "xor(": "or(",
    "eq(": "lt(",
    "iszero(": "add(0,",
    "lt(": "gt(",
    "gt(": "lt(",
    "slt(": "sgt(",
    "sgt(": "slt(",
}
"""What stands in the place of each instruction; nothing in that of a negation."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file, by byte offsets."""

    operator: str
    start: int
    end: int
    line: int
    old: str
    new: str
    same: bool = False  # as before whatever the numbers are: nothing unsigned is below zero

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.start}:{self.end}:{self.new}".encode()).hexdigest()[:12]

    def planted(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutants(contract: Contract, seed: int) -> list[Mutant]:
    """All mutants of what a contract declares itself, each change once, in an order that the seed alone decides: the
    first ones are a sample of all."""
    made = {mutant.id: mutant for mutant in _all(contract) if not _is_no_change(mutant)}
    found = sorted(made.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.new))
    random.Random(seed).shuffle(found)  # noqa: S311 - a sample, no secret
    return found


def _is_no_change(mutant: Mutant) -> bool:
    """What no test can find, by its kind: a constant of half the width that holds it, as the compiler sees to, and is
    widened again beside what it is used with; `k++` in the place of `++k` where nobody takes the value."""
    typed = r"^u?int\d+ (?=.*constant)"
    step = r"(\+\+|--)(\w+)|(\w+)(\+\+|--)"
    of_constant = re.match(typed, mutant.old) and re.sub(typed, "", mutant.old) == re.sub(typed, "", mutant.new)
    of_step = re.fullmatch(step, mutant.old) and sorted(mutant.old) == sorted(mutant.new)
    return mutant.old == mutant.new or bool(of_constant or of_step)


def _all(contract: Contract) -> Iterator[Mutant]:
    yield from _relations(contract)
    yield from _instructions(contract)
    for operator in vars(all_mutators).values():
        if isinstance(operator, type) and issubclass(operator, AbstractMutator) and operator.NAME not in LEFT_OUT:
            yield from _by_slither(operator, contract)


def _by_slither(operator: type[AbstractMutator], contract: Contract) -> Iterator[Mutant]:
    if not operator.NAME:
        return
    made = operator(contract.compilation_unit, 0, "", "", contract, None, False, Path(), [])._mutate()
    for patches in made.get("patches", {}).values():
        for patch in patches:
            places = patch["start"], patch["end"], patch["line_number"]
            yield Mutant(operator.NAME, *places, patch["old_string"], patch["new_string"])


def _relations(contract: Contract) -> Iterator[Mutant]:
    """Every comparison by every other, where a statement has one of its kind."""
    for function in contract.functions_and_modifiers_declared:
        for node in function.nodes:
            if node.expression is None:
                continue
            source = node.expression.source_mapping
            comparisons = [each for each in node.irs if isinstance(each, Binary) and _compares(each)]
            for relation in {each.type.value for each in comparisons}:
                places = list(re.finditer(rf"(?<![<>=!-]){re.escape(relation)}(?![<>=])", source.content))
                if len(places) != 1:
                    continue
                start, end = source.start + places[0].start(), source.start + places[0].end()
                with_zero = all(_is_with_zero(each) for each in comparisons if each.type.value == relation)
                for other in RELATIONS:
                    same = with_zero and {relation, other} in WITH_ZERO
                    yield Mutant("relation", start, end, source.lines[0], relation, other, same)


def _is_with_zero(comparison: Binary) -> bool:
    left, right = comparison.variable_left, comparison.variable_right
    return isinstance(right, Constant) and right.value == 0 and str(left.type).startswith("uint")


def _compares(operation: Binary) -> bool:
    return BinaryType.return_bool(operation.type) and operation.type.value in RELATIONS


def _instructions(contract: Contract) -> Iterator[Mutant]:
    """Every instruction in assembly by its counterpart."""
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, IN_ASSEMBLY))})")
    for function in contract.functions_and_modifiers_declared:
        for node in function.nodes:
            if node.type != NodeType.ASSEMBLY:
                continue
            source = node.source_mapping
            for place in pattern.finditer(_without_comments(source.content)):
                old = place.group()
                line = source.lines[0] + source.content.count("\n", 0, place.start())
                start = source.start + place.start()
                yield Mutant("instruction", start, start + len(old), line, old, IN_ASSEMBLY[old])


def _without_comments(text: str) -> str:
    """The same length, with blanks where comments stand."""
    return re.sub(r"//[^\n]*", lambda found: " " * len(found.group()), text)
