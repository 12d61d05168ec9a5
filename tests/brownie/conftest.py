"""A Ganache of our own for the whole suite, the recipe deployed to it, and a small market around it."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from brownie import accounts, project
from brownie._config import CONFIG

from controller.chain.nodes import start_node
from controller.deploy import records
from scripts.brownie_home import TEST_NETWORK
from scripts.deploy import deploy_network
from tests.brownie.market import Market

NODE = pytest.StashKey()


def pytest_configure(config):
    """Starts the node before Brownie connects. It dies with this process, however that ends."""
    stack = config.stash.setdefault(NODE, ExitStack())
    CONFIG.networks[TEST_NETWORK]["host"] = stack.enter_context(start_node("ganache")).url


def pytest_unconfigure(config):
    config.stash[NODE].close()


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    """Where the suite's own records go, as deployments/<chainId>."""
    return records.folder(Path(tmp_path_factory.mktemp("deployments")), 1337)


@pytest.fixture(scope="session")
def deployed(directory):
    """Records of the recipe's contracts by name."""
    return {record.name: record for record in deploy_network({}, directory, accounts[0])}


@pytest.fixture(scope="session")
def market(deployed):
    return Market(project.get_loaded_projects()[0], deployed, accounts[9])
