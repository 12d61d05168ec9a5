"""An audit's result as the report page and the exit code need it."""

from __future__ import annotations

from controller.audit.report import AuditReport, Level
from controller.report.page import Finding, Verdict

DEMANDED = tuple(Level)[:5]
"""What an audit must reach to be called one."""


def page_verdict(report: AuditReport) -> Verdict:
    """What the page shows of an audit."""
    finding = Finding.WRONG if report.wrong else Finding.UNCHECKED if report.findings else Finding.OK
    return Verdict(finding, report.verdict(), tuple(str(found) for found in report.findings))
