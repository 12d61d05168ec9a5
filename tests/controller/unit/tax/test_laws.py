"""What each jurisdiction makes of gains: terms, years, limits and sums."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from tax_pieces import ASSET, ONE, bought, sold

from controller.errors import InputError, UsageError
from controller.tax.booking import Method, Scope, book
from controller.tax.holding import free_from_germany, long_from_us, zone_of
from controller.tax.laws import LAWS, germany, law_of, united_kingdom
from controller.tax.laws.united_states import box
from controller.tax.movements import Movement
from controller.tax.report import Request, TaxReport, build


def reported(code: str, year: int, movements: list[Movement], **changes: object) -> TaxReport:
    law = law_of(code)
    return build(movements, Request(law, year, law.methods[0], **changes))  # type: ignore[arg-type]


def figure(report: TaxReport, name: str) -> Fraction:
    """{quote}"""
    (found,) = [one.value for one in report.figures if one.name == name]
    return found / ONE


@pytest.mark.parametrize(
    ("acquired", "germany_free", "us_long"),
    [
        ("2023-02-06", "2024-02-07", "2024-02-07"),
        ("2024-02-29", "2025-03-01", "2025-03-01"),
        ("2023-02-28", "2024-02-29", "2024-03-01"),  # a year from 1 March in the one, to 28 February in the other
        ("2024-02-28", "2025-03-01", "2025-03-01"),
        ("2023-12-31", "2025-01-01", "2025-01-01"),
        ("2023-08-31", "2024-09-01", "2024-09-01"),
    ],
)
def test_first_day__of_the_long_term__then_by_each_calendar(acquired: str, germany_free: str, us_long: str) -> None:
    day = date.fromisoformat(acquired)
    assert str(free_from_germany(day)) == germany_free
    assert str(long_from_us(day)) == us_long


def test_first_day__of_every_day_of_nine_years__then_a_year_and_a_day_or_so() -> None:
    for number in range(9 * 366):
        day = date(2019, 1, 1) + timedelta(days=number)
        for first in (long_from_us(day), free_from_germany(day)):
            assert 366 <= (first - day).days <= 367
            assert first > day.replace(year=day.year + 1, day=min(day.day, 28))


def test_united_states__of_both_terms__then_their_sums() -> None:
    movements = [bought("2023-01-10", 10, 1_000), bought("2024-05-02", 10, 1_400), sold("2024-06-01", 15, 2_250)]
    report = reported("us", 2024, movements)
    assert [line.term for line in report.lines] == ["long", "short"]
    assert figure(report, "long-term gain") == 500
    assert figure(report, "short-term gain") == 50
    assert figure(report, "net gain") == 550


@pytest.mark.parametrize(
    ("year", "boxes"), [(2023, ("C", "F")), (2024, ("C", "F")), (2025, ("I", "L")), (2026, ("I", "L"))]
)
def test_united_states__of_a_year__then_the_boxes_of_its_form(year: int, boxes: tuple[str, str]) -> None:
    assert (box("short", year), box("long", year)) == boxes


@pytest.mark.parametrize(
    ("proceeds", "taxable"),
    [("1999.99", 0), ("2000", 1_000), ("2000.01", "1000.01"), ("900", -100), ("1000", 0)],
)
def test_germany__around_its_exemption_limit__then_all_or_nothing(proceeds: str, taxable: object) -> None:
    report = reported("de", 2025, [bought("2025-01-10", 10, 1_000), sold("2025-06-01", 10, proceeds)])
    assert figure(report, "taxable gain") == Fraction(str(taxable))


def test_germany__of_2023__then_the_limit_of_that_year() -> None:
    report = reported("de", 2023, [bought("2023-01-10", 10, 1_000), sold("2023-06-01", 10, 1_600)])
    assert figure(report, "taxable gain") == 600
    assert germany.limit(2023) == 600


def test_germany__of_what_was_held_for_more_than_a_year__then_free() -> None:
    movements = [bought("2024-01-10", 10, 1_000), sold("2025-01-10", 5, 5_000), sold("2025-01-11", 5, 5_000)]
    report = reported("de", 2025, movements)
    assert [line.term for line in report.lines] == ["taxed", "free"]
    assert figure(report, "taxable gain") == 4_500
    assert figure(report, "gain on what was held for more than a year (free)") == 4_500


@pytest.mark.parametrize(("year", "free"), [(2018, None), (2021, 12_300), (2022, 12_300), (2023, 6_000), (2030, 3_000)])
def test_united_kingdom__of_a_year__then_its_exempt_amount(year: int, free: int | None) -> None:
    assert united_kingdom.exempt(year) == free


def test_united_kingdom__of_a_tax_year__then_from_6_april_and_the_exempt_amount_taken_off() -> None:
    movements = [
        bought("2023-01-10", 30, 3_000),
        sold("2024-04-05", 10, 9_000),
        sold("2024-04-06", 10, 6_000),
        sold("2025-04-05", 5, 400),
    ]
    report = reported("uk", 2024, movements)
    assert [str(line.disposed) for line in report.lines] == ["2024-04-06", "2025-04-05"]
    assert figure(report, "gains") == 5_000
    assert figure(report, "losses") == 100
    assert figure(report, "net gain") == 4_900
    assert figure(report, "taxable gain") == 1_900


def test_time_zone__of_a_late_sale__then_the_owners_day_counts() -> None:
    movements = [bought("2024-01-10", 10, 1_000), sold("2024-12-31", 10, 5_000, hour=23)]
    berlin = zone_of("Europe/Berlin")
    from controller.tax.holding import days_in

    assert reported("de", 2024, movements).lines
    assert reported("de", 2025, movements, day=days_in(berlin), zone="Europe/Berlin").lines


@pytest.mark.parametrize("code", LAWS)
def test_law__of_every_jurisdiction__then_each_rule_has_source_and_date(code: str) -> None:
    law = law_of(code)
    assert law.rules
    assert all(rule.what and rule.source and rule.known >= date(2025, 1, 1) for rule in law.rules)
    assert law.scope is (Scope.OWNER if code == "uk" else Scope.WALLET)


def test_law__that_is_not_known__then_the_known_ones_are_named() -> None:
    with pytest.raises(UsageError, match="Germany"):
        law_of("fr")


def test_report__with_a_method_that_the_law_does_not_know__then_refused() -> None:
    with pytest.raises(UsageError, match="section-104"):
        build([], Request(law_of("uk"), 2024, Method.FIFO))


def test_report__of_a_year_without_disposals__then_the_years_that_have_some_are_named() -> None:
    movements = [bought("2023-01-10", 10, 1_000), sold("2023-06-01", 5, 900), sold("2024-06-01", 5, 900)]
    with pytest.raises(InputError, match="2019") as caught:
        reported("us", 2019, movements)
    assert "2023, 2024" in caught.value.hint


def test_report__by_hifo_without_a_standing_rule__then_said() -> None:
    movements = [bought("2023-01-10", 10, 1_000), sold("2023-06-01", 5, 900)]
    report = build(movements, Request(law_of("us"), 2023, Method.HIFO))
    assert any("no standing rule" in note for note in report.notes)
    assert not any("no standing rule" in note for note in reported("us", 2023, movements).notes)


def test_book__of_the_same_sale_in_all_jurisdictions__then_one_ledger_many_answers() -> None:
    movements = [bought("2024-01-10", 10, 1_000), bought("2024-06-10", 10, 2_000), sold("2024-07-01", 10, 2_500)]
    gains = {
        method: sum(match.gain for match in book(movements, method).matches) / ONE
        for method in Method
        if method is not Method.SPECIFIC
    }
    assert gains[Method.FIFO] == 1_500
    assert gains[Method.LIFO] == gains[Method.HIFO] == gains[Method.LEAST_TAX] == 500
    assert gains[Method.AVERAGE] == gains[Method.SECTION_104] == 1_000
    assert movements[0].asset == ASSET
