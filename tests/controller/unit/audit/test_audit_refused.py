"""A rebalance that a correct vault would have refused is a finding, by name: a lax vault makes it, once under a mandate
that forbids it and once under one that allows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from audit_pieces import DAY, START, make_asset
from audit_scene import BEGIN, FREE, Scene, changed

from controller.audit.evidence import Missing
from controller.audit.judge import judge
from controller.audit.report import AuditReport
from controller.model import Cause, Fill, Kind, Knot, Mandate, Period, Scope, Trigger, TriggerKind

STOCKS, BONDS, GOLD, CASH = range(4)
BANDS = changed(FREE, trigger=Trigger(TriggerKind.THRESHOLD, 500, 0, Period.DAY, 0, 0, 3_600))
"""The mandate without its calendar."""


def daily(anchor: int) -> Mandate:
    """By the calendar alone."""
    return changed(FREE, trigger=Trigger(TriggerKind.CALENDAR, 0, 0, Period.DAY, 1, anchor, 0))


def _crash(scene: Scene) -> None:
    """Stocks 840,000, bonds 300,000, gold 100,000: 7.7% above, 5.8% and 1.9% below their targets."""
    scene.shock("140/100")


def in_band(scene: Scene) -> None:
    scene.shock("105/100")
    scene.rebalance(cause=Cause.THRESHOLD)


def twice_in_a_period(scene: Scene) -> None:
    """At BEGIN + 12 and about an hour later."""
    for _ in range(2):
        scene.shock("108/100")
        scene.rebalance(cause=Cause.CALENDAR)
        scene.wait(3_600)


def too_soon(scene: Scene) -> None:
    for _ in range(2):
        _crash(scene)
        scene.rebalance()


def after_its_window(scene: Scene) -> None:
    _crash(scene)
    scene.rebalance("1/2", part=True)
    scene.wait(7_200)
    scene.rebalance(cause=Cause.OPEN)


def five_trades(scene: Scene) -> None:
    _crash(scene)
    to_bonds, to_gold = scene.fill(STOCKS, BONDS, 23_000), scene.fill(STOCKS, GOLD, 11_000)
    scene.trade(to_bonds, to_bonds, to_bonds, to_gold, to_gold)


def a_tiny_one(scene: Scene) -> None:
    _crash(scene)
    scene.trade(*scene.world.fills(Fraction(97, 100), 10), scene.fill(STOCKS, BONDS, 49))


def at_51_bps(scene: Scene) -> None:
    _crash(scene)
    scene.rebalance(slippage=51)


def past_the_target(scene: Scene) -> None:
    """Bonds belong at 372,000."""
    _crash(scene)
    scene.trade(scene.fill(STOCKS, BONDS, 74_000), scene.fill(STOCKS, GOLD, 20_000))


def half_the_way(scene: Scene) -> None:
    _crash(scene)
    scene.rebalance("1/2")


def half_the_way_as_a_part(scene: Scene) -> None:
    _crash(scene)
    scene.rebalance("1/2", part=True)


def others_first(scene: Scene) -> None:
    """Stocks alone are in breach, 5.9% above their target; bonds are 1.3% above, gold and cash 3.6% below theirs."""
    scene.vault.publish(BONDS, Fraction(13, 10))
    _crash(scene)
    scene.trade(scene.fill(BONDS, GOLD, 10_000), part=True)


def twice_with_losses(scene: Scene) -> None:
    """3.75 of 10,000 each, an hour apart."""
    for _ in range(2):
        _crash(scene)
        scene.rebalance(slippage=50)
        scene.wait(3_600)


FOUR = changed(
    BANDS,
    assets=(*(replace(asset, min_weight=0) for asset in FREE.assets), make_asset("cash", 6)),
    path=(Knot(0, (4_000, 2_000, 2_000, 2_000)),),
)

REFUSED: dict[str, tuple[Callable[[Scene], None], Mandate, Mandate]] = {
    "in band, largest drift 116.5 bps": (in_band, BANDS, changed(BANDS, band=100, drift=50)),
    # the day begins at 23:56:40, and in the other one between the two
    "before the next period": (twice_in_a_period, daily(START - 45_000), daily(BEGIN + 1_800 - DAY)),
    "cooling down, until": (too_soon, BANDS, changed(BANDS, cooldown=0)),
    "no rebalance was due: in band": (after_its_window, BANDS, changed(BANDS, window=9_000)),
    "TooManyTrades(count=5, maximum=4)": (five_trades, changed(FREE, max_trades=4), FREE),
    "TradeTooSmall(trade=2": (a_tiny_one, FREE, changed(FREE, min_trade=48 * 10**18)),
    "OutputTooLow(trade=0": (at_51_bps, FREE, changed(FREE, max_slippage=51)),
    "TargetCrossed(asset=1": (past_the_target, FREE, changed(FREE, path=(Knot(0, (5_500, 3_500, 1_000)),))),
    "DestinationMissed(asset=0": (half_the_way, FREE, changed(FREE, drift=450)),
    "PartsNotAllowed()": (half_the_way_as_a_part, changed(FREE, window=0), FREE),
    "NoProgress(breaches=1)": (others_first, changed(FOUR, scope=Scope.BREACH), FOUR),
    "LossTooHigh(": (twice_with_losses, changed(FREE, max_loss=3), FREE),
    "LossBudgetExceeded(used=": (twice_with_losses, changed(BANDS, loss_budget=14, max_loss=7), BANDS),
    "TurnoverBudgetExceeded(used=": (twice_with_losses, changed(BANDS, turnover_budget=2_400), BANDS),
}
"""By what is said: what a lax vault does, a mandate that forbids it and one that allows it."""


def _report(act: Callable[[Scene], None], mandate: Mandate) -> AuditReport:
    scene = Scene(mandate)
    act(scene)
    return scene.report()


@pytest.mark.parametrize("said", REFUSED)
def test_judge__when_a_vault_let_a_rebalance_through__then_the_broken_rule_is_named(said: str) -> None:
    act, forbids, _ = REFUSED[said]
    scene = Scene(forbids)
    act(scene)
    evidence = scene.evidence()
    wrong = judge(evidence).wrong
    assert wrong, "nothing was found"
    named = [finding for finding in wrong if said in finding.what]
    assert named, [finding.what for finding in wrong]
    assert {evidence.entries[finding.seq or 0].kind for finding in named} == {Kind.REBALANCED}


@pytest.mark.parametrize("said", REFUSED)
def test_judge__when_the_mandate_allows_the_same__then_has_no_finding(said: str) -> None:
    act, _, allows = REFUSED[said]
    assert _report(act, allows).findings == ()


def test_judge__when_the_targets_glide__then_those_of_that_moment_count() -> None:
    def glide(scene: Scene) -> None:
        scene.do(scene.vault.set_targets((6_500, 2_500, 1_000), 50_000))
        scene.wait(25_000)
        scene.shock("140/100")
        scene.rebalance()

    def hold(scene: Scene) -> None:
        """To where they were before."""
        scene.do(scene.vault.set_targets((6_500, 2_500, 1_000), 50_000))
        scene.wait(25_000)
        scene.shock("140/100")
        scene.trade(scene.fill(STOCKS, BONDS, 70_000), scene.fill(STOCKS, GOLD, 20_000))

    assert _report(glide, FREE).findings == ()
    assert any("TargetCrossed" in finding.what for finding in _report(hold, FREE).wrong)


def test_judge__when_an_open_rebalance_goes_on__then_its_first_breaches_count() -> None:
    """After the first part the drift is inside the band, and only what was in breach before has to arrive."""
    scene = Scene(changed(BANDS, scope=Scope.BREACH))
    _crash(scene)
    scene.rebalance("1/2", part=True)
    scene.rebalance("95/100")
    report = scene.report()
    assert report.findings == ()
    assert report.rebalances == 2


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda fill: replace(fill, venue=2), "trade 0 names venue 2 of 2"),
        (lambda fill: replace(fill, buy=fill.sell), "trade 0 sells asset 0 for asset 0"),
        (None, "a rebalance without a trade is recorded"),
    ],
)
def test_judge__when_a_trade_is_none_that_the_mandate_knows__then_it_is_named(
    fill: Callable[[Fill], Fill] | None, words: str
) -> None:
    def act(scene: Scene) -> None:
        _crash(scene)
        scene.trade(*([] if fill is None else [fill(scene.fill(STOCKS, BONDS, 70_000))]))

    assert any(words in finding.what for finding in _report(act, FREE).wrong)


def test_judge__when_more_is_sold_than_held__then_it_is_named() -> None:
    def act(scene: Scene) -> None:
        _crash(scene)
        scene.trade(scene.fill(STOCKS, BONDS, 840_001))

    assert any("the fills sell more than the vault held" in finding.what for finding in _report(act, FREE).wrong)


def test_judge__when_the_opening_could_not_be_read__then_what_follows_it_is_unchecked_and_never_wrong() -> None:
    """The assets that it was about are those in breach at the holdings of that moment."""
    scene = Scene(changed(BANDS, scope=Scope.BREACH))
    _crash(scene)
    scene.rebalance("1/2", part=True)
    scene.rebalance("1/4", part=True)
    evidence = scene.evidence()
    first, second = [entry for entry in evidence.entries if entry.kind == Kind.REBALANCED]
    blind = {**evidence.blocks, first.block_number: Missing("missing trie node")}
    report = judge(replace(evidence, blocks=blind))
    assert report.ok
    unknown = [finding.block for finding in report.unchecked if "is not known" in finding.what]
    assert unknown == [first.block_number, second.block_number, second.block_number, evidence.block.number]
