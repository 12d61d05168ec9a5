"""Price files: good ones in every shape, bad ones with every mistake named."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from controller.errors import InputError, MissingExtraError, NotFoundError
from controller.market import history
from controller.market.history import read_history

WIDE = "Date,BTC,ETH\n2020-01-01,7000.5,\n2020-01-02,7100,130\n2020-01-03,7200,131.25\n"
LONG = (
    "symbol,date,close\nBTC,2020-01-02,7100\nBTC,2020-01-01,7000.5\nETH,2020-01-02,130\n"
    "BTC,2020-01-03,7200\nETH,2020-01-03,131.25\n"
)


def write(folder: Path, text: str, name: str = "prices.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_history(path)
    return [str(mistake) for mistake in caught.value.mistakes]


def expected() -> pd.DataFrame:
    index = pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-03"], tz="UTC", name="date")
    return pd.DataFrame({"BTC": [7000.5, 7100, 7200], "ETH": [math.nan, 130, 131.25]}, index=index)


@pytest.mark.parametrize("text", [WIDE, LONG, "\ufeff" + WIDE, WIDE.replace("\n", "\r\n"), WIDE + "\n"])
def test_read_history__of_csv_in_any_shape__then_the_same_frame(tmp_path: Path, text: str) -> None:
    pd.testing.assert_frame_equal(read_history(write(tmp_path, text)), expected(), check_index_type=False)


@pytest.mark.parametrize("shape", ["wide", "long", "indexed"])
def test_read_history__of_parquet__then_the_same_frame(tmp_path: Path, shape: str) -> None:
    frame, path = expected(), tmp_path / "prices.parquet"
    if shape == "wide":
        frame = frame.reset_index()
    if shape == "long":
        frame = frame.reset_index().melt("date", var_name="asset", value_name="price").dropna()
    frame.to_parquet(path, index=shape == "indexed")
    pd.testing.assert_frame_equal(read_history(path), expected(), check_index_type=False)


def test_read_history__of_months__then_first_days(tmp_path: Path) -> None:
    found = read_history(write(tmp_path, "month,GOLD\n2020-01,1500\n2020-02,1600\n"))
    assert [str(day.date()) for day in found.index] == ["2020-01-01", "2020-02-01"]


def test_read_history__when_read__then_prices_cannot_be_changed(tmp_path: Path) -> None:
    found = read_history(write(tmp_path, WIDE))
    with pytest.raises(ValueError, match="read-only"):
        found.iloc[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        found.loc[found.index[0], "BTC"] = 1.0


def test_read_history__of_a_bad_wide_file__then_every_mistake_by_row_and_column(tmp_path: Path) -> None:
    text = "Date,BTC,ETH\n2020-01-01,7000,130\nyesterday,1,1\n2020-01-01,1,1\n2020-01-02,-5,abc\n2020-01-03,nan,inf\n"
    assert mistakes(write(tmp_path, text)) == [
        "row 3, column Date: 'yesterday' is not a date such as 2020-03-12 or 2020-03",
        "row 4: repeats the date of row 2",
        "row 5, column BTC: '-5' is not a positive number",
        "row 5, column ETH: 'abc' is not a positive number",
        "row 6, column BTC: 'nan' is not a positive number",
        "row 6, column ETH: 'inf' is not a positive number",
    ]


def test_read_history__of_a_bad_long_file__then_every_mistake_by_row_and_column(tmp_path: Path) -> None:
    text = "date,asset,price\n2020-01-01,BTC,0\n2020-01-01,,5\n2020-01-02,BTC,5\n2020-01-02,BTC,6\n"
    assert mistakes(write(tmp_path, text)) == [
        "row 2, column price: '0' is not a positive number",
        "row 3, column asset: names no asset",
        "row 5: repeats BTC on 2020-01-02",
    ]


def test_read_history__with_a_gap_after_the_first_price__then_named_and_not_filled(tmp_path: Path) -> None:
    text = "date,A,B\n2020-01-01,,1\n2020-01-02,1,\n2020-01-03,,2\n"
    assert mistakes(write(tmp_path, text)) == [
        "column A, 2020-01-03: has no price after its first one",
        "column B, 2020-01-02: has no price after its first one",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "file: is empty"),
        ("date,A\n", "file: has no prices"),
        ("date,A,B\n2020-01-01,1,\n", "column B: has no price at all"),
        ("A,B\n1,2\n", "header: needs exactly one date column, named one of date, day, month, time, timestamp"),
        ("date,A,A\n2020-01-01,1,2\n", "column A: comes twice"),
        ("date,A\n2020-01-01,1,2\n", "row 2: has 3 cells, the header has 2"),
    ],
)
def test_read_history__of_an_unusable_file__then_said(tmp_path: Path, text: str, mistake: str) -> None:
    assert mistakes(write(tmp_path, text)) == [mistake]


def test_read_history__of_bytes_that_are_no_text_or_no_parquet__then_said(tmp_path: Path) -> None:
    for name in ("prices.csv", "prices.parquet"):
        path = tmp_path / name
        path.write_bytes(b"\xff\xfe\x00PAR")
        assert mistakes(path)[0].startswith("file: is not ")


def test_read_history__of_another_kind_or_of_nothing__then_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_history(tmp_path / "missing.csv")
    with pytest.raises(InputError, match=r"neither \.csv nor \.parquet"):
        read_history(write(tmp_path, "x", "prices.xls"))


def test_read_history__of_parquet_without_the_extra__then_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"evenkeel\[parquet\]"):
        read_history(write(tmp_path, "x", "prices.parquet"))
