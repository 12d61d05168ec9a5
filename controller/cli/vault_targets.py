"""evenkeel vault targets"""

from __future__ import annotations

from typing import Annotated

import typer

from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.changes import moment
from controller.cli.output import out, print_json
from controller.cli.owning import carry_out, show
from controller.cli.session import Session, required, signer
from controller.cli.strategies import Decided, show_move
from controller.cli.weights import read_glide, read_weights
from controller.errors import UsageError
from controller.model import Snapshot
from controller.report.wording import duration, points


def targets(
    weights: Annotated[
        list[str] | None, typer.Argument(help="New targets of all assets, e.g. EQUITY=55% BOND=35% GOLD=10%.")
    ] = None,
    strategy: options.StrategyFile = None,
    history: options.History = None,
    vault: Annotated[str | None, typer.Option(help="Address of the vault, where there are several.")] = None,
    over: Annotated[str, typer.Option(help="How long they glide there.")] = "0 days",
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    keystore: options.Keystore = None,
    passphrase_file: options.PassphraseFile = None,
    dev_account: options.DevAccount = None,
    broadcast: options.Broadcast = False,
    as_json: options.AsJson = False,
) -> None:
    """Show a vault's targets and their path; with new ones, move them as its strategist. Dry without --broadcast.

    With --strategy its weights are the new targets, or as near to them as one step of the mandate goes; without a key
    they are only shown.
    """
    session = Session.open(network, url, networks, deployments)
    snapshot = session.snapshot(vault)
    symbols = [session.symbol(asset.token) for asset in snapshot.mandate.assets]
    if weights and strategy is not None:
        raise UsageError("Targets come from the command line or from a strategy, not from both.", "Leave one out.")
    if not weights and strategy is None:
        _show(snapshot, symbols, as_json=as_json)
        return
    if strategy is None:
        wanted, glide = read_weights(weights or (), symbols, over)
    else:
        move = Decided.by(session, strategy, history).move(snapshot)
        if move is None or not (broadcast or keystore or dev_account is not None):
            show_move(snapshot, symbols, move, as_json=as_json)
            return
        wanted, glide = list(move.targets), read_glide(over)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    call = Contract(session.chain, snapshot.vault, "IVault").encode("setTargets", wanted, glide)
    done = carry_out(session, key, snapshot.vault, call, broadcast=broadcast)
    changes = tuple(
        f"{symbol}: {points(old)}, then {points(new)}{f' in {duration(glide)}' if glide else ''}"
        for symbol, old, new in zip(symbols, snapshot.targets, wanted, strict=True)
        if old != new
    )
    show("Targets", changes, done, as_json=as_json)


def _show(snapshot: Snapshot, symbols: list[str], *, as_json: bool) -> None:
    path = [(knot.time, dict(zip(symbols, knot.weights, strict=True))) for knot in snapshot.mandate.path]
    now = dict(zip(symbols, snapshot.targets, strict=True))
    if as_json:
        print_json({"targets": now, "path": [{"time": time, "weights": weights} for time, weights in path]})
        return
    out.print(f"Targets now: {_words(now)}.", soft_wrap=True)
    for time, weights in path if len(path) > 1 else ():
        out.print(f"  {moment(time)}: {_words(weights)}", soft_wrap=True)


def _words(weights: dict[str, int]) -> str:
    return ", ".join(f"{symbol} {points(weight)}" for symbol, weight in weights.items())
