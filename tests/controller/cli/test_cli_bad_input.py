"""Bad input: one clear message with what to do, the right exit code, nothing sent and nothing half written."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from command import Done, Here, free_port, run
from vault_world import VaultWorld

from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.execution.journal import Journal

KEEPER = ("--dev-account", "1")
NOBODY = "0x00000000000000000000000000000000000000AA"
KEY = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
"""Development account 1, as everybody knows it."""
PROBLEMS = {
    # arguments, exit code, what is said
    "unknown option": ("status --nope", 64, "No such option: --nope"),
    "unknown command": ("nope", 64, "No such command"),
    "no arguments": ("vault template", 64, "Missing argument"),
    "no address": ("status nonsense", 64, "'nonsense' is not an address"),
    "no vault": (f"status {NOBODY}", 66, f"There is no vault at {NOBODY}"),
    "no vault to plan": (f"plan {NOBODY}", 66, f"There is no vault at {NOBODY}"),
    "no vault to rebalance": (f"rebalance {NOBODY} --dev-account 1", 66, f"There is no vault at {NOBODY}"),
    "no vault to keep": (f"keeper run {NOBODY} --once", 66, f"There is no vault at {NOBODY}"),
    "no vault to report": (f"report {NOBODY}", 66, f"There is no vault at {NOBODY}"),
    "no vault to audit": (f"audit {NOBODY}", 66, f"has no entry of {NOBODY}"),
    "unknown level": ("audit --require L9", 64, "Unknown level: L9"),
    "no such block": ("audit --to-block 99999999", 64, "nothing to audit up to block 99999999"),
    "block before the ledger": ("audit --to-block 1", 64, "nothing to audit up to block 1"),
    "negative block": ("audit --to-block -1", 64, "Invalid value for '--to-block'"),
    "unknown network": ("status -n mainnet", 66, "There is no network mainnet. Known are:"),
    "network without address": ("status -n sepolia --url ftp://x", 65, "sepolia.url"),
    "no networks file": ("status --networks none.toml", 66, "There is no networks file none.toml"),
    "nothing deployed": ("status --deployments elsewhere", 66, "is not deployed on chain 31337"),
    "no mandate file": ("vault create none.toml --dev-account 0", 65, "none.toml cannot be read"),
    "mandate that no audit finds": ("audit --mandate none.toml", 65, "none.toml cannot be read"),
    "no unit": ("vault create mandate.toml --dev-account 0 --fund 12 --salt 1", 64, "--fund:"),
    "too poor": ("vault create mandate.toml --dev-account 4 --fund '5 USD' --salt 1", 65, "cannot pay"),
    "bad roles": ("vault create mandate.toml --dev-account 0 --guardian x --keeper y", 65, "'x' is no address"),
    "huge salt": (f"vault create mandate.toml --dev-account 0 --salt {2**256}", 64, "'--salt'"),
    "no such account": ("rebalance --dev-account 10", 64, "'--dev-account'"),
    "unknown token": ("vault template EQUITY NOPE", 64, "Unknown on this network: NOPE. Known are:"),
    "token twice": ("vault template GOLD GOLD", 64, "each of them once"),
    "no key": ("rebalance --broadcast", 77, "Sending needs a key. Use --keystore FILE"),
    "no key for the keeper": ("keeper run --once --broadcast", 77, "Sending needs a key"),
    "no key to deploy": ("deploy", 77, "It has to be known who sends"),
    "no keystore": ("rebalance --keystore none.json --broadcast", 77, "There is no keystore none.json"),
    "no keystore at all": ("rebalance --keystore mandate.toml --broadcast", 77, "needs a passphrase"),
    "unreadable change": ("chain move EQUITY=up FOO=1 GOLD=0", 64, "FOO=1: write SYMBOL=+20%"),
    "infinite change": ("chain move EQUITY=Infinity", 64, "EQUITY=Infinity"),
    "huge change": ("chain move EQUITY=1e60", 64, "more than a pool can say"),
    "tiny interval": ("keeper run --interval 0", 64, "'--interval'"),
    "no port": ("chain up --port 99999", 64, "'--port'"),
    "no engine": ("chain up --engine geth", 64, "Engines: anvil, ganache"),
    "no market": ("demo --market bonds", 64, "There is no market 'bonds'"),
    "no date": ("demo --from soon", 65, "'soon' is not a date"),
    "before history": ("demo --from 1900-01", 65, "It runs from 1953-04-01"),
    "nowhere to report": ("demo --report nowhere/report.html", 64, "There is no directory for nowhere/report.html"),
}


def _files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if ".evenkeel" not in path.parts}


def _split(line: str) -> list[str]:
    return [part.strip("'") for part in re.findall(r"'[^']*'|\S+", line)]


def _one_message(done: Done) -> None:
    assert "Traceback" not in done.err
    assert done.err.count("Error:") == 1, done.err
    assert done.out.strip() == ""


@pytest.mark.parametrize("problem", PROBLEMS)
def test_command__when_given_bad_input__then_one_message_and_nothing_done(
    world: VaultWorld, here: Here, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, code, says = PROBLEMS[problem]
    before, files = world.chain.head(), _files()
    if "no key" not in problem and "--dev-account" not in line:
        monkeypatch.setenv("EVENKEEL_KEY", KEY)
    done = here(*_split(line))
    assert done.code == code, done.said
    assert says in done.said
    _one_message(done)
    assert KEY not in done.out + done.err
    assert world.chain.head() == before
    assert _files() == files

    as_json = here(*_split(line), "--json") if "template" not in line and code != 64 else None
    if as_json is not None:
        assert as_json.code == as_json.document["exit_code"] == code
        assert as_json.document["message"]
        assert KEY not in as_json.out + as_json.err


@pytest.mark.parametrize("key", ["zz", KEY[:-2], "0x" + KEY + "00"])
def test_key__when_it_is_none__then_nothing_of_it_is_shown(
    world: VaultWorld, here: Here, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENKEEL_KEY", key)
    done = here("rebalance", "--broadcast")
    assert done.code == 77
    _one_message(done)
    assert KEY[:20] not in done.said


def test_chain__when_it_is_another__then_refused_before_anything(world: VaultWorld, here: Here) -> None:
    done = here("rebalance", "--network", "ganache", *KEEPER, "--broadcast")
    assert done.code == 78
    assert "serves chain 31337, not 1337" in done.said
    _one_message(done)


def test_node__when_there_is_none__then_says_how_to_start_one(world: VaultWorld, here: Here) -> None:
    done = here("status", "--url", f"http://127.0.0.1:{free_port()}/secret-of-the-url")
    assert done.code == 69
    assert "cannot be reached. Start it (evenkeel chain up)" in done.said
    assert "secret-of-the-url" not in done.said
    _one_message(done)


def test_dev_account__when_the_chain_is_not_local__then_refused(world: VaultWorld, here: Here) -> None:
    with start_node("anvil", chain_id=11155111) as node:
        done = here("deploy", "--network", "sepolia", "--url", node.url, "--dev-account", "0", "--broadcast")
        assert done.code == 77
        assert "Development accounts exist on local chains only" in done.said
        assert Chain(node.url).head().number == 0
    assert not Path("deployments/11155111").exists()


def test_records__when_the_chain_was_started_afresh__then_missing_code_is_named(world: VaultWorld, here: Here) -> None:
    with start_node("anvil") as node:
        doctor = here("doctor", world.vault, "--url", node.url, "--json")
        assert doctor.code == 78
        bad = [check["found"] for check in doctor.document["checks"] if check["what"] == "contracts"]
        assert len(bad) == 14
        assert all("missing code" in found for found in bad)
        for command in (("status",), ("plan",), ("audit",), ("report",), ("rebalance", *KEEPER)):
            done = here(*command, world.vault, "--url", node.url)
            assert done.code == 78, done.said
            _one_message(done)
        sending = here("rebalance", world.vault, "--url", node.url, *KEEPER, "--broadcast")
        assert sending.code == 78
        assert "missing code" in sending.said
        assert Chain(node.url).head().number == 0


@pytest.mark.parametrize("contract", ["Vault", "VaultLens", "ChainlinkOracle", "UniswapV3Venue", "Ledger", "the clone"])
def test_T22_code__when_altered__then_doctor_sees_it_and_no_money_moves(
    world: VaultWorld, here: Here, contract: str
) -> None:
    world.move(140)
    address = world.contracts.get(contract, world.vault)
    code = world.chain.code(address, world.chain.head())
    world.chain.request("anvil_setCode", address, "0x" + (code + b"\0").hex())
    doctor = here("doctor", world.vault, "--json")
    assert doctor.code == 78
    said = " ".join(check["found"] for check in doctor.document["checks"] if not check["well"])
    assert ("is not a clone of" in said) if contract == "the clone" else (f"{contract} {address}: altered code" in said)
    before = world.chain.head()
    for command in (("rebalance",), ("keeper", "run", "--once")):
        done = here(*command, world.vault, *KEEPER, "--broadcast")
        assert done.code == 78
        _one_message(done)
    if contract != "the clone":
        created = here("vault", "create", "mandate.toml", "--dev-account", "0", "--salt", "3", "--broadcast")
        assert created.code == 78
    assert world.chain.head() == before


def test_vault__when_another_factory_made_it__then_refused_everywhere(world: VaultWorld, here: Here) -> None:
    # the factory's own storage forgets it, as if it had never been its vault
    code = world.chain.code(world.vault, world.chain.head())
    world.chain.request("anvil_setCode", NOBODY, "0x" + code.hex())
    for command in (("status",), ("plan",), ("report",), ("rebalance", *KEEPER)):
        done = here(*command, NOBODY)
        assert done.code in (66, 78), done.said
        _one_message(done)


@pytest.mark.parametrize(("trouble", "named"), [("stale", "PriceStale"), ("zero", "PriceNotPositive")])
def test_price__when_unusable__then_named_and_nothing_is_done(
    world: VaultWorld, here: Here, trouble: str, named: str
) -> None:
    world.move(140)
    if trouble == "stale":
        world.chain.request("evm_increaseTime", 33 * 86_400)
        world.chain.request("evm_mine")
    else:
        world.push("GOLD", 0)
    status = here("status", "--json")
    assert (status.code, status.document["reason"]) == (0, "price unusable")
    failures = [asset["price_failure"] for asset in status.document["assets"] if asset["price_failure"]]
    assert failures
    assert named in failures[0]
    assert named in here("status").said
    plan = here("plan")
    assert plan.code == 0
    assert "No trade: price unusable" in plan.said
    before = world.chain.head()
    done = here("rebalance", *KEEPER, "--broadcast", "--json")
    assert (done.code, done.document["reason"], done.document["outcome"]) == (0, "price unusable", None)
    assert world.chain.head() == before
    doctor = here("doctor", "--json")
    assert doctor.code == 78


def test_mandate__when_it_has_many_mistakes__then_all_at_once(world: VaultWorld, here: Here) -> None:
    text = Path("mandate.toml").read_text()
    for right, wrong in (
        ('token = "GOLD"', 'token = "GLOD"'),
        ('weight = "30%"', 'weight = "40%"'),
        ('drift = "2.5%"', 'drift = "9%"'),
        ('cooldown = "1 day"', 'cooldown = "1 fortnight"'),
        ('min_trade = "100 USD"', "min_trade = 100"),
    ):
        assert right in text
        text = text.replace(right, wrong, 1)
    Path("wrong.toml").write_text(text)
    before = world.chain.head()
    create = ("vault", "create", "wrong.toml", "--dev-account", "0", "--salt", "5", "--broadcast")
    done = here(*create)
    assert done.code == 65
    _one_message(done)
    document = here(*create, "--json").document
    assert document["exit_code"] == 65
    assert len(document["mistakes"]) >= 5
    for mistake in document["mistakes"]:
        assert mistake["where"] in done.said
        assert mistake["what"] in done.said
    told = " ".join(mistake["where"] + mistake["what"] for mistake in document["mistakes"])
    for part in ("GLOD", "weight", "destination", "cooldown", "min_trade"):
        assert part in told
    assert world.chain.head() == before


def test_disk__when_full__then_nothing_is_sent_and_old_files_stand(
    world: VaultWorld, here: Here, tmp_path: Path
) -> None:
    world.move(140)
    before = world.chain.head()
    full = run("rebalance", *KEEPER, "--broadcast", cwd=tmp_path, largest_file=4_096, settings=world.settings)
    assert full.code == 74, full.said
    assert "Free some space" in full.said
    _one_message(full)
    assert world.chain.head() == before

    assert here("rebalance", *KEEPER, "--broadcast", "--journal", "keeper.db").code == 0
    with Journal.at(Path("keeper.db")) as journal:
        (tick,) = journal.ticks(world.vault)
        for day in range(1, 200):  # a page larger than what SQLite needs to read its journal
            later = replace(tick.block, timestamp=tick.block.timestamp + day * 86_400)
            journal.append_tick(replace(tick, block=later, outcome=None))
    Path("report.html").write_text("the old one")
    report = run("report", "--journal", "keeper.db", cwd=tmp_path, largest_file=40_000, settings=world.settings)
    assert report.code == 74, report.said
    assert "report.html" in report.said
    assert "Free some space" in report.said
    _one_message(report)
    assert Path("report.html").read_text() == "the old one"
    assert not list(tmp_path.glob(".report*"))


def test_disk__when_full_while_deploying__then_the_next_run_goes_on(
    world: VaultWorld, here: Here, tmp_path: Path
) -> None:
    deploy = ("deploy", "--dev-account", "6", "--broadcast", "--deployments", "others")
    full = run(*deploy, cwd=tmp_path, largest_file=2_000, settings=world.settings)
    assert full.code == 74, full.said
    assert "Free some space" in full.said
    assert full.err.count("Error:") == 1
    half = [path for path in Path("others").rglob("*") if path.is_file() and "pending" not in path.name]
    assert half == []
    done = here(*deploy)
    assert done.code == 0
    assert len(list(Path("others/31337").glob("[A-Z]*.json"))) == 14
    assert list(Path("others/31337").glob(".*")) == []
