"""status, plan, rebalance, doctor and the rest on a real vault: what they say, what they do, how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Here
from vault_world import VaultWorld

from controller.execution.journal import Journal

OWNER, KEEPER, STRANGER = ("--dev-account", "0"), ("--dev-account", "1"), ("--dev-account", "5")


def test_status__when_in_band_and_when_due__then_0_and_2(world: VaultWorld, here: Here) -> None:
    quiet = here("status", "--json")
    assert (quiet.code, quiet.document["due"], quiet.document["reason"]) == (0, False, "in band")
    assert "Nothing to do: in band" in here("status").said
    world.move(140)
    due = here("status", "--json")
    assert (due.code, due.document["due"]) == (2, True)
    shown = here("status")
    assert shown.code == 2
    assert "A rebalance is due: an asset has reached its band." in shown.said
    assert "Budgets in use: lost 0.000% of 0.5%, sold 0.000% of 100%." in shown.said
    assert [vault["state"] for vault in here("vault", "list", "--json").document] == ["due"]


def test_rebalance__when_dry__then_nothing_is_sent(world: VaultWorld, here: Here) -> None:
    world.move(140)
    before = world.chain.head()
    for key in ((), KEEPER):
        done = here("rebalance", *key)
        assert done.code == 0
        assert "Dry run" in done.said
    assert here("plan", "--json").document["plan"]["trades"]
    assert world.chain.head() == before


def test_rebalance__when_due__then_once_and_audited(world: VaultWorld, here: Here) -> None:
    world.move(140)
    done = here("rebalance", *KEEPER, "--broadcast", "--json")
    assert done.code == 0
    assert done.document["outcome"]["fills"]
    assert world.nonce() == 1
    outcome = done.document["outcome"]
    assert (outcome["cause"], outcome["open"]) == ("THRESHOLD", False)
    left = here("status", "--json").document
    assert 0 < int(left["loss_used"]) < int(left["turnover_used"])
    assert (left["cause"], left["due"]) == ("COOLING_DOWN", False)
    again = here("rebalance", *KEEPER, "--broadcast")
    assert again.code == 0
    assert "No trade: cooling down" in again.said
    assert world.nonce() == 1
    audit = here("audit", "--mandate", "mandate.toml", "--json")
    assert (audit.code, audit.document["ok"]) == (0, True)


def test_rebalance__when_the_signer_is_no_keeper__then_named_and_in_the_journal(world: VaultWorld, here: Here) -> None:
    world.move(140)
    done = here("rebalance", *STRANGER, "--broadcast", "--json", "--journal", "keeper.db")
    assert done.code == 76
    assert done.document["revert"]["name"] == "Unauthorised"
    assert world.nonce() == 0
    with Journal.at(Path("keeper.db")) as journal:
        (tick,) = journal.ticks(world.vault)
        assert (tick.error, tick.outcome) == ("Unauthorised", None)
        assert journal.open_intents(world.vault) == []


def test_report__when_the_keeper_has_run__then_a_page_that_loads_nothing(world: VaultWorld, here: Here) -> None:
    nothing = here("report")
    assert nothing.code == 66
    assert not Path("report.html").exists()
    assert here("rebalance", *KEEPER, "--broadcast").code == 0
    assert here("report").code == 0
    page = Path("report.html").read_text()
    assert "src=" not in page
    assert 'href="http' not in page


def test_doctor__when_all_is_well__then_0_and_the_keepers_role_is_seen(world: VaultWorld, here: Here) -> None:
    assert here("doctor", *KEEPER).code == 0
    stranger = here("doctor", *STRANGER, "--json")
    assert stranger.code == 78
    assert [check["what"] for check in stranger.document["checks"] if not check["well"]] == ["keeper role"]


def test_vault_create__when_dry_then_broadcast__then_funded_where_it_said(world: VaultWorld, here: Here) -> None:
    for symbol in ("EQUITY", "BOND", "GOLD"):
        world.world.fund(world.world.accounts.owner, symbol, 10**24)
    template = here("vault", "template", "EQUITY", "BOND", "GOLD", "--name", "[bold]Mine[/nothing]")
    Path("mine.toml").write_text(template.out)
    create = ("vault", "create", "mine.toml", "--fund", "1000 USD", *OWNER, "--salt", "7", "--json")
    would = here(*create)
    assert would.code == 0
    assert world.chain.code(would.document["vault"], world.chain.head()) == b""
    done = here(*create, "--broadcast")
    assert done.code == 0
    assert done.document["vault"] == would.document["vault"]
    status = here("status", done.document["vault"])
    assert status.code == 0
    assert "[bold]Mine[/nothing]" in status.said, "a vault's name is no markup"
    assert "[bold]Mine[/nothing]" in here("vault", "list").said

    again = here(*create, "--broadcast")
    assert again.code == 65
    assert "has a vault with this mandate and this salt already" in again.said


def test_vault_create__when_interrupted_before_the_mint__then_the_next_run_mints(world: VaultWorld, here: Here) -> None:
    for symbol in ("EQUITY", "BOND", "GOLD"):
        world.world.fund(world.world.accounts.owner, symbol, 10**24)
    create = ("vault", "create", "mandate.toml", *OWNER, "--salt", "9", "--broadcast", "--json")
    created = here(*create)
    minted = here(*create, "--fund", "1000 USD")
    assert (created.code, minted.code) == (0, 0)
    assert minted.document["vault"] == created.document["vault"]
    supply = here("status", created.document["vault"], "--json").document["supply"]
    assert supply == str(1_000 * 10**18)


def test_chain_move__when_asked__then_feeds_and_pools_move(world: VaultWorld, here: Here) -> None:
    before = here("status", "--json").document["assets"][0]["price"]
    moved = here("chain", "move", "EQUITY=+40%", "--json")
    assert moved.code == 0
    after = here("status", "--json").document["assets"][0]["price"]
    assert int(after) == int(before) * 14 // 10


@pytest.mark.parametrize("network", ["anvil", "ganache", "sepolia"])
def test_network__when_one_of_ours__then_its_errors_are_one_json_document(
    world: VaultWorld, here: Here, network: str
) -> None:
    done = here("status", "0x00000000000000000000000000000000000000AA", "--network", network, "--json")
    document = json.loads(done.out)
    assert done.code == document["exit_code"] != 0
    assert document["message"]
    assert document["hint"]
