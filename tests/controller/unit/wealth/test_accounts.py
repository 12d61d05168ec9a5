"""Other accounts: CSV rows, and journals read as beancount and hledger read them themselves."""

from __future__ import annotations

import csv
import io
import random
from fractions import Fraction
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import realization
from hledgers import hledger

from controller.errors import InputError
from controller.wealth.accounts import read_account, read_journal

BEANCOUNT = """
option "operating_currency" "USD"
; a comment
2024-01-01 open Assets:Broker
2024-01-01 open Assets:Cash USD
2024-01-01 open Liabilities:Card
2024-01-01 open Income:Gains
2024-01-01 open Expenses:Food
2024-01-02 * "Payee; not a comment" "Buys" #tag
  note: "metadata"
  Assets:Broker      10 VTI {200.50 USD, 2024-01-02, "first"}
  Assets:Broker       4 GLD {{800.00 USD}}
  Assets:Cash
2024-02-03 txn "Sells"
  Assets:Broker      -3 VTI {}
  Assets:Cash    700.00 USD
  Income:Gains
2024-02-04 ! "Eats"
  ! Liabilities:Card  -1,020.50 USD
  Expenses:Food   1,020.50 USD
2024-03-01 price VTI 250 USD
2024-01-05 price VTI 1 USD
2024-03-01 price GLD 210.25 USD
2024-03-02 balance Assets:Cash  -2105.00 USD
"""

HLEDGER = """
; a comment
account assets:broker
P 2024-03-01 "VTI" $250
P 2024/1/5 VTI 1 USD
P 2024-03-01 GLD 210.25 USD
2024-01-02 * (12) Buys  ; comment
    assets:broker      10 "VTI" @ 200.50 USD
    assets:broker       4 GLD @@ $800.00
    assets:cash
2024/2/3 Sells
    assets:broker      -3 VTI @@ 601.50 USD
    assets:cash    700.00 USD
    income:gains
2024-02-04 ! Eats
    liabilities:card  USD -1,020.50
    expenses:food
2024-02-05 Checks
    assets:broker  0 GLD = 4 GLD
    assets:cash  0 USD
"""


@pytest.mark.parametrize(
    ("source", "name", "broker"), [(BEANCOUNT, "b.beancount", "Assets"), (HLEDGER, "h.journal", "assets")]
)
def test_journal__of_either_program__then_what_is_owned_and_owed_at_the_latest_prices(
    source: str, name: str, broker: str
) -> None:
    held = read_account(source.encode(), name, "USD")
    assert {(one.asset, one.quantity, one.value) for one in held} == {
        ("VTI", 7, 1_750),
        ("GLD", 4, 841),
        ("USD", -2_105, -2_105),
        ("USD", Fraction("-1020.5"), Fraction("-1020.5")),
    }
    assert all(one.account.startswith((broker, "Liabilities", "liabilities")) for one in held)


def made_up(seed: int, *, hledger: bool) -> str:
    """A journal with elided amounts, costs and prices of every kind."""
    dice = random.Random(seed)  # noqa: S311 -- a reproducible journal
    names = ["Assets:A", "Assets:B:C", "Liabilities:D", "Expenses:E", "Income:F"]
    lines = [] if hledger else [f"2020-01-01 open {name}" for name in names]
    for number in range(dice.randint(3, 12)):
        lines.append(f'2021-{1 + number:02d}-{dice.randint(1, 28):02d} * "t{number}"')
        account, other = dice.sample(names, 2)
        quantity, cents = dice.randint(-500, 500) or 7, dice.randint(1, 99_999)
        price = f"{cents // 100}.{cents % 100:02d} USD"
        kinds = [f"{quantity}.50 USD", f"{quantity} VTI @ {price}", f"{quantity} VTI @@ {price}"]
        kinds += [] if hledger or quantity < 0 else [f"{quantity} GLD {{{price}}}", f"{quantity} GLD {{{{{price}}}}}"]
        lines.append(f"  {account}   {dice.choice(kinds)}")
        if dice.random() < 0.4:
            lines.append(f"  Income:F   {dice.randint(1, 900)}.25 USD")
        lines.append(f"  {other}")
    return "\n".join(lines) + "\n"


