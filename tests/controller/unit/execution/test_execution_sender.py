"""The state machine, one decision at a time. No chain, no clock: what is seen goes in, what to do comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from controller.chain.wire import Fees
from controller.errors import RevertError
from controller.execution.flight import (
    USUAL,
    Action,
    Attempt,
    Broadcast,
    Fate,
    Finish,
    Flight,
    Mined,
    Paid,
    Policy,
    Reply,
    Sighting,
    Sign,
    Used,
    Verdict,
)
from controller.execution.sender import CANCEL_GAS, REFERENCE_BLOCKS, advance, heard, raised
from controller.model import BlockRef, Outcome, Plan

GWEI = 10**9
GAS = 400_000
PLAN = Plan(4, 5_000, 100, b"\1" * 32, b"\2" * 32, False, ())
HEAD = BlockRef(110, b"\x0a" * 32, 1_000)
NEXT = BlockRef(111, b"\x0b" * 32, 1_012)
OUTCOME = cast(Outcome, "the outcome")
PAID = Paid(21_000, 7, 1_000)


def _attempt(number: int, max_fee: int = 20 * GWEI, **changes: Any) -> Attempt:
    fields: dict[str, Any] = {"cancels": False, "forced": False, "since": 50.0, "block": 110, "reply": Reply.TAKEN}
    return Attempt(bytes([number]) * 32, bytes([number]), max_fee, max_fee // 10, **{**fields, **changes})


FIRST = _attempt(1)
FLIGHT = Flight(7, "0xvault", PLAN, "0xsender", 3, GAS, 10 * GAS * 20 * GWEI, (FIRST,), seen=HEAD.hash)


def _sees(**changes: Any) -> Sighting:
    fields: dict[str, Any] = {
        "now": 60.0,
        "head": NEXT,
        "settled": NEXT,
        "account_nonce": 3,
        "settled_nonce": 3,
        "fees": Fees(9 * GWEI, GWEI),
    }
    return Sighting(**{**fields, **changes})


def _does(flight: Flight, sighting: Sighting, policy: Policy = USUAL) -> tuple[Action, ...]:
    return advance(flight, sighting, policy)[1]


def _verdict(flight: Flight, sighting: Sighting, policy: Policy = USUAL) -> Verdict:
    (action,) = _does(flight, sighting, policy)
    assert isinstance(action, Finish), action
    return action.verdict


# ---- pending


def test_F03_a_new_head_without_it__then_the_same_bytes_once_more_and_once_for_each_head() -> None:
    after, actions = advance(FLIGHT, _sees(), USUAL)
    assert actions == (Broadcast(FIRST),)
    assert _does(after, _sees()) == ()


def test_F03_bytes_of_unknown_whereabouts__then_sent_again_at_the_same_head() -> None:
    flight = replace(FLIGHT, attempts=(replace(FIRST, reply=Reply.UNKNOWN),), seen=NEXT.hash)
    assert _does(flight, _sees()) == (Broadcast(flight.attempts[0]),)


def test_bump__when_its_interval_is_over_and_a_block_came__then_both_fees_rise() -> None:
    assert _does(FLIGHT, _sees(now=80.0)) == (Sign(22_500_000_000, 2_250_000_000, cancels=False),)
    assert _does(FLIGHT, _sees(now=79.9)) == (Broadcast(FIRST),)


def test_F15_bump__when_no_block_came_since__then_none() -> None:
    assert _does(FLIGHT, _sees(now=8_000.0, head=HEAD, settled=HEAD)) == ()


def test_F01_base_fee_up_tenfold__then_the_bump_pays_for_it_at_once() -> None:
    (sign,) = _does(FLIGHT, _sees(now=80.0, fees=Fees(90 * GWEI, GWEI)))
    assert sign == Sign(2 * 90 * GWEI + 2_250_000_000, 2_250_000_000, cancels=False)


def test_F01_base_fee_beyond_the_budget__then_cancelled_with_what_the_budget_leaves() -> None:
    policy = replace(USUAL, max_fee=21 * GWEI)
    after, (sign,) = advance(FLIGHT, _sees(now=80.0, fees=Fees(900 * GWEI, GWEI)), policy)
    assert isinstance(sign, Sign)
    assert sign.cancels
    assert FLIGHT.budget // CANCEL_GAS >= sign.max_fee > 2 * 900 * GWEI
    assert after.cancelling == f"its fee of {20 * GWEI} wei reached the limit"


def test_bump__when_the_cap_leaves_ten_percent_and_not_more__then_ten_percent() -> None:
    (sign,) = _does(FLIGHT, _sees(now=80.0), replace(USUAL, max_fee=22 * GWEI))
    assert sign == Sign(22 * GWEI, 2_250_000_000, cancels=False)
    (sign,) = _does(FLIGHT, _sees(now=80.0), replace(USUAL, max_fee=22 * GWEI - 1))
    assert isinstance(sign, Sign)
    assert sign.cancels


@pytest.mark.parametrize("fee", [0, 1, 9, 10, 99, 101, 20 * GWEI + 1])
def test_F04_raised__whatever_the_fee__then_at_least_ten_percent_and_one_wei(fee: int) -> None:
    assert 10 * raised(fee, 1_000) >= 11 * fee
    assert raised(fee, 1_000) > fee


def test_F04_replacement_underpriced__then_one_forced_bump_and_then_the_same_bytes() -> None:
    flight = heard(replace(FLIGHT, attempts=(_attempt(1, reply=Reply.UNSENT),)), FIRST.hash, Reply.UNDERPRICED, "")
    (sign,) = _does(flight, _sees())
    assert sign == Sign(22_500_000_000, 2_250_000_000, cancels=False, forced=True)
    forced = _attempt(2, 22_500_000_000, forced=True, reply=Reply.UNDERPRICED)
    flight = replace(flight, attempts=(*flight.attempts, forced))
    assert _does(flight, _sees()) == (Broadcast(forced),)
    (later,) = _does(flight, _sees(now=80.0))
    assert later == Sign(25_312_500_000, 2_531_250_000, cancels=False, forced=False)


def test_F04_a_bump_that_is_refused__then_older_and_newest_bytes_again_and_no_further_bump() -> None:
    refused = _attempt(2, 22_500_000_000, reply=Reply.REFUSED, said="insufficient funds")
    flight = replace(FLIGHT, attempts=(FIRST, refused))
    assert _does(flight, _sees(now=8_000.0)) == (Broadcast(FIRST), Broadcast(refused))


def test_refused__when_nobody_else_has_the_bytes__then_final() -> None:
    flight = heard(replace(FLIGHT, attempts=(replace(FIRST, reply=Reply.UNSENT),)), FIRST.hash, Reply.REFUSED, "no")
    assert _verdict(flight, _sees()) == Verdict(Fate.REFUSED, reason="no")


@pytest.mark.parametrize("before", [Reply.TAKEN, Reply.UNKNOWN, Reply.UNDERPRICED])
def test_refused__when_somebody_may_have_the_bytes__then_not_final(before: Reply) -> None:
    flight = heard(replace(FLIGHT, attempts=(replace(FIRST, reply=before),)), FIRST.hash, Reply.REFUSED, "no")
    assert not any(isinstance(action, Finish) for action in _does(flight, _sees()))


# ---- cancelling


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"head": replace(NEXT, timestamp=5_000)}, "the deadline 5000 has passed"),
        ({"head": replace(NEXT, number=100 + REFERENCE_BLOCKS)}, "the reference block 100 is too old"),
        ({"used": Used(111, b"\5" * 32)}, f"nonce 4 went to 0x{'05' * 32}"),
        ({"objection": "The chain refused: NotDue()."}, "The chain refused: NotDue()."),
    ],
)
def test_F19_the_plan_would_not_execute_any_more__then_cancelled_at_the_same_nonce(
    seen: dict[str, Any], why: str
) -> None:
    after, (sign,) = advance(FLIGHT, _sees(**seen), USUAL)
    assert sign == Sign(22_500_000_000, 2_250_000_000, cancels=True)
    assert after.cancelling == why


def test_F22_the_deadline__when_the_own_clock_is_far_ahead__then_only_the_chain_s_time_counts() -> None:
    assert _does(FLIGHT, _sees(now=10.0**9, head=HEAD, settled=HEAD)) == ()
    early = _sees(head=replace(NEXT, timestamp=4_999))
    assert _does(FLIGHT, early) == (Broadcast(FIRST),)


def test_F19_a_refusal_while_the_nonce_is_used__then_not_cancelled() -> None:
    seen = _sees(objection="The chain refused: NonceMismatch().", account_nonce=4, settled_nonce=3)
    assert _does(FLIGHT, seen) == ()


def test_cancelling__when_it_waits_too_long__then_bumped_beyond_the_ceiling_and_never_a_plan_again() -> None:
    cancel = _attempt(2, 22 * GWEI, cancels=True)
    flight = replace(FLIGHT, attempts=(FIRST, cancel), cancelling="why")
    policy = replace(USUAL, max_fee=22 * GWEI)
    assert _does(flight, _sees(), policy) == (Broadcast(FIRST), Broadcast(cancel))
    (sign,) = _does(flight, _sees(now=80.0), policy)
    assert sign == Sign(24_750_000_000, 2_475_000_000, cancels=True)


def test_cancelling__when_its_own_reserve_is_spent__then_the_same_bytes_and_no_more() -> None:
    cancel = _attempt(2, FLIGHT.budget // CANCEL_GAS, cancels=True)
    flight = replace(FLIGHT, attempts=(FIRST, cancel), cancelling="why")
    assert _does(flight, _sees(now=80.0)) == (Broadcast(FIRST), Broadcast(cancel))


def test_cancelled__when_confirmed__then_final_with_its_reason() -> None:
    cancel = _attempt(2, cancels=True)
    flight = replace(FLIGHT, attempts=(FIRST, cancel), cancelling="why")
    seen = _sees(mined=Mined(cancel.hash, 111, PAID), account_nonce=4, settled_nonce=4)
    assert _verdict(flight, seen) == Verdict(Fate.CANCELLED, reason="why", paid=PAID)


def test_cancelling__when_the_plan_is_mined_all_the_same__then_executed() -> None:
    flight = replace(FLIGHT, attempts=(FIRST, _attempt(2, cancels=True)), cancelling="why")
    assert _verdict(flight, _sees(mined=Mined(FIRST.hash, 111, PAID, OUTCOME), account_nonce=4)).fate is Fate.EXECUTED


# ---- mined


def test_F06_the_nonce_is_used_and_one_of_ours_is_mined__then_judged_by_that_and_never_lost() -> None:
    revert = RevertError("NotDue", {})
    flight = replace(FLIGHT, attempts=(FIRST, _attempt(2)))
    verdict = _verdict(flight, _sees(now=9_999.0, mined=Mined(FIRST.hash, 111, PAID, revert=revert), account_nonce=9))
    assert verdict == Verdict(Fate.REVERTED, reason=str(revert), revert=revert, paid=PAID)


def test_F06_the_nonce_is_used_by_another__then_lost_once_that_stays() -> None:
    seen = _sees(account_nonce=4, settled_nonce=4)
    after, actions = advance(FLIGHT, seen, USUAL)
    assert actions == ()
    assert advance(after, replace(seen, now=60.9), USUAL)[1] == ()
    assert _verdict(after, replace(seen, now=61.0)).fate is Fate.LOST


def test_F06_a_loss_that_was_only_the_block_being_mined__then_starts_anew() -> None:
    after, _ = advance(FLIGHT, _sees(account_nonce=4, settled_nonce=4), USUAL)
    after, _ = advance(after, _sees(), USUAL)
    assert advance(after, _sees(now=90.0, account_nonce=4, settled_nonce=4), USUAL)[1] == ()


def test_F09_no_receipt_though_the_vault_has_moved__then_found_by_its_entry() -> None:
    seen = _sees(account_nonce=4, settled_nonce=4, used=Used(111, b"\6" * 32, OUTCOME))
    assert _verdict(FLIGHT, seen) == Verdict(Fate.EXECUTED, OUTCOME)
    assert _verdict(FLIGHT, replace(seen, used=Used(111, b"\6" * 32))).fate is Fate.SUPERSEDED


@pytest.mark.parametrize(
    "seen",
    [
        {"mined": Mined(FIRST.hash, 111, PAID)},
        {"used": Used(111, b"\6" * 32, OUTCOME)},
        {"used": Used(111, b"\6" * 32)},
        {},
    ],
)
def test_F10_used_but_not_confirmed__then_nothing_is_final_and_nothing_is_sent(seen: dict[str, Any]) -> None:
    policy = replace(USUAL, confirmations=2)
    sighting = _sees(now=9_999.0, settled=HEAD, account_nonce=4, settled_nonce=3, **seen)
    assert _does(replace(FLIGHT, lost_since=0.0), sighting, policy) == ()


def test_F10_a_reorg_took_it_back__then_the_same_bytes_again() -> None:
    after, _ = advance(FLIGHT, _sees(mined=Mined(FIRST.hash, 111, PAID), settled=HEAD, account_nonce=4), USUAL)
    other = BlockRef(111, b"\x0c" * 32, 1_013)
    assert _does(after, _sees(head=other)) == (Broadcast(FIRST),)


# ---- nothing can be signed


def test_expired__when_nobody_can_sign__then_final_only_once_confirmed() -> None:
    policy = replace(USUAL, signs=False)
    late = replace(NEXT, timestamp=5_000)
    assert _does(FLIGHT, _sees(head=late, settled=HEAD), policy) == (Broadcast(FIRST),)
    assert _verdict(FLIGHT, _sees(head=late, settled=late), policy).fate is Fate.EXPIRED


@pytest.mark.parametrize("signs", [True, False])
def test_superseded__when_the_other_entry_is_not_confirmed__then_not_final(signs: bool) -> None:
    policy = replace(USUAL, confirmations=2, signs=signs)
    nonce = 4 if signs else 3
    seen = _sees(settled=HEAD, account_nonce=nonce, settled_nonce=nonce, used=Used(111, b"\6" * 32))
    assert not any(isinstance(action, Finish) for action in _does(FLIGHT, seen, policy))
    assert _verdict(FLIGHT, replace(seen, settled=NEXT), policy).fate is Fate.SUPERSEDED


def test_F07_a_nonce_ahead_of_the_account_s__when_a_reorg_left_it_so__then_not_cancelled_but_expired() -> None:
    late = replace(NEXT, timestamp=5_000)
    assert _does(FLIGHT, _sees(account_nonce=2, head=late, settled=HEAD)) == (Broadcast(FIRST),)
    assert _verdict(FLIGHT, _sees(account_nonce=2, settled_nonce=2, head=late, settled=late)).fate is Fate.EXPIRED


def test_unsent__when_no_bytes_were_recorded__then_final() -> None:
    assert _verdict(replace(FLIGHT, attempts=()), _sees()).fate is Fate.UNSENT


@pytest.mark.parametrize("wrong", [{"bump": 999}, {"confirmations": 0}])
def test_policy__when_it_cannot_work__then_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        Policy(**wrong)  # type: ignore[arg-type]
