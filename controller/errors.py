"""The one exception tree. Every error says what to do next and carries its exit code.

::

    EvenkeelError
    ├── UsageError            64  the command line cannot be what was meant
    ├── InputError            65  a file or value is wrong; all its mistakes at once
    │   └── ConfigurationError 78  the keeper's configuration is wrong: it does not start
    ├── NotFoundError         66  a vault, deployment or file does not exist
    ├── MissingExtraError     69  an optional package is not installed
    ├── NodeError             69  no answer, or no usable answer, from the node
    │   ├── WrongChainError   78  the node serves another chain than configured
    │   ├── StaleHeadError        its newest block is old, or far behind another endpoint's
    │   ├── DisagreeingNodesError two endpoints answer the same question differently
    │   ├── IncompleteLogsError   it left out logs that the state shows there must be
    │   └── RequestBudgetError    a tick has asked as often as it may
    ├── CodeMismatchError     78  contract code is missing or not what was deployed
    ├── DisagreementError     70  vault and controller judge the same state differently
    ├── PriceError            75  a price is stale, out of bounds or missing
    ├── RevertError           76  the chain refused; carries the decoded custom error
    ├── SendError             75  a transaction is not confirmed yet, or never will be
    ├── StorageError          74  disk full, database locked or away, directory not writable
    ├── LeaseLostError        75  another keeper leads, so this one writes and signs nothing
    ├── SigningKeyError      77  no key, or a key that cannot be opened
    ├── FindingError           3  the audit found something wrong
    └── UncheckedError         4  the audit could not check something

Exit codes follow ``sysexits.h``; 0 is success, 2 is "a rebalance is due", 3 and 4 belong to the audit, 130 is Ctrl-C.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class Retry(Enum):
    """What a caller may do after an error."""

    NEVER = "never"
    NOW = "now"
    NEXT_BLOCK = "next block"


class EvenkeelError(Exception):
    """Base of every error of this package.

    Parameters
    ----------
    message : what is wrong, one sentence.
    hint : what to do about it, one sentence; empty only where `message` says it.
    """

    exit_code: ClassVar[int] = 70
    retry: Retry = Retry.NEVER

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(EvenkeelError):
    exit_code = 64


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong with an input, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class InputError(EvenkeelError):
    """A file or value is wrong. `mistakes` lists every one of them, not the first."""

    exit_code = 65

    def __init__(self, message: str, hint: str = "", mistakes: tuple[Mistake, ...] = ()) -> None:
        super().__init__(message, hint)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {mistake}" for mistake in self.mistakes)])


class ConfigurationError(InputError):
    """systemd does not start the keeper again after this code: the same file has the same mistakes."""

    exit_code = 78


class NotFoundError(EvenkeelError):
    exit_code = 66


class MissingExtraError(EvenkeelError):
    exit_code = 69

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(f"This needs the package {package}.", f"Install it: pip install 'evenkeel[{extra}]'")


class NodeError(EvenkeelError):
    exit_code = 69
    retry = Retry.NOW


class WrongChainError(NodeError):
    exit_code = 78
    retry = Retry.NEVER


class StaleHeadError(NodeError):
    retry = Retry.NEXT_BLOCK


class DisagreeingNodesError(NodeError):
    retry = Retry.NEXT_BLOCK


class IncompleteLogsError(NodeError):
    retry = Retry.NEXT_BLOCK


class RequestBudgetError(NodeError):
    retry = Retry.NEXT_BLOCK


class CodeMismatchError(EvenkeelError):
    exit_code = 78


class DisagreementError(EvenkeelError):
    exit_code = 70


class PriceError(EvenkeelError):
    exit_code = 75
    retry = Retry.NEXT_BLOCK


class RevertError(EvenkeelError):
    """The chain refused a call.

    Parameters
    ----------
    name : the custom error's name, e.g. ``NotDue``; ``Panic``, ``Error`` or ``Unknown`` otherwise.
    arguments : its arguments by name, integers as `int`.
    data : the raw revert data.
    """

    exit_code = 76
    retry = Retry.NEXT_BLOCK

    def __init__(self, name: str, arguments: dict[str, object], data: bytes = b"", hint: str = "") -> None:
        inside = ", ".join(f"{key}={value}" for key, value in arguments.items())
        super().__init__(f"The chain refused: {name}({inside}).", hint)
        self.name = name
        self.arguments = arguments
        self.data = data


class SendError(EvenkeelError):
    exit_code = 75
    retry = Retry.NEXT_BLOCK


class StorageError(EvenkeelError):
    exit_code = 74


class LeaseLostError(EvenkeelError):
    exit_code = 75


class SigningKeyError(EvenkeelError):
    exit_code = 77


class FindingError(EvenkeelError):
    exit_code = 3


class UncheckedError(EvenkeelError):
    exit_code = 4
    retry = Retry.NOW
