"""The page: it loads nothing, escapes everything, and is written whole or not at all."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from controller.errors import InputError, MissingExtraError, StorageError
from controller.model import Cause, Mandate, Period, Reason, Trigger, TriggerKind
from controller.report import axes, page
from controller.report.metrics import summarise
from controller.report.page import Finding, Verdict, render, write_report
from controller.report.wording import Words

WORDS = Words(("AAA", "BBB"))
NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Reader(HTMLParser):
    """Every element with its attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data


def _render(run, words: Words = WORDS, **more) -> str:
    return render(run.ticks, run.mandate, summarise(run.ticks, run.mandate), words=words, **more)


def test_render__any_run__names_no_address_of_the_network(synthetic):
    text = _render(synthetic(), Words(("EQUITY", "BOND", "GOLD")))
    reader = Reader(text)

    assert "http:" not in text
    assert "https:" not in text
    assert "//" not in re.sub(r"[A-Za-z0-9+/]{40,}=*", "", text), "no address without a scheme either"
    loads = {"src", "srcset", "href", "action", "data", "poster", "background", "formaction", "ping", "xlink:href"}
    found = {value for _, attrs in reader.elements for name, value in attrs.items() if name in loads}
    assert found == {"#charts", "data:,"}
    assert "@import" not in text
    assert "url(" not in text
    assert {tag for tag, _ in reader.elements}.isdisjoint({"iframe", "object", "embed", "base", "form", "img"})


def test_render__content_security_policy__forbids_loading_and_allows_only_our_script(tiny):
    reader = Reader(_render(tiny))
    policy = next(attrs["content"] for tag, attrs in reader.elements if attrs.get("http-equiv") and tag == "meta")
    data, script = reader.scripts
    wanted = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{wanted}';" in policy
    assert json.loads(data)["when"] == ["1970-01-12", "1970-01-13", "1970-01-14"]


def test_render__hostile_words__are_text_everywhere(tiny):
    run = replace(tiny, mandate=replace(tiny.mandate, name=NASTY, symbol=NASTY))
    ticks = (*run.ticks[:2], replace(run.ticks[2], reason=None, error=NASTY, vault=NASTY))
    run = replace(run, ticks=tuple(replace(tick, vault=NASTY) for tick in ticks))
    verdict = Verdict(Finding.WRONG, NASTY, (NASTY,))

    text = _render(run, Words((NASTY, NASTY), quote=NASTY), verdict=verdict)
    reader = Reader(text)

    assert len(reader.scripts) == 2, "no script but ours"
    assert not [tag for tag, _ in reader.elements if tag == "img"]
    assert not [attrs for _, attrs in reader.elements if any(name.startswith("on") for name in attrs)]
    assert NASTY in reader.text
    assert NASTY in json.loads(reader.scripts[0])["labels"]


def test_render__three_ticks__shows_the_run(tiny):
    text = Reader(_render(tiny, verdict=Verdict(Finding.OK, "OK", ("ledger head proven",)))).text

    for words in (
        "Half and half",
        "1970-01-12 to 1970-01-14",
        "Audit: OK",
        "ledger head proven",
        "Hold 50% AAA, 50% BBB. When the weight of an asset is 5 percentage points or more away from its target, bring "
        "every asset back within 1 percentage point of its target.",
        "0.820000 BBB",
        "102.090 AAA",
        "-40.0 bps",
        "124.50000",
        "125.00000",
        "200,000",
        "111",
        "0x" + (110).to_bytes(32, "big").hex(),
    ):
        assert words in text


def test_render__every_chart__is_described_for_those_who_cannot_see_it(tiny):
    reader = Reader(_render(tiny))
    images = [attrs for _, attrs in reader.elements if attrs.get("role") == "img"]

    assert len(images) == 2 + 3
    assert all(len(str(attrs["aria-label"])) > 40 for attrs in images)
    assert all(attrs.get("aria-hidden") == "true" for tag, attrs in reader.elements if tag == "svg")


def test_render__relative_band_and_no_absolute_one__no_line_of_a_trigger(tiny, mandate_of):
    mandate = mandate_of((5000, 5000), (6, 18), band=0, destination=0, relative_band=1_000, relative_destination=200)

    text = _render(replace(tiny, mandate=mandate))

    assert "Trigger" not in text
    assert "target 50%, band 5%." in text


def test_render__calendar_alone__no_band(tiny, mandate_of):
    daily = Trigger(TriggerKind.CALENDAR, 0, 0, Period.DAY, 1, 1, 0)

    text = _render(replace(tiny, mandate=mandate_of((5000, 5000), (6, 18), trigger=daily)))

    assert "Trigger" not in text
    assert "Destination 100 bps" in text
    assert "target 50%." in text


def test_render__targets_moved__panel_says_from_where_to_where(tiny):
    first, *others = tiny.ticks
    run = replace(tiny, ticks=(replace(first, targets=(4_000, 6_000)), *others))

    text = _render(run)

    assert "target from 40% to 50%, band 5%." in text
    assert ">-5%<" in text


