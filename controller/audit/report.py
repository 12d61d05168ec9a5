"""What an audit says: findings, the levels it reached, and one verdict."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from enum import Enum

from controller.errors import EvenkeelError, FindingError, UncheckedError
from controller.model import BlockRef


class Level(Enum):
    """How deep an audit can go; each level rests on less of the node's word than the one before."""

    L0 = "entries parsed and hash-linked"
    L1 = "headers linked to a trusted block"
    L2 = "receipts roots recomputed"
    L3 = "ledger head proven by storage proof"
    L4 = "flows and rebalances replayed"
    L5 = "keeper journal matched"

    def includes(self, other: Level) -> bool:
        """Whether an audit as deep as this one goes as deep as `other`."""
        return self.name >= other.name


class Reach(Enum):
    REACHED = "reached"
    FAILED = "failed"
    UNCHECKED = "unchecked"
    NOT_ATTEMPTED = "not attempted"


class Severity(Enum):
    WRONG = "wrong"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or could not be checked, and where."""

    severity: Severity
    level: Level
    what: str
    hint: str
    block: int
    seq: int | None = None  # the entry concerned, None when it is the vault as a whole
    transaction: bytes | None = None

    def __str__(self) -> str:
        entry = "" if self.seq is None else f", entry {self.seq}"
        transaction = "" if self.transaction is None else f", transaction 0x{self.transaction.hex()}"
        return f"Block {self.block}{entry}{transaction}: {self.what}."


@dataclass(frozen=True, slots=True)
class LevelResult:
    level: Level
    reach: Reach
    detail: str


@dataclass(frozen=True)
class AuditReport:
    """The result of one audit. `findings` has the first wrong thing first, what is unchecked behind it."""

    chain_id: int
    vault: str
    ledger: str
    block: BlockRef
    head: bytes  # 27 bytes, recomputed from the entries
    entries: int
    flows: int
    rebalances: int
    blocks: int  # that hold an entry
    levels: tuple[LevelResult, ...]
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.WRONG)

    @property
    def unchecked(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.UNCHECKED)

    @property
    def ok(self) -> bool:
        """Nothing wrong was found; `levels` says how much that means."""
        return not self.wrong

    def reached(self, level: Level) -> bool:
        return any(result.level is level and result.reach is Reach.REACHED for result in self.levels)

    def verdict(self) -> str:
        """One sentence."""
        if self.wrong:
            return f"WRONG: {self.wrong[0]}"
        reached = ", ".join(result.level.name for result in self.levels if result.reach is Reach.REACHED)
        left = f"; {len(self.unchecked)} unchecked, first: {self.unchecked[0]}" if self.unchecked else ""
        return (
            f"OK: {_count(self.entries, 'entry', 'entries')} in {_count(self.blocks, 'block')}, "
            f"{_count(self.rebalances, 'rebalance')}, {_count(self.flows, 'flow')}, "
            f"up to block {self.block.number}; reached {reached or 'no level'}{left}"
        )

    def error(self, demanded: Collection[Level] = ()) -> EvenkeelError | None:
        """What to raise or exit with: a finding first, then a demanded level that was not reached."""
        if self.wrong:
            return FindingError(str(self.wrong[0]), self.wrong[0].hint)
        for result in self.levels:
            if result.level in demanded and result.reach is not Reach.REACHED:
                return UncheckedError(f"{result.level.name} ({result.level.value}) was not reached: {result.detail}.")
        return None

    def to_json(self) -> dict[str, object]:
        """Plain values for ``--json``; bytes as 0x hex."""
        plain: dict[str, object] = _plain(asdict(self))  # type: ignore[assignment] # a dictionary stays one
        return {"ok": self.ok, "verdict": self.verdict(), **plain}


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
