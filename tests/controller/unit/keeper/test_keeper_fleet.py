"""One tick over many vaults: each vault's trouble is its own, and its record lists what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeper_pieces import APART, EVEN, MANDATE, PRICES, address, plan
from planning_books import vaults as books
from planning_pieces import DOLLAR, Venue, make_snapshot

from controller.chain.client import Chain
from controller.errors import EvenkeelError, NodeError, NotFoundError, RevertError, StorageError
from controller.execution.documents import canonical, from_document, to_document
from controller.execution.journal import Journal
from controller.keeper.fleet import Fleet, FleetRecord, answer_class, decision_at
from controller.model import BlockRef, Decision, NoTrade, Plan, Reason, Snapshot
from controller.planning import due
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller

BLOCK = EVEN.block
IDLE = NoTrade(Reason.IN_BAND, "largest drift 12.3 bps")
A, B, C = address(0xA11CE), address(0xB0B), address(0xCA401)


def _at(number: int) -> BlockRef:
    return replace(BLOCK, number=number)


def _vault(name: str, snapshot: Snapshot = EVEN) -> Snapshot:
    return replace(snapshot, vault=name)


class World:
    """Snapshots by vault, and what the controller would decide."""

    def __init__(self) -> None:
        self.found: dict[str, Snapshot | EvenkeelError] = {name: _vault(name) for name in (A, B, C)}
        self.answers: dict[str, Decision | EvenkeelError] = {}
        self.fleet = Fleet(self._read, self._decide)

    def _read(self, vaults: Sequence[str], _block: BlockRef) -> Mapping[str, Snapshot | EvenkeelError]:
        return {vault: self.found[vault] for vault in vaults}

    def _decide(self, snapshot: Snapshot, now: int) -> Decision:
        assert now == snapshot.block.timestamp + 1
        answer = self.answers.get(snapshot.vault, IDLE)
        if isinstance(answer, EvenkeelError):
            raise answer
        return answer

    def tick(self, block: int = 100) -> FleetRecord:
        return self.fleet.tick((A, B, C), _at(block)).record


def _listed(record: FleetRecord) -> list[str]:
    return [tick.vault for tick in record.listed]


def test_tick__when_it_is_the_first_of_a_process__then_lists_all_and_later_what_changed() -> None:
    world = World()
    first = world.tick()
    assert (first.vaults, first.complete, _listed(first)) == (3, True, [A, B, C])
    second = world.tick()
    assert (second.vaults, second.complete, second.listed) == (3, False, ())
    world.answers[B] = NoTrade(Reason.COOLING_DOWN, "until 5")
    third = world.tick()
    assert _listed(third) == [B]
    assert (third.listed[0].reason, third.listed[0].detail) == (Reason.COOLING_DOWN, "until 5")
    assert third.listed[0].balances == EVEN.balances
    assert World().tick().complete


def test_tick__when_only_numbers_move__then_it_is_the_same_answer() -> None:
    world = World()
    for vault, detail in ((A, "largest drift 99.9 bps (asset 1 (0x2))"), (B, "until 100, 50 s from now")):
        world.answers[vault] = NoTrade(Reason.IN_BAND if vault is A else Reason.COOLING_DOWN, detail)
    world.tick()
    world.answers[A] = NoTrade(Reason.IN_BAND, "largest drift 100.0 bps (asset 0 (0x1))")
    world.answers[B] = NoTrade(Reason.COOLING_DOWN, "until 100, 1,038.5 s from now")
    assert world.tick().listed == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            NoTrade(Reason.PRICE_UNUSABLE, "asset 0 (0x00a1): PriceStale(1)"),
            NoTrade(Reason.PRICE_UNUSABLE, "asset 0 (0x00a2): PriceStale(1)"),
        ),
        (NoTrade(Reason.PRICE_UNUSABLE, "PriceStale(1)"), NoTrade(Reason.PRICE_UNUSABLE, "SequencerDown(1)")),
        (NoTrade(Reason.NO_ROUTE, ""), NoTrade(Reason.NO_VALUE, "")),
        (plan(), IDLE),
        (NodeError("a"), NodeError("b")),
        (RevertError("NotDue", {}), RevertError("Paused", {})),
        (NodeError("a"), NotFoundError("a")),
    ],
)
def test_answer_class__when_the_answer_is_another__then_so_is_its_class(
    one: Decision | EvenkeelError, other: Decision | EvenkeelError
) -> None:
    assert answer_class(one) != answer_class(other)


@pytest.mark.parametrize(
    "trouble",
    [
        NotFoundError("There is no vault."),
        replace(EVEN, registered=False),
        replace(EVEN, due=replace(EVEN.due, largest_drift=EVEN.due.largest_drift + 1)),
    ],
)
def test_tick__when_one_vault_is_in_trouble__then_the_others_are_ticked(trouble: Snapshot | EvenkeelError) -> None:
    """F-17: whether it cannot be read, is no vault of ours, or judges itself otherwise."""
    world = World()
    world.found[B] = replace(trouble, vault=B) if isinstance(trouble, Snapshot) else trouble
    ticks = {tick.vault: tick for tick in world.fleet.tick((A, B, C), BLOCK).vaults}
    assert isinstance(ticks[B].answer, EvenkeelError)
    assert (ticks[A].answer, ticks[C].answer) == (IDLE, IDLE)


def test_tick__when_deciding_fails__then_the_record_names_the_error() -> None:
    """F-24"""
    world = World()
    world.answers[B] = RevertError("PriceStale", {"feed": "0x1"})
    world.found[C] = NotFoundError("There is no vault.", "Check.")
    listed = {tick.vault: tick for tick in world.tick().listed}
    assert (listed[B].error, listed[B].reason) == ("PriceStale", None)
    assert "PriceStale(feed=0x1)" in listed[B].detail
    assert (listed[C].error, listed[C].detail, listed[C].balances) == ("NotFoundError", "There is no vault. Check.", ())


def test_tick__when_the_journal_fails__then_nothing_goes_on() -> None:
    """F-25"""
    world = World()
    world.answers[B] = StorageError("Disk full.")
    with pytest.raises(StorageError):
        world.tick()


def test_record__when_written_to_the_journal__then_read_back_equal() -> None:
    world = World()
    world.answers = {A: plan(), B: RevertError("NotDue", {})}
    record = world.tick()
    document = to_document(record)
    assert canonical(document)
    assert from_document(FleetRecord, document) == record
    assert record.listed[0].plan_hash is not None


# ---- reading back


def test_decision_at__when_asked_for_any_block__then_the_newest_that_was_listed() -> None:
    world = World()
    records = [world.tick(100), world.tick(101)]
    world.answers[B] = NoTrade(Reason.PAUSED, "")
    records += [world.tick(102), world.tick(103)]

    def reason(vault: str, block: int) -> Reason | None:
        found = decision_at(records, vault, block)
        return None if found is None else found.reason

    assert reason(B, 99) is None
    assert (reason(B, 100), reason(B, 101)) == (Reason.IN_BAND, Reason.IN_BAND)
    assert (reason(B, 102), reason(B, 103), reason(A, 103)) == (Reason.PAUSED, Reason.PAUSED, Reason.IN_BAND)
    assert reason(address(999), 103) is None


def test_decision_at__when_a_later_process_keeps_fewer_vaults__then_the_others_have_no_decision() -> None:
    before = World().tick(100)
    after = World().fleet.tick((A,), _at(200)).record
    assert decision_at([before, after], B, 199) is not None
    assert decision_at([before, after], B, 200) is None
    assert decision_at([before, after], A, 200) is not None


REASONS = st.sampled_from([IDLE, NoTrade(Reason.PAUSED, ""), NoTrade(Reason.NO_ROUTE, "x"), plan()])


@given(st.lists(st.tuples(REASONS, REASONS, REASONS, st.booleans()), min_size=1, max_size=12))
def test_decision_at__when_any_ticks_and_restarts_happen__then_every_decision_is_found(
    rounds: list[tuple[Decision, Decision, Decision, bool]],
) -> None:
    world, records, said = World(), list[FleetRecord](), list[dict[str, Decision]]()
    for number, (*answers, restart) in enumerate(rounds):
        world = World() if restart else world
        world.answers = dict(zip((A, B, C), answers, strict=True))  # type: ignore[arg-type]
        records.append(world.tick(number))
        said.append(world.answers)  # type: ignore[arg-type]
    for number, answers_ in enumerate(said):
        for vault, answer in answers_.items():
            found = decision_at(records, vault, number)
            assert found is not None
            assert found.reason == (None if isinstance(answer, Plan) else answer.reason)


# ---- the real controller


class Untouchable:
    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"an idle vault needs no {name}")

    def __call__(self, *_: object) -> NoReturn:
        raise AssertionError("an idle vault needs no quotes")


def _idle_controller() -> Controller:
    nothing = Untouchable()
    return Controller(cast(Chain, nothing), "", nothing, cast(FixedTargets, nothing), cast(Journal, nothing))


@given(books())
def test_decide__when_nothing_is_due__then_neither_strategy_nor_quotes_nor_journal_are_asked(
    snapshot: Snapshot,
) -> None:
    now = snapshot.block.timestamp + 1
    expected = due.why_not(snapshot, now)
    if expected is None:
        with pytest.raises(AssertionError, match="needs no"):
            _idle_controller().decide(snapshot, now=now)
    else:
        assert _idle_controller().decide(snapshot, now=now) == expected


def test_fleet__when_on_the_real_controller_and_journal__then_due_vaults_plan_and_idle_ones_say_why(
    tmp_path: Path,
) -> None:
    with Journal.at(tmp_path / "journal.db") as journal:
        controller = Controller(
            cast(Chain, None),
            "",
            lambda snapshot, wants: Venue.around(snapshot, 10**8 * DOLLAR).quote(wants),
            FixedTargets(),
            journal,
        )
        found = {
            A: _vault(A),
            B: _vault(B, APART),
            C: _vault(C, make_snapshot(MANDATE, APART.balances, (PRICES[0], 0))),
        }
        fleet = Fleet(lambda vaults, _block: found, lambda snapshot, now: controller.decide(snapshot, now=now))
        tick = fleet.tick((A, B, C), BLOCK)
        answers = {each.vault: each.answer for each in tick.vaults}
        assert isinstance(answers[B], Plan)
        assert isinstance(answers[A], NoTrade)
        assert isinstance(answers[C], NoTrade)
        assert (answers[A].reason, answers[C].reason) == (Reason.IN_BAND, Reason.PRICE_UNUSABLE)