def test_render__every_rebalance__has_its_cause(tiny):
    first, due, third = tiny.ticks
    rebalance = replace(due.outcome.rebalance, cause=Cause.CALENDAR)
    run = replace(tiny, ticks=(first, replace(due, outcome=replace(due.outcome, rebalance=rebalance)), third))

    assert '<td rowspan="1">calendar</td>' in _render(run)
    assert "calendar: 1 trade, ends at" in _render(run)


def test_render__legend_lines__match_what_the_script_reads_out(tiny):
    reader = Reader(_render(tiny))
    data = json.loads(reader.scripts[0])
    lines = [int(str(attrs["data-line"])) for tag, attrs in reader.elements if tag == "output"]

    assert lines == list(range(len(data["values"])))
    assert all(len(values) == len(data["at"]) for values in data["values"])
    assert (data["at"][0], data["at"][-1]) == (0, 1)


def test_render__shifted_clock__shows_history_time(tiny):
    shift = 56 * 365 * 86_400 + 14 * 86_400

    text = Reader(_render(tiny, Words(("AAA", "BBB"), shift=shift))).text

    assert "1914-01-12 to 1914-01-14" in text
    assert "1970" not in text


@pytest.mark.parametrize("count", [1, 2])
def test_render__very_short_run__is_a_page(tiny, count):
    run = replace(tiny, ticks=tiny.ticks[:count])

    assert "The run in numbers" in _render(run)


def test_render__one_block_only__is_a_page(tiny):
    run = replace(tiny, ticks=tuple(replace(tick, block=tiny.ticks[0].block) for tick in tiny.ticks))

    assert "The run in numbers" in _render(run)


def test_render__never_a_price__is_a_page_without_trades(tiny, tick_of):
    blind = tick_of(tiny.mandate, 0, (0, 0), (0, 0), 0, reason=Reason.NO_VALUE)

    text = Reader(_render(replace(tiny, ticks=(blind,)))).text

    assert "No trade was executed." in text
    assert "NaN" not in text
    assert "None" not in text


def test_render__sixteen_assets__one_panel_each(mandate_of, tick_of, tiny):
    mandate = mandate_of((625,) * 16, (18,) * 16)
    run = replace(tiny, mandate=mandate, ticks=(tick_of(mandate, 0, (10**18,) * 16, (10**8,) * 16, 10**18),))

    assert _render(run, Words(tuple(f"T{number}" for number in range(16)))).count("panel strip") == 16


def test_render__symbols_missing__refused(tiny):
    with pytest.raises(InputError, match="1 symbols are given for the 2 assets"):
        _render(tiny, Words(("AAA",)))


def test_render__long_run__is_thinned_and_small(tiny, tick_of):
    _, due, third = tiny.ticks
    many = [
        tick_of(tiny.mandate, number, third.balances, (10**8, 100 * 10**8), third.supply) for number in range(30_000)
    ]
    moved = replace(due, block=many[7_777].block, outcome=replace(due.outcome, block=many[7_777].block))
    many[7_777] = moved

    text = _render(replace(tiny, ticks=tuple(many)))

    assert len(text) < 6_000_000
    data = json.loads(Reader(text).scripts[0])
    assert len(data["at"]) <= axes.MOST_DRAWN + 3
    assert any("1 trade" in said for values in data["values"] for said in values), "a rebalance is never left out"


def test_render__more_rebalances_than_listed__newest_and_said(tiny, monkeypatch):
    monkeypatch.setattr(page, "MOST_LISTED", 1)
    first, due, third = tiny.ticks
    later = replace(due, block=third.block, outcome=replace(due.outcome, block=third.block, transaction=b"\xee" * 32))

    text = Reader(_render(replace(tiny, ticks=(first, due, later)))).text

    assert "The 1 newest of 2 rebalances are listed." in text
    assert "0x" + "ee" * 32 in text
    assert "0x" + due.outcome.transaction.hex() not in text


def test_render__jinja2_missing__names_the_extra(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)

    with pytest.raises(MissingExtraError, match=r"evenkeel\[report\]"):
        _render(tiny)


def _write(path: Path, run) -> None:
    write_report(path, run.ticks, run.mandate, summarise(run.ticks, run.mandate), words=WORDS)


def test_write_report__fine__only_the_page_is_there(tiny, tmp_path):
    _write(tmp_path / "report.html", tiny)

    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == _render(tiny)


def test_write_report__disk_full__older_page_stays_and_nothing_else(tiny, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("older")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(StorageError, match="No space left on device"):
        _write(path, tiny)
    assert path.read_text() == "older"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("where", ["missing/report.html", "file/report.html", "directory"])
def test_write_report__unwritable_place__storage_error(tiny, tmp_path, where):
    (tmp_path / "file").write_text("not a directory")
    (tmp_path / "directory").mkdir()

    with pytest.raises(StorageError, match="cannot be written"):
        _write(tmp_path / where, tiny)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["directory", "file"]


def test_write_report__interrupted__nothing_half_written(tiny, tmp_path, monkeypatch):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        _write(tmp_path / "report.html", tiny)
    assert list(tmp_path.iterdir()) == []


def test_words__mandate_of_other_length__not_accepted_silently(tiny):
    assert isinstance(tiny.mandate, Mandate)
    with pytest.raises(InputError):
        _render(tiny, Words(("AAA", "BBB", "CCC")))
