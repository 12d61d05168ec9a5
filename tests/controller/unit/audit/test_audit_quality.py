"""How well it was traded: slippage and marks by hand, a sandwich around a rebalance, days out of band."""

from __future__ import annotations

from dataclasses import replace

import rlp
from audit_pieces import DAY, address, made_receipt
from audit_scene import Scene

from controller.audit.evidence import Evidence
from controller.audit.quality import MARKS, quality, suspects, wanted_blocks
from controller.model import Entry, Kind

V3 = bytes.fromhex("c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67")
V2 = bytes.fromhex("d78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822")
POOL, ATTACKER, VENUE = address("pool"), address("attacker"), address("venue")


def _swap(first: int, who: str, pool: str = POOL) -> tuple[str, list[bytes], bytes]:
    """A pool's log: so much of its first token came in, negative where it went."""
    word = bytes.fromhex(who[2:]).rjust(32, b"\0")
    return pool, [V3, word, word], first.to_bytes(32, signed=True) + bytes(128)


def _swap_v2(first: int, who: str) -> tuple[str, list[bytes], bytes]:
    """Of a pair: what came in of both tokens, then what went of both."""
    word = bytes.fromhex(who[2:]).rjust(32, b"\0")
    amounts = (first, 0, 0, 9) if first > 0 else (0, 9, -first, 0)
    return POOL, [V2, word, word], b"".join(amount.to_bytes(32) for amount in amounts)


def test_suspects__when_the_pool_is_a_pair__then_are_named_alike() -> None:
    _, evidence, entry = _rebalanced()
    own = made_receipt(1, [_swap_v2(7, VENUE), (address("ledger"), [], b"")])
    at = replace(entry, log_index=2)
    front = made_receipt(0, [_swap_v2(5, ATTACKER)])
    for back, found in ((-5, {ATTACKER.lower()}), (5, set())):
        behind = made_receipt(2, [_swap_v2(back, ATTACKER)])
        assert set(suspects(_in_block(evidence, at, front, own, behind), at)) == found


def _rebalanced() -> tuple[Scene, Evidence, Entry]:
    scene = Scene()
    scene.shock("13/10")
    scene.rebalance(slippage=10)
    evidence = scene.evidence()
    return scene, evidence, next(entry for entry in evidence.entries if entry.kind == Kind.REBALANCED)


def _in_block(evidence: Evidence, entry: Entry, *receipts: bytes) -> Evidence:
    return replace(evidence, receipt_lists={entry.block_number: rlp.encode(list(receipts))})


def test_suspects__when_somebody_trades_before_and_after_the_other_way_round__then_is_named() -> None:
    _, evidence, entry = _rebalanced()
    front, back = made_receipt(0, [_swap(5, ATTACKER)]), made_receipt(2, [_swap(-5, ATTACKER)])
    own = made_receipt(1, [_swap(7, VENUE), (address("ledger"), [], b"")])
    at = replace(entry, log_index=2)
    found = set(suspects(_in_block(evidence, at, front, own, back), at))
    assert found == {ATTACKER.lower()}
    same_way = made_receipt(2, [_swap(5, ATTACKER)])
    stranger = made_receipt(2, [_swap(-5, address("stranger"))])
    elsewhere = made_receipt(2, [_swap(-5, ATTACKER, address("other pool"))])
    for other in (same_way, stranger, elsewhere):
        assert set(suspects(_in_block(evidence, at, front, own, other), at)) == set()
    assert set(suspects(_in_block(evidence, at, own, back), replace(entry, log_index=1))) == set()


def test_quality__when_a_rebalance_slipped__then_says_by_how_much_and_what_it_cost() -> None:
    _, evidence, entry = _rebalanced()
    found = quality(evidence)
    (one,) = found.executions
    assert one.seq == entry.seq
    assert set(one.slippage) == {10}
    assert 0 < one.cost < one.value // 1_000
    assert found.yearly_cost > 0
    assert one.marks == dict.fromkeys(MARKS, None)
    assert one.suspects == ()


def test_quality__when_prices_move_afterwards__then_the_marks_tell() -> None:
    scene, _, _ = _rebalanced()
    scene.wait(DAY)
    evidence = scene.evidence()
    wanted = wanted_blocks(evidence.links, [entry.block_number for entry in evidence.entries])  # type: ignore[arg-type]
    prices = scene.vault.prices()
    told = replace(evidence, later_prices=dict.fromkeys(wanted, prices))
    (one,) = quality(told).executions
    fair = one.marks[60]
    assert fair is not None
    assert fair == -one.cost  # at unchanged prices the trades are worth what they cost
    doubled = replace(told, later_prices=dict.fromkeys(wanted, (prices[0] * 2, *prices[1:])))
    worse = quality(doubled).executions[0].marks[60]
    assert worse is not None
    assert worse < fair  # what was sold rose afterwards


def test_quality__when_the_vault_drifts_and_nobody_acts__then_the_days_are_counted() -> None:
    scene = Scene()
    scene.shock("15/10")
    for _ in range(4):
        scene.wait(DAY)
        scene.do()
    evidence = scene.evidence()
    wanted = wanted_blocks(evidence.links, [])  # type: ignore[arg-type] # links here
    found = quality(replace(evidence, later_prices=dict.fromkeys(wanted, scene.vault.prices())))
    assert found.days >= 4
    assert found.days_out == found.days
    assert found.executions == ()
