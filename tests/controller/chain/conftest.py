"""Worlds on the shared nodes, and a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from plan_world import PlanWorld, build
from postgresql import Postgresql, start_postgresql

from controller.chain.client import Chain
from controller.chain.nodes import Node


@pytest.fixture
def world(shared_node: Node, shared_chain: Chain) -> PlanWorld:
    return build(shared_chain, shared_node.accounts[0])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    with start_postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: Postgresql) -> str:
    """Of an empty database of the test's own."""
    return postgresql.create(f"test_{uuid4().hex}")
