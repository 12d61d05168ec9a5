"""One life on each engine, built where it is wanted; what needs Ganache's is run by one worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from audit_life import BUILD_TIME, HISTORY, Life, live, together

from controller.chain.nodes import Engine, start_node


@pytest.fixture(scope="session")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Engine], Life]]:
    """Each is built once and stays until the end."""
    with ExitStack() as running:

        @cache
        def build(engine: Engine) -> Life:
            node = running.enter_context(start_node(engine, timestamp=HISTORY.times[0] - BUILD_TIME))
            return live(node, Path(tmp_path_factory.mktemp("audit")))

        yield build


@pytest.fixture(params=["anvil", pytest.param("ganache", marks=together)])
def life(request: pytest.FixtureRequest, lives: Callable[[Engine], Life]) -> Life:
    return lives(request.param)
