"""Exports say exactly what moved: tables add up, journals balance by beancount's own checks, returns by pyxirr's."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
import pyxirr
from audit_evidence import gather
from audit_pieces import DAY, START
from audit_scene import Scene
from audit_world import World
from beancount import loader
from beancount.core.data import Balance, Transaction
from hledgers import hledger
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.audit.books import TABLES, Books, shown
from controller.audit.export import FORMS, export
from controller.audit.movements import Flowed, Traded, movements
from controller.audit.returns import rate, returns, share_values
from controller.errors import MissingExtraError, UsageError

POSTING = re.compile(r'^    (\S+)  (\S+) "(\S+)"(?: = (\S+) .*)?$', re.MULTILINE)
NAMES = ("STOCKS", "BONDS", "GOLD")


@cache
def _books() -> Books:
    world = World(8)
    names = {asset.token: name for asset, name in zip(world.vault.mandate.assets, NAMES, strict=True)}
    return Books.of(gather(world), names.__getitem__)


@pytest.mark.parametrize("form", list(FORMS))
def test_export__when_written__then_every_file_is_there(form: str, tmp_path: Path) -> None:
    paths = export(_books(), form, tmp_path / "out")
    assert paths
    assert all(path.stat().st_size for path in paths)


def test_export__when_tables_are_read_back__then_are_the_movements_exactly(tmp_path: Path) -> None:
    books = _books()
    export(books, "csv", tmp_path)
    export(books, "jsonl", tmp_path)
    export(books, "parquet", tmp_path)
    for table in TABLES:
        rows = books.table(table)
        with (tmp_path / f"{table}.csv").open() as file:
            assert list(csv.DictReader(file)) == rows
        assert [json.loads(line) for line in (tmp_path / f"{table}.jsonl").read_text().splitlines()] == rows
    trades = [one for one in books.movements if isinstance(one, Traded)]
    assert len(trades) == len(books.table("trades")) > 0
    for row, one in zip(books.table("trades"), trades, strict=True):
        assert Fraction(row["sold_amount"]) == Fraction(one.sold.amount, 10**one.sold.decimals)
        assert Fraction(row["sold_value"]) == Fraction(one.sold.amount * (one.sold.price or 0), 10**36)
        assert Fraction(row["sold_amount"]) * Fraction(row["sold_price"]) == Fraction(row["sold_value"])


def test_export__when_beancount_loads_it__then_there_is_no_error_and_every_assertion_holds(tmp_path: Path) -> None:
    (path,) = export(_books(), "beancount", tmp_path)
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    assert len([entry for entry in entries if isinstance(entry, Balance)]) == 3
    assert any("donation" in (entry.narration or "") for entry in entries if isinstance(entry, Transaction))
    spoilt = re.sub(r"(Assets:Vault:STOCKS  )(\d)", r"\g<1>9\2", path.read_text(), count=1)
    path.write_text(spoilt)
    assert loader.load_file(str(path))[1]


def test_export__when_hledger_checks_it__then_every_balance_and_assertion_holds(tmp_path: Path) -> None:
    (path,) = export(_books(), "hledger", tmp_path)
    text = path.read_text()
    assert text.count(" = ") == 3
    assert hledger(path, "check") == ""
    path.write_text(re.sub(r"(assets:vault:stocks  )(\d)", r"\g<1>9\2", text, count=1))
    assert "could not balance" in hledger(path, "check")
    path.write_text(re.sub(r"0 (\S+) = (\d)", r"0 \1 = 9\2", text, count=1))
    assert "balance assertion" in hledger(path, "check")


def test_export__when_the_form_or_its_package_is_unknown__then_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="no form 'pdf'"):
        export(_books(), "pdf", tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError):
        export(_books(), "parquet", tmp_path)


@given(amount=st.integers(-(2**256), 2**256), decimals=st.integers(0, 36))
def test_shown__when_read_back__then_is_the_same_number(amount: int, decimals: int) -> None:
    assert Fraction(shown(amount, decimals)) == Fraction(amount, 10**decimals)


def test_returns__when_nothing_flows__then_both_are_the_growth_of_a_share() -> None:
    scene = Scene()
    for factor in ("13/10", "12/10"):
        scene.shock(factor)
        scene.rebalance()
        scene.wait(40 * DAY)
    found = movements(scene.evidence())
    earned, points = returns(found), share_values(found)
    assert earned is not None
    assert earned.time_weighted == points[-1].value / points[0].value - 1
    assert earned.money_weighted_yearly == pytest.approx(earned.time_weighted_yearly, rel=1e-6)
    assert earned.estimated == 0


def test_returns__when_shares_come_and_go__then_time_weighted_does_not_care_and_money_weighted_is_pyxirrs() -> None:
    scene = Scene()
    scene.shock("13/10")
    scene.rebalance()
    scene.wait(30 * DAY)
    scene.do(scene.vault.mint("0x" + "11" * 20, "0x" + "11" * 20, 10**23))
    scene.shock("12/10")
    scene.rebalance()
    scene.wait(30 * DAY)
    found = movements(scene.evidence())
    earned, points = returns(found), share_values(found)
    assert earned is not None
    assert earned.time_weighted == points[-1].value / points[0].value - 1
    assert earned.estimated == len([one for one in found if isinstance(one, Flowed)]) - 1


@settings(deadline=None)
@given(
    amounts=st.lists(st.integers(1, 10**6), min_size=1, max_size=6),
    back=st.integers(1, 10**7),
    gap=st.integers(20, 400),
)
def test_rate__when_pyxirr_is_asked__then_says_the_same(amounts: list[int], back: int, gap: int) -> None:
    flows = [(START + place * gap * DAY, Fraction(-amount)) for place, amount in enumerate(amounts)]
    flows.append((START + len(amounts) * gap * DAY, Fraction(back)))
    theirs = pyxirr.xirr(
        [datetime.fromtimestamp(at, UTC).date() for at, _ in flows], [float(amount) for _, amount in flows]
    )
    ours = rate(flows)
    if theirs is not None and ours is not None and -0.99 < theirs < 1_000:
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-8)


def test_rate__when_nothing_comes_back__then_there_is_none() -> None:
    assert rate([(0, Fraction(-1)), (DAY, Fraction(-1))]) is None
