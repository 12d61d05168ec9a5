"""The entry point, before the command line is there."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from controller.__main__ import run


def test_run__when_interrupted_while_importing__then_ends_with_130_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    importing = builtins.__import__

    def interrupted(name: str, *rest: Any, **more: Any) -> Any:
        if name == "controller.cli.main":
            raise KeyboardInterrupt
        return importing(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 130
