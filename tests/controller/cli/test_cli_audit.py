"""evenkeel audit and its commands on a real vault: what they prove, what they write, and how they end."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from command import Here
from fault_proxy import altered, fault_proxy
from vault_world import VaultWorld

from controller.audit import read
from controller.chain import dev

OWNER, KEEPER = ("--dev-account", "0"), ("--dev-account", "1")


@pytest.fixture
def lived(world: VaultWorld, here: Here) -> VaultWorld:
    world.move(140)
    assert here("rebalance", *KEEPER, "--broadcast").code == 0
    return world


def test_audit__when_a_block_is_trusted__then_all_levels_hang_on_it(lived: VaultWorld, here: Here) -> None:
    trusted = "0x" + lived.chain.head().hash.hex()
    done = here("audit", "--mandate", "mandate.toml", "--trusted-block", trusted, "--json")
    assert (done.code, done.document["ok"]) == (0, True)
    reached = {each["level"]: each["reach"] for each in done.document["levels"]}
    assert reached == {**dict.fromkeys(("L0", "L1", "L2", "L3", "L4"), "REACHED"), "L5": "NOT_ATTEMPTED"}
    shown = here("audit", "--trusted-block", trusted)
    assert trusted in shown.said.replace("\n", "")
    assert here("audit", "--trusted-block", "0x" + "11" * 32).code == 4
    assert here("audit", "--trusted-block", "0x11").code == 64


def test_audit__when_several_nodes_agree_and_all_vaults_are_asked_for__then_each_is_told(
    lived: VaultWorld, here: Here
) -> None:
    url = lived.settings["EVENKEEL_URL"]
    done = here("audit", "--all", "--rpc", url, "--rpc", url.replace("127.0.0.1", "localhost"), "--json")
    assert done.code == 0
    assert [each["ok"] for each in done.document] == [True]


def test_audit__when_less_is_asked_for__then_the_rest_is_not_attempted(lived: VaultWorld, here: Here) -> None:
    done = here("audit", "--level", "L1", "--json")
    assert done.code == 0
    assert [each["level"] for each in done.document["levels"] if each["reach"] == "REACHED"] == ["L0", "L1"]
    assert here("audit", "--level", "L1", "--require", "L4").code == 4


def test_audit__when_nodes_differ__then_says_which_and_on_what(lived: VaultWorld, here: Here) -> None:
    url = lived.node.url
    with fault_proxy(url) as proxy:
        proxy.inject(altered(lambda word: word[:-1] + ("1" if word[-1] != "1" else "2")), "eth_call", skip=3, times=1)
        done = here("audit", "--rpc", url, "--rpc", proxy.url)
    assert done.code == 69
    assert f"{url} and {proxy.url} answer eth_call differently" in done.said


def test_audit__when_a_range_is_asked_for__then_what_is_cut_off_is_said(lived: VaultWorld, here: Here) -> None:
    head = lived.chain.head().number
    begun = here("audit", "--to", str(head - 1), "--json")
    assert (begun.code, begun.document["entries"], begun.document["block"]["number"]) == (0, 2, head - 1)
    late = here("audit", "--from", str(head), "--json")
    assert late.code == 3
    assert "entry 0 is missing" in late.document["findings"][0]["what"]
    assert "in which the vault was created" in late.document["findings"][0]["hint"]
    assert here("audit", "--to", str(head + 1)).code == 64


def test_audit__when_interrupted__then_goes_on_where_it_was(
    lived: VaultWorld, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def questions(cache: str) -> int:
        proxy.forget()
        assert here("audit", "--rpc", proxy.url, "--cache", cache).code == 0
        return len(proxy.calls())

    cache = str(tmp_path / "audit.db")
    with fault_proxy(lived.node.url) as proxy, monkeypatch.context() as patch:
        patch.setattr(read, "read_inclusions", _interrupt)  # towards the end
        assert here("audit", "--rpc", proxy.url, "--cache", cache).code == 130
        patch.undo()
        again, fresh = questions(cache), questions(str(tmp_path / "other.db"))
    assert again < fresh / 2


def _interrupt(*_: object) -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


def test_audit__when_l5_is_asked_for_without_a_journal__then_it_is_not_reached(lived: VaultWorld, here: Here) -> None:
    assert here("audit", "--level", "L5").code == 4


def test_export__when_shown__then_tells_both_returns(lived: VaultWorld, here: Here, tmp_path: Path) -> None:
    dev.set_next_timestamp(lived.chain, lived.chain.head().timestamp + 40 * 86_400)
    lived.move(180)
    assert here("rebalance", *KEEPER, "--broadcast").code == 0
    said = here("audit", "export", "--out", str(tmp_path / "books")).said
    assert "Time-weighted return: " in said
    assert "Money-weighted return: " in said


def test_audit__when_run_again__then_what_the_node_said_is_known(lived: VaultWorld, here: Here, tmp_path: Path) -> None:
    cache = tmp_path / "audit.db"
    assert here("audit", "--cache", str(cache)).code == 0
    with sqlite3.connect(cache) as file:
        known = file.execute("SELECT count(*) FROM answer").fetchone()
        assert known[0] > 20
    assert here("audit", "--cache", str(cache)).code == 0
    with sqlite3.connect(cache) as file:
        assert file.execute("SELECT count(*) FROM answer").fetchone() == known
    lived.move(150)  # the chain goes on, and what is known stays
    assert here("audit", "--cache", str(cache)).code == 0
    cache.write_bytes(b"no database at all, whatever it says" * 99)
    spoilt = here("audit", "--cache", str(cache))
    assert spoilt.code == 74
    assert "--cache" in spoilt.said


def test_bundle__when_verified_elsewhere__then_needs_no_node(
    lived: VaultWorld, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "evidence.jsonl"
    made = here("audit", "bundle", "--out", str(bundle), "--mandate", "mandate.toml", *OWNER, "--json")
    assert made.code == 0
    signer, trusted = made.document["signer"], made.document["audit"]["block"]["hash"]
    monkeypatch.setenv("EVENKEEL_URL", "http://127.0.0.1:1")
    done = here("audit", "verify", str(bundle), "--trusted-block", trusted, "--signer", signer, "--json")
    assert (done.code, done.document["audit"]["ok"], done.document["signer"]) == (0, True, signer)
    assert "lines whole and unaltered, signed by" in here("audit", "verify", str(bundle)).said
    assert here("audit", "verify", str(bundle), "--signer", "0x" + "11" * 20).code == 3
    other = here("audit", "verify", str(bundle), "--trusted-block", "0x" + "11" * 32)
    assert (other.code, "the trusted block is 0x11" in other.said) == (3, True)
    raw = bytearray(bundle.read_bytes())
    raw[len(raw) // 2] ^= 1
    bundle.write_bytes(raw)
    altered = here("audit", "verify", str(bundle))
    assert altered.code == 3
    assert "The bundle was altered: line" in altered.said
