"""Errors become one message and an exit code; a second signal does not disturb the cleaning up after the first."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.cli import main as module
from controller.cli.output import print_error
from controller.cli.stopping import GRACE, Stopping
from controller.errors import EvenkeelError, InputError, MissingExtraError, Mistake, RevertError, SendError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _code(monkeypatch: pytest.MonkeyPatch, command: Callable[[], object], *arguments: str) -> int:
    def app(*, standalone_mode: bool) -> object:
        assert not standalone_mode
        return command()

    monkeypatch.setattr(module, "app", app)
    monkeypatch.setattr(sys, "argv", ["evenkeel", *arguments])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def _raising(error: BaseException) -> Callable[[], object]:
    def command() -> object:
        raise error

    return command


def _every_error() -> list[type[EvenkeelError]]:
    found: list[type[EvenkeelError]] = []
    waiting = [EvenkeelError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found


def test_main__when_a_command_returns_a_code__then_that_is_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _code(monkeypatch, lambda: 2) == 2
    assert _code(monkeypatch, lambda: None) == 0


@pytest.mark.parametrize("kind", [kind for kind in _every_error() if kind.__init__ is EvenkeelError.__init__])
def test_main__when_an_error_has_a_name__then_its_message_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[EvenkeelError]
) -> None:
    assert _code(monkeypatch, _raising(kind("It broke.", "Mend it."))) == kind.exit_code
    assert capsys.readouterr().err == "Error: It broke.\nMend it.\n"
    assert _code(monkeypatch, _raising(kind("It broke.", "Mend it.")), "--json") == kind.exit_code
    document = json.loads(capsys.readouterr().out)
    assert (document["message"], document["hint"]) == ("It broke.", "Mend it.")


def test_main__when_the_disk_is_full__then_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(28, "No space left on device", "somewhere")
    assert _code(monkeypatch, _raising(full)) == 74
    assert capsys.readouterr().err.startswith("Error: somewhere: No space left on device.\nFree some space")


def test_main__when_interrupted__then_130_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (_raising(KeyboardInterrupt()), lambda: 130):
        assert _code(monkeypatch, command) == 130
        assert capsys.readouterr().err.count("Interrupted.") == 1


def test_main__when_interrupted_while_a_class_is_made__then_130_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = RuntimeError("Error calling __set_name__")
    wrapped.__cause__ = KeyboardInterrupt()
    assert _code(monkeypatch, _raising(wrapped)) == 130
    with pytest.raises(RuntimeError, match="another"):
        _code(monkeypatch, _raising(RuntimeError("another")))


@pytest.mark.parametrize("number", SIGNALS)
def test_main__when_signalled_again_while_cleaning_up__then_the_cleaning_up_ends(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    cleaned: list[str] = []

    def command() -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            for other in SIGNALS:
                os.kill(os.getpid(), other)
            time.sleep(0.01)
            cleaned.append("all of it")

    assert _code(monkeypatch, command) == 130
    assert cleaned == ["all of it"]


def test_main__when_cleaning_up_hangs__then_a_later_signal_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLEANING_TIME", 0.05)

    def command() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)

    begun = time.monotonic()
    assert _code(monkeypatch, command) == 130
    assert time.monotonic() - begun < 5


def test_main__when_a_signal_is_ignored_by_whoever_started_it__then_it_stays_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def command() -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        return 0

    assert _code(monkeypatch, command) == 0


def test_print_error__when_it_holds_brackets__then_they_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(MissingExtraError("report", "jinja2"), as_json=False)
    assert "pip install 'evenkeel[report]'" in capsys.readouterr().err
    mistake = Mistake("[rule].band", "write [/nothing] else")
    print_error(InputError("[red]No[/green].", "", (mistake,)), as_json=False)
    assert capsys.readouterr().err == "Error: [red]No[/green].\n  [rule].band: write [/nothing] else\n"


def test_print_error__when_json__then_mistakes_and_the_custom_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(InputError("No.", "", (Mistake("a", "b"),)), as_json=True)
    assert json.loads(capsys.readouterr().out)["mistakes"] == [{"where": "a", "what": "b"}]
    print_error(RevertError("NotDue", {"drift": 10**30}), as_json=True)
    assert json.loads(capsys.readouterr().out)["revert"] == {"name": "NotDue", "arguments": {"drift": str(10**30)}}


def test_stopping__when_a_signal_comes__then_waiting_ends_and_a_transaction_gets_its_grace() -> None:
    stopping = Stopping.on_signals()
    begun = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stopping.wait(60)
    stopping.sleep_in_tick(0)
    assert time.monotonic() - begun < 5
    assert stopping.since is not None
    stopping.since -= GRACE
    with pytest.raises(SendError, match="still be mined"):
        stopping.sleep_in_tick(0)


def test_stopping__when_no_signal_comes__then_sleeps_as_long_as_asked() -> None:
    begun = time.monotonic()
    assert not Stopping().wait(0.15)
    assert 0.14 < time.monotonic() - begun < 5


def test_entry_point__when_the_package_is_run__then_it_is_the_same_command() -> None:
    root = Path(module.__file__).resolve().parents[1]
    assert "controller.cli.main" in (root / "__main__.py").read_text()
