"""Goals and the one view on a real vault."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Here
from vault_world import VaultWorld

from controller.config import household_file
from controller.execution.keys import development_signer
from controller.model import Period

DOLLAR = 10**36
STRANGER = development_signer(7).address


@pytest.fixture
def goals(world: VaultWorld, here: Here) -> str:
    Path("goals.toml").write_text(here("goal", "template").out.replace("at = 2040-01-01", "at = 2060-01-01"))
    return "goals.toml"


def test_goal_check__of_the_template__then_its_probability_and_interval(goals: str, here: Here) -> None:
    document = here("goal", "check", goals, "--paths", "2000", "--json").document
    (house,) = document["goals"]
    assert 0 < house["low"] <= house["probability"] <= house["high"] <= 1
    assert house["probability"] > 0.9, "a million in the vault"
    assert "House" in here("goal", "check", goals, "--paths", "2000").out


def test_goal_glide__for_a_goal__then_a_path_that_the_mandate_file_takes(
    world: VaultWorld, goals: str, here: Here
) -> None:
    text = Path(goals).read_text().replace('"250000 USD"', '"1500000 USD"')
    Path(goals).write_text(text)
    given = ("goal", "glide", goals, "House", "--safe", "BOND=90%", "--safe", "EQUITY=10%", "--paths", "1000")
    document = here(*given, "--json").document
    assert [one["probability"] for one in document["glides"]] == sorted(
        (one["probability"] for one in document["glides"]), reverse=True
    )
    assert "[[path]]" in here(*given).out
    mandate = Path("mandate.toml").read_text()
    lines = [line for line in mandate.splitlines() if not line.startswith("weight")]
    Path("glide.toml").write_text("\n".join(lines) + "\n" + document["path"])
    done = here("vault", "set-mandate", "glide.toml", world.vault, "--dev-account", "0")
    assert done.code == 0, done.said
    assert here("goal", "glide", goals, "Boat", "--safe", "BOND=100%").code == 64


def test_goal_check__of_bad_files__then_every_mistake(world: VaultWorld, goals: str, here: Here) -> None:
    template = Path(goals).read_text()
    Path(goals).write_text(
        template.replace("value = 0.1", "value = 3")
        + '[[goals]]\nname = "House"\nincome = "1 USD"\namount = "1 USD"\nat = 2050-01-01\nweights = {SILVER = "50%"}\n'
    )
    assert "correlations[0].value" in here("goal", "check", goals).said
    Path(goals).write_text(Path(goals).read_text().replace("value = 3", "value = 0.3"))
    done = here("goal", "check", goals)
    assert done.code == 65
    for words in ("a second time", "an amount or an income", "goals[1].until", "value and weights", "SILVER", "100%"):
        assert words in done.said
    Path(goals).write_text(template.replace("[assets.GOLD]", "[assets.LEAD]").replace("2060", "2001"))
    done = here("goal", "check", goals)
    assert "is past" in done.said
    assert "GOLD, of which [assets] says nothing" in done.said


def test_household__of_everything__then_net_worth_weights_and_targets_that_match(world: VaultWorld, here: Here) -> None:
    Path("broker.csv").write_text("account,asset,quantity,price\nISA,VTI,1000,250\nISA,USD,10000,\n")
    Path("books.beancount").write_text(
        '2024-01-02 * "opens"\n  Assets:Safe  50 XAU {1000 USD}\n  Liabilities:Loan  -20000 USD\n  Equity:Open\n'
        "2024-03-01 price XAU 2000 USD\n"
    )
    world.world.fund(STRANGER, "BOND", 10**18)
    Path("household.toml").write_text(
        f'wallets = ["{STRANGER}"]\n'
        '[target]\nEQUITY = "60%"\nBOND = "30%"\nGOLD = "10%"\n'
        '[groups]\nVTI = "EQUITY"\nXAU = "GOLD"\nUSD = "BOND"\nETH = "GOLD"\n[prices]\nETH = "1 USD"\n'
        '[[accounts]]\nname = "Broker"\nfile = "broker.csv"\n[[accounts]]\nname = "Books"\nfile = "books.beancount"\n'
        '[[debts]]\nname = "Mortgage"\namount = "180000 USD"\n'
        '[[flows]]\nname = "Rent"\ngoes = "1500 USD"\nat = 2020-01-31\nevery = "1 month"\n'
    )
    document = here("household", "household.toml", "--json").document
    values = {(one["where"], one["asset"]): int(one["value"]) for one in document["positions"]}
    assert values["Broker: ISA", "VTI"] == 250_000 * DOLLAR
    assert values["Books: Assets:Safe", "XAU"] == 100_000 * DOLLAR
    assert values[STRANGER, "ETH"] >= 9_999 * DOLLAR
    assert (STRANGER, "BOND") in values
    assert document["debts"] == {
        "Mortgage": str(180_000 * DOLLAR),
        "Books: Liabilities:Loan": str(20_000 * DOLLAR),
    }
    assert int(document["net_worth"]) == sum(values.values()) - 200_000 * DOLLAR
    assert int(document["coming_year"]) == -12 * 1_500 * DOLLAR
    (advice,) = document["advice"]
    assert advice["feasible"]
    inside = sum(value for (where, _), value in values.items() if where == world.vault)
    groups = {one["group"]: int(one["value"]) for one in document["groups"]}
    for group, weight in (("EQUITY", 6_000), ("BOND", 3_000), ("GOLD", 1_000)):
        after = groups[group] - values[world.vault, group] + inside * advice["targets_bps"][group] // 10_000
        assert abs(after * 10_000 // sum(values.values()) - weight) <= 1
    said = here("household", "household.toml").said
    assert "make the whole match" in said
    assert "owed, Mortgage: 180,000.00" in said


def test_household__that_cannot_match__then_the_reason(world: VaultWorld, here: Here) -> None:
    Path("broker.csv").write_text("account,asset,quantity,price\nISA,GOLD,1000,2500\n")
    Path("household.toml").write_text(
        here("household", "--template").out + '\n[[accounts]]\nname = "Broker"\nfile = "broker.csv"\n'
    )
    done = here("household", "household.toml")
    assert done.code == 0
    assert "The whole cannot match" in done.said
    assert "of GOLD lie elsewhere" in done.said


def test_household__of_bad_input__then_all_of_it_is_named(world: VaultWorld, here: Here) -> None:
    assert here("household").code == 64
    assert here("household", "nothing.toml").code == 65
    Path("household.toml").write_text(
        '[target]\nEQUITY = "50%"\n[[accounts]]\nname = "A"\nfile = "a.xlsx"\n[[flows]]\nname = "x"\nat = 2030-01-01\n'
    )
    said = here("household", "household.toml").said
    assert all(words in said for words in ("exactly 100%", "must end with", "comes or goes"))
    Path("a.csv").write_text("account,asset,quantity,price\nISA,VTI,1,\n")
    accounts = "".join(f'[[accounts]]\nname = "{name}"\nfile = "{name}.csv"\n' for name in "ab")
    Path("household.toml").write_text(f'wallets = ["{STRANGER}"]\n{accounts}')
    said = here("household", "household.toml").said
    assert "a.csv, row 2: there is no price of VTI" in said
    assert "b.csv cannot be read" in said
    Path("household.toml").write_text(f'wallets = ["{STRANGER}"]\n')
    assert "there is no price of ETH" in here("household", "household.toml").said


def test_times__of_a_monthly_flow_from_a_31st__then_on_real_months() -> None:
    flow = household_file.FlowTable.model_validate(
        {"name": "Rent", "goes": "1 USD", "at": "2027-01-31", "every": "1 month", "until": "2027-05-01"}
    )
    assert flow.every == (1, Period.MONTH)
    start = flow.at - 1
    days = [(time - flow.at) // 86_400 for time in household_file.times_of(flow, start, start + 400 * 86_400)]
    assert days == [0, 28, 59, 89]


PROFILE = """\
name = "Ada"
[questions]
bad_year = "20%"
fee = "4%"
stocks = "60%"
savings = "5%"
years = 20
[[exclusions]]
token = "GOLD"
reason = "no cash flow"
[tax]
residence = "US"
turnover = "30%"
"""


def test_profile_mandate__of_a_person__then_a_file_that_the_vault_takes_and_the_change_in_words(
    world: VaultWorld, here: Here
) -> None:
    Path("ada.toml").write_text(PROFILE)
    given = ("profile", "mandate", "ada.toml", "mandate.toml", "--risky", "EQUITY")
    done = here(*given, "--out", "new.toml")
    assert done.code == 0, done.said
    assert "EQUITY: 60%, then" in done.said
    assert "GOLD: 10%, then none: it is excluded" in done.said
    assert "limits.turnover_budget: 200%, then 30%" in done.said
    document = here(*given, "--json").document
    assert document["profile_hash"] in Path("new.toml").read_text()
    # the clock of the node goes on between the two
    assert len(document["file"]) == len(Path("new.toml").read_text())
    made = here("vault", "create", "new.toml", "--dev-account", "0", "--json")
    assert made.code == 0, made.said
    assert here("profile", "mandate", "ada.toml", "mandate.toml", "--risky", "COAL").code == 65


def test_profile__exclusions_and_tax_hints__then_a_strategy_and_a_tax_plan_obey_them(
    world: VaultWorld, here: Here
) -> None:
    Path("ada.toml").write_text(PROFILE + 'method = "hifo"\nkeep = {EQUITY = 2090-01-01, LAND = 2090-01-01}\n')
    done = here("profile", "strategy", "ada.toml", "mandate.toml")
    assert done.code == 0, done.said
    assert "LAND is not in the mandate" in done.err
    Path("ada-strategy.toml").write_text(done.out)
    rows = (f"2020-{day // 28 + 1:02d}-{day % 28 + 1:02d},{100 - day},{100 + day % 3},50" for day in range(60))
    Path("past.csv").write_text("date,EQUITY,BOND,GOLD\n" + "\n".join(rows) + "\n")
    given = ("vault", "targets", "--strategy", "ada-strategy.toml", "--history", "past.csv")
    document = here(*given, "--json").document
    assert document["strategy"]["EQUITY"] >= 6_000, "it falls, and is kept all the same"
    assert document["strategy"]["GOLD"] == 0
    world.move(160)
    free, kept = (
        here("tax", "plan", "--rates", "37%,20%", *profile, "--json").document
        for profile in ((), ("--profile", "ada.toml"))
    )
    assert {lot["asset"] for lot in free["cheapest"]["lots"]} == {"EQUITY"}
    assert kept["cheapest"]["lots"] == kept["by_method"]["lots"] == []
    assert kept["method"] == "hifo"
    assert "EQUITY is kept until 2090-01-01, says the profile." in kept["notes"]
    assert here("tax", "lots", "--profile", "ada.toml").code == 0
    Path("ada.toml").write_text(PROFILE.replace('"US"', '"FR"'))
    done = here("tax", "lots", "--profile", "ada.toml")
    assert (done.code, "residence FR" in done.said) == (64, True)
