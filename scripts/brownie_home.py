"""Gives Brownie a home inside the project, with its networks and its compiler, and becomes Brownie (scripts/brownie).

Brownie keeps networks, accounts and packages in ~/.brownie and downloads compilers. Here nothing of that is global: the
home is build/brownie/home, the networks are those of controller/config/networks.toml, the compiler is scripts/solc.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "build" / "brownie" / "home"
DEPLOYMENTS = ROOT / "build" / "brownie" / "artifacts" / "deployments"
"""Brownie's own notes by chain id and address. A development chain that starts afresh has the same ones, so that these
would be of other contracts; what counts is in deployments/."""
TEST_NETWORK = "development"
"""Brownie's default. tests/brownie/conftest.py starts a node for it and puts in the address."""


def networks(tables: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    """Brownie's network list. Addresses stay in the environment, because they may hold a key."""
    entries = []
    for name, table in tables.items():
        if "url" in table:
            environment.setdefault(table["url_variable"], table["url"])
        entries.append(
            {"name": name, "id": name, "host": f"${table['url_variable']}", "chainid": str(table["chain_id"])}
        )
    suite = {"name": "Test suite", "id": TEST_NETWORK, "cmd": "ganache", "host": "", "cmd_settings": {}}
    # the others are "live": Brownie then neither starts nor stops nor rewinds a node
    return {"development": [suite], "live": [{"name": "Evenkeel", "networks": entries}]}


def link_compiler(directory: Path) -> None:
    """scripts/solc under the name that solcx looks for."""
    version = json.loads((ROOT / "package.json").read_text())["devDependencies"]["solc"]
    directory.mkdir(parents=True, exist_ok=True)
    wanted = directory / f"solc-v{version}"
    for other in directory.iterdir():
        if other != wanted:
            other.unlink()
    if not wanted.is_symlink():
        wanted.symlink_to(os.path.relpath(ROOT / "scripts" / "solc", directory))


def main() -> None:
    environment = dict(os.environ)
    settings = HOME / ".brownie"
    settings.mkdir(parents=True, exist_ok=True)
    tables = tomllib.loads((ROOT / "controller" / "config" / "networks.toml").read_text())
    # JSON is YAML
    (settings / "network-config.yaml").write_text(json.dumps(networks(tables, environment), indent=2) + "\n")
    link_compiler(HOME / "solcx")
    shutil.rmtree(DEPLOYMENTS, ignore_errors=True)
    programs = [ROOT / ".venv-brownie" / "bin", ROOT / "node_modules" / ".bin", ROOT / ".venv" / "bin"]
    environment |= {
        "HOME": str(HOME),
        "SOLCX_BINARY_PATH": str(HOME / "solcx"),
        "PATH": os.pathsep.join([*map(str, programs), environment.get("PATH", "")]),
    }
    brownie = ROOT / ".venv-brownie" / "bin" / "brownie"
    os.execve(brownie, [str(brownie), *sys.argv[1:]], environment)  # noqa: S606 no shell is wanted


if __name__ == "__main__":
    main()
