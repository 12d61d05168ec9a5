"""What loosens waits for its timelock, what was given up stays given up, and targets move by steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from enum import Enum
from fractions import Fraction
from typing import Any

import pytest
from audit_pieces import DAY, MANDATE, ZERO, address, make_asset
from audit_scene import FREE, Scene, changed
from audit_vault import Transaction, call_data, mandate_call
from audit_world import ALICE
from eth_utils import keccak

from controller.audit import change, sound
from controller.audit.evidence import BlockEvidence, Call, Missing, price_source
from controller.audit.judge import judge
from controller.audit.report import AuditReport
from controller.chain.entries import Created, KeeperSet, TargetsSet
from controller.model import Feed, Kind, Knot, Mandate, Period, Power, Roles, Sequencer, Trigger, TriggerKind, Twap

Act = Callable[[Scene], Transaction]
LOOSER = changed(FREE, max_slippage=60)
LOOSENING: dict[str, tuple[bytes, Act]] = {
    "a keeper": (
        call_data("setKeeper", ALICE, True),
        lambda scene: scene.vault.set_keeper(ALICE, allowed=True),
    ),
    "a strategist": (call_data("setStrategist", ALICE), lambda scene: scene.vault.set_strategist(ALICE)),
    "a guardian": (call_data("setGuardian", ALICE), lambda scene: scene.vault.set_guardian(ALICE)),
    "no guardian": (call_data("setGuardian", ZERO), lambda scene: scene.vault.set_guardian(ZERO)),
    "the end of pausing": (call_data("renounce", Power.PAUSE), lambda scene: scene.vault.renounce(Power.PAUSE)),
    "a looser mandate": (mandate_call(LOOSER), lambda scene: scene.vault.set_mandate(LOOSER)),
}
AT_ONCE: dict[str, Act] = {
    "no keeper": lambda scene: scene.vault.set_keeper(scene.vault.keeper, allowed=False),
    "no strategist": lambda scene: scene.vault.set_strategist(ZERO),
    "a pause": lambda scene: scene.vault.pause(scene.vault.guardian),
    "no more mandates": lambda scene: scene.vault.renounce(Power.MANDATE),
    "a tighter mandate": lambda scene: scene.vault.set_mandate(changed(FREE, max_slippage=40)),
    "a next owner": lambda scene: scene.vault.propose_owner(ALICE),
    "a statement": lambda scene: scene.vault.declare(keccak(b"first in, first out")),
}


def _said(report: AuditReport) -> str:
    return " ".join(finding.what for finding in report.wrong)


@pytest.mark.parametrize("what", AT_ONCE)
def test_judge__when_a_vault_is_tightened_at_once__then_has_no_finding(what: str) -> None:
    scene = Scene()
    scene.do(AT_ONCE[what](scene))
    assert scene.report().findings == ()


@pytest.mark.parametrize("what", LOOSENING)
@pytest.mark.parametrize(
    ("waited", "words"),
    [
        (3_599, "before its timelock"),
        (3_600, ""),
        (3_600 + 14 * DAY, ""),
        (3_601 + 14 * DAY, "its announcement had expired"),
        (None, "it loosens the vault and was never announced"),
    ],
)
def test_judge__when_a_vault_is_loosened__then_only_in_its_time(what: str, waited: int | None, words: str) -> None:
    call, act = LOOSENING[what]
    scene = Scene()
    if waited is not None:
        scene.world.close(scene.vault.submit(call))
        scene.wait(waited)
    scene.do(act(scene))
    report = scene.report()
    assert (words in _said(report)) if words else report.findings == (), _said(report)


@pytest.mark.parametrize("what", LOOSENING)
def test_judge__when_an_announcement_is_used_twice__then_the_second_time_is_named(what: str) -> None:
    call, act = LOOSENING[what]
    scene = Scene()
    scene.do(scene.vault.submit(call))
    scene.wait(DAY)
    scene.do(act(scene))
    scene.do(act(scene))
    said = _said(scene.report())
    # the same mandate once more is no looser than itself
    assert not said if what == "a looser mandate" else "was never announced" in said


def test_judge__when_another_call_was_announced__then_the_one_made_is_named() -> None:
    scene = Scene()
    scene.do(scene.vault.submit(mandate_call(changed(FREE, max_slippage=61))))
    scene.wait(DAY)
    scene.do(scene.vault.set_mandate(LOOSER))
    assert "was never announced" in _said(scene.report())


def test_judge__when_a_revoked_call_is_made__then_it_is_named() -> None:
    call, act = LOOSENING["a keeper"]
    scene = Scene()
    scene.do(scene.vault.submit(call))
    scene.wait(DAY)
    scene.do(scene.vault.revoke(call, scene.vault.guardian))
    scene.do(act(scene))
    assert "was never announced" in _said(scene.report())


def test_judge__when_a_call_is_announced_again__then_only_after_it_has_expired() -> None:
    for waited, fine in ((3_600 + 14 * DAY, False), (3_601 + 14 * DAY, True)):
        scene = Scene()
        scene.world.close(scene.vault.submit(LOOSENING["a keeper"][0]))
        scene.wait(waited)
        scene.do(scene.vault.submit(LOOSENING["a keeper"][0]))
        assert ("announced again while it waits" in _said(scene.report())) is not fine


def test_judge__when_the_owner_is_a_contract__then_its_announcements_count_alike() -> None:
    scene = Scene()
    scene.do(scene.vault.submit(LOOSENING["a keeper"][0]))
    scene.wait(DAY)
    made = scene.vault.set_keeper(ALICE, allowed=True)
    scene.do(Transaction(Call(address("signer"), address("safe"), None), made.logs, b"\1" * 32))
    assert scene.report().findings == ()


def test_judge__when_words_follow_an_announced_call__then_the_very_call_is_used_up() -> None:
    """Two that do the same: the transaction tells which one was made."""
    longer = LOOSENING["a keeper"][0] + b"\0" * 32
    scene = Scene()
    scene.do(scene.vault.submit(LOOSENING["a keeper"][0]), scene.vault.submit(longer))
    scene.wait(DAY)
    del scene.vault.announced[keccak(longer)]
    scene.vault.keepers[ALICE] = True
    call = Call(scene.vault.owner, scene.vault.address, None)
    scene.do(Transaction(call, [KeeperSet(ALICE, allowed=True)], longer))
    assert scene.report().findings == ()


@pytest.mark.parametrize("what", [*LOOSENING, *(what for what in AT_ONCE if what != "a pause")])
def test_judge__when_somebody_else_did_what_the_owner_does__then_it_is_named(what: str) -> None:
    scene = Scene()
    if what in LOOSENING:
        scene.do(scene.vault.submit(LOOSENING[what][0]))
        scene.wait(DAY)
    done = (AT_ONCE.get(what) or LOOSENING[what][1])(scene)
    scene.do(Transaction(replace(done.call, sender=address("thief")), done.logs))
    assert "did what only the owner" in _said(scene.report())


@pytest.mark.parametrize(
    ("power", "act"),
    [
        (Power.MANDATE, AT_ONCE["a tighter mandate"]),
        (Power.TARGETS, lambda scene: scene.vault.set_targets((6_100, 2_900, 1_000), 0)),
        (Power.TARGETS, lambda scene: scene.vault.set_mandate(changed(FREE, path=(Knot(1, (6_000, 3_000, 1_000)),)))),
        (Power.ROLES, LOOSENING["a keeper"][1]),
        (Power.ROLES, LOOSENING["a strategist"][1]),
        (Power.ROLES, LOOSENING["a guardian"][1]),
        (Power.PAUSE, AT_ONCE["a pause"]),
        (Power.MANDATE, lambda scene: scene.vault.renounce(Power.MANDATE)),
    ],
)
def test_judge__when_a_power_is_used_that_was_given_up__then_it_is_named(power: Power, act: Act) -> None:
    scene = Scene()
    scene.do(scene.vault.renounce(power))
    scene.do(act(scene))
    assert f"the power over {power.name} was used, which had been given up for good" in _said(scene.report())


def test_judge__when_roles_were_given_up__then_removing_stays_possible() -> None:
    scene = Scene()
    scene.do(scene.vault.renounce(Power.ROLES), scene.vault.renounce(Power.TARGETS))
    scene.do(AT_ONCE["no keeper"](scene), AT_ONCE["no strategist"](scene), AT_ONCE["a tighter mandate"](scene))
    assert scene.report().findings == ()


@pytest.mark.parametrize(
    ("what", "act"),
    [
        ("minted", lambda scene: scene.vault.mint(ALICE, ALICE, 10**20)),
        ("deposited", lambda scene: scene.vault.deposit(ALICE, ALICE, scene.tokens(10, 0, 0))),
        ("withdrawn", lambda scene: scene.vault.withdraw(ALICE, ALICE, scene.tokens(10, 0, 0))),
        ("made", lambda scene: scene.vault.rebalance([scene.fill(0, 1, 70_000)], scene.world.reference())),
    ],
)
def test_judge__when_something_happens_in_a_pause__then_it_is_named_but_for_leaving(what: str, act: Act) -> None:
    scene = Scene()
    scene.do(AT_ONCE["a pause"](scene))
    scene.do(scene.vault.redeem(ALICE, ALICE, 10**20))
    assert scene.report().findings == ()
    scene.do(act(scene))
    assert f"were {what} while the vault was paused" in _said(scene.report())


def test_judge__when_a_vault_is_created_twice__then_it_is_named() -> None:
    scene = Scene()
    roles = Roles(scene.vault.owner, scene.vault.strategist, scene.vault.guardian, (scene.vault.keeper,))
    call = Call(ALICE, address("factory"), None)
    scene.do(Transaction(call, [Created(scene.vault.mandate, roles)]))
    assert "the vault is created a second time" in _said(scene.report())


def test_judge__when_what_was_never_announced_is_revoked__then_it_is_named() -> None:
    call, _ = LOOSENING["a keeper"]
    scene = Scene()
    scene.vault.announced[keccak(call)] = 0
    scene.do(scene.vault.revoke(call, scene.vault.guardian))
    assert "was revoked, which is not announced" in _said(scene.report())


# ---- targets


def _targets(scene: Scene, *path: Knot) -> Transaction:
    vault = scene.vault
    vault.mandate, vault.last_target_change = replace(vault.mandate, path=path), vault.now
    return Transaction(Call(vault.strategist, vault.address, None), [TargetsSet(vault.strategist, path)])


def test_judge__when_targets_move_by_the_step_and_after_the_delay__then_has_no_finding() -> None:
    scene = Scene()
    scene.world.close(scene.vault.set_targets((6_500, 2_500, 1_000), 0))
    scene.wait(600)
    scene.do(scene.vault.set_targets((6_000, 3_000, 1_000), 100))
    assert scene.report().findings == ()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (lambda now: [Knot(now, (6_501, 2_500, 999))], "moved by 501 bps at once"),
        (lambda now: [Knot(now, (6_100, 2_900, 999))], "sum to 9999"),
        (lambda now: [Knot(now - 1, (6_100, 2_900, 1_000))], "does not begin at"),
        (lambda now: [Knot(now, (6_100, 2_900, 1_000)), Knot(now + 9, (6_200, 2_800, 1_000))], "does not begin at"),
        (lambda now: [Knot(now, (6_000, 3_000, 1_000)), Knot(now, (6_200, 2_800, 1_000))], "not in the order of time"),
        (lambda now: [Knot(now, (6_000, 3_000))], "has 2 targets for 3 assets"),
        (lambda now: [], "has 0 knots"),
    ],
)
def test_judge__when_a_path_is_none_that_a_strategist_can_set__then_it_is_named(
    path: Callable[[int], list[Knot]], words: str
) -> None:
    scene = Scene()
    scene.do(_targets(scene, *path(scene.vault.now)))
    assert words in _said(scene.report())


def test_judge__when_targets_move_too_soon_or_by_another__then_it_is_named() -> None:
    scene = Scene()
    scene.world.close(scene.vault.set_targets((6_100, 2_900, 1_000), 0))
    scene.wait(599)
    scene.vault.strategist = address("thief")
    scene.do(scene.vault.set_targets((6_200, 2_800, 1_000), 0))
    assert "the delay after the last time ran until" in _said(scene.report())
    assert "which is not the strategist" in _said(scene.report())


def test_judge__when_a_target_leaves_the_assets_bounds__then_it_is_named() -> None:
    scene = Scene(changed(FREE, path=(Knot(0, (2_100, 6_900, 1_000)),)))
    scene.do(scene.vault.set_targets((1_999, 7_001, 1_000), 0))
    assert "has a target of 1999 bps outside 2000 to 10000" in _said(scene.report())


# ---- mandates


def test_judge__when_an_asset_comes_and_another_goes__then_the_book_is_judged_by_the_mandate_in_force() -> None:
    """Gold is sold down to less than the smallest trade, dropped, and silver bought in its place."""
    silver = make_asset("silver", 18)
    without = changed(FREE, path=(Knot(0, (6_000, 4_000, 0)),), max_step=2_000)
    instead = changed(without, assets=(*FREE.assets[:2], silver), path=(Knot(0, (6_000, 3_000, 1_000)),))
    scene = Scene()
    scene.do(scene.vault.submit(mandate_call(without)), scene.vault.submit(mandate_call(instead)))
    scene.wait(3_600)
    scene.do(scene.vault.set_mandate(without))
    scene.wait(3_600)
    scene.trade(scene.fill(2, 1, 99_960))
    scene.do(scene.vault.set_mandate(instead))
    scene.wait(3_600)
    scene.trade(scene.fill(1, 2, 95_000))
    assert scene.report().findings == ()


@pytest.mark.parametrize(("left", "fine"), [(49, True), (51, False)])
def test_judge__when_an_asset_is_dropped__then_only_what_cannot_be_traded_may_be_left(left: int, fine: bool) -> None:
    without = changed(FREE, path=(Knot(0, (6_000, 4_000, 0)),))
    two = changed(without, assets=FREE.assets[:2], path=(Knot(0, (6_000, 4_000)),))
    scene = Scene(without)
    scene.do(scene.vault.submit(mandate_call(two)), scene.world.donation(2, scene.tokens(0, 0, left)[2]))
    scene.wait(3_600)
    scene.do(scene.vault.set_mandate(two))
    assert ("was dropped while the vault held" in _said(scene.report())) is not fine
    assert fine is (scene.report().findings == ())


def test_judge__when_what_is_left_of_a_dropped_asset_has_no_price__then_it_is_unchecked() -> None:
    two = changed(FREE, assets=FREE.assets[:2], path=(Knot(0, (6_000, 4_000)),))
    scene = Scene()
    scene.do(scene.vault.submit(mandate_call(two)))
    scene.wait(3_600)
    scene.do(scene.vault.set_mandate(two))
    evidence = scene.evidence()
    number = next(entry.block_number for entry in evidence.entries if entry.kind == Kind.MANDATE_SET)
    block = evidence.blocks[number]
    assert isinstance(block, BlockEvidence)
    blind = replace(block, latest_after=dict.fromkeys(block.latest_after, Missing("no round")))
    report = judge(replace(evidence, blocks={**evidence.blocks, number: blind}))
    assert report.ok
    assert "could not be valued" in report.unchecked[0].what


def test_judge__when_a_mandate_closes_an_open_rebalance__then_it_does_not_go_on() -> None:
    scene = Scene(changed(FREE, trigger=Trigger(TriggerKind.THRESHOLD, 500, 0, Period.DAY, 0, 0, 0)))
    scene.shock("140/100")
    scene.rebalance("1/2", part=True)
    scene.do(scene.vault.set_mandate(changed(scene.vault.mandate, max_slippage=40)))
    scene.rebalance()
    assert "no rebalance was due: in band" in _said(scene.report())


UNSOUND: dict[str, dict[str, Any]] = {
    "has 1 assets": {"assets": MANDATE.assets[:1]},
    "has no oracle": {"oracle": ZERO},
    "without a grace period": {"sequencer": Sequencer(ALICE, 0)},
    "is called ''": {"name": ""},
    "timelock is 3599 s": {"timelock": 3_599},
    "names no venue": {"venues": ()},
    "one twice": {"venues": (ALICE, ALICE)},
    "no contract as a venue": {"venues": (ZERO,)},
    "bands are 0 and 0": {"band": 0},
    "calendar is 0 day": {"every": 0},
    "is not below its band": {"drift": 500},
    "slippage is 10000": {"max_slippage": 10_000},
    "loss is 301 bps of a budget of 600": {"max_loss": 301},
    "turnover budget is 0": {"turnover_budget": 0},
    "budgets are for 3599 s": {"budget_window": 3_599},
    "no smallest trade": {"min_trade": 0},
    "fees are 501 and 1000": {"management": 501},
    "fees go to": {"recipient": ZERO},
    "no token, or the vault's own share": {"assets": (replace(MANDATE.assets[0], token=ZERO), *MANDATE.assets[1:])},
    "names a token twice": {"assets": (MANDATE.assets[0],) * 3},
    "spread is 99 bps": {"spread": 99},
    "may have 2 to 1 bps": {"assets": (make_asset("stocks", 18, 2, 1), *MANDATE.assets[1:])},
    "sum to 9999": {"path": (Knot(0, (6_000, 3_000, 999)),)},
    "outside 2000 to 10000": {"path": (Knot(0, (1_000, 8_000, 1_000)),)},
    "order of time": {"path": (Knot(1, (6_000, 3_000, 1_000)), Knot(1, (6_000, 3_000, 1_000)))},
}
FEEDS: dict[str, dict[str, Any]] = {
    "no feed": {"heartbeat": 0},
    "answers may be from 0": {"min_answer": 0},
    "19 decimals": {"decimals": 19},
    "second source is none": {"twap": Twap(0, 500, 0, 0)},
    "its second source is none": {"twap": Twap(1_800, 500, 100, 0)},
}


@pytest.mark.parametrize("words", [*UNSOUND, *FEEDS])
def test_flaws__when_a_mandate_is_none__then_says_why(words: str) -> None:
    assert list(sound.flaws(MANDATE, address("vault"))) == []
    if words in FEEDS:
        first = MANDATE.assets[0]
        feed: Feed = replace(first.feed, **FEEDS[words])
        altered = changed(MANDATE, assets=(replace(first, feed=feed), *MANDATE.assets[1:]))
    else:
        altered = changed(MANDATE, **UNSOUND[words])
    assert any(words in flaw for flaw in sound.flaws(altered, address("vault")))


def test_judge__when_a_vault_was_created_with_such_a_mandate__then_it_is_named_and_nothing_behind_it() -> None:
    scene = Scene(changed(FREE, timelock=1))
    report = scene.report()
    assert [finding.seq for finding in report.wrong] == [0]


_TIGHTER_UP = {
    ".sequencer.grace", ".trigger.cooldown", ".limits.budget_window", ".limits.step_delay", ".spread", ".timelock",
    ".min_weight", ".feed.min_answer",
}  # fmt: skip
_TIGHTER_DOWN = {
    ".destination.window", ".limits.max_slippage", ".limits.max_loss", ".limits.loss_budget", ".limits.turnover_budget",
    ".limits.max_trades", ".limits.max_step", ".fees.management", ".fees.performance", ".max_weight", ".feed.heartbeat",
    ".feed.max_answer", ".feed.twap.max_deviation",
}  # fmt: skip


def _numbers(value: Any, where: str = "") -> list[str]:
    """Every number of a mandate, by its name."""
    found = []
    for each in fields(value):
        inner, path = getattr(value, each.name), f"{where}.{each.name}"
        if isinstance(inner, int):
            found.append(path)
        elif hasattr(inner, "__dataclass_fields__"):
            found += _numbers(inner, path)
    return found


def _with(value: Any, path: str, by: int) -> Any:
    name, _, rest = path[1:].partition(".")
    inner = getattr(value, name)
    if isinstance(inner, Enum):
        return replace(value, **{name: type(inner)((inner.value + by) % len(type(inner)))})
    return replace(value, **{name: _with(inner, f".{rest}", by) if rest else inner + by})


TWO_SOURCES = replace(MANDATE.assets[0], feed=replace(MANDATE.assets[0].feed, twap=Twap(1_800, 500, 100, 1)))


@pytest.mark.parametrize("path", [*_numbers(MANDATE), *(f"[0]{path}" for path in _numbers(TWO_SOURCES))])
def test_is_tightening__when_one_number_changes__then_only_in_its_direction(path: str) -> None:
    old = changed(
        MANDATE,
        assets=(TWO_SOURCES, *MANDATE.assets[1:]),
        trigger=replace(MANDATE.trigger, period=Period.WEEK, kind=TriggerKind.EITHER),
        sequencer=Sequencer(ALICE, 9),
    )
    for by in (1, -1):
        if path.startswith("[0]"):
            new: Mandate = replace(old, assets=(_with(TWO_SOURCES, path[3:], by), *old.assets[1:]))
        else:
            new = _with(old, path, by)
        name = path.removeprefix("[0]")
        assert change.is_tightening(old, new) is (name in (_TIGHTER_UP if by > 0 else _TIGHTER_DOWN)), by


def test_is_tightening__when_parts_change__then_as_the_contract_says() -> None:
    assert change.is_tightening(FREE, changed(FREE, file_hash=b"\1" * 32))
    assert change.is_tightening(MANDATE, changed(MANDATE, recipient=ZERO, management=0, performance=0))
    assert not change.is_tightening(MANDATE, changed(MANDATE, recipient=ALICE))
    assert change.is_tightening(FREE, changed(FREE, venues=FREE.venues[1:]))
    assert not change.is_tightening(FREE, changed(FREE, venues=FREE.venues[::-1]))
    assert change.is_tightening(FREE, changed(FREE, spread=0))
    assert not change.is_tightening(changed(FREE, spread=0), FREE)
    assert not change.is_tightening(FREE, changed(FREE, assets=FREE.assets[::-1]))
    assert not change.is_tightening(FREE, changed(FREE, path=(Knot(1, (6_000, 3_000, 1_000)),)))
    assert change.is_tightening(FREE, replace(FREE, assets=(TWO_SOURCES, *FREE.assets[1:])))
    assert not change.is_tightening(replace(FREE, assets=(TWO_SOURCES, *FREE.assets[1:])), FREE)


# ---- what only the oracle knows


@pytest.mark.parametrize(
    ("refusal", "published", "wrong"),
    [
        ("", False, False),
        ("SequencerDown", False, True),
        ("PriceDeviates", True, False),
        ("TwapUnreadable", False, False),
        (Missing("gone"), False, False),
    ],
)
def test_judge__when_the_oracle_refuses_at_the_block__then_the_rebalance_is_named(
    refusal: str | Missing, published: bool, wrong: bool
) -> None:
    scene = Scene()
    scene.shock("140/100")
    if published:
        scene.vault.publish(0, Fraction(1))
    scene.rebalance()
    evidence = scene.evidence()
    number = next(entry.block_number for entry in evidence.entries if entry.kind == Kind.REBALANCED)
    block = evidence.blocks[number]
    assert isinstance(block, BlockEvidence)
    refusing = replace(block, refusals={price_source(scene.vault.mandate): refusal})
    report = judge(replace(evidence, blocks={**evidence.blocks, number: refusing}))
    assert ("refuses at that block: SequencerDown" in _said(report)) is wrong
    assert report.ok is not wrong
    assert bool(report.unchecked) is (bool(refusal) and not wrong)
