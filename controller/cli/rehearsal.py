"""The demo's one run: a node, a world, a vault, its replay and its audit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from controller.audit.report import AuditReport
from controller.audit.vault import audit_vault
from controller.chain.client import Chain
from controller.chain.nodes import Engine, start_node
from controller.config.mandate_file import Deployed, parse
from controller.config.networks import Token
from controller.deploy import venues
from controller.deploy.records import find, folder
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.model import ZERO_ADDRESS, Mandate, Roles, Sequencer, TickRecord
from controller.replay.markets import FEED_DECIMALS, Market, Series
from controller.replay.run import found_vault, quotes, replay
from controller.replay.world import World, build
from controller.report.metrics import Summary, summarise
from controller.report.wording import Words
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller
from controller.units import show_bps, show_value

POOL_DEPTH = 100_000_000
"""{USD} on each side of each pool at the start."""
DEPOSIT = 1_000_000
"""{USD} of the vault's first mint."""
KEEPER = 1
"""Index of the keeper's development account."""
BUILD_TIME = 3_600
"""{s} of chain time before the first point of history, for setting everything up."""


@dataclass(frozen=True)
class Rehearsal:
    """What a run leaves behind."""

    mandate: Mandate
    ticks: list[TickRecord]
    words: Words
    summary: Summary
    audit: AuditReport
    dollar: str  # address of the token that all pools trade against
    dollar_price: int  # D36{quote/qTok} of it at first


def rehearse(market: Market, series: Series, engine: Engine, work: Path, progress: Progress) -> Rehearsal:
    """Replays `series` on a fresh node, with the records and the journal in `work`."""
    with start_node(engine, timestamp=series.times[0] - BUILD_TIME) as node:
        chain = Chain(node.url, node.chain_id)
        directory = folder(work, node.chain_id)
        setting_up = progress.add_task("Setting up", total=5)
        world = build(
            chain,
            node.accounts,
            market,
            series.answers[0],
            directory,
            depth=POOL_DEPTH,
            progress=lambda what: progress.update(setting_up, advance=1, description=f"Set up: {what}"),
        )
        contracts, accounts = world.deploy(directory), world.accounts
        progress.update(setting_up, advance=1, description="Set up: the contracts")
        roles = Roles(accounts.owner, ZERO_ADDRESS, accounts.guardian, (accounts.keeper,))
        source = market.mandate_file()
        deployed = Deployed(contracts["ChainlinkOracle"], venues.addresses(directory), Sequencer())
        mandate = parse(source, tokens(world), deployed, roles=roles).mandate
        vault = found_vault(world, directory, contracts["VaultFactory"], mandate, roles, DEPOSIT)
        progress.update(setting_up, advance=1, description="Set up: the vault")
        words = Words(tuple(world.symbol(asset.token) for asset in mandate.assets), shift=series.shift)
        with Journal.at(work / "journal.db", durable=False) as journal:
            controller = _controller(world, directory, contracts["VaultLens"], journal)
            ticking = progress.add_task("Replaying", total=len(series.times))

            def show(record: TickRecord) -> None:
                described = f"{words.when(record.block.timestamp):%Y-%m-%d}  value {show_value(record.value, 0)}"
                drift = f"drift {show_bps(record.drift, 0):>4} bps"
                progress.update(ticking, advance=1, description=f"{described}  {drift}")

            ticks = replay(world, controller, vault, series, show)
        auditing = progress.add_task("Auditing", total=None)
        audit = audit_vault(
            chain,
            contracts["Ledger"],
            vault,
            from_block=find(directory, "Ledger").block_number,
            to_block=chain.head(),
            mandate_file=source,
            progress=lambda done, total: progress.update(auditing, completed=done, total=total),
        )
    dollar = world.listed[-1]
    return Rehearsal(
        mandate, ticks, words, summarise(ticks, mandate), audit, dollar.token, dollar.price(series.answers[0][-1])
    )


def tokens(world: World) -> dict[str, Token]:
    """The world's tokens as a mandate file names them."""
    return {
        listed.listing.symbol: Token(
            address=listed.token, decimals=listed.listing.decimals, feed=listed.feed, feed_decimals=FEED_DECIMALS
        )
        for listed in world.listed
    }


def _controller(world: World, directory: Path, lens: str, journal: Journal) -> Controller:
    return Controller(
        chain=world.chain,
        lens=lens,
        quotes=quotes(world, directory),
        strategy=FixedTargets(),
        journal=journal,
        signer=development_signer(KEEPER),
    )
