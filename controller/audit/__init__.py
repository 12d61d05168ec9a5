"""Proves from chain data alone what happened to a vault. Trusts neither keeper nor node; cannot sign."""

from controller.audit.report import AuditReport, Finding, Level, LevelResult, Reach, Severity
from controller.audit.vault import audit_vault

__all__ = ["AuditReport", "Finding", "Level", "LevelResult", "Reach", "Severity", "audit_vault"]
