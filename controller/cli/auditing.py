"""What the audit's commands have in common: where evidence comes from, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from eth_utils.conversions import to_bytes
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from controller.audit.cache import Remembering
from controller.audit.read import Progress as Told
from controller.audit.read_chain import trusted_block
from controller.audit.report import AuditReport, Level, Reach
from controller.chain.client import Chain
from controller.cli.output import err, out
from controller.cli.session import JOURNALS, Session
from controller.errors import UsageError
from controller.model import BlockRef

COLOURS = {Reach.REACHED: "green", Reach.FAILED: "red", Reach.UNCHECKED: "yellow", Reach.NOT_ATTEMPTED: "dim"}
HASH_DIGITS = 64

DepthOption = Annotated[
    str, typer.Option("--level", help="The deepest level to attempt, L0 to L5; each includes those before it.")
]
TrustedOption = Annotated[
    str | None,
    typer.Option(
        "--trusted-block",
        help="Hash of a block that you know to be the chain's. Default: the node's word for the newest is taken.",
        show_default=False,
    ),
]
RpcOption = Annotated[
    list[str] | None,
    typer.Option("--rpc", help="Address of a node; several have to agree on what they say.", show_default=False),
]
FromOption = Annotated[
    int | None,
    typer.Option("--from", "--from-block", min=0, help="First block to look at. Default: the ledger's deployment."),
]
ToOption = Annotated[
    int | None, typer.Option("--to", "--to-block", min=0, help="Last block to audit. Default: the newest.")
]
MandateOption = Annotated[Path | None, typer.Option("--mandate", help="The file that the owner signed off.")]
JournalOption = Annotated[
    str | None,
    typer.Option("--journal", help="The keeper's journal for L5: a file, or postgresql://...", show_default=False),
]
CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", help="File with what the node has answered. Default: .evenkeel/CHAIN-audit.db"),
]


def level_of(name: str) -> Level:
    """The level of that name."""
    if name not in Level.__members__:
        raise UsageError(f"Unknown level: {name}.", f"Levels: {', '.join(Level.__members__)}.")
    return Level[name]


def hash_of(text: str | None) -> bytes:
    """A block's hash; empty where none was given."""
    digits = (text or "").removeprefix("0x")
    if text is None:
        return b""
    try:
        found = to_bytes(hexstr=digits)
    except ValueError:
        found = b""
    if len(digits) != HASH_DIGITS or not found:
        raise UsageError(f"{text!r} is no hash of a block.", "A hash is 0x and 64 hex digits.")
    return found


@dataclass(frozen=True)
class Desk:
    """Where evidence comes from."""

    session: Session
    chain: Chain
    first: int
    last: BlockRef
    trusted: bytes


@contextmanager
def desk(
    session: Session, first: int | None, last: int | None, trusted: str | None, cache: Path | None
) -> Iterator[Desk]:
    """The range that is audited, read through a cache. All endpoints have to agree where several were named."""
    hash_ = hash_of(trusted)
    block = _last_block(session, last, hash_)
    path = cache or JOURNALS / f"{session.chain.chain_id}-audit.db"
    source = Remembering(session.endpoints, path, block)
    try:
        with session.endpoints.agreeing(block):
            begun = session.ledger_start if first is None else first
            yield Desk(session, Chain(source, session.chain.chain_id), begun, block, hash_)
    finally:
        source.close()


def _last_block(session: Session, wanted: int | None, trusted: bytes) -> BlockRef:
    head = trusted_block(session.chain, trusted).block if trusted else session.chain.head()
    if wanted is None:
        return head
    if not session.ledger_start <= wanted <= head.number:
        raise UsageError(
            f"There is nothing to audit up to block {wanted}.",
            f"The ledger was deployed in block {session.ledger_start}, "
            f"the {'trusted' if trusted else 'newest'} block is {head.number}.",
        )
    return session.chain.block(wanted)


@contextmanager
def progress(what: str) -> Iterator[Told]:
    """A bar on stderr, of blocks."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("blocks")
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def show(report: AuditReport) -> None:
    """An audit for people: the levels, the findings, the verdict."""
    table = Table(title=f"Audit of {report.vault}", title_justify="left")
    for heading in ("level", "what", "reached", "detail"):
        table.add_column(heading)
    for result in report.levels:
        reached = f"[{COLOURS[result.reach]}]{result.reach.value}[/]"
        table.add_row(result.level.name, result.level.value, reached, escape(result.detail))
    out.print(table)
    for finding in report.findings:
        out.print(f"[red]{finding.severity.value}[/red] {escape(str(finding))}", soft_wrap=True)
        out.print(f"  [dim]{escape(finding.hint)}[/dim]", soft_wrap=True)
    out.print(report.verdict(), soft_wrap=True, markup=False)


def exit_code(reports: Sequence[AuditReport], demanded: Sequence[Level]) -> int:
    """Of several audits the worst: a finding before what could not be checked."""
    codes = {error.exit_code for report in reports if (error := report.error(demanded)) is not None}
    return min(codes, default=0)
