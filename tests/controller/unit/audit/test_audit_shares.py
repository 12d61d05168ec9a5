"""Flows at prices and fees, recomputed: a rate that favours one holder, a fee taken twice, a flow past its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from audit_pieces import DAY, MANDATE, address
from audit_scene import FREE, Scene, changed
from audit_vault import Transaction
from audit_world import ALICE, BOB, CAROL

from controller.audit.evidence import BlockEvidence, Call, Missing
from controller.audit.judge import judge
from controller.audit.report import AuditReport
from controller.chain.entries import FeesTaken
from controller.model import Kind, Mandate


def _report(act: Callable[[Scene], None], mandate: Mandate = MANDATE) -> AuditReport:
    scene = Scene(mandate)
    act(scene)
    return scene.report()


def _said(report: AuditReport) -> str:
    return " ".join(finding.what for finding in report.wrong)


def _deposit(scene: Scene) -> None:
    scene.shock("90/100")
    scene.do(scene.vault.deposit(ALICE, BOB, scene.tokens(30_000, 0, 0)))


def _withdraw(scene: Scene) -> None:
    scene.shock("110/100")
    scene.do(scene.vault.withdraw(BOB, CAROL, scene.tokens(15_000, 0, 0)))


@pytest.mark.parametrize("flow", [_deposit, _withdraw])
def test_judge__when_a_flow_got_one_share_unit_too_much__then_it_is_named(flow: Callable[[Scene], None]) -> None:
    def generous(scene: Scene) -> None:
        scene.vault.generous = 1
        flow(scene)

    assert _report(flow).findings == ()
    assert "the shares at the recorded prices and the mandate's spread is recorded as" in _said(_report(generous))


@pytest.mark.parametrize("flow", [_deposit, _withdraw])
def test_judge__when_the_mandate_allows_no_flows__then_one_is_named(flow: Callable[[Scene], None]) -> None:
    assert "the mandate has no spread" in _said(_report(flow, changed(FREE, spread=0)))


def test_judge__when_a_flow_took_an_asset_past_its_target__then_it_is_named() -> None:
    """Give or take the smallest trade of 50."""

    def deposit(dollars: int) -> Callable[[Scene], None]:
        return lambda scene: scene.do(scene.vault.deposit(ALICE, BOB, scene.tokens(0, 0, dollars)))

    def withdraw(dollars: int) -> Callable[[Scene], None]:
        return lambda scene: scene.do(scene.vault.withdraw(BOB, CAROL, scene.tokens(0, 0, dollars)))

    for act, way in ((deposit, "above"), (withdraw, "below")):
        # of 100,000 gold in 1,000,000: 55 more are 55 * 0.9 = 49.5 beyond, 56 are 50.4
        assert _report(act(55), FREE).findings == ()
        assert f"the flow leaves asset 2 {way} its target of 1000 bps" in _said(_report(act(56), FREE))


def _fees(scene: Scene) -> Transaction:
    """The first only sets the mark."""
    scene.do(scene.vault.take_fees())
    scene.shock("130/100")
    scene.wait(DAY)
    return scene.vault.take_fees()


def test_judge__when_fees_are_taken__then_both_are_recomputed() -> None:
    scene = Scene(MANDATE)
    done = _fees(scene)
    taken = next(log for log in done.logs if isinstance(log, FeesTaken))
    scene.do(done)
    assert taken.management_shares > 0
    assert taken.performance_shares > 0
    assert scene.report().findings == ()


def test_judge__when_a_fee_is_taken_twice__then_the_second_is_named() -> None:
    scene = Scene(MANDATE)
    done = _fees(scene)
    scene.do(done)
    scene.vault.supply += sum(log[-1] for log in done.logs if isinstance(log, tuple))
    scene.do(Transaction(done.call, list(done.logs)))
    report = scene.report()
    assert "a management fee of" in _said(report)
    assert "the performance fee is recorded as" in _said(report)


def test_judge__when_the_mark_was_lowered_first__then_the_fee_on_it_is_named() -> None:
    def lowered(scene: Scene) -> None:
        scene.do(scene.vault.take_fees())
        scene.vault.mark = scene.vault.mark * 9 // 10
        scene.do(scene.vault.take_fees())

    assert "the performance fee is recorded as" in _said(_report(lowered))


def test_judge__when_fees_went_to_another__then_it_is_named() -> None:
    def stolen(scene: Scene) -> None:
        mandate = scene.vault.mandate
        scene.vault.mandate = changed(mandate, recipient=address("thief"))
        done = scene.vault.take_fees()
        scene.vault.mandate = mandate
        scene.do(done)

    assert "fees went to" in _said(_report(stolen))


@pytest.mark.parametrize("kind", [Kind.MINTED, Kind.REDEEMED, Kind.DEPOSITED, Kind.MANDATE_SET])
def test_judge__when_a_fee_was_not_taken_first__then_the_entry_is_named(kind: Kind) -> None:
    def untaken(scene: Scene) -> None:
        scene.shock("90/100")
        scene.vault.fees = lambda _total: []  # type: ignore[method-assign]
        scene.vault.last_fee = scene.vault.now
        scene.do(
            {
                Kind.MINTED: lambda: scene.vault.mint(ALICE, BOB, 10**20),
                Kind.REDEEMED: lambda: scene.vault.redeem(BOB, CAROL, 10**20),
                Kind.DEPOSITED: lambda: scene.vault.deposit(ALICE, BOB, scene.tokens(1_000, 0, 0)),
                Kind.MANDATE_SET: lambda: scene.vault.set_mandate(changed(scene.vault.mandate, max_trades=7)),
            }[kind]()
        )

    assert "were owed and not taken first" in _said(_report(untaken))


def test_judge__when_fees_were_taken_in_a_pause__then_it_is_named_unless_somebody_leaves() -> None:
    def paused(scene: Scene) -> None:
        scene.do(scene.vault.pause(scene.vault.guardian))
        scene.do(scene.vault.redeem(BOB, CAROL, 10**20))

    def taken(scene: Scene) -> None:
        paused(scene)
        scene.do(scene.vault.take_fees())

    assert _report(paused).findings == ()
    assert "fees were taken while the vault was paused" in _said(_report(taken))


def test_judge__when_feeds_published_in_the_fees_block__then_any_value_in_between_is_right_and_no_other() -> None:
    def fees(scene: Scene, share: int) -> AuditReport:
        """The vault was worth the old price and so many tenths of the rise when it took its fees."""
        scene.do(scene.vault.take_fees())
        scene.wait(DAY)
        vault, before = scene.vault, sum(scene.vault.values())
        vault.publish(0, 2)
        after = sum(vault.values())
        logs = vault.fees(before + (after - before) * share // 10)
        scene.do(Transaction(Call(ALICE, vault.address, None), logs))
        return scene.report()

    for share in (0, 5, 10):
        assert fees(Scene(MANDATE), share).findings == ()
    assert "the performance fee is recorded as" in _said(fees(Scene(MANDATE), 11))


def test_judge__when_the_fees_prices_are_not_known__then_the_fee_is_unchecked() -> None:
    scene = Scene(MANDATE)
    scene.do(_fees(scene))
    evidence = scene.evidence()
    number = next(entry.block_number for entry in reversed(evidence.entries) if entry.kind == Kind.FEES_TAKEN)
    block = evidence.blocks[number]
    assert isinstance(block, BlockEvidence)
    blind = replace(block, latest_before=dict.fromkeys(block.latest_before, Missing("no round")))
    report = judge(replace(evidence, blocks={**evidence.blocks, number: blind}))
    assert report.ok
    assert ["the performance fee could not be computed again" in found.what for found in report.unchecked] == [True]


def test_judge__when_a_second_fee_is_less_than_a_share_unit__then_the_time_need_not_fit_exactly() -> None:
    """Taken without an entry: the next one is owed for less than the entries tell."""
    scene = Scene(changed(MANDATE, performance=0))
    scene.do(scene.vault.take_fees(), scene.vault.redeem(scene.vault.owner, CAROL, scene.vault.supply - 10**6))
    scene.wait(100)
    scene.vault.last_fee = scene.vault.now
    scene.wait(10**6)
    scene.do(scene.vault.take_fees())
    assert scene.report().findings == ()
