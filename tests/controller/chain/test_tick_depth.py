"""A tick below the head, as live networks need it."""

from __future__ import annotations

from pathlib import Path

import pytest
from vault_world import vault_world

from controller.chain import dev
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.model import Reason
from controller.replay.run import quotes
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller, Limits


def test_tick__when_it_reads_a_block_below_the_head__then_plans_on_that_block_and_executes_without_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vault_world(tmp_path) as world, Journal.at(tmp_path / "journal.db") as journal:
        controller = Controller(
            world.chain,
            world.contracts["VaultLens"],
            quotes(world.world, tmp_path / "deployments" / str(world.chain.chain_id)),
            FixedTargets(),
            journal,
            development_signer(1),
            Limits(depth=1, confirmations=1),
        )
        world.move(60)
        before = controller.tick(world.vault, broadcast=True)
        assert before.block.number < world.chain.head().number
        dev.mine(world.chain)
        # a node that takes no block overrides simulates on top of the head, where only the head's hash is unknown
        monkeypatch.setattr(type(world.chain), "pins_by_hash", False)
        due = controller.tick(world.vault, broadcast=True)
        idle = controller.tick(world.vault, broadcast=False)
    assert before.reason is Reason.IN_BAND
    assert due.outcome is not None
    assert due.outcome.block.number > due.block.number + 1
    assert idle.block.number >= due.outcome.block.number - 1
