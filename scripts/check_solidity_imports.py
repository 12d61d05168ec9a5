"""Enforces the import order of the contracts, low to high:

    types < interfaces | libraries < Vault | oracles | venues | lens < VaultFactory

A file imports only from its row below. Rows that stand side by side are closed to each other, so that no adapter knows
another one or the vault. `lens` sees types and interfaces only; so do `Ledger` and `dev`, and nothing imports `dev`.

Usage: python scripts/check_solidity_imports.py [CONTRACTS_DIRECTORY]
Exits 1 and names every import that breaks a rule.
"""

import re
import sys
from pathlib import Path

ALLOWED = {
    "types": {"types"},
    "interfaces": {"types", "interfaces"},
    "libraries": {"types", "libraries"},
    "Ledger": {"types", "interfaces"},
    "VaultBase": {"types", "interfaces", "libraries"},
    "Vault": {"types", "interfaces", "libraries", "VaultBase"},
    "VaultFlows": {"types", "interfaces", "libraries", "VaultBase"},
    "VaultAdmin": {"types", "interfaces", "libraries", "VaultBase"},
    "MandateChecker": {"types", "interfaces", "libraries"},
    "oracles": {"types", "interfaces", "libraries"},
    "venues": {"types", "interfaces", "libraries"},
    "lens": {"types", "interfaces", "libraries"},
    "VaultFactory": {"types", "interfaces", "libraries"},
    "dev": {"types", "interfaces", "dev"},
}
# Rows whose files must not import each other either.
CLOSED = {"oracles", "venues", "lens"}
PACKAGES = ("solady/", "v4-core/")

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_IMPORT = re.compile(r"""\bimport\b[^;"']*["']([^"']+)["']""")


def imports_of(source: str) -> list[str]:
    """The paths that a Solidity source imports, in order, comments left out."""
    return _IMPORT.findall(_COMMENT.sub("", source))


def row_of(path: Path) -> str:
    """The row of a file, given relative to the contracts: its folder, or its name at the top."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


def violation(root: Path, file: Path, target: str) -> str | None:
    """Why `file` may not import `target`, or None where it may."""
    row = row_of(file.relative_to(root))
    if row not in ALLOWED:
        return f"{row} has no row in the import order"
    if not target.startswith("."):
        return None if target.startswith(PACKAGES) else "is no relative path and no known package"
    resolved = (file.parent / target).resolve()
    if not resolved.is_relative_to(root):
        return "leaves the contracts"
    other = row_of(resolved.relative_to(root))
    if other not in ALLOWED[row] and not (other == row and row not in CLOSED):
        return f"{row} may not import {other}"
    return None


def check(root: Path) -> list[str]:
    """One line for each import that breaks a rule."""
    root = root.resolve()
    lines = []
    for file in sorted(root.rglob("*.sol")):
        for target in imports_of(file.read_text(encoding="utf-8")):
            reason = violation(root, file, target)
            if reason is not None:
                lines.append(f'{root.name}/{file.relative_to(root)}: import "{target}": {reason}')
    return lines


def main(arguments: list[str]) -> int:
    """Prints every violation; 1 when there is one, 2 when there is nothing to check."""
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent / "contracts"
    if not any(root.rglob("*.sol")):
        print(f"{root}: no contracts here; name the directory that holds them", file=sys.stderr)
        return 2
    lines = check(root)
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
