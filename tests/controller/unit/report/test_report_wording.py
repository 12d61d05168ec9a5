"""Words, dates and axes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from controller.model import Cause, Fees, Knot, Period, Scope, TriggerKind
from controller.report.axes import Axis, axis_for, time_marks
from controller.report.console import summary_table
from controller.report.metrics import summarise
from controller.report.wording import (
    Words,
    amount,
    bps,
    cause,
    duration,
    mandate_words,
    percent,
    points,
    rate,
    weight_points,
)
from controller.units import D18

WORDS = Words(("AAA", "BBB"))


@pytest.mark.parametrize(
    ("raw", "decimals", "shown"),
    [
        (0, 18, "0"),
        (1, 18, "0.000000000000000001"),
        (123_456_789, 6, "123.457"),
        (1_234_567_890_000, 6, "1,234,567.89"),
        (7, 0, "7"),
        (5 * 10**17, 18, "0.500000"),
    ],
)
def test_amount__whole_tokens__six_digits(raw, decimals, shown):
    assert amount(raw, decimals) == shown


def test_rate__different_decimals__whole_tokens_for_one():
    # 0.82 of 18 decimals for 102.09 of 6
    assert rate(82 * 10**16, 18, 102_090_000, 6) == "124.50000"
    assert rate(0, 18, 1, 6) == "-"
    assert rate(10**18, 18, 0, 6) == "0.00"


def test_points_and_ratios__shown_without_needless_zeros():
    assert [points(weight) for weight in (0, 5, 25, 250, 500, 10_000)] == ["0%", "0.05%", "0.25%", "2.5%", "5%", "100%"]
    assert [weight_points(weight) for weight in (100, 250)] == ["1 percentage point", "2.5 percentage points"]
    assert (percent(None), bps(None)) == ("-", "-")
    assert (percent(D18 // 200, sign=True), bps(-D18 // 1000, sign=True), bps(D18 // 1000, sign=True)) == (
        "+0.50%",
        "-10.0 bps",
        "+10.0 bps",
    )


def test_duration__largest_whole_unit():
    assert [duration(seconds) for seconds in (86_400, 172_800, 5400, 61)] == [
        "1 day",
        "2 days",
        "90 minutes",
        "61 seconds",
    ]


def test_mandate_words__breach_scope_to_target_with_cooldown__said(mandate_of):
    mandate = mandate_of((5000, 5000), (6, 18), scope=Scope.BREACH, destination=0, cooldown=86_400, min_trade=10**20)

    said = " ".join(mandate_words(mandate, WORDS))

    assert "bring the assets that far away back to their targets." in said
    assert "Wait 1 day between two rebalances." in said
    assert "Trade nothing smaller than 100.00 USD." in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"kind": TriggerKind.CALENDAR, "band": 0, "every": 1, "period": Period.QUARTER, "destination": 0},
            "Every quarter, bring every asset back to its target.",
        ),
        (
            {"kind": TriggerKind.EITHER, "every": 3, "period": Period.MONTH},
            "is 5 percentage points or more away from its target, or every 3 months, bring",
        ),
        (
            {"kind": TriggerKind.BOTH, "every": 1, "period": Period.YEAR, "relative_band": 2_000},
            "points or more away from its target, or 20% of its target or more away from it, and every year",
        ),
        (
            {"relative_band": 2_000, "relative_destination": 1_000},
            "back within 1 percentage point and 10% of the target of its target.",
        ),
        ({"window": 7_200}, "Finish within 2 hours what cannot be done at once."),
        (
            {"loss_budget": 150, "max_loss": 25},
            "0.25% of the vault in a rebalance against the oracle, and 1.5% in any 30 days.",
        ),
        ({"turnover_budget": 20_000}, "Sell no more than 200% of the vault in any 30 days."),
        ({"spread": 50}, "Single assets come and go with a spread of 0.5%."),
        ({"fees": Fees("0x" + "01" * 20, 50, 1_000)}, "Take 0.5% of the shares a year and 10% of new highs as fees."),
        (
            {"path": (Knot(0, (5_000, 5_000)), Knot(86_400, (4_000, 6_000)))},
            "Hold 50% AAA, 50% BBB until 1970-01-01, and glide to 40% AAA, 60% BBB on 1970-01-02.",
        ),
    ],
)
def test_mandate_words__whole_mandate__said(mandate_of, changes, words):
    assert words in " ".join(mandate_words(mandate_of((5000, 5000), (6, 18), **changes), WORDS))


@pytest.mark.parametrize(
    ("why", "is_open", "shown"),
    [
        (Cause.THRESHOLD, False, "band"),
        (Cause.CALENDAR, True, "calendar, in parts"),
        (Cause.THRESHOLD_AND_CALENDAR, False, "band and calendar"),
        (Cause.OPEN, True, "next part"),
    ],
)
def test_cause__every_one__in_words(tiny, why, is_open, shown):
    assert cause(replace(tiny.ticks[1].outcome.rebalance, cause=why, open=is_open)) == shown


def test_summary_table__three_ticks__has_every_number_and_escapes(tiny):
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(summary_table(summarise(tiny.ticks, tiny.mandate), Words(("AAA", "BBB"), quote="[red]X")))

    text = console.export_text()
    for shown in ("The run, 1970-01-12 to 1970-01-14", "Turnover", "40.0 bps", "in band", "2,020.09 [red]X", "-0.02%"):
        assert shown in text


@pytest.mark.parametrize(
    ("first", "last", "texts"),
    [
        (datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), "2000 2005 2010 2015 2020 2025"),
        (datetime(1953, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), "1960 1970 1980 1990 2000 2010 2020"),
        (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 4, 2, tzinfo=UTC), "Jan 2020,Feb 2020,Mar 2020,Apr 2020"),
        (datetime(2020, 3, 10, tzinfo=UTC), datetime(2020, 3, 14, tzinfo=UTC), "10 Mar,11 Mar,12 Mar,13 Mar,14 Mar"),
        (datetime(2020, 3, 10, 23, 59, tzinfo=UTC), datetime(2020, 3, 11, 0, 2, tzinfo=UTC), "23:59,00:00,00:01,00:02"),
    ],
)
def test_time_marks__any_length__round_dates(first, last, texts):
    marks = time_marks(first, last)

    assert [mark.text for mark in marks] == texts.split("," if "," in texts else " ")
    assert all(0 <= mark.at <= 1 for mark in marks)


def test_time_marks__one_moment__none():
    moment = datetime(2020, 1, 1, tzinfo=UTC)

    assert time_marks(moment, moment) == ()


@pytest.mark.parametrize("values", [[], [0.0], [5.0, 5.0], [-3.0, 0.0], [1e-9, 2e-9], [1.0, 1e9]])
def test_axis_for__any_values__hold_them_and_have_marks(values):
    axis = axis_for(values)

    assert all(0 <= axis.at(value) <= 1 for value in values)
    assert 2 <= len(axis.marks(5, str)) <= 8


@pytest.mark.parametrize("high", [4.1, 50.0, 1e3, 1e9])
def test_axis__logarithmic__few_round_marks(high):
    axis = axis_for([1.0, high], logarithmic=True)

    marks = axis.marks(6, lambda value: f"{value:g}")

    assert 2 <= len(marks) <= 12
    assert marks[0].text == "1"
    assert Axis(1, 100, logarithmic=True).at(10) == pytest.approx(0.5)
