"""What an operator is told, and how often: once when a condition has lasted long enough to matter, again every few
hours while it lasts, and once when it is over. Pure; `conditions` finds what holds, `notify` delivers.

Every kind has an entry in docs/RUNBOOK.md: what it means, what the keeper does by itself, what a person does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

MINUTE, HOUR = 60, 3_600
"""{s}"""


class Severity(Enum):
    """How soon a person is needed."""

    INFO = 0
    WARNING = 1  # within a day
    CRITICAL = 2  # now


class AlertKind(StrEnum):
    """What there is to be told: name, severity, and the {s} that it has to last before anybody hears of it."""

    severity: Severity
    patience: int  # {s}

    def __new__(cls, value: str, severity: Severity, patience: int) -> AlertKind:
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity, member.patience = severity, patience
        return member

    KILLED = "killed", Severity.WARNING, 0
    PAUSED = "paused", Severity.WARNING, 0
    VAULT_PAUSED = "vault_paused", Severity.INFO, 0
    FLEET_BREAKER_OPEN = "fleet_breaker_open", Severity.CRITICAL, 0
    VAULT_BREAKER_OPEN = "vault_breaker_open", Severity.CRITICAL, 0
    SEQUENCER_UNUSABLE = "sequencer_unusable", Severity.WARNING, 5 * MINUTE
    PRICE_UNUSABLE = "price_unusable", Severity.WARNING, 5 * MINUTE
    FEED_AGEING = "feed_ageing", Severity.INFO, 0
    GAS_ABOVE_CEILING = "gas_above_ceiling", Severity.WARNING, HOUR
    GAS_NOT_WORTH_IT = "gas_not_worth_it", Severity.INFO, 24 * HOUR
    COIN_PRICE_MISSING = "coin_price_missing", Severity.CRITICAL, 5 * MINUTE
    SPEND_BUDGET_USED = "spend_budget_used", Severity.WARNING, 0
    BALANCE_LOW = "balance_low", Severity.WARNING, 0
    BALANCE_EMPTY = "balance_empty", Severity.CRITICAL, 0
    PLAN_FAILED = "plan_failed", Severity.WARNING, 0
    NONCE_TAKEN = "nonce_taken", Severity.CRITICAL, 0
    VAULT_TROUBLE = "vault_trouble", Severity.CRITICAL, 2 * MINUTE
    VAULT_UNSERVED = "vault_unserved", Severity.CRITICAL, 0
    NODE_TROUBLE = "node_trouble", Severity.CRITICAL, 2 * MINUTE
    NODES_DISAGREE = "nodes_disagree", Severity.CRITICAL, 0
    ENDPOINT_UNUSABLE = "endpoint_unusable", Severity.WARNING, 10 * MINUTE
    CHAIN_SILENT = "chain_silent", Severity.CRITICAL, 0
    CLOCK_SKEWED = "clock_skewed", Severity.WARNING, 5 * MINUTE
    TICKS_SKIPPED = "ticks_skipped", Severity.WARNING, 0
    JOURNAL_UNUSABLE = "journal_unusable", Severity.CRITICAL, 0
    KEY_UNUSABLE = "key_unusable", Severity.CRITICAL, 0


PASSING: Final = frozenset({AlertKind.PLAN_FAILED, AlertKind.NONCE_TAKEN, AlertKind.TICKS_SKIPPED})
"""What has happened and does not last: nobody is told that it is over."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is so; two conditions of one kind and subject are the same one."""

    kind: AlertKind
    subject: str = ""  # vault, account or feed; empty: the keeper itself
    what: str = field(default="", compare=False)


class Phase(StrEnum):
    BEGUN = "begun"
    LASTING = "lasting"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Alert:
    """One message to an operator."""

    phase: Phase
    condition: Condition

    @property
    def title(self) -> str:
        over = " is over" if self.phase is Phase.OVER else ""
        return f"Evenkeel keeper: {self.condition.kind.value}{over}"

    @property
    def body(self) -> str:
        kind = self.condition.kind
        subject = f"{self.condition.subject}: " if self.condition.subject else ""
        return f"{subject}{self.condition.what}\nSee docs/RUNBOOK.md, {kind.value}."


@dataclass(frozen=True, slots=True)
class Told:
    """What holds, and what an operator knows of it."""

    since: Mapping[Condition, float] = field(default_factory=dict)  # {s} when each condition began
    last: Mapping[Condition, float] = field(default_factory=dict)  # {s} when it was told of last


def tell(told: Told, now: float, conditions: Iterable[Condition], repeat: float) -> tuple[Told, tuple[Alert, ...]]:
    """After a pass of the loop: what has held long enough to be told, what was told of long ago, and what is over.

    Parameters
    ----------
    now : {s} on a clock that is never set.
    conditions : all that hold now.
    repeat : {s} after which a condition that lasts is told of again.
    """
    since = {condition: told.since.get(condition, now) for condition in conditions}
    last: dict[Condition, float] = {}
    alerts: list[Alert] = []
    for condition, began in since.items():
        before = told.last.get(condition)
        if before is not None and now - before < repeat:
            last[condition] = before
        elif now - began >= condition.kind.patience:
            last[condition] = now
            alerts.append(Alert(Phase.BEGUN if before is None else Phase.LASTING, condition))
    over = [condition for condition in told.last if condition not in since and condition.kind not in PASSING]
    alerts += [Alert(Phase.OVER, condition) for condition in over]
    return Told(since, last), tuple(alerts)
