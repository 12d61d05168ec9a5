"""What a keeper says while it runs: JSON lines, or what a person reads of them; one vocabulary, no secret in it.

Every value passes the `Redactor` just before it is written. It knows the secrets of this process by their text and
looks for them in everything, however deep; it shortens every URL to scheme and host, because their paths are keys as
often as not; and it hides what stands under a name such as ``passphrase`` without looking.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import fields, is_dataclass
from enum import Enum, StrEnum
from typing import Any, Final, TextIO
from urllib.parse import quote, urlsplit

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from controller.execution.keys import Secret

HIDDEN: Final = "[hidden]"
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_BARE_KEY: Final = re.compile(r"(?<![0-9a-fx])[0-9a-f]{64}(?![0-9a-f])", re.IGNORECASE)
"""32 bytes of hex without 0x in front: private keys are written so, hashes are not."""
_SECRET_NAME: Final = re.compile(
    r"pass(phrase|word)|secret|mnemonic|private|authori[sz]ation|(^|_)(api)?key$", re.IGNORECASE
)
_EXACT: Final = 2**53


class Event(StrEnum):
    """Everything that a keeper may say."""

    STARTED = "started"
    STOPPING = "stopping"
    STOPPED = "stopped"
    TICK = "tick"
    SKIPPED = "skipped"
    HELD = "held"
    INTENT = "intent"
    OUTCOME = "outcome"
    TROUBLE = "trouble"
    ALERT = "alert"
    UNDELIVERED = "undelivered"
    LIBRARY = "library"  # a line of a library that this process uses


class Redactor:
    """Makes any value printable, without the secrets that it knows."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._needles: re.Pattern[str] | None = None
        self._texts: set[str] = set()
        self.learn(*secrets)

    def __repr__(self) -> str:
        return "Redactor(hidden)"

    def learn(self, *secrets: Secret) -> None:
        """Hide these from now on, in every form that they are likely to be written in."""
        for secret in secrets:
            self._texts.update(_forms(secret.reveal()))
        longest_first = sorted(self._texts, key=len, reverse=True)
        pattern = "|".join(re.escape(text) for text in longest_first)
        self._needles = re.compile(pattern, re.IGNORECASE) if pattern else None

    def clean(self, value: Any) -> Any:
        """`value` as JSON can hold it; what is no JSON is shown as text."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Secret):
            return HIDDEN
        if isinstance(value, Enum) and not isinstance(value, str):
            return self._text(value.name)
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, bytes | bytearray):
            return self._text("0x" + value.hex())
        if isinstance(value, Mapping):
            return {self._text(str(key)): self._named(str(key), inner) for key, inner in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            return {field.name: self._named(field.name, getattr(value, field.name)) for field in fields(value)}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean(inner) for inner in value]
        return self._text(str(value))

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """As the last processor before the rendering."""
        cleaned: Mapping[str, Any] = self.clean(event)
        return cleaned

    def _named(self, name: str, value: Any) -> Any:
        return HIDDEN if _SECRET_NAME.search(name) else self.clean(value)

    def _number(self, value: float) -> Any:
        text = str(value)
        cleaned = self._text(text)
        # integers that a double cannot hold, and what JSON has no number for, are text
        exact = (isinstance(value, float) and value - value == 0) or -_EXACT < value < _EXACT
        return value if cleaned == text and exact else cleaned

    def _text(self, text: str) -> str:
        text = _URL.sub(_shortened, self._without(text))
        text = self._without(_BARE_KEY.sub(HIDDEN, text))
        return HIDDEN if self._needles is not None and self._needles.search(text) else text

    def _without(self, text: str) -> str:
        return text if self._needles is None else self._needles.sub(HIDDEN, text)


def _forms(secret: str) -> Iterator[str]:
    text = secret.strip()
    if not text:
        return
    yield from {text, quote(text, safe=""), quote(text), repr(text)[1:-1], json.dumps(text)[1:-1], text.encode().hex()}
    digits = text.lower().removeprefix("0x")
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        yield from (digits, digits.lstrip("0") or "0", str(int(digits, 16)))
    if _URL.fullmatch(text):
        parts = urlsplit(text)
        yield from (part for part in (parts.username, parts.password, parts.path.strip("/"), parts.query) if part)


def _shortened(found: re.Match[str]) -> str:
    """Scheme, host and port of a URL."""
    try:
        parts = urlsplit(found[0])
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}"
    except ValueError:
        return HIDDEN


class Log:
    """Writes events.

    Parameters
    ----------
    redactor : learns secrets while the process runs, and is the same for whatever else this process shows.
    stream : that lines go to; None is stderr.
    render : makes a line of an event that has been cleaned; None makes JSON.
    """

    def __init__(self, redactor: Redactor, stream: TextIO | None = None, render: Processor | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._chain = _chain(redactor, render or structlog.processors.JSONRenderer(sort_keys=True))
        self._logger = structlog.wrap_logger(
            structlog.PrintLogger(self._stream), processors=self._chain, wrapper_class=structlog.BoundLogger
        )

    def info(self, event: Event, **values: Any) -> None:
        self._logger.info(event.value, **values)

    def warning(self, event: Event, **values: Any) -> None:
        self._logger.warning(event.value, **values)

    def error(self, event: Event, **values: Any) -> None:
        self._logger.error(event.value, **values)

    def library_handler(self) -> logging.Handler:
        """For the root logger: what libraries say becomes lines of the same kind, redacted as well."""
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(
            ProcessorFormatter(
                foreign_pre_chain=[_as_library],
                processors=[ProcessorFormatter.remove_processors_meta, *self._chain],
            )
        )
        return handler


def _chain(redactor: Redactor, render: Processor) -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redactor,
        render,
    ]


def _as_library(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    event.update(event=Event.LIBRARY.value, library=record.name, said=event["event"])
    return event
