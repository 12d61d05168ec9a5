"""Every type that crosses the ABI comes back as it was, and in the order that the compiled contracts name."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_strategies import DUES, MANDATES, NAMES, PAYLOADS, PLANS, REBALANCES, ROLES, STATUSES

from controller.chain import codec
from controller.chain.abi import decode, encode
from controller.chain.artifacts import load
from controller.chain.entries import NO_HEAD, Payload, decode_payload, encode_payload, entry_head
from controller.chain.ledger import CHAINS_SLOT, storage_slot, unpack_slot
from controller.errors import InputError
from controller.model import Due, Kind, Mandate, Plan, Rebalance, Roles, Status

PRICE = "(uint256,uint80,uint40,bytes)"


def test_types__when_compiled__then_the_same_as_in_the_contracts() -> None:
    functions = load("IVault").abi.functions
    assert functions["rebalance"].inputs == (codec.PLAN,)
    assert functions["initialize"].inputs == (codec.ROLES,)
    assert functions["mandate"].outputs == (codec.MANDATE,)
    assert load("IVaultFactory").abi.functions["create"].inputs[:2] == (codec.MANDATE, codec.ROLES)
    (status,), (due,) = functions["status"].outputs, functions["due"].outputs
    view = f"(address,bytes,bool,{status},uint256,bytes27,uint40,{codec.MANDATE},uint16[],uint256[],{PRICE}[],{due})"
    assert load("IVaultLens").abi.functions["snapshots"].outputs == (f"{view}[]",)


def test_clone__when_compiled__then_its_abi_is_that_of_all_three_contracts_and_of_a_share() -> None:
    clone = load("Vault").abi
    assert set(load("IVault").abi.functions) <= set(clone.functions)
    assert {"transfer", "approve", "permit", "totalSupply"} <= set(clone.functions)
    assert clone.functions["mint"] == load("IVault").abi.functions["mint"]
    assert clone.constructor is not None


@given(STATUSES)
def test_status__when_read__then_the_same(status: Status) -> None:
    shape = load("IVault").abi.functions["status"].outputs
    renounced = sum(1 << power for power in status.renounced)
    (values,) = decode(shape, encode(shape, [(*astuple(status)[:-1], renounced)]))
    assert codec.status_from_abi(values) == status


@given(DUES)
def test_due__when_read__then_the_same(due: Due) -> None:
    shape = load("IVault").abi.functions["due"].outputs
    (values,) = decode(shape, encode(shape, [(*astuple(due)[:-1], b"")]))
    assert codec.due_from_abi(values, "") == due


def test_ledger_slot__when_compiled__then_where_the_compiler_put_it() -> None:
    layout = load("Ledger").storage
    assert [variable.slot for variable in layout if "mapping(address" in variable.type] == [CHAINS_SLOT]
    assert len(layout) == 1


@given(MANDATES)
def test_mandate__when_sent_and_read__then_the_same(mandate: Mandate) -> None:
    data = encode([codec.MANDATE], [codec.mandate_to_abi(mandate)])
    assert codec.mandate_from_abi(decode([codec.MANDATE], data)[0]) == mandate


@given(ROLES)
def test_roles__when_sent_and_read__then_the_same(roles: Roles) -> None:
    assert codec.roles_from_abi(decode([codec.ROLES], encode([codec.ROLES], [codec.roles_to_abi(roles)]))[0]) == roles


@given(PLANS)
def test_plan__when_sent_and_read__then_the_same(plan: Plan) -> None:
    assert codec.decode_plan(codec.encode_plan(plan)) == plan


@given(PLANS, PLANS)
def test_plan_hash__when_plans_differ__then_hashes_differ(one: Plan, other: Plan) -> None:
    assert (codec.plan_hash(one) == codec.plan_hash(other)) == (one == other)


@given(REBALANCES)
def test_rebalance__when_sent_and_read__then_the_same(rebalance: Rebalance) -> None:
    data = encode(codec.REBALANCE, codec.rebalance_to_abi(rebalance))
    assert codec.rebalance_from_abi(*decode(codec.REBALANCE, data)) == rebalance


@given(PAYLOADS)
def test_payload__when_encoded_and_decoded__then_the_same(entry: tuple[Kind, Payload]) -> None:
    kind, payload = entry
    assert decode_payload(kind, encode_payload(kind, payload)) == payload


@given(PAYLOADS, st.binary(min_size=1, max_size=40))
def test_payload__when_bytes_follow__then_refused(entry: tuple[Kind, Payload], more: bytes) -> None:
    kind, payload = entry
    with pytest.raises(InputError):
        decode_payload(kind, encode_payload(kind, payload) + more)


@given(st.integers(0, 255), st.binary(max_size=300))
def test_payload__when_rubbish__then_input_error_or_exact(kind: int, data: bytes) -> None:
    try:
        payload = decode_payload(kind, data)
    except InputError:
        return
    assert encode_payload(Kind(kind), payload) == data


@given(NAMES)
def test_name__when_it_fits__then_comes_back(name: str) -> None:
    assert codec.name_from_bytes(codec.name_to_bytes(name)) == name


@pytest.mark.parametrize("name", ["x" * 32, "é" * 16, "a\0b"])
def test_name__when_it_does_not_fit__then_refused(name: str) -> None:
    with pytest.raises(InputError, match="does not fit"):
        codec.name_to_bytes(name)


def test_name__when_no_utf8__then_shown_escaped() -> None:
    assert codec.name_from_bytes(b"a\xff".ljust(32, b"\0")) == "a\\xff"


def test_entry_head__when_anything_changes__then_another_head() -> None:
    heads = {
        entry_head(head, seq, kind, payload)
        for head in (NO_HEAD, b"\1" * 27)
        for seq in (0, 1)
        for kind in (0, 1)
        for payload in (b"", b"\0")
    }
    assert len(heads) == 16
    assert all(len(head) == 27 for head in heads)


def test_slot__when_unpacked__then_head_and_count() -> None:
    assert unpack_slot(int.from_bytes(b"\7" * 27 + (9).to_bytes(5, "big"), "big")) == (b"\7" * 27, 9)
    assert storage_slot("0x" + "11" * 20) != storage_slot("0x" + "12" * 20)


@pytest.mark.parametrize("value", [2**16, -1, "x"])
def test_encode__when_a_value_does_not_fit__then_input_error(value: object) -> None:
    with pytest.raises(InputError, match="does not fit"):
        encode(["uint16"], [value])
