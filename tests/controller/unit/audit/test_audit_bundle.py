"""A bundle says exactly what the audit saw, and no byte of it can be altered, moved, added or cut off unnoticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from audit_evidence import gather
from audit_world import World
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.audit.bundle import read_bundle, recovered, trusting, write_bundle
from controller.audit.evidence import Evidence
from controller.audit.judge import judge
from controller.errors import EvenkeelError, FindingError, InputError
from controller.execution.keys import development_signer

SIGNER = development_signer(3)


def _signed(head: bytes) -> tuple[str, bytes]:
    return SIGNER.address, SIGNER.sign_message(head)


@cache
def _evidence() -> Evidence:
    world = World(3, steps=6)
    world.everything()
    return gather(world)


@cache
def _raw() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        write_bundle(path, _evidence(), _signed)
        return path.read_bytes()


def _read(raw: bytes, path: Path, signer: str | None = None) -> None:
    path.write_bytes(raw)
    read_bundle(path, signer)


def test_bundle__when_read_back__then_is_the_evidence_and_judged_alike(tmp_path: Path) -> None:
    path, evidence = tmp_path / "bundle", _evidence()
    head = write_bundle(path, evidence, _signed)
    found = read_bundle(path, SIGNER.address)
    assert (found.head, found.signer) == (head, SIGNER.address)
    for field in fields(Evidence):
        was, now = getattr(evidence, field.name), getattr(found.evidence, field.name)
        assert (dict(now) if isinstance(was, Mapping) else now) == was, field.name
    assert judge(found.evidence) == judge(evidence)
    assert judge(trusting(found, evidence.block.hash)).ok
    assert not judge(trusting(found, b"\1" * 32)).ok


def test_bundle__when_written_twice__then_is_byte_for_byte_the_same(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle", _evidence(), _signed)
    assert (tmp_path / "bundle").read_bytes() == _raw()
    assert not (tmp_path / "bundle.part").exists()


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_bundle__when_any_bit_is_flipped__then_it_is_found(at: int, bit: int) -> None:
    raw = bytearray(_raw())
    raw[at % len(raw)] ^= 1 << bit
    with TemporaryDirectory() as folder, pytest.raises(FindingError, match="bundle"):
        _read(bytes(raw), Path(folder) / "bundle")


def test_bundle__when_lines_are_dropped_doubled_swapped_or_cut_off__then_it_is_found(tmp_path: Path) -> None:
    lines = _raw().splitlines(keepends=True)
    path = tmp_path / "bundle"
    for at in range(0, len(lines) - 1, 7):
        for altered in (
            [*lines[:at], *lines[at + 1 :]],
            [*lines[: at + 1], *lines[at:]],
            [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
            lines[:at],
        ):
            with pytest.raises(FindingError, match="bundle"):
                _read(b"".join(altered), path)
    for added in (b"\n", b"{}\n", lines[-1]):
        with pytest.raises(FindingError, match="bundle"):
            _read(_raw() + added, path)


def test_bundle__when_signed_by_another_or_by_nobody__then_it_is_found_where_it_matters(tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    write_bundle(path, _evidence())
    assert read_bundle(path).signer is None
    with pytest.raises(FindingError, match="not signed"):
        read_bundle(path, SIGNER.address)
    with pytest.raises(FindingError, match="it should be by"):
        _read(_raw(), path, development_signer(4).address)
    *rest, seal = _raw().splitlines(keepends=True)
    said = json.loads(seal)
    said["body"]["signer"] = development_signer(4).address
    with pytest.raises(FindingError, match="signature is not that of"):
        _read(b"".join(rest) + json.dumps(said, sort_keys=True, separators=(",", ":")).encode() + b"\n", path)


def test_bundle__when_it_is_none__then_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_bundle(tmp_path / "nothing")
    for raw in (b"", b"hello\n", b"[1]\n", b"{}\n", b'{"body":1,"hash":"0x","key":null,"part":"manifest"}\n'):
        with pytest.raises(EvenkeelError):
            _read(raw, tmp_path / "bundle")


@given(head=st.binary(min_size=32, max_size=32))
@settings(max_examples=20, deadline=None)
def test_recovered__when_eth_account_signs__then_names_the_same_account(head: bytes) -> None:
    signature = SIGNER.sign_message(head)
    assert recovered(head, signature) == SIGNER.address
    assert Account.recover_message(encode_defunct(head), signature=signature) == SIGNER.address
    assert recovered(head, signature[:-1]) is None
    assert recovered(head, signature[:-1] + b"\0") is None
