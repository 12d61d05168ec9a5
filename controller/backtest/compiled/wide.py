"""Integers of 256 bits for compiled code, with the operators of Python's.

A value in D36{quote} takes up to 165 bits (`BITS`); the largest factor that anything multiplies it by is D14{1}, 47
bits, so nothing wraps below that. Arrays hold integers as rows of four words, the lowest first.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model
from numba.np import arrayobj

from controller.backtest.compiled.jit import compiled

WORDS: Final = 4
WORD: Final = 64
BITS: Final = 165
"""Of a value D36{quote}, so that products fit."""
Words = npt.NDArray[np.uint64]
_INTEGER: Final = ir.IntType(WORDS * WORD)


class WideType(types.Type):
    """The type of such an integer, as numba sees it."""

    def __init__(self) -> None:
        super().__init__("Wide")


WIDE: Final[Any] = WideType()


class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: WideType) -> None:
        super().__init__(manager, kind, _INTEGER)  # type: ignore[no-untyped-call]


register_model(WideType)(_Model)


def _built(build: Callable[[Any, Any, Any], Any], result: Any = WIDE) -> Any:
    """An operation on two wide integers that takes few instructions."""

    def operation(_context: Any, left: Any, right: Any) -> Any:
        def generate(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return build(builder, *values)

        return (result(WIDE, WIDE), generate) if left is WIDE and right is WIDE else None

    return intrinsic(operation)


def _called(name: str, build: Callable[[Any, Any, Any], Any]) -> Any:
    """An operation on two wide integers that is called and never inlined: what looks like one instruction becomes
    hundreds, and all the time of compiling."""

    def call(builder: Any, left: Any, right: Any) -> Any:
        called = builder.module.globals.get(name)
        if called is None:
            called = ir.Function(builder.module, ir.FunctionType(_INTEGER, [_INTEGER, _INTEGER]), name)
            called.linkage = "linkonce_odr"
            called.attributes.add("noinline")
            inside = ir.IRBuilder(called.append_basic_block())
            inside.ret(build(inside, *called.args))
        return builder.call(called, [left, right])

    return _built(call)


def _compared(sign: str) -> Any:
    return _built(lambda builder, left, right: builder.icmp_signed(sign, left, right), types.boolean)


def _wide(_context: Any, number: Any) -> Any:
    if number is WIDE:
        return WIDE(WIDE), lambda _target, _builder, _signature, values: values[0]
    return WIDE(types.int64), lambda _target, builder, _signature, values: builder.sext(values[0], _INTEGER)


def _narrow(_context: Any, _number: Any) -> Any:
    return types.int64(WIDE), lambda _target, builder, _signature, values: builder.trunc(values[0], ir.IntType(WORD))


def _real(_context: Any, _number: Any) -> Any:
    return types.float64(WIDE), lambda _target, builder, _signature, values: builder.sitofp(values[0], ir.DoubleType())


def _truncated(_context: Any, _number: Any) -> Any:
    return WIDE(types.float64), lambda _target, builder, _signature, values: builder.fptosi(values[0], _INTEGER)


def _address(target: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Of the integer at a row of an array of words."""
    words = arrayobj.make_array(signature.args[0])(target, builder, values[0])  # type: ignore[no-untyped-call]
    first = builder.mul(values[1], ir.Constant(ir.IntType(WORD), WORDS))
    return builder.bitcast(builder.gep(words.data, [first]), _INTEGER.as_pointer())


def _load(_context: Any, words: Any, _row: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = builder.load(_address(target, builder, signature, values))
        found.align = WORD // 8
        return found

    return WIDE(words, types.int64), generate


def _store(_context: Any, words: Any, _row: Any, _number: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, values: Any) -> Any:
        done = builder.store(values[2], _address(target, builder, signature, values))
        done.align = WORD // 8
        return target.get_dummy_value()

    return types.void(words, types.int64, WIDE), generate


def _intrinsic(generator: Callable[..., Any]) -> Any:
    return intrinsic(generator)


wide: Final[Callable[[int], int]] = _intrinsic(_wide)
"""An integer of any kind as a wide one."""
narrow: Final[Callable[[int], int]] = _intrinsic(_narrow)
"""A wide integer of less than 63 bits as an ordinary one."""
real: Final[Callable[[int], float]] = _intrinsic(_real)
"""A wide integer as the nearest floating-point number."""
_whole: Final[Callable[[float], int]] = _intrinsic(_truncated)
load: Final[Callable[[Words, int], int]] = _intrinsic(_load)
"""The integer at a row of an array; no bounds are checked."""
store: Final[Callable[[Words, int, int], None]] = _intrinsic(_store)
"""Puts an integer at a row of an array; no bounds are checked."""


@compiled
def _quotient(left: int, right: int) -> int:
    """Rounded down; neither is negative. Floating point guesses, and the rest is exact: 50 bits for every guess."""
    whole, rest, divisor = wide(0), left, real(right)
    while True:
        part = _whole(real(rest) / divisor)
        if part == wide(0):
            break
        whole, rest = whole + part, rest - part * right
    if rest < wide(0):
        return whole - wide(1)
    return whole + wide(1) if rest >= right else whole


def _give(sign: Callable[..., Any], operation: Any) -> None:
    """Makes an operator of Python work on wide integers, and on one beside an ordinary one."""

    widened: Any = wide

    def chosen(left: Any, right: Any) -> Any:
        if WIDE not in (left, right):
            return None
        return lambda left, right: operation(widened(left), widened(right))

    overload(sign, strict=False)(chosen)


for _sign, _operation in (
    (operator.add, _built(lambda builder, left, right: builder.add(left, right))),
    (operator.sub, _built(lambda builder, left, right: builder.sub(left, right))),
    (operator.mul, _called("evenkeel_multiplied", lambda builder, left, right: builder.mul(left, right))),
    (operator.floordiv, _quotient),
    (operator.rshift, _built(lambda builder, left, right: builder.lshr(left, right))),
    (operator.lt, _compared("<")),
    (operator.le, _compared("<=")),
    (operator.gt, _compared(">")),
    (operator.ge, _compared(">=")),
    (operator.eq, _compared("==")),
    (operator.ne, _compared("!=")),
):
    _give(_sign, _operation)


def to_words(numbers: Sequence[int]) -> Words:
    """(n, 4) of integers that are not negative."""
    mask = 2**WORD - 1
    return np.array([[number >> WORD * word & mask for word in range(WORDS)] for number in numbers], dtype=np.uint64)


def from_words(words: Words) -> list[int]:
    """The integers of (n, 4)."""
    return [sum(int(word) << WORD * place for place, word in enumerate(row)) for row in words]
