"""Whether the keeper is alive: a heart that beats with every pass of its loop, and a page on loopback that says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from controller.errors import UsageError
from controller.keeper import systemd

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOOPBACK: Final = "127.0.0.1"
"""Nobody else can ask: what is served has no password."""


class Heart:
    """Beats when a pass of the loop ends, whether it ticked or found nothing to tick on.

    Parameters
    ----------
    patience : {s} without a beat after which the keeper counts as dead.
    clock : {s}, one that is never set.
    file : touched at every beat, for whoever watches from outside.
    notify : tells systemd.
    """

    def __init__(
        self,
        patience: float,
        clock: Callable[[], float],
        *,
        file: Path | None = None,
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self._patience, self._clock, self._file = patience, clock, file
        self._notify = notify or systemd.notifier({})
        self._last: float | None = None

    def beat(self) -> None:
        if self._last is None:
            self._notify(systemd.READY)
        self._last = self._clock()
        if self._file is not None:
            self._file.touch()
        self._notify(systemd.ALIVE)

    def stop(self) -> None:
        """Says that silence from here on is meant."""
        self._notify(systemd.STOPPING)

    @property
    def silence(self) -> float | None:
        """{s} since the last beat; None before the first."""
        return None if self._last is None else self._clock() - self._last

    @property
    def is_alive(self) -> bool:
        silence = self.silence
        return silence is not None and silence <= self._patience


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Not on stderr, where the keeper's own lines are."""


class HealthServer:
    """``/healthz`` answers 200 while the heart beats and 503 when it does not, ``/metrics`` what Prometheus collects.

    Parameters
    ----------
    port : 0 takes a free one.

    Raises
    ------
    UsageError
        When the port is taken.
    """

    def __init__(self, heart: Heart, registry: CollectorRegistry, port: int) -> None:
        self._heart, self._metrics = heart, make_wsgi_app(registry)
        try:
            self._server = make_server(LOOPBACK, port, self._answer, _Server, _Quiet)
        except OSError as error:
            raise UsageError(
                f"Port {port} of this machine cannot be listened on: {error.strerror}.",
                "Set metrics.port to another one, or to 0 for any that is free.",
            ) from None
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start_response)
            return answer
        if path == "/healthz":
            silence = self._heart.silence
            words = "no pass of the loop yet" if silence is None else f"last pass {silence:.1f} s ago"
            return _plain(start_response, "200 OK" if self._heart.is_alive else "503 Service Unavailable", words)
        return _plain(start_response, "404 Not Found", "there is /healthz and /metrics")


def _plain(start_response: StartResponse, status: str, words: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{words}\n".encode()]
