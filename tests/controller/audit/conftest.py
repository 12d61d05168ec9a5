"""One life on each engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from audit_life import BUILD_TIME, HISTORY, Life, live

from controller.chain.nodes import Engine, start_node


@pytest.fixture(scope="session", params=["anvil", "ganache"])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    engine: Engine = request.param
    with start_node(engine, timestamp=HISTORY.times[0] - BUILD_TIME) as node:
        yield live(node, tmp_path_factory.mktemp("audit"))
