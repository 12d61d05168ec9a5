"""Worlds on the shared nodes."""

from __future__ import annotations

import pytest
from plan_world import PlanWorld, build

from controller.chain.client import Chain
from controller.chain.nodes import Node


@pytest.fixture
def world(shared_node: Node, shared_chain: Chain) -> PlanWorld:
    return build(shared_chain, shared_node.accounts[0])
