"""evenkeel audit quality"""

from __future__ import annotations

from rich.table import Table

from controller.audit.judge import judge
from controller.audit.quality import MARKS, Quality, quality
from controller.audit.read import Asked, Source, gather
from controller.cli import auditing, options
from controller.cli.auditing import desk, exit_code, progress
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.cli.verdict import DEMANDED
from controller.units import show_value


def traded(
    vault: options.Vault = None,
    trusted_block: auditing.TrustedOption = None,
    from_block: auditing.FromOption = None,
    to_block: auditing.ToOption = None,
    rpc: auditing.RpcOption = None,
    cache: auditing.CacheOption = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> int:
    """How well a vault was traded: slippage and cost of each rebalance, what its trades were worth 1, 5 and 30 minutes
    later, who traded around it in the same pools, and on how many days it was out of its band and idle.

    Audited first; exit codes as `evenkeel audit`.
    """
    session = Session.open(network, url, networks, deployments, rpc)
    with desk(session, from_block, to_block, trusted_block, cache) as at, progress("Gathering") as told:
        source = Source(at.chain, session.address("Ledger"), session.vault(vault))
        evidence = gather(source, Asked(at.first, at.last, trusted=at.trusted, quality=True), told)
    report = judge(evidence)
    found = quality(evidence)
    if as_json:
        print_json({**_document(found), "audit": report.to_json()})
    else:
        out.print(_table(found))
        out.print(
            f"Cost: {found.yearly_cost:.4%} of the value a year. Out of band and idle at the end of "
            f"{found.days_out} of {found.days} days."
        )
        out.print(report.verdict(), soft_wrap=True, markup=False)
    return exit_code([report], DEMANDED)


def _table(found: Quality) -> Table:
    table = Table(title="Rebalances", title_justify="left")
    for heading in (
        "entry",
        "block",
        "slippage bps",
        "cost",
        *(f"after {mark // 60} min" for mark in MARKS),
        "suspects",
    ):
        table.add_column(heading)
    for one in found.executions:
        marks = ["" if worth is None else show_value(worth, 2) for worth in one.marks.values()]
        slippage = ", ".join(map(str, one.slippage))
        table.add_row(str(one.seq), str(one.block), slippage, show_value(one.cost, 2), *marks, ", ".join(one.suspects))
    return table


def _document(found: Quality) -> dict[str, object]:
    return {
        "yearly_cost": found.yearly_cost,
        "days": found.days,
        "days_out_of_band": found.days_out,
        "rebalances": [
            {
                "seq": one.seq,
                "block": one.block,
                "slippage_bps": list(one.slippage),
                "cost": str(one.cost),
                "gas_wei": str(one.gas),
                "marks": {str(after): None if worth is None else str(worth) for after, worth in one.marks.items()},
                "suspects": list(one.suspects),
            }
            for one in found.executions
        ],
    }
