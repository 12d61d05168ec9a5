"""Numbers and rows of an owner's files: exact, and what is wrong is named with its row."""

from __future__ import annotations

from fractions import Fraction

import pytest

from controller.errors import InputError
from controller.tax.prices import Daily, exact


@pytest.mark.parametrize(
    ("text", "number"),
    [("12.5", Fraction(25, 2)), (" -3 ", Fraction(-3)), ("1_000.", Fraction(1_000)), (".25", Fraction(1, 4))],
)
def test_exact__of_a_decimal_number__then_it(text: str, number: Fraction) -> None:
    assert exact(text) == number


@pytest.mark.parametrize("text", ["", "1/3", "1e9", "1e99999999", "inf", "nan", "0x4", "1,000", ".", "--1", "\u0661.5"])
def test_exact__of_anything_else__then_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        exact(text)


def test_daily__of_bad_rows__then_every_one_is_named() -> None:
    source = "asset,date,price\nETH,2025-01-31,2500\nETH,31.1.2025,2500\nETH,2025-02-01,0\nETH,2025-02-02,1e3\n"
    with pytest.raises(InputError) as caught:
        Daily.read(source.encode(), "prices.csv", "asset", "price")
    assert [mistake.where for mistake in caught.value.mistakes] == [f"prices.csv, row {row}" for row in (3, 4, 5)]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"asset,day,price\n", "has no column date"),
        (b"\xff\xfe", "is no CSV file"),
        (b"asset,date,price\nETH,2025-01-31\n", "has mistakes"),
    ],
)
def test_daily__of_no_such_file__then_said(source: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Daily.read(source, "prices.csv", "asset", "price")
