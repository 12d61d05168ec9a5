"""Reports in the formats of others: journals checked by their own programs, columns as their readers want them."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import inventory
from beancount.core.data import Transaction
from beancount.parser import printer
from hledgers import hledger
from tax_pieces import ASSET, ONE, WALLET, bought, sold
from tax_steps import TRADED, VAULT, Life, random_life, two_years

from controller.errors import UsageError
from controller.tax.booking import Method
from controller.tax.exports import FORMATS, export
from controller.tax.exports.names import Balance, Names, money
from controller.tax.laws import law_of
from controller.tax.prices import Daily
from controller.tax.report import Request, TaxReport, build
from controller.tax.wash import WashRule

END = "2025-12-31"


def report(
    life: Life, code: str = "us", method: Method | None = None, year: int = 2025, **changes: object
) -> TaxReport:
    law = law_of(code)
    request = Request(law, year, method or law.methods[0], **changes)  # type: ignore[arg-type]
    return build(life.read().movements, request)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def columns(text: str) -> str:
    return text.splitlines()[0]


# ---- beancount and hledger

JOURNALS = [
    ("us", Method.FIFO),
    ("us", Method.HIFO),
    ("us", Method.LEAST_TAX),
    ("de", Method.AVERAGE),
    ("uk", Method.SECTION_104),
]


def bean_check(text: str) -> list[str]:
    """What `bean-check` would print."""
    _, errors, _ = loader.load_string(text)
    return [printer.format_error(error) for error in errors]


@pytest.mark.parametrize(("code", "method"), JOURNALS)
def test_beancount__with_the_chains_balances__then_bean_check_is_clean(code: str, method: Method) -> None:
    for life in (two_years(), random_life(3, 150)):
        text = export("beancount", report(life, code, method, 2024), life.names(END))
        assert text.count(" balance ") == 3
        assert bean_check(text) == []


def test_beancount__with_a_balance_that_is_not_the_chains__then_bean_check_says_so() -> None:
    life = two_years()
    life.held[0] += 1
    (error,) = bean_check(export("beancount", report(life), life.names(END)))
    assert "Balance failed" in error


def test_beancount__with_wash_sales__then_clean_too() -> None:
    life = random_life(4, 150)
    text = export("beancount", report(life, year=2024, wash=WashRule(frozenset(TRADED))), life.names(END))
    assert bean_check(text) == []


def test_beancount__with_parts_put_together__then_clean_and_the_report_says_so() -> None:
    whole = bought("2022-01-01", 40, 4_000)
    parts = [replace(whole.part(2), id=f"p{number}") for number in range(20)]
    wash = WashRule(frozenset({ASSET}))
    made = build([*parts, sold("2022-06-01", 40, 400)], Request(law_of("us"), 2022, Method.FIFO, wash=wash))
    assert len(made.lines) == 1
    assert any("19 of them were put together" in note for note in made.notes)
    assert bean_check(export("beancount", made, Names({ASSET: 0}, WALLET))) == []


def test_beancount__read_back__then_the_gains_of_every_year_are_the_books() -> None:
    life = random_life(5, 150)
    made = report(life, year=2024)
    entries, errors, _ = loader.load_string(export("beancount", made, life.names(END)))
    assert not errors
    gains: dict[str, Decimal] = defaultdict(Decimal)
    vault = inventory.Inventory()
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                if posting.account == "Income:Gains":
                    gains[entry.narration] -= posting.units.number
                if posting.account.startswith("Assets:"):
                    vault.add_position(posting)
    ours: dict[str, Fraction] = defaultdict(Fraction)
    for match in made.booked.matches:
        ours[match.disposal.source.where] += match.gain / ONE
    for where, gain in ours.items():
        assert abs(Fraction(gains[where]) - gain) < Fraction(1, 10**6)
    lots = {held.lot.id for holdings in made.booked.holdings.values() for held in holdings}
    assert {position.cost.label for position in vault} == lots


@pytest.mark.parametrize(("code", "method"), JOURNALS)
def test_hledger__with_the_chains_balances__then_it_checks_clean(code: str, method: Method, tmp_path: Path) -> None:
    life = two_years()
    assert checked(export("hledger", report(life, code, method, 2024), life.names(END)), tmp_path) == ""


def test_hledger__with_a_balance_that_is_not_the_chains__then_it_says_so(tmp_path: Path) -> None:
    life = two_years()
    life.held[0] += 1
    assert "balance assertion" in checked(export("hledger", report(life), life.names(END)), tmp_path)


def checked(text: str, folder: Path) -> str:
    """What `hledger check` prints."""
    journal = folder / "vault.journal"
    journal.write_text(text)
    return hledger(journal, "check")


# ---- forms


def test_form_8949__of_a_year__then_its_columns_boxes_and_sums() -> None:
    life = two_years()
    made = report(life)
    text = export("form8949", made, life.names(END))
    assert columns(text) == (
        "Box,(a) Description of property,(b) Date acquired,(c) Date sold or disposed of,(d) Proceeds,"
        "(e) Cost or other basis,(f) Code(s),(g) Amount of adjustment,(h) Gain or (loss)"
    )
    first = next(row for row in rows(text) if "15.123456789012345678" in row["(a) Description of property"])
    assert first["(b) Date acquired"] == "12/04/2023"
    assert first["(c) Date sold or disposed of"] == "02/03/2025"
    assert first["Box"] == "L"


def test_form_8949__with_both_terms__then_by_box_and_the_figures_are_the_sums() -> None:
    life = two_years()
    made = report(life, method=Method.LIFO)
    found = rows(export("form8949", made, life.names(END)))
    assert [row["Box"] for row in found] == sorted(row["Box"] for row in found)
    assert {row["Box"] for row in found} == {"I", "L"}
    for term, box in (("short", "I"), ("long", "L")):
        total = sum(Decimal(row["(h) Gain or (loss)"]) for row in found if row["Box"] == box)
        (figure,) = [one.value for one in made.figures if one.name == f"{term}-term gain"]
        assert abs(Fraction(total) - figure / ONE) <= Fraction(len(found), 200)


def test_form_8949__of_2024__then_the_boxes_of_that_year() -> None:
    life = two_years()
    found = rows(export("form8949", report(life, year=2024), life.names(END)))
    assert {row["Box"] for row in found} == {"C"}


def test_form_8949__with_a_wash_sale__then_code_w_and_its_amount() -> None:
    life = random_life(4, 150)
    made = report(life, year=2023, wash=WashRule(frozenset(TRADED)))
    coded = [row for row in rows(export("form8949", made, life.names(END))) if row["(f) Code(s)"]]
    assert coded
    assert {row["(f) Code(s)"] for row in coded} == {"W"}
    for row in coded:
        cells = [Decimal(row[name]) for name in list(row)[4:6] + list(row)[7:]]
        assert abs(cells[0] - cells[1] + cells[2] - cells[3]) <= Decimal("0.02")


def test_turbotax__of_a_year__then_its_five_columns() -> None:
    life = two_years()
    made = report(life)
    text = export("turbotax", made, life.names(END))
    assert columns(text) == "Currency Name,Purchase Date,Cost Basis,Date Sold,Proceeds"
    assert len(rows(text)) == len(made.lines)


def test_koinly__of_all_years__then_its_columns_and_both_halves_of_a_fill_in_one_row() -> None:
    life = two_years()
    text = export("koinly", report(life), life.names(END))
    assert columns(text) == (
        "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,"
        "Net Worth Amount,Net Worth Currency,Label,Description,TxHash"
    )
    found = rows(text)
    trades = [row for row in found if row["Sent Currency"] and row["Received Currency"]]
    assert len(trades) == 6
    assert trades[0]["Sent Amount"] == "7"
    assert trades[0]["Date"] == "2024-03-01 12:00:00 UTC"
    assert trades[0]["TxHash"] == f"0x{2:064x}"
    assert [row["Label"] for row in found].count("cost") == 3


@pytest.mark.parametrize("name", FORMATS)
def test_export__of_every_format__then_it_says_whose_and_ends_with_a_line(name: str) -> None:
    life = two_years()
    text = export(name, report(life), life.names(END))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_json__of_a_line__then_it_opens_to_its_lot_and_transactions() -> None:
    life = two_years()
    document = json.loads(export("json", report(life), life.names(END)))
    assert "no tax advice" in document["notes"][0]
    assert all(rule["source"] and rule["known"] for rule in document["rules"])
    for line in document["lines"]:
        assert Fraction(line["proceeds"]["exact"]) - Fraction(line["cost"]["exact"]) == Fraction(line["gain"]["exact"])
        for side in (line["disposal"], line["lot"]):
            assert side["where"].startswith("entry ")
            assert len(side["transaction"]) == 66


def test_export__that_is_not_known_or_does_not_fit__then_refused() -> None:
    life = two_years()
    with pytest.raises(UsageError, match="not known"):
        export("excel", report(life), life.names(END))
    with pytest.raises(UsageError, match="United States"):
        export("form8949", report(life, "de", year=2024), life.names(END))


def test_money__of_a_half_cent__then_to_the_even_one_and_only_here() -> None:
    assert [money(Fraction(cents, 1_000) * ONE) for cents in (5, 15, -5)] == ["0.00", "0.02", "0.00"]
    assert money(-Fraction(1, 3) * ONE) == "-0.33"


def test_names__of_a_quantity__then_every_digit_and_no_idle_zero() -> None:
    names = Names({"A": 18, "B": 0}, VAULT, [Balance("A", VAULT, 0, 0)])
    assert [names.quantity("A", amount) for amount in (1, 10**18, 0)] == ["0.000000000000000001", "1", "0"]
    assert names.quantity("B", 1_200) == "1200"


def test_report__in_another_currency__then_each_movement_at_the_rate_of_its_day() -> None:
    life = two_years()
    half = Daily({("EUR", day): Fraction(1, 2) for day in days(life)})
    plain, converted = report(life, "de", year=2024), report(life, "de", year=2024, exchange=half)
    assert [line.gain * 2 for line in converted.lines] == [line.gain for line in plain.lines]
    assert replace(converted.request, exchange=None, day=plain.request.day) == plain.request


def days(life: Life) -> set[object]:
    made = report(life, "de", year=2024)
    return {made.request.day(step.time) for step in life.steps}
