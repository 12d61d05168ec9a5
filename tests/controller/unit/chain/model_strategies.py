"""Hypothesis strategies for every type that crosses the ABI."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

from controller.chain.abi import checksum
from controller.chain.codec import NAME_BYTES
from controller.chain.entries import (
    Created,
    Declared,
    Deposited,
    FeesTaken,
    GuardianSet,
    KeeperSet,
    MandateSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Redeemed,
    Renounced,
    Revoked,
    StrategistSet,
    Submitted,
    TargetsSet,
    Unpaused,
    Withdrawn,
)
from controller.model import (
    Asset,
    Cause,
    Destination,
    Due,
    Feed,
    Fees,
    Fill,
    Kind,
    Knot,
    Limits,
    Mandate,
    Period,
    Plan,
    Power,
    Rebalance,
    Roles,
    Scope,
    Sequencer,
    Status,
    Trade,
    Trigger,
    TriggerKind,
    Twap,
)


def uint(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


T = TypeVar("T")


def tuples_of(inner: st.SearchStrategy[T], most: int = 4) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(inner, max_size=most).map(tuple)


ADDRESSES = st.binary(min_size=20, max_size=20).map(checksum)
WORDS = st.binary(min_size=32, max_size=32)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=NAME_BYTES).filter(
    lambda name: len(name.encode()) <= NAME_BYTES
)
TWAPS = st.builds(Twap, uint(24), uint(24), uint(16), uint(8))
FEEDS = st.builds(Feed, ADDRESSES, uint(32), uint(8), uint(16), uint(128), uint(128), TWAPS)
ASSETS = st.builds(Asset, ADDRESSES, uint(8), uint(16), uint(16), FEEDS)
KNOTS = st.builds(Knot, uint(40), tuples_of(uint(16), 16))
TRIGGERS = st.builds(
    Trigger,
    st.sampled_from(TriggerKind),
    uint(16),
    uint(16),
    st.sampled_from(Period),
    uint(16),
    uint(40),
    uint(32),
)
LIMITS = st.builds(Limits, uint(16), uint(16), uint(16), uint(32), uint(32), uint(128), uint(8), uint(16), uint(32))
MANDATES = st.builds(
    Mandate,
    NAMES,
    NAMES,
    WORDS,
    ADDRESSES,
    st.builds(Sequencer, ADDRESSES, uint(32)),
    TRIGGERS,
    st.builds(Destination, uint(16), uint(16), st.sampled_from(Scope), uint(32)),
    LIMITS,
    st.builds(Fees, ADDRESSES, uint(16), uint(16)),
    uint(16),
    uint(32),
    tuples_of(ADDRESSES),
    tuples_of(ASSETS, 16),
    tuples_of(KNOTS),
)
ROLES = st.builds(Roles, ADDRESSES, ADDRESSES, ADDRESSES, tuples_of(ADDRESSES))
STATUSES = st.builds(
    Status,
    uint(40),
    uint(40),
    uint(40),
    uint(16),
    st.booleans(),
    uint(256),
    uint(256),
    uint(40),
    uint(40),
    uint(256),
    st.sets(st.sampled_from(Power)).map(lambda given: tuple(sorted(given))),
)
DUES = st.builds(
    Due,
    st.booleans(),
    st.sampled_from(Cause),
    uint(40),
    uint(16),
    uint(256),
    uint(256),
    uint(256),
    uint(256),
    tuples_of(st.integers(-(2**255), 2**255 - 1), 16),
)
TRADES = st.builds(Trade, uint(8), uint(8), uint(8), uint(128), uint(128), st.binary(max_size=70))
PLANS = st.builds(Plan, uint(40), uint(40), uint(64), WORDS, WORDS, st.booleans(), tuples_of(TRADES))
FILLS = st.builds(Fill, uint(8), uint(8), uint(8), uint(128), uint(256))
AMOUNTS = tuples_of(uint(256), 16)


@st.composite
def _rebalances(draw: st.DrawFn) -> Rebalance:
    count = draw(st.integers(0, 16))  # of assets: a price and a round for each
    return Rebalance(
        keeper=draw(ADDRESSES),
        nonce=draw(uint(40)),
        cause=draw(st.sampled_from(Cause)),
        open=draw(st.booleans()),
        plan_hash=draw(st.binary(min_size=32, max_size=32)),
        journal_head=draw(st.binary(min_size=32, max_size=32)),
        drift_before=draw(uint(128)),
        drift_after=draw(uint(128)),
        value_before=draw(uint(256)),
        value_after=draw(uint(256)),
        prices=tuple(draw(st.lists(uint(256), min_size=count, max_size=count))),
        rounds=tuple(draw(st.lists(uint(80), min_size=count, max_size=count))),
        fills=draw(tuples_of(FILLS)),
    )


REBALANCES = _rebalances()
PAYLOADS = st.one_of(
    st.tuples(st.just(Kind.CREATED), st.builds(Created, MANDATES, ROLES)),
    st.tuples(st.just(Kind.MINTED), st.builds(Minted, ADDRESSES, ADDRESSES, uint(256), AMOUNTS)),
    st.tuples(
        st.just(Kind.REDEEMED), st.builds(Redeemed, ADDRESSES, ADDRESSES, ADDRESSES, uint(256), AMOUNTS, uint(256))
    ),
    st.tuples(st.just(Kind.REBALANCED), REBALANCES),
    st.tuples(st.just(Kind.PAUSED), st.builds(Paused, ADDRESSES)),
    st.tuples(st.just(Kind.UNPAUSED), st.builds(Unpaused, ADDRESSES)),
    st.tuples(st.just(Kind.KEEPER_SET), st.builds(KeeperSet, ADDRESSES, st.booleans())),
    st.tuples(st.just(Kind.GUARDIAN_SET), st.builds(GuardianSet, ADDRESSES)),
    st.tuples(st.just(Kind.OWNER_PROPOSED), st.builds(OwnerProposed, ADDRESSES)),
    st.tuples(st.just(Kind.OWNER_SET), st.builds(OwnerSet, ADDRESSES)),
    st.tuples(st.just(Kind.STRATEGIST_SET), st.builds(StrategistSet, ADDRESSES)),
    st.tuples(
        st.just(Kind.DEPOSITED),
        st.builds(Deposited, ADDRESSES, ADDRESSES, uint(256), AMOUNTS, AMOUNTS, tuples_of(uint(80), 16)),
    ),
    st.tuples(
        st.just(Kind.WITHDRAWN),
        st.builds(Withdrawn, ADDRESSES, ADDRESSES, ADDRESSES, uint(256), AMOUNTS, AMOUNTS, tuples_of(uint(80), 16)),
    ),
    st.tuples(st.just(Kind.FEES_TAKEN), st.builds(FeesTaken, ADDRESSES, uint(256), uint(256), uint(256))),
    st.tuples(st.just(Kind.TARGETS_SET), st.builds(TargetsSet, ADDRESSES, tuples_of(KNOTS))),
    st.tuples(st.just(Kind.MANDATE_SET), st.builds(MandateSet, MANDATES)),
    st.tuples(st.just(Kind.SUBMITTED), st.builds(Submitted, st.binary(max_size=70), uint(256))),
    st.tuples(st.just(Kind.REVOKED), st.builds(Revoked, ADDRESSES, WORDS)),
    st.tuples(st.just(Kind.RENOUNCED), st.builds(Renounced, st.sampled_from(Power))),
    st.tuples(st.just(Kind.DECLARED), st.builds(Declared, WORDS)),
)
