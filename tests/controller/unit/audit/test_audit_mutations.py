"""Altering, dropping, doubling or swapping any entry is found, with the entry named; clean data has no finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from audit_evidence import gather
from audit_mutate import mutations
from audit_world import World
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.audit.evidence import Evidence
from controller.audit.judge import judge
from controller.audit.report import AuditReport, Finding, Level, Reach
from controller.chain.entries import decode_entry
from controller.model import Entry, Kind, Rebalance

SEEDS = st.integers(min_value=0, max_value=2**32)


@cache
def _full_life() -> tuple[World, Evidence]:
    """A world in which every kind of entry occurs."""
    world = World(3, steps=6)
    world.everything()
    evidence = gather(world)
    assert {entry.kind for entry in evidence.entries} == set(Kind)
    return world, evidence


def _with(evidence: Evidence, place: int, entry: Entry) -> Evidence:
    return replace(evidence, entries=(*evidence.entries[:place], entry, *evidence.entries[place + 1 :]))


def _first(report: AuditReport) -> Finding:
    assert report.wrong, "nothing was found"
    assert not report.ok
    assert report.findings[0] is report.wrong[0]
    return report.wrong[0]


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_judge__when_all_is_true__then_has_no_finding_and_reaches_its_levels(seed: int) -> None:
    evidence = gather(World(seed))
    report = judge(evidence)
    assert report.findings == ()
    assert report.error(set(Level) - {Level.L5}) is None
    assert [report.reached(level) for level in Level] == [True, True, True, True, True, False]
    assert (report.entries, report.head) == (len(evidence.entries), evidence.entries[-1].head)
    assert report.verdict().startswith(f"OK: {report.entries} entries in {report.blocks} blocks")


def _altered_entries() -> Iterator[Any]:
    for place, entry in enumerate(_full_life()[1].entries):
        for where, altered in mutations(entry):
            yield pytest.param(place, altered, id=f"{place} {Kind(entry.kind).name}{where}")


@pytest.mark.parametrize(("place", "altered"), list(_altered_entries()))
def test_judge__when_a_field_of_an_entry_is_altered__then_names_the_entry(place: int, altered: Entry) -> None:
    finding = _first(judge(_with(_full_life()[1], place, altered)))
    assert (finding.level, finding.seq) in {
        (level, seq) for level in (Level.L0, Level.L2) for seq in (place, altered.seq)
    }


@pytest.mark.parametrize("place", range(len(_full_life()[1].entries)))
def test_judge__when_an_entry_is_dropped_doubled_or_swapped__then_names_it(place: int) -> None:
    evidence = _full_life()[1]
    entries = evidence.entries
    dropped = (*entries[:place], *entries[place + 1 :])
    assert _first(judge(replace(evidence, entries=dropped))).seq == place
    doubled = (*entries[: place + 1], *entries[place:])
    assert _first(judge(replace(evidence, entries=doubled))).seq == place
    if place:
        swapped = (*entries[: place - 1], entries[place], entries[place - 1], *entries[place + 1 :])
        assert _first(judge(replace(evidence, entries=swapped))).seq == place - 1


HALVES = {".prices shorter", ".prices longer", ".rounds shorter", ".rounds longer"}


def _rewritten() -> Iterator[Any]:
    """Every payload field of every entry."""
    for place, entry in enumerate(_full_life()[1].entries):
        said = decode_entry(entry)
        for where, altered in mutations(said):
            if where == ".roles.keepers longer":
                continue  # who is named twice is a keeper all the same
            if isinstance(said, Rebalance) and where in HALVES:
                continue  # an entry has one number of assets for both
            yield pytest.param(place, altered, id=f"{place} {Kind(entry.kind).name}{where}")


@pytest.mark.parametrize(("place", "altered"), list(_rewritten()))
def test_judge__when_the_vault_itself_wrote_a_false_entry__then_the_replay_names_it(place: int, altered: Any) -> None:
    world, evidence = _full_life()
    report = judge(gather(world, {place: altered}))
    finding = _first(report)
    assert finding.level is Level.L4
    assert report.reached(Level.L0)
    assert report.reached(Level.L3)
    assert finding.block == evidence.entries[place].block_number


def test_judge__when_an_entry_has_too_few_prices_and_rounds__then_the_replay_names_it() -> None:
    world, evidence = _full_life()
    place = next(place for place, entry in enumerate(evidence.entries) if entry.kind == Kind.REBALANCED)
    said = decode_entry(evidence.entries[place])
    assert isinstance(said, Rebalance)
    report = judge(gather(world, {place: replace(said, prices=said.prices[:-1], rounds=said.rounds[:-1])}))
    assert _first(report).seq == place
    assert "2 prices and 2 rounds for 3 assets" in _first(report).what


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, data=st.data())
def test_judge__when_a_node_rewrites_the_whole_history__then_the_proof_contradicts_it(
    seed: int, data: st.DataObject
) -> None:
    world = World(seed)
    honest = gather(world)
    place = data.draw(st.integers(0, len(honest.entries) - 1))
    said = decode_entry(honest.entries[place])
    others = [(where, other) for where, other in mutations(said) if where not in HALVES or type(said) is not Rebalance]
    where, altered = data.draw(st.sampled_from(others))
    lie = gather(world, {place: altered})
    stays = replace(lie, proof=honest.proof, headers=honest.headers, block=honest.block)
    report = judge(stays)
    assert not report.ok, where
    assert any(result.level is Level.L3 and result.reach is Reach.FAILED for result in report.levels), where
    half = judge(replace(stays, chain_after=honest.chain_after))
    # the fee that a flow takes first is an entry of its own, and was worked out at the flow's prices
    before = honest.entries[place - 1]
    fee_first = before.kind == Kind.FEES_TAKEN and before.transaction == honest.entries[place].transaction
    assert _first(half).seq in ({place - 1, place} if fee_first else {place}), where
    assert _first(half).level in (Level.L0, Level.L4), where


def test_judge__when_the_last_entries_are_cut_off__then_the_proof_says_how_many() -> None:
    evidence = _full_life()[1]
    finding = _first(judge(replace(evidence, entries=evidence.entries[:-2])))
    assert finding.seq == len(evidence.entries) - 2
