"""For all tests of the controller: no sockets in unit and property tests, fixed seeds, real nodes for the rest."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from controller.chain.client import Chain
from controller.chain.nodes import Engine, Node, start_node

HERE = Path(__file__).parent
PURE = (HERE / "unit", HERE / "property")
START = 946_684_800  # {s} 2000-01-01, the first block of every node here

settings.register_profile(
    "quick", derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in PURE):
            item.add_marker(pytest.mark.disable_socket)
        else:
            item.add_marker(pytest.mark.node)


@pytest.fixture(scope="session", autouse=True)
def _signals_of_a_terminal() -> None:
    """Whoever starts the tests in the background may have signals ignored, which every process below inherits."""
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGTERM, signal.SIG_DFL),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(scope="session", params=["anvil", "ganache"])
def shared_node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """One node of each engine for the whole run, in simulated time; tests bring their own contracts."""
    engine: Engine = request.param
    with start_node(engine, timestamp=START) as node:
        yield node


@pytest.fixture
def shared_chain(shared_node: Node) -> Chain:
    return Chain(shared_node.url, shared_node.chain_id)
