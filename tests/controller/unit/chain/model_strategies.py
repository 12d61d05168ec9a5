"""Hypothesis strategies for every type that crosses the ABI."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

from controller.chain.abi import checksum
from controller.chain.codec import NAME_BYTES
from controller.chain.entries import (
    Created,
    GuardianSet,
    KeeperSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Redeemed,
    Unpaused,
)
from controller.model import Asset, Feed, Fill, Kind, Mandate, Plan, Rebalance, Roles, Scope, Trade


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
FEEDS = st.builds(Feed, ADDRESSES, uint(32), uint(8), uint(128), uint(128))
ASSETS = st.builds(Asset, ADDRESSES, uint(8), uint(16), FEEDS)
MANDATES = st.builds(
    Mandate,
    NAMES,
    NAMES,
    WORDS,
    ADDRESSES,
    st.sampled_from(Scope),
    uint(16),
    uint(16),
    uint(16),
    uint(16),
    uint(32),
    uint(128),
    tuples_of(ADDRESSES),
    tuples_of(ASSETS, 16),
)
ROLES = st.builds(Roles, ADDRESSES, ADDRESSES, tuples_of(ADDRESSES))
TRADES = st.builds(Trade, uint(8), uint(8), uint(8), uint(128), uint(128), st.binary(max_size=70))
PLANS = st.builds(Plan, uint(40), uint(40), uint(64), WORDS, WORDS, tuples_of(TRADES))
FILLS = st.builds(Fill, uint(8), uint(8), uint(8), uint(256), uint(256))
AMOUNTS = tuples_of(uint(256), 16)
REBALANCES = st.builds(
    Rebalance,
    ADDRESSES,
    uint(40),
    WORDS,
    WORDS,
    uint(256),
    uint(256),
    uint(256),
    uint(256),
    AMOUNTS,
    tuples_of(uint(80), 16),
    tuples_of(FILLS),
)
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
)
