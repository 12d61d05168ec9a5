"""What a check yields: the judge adds the level and the place."""

from __future__ import annotations

from dataclasses import dataclass

from controller.audit.report import Severity

ASK_ANOTHER_NODE = "Audit again through another node; if it says the same, the record is false."
RECORD_IS_FALSE = "Pause the vault, then find out which contract wrote this entry."
START_EARLIER = "Audit from the block in which the vault was created; if it was, through another node."
READ_THE_TRACE = "Read the trace of the transaction."
NEEDS_ARCHIVE = "Audit again through an archive node."


@dataclass(frozen=True, slots=True)
class Issue:
    what: str
    hint: str = ASK_ANOTHER_NODE
    severity: Severity = Severity.WRONG


def unchecked(what: str, hint: str = NEEDS_ARCHIVE) -> Issue:
    return Issue(what, hint, Severity.UNCHECKED)


def differs(name: str, recorded: object, chain: object) -> Issue:
    """The entry says one thing, chain data another."""
    return Issue(f"{name} is recorded as {show(recorded)}, chain data give {show(chain)}")


def show(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
