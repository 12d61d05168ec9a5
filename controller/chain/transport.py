"""JSON-RPC over one kept-alive HTTP connection, on web3's provider; every failure becomes one of our errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn, Protocol, cast
from urllib.parse import urlsplit

import requests
from web3.exceptions import Web3Exception
from web3.providers import HTTPProvider
from web3.types import RPCEndpoint

from controller.chain.errors import revert_of
from controller.chain.wire import Json
from controller.errors import NodeError, UsageError

Call = tuple[str, Sequence[Any]]
"""A method and its parameters."""

_THROTTLED: Final = re.compile(r"rate.?limit|too many requests|request limit|compute units|throttl", re.IGNORECASE)
_THROTTLED_CODE: Final = 429
_LACKING: Final = re.compile(
    r"header not found|unknown block|block.{0,40}not (found|available)|header for hash not found|resource not found"
    r"|BlockOutOfRange|missing trie node|state.{0,20}not available|method.{0,40}not (found|supported|available)",
    re.IGNORECASE,
)


class NoAnswerError(NodeError):
    """No usable answer: the endpoint's own fault, so that another one may do better.

    Parameters
    ----------
    status : of HTTP, where there was one.
    retry_after : {s} that the endpoint asks to be left alone.
    """

    def __init__(self, message: str, hint: str, status: int | None = None, retry_after: float = 0.0) -> None:
        super().__init__(message, hint)
        self.status = status
        self.retry_after = retry_after


class RpcError(NodeError):
    """The node answered with an error that is no revert."""

    def __init__(self, method: str, code: int, text: str) -> None:
        super().__init__(f"The node refused {method}: {text}", "Check that the endpoint serves this method and range.")
        self.code = code
        self.text = text

    @property
    def throttled(self) -> bool:
        """Whether it asks for fewer requests."""
        return self.code == _THROTTLED_CODE or bool(_THROTTLED.search(self.text))

    @property
    def lacking(self) -> bool:
        """Whether it lacks a block, its state or a method, which another node may have."""
        return bool(_LACKING.search(self.text))


def shown(url: str) -> str:
    """A URL without what may be a key: user, path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def retry_after(text: str | None, now: datetime) -> float:
    """{s} from `now` that a Retry-After header names, as a number or as a date; 0 when it says nothing readable."""
    if text is None:
        return 0.0
    if text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max((until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds(), 0.0)


class Source(Protocol):
    """What answers a `Chain`: one `Transport`, or several behind `Endpoints`."""

    @property
    def shown(self) -> str:
        """Where it asks, without what may be a key."""

    @property
    def serving(self) -> str:
        """The one address that answered last."""

    def request(self, method: str, parameters: Sequence[Any]) -> Json: ...

    def batch(self, calls: Sequence[Call]) -> list[Json]: ...

    def distrust(self) -> bool:
        """Passes over what answered last; False when there is nobody else to ask."""


class Transport:
    """Sends requests. Its representation and its errors never carry the whole URL, which may hold a key."""

    def __init__(self, url: str, timeout: float) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise UsageError("The node's address must start with http:// or https://.")
        self.shown = shown(url)
        self._provider = HTTPProvider(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)

    def __repr__(self) -> str:
        return f"Transport({self.shown})"

    @property
    def serving(self) -> str:
        return self.shown

    def distrust(self) -> bool:
        """There is only this one."""
        return False

    def request(self, method: str, parameters: Sequence[Any]) -> Json:
        """One call.

        Raises
        ------
        RevertError
            When the EVM reverted.
        RpcError
            When the node refused for another reason.
        NoAnswerError
            When there is no usable answer.
        """
        try:
            answer = self._provider.make_request(cast(RPCEndpoint, method), list(parameters))
        except (requests.RequestException, Web3Exception, ValueError, OSError) as error:
            self._unreachable(error)
        return self._result(method, answer)

    def batch(self, calls: Sequence[Call]) -> list[Json]:
        """Several calls in one round trip; the first error is raised."""
        requests_ = [(cast(RPCEndpoint, method), list(parameters)) for method, parameters in calls]
        try:
            answers = self._provider.make_batch_request(requests_)
        except (requests.RequestException, Web3Exception, ValueError, OSError) as error:
            self._unreachable(error)
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise NoAnswerError(f"The node at {self.shown} does not answer batches.", "Use another endpoint.")
        # web3 has put the answers back into the order of the calls
        return [self._result(method, answer) for (method, _), answer in zip(calls, answers, strict=True)]

    def _result(self, method: str, answer: Json) -> Json:
        if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
            raise NoAnswerError(f"The node at {self.shown} sent no JSON-RPC answer to {method}.", "Check the address.")
        error = answer.get("error")
        if error is None:
            return answer.get("result")
        if not isinstance(error, dict):
            raise RpcError(method, 0, str(error)[:200])
        reverted = revert_of(error)
        if reverted is not None:
            raise reverted
        code = error.get("code")
        raise RpcError(method, code if isinstance(code, int) else 0, str(error.get("message", ""))[:200])

    def _unreachable(self, error: Exception) -> NoReturn:
        # the library's own text repeats the URL, so only the kind of the failure is passed on
        status, pause = None, 0.0
        if isinstance(error, requests.Timeout):
            what, hint = "did not answer in time", "Try again, or raise the timeout."
        elif isinstance(error, requests.HTTPError) and error.response is not None:
            status = error.response.status_code
            pause = retry_after(error.response.headers.get("Retry-After"), datetime.now(UTC))
            what, hint = f"answered HTTP {status}", "Check address and credentials; wait if it is 429."
        elif isinstance(error, requests.ConnectionError):
            what, hint = "cannot be reached", "Start it (evenkeel chain up), or check the address."
        else:
            what, hint = (
                f"sent no usable answer ({type(error).__name__})",
                "Check that this is an Ethereum JSON-RPC URL.",
            )
        raise NoAnswerError(f"The node at {self.shown} {what}.", hint, status, pause) from None
