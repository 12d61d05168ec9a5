"""The import order of the contracts holds, and a violation of each rule is found."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "check_solidity_imports.py"


def run(contracts: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(contracts)], capture_output=True, text=True, check=False, timeout=60
    )


def plant(contracts: Path, file: str, line: str) -> None:
    path = contracts / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"pragma solidity 0.8.37;\n\n{line}\n", encoding="utf-8")


def test_imports__when_project_as_it_is__then_in_order() -> None:
    result = run(ROOT / "contracts")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("types/Types.sol", "../interfaces/IVault.sol"),
        ("interfaces/IVault.sol", "../libraries/Rules.sol"),
        ("libraries/Rules.sol", "../interfaces/IVault.sol"),
        ("Ledger.sol", "./libraries/Rules.sol"),
        ("Vault.sol", "./oracles/ChainlinkOracle.sol"),
        ("Vault.sol", "./Ledger.sol"),
        ("oracles/ChainlinkOracle.sol", "../Vault.sol"),
        ("oracles/TwapOracle.sol", "./ChainlinkOracle.sol"),
        ("venues/UniswapV3Venue.sol", "../oracles/ChainlinkOracle.sol"),
        ("venues/UniswapV3Venue.sol", "./UniswapV2Venue.sol"),
        ("lens/VaultLens.sol", "../venues/UniswapV3Venue.sol"),
        ("lens/VaultLens.sol", "../VaultFactory.sol"),
        ("VaultFactory.sol", "./dev/TestToken.sol"),
        ("VaultFactory.sol", "../tests/contracts/base/VaultFixture.sol"),
        ("Vault.sol", "forge-std/Test.sol"),
        ("somewhere/New.sol", "../types/Types.sol"),
    ],
)
def test_imports__when_rule_is_broken__then_file_and_import_are_named(tmp_path: Path, file: str, target: str) -> None:
    contracts = tmp_path / "contracts"
    plant(contracts, file, f'import {{X}} from "{target}";')
    result = run(contracts)
    assert result.returncode == 1
    assert f'contracts/{file}: import "{target}"' in result.stderr


@pytest.mark.parametrize(
    "line",
    [
        'import "../Vault.sol";',
        'import * as Everything from "../Vault.sol";',
        "import {\n    IVault,\n    Vault\n} from '../Vault.sol';",
        'import {IVenue} from "../interfaces/IVenue.sol"; import {Vault} from "../Vault.sol";',
    ],
)
def test_imports__when_written_in_another_way__then_found_all_the_same(tmp_path: Path, line: str) -> None:
    contracts = tmp_path / "contracts"
    plant(contracts, "venues/Sly.sol", line)
    result = run(contracts)
    assert result.returncode == 1
    assert "../Vault.sol" in result.stderr


def test_imports__when_only_in_a_comment__then_ignored(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    plant(contracts, "venues/Calm.sol", '// import "../Vault.sol";\n/* import "../Vault.sol"; */\ncontract Calm {}')
    assert run(contracts).returncode == 0


def test_imports__when_there_is_nothing_to_check__then_exits_2(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.returncode == 2
    assert "no contracts here" in result.stderr
