"""What a release carries, and that it works on its own: no checkout, no compiler, no Node, only a node by URL."""

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from controller.chain import artifacts
from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.deploy.records import find, folder
from controller.deploy.uniswap import POOL, init_code_hash
from controller.replay import saved
from controller.replay.markets import MACRO, latest
from controller.replay.world import build

ROOT = Path(__file__).resolve().parents[2]
UNISWAP = {f"{name}.json" for name in artifacts.UNISWAP}
MIGRATIONS = ROOT / "controller" / "execution" / "migrations"
DATA = {"shiller_sp500.csv", "us10y_monthly.csv", "gold_monthly.csv", "README.md"}
DEPLOYED = (
    *("Ledger", "ChainlinkOracle", "UniswapV3Venue", "MandateChecker"),
    *("VaultAdmin", "VaultFlows", "Vault", "VaultFactory", "VaultLens"),
)
OWN = ("--networks", "networks.toml")
SENDING = ("--dev-account", "0", "--broadcast")

pytestmark = pytest.mark.xdist_group("wheel")  # built and installed once


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own, and an empty folder to work in."""

    python: Path
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`evenkeel` with `arguments`, with no program on its PATH."""
        return subprocess.run(
            [str(self.python.with_name("evenkeel")), *arguments],
            env={"PATH": str(self.home), "HOME": str(self.home), **self.environment, **variables},
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def json(self, *arguments: str, code: int = 0) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Its requirements come from the environment of these tests, whose own editable install stays out of sight."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv", with_pip=False, symlinks=True)
    python = place / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True, timeout=60)
    (site,) = (place / "venv").glob("lib/python*/site-packages")
    # a path file inside a path that a path file adds is not read, and the editable install is one
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    home = place / "home"
    home.mkdir()
    return Installed(python, home)


