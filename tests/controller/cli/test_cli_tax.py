"""Taxes of a real vault: the report, the formats, the standing lot rule on chain, and the check of it all."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from beancount import loader
from command import Done, Here
from vault_world import VaultWorld

from controller.chain import dev
from controller.chain.contract import Contract
from controller.execution.keys import development_signer


@pytest.fixture
def traded(world: VaultWorld, here: Here) -> VaultWorld:
    """Two rebalances with a standing rule in between: equity sold after its rise, bought after its fall. All of it in
    the February of a year."""
    begun = datetime.fromtimestamp(world.chain.head().timestamp, UTC)
    dev.set_next_timestamp(world.chain, int(datetime(begun.year + 1, 2, 1, tzinfo=UTC).timestamp()))
    world.move(140)
    assert here("rebalance", "--dev-account", "1", "--broadcast").code == 0
    declare(world, here, "hifo")
    dev.set_next_timestamp(world.chain, world.chain.head().timestamp + 86_400)
    world.move(75)
    assert here("rebalance", "--dev-account", "1", "--broadcast").code == 0
    return world


def declare(world: VaultWorld, here: Here, method: str) -> None:
    rule = here("tax", "rule", "--method", method)
    assert rule.code == 0
    Path(f"{method}.json").write_text(rule.out)
    assert here("vault", "declare", f"{method}.json", "--dev-account", "0", "--broadcast").code == 0


def year(world: VaultWorld) -> str:
    return str(datetime.fromtimestamp(world.chain.head().timestamp, UTC).year)


def report(world: VaultWorld, here: Here, *more: str) -> Done:
    return here("tax", "report", "--year", year(world), *more)


def test_report__of_a_real_vault__then_lines_sums_rules_and_no_advice(traded: VaultWorld, here: Here) -> None:
    done = report(traded, here)
    assert done.code == 0
    assert here("tax", "report").out == done.out, "the newest block's year where none is named"
    assert "EQUITY" in done.out
    assert "short-term gain" in done.out
    assert "no tax advice" in done.said
    assert "IRC § 1222" in done.said
    assert "UNRECONCILED" not in done.said


def test_report__in_every_journal__then_its_own_program_accepts_it_with_the_chains_balances(
    traded: VaultWorld, here: Here
) -> None:
    assert report(traded, here, "-f", "beancount", "--out", "vault.beancount").code == 0
    text = Path("vault.beancount").read_text()
    assert text.count(" balance ") == 3
    assert loader.load_string(text)[1] == []
    assert report(traded, here, "-f", "hledger", "--out", "vault.journal").code == 0
    checked = subprocess.run(["hledger", "-f", "vault.journal", "check"], capture_output=True, text=True, check=False)  # noqa: S607
    assert checked.stderr == ""


def test_report__with_a_line_named__then_it_opens_to_both_transactions(traded: VaultWorld, here: Here) -> None:
    opened = report(traded, here, "--line", "1", "--json").document
    for side in ("disposal", "lot"):
        transaction = opened[side]["transaction"]
        assert traded.chain.receipt(bytes.fromhex(transaction[2:])) is not None
    assert report(traded, here, "--line", "99").code == 64


def test_check__of_an_honest_report__then_right_and_of_another_then_found(traded: VaultWorld, here: Here) -> None:
    Path("report.json").write_text(report(traded, here, "--json", "--rule", "hifo.json").out)
    document = json.loads(Path("report.json").read_text())
    assert {line["method"] for line in document["lines"]} == {"fifo", "hifo"}
    assert here("tax", "check", "report.json", "--rule", "hifo.json").code == 0
    assert here("tax", "check", "report.json").code == 0, "its hash is enough"
    Path("fifo.json").write_text(report(traded, here, "--json").out)
    done = here("tax", "check", "fifo.json", "--rule", "hifo.json")
    assert done.code == 3
    assert "in force was hifo" in done.said
    document["lines"][0]["gain"]["exact"] = "0"
    Path("report.json").write_text(json.dumps(document))
    assert "line 1" in here("tax", "check", "report.json", "--rule", "hifo.json").said


def test_check__of_a_report_that_passes_a_rule_over__then_found_and_the_report_said_so(
    traded: VaultWorld, here: Here
) -> None:
    Path("report.json").write_text(report(traded, here, "--json").out)
    notes = json.loads(Path("report.json").read_text())["notes"]
    assert any("orders hifo for every later sale, and this report does not follow it" in note for note in notes)
    done = here("tax", "check", "report.json")
    assert done.code == 3
    assert "in force was hifo" in done.said


def test_check__with_something_else_declared__then_unchecked(traded: VaultWorld, here: Here) -> None:
    Path("note.txt").write_text("anything")
    assert here("vault", "declare", "note.txt", traded.vault, "--dev-account", "0", "--broadcast").code == 0
    Path("report.json").write_text(report(traded, here, "--json", "--rule", "hifo.json").out)
    done = here("tax", "check", "report.json")
    assert done.code == 4
    assert "is no standing lot rule that is known here" in done.said


def test_report__with_a_rule_that_nobody_declared__then_refused(traded: VaultWorld, here: Here) -> None:
    Path("lifo.json").write_text(here("tax", "rule", "--method", "lifo").out)
    done = report(traded, here, "--rule", "lifo.json")
    assert done.code == 65
    assert "no entry declares its hash" in done.said


def test_report__for_an_account_that_never_paid_in__then_nothing_is_theirs(traded: VaultWorld, here: Here) -> None:
    done = here("tax", "report", "--year", year(traded), "--owner", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
    assert done.code == 65
    assert "Nothing was disposed of" in done.said


def test_report__when_somebody_else_holds_shares__then_the_vault_is_pooled_and_that_is_said(
    traded: VaultWorld, here: Here
) -> None:
    owner, stranger = traded.world.accounts.owner, development_signer(6).address
    transfer = Contract(traded.chain, traded.vault, "TestToken").encode("transfer", stranger, 10**18)
    dev.transact(traded.chain, owner, traded.vault, transfer)
    done = report(traded, here)
    assert done.code == 65, "no share was given away for anything"
    assert "The vault is pooled" in done.said
    assert "are the lots" in done.said
    assert report(traded, here, "--owner", owner, "--owner", stranger).code == 0, "both are the same owner's"


def daily(name: str, head: str, start: int, number: int, row: str) -> str:
    """A file with a row for each day from `start` {s} on."""
    first = datetime.fromtimestamp(start, UTC).date()
    rows = "".join(f"{row.format(first + timedelta(days=day))}\n" for day in range(number))
    Path(name).write_text(f"{head}\n{rows}")
    return name


def test_report__with_prices_and_lots_of_the_coin__then_gas_is_disposed_of(traded: VaultWorld, here: Here) -> None:
    owner = traded.world.accounts.owner
    assert "ETH of gas are left out" in report(traded, here).said
    start = traded.chain.block(1).timestamp
    prices = daily("prices.csv", "asset,date,price", start, 500, "ETH,{},2500")
    Path("lots.csv").write_text(f"asset,wallet,date,quantity,cost\nETH,{owner.lower()},2020-01-01,100,10000\n")
    document = json.loads(report(traded, here, "--prices", prices, "--lots", "lots.csv", "--json").out)
    gas = [line for line in document["lines"] if line["asset"] == "ETH"]
    assert {line["disposal"]["nature"] for line in gas} == {"gas"}
    assert all(line["term"] == "long" for line in gas)
    for line in gas:  # bought at 100, worth 2,500
        assert Fraction(line["proceeds"]["exact"]) == 25 * Fraction(line["cost"]["exact"])
    done = report(traded, here, "--prices", prices)
    assert done.code == 65
    assert "of ETH leave" in done.said


@pytest.mark.parametrize(
    ("code", "currency", "words"), [("uk", "GBP", "annual exempt"), ("de", "EUR", "exemption limit")]
)
def test_report__in_another_jurisdiction__then_in_its_currency_and_journals_are_clean(
    traded: VaultWorld, here: Here, code: str, currency: str, words: str
) -> None:
    start = traded.chain.block(1).timestamp
    rates = daily("rates.csv", "currency,date,rate", start, 500, currency + ",{},0.8")
    # February is in the tax year that begins in the April before
    wanted = str(int(year(traded)) - (code == "uk"))
    given = ("--year", wanted, "-j", code, "--exchange", rates)
    done = here("tax", "report", *given)
    assert done.code == 0, done.said
    assert words in done.said
    assert here("tax", "report", *given, "-f", "beancount", "--out", "x.beancount").code == 0
    assert loader.load_string(Path("x.beancount").read_text())[1] == []
    assert currency in Path("x.beancount").read_text()


def test_report__with_lots_that_the_owner_chose__then_these(traded: VaultWorld, here: Here) -> None:
    whole = json.loads(report(traded, here, "--json").out)
    assert {line["disposal"]["id"] for line in whole["lines"]}
    rows = [(line["disposal"]["id"], line["lot"]["id"], line["quantity"]) for line in whole["lines"]]
    Path("choices.csv").write_text("disposal,lot,quantity\n" + "".join(f"{','.join(row)}\n" for row in rows))
    chosen = json.loads(report(traded, here, "--json", "--method", "specific", "--choices", "choices.csv").out)
    assert [line["lot"]["id"] for line in chosen["lines"]] == [lot for _, lot, _ in rows]
    Path("choices.csv").write_text("disposal,lot,quantity\n9.9.out,x,1\n" + f"{rows[0][0]},{rows[0][1]},-1\n")
    done = report(traded, here, "--method", "specific", "--choices", "choices.csv")
    assert "choices.csv, row 2: there is no disposal 9.9.out" in done.said
    assert "choices.csv, row 3: the quantity -1 is not above zero" in done.said


REFUSED = (
    (("--jurisdiction", "fr"), 64, "us (United States)"),
    (("--method", "guess"), 64, "least-tax"),
    (("--method", "average"), 64, "does not know the method average"),
    (("--format", "excel"), 64, "form8949"),
    (("--year", "1999"), 65, "Years with disposals"),
    (("--jurisdiction", "de"), 64, "--exchange"),
    (("--zone", "Mars/Olympus"), 65, "Europe/Berlin"),
    (("--rates", "37"), 64, "37%,20%"),
    (("--wash-sales-from", "soon"), 64, "2027-01-01"),
    (("--lots", "missing.csv"), 65, "cannot be read"),
    (("--owner", "me"), 64, "is no address"),
)


def test_report__of_what_cannot_be__then_named(traded: VaultWorld, here: Here) -> None:
    for arguments, code, said in REFUSED:
        done = here("tax", "report", "--year", year(traded), *arguments)
        assert (done.code, said in done.said) == (code, True), (arguments, done.said)


def test_report__with_bad_files__then_every_row_is_named(traded: VaultWorld, here: Here) -> None:
    Path("lots.csv").write_text(
        "asset,wallet,date,quantity,cost\nEQUITY,w,2020-01-01,1,1\nEQUITY,w,2020-01-01,-1,1\nSILVER,w,2020-01-01,1,1\n"
        "EQUITY,w,yesterday,1,1\n"
    )
    done = report(traded, here, "--lots", "lots.csv")
    assert done.code == 65
    assert all(f"row {row}" in done.said for row in (3, 4, 5))
    Path("rates.csv").write_text("currency,date,rate\nEUR,2020-01-01,0.9\n")
    done = report(traded, here, "-j", "de", "--exchange", "rates.csv")
    assert done.code == 65
    assert "there is no rate of EUR" in done.said


def test_lots__of_a_real_vault__then_each_with_its_days(traded: VaultWorld, here: Here) -> None:
    document = here("tax", "lots", "--json").document
    assert {lot["asset"] for lot in document["lots"]} == {"EQUITY", "BOND", "GOLD"}
    assert all(lot["days"] in (365, 366, 367) or lot["days"] < 366 for lot in document["lots"])
    assert "days left" in here("tax", "lots", "-j", "de").said


def test_plan__of_a_vault_out_of_its_band__then_the_cheapest_lots_cost_no_more(traded: VaultWorld, here: Here) -> None:
    traded.move(160)
    document = here("tax", "plan", "--rates", "37%,20%", "--json").document
    assert float(document["to_sell"]) > 10_000
    assert float(document["cheapest"]["tax"]) <= float(document["by_method"]["tax"])
    assert document["by_method"]["lots"][0]["asset"] == "EQUITY"
    assert "by least tax: tax" in here("tax", "plan", "--rates", "37%,20%").said
    assert here("tax", "plan").code == 64


def test_harvest__of_a_vault_with_a_loss__then_proposed_with_targets_that_keep_the_group(
    traded: VaultWorld, here: Here
) -> None:
    traded.move(30)
    given = ("--rates", "37%,20%", "--partner", "EQUITY=BOND")
    document = here("tax", "harvest", *given, "--json").document
    (proposal,) = [one for one in document["proposals"] if one["asset"] == "EQUITY"]
    assert sum(proposal["targets_bps"].values()) == 10_000
    assert float(proposal["saved"]) > float(proposal["cost"])
    assert here("tax", "harvest", *given).code == 0
    questions = 'bad_year = "12%"\nfee = "6%"\nstocks = "50%"\nsavings = "1%"\nyears = 20\n'
    Path("ada.toml").write_text(f'name = "Ada"\n[questions]\n{questions}[tax]\nkeep = {{EQUITY = 2090-01-01}}\n')
    document = here("tax", "harvest", *given, "--profile", "ada.toml", "--json").document
    assert {"asset": "EQUITY", "why": "the profile keeps it until 2090-01-01"} in document["declined"]
    assert not [one for one in document["proposals"] if one["asset"] == "EQUITY"]
    assert here("tax", "harvest", "--rates", "37%,20%", "--partner", "EQUITY=SILVER").code == 65
    assert here("tax", "harvest", "--partner", "EQUITY=BOND").code == 64
