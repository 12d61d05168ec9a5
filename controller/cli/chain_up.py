"""evenkeel chain up"""

from __future__ import annotations

import shutil
import time
from typing import Annotated

import typer

from controller.chain.client import Chain
from controller.chain.nodes import CHAIN_IDS, Engine, start_node
from controller.cli import options
from controller.cli.output import out, print_json, print_pairs
from controller.deploy.records import folder
from controller.errors import UsageError
from controller.replay import saved
from controller.replay.markets import FEED_DECIMALS, MARKETS, latest
from controller.replay.world import World, build

POOL_DEPTH = 100_000_000
"""{USD} on each side of each pool."""
PURSE = 10_000_000
"""{USD} of each token that the first account gets."""
POLL = 1.0
"""{s} between two looks at the node."""


def up(
    engine: Annotated[str, typer.Option(help="anvil or ganache.")] = "anvil",
    market: Annotated[str, typer.Option(help="Which tokens: macro or crypto.")] = "macro",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Loopback port.")] = 8545,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Run a local chain with real Uniswap V3, tokens, feeds and pools, until Ctrl-C."""
    engines: dict[str, Engine] = {"anvil": "anvil", "ganache": "ganache"}
    if engine not in engines or market not in MARKETS:
        raise UsageError(
            f"There is no market {market!r} on engine {engine!r}.",
            f"Engines: {', '.join(engines)}. Markets: {', '.join(MARKETS)}.",
        )
    directory = folder(deployments, CHAIN_IDS[engines[engine]])
    with start_node(engines[engine], port=port) as node:
        # What an earlier chain of this number left behind says nothing about this one.
        shutil.rmtree(directory, ignore_errors=True)
        try:
            chain = Chain(node.url, node.chain_id)
            world = build(
                chain,
                node.accounts,
                MARKETS[market],
                latest(MARKETS[market]),
                directory,
                depth=POOL_DEPTH,
                progress=lambda what: None if as_json else out.print(f"[dim]Set up: {what}[/dim]"),
            )
            for listed, answer in zip(world.listed, world.first, strict=True):
                purse = PURSE * 10 ** (FEED_DECIMALS + listed.listing.decimals) // answer
                world.fund(world.accounts.owner, listed.listing.symbol, purse)
            saved.save(world, directory)
            _show(world, node.url, engine, as_json=as_json)
            while True:
                time.sleep(POLL)
                chain.request("eth_chainId")  # a node that is gone is said, not waited for
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _show(world: World, url: str, engine: str, *, as_json: bool) -> None:
    accounts = {"owner": world.accounts.owner, "keeper": world.accounts.keeper, "guardian": world.accounts.guardian}
    tokens = {listed.listing.symbol: listed.token for listed in world.listed}
    if as_json:
        print_json({"url": url, "engine": engine, "accounts": accounts, "tokens": tokens})
        return
    print_pairs(f"{engine} at {url}", accounts)
    print_pairs("Tokens", tokens)
    out.print(
        f"Next, in another terminal: evenkeel deploy --network {engine} --dev-account 0 --broadcast", soft_wrap=True
    )
    out.print("Ctrl-C stops the chain and forgets it.")