@pytest.fixture(scope="module")
def live(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Beside it a chain that has Uniswap, tokens and feeds, known by its address alone."""
    with start_node("anvil") as node:
        chain = Chain(node.url, node.chain_id)
        deployments = installed.home / "deployments"
        records = tmp_path_factory.mktemp("records")
        world = build(
            chain, node.accounts, MACRO, latest(MACRO), records, depth=100_000_000, progress=lambda _what: None
        )
        for listed in world.listed:
            world.fund(world.accounts.owner, listed.listing.symbol, 10**12 * 10**listed.listing.decimals)
        saved.save(world, folder(deployments, node.chain_id))
        networks = installed.home / "networks.toml"
        networks.write_text(
            f'[own]\nchain_id = {node.chain_id}\nurl = "{node.url}"\nconfirmations = 0\ndepth = 0\nfee_tiers = [500]\n'
            'hub_tokens = ["DOLLAR"]\n\n[own.uniswap_v3]\n'
            f'factory = "{find(records, "UniswapV3Factory").address}"\n'
            f'pool_init_code_hash = "{init_code_hash(POOL)}"\n'
            f'swap_router = "{find(records, "SwapRouter").address}"\n'
            f'quoter_v2 = "{find(records, "QuoterV2").address}"\n'
        )
        yield Installed(installed.python, installed.home, {"EVENKEEL_NETWORK": "own", "EVENKEEL_ANVIL_URL": node.url})


@pytest.fixture(scope="module")
def vault(live: Installed) -> str:
    """A vault that the installed command has deployed, created and funded."""
    deployed = live.json("deploy", *OWN, *SENDING)
    assert {step["name"]: step["action"] for step in deployed} == dict.fromkeys(DEPLOYED, "deployed")
    template = live.run("vault", "template", "EQUITY", "BOND", "GOLD", *OWN)
    (live.home / "mandate.toml").write_text(template.stdout)
    created = live.json("vault", "create", "mandate.toml", "--fund", "1000000 USD", *OWN, *SENDING)
    return str(created["vault"])


def test_wheel__when_listed__then_carries_contracts_data_and_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        carried = {Path(name).name for name in names if name.startswith("controller/artifacts/")}
        vault = json.loads(archive.read("controller/artifacts/Vault.json"))
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
        notice = archive.read(next(name for name in names if name.endswith("licenses/NOTICE"))).decode()
    assert carried >= {f"{name}.json" for name in (*DEPLOYED, "IVault", "IVaultFactory", "IVaultLens", "ILedger")}
    assert vault["abi"]
    assert len(vault["bytecode"]) > 10_000
    assert {f"controller/market/data/macro/{file}" for file in DATA} <= names
    assert {
        f"controller/execution/migrations/{file.relative_to(MIGRATIONS)}" for file in MIGRATIONS.rglob("*.py")
    } <= names
    assert "License-Expression: Apache-2.0" in metadata
    assert {"LICENSE", "NOTICE"} == {Path(name).name for name in names if "/licenses/" in name}
    assert "MIT" in notice
    assert "Open Data Commons" in notice


def test_wheel__when_listed__then_carries_nothing_that_it_may_not(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        foreign = [name for name in names if not name.startswith(("controller/", "evenkeel-"))]
        here = [name for name in names if str(ROOT).encode() in archive.read(name)]
    assert not foreign
    assert not [name for name in names if Path(name).name in UNISWAP]
    assert not [name for name in names if "/crypto/" in name]
    assert not here, "no path of the machine that built it"


def test_package__when_installed__then_is_the_wheels_own(installed: Installed) -> None:
    code = "import controller; print(controller.__file__)"
    done = subprocess.run(
        [str(installed.python), "-c", code], cwd=installed.home, capture_output=True, text=True, check=True, timeout=60
    )
    assert Path(done.stdout.strip()).is_relative_to(installed.python.parents[1])


def test_help__when_installed__then_answers(installed: Installed) -> None:
    assert installed.run("--version").stdout == "evenkeel 0.1.0\n"
    assert "vault" in installed.run("--help").stdout


@pytest.mark.parametrize("command", [("demo",), ("chain", "up", "--engine", "ganache")])
def test_local_chain__when_there_is_no_node_program__then_one_sentence(
    installed: Installed, command: tuple[str, ...]
) -> None:
    done = installed.run(*command)
    assert done.returncode == 66
    assert "is not installed." in done.stderr
    assert "source checkout" in done.stderr
    assert "Traceback" not in done.stderr


def test_demo__when_its_data_is_not_in_the_wheel__then_one_sentence(installed: Installed) -> None:
    done = installed.run("demo", "--market", "crypto")
    assert done.returncode == 66
    assert "It comes with the source, not with the wheel." in done.stderr


def test_deploy__when_the_network_has_no_uniswap__then_says_where_it_comes_from(live: Installed) -> None:
    done = live.run("deploy", "--network", "anvil", "--dev-account", "0", "--deployments", "elsewhere", "--broadcast")
    assert done.returncode == 66
    assert "Uniswap for a local chain comes with the source checkout" in done.stderr
    assert not (live.home / "elsewhere").exists()


def test_vault__when_only_a_nodes_address_is_known__then_lives_and_is_audited(live: Installed, vault: str) -> None:
    assert [row["vault"] for row in live.json("vault", "list", *OWN)] == [vault]
    live.json("chain", "move", "EQUITY=+40%", *OWN)
    assert live.json("status", *OWN, code=2)["vault"] == vault
    assert live.json("plan", *OWN)["plan"]["trades"]
    live.json("rebalance", *OWN, *SENDING)
    audited = live.json("audit", "--mandate", "mandate.toml", *OWN)
    assert (audited["ok"], audited["rebalances"]) == (True, 1)


def test_deploy__when_everything_stands__then_keeps_it(live: Installed, vault: str) -> None:
    again = live.json("deploy", *OWN, *SENDING)
    assert {step["name"]: step["action"] for step in again} == dict.fromkeys(DEPLOYED, "keep")


def test_report__when_jinja2_is_missing__then_says_what_installs_it(live: Installed, vault: str) -> None:
    hidden = live.home / "hidden"
    hidden.mkdir()
    (hidden / "jinja2.py").write_text('raise ModuleNotFoundError("No module named jinja2")\n')
    assert live.run("keeper", "run", "--once", vault, *OWN).returncode == 0
    done = live.run("report", vault, *OWN, PYTHONPATH=str(hidden))
    assert done.returncode == 69
    assert "pip install 'evenkeel[report]'" in done.stderr
    assert not (live.home / "report.html").exists()
