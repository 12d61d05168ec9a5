"""Compares deployments/<chainId>/ with a chain: `python scripts/check_deployments.py NETWORK [DEPLOYMENTS_DIRECTORY]`.

Exits 0 when every recorded contract stands there with its recorded code, 78 and names every difference when not.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from controller.chain.client import Chain
from controller.chain.endpoints import Endpoints
from controller.config.networks import load_network
from controller.deploy import drift, records
from controller.errors import CodeMismatchError, EvenkeelError, UsageError

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    if len(arguments) not in {1, 2}:
        print(__doc__, file=sys.stderr)
        return UsageError.exit_code
    deployments = Path(arguments[1]) if len(arguments) == 2 else ROOT / "deployments"
    try:
        network = load_network(arguments[0], os.environ)
        chain = Chain(Endpoints(network.urls, network.chain_id), network.chain_id)
        directory = records.folder(deployments, network.chain_id)
        standing = records.load_all(directory)
        differences = drift.check(chain, directory, chain.head())
    except EvenkeelError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for difference in differences:
        print(difference)
    print(f"{len(standing)} contracts recorded in {directory}, {len(differences)} differ.")
    return CodeMismatchError.exit_code if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
