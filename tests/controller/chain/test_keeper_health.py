"""Whether the keeper is alive, as a browser, Prometheus and systemd see it; alerts as a real server gets them."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from prometheus_client import CollectorRegistry, Counter

from controller.errors import InputError, MissingExtraError, UsageError
from controller.execution.keys import Secret
from controller.keeper import systemd
from controller.keeper.alerts import Alert, AlertKind, Condition, Phase
from controller.keeper.health import LOOPBACK, HealthServer, Heart
from controller.keeper.notify import AppriseNotifier, Dispatcher


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_healthz__when_the_heart_beats__then_200_and_503_before_and_after() -> None:
    """A keeper that hangs is as good as dead: the page says so, though the process is there."""
    clock = Clock()
    heart = Heart(60, clock)
    with HealthServer(heart, CollectorRegistry(), 0) as server:
        assert _get(server.port, "/healthz") == (503, "no pass of the loop yet\n")
        heart.beat()
        clock.now += 60
        assert _get(server.port, "/healthz") == (200, "last pass 60.0 s ago\n")
        clock.now += 1
        assert _get(server.port, "/healthz") == (503, "last pass 61.0 s ago\n")
        heart.beat()
        assert _get(server.port, "/healthz")[0] == 200


def test_metrics__when_asked_for__then_what_prometheus_reads() -> None:
    registry = CollectorRegistry()
    Counter("evenkeel_things", "Things.", registry=registry).inc(3)
    with HealthServer(Heart(60, Clock()), registry, 0) as server:
        status, text = _get(server.port, "/metrics")
        assert status == 200
        assert "evenkeel_things_total 3.0" in text
        assert _get(server.port, "/")[0] == 404


def test_server__when_it_listens__then_on_loopback_alone_and_a_taken_port_is_refused() -> None:
    with HealthServer(Heart(60, Clock()), CollectorRegistry(), 0) as server:
        assert server._server.server_address[0] == "127.0.0.1"
        with pytest.raises(UsageError, match=f"Port {server.port}"):
            HealthServer(Heart(60, Clock()), CollectorRegistry(), server.port)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((LOOPBACK, server.port), timeout=10).close()


def test_heart__when_it_beats__then_the_files_time_moves(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    heart = Heart(60, Clock(), file=file)
    assert not file.exists()
    heart.beat()
    os.utime(file, (1, 1))
    heart.beat()
    assert file.stat().st_mtime > 1


# ---- systemd


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd__when_the_heart_beats__then_ready_once_alive_each_time_and_stopping(
    tmp_path: Path, abstract: bool
) -> None:
    name = f"@evenkeel-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if abstract else name)
        listener.settimeout(10)
        heart = Heart(60, Clock(), notify=systemd.notifier({"NOTIFY_SOCKET": name}))
        heart.beat()
        heart.beat()
        heart.stop()
        said = [listener.recv(100).decode() for _ in range(4)]
    assert said == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]
    heart.beat()  # nobody listens any more: the keeper goes on


def test_systemd__when_it_has_not_started_this_process__then_nothing_is_told() -> None:
    systemd.notifier({})(systemd.READY)
    systemd.notifier({"NOTIFY_SOCKET": "elsewhere"})(systemd.READY)


# ---- alerts


class Inbox(BaseHTTPRequestHandler):
    got: ClassVar[list[dict[str, object]]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append(json.loads(body))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def inbox() -> Iterator[tuple[type[Inbox], int]]:
    kind = type("Inbox", (Inbox,), {"got": [], "status": 200})
    server = ThreadingHTTPServer((LOOPBACK, 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kind, server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


ALERT = Alert(Phase.BEGUN, Condition(AlertKind.BALANCE_LOW, "0xabc", "good for 2 of 10 rebalances"))


def test_apprise__when_an_alert_is_sent__then_the_server_gets_its_words_and_severity(
    inbox: tuple[type[Inbox], int],
) -> None:
    """F-02"""
    kind, port = inbox
    failed: list[Alert] = []
    dispatcher = Dispatcher(AppriseNotifier([Secret(f"json://{LOOPBACK}:{port}/secret")]), failed.append, pauses=(0,))
    dispatcher.send(ALERT)
    dispatcher.send(Alert(Phase.OVER, ALERT.condition))
    dispatcher.close(30)
    assert failed == []
    assert [(said["title"], said["type"]) for said in kind.got] == [
        ("Evenkeel keeper: balance_low", "warning"),
        ("Evenkeel keeper: balance_low is over", "success"),
    ]
    assert kind.got[0]["message"] == "0xabc: good for 2 of 10 rebalances\nSee docs/RUNBOOK.md, balance_low."


def test_apprise__when_the_server_refuses_or_is_gone__then_told_and_nothing_is_raised(
    inbox: tuple[type[Inbox], int],
) -> None:
    kind, port = inbox
    kind.status = 500
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        gone = free.getsockname()[1]
    for address in (port, gone):
        assert AppriseNotifier([Secret(f"json://{LOOPBACK}:{address}/")]).deliver(ALERT) is False


def test_apprise__when_an_address_is_unknown__then_every_one_is_named_and_none_is_shown() -> None:
    with pytest.raises(InputError) as caught:
        AppriseNotifier([Secret("json://localhost/"), Secret("nothing://hunter2"), Secret("hunter2")])
    assert [mistake.where for mistake in caught.value.mistakes] == ["alerts, address 2", "alerts, address 3"]
    assert "hunter2" not in str(caught.value)


def test_apprise__when_it_is_not_installed__then_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtraError, match=r"evenkeel\[alerts\]"):
        AppriseNotifier([])