def test_journal__of_100_made_up_ones__then_beancounts_balances() -> None:
    for seed in range(100):
        source = made_up(seed, hledger=False)
        entries, errors, _ = loader.load_string(source)
        assert not errors
        theirs: dict[tuple[str, str], Fraction] = {}
        for account in realization.iter_children(realization.realize(entries)):
            for position in account.balance:
                key = account.account, position.units.currency
                theirs[key] = theirs.get(key, Fraction(0)) + Fraction(position.units.number)
        ours = read_journal(source.encode(), "made.beancount").held
        assert rounded(ours) == rounded(theirs)


def rounded(balances: dict[tuple[str, str], Fraction]) -> dict[tuple[str, str], Fraction]:
    """Those that are not zero; beancount counts a total cost with 28 digits."""
    return {key: round(value, 12) for key, value in balances.items() if round(value, 12)}


def test_journal__of_15_made_up_ones__then_hledgers_balances(tmp_path: Path) -> None:
    for seed in range(15):
        source = made_up(seed, hledger=True)
        path = tmp_path / "made.journal"
        path.write_text(source)
        said = hledger(path, "balance", "--flat", "--no-total", "-N", "-O", "csv", "--layout=bare", "-E")
        rows = csv.DictReader(io.StringIO(said))
        theirs = {(row["account"], row["commodity"]): Fraction(row["balance"]) for row in rows}
        ours = read_journal(source.encode(), "made.journal").held
        assert rounded(ours) == rounded(theirs)


def test_csv__of_an_account__then_its_rows_at_their_prices() -> None:
    source = b"asset,account,price,quantity\nVTI,ISA,250.5,2\nUSD,ISA,,100\nUSD,Loan,,-40\n"
    held = read_account(source, "broker.csv", "USD")
    assert [(one.account, one.value) for one in held] == [("ISA", 501), ("ISA", 100), ("Loan", -40)]


@pytest.mark.parametrize(
    ("name", "source", "rows"),
    [
        ("a.csv", "account,asset,quantity,price\nISA,VTI,two,1\nISA,GLD,1,x\n", ["row 2", "row 3"]),
        ("a.csv", "account,asset,quantity,price\nISA,VTI,2,\nISA,GLD,1,\n", ["row 2", "row 3"]),
        ("a.csv", "account,asset,quantity,price\nISA,VTI\n", ["row 2"]),
        ("a.journal", "2024-01-01 x\n  assets:a  1 VTI\n  equity\n", ["row 2"]),
        ("a.journal", "~ monthly\n  assets:a  1 USD\n  equity\n", ["row 1"]),
        ("a.journal", "2024-01-01 x\n  assets:a  one\n", ["row 2"]),
        ("a.journal", "2024-01-01 x\n  assets:a\n  equity\n", ["row 3"]),
        ("a.journal", "2024-01-01 x\n  (assets:a)  1 USD\n", ["row 2"]),
        ("a.beancount", "2024-01-01 pad Assets:A Equity:B\n", ["row 1"]),
        ("a.beancount", 'include "b.beancount"\n', ["row 1"]),
        ("a.beancount", '2024-01-01 * "x"\n  Assets:B  -1 VTI {}\n  Assets:A\n', ["row 4"]),
    ],
)
def test_account__that_cannot_be_read__then_every_row_is_named(name: str, source: str, rows: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read_account(source.encode(), name, "USD")
    assert [mistake.where for mistake in caught.value.mistakes] == [f"{name}, {row}" for row in rows]


def test_account__that_is_no_text_or_lacks_a_column__then_refused() -> None:
    with pytest.raises(InputError, match="no text"):
        read_account(b"\xff\xfe\xff", "a.journal", "USD")
    with pytest.raises(InputError, match="no column price"):
        read_account(b"account,asset,quantity\n", "a.csv", "USD")
