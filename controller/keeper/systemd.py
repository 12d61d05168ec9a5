"""Telling systemd how the keeper is: the protocol of sd_notify(3), a datagram to the socket that it names."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


def notifier(environment: Mapping[str, str]) -> Callable[[str], None]:
    """What tells systemd a state; does nothing where systemd has not started this process."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return lambda _state: None

    def notify(state: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
            try:
                to.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
            except OSError:
                return  # systemd is being restarted: its watchdog is told again at the next beat

    return notify
