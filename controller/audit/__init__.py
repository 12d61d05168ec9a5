"""Proves from chain data alone what happened to a vault. Trusts neither keeper nor node; cannot sign."""

from controller.audit.movements import Movement, movements, read_movements
from controller.audit.report import AuditReport, Finding, Level, LevelResult, Reach, Severity
from controller.audit.vault import audit_vault

__all__ = [
    "AuditReport",
    "Finding",
    "Level",
    "LevelResult",
    "Movement",
    "Reach",
    "Severity",
    "audit_vault",
    "movements",
    "read_movements",
]
