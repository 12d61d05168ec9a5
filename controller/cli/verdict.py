"""An audit's result as the report page and the exit code need it."""

from __future__ import annotations

from controller.audit.report import AuditReport
from controller.report.page import Finding, Verdict


def page_verdict(report: AuditReport) -> Verdict:
    """What the page shows of an audit."""
    if report.wrong:
        finding = Finding.WRONG
    else:
        finding = Finding.UNCHECKED if report.findings else Finding.OK
    return Verdict(finding, report.verdict(), tuple(str(found) for found in report.findings))
