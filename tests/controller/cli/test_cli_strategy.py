"""A strategy file proposes targets, its strategist sets them, and the audit decides them again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import Here
from keeper_world import intents, keeping, listed, passes
from test_cli_owner import STRATEGIST, Whole
from vault_world import VaultWorld

from controller.market.history import read_history
from controller.model import Reason

if TYPE_CHECKING:
    import pandas as pd

FILE = """
name = "Trend"
[strategy]
method = "test_cli_strategy:Trend"
tilt = {tilt}
"""
RISING = "date,EQUITY,GOLD,BOND\n2020-01-01,100,50,10\n2020-02-01,110,50,10\n"


@dataclass(frozen=True)
class Trend:
    """More of the first asset when its price has risen."""

    tilt: int  # {bps}

    def target(self, snapshot: object, past: pd.DataFrame | None) -> tuple[int, ...]:
        assert past is not None
        up = past.iloc[-1, 0] > past.iloc[0, 0]
        tilt = self.tilt if up else 0
        return 6_000 + tilt, 3_000 - tilt, 1_000


@pytest.fixture
def whole(world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch) -> Whole:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    Path("trend.toml").write_text(FILE.format(tilt=300))
    Path("far.toml").write_text(FILE.format(tilt=500))
    Path("rising.csv").write_text(RISING)
    Path("falling.csv").write_text(RISING.replace("110", "90"))
    return Whole(world, here)


def test_targets__by_a_strategy__then_shown__set_by_its_strategist__and_found_again_by_the_audit(whole: Whole) -> None:
    asked = ("targets", "--vault", whole.address, "--strategy", "trend.toml", "--history", "rising.csv")
    would = whole(*asked)
    assert would.code == 0, would.said
    assert "EQUITY: up 3 percentage points to 63%" in would.said
    assert "GOLD: stays at 10%" in would.said
    assert whole("targets", "--vault", whole.address, "--json").document["targets"]["EQUITY"] == 6_000

    assert whole(*asked, *STRATEGIST, "--broadcast").code == 0
    assert whole("targets", "--vault", whole.address, "--json").document["targets"]["EQUITY"] == 6_300
    assert "stand as the strategy wants them" in whole(*asked).said

    audit = ("audit", "targets", whole.address, "--strategy", "trend.toml", "--history")
    good = whole.here(*audit, "rising.csv", "--json")
    assert good.code == 0, good.said
    assert [each["matches"] for each in good.document["targets"]] == [True]
    bad = whole.here(*audit, "falling.csv")
    assert bad.code == 3
    assert "NOT decided by the strategy, the strategy would have moved nothing" in bad.said


def test_targets__farther_than_a_step__then_a_part_of_the_way_and_not_before_the_delay(whole: Whole) -> None:
    asked = ("targets", "--vault", whole.address, "--strategy", "far.toml", "--history", "rising.csv")
    shown = whole(*asked, "--json").document
    assert (shown["strategy"]["EQUITY"], shown["proposed"]["EQUITY"], shown["earliest"]) == (6_500, 6_400, 0)
    assert "on the way to 65%" in whole(*asked).said
    assert whole(*asked, *STRATEGIST, "--broadcast").code == 0
    assert "The mandate's delay runs until" in whole(*asked).said


def test_targets__from_the_rounds_of_the_feeds__then_no_history_is_needed(whole: Whole) -> None:
    first = whole.world.world.first
    whole.later(3 * 86_400)
    whole.world.world.move((first[0] * 101 // 100, *first[1:]))
    whole.later(2 * 86_400)
    asked = ("targets", "--vault", whole.address, "--strategy", "trend.toml")
    assert "EQUITY: up 3 percentage points to 63%" in whole(*asked).said


def test_targets__by_hand_and_by_a_strategy_at_once__then_refused(whole: Whole) -> None:
    done = whole("targets", "EQUITY=100%", "--vault", whole.address, "--strategy", "trend.toml")
    assert done.code == 64
    assert "not from both" in done.said


RULE = 'name = "Rule"\n[strategy]\nmethod = "fixed"\n[rule]\nrisk_aversion = 3\nvolatility = "{}"\nhorizon = "{}"\n'
ACCOUNT = 'dev_account = 1\n[strategy]\nfile = "rule.toml"'


@pytest.mark.parametrize(
    ("volatility", "horizon", "reason"), [("1%", "1 hour", Reason.COST_ABOVE_BENEFIT), ("30%", "365 days", None)]
)
def test_keeper__with_a_rule__then_it_trades_what_is_worth_its_cost_and_its_record_names_both(
    world: VaultWorld, volatility: str, horizon: str, reason: Reason | None
) -> None:
    Path("rule.toml").write_text(RULE.format(volatility, horizon))
    with keeping(world, account=ACCOUNT) as (keeper, _):
        world.move(140)
        passes(keeper)
    said = listed(world.vault)[-1] if reason else next(tick for tick in listed(world.vault) if tick.plan_hash)
    assert said.reason is reason
    assert "expected to cost" in said.detail
    assert "to be worth" in said.detail
    assert intents() == (0 if reason else 1)
    assert world.nonce() == (0 if reason else 1)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_history__of_a_vault__then_a_file_that_is_the_past_of_a_strategy(whole: Whole, ending: str) -> None:
    whole.later(3 * 86_400)
    first = whole.world.world.first
    whole.world.world.move((first[0] * 101 // 100, *first[1:]))
    whole.later(2 * 86_400)
    name = f"past.{ending}"
    written = whole("history", whole.address, "--to", name, "--rows", "5", "--json").document
    assert written == {"file": name, "rows": written["rows"], "assets": ["EQUITY", "BOND", "GOLD"]}
    found = read_history(Path(name))
    assert len(found) == written["rows"] >= 4
    assert found["EQUITY"].iloc[-1] == pytest.approx(first[0] * 1.01 / 10**8)
    asked = ("targets", "--vault", whole.address, "--strategy", "trend.toml")
    assert whole(*asked, "--history", name).said == whole(*asked).said


def test_history__of_another_kind_or_without_a_step__then_said(whole: Whole) -> None:
    assert "neither .csv nor .parquet" in whole("history", whole.address, "--to", "past.txt").said
    assert whole("history", whole.address, "--to", "past.csv", "--every", "0 days").code == 64
    assert whole("history", whole.address, "--to", "past.csv", "--every", "often").code == 64
