"""The bundled histories, against formulas written a second time and against the files themselves."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from controller.errors import InputError, NotFoundError
from controller.market import datasets
from controller.market.datasets import bond_return, crypto, macro

DATA = Path(datasets.__file__).parent / "data"


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    return macro()


def rows(name: str) -> dict[str, dict[str, str]]:
    with (DATA / name).open() as file:
        return {row["Date"][:7]: row for row in csv.DictReader(file)}


def test_macro__then_every_month_from_april_1953_to_the_last_reported_dividend(prices: pd.DataFrame) -> None:
    assert list(prices.columns) == ["EQUITY", "BOND", "GOLD", "DOLLAR"]
    assert prices.index[0] == pd.Timestamp("1953-04-01", tz="UTC")
    assert prices.index[-1] == pd.Timestamp("2023-06-01", tz="UTC")
    assert list(prices.index) == list(pd.date_range("1953-04-01", "2023-06-01", freq="MS", tz="UTC"))
    assert (prices > 0).all(axis=None)
    assert tuple(prices.iloc[0]) == (100.0, 100.0, 34.84, 1.0)
    assert (prices["DOLLAR"] == 1.0).all()


def test_macro__then_the_file_reports_no_dividend_afterwards() -> None:
    after = [row["Dividend"] for month, row in rows("macro/shiller_sp500.csv").items() if month > "2023-06"]
    assert after
    assert set(after) == {"0.0"}


def test_macro__equity__then_a_holder_who_buys_shares_with_each_dividend(prices: pd.DataFrame) -> None:
    """Counts shares instead of multiplying returns."""
    source = rows("macro/shiller_sp500.csv")
    shares, expected = 100.0 / float(source["1953-04"]["SP500"]), []
    for day in prices.index:
        row = source[f"{day:%Y-%m}"]
        if expected:
            shares += shares * float(row["Dividend"]) / 12 / float(row["SP500"])
        expected.append(shares * float(row["SP500"]))
    np.testing.assert_allclose(prices["EQUITY"], expected, rtol=1e-12)


def test_macro__equity_over_a_year__then_price_return_and_dividend_yield_together(prices: pd.DataFrame) -> None:
    source = rows("macro/shiller_sp500.csv")
    for year in range(1954, 2023):
        first, last = f"{year - 1}-12", f"{year}-12"
        total = prices["EQUITY"][f"{last}-01"] / prices["EQUITY"][f"{first}-01"] - 1
        start, end = float(source[first]["SP500"]), float(source[last]["SP500"])
        simple = (end + float(source[last]["Dividend"])) / start - 1
        assert total == pytest.approx(simple, abs=0.012), year


def test_macro__gold__then_the_file(prices: pd.DataFrame) -> None:
    source = rows("macro/gold_monthly.csv")
    assert list(prices["GOLD"]) == [float(source[f"{day:%Y-%m}"]["Price"]) for day in prices.index]


def approximate_return(before: float, after: float) -> float:
    """Yield income less duration times the change of yield, and half the convexity: the approximation in Swinkels
    (2019) for a par bond of ten years, duration and convexity by finite differences."""

    def value(rate: float) -> float:
        return sum(before / 2 / (1 + rate / 2) ** k for k in range(1, 21)) + 1 / (1 + rate / 2) ** 20

    step = 1e-4
    duration = (value(before - step) - value(before + step)) / (2 * step)
    convexity = (value(before + step) + value(before - step) - 2 * value(before)) / step**2
    change = after - before
    return (1 + before / 2) ** (1 / 6) - 1 - duration * change + convexity / 2 * change**2


def test_macro__bond__then_close_to_duration_and_convexity_in_every_month(prices: pd.DataFrame) -> None:
    source = rows("macro/us10y_monthly.csv")
    rates = [float(source[f"{day:%Y-%m}"]["Rate"]) / 100 for day in prices.index]
    found = prices["BOND"].pct_change().dropna()
    expected = [approximate_return(before, after) for before, after in itertools.pairwise(rates)]
    np.testing.assert_allclose(found, expected, atol=6e-4)


def test_macro__bond_around_the_peak_of_yields__then_loses_before_it_and_gains_after(prices: pd.DataFrame) -> None:
    source = rows("macro/us10y_monthly.csv")
    peak = max(source, key=lambda month: float(source[month]["Rate"]))
    assert peak == "1981-09"
    price = prices["BOND"]
    assert price["1981-09-01"] < price["1980-06-01"]
    assert price["1982-12-01"] > 1.3 * price["1981-09-01"]


@pytest.mark.parametrize("rate", [0.005, 0.03, 0.08, 0.15])
def test_bond_return__when_the_yield_stays__then_a_month_of_it(rate: float) -> None:
    assert bond_return(rate, rate) == pytest.approx((1 + rate / 2) ** (1 / 6) - 1, abs=1e-14)


def test_bond_return__when_yields_rise__then_less_than_when_they_fall() -> None:
    assert bond_return(0.05, 0.06) < 0 < bond_return(0.05, 0.05) < bond_return(0.05, 0.04)


def test_bond_return__by_discounting_every_payment__then_the_same() -> None:
    """Each coupon at its own date: 5 months to the first one, then every 6."""
    before, after = 0.045, 0.0525
    times = [(5 + 6 * k) / 12 for k in range(20)]
    dirty = sum(before / 2 * (1 + after / 2) ** (-2 * time) for time in times) + (1 + after / 2) ** (-2 * times[-1])
    assert bond_return(before, after) == pytest.approx(dirty - 1, abs=1e-13)


def test_crypto__then_every_day_of_the_file_from_the_first_close_of_the_dollar_coin() -> None:
    prices = crypto()
    assert list(prices.columns) == ["BTC", "ETH", "LINK", "DOLLAR"]
    assert list(prices.index) == list(pd.date_range("2018-10-09", "2021-07-06", tz="UTC"))
    crash = prices.loc["2020-03-12"] / prices.loc["2020-03-11"] - 1
    assert (crash[["BTC", "ETH", "LINK"]] < -0.3).all()
    assert prices["DOLLAR"].loc["2020-03-18"] == 0.97012394
    assert not prices.isna().any(axis=None)


def test_crypto__before_the_dollar_coin_was_listed__then_every_missing_day_is_named() -> None:
    with pytest.raises(InputError) as caught:
        crypto("2018-10-07", "2018-10-10")
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "USDC, 2018-10-07: has no price",
        "USDC, 2018-10-08: has no price",
    ]
    with pytest.raises(InputError):
        crypto("2021-07-07", "2021-07-08")
    with pytest.raises(InputError):
        crypto("2021-01-02", "2021-01-01")


def test_crypto__where_the_data_is_not_installed__then_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(datasets.resources, "files", lambda _package: tmp_path)
    with pytest.raises(NotFoundError, match="not with the wheel"):
        crypto()


def test_datasets__whatever_is_bundled__then_its_licence_stands_beside_it() -> None:
    for folder in DATA.iterdir():
        text = (folder / "README.md").read_text()
        assert all(file.name in text for file in folder.glob("*.csv"))
        assert "icence" in text
