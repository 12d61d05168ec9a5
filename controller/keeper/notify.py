"""Delivering alerts, by apprise, on a thread of its own: a notifier that is slow or down never delays a tick."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from controller.errors import InputError, MissingExtraError, Mistake
from controller.execution.keys import Secret
from controller.keeper.alerts import Alert, Phase, Severity

WAITING: Final = 1_000
"""Alerts that may wait for delivery; more than that are dropped, and said to be."""
PAUSES: Final = (0.0, 5.0, 60.0)
"""{s} before each attempt to deliver one alert."""


class Notifier(Protocol):
    """Whatever takes a message to a person."""

    def deliver(self, alert: Alert) -> bool:
        """Whether everybody got it; failing is no exception."""
        ...


class AppriseNotifier:
    """Every service that apprise knows: mail, chat, pagers, plain JSON.

    Raises
    ------
    MissingExtraError
        When apprise is not installed.
    InputError
        When an address is none that it knows; the message repeats nothing of it.
    """

    def __init__(self, urls: Sequence[Secret]) -> None:
        try:
            import apprise
        except ImportError:
            raise MissingExtraError("alerts", "apprise") from None
        self._services = apprise.Apprise()
        unknown = [index for index, url in enumerate(urls) if not self._services.add(url.reveal())]
        if unknown:
            mistakes = tuple(
                Mistake(f"alerts, address {index + 1}", "is no address that apprise knows") for index in unknown
            )
            raise InputError("Alerts cannot be sent.", "See https://github.com/caronc/apprise/wiki", mistakes)
        self._types = {
            Severity.INFO: apprise.NotifyType.INFO,
            Severity.WARNING: apprise.NotifyType.WARNING,
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
        }
        self._over = apprise.NotifyType.SUCCESS

    def __repr__(self) -> str:
        return f"AppriseNotifier({len(self._services)} addresses)"

    def deliver(self, alert: Alert) -> bool:
        kind = self._over if alert.phase is Phase.OVER else self._types[alert.condition.kind.severity]
        return bool(self._services.notify(body=alert.body, title=alert.title, notify_type=kind))


class Dispatcher:
    """Hands alerts to a notifier in their order, and tries again where it fails.

    Parameters
    ----------
    failed : told of every alert that could not be delivered.
    least : severity below which nothing is sent.
    pauses : {s} before each attempt.
    """

    def __init__(
        self,
        notifier: Notifier,
        failed: Callable[[Alert], None],
        *,
        least: Severity = Severity.INFO,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._notifier, self._failed, self._least, self._pauses = notifier, failed, least, pauses
        self._alerts: queue.Queue[Alert | None] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def send(self, alert: Alert) -> None:
        """Returns at once, whatever becomes of it."""
        if alert.condition.kind.severity.value < self._least.value:
            return
        try:
            self._alerts.put_nowait(alert)
        except queue.Full:
            self._failed(alert)

    def close(self, timeout: float) -> None:
        """Delivers what waits, each with one attempt more at most, for up to `timeout` {s}."""
        self._stopping.set()
        try:
            self._alerts.put_nowait(None)
        except queue.Full:
            return  # the thread is a daemon and ends with the process
        self._thread.join(timeout)

    def _run(self) -> None:
        while (alert := self._alerts.get()) is not None:
            if not self._delivered(alert):
                self._failed(alert)

    def _delivered(self, alert: Alert) -> bool:
        for pause in self._pauses:
            stopping = self._stopping.wait(pause)
            if self._try(alert):
                return True
            if stopping:
                break
        return False

    def _try(self, alert: Alert) -> bool:
        try:
            return self._notifier.deliver(alert)
        except Exception:  # noqa: BLE001 - a plugin may raise anything, and the keeper goes on all the same
            return False
