"""What `evenkeel doctor --config` looks at: all that the keeper of a file depends on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from eth_utils.address import to_checksum_address

from controller.chain import lens
from controller.chain.client import Chain
from controller.chain.endpoints import Endpoints
from controller.chain.heads import Heads
from controller.chain.health import Health, Manners
from controller.chain.transport import shown
from controller.cli.examination import Check, clock, contracts, examined
from controller.cli.keeping import coin_answer, journal_url, kept_vaults, signer_of, wrong_account, wrong_coin
from controller.cli.machine_examination import on_this_machine
from controller.cli.session import Session
from controller.config.keeper_file import KeeperFile, KeyPlace
from controller.deploy.vaults import require_clone
from controller.errors import EvenkeelError
from controller.execution import keys, send
from controller.execution.flight import Policy
from controller.keeper import conditions
from controller.keeper.accounts import Account
from controller.keeper.guards import COIN_DECIMALS
from controller.model import ZERO_ADDRESS, BlockRef, Snapshot
from controller.tick import require_registered
from controller.units import to_decimal

GAS, ASSET_GAS = 120_000, 105_000
"""{gas} of a rebalance, and of each asset with a swap of its own; more than docs/BENCHMARKS.md shows of any."""
PATIENCE: Final = 2.0
"""{s} for a websocket or a signer to answer."""
SHOWN: Final = 3
"""Vaults whose names are shown where all is well."""
SEQUENCER: Final = "Sequencer"
"""How the oracle's errors about a sequencer begin."""


@dataclass(frozen=True)
class Examined:
    """A keeper file, and the block at which everything that it names is looked at."""

    file: KeeperFile
    session: Session
    block: BlockRef

    @cached_property
    def kept(self) -> list[str]:
        return kept_vaults(self.file, self.session, self.block)

    @cached_property
    def read(self) -> dict[str, lens.Found]:
        """Every kept vault, or what makes it unreadable."""
        return lens.snapshots(self.session.chain, self.session.address("VaultLens"), self.kept, self.block)

    @property
    def snapshots(self) -> list[Snapshot]:
        return [found for found in self.read.values() if isinstance(found, Snapshot)]


def examine_keeper(file: KeeperFile, deployments: Path) -> list[Check]:
    """Every check, in the order in which trouble usually arises; without a chain those that need none."""
    endpoints = examined(("endpoints", lambda: _endpoints(file)), ("private endpoint", lambda: _private(file)))
    try:
        session = Session.of(file.network, deployments)
        at = Examined(file, session, session.chain.head())
    except EvenkeelError as error:
        if all(check.well for check in endpoints):
            endpoints.append(Check("chain", False, error.message, error.hint))
        url = None if file.journal is None else file.journal.reveal()
        return endpoints + examined(("accounts", lambda: _keys(file)), *on_this_machine(file, url))
    return endpoints + examined(
        ("clock", lambda: iter([clock(at.block, file.skew)])),
        ("websocket", lambda: _websocket(file, session)),
        ("contracts", lambda: contracts(session, at.block)),
        ("coin", lambda: _coin(at)),
        ("vaults", lambda: _vaults(at)),
        ("accounts", lambda: _accounts(at)),
        *on_this_machine(file, journal_url(file, lambda: session)),
    )


# ---- the chain


def _endpoints(file: KeeperFile) -> Iterator[Check]:
    network = file.network
    manners = Manners(max_age=network.max_age)
    seen = Endpoints(network.urls, network.chain_id, manners=manners).probe()
    well = [health.usable and health.head is not None and health.lag <= manners.max_lag for health in seen]
    for health, good in zip(seen, well, strict=True):
        remedy = "" if good else "Wait for it, or correct the urls of the network."
        yield Check(f"endpoint {health.shown}", good, _words(health, network.chain_id), remedy)
    if sum(well) < network.quorum:
        found = f"{sum(well)} usable endpoints, {network.quorum} have to agree before money moves"
        yield Check("quorum", False, found, "Add endpoints to the network.")


def _words(health: Health, chain_id: int) -> str:
    if health.head is None:
        return health.trouble
    behind = f", {health.lag} blocks behind another one" if health.lag else ""
    found = f"chain {chain_id}, block {health.head}, {health.age:.0f} s old{behind}"
    return f"{found}: {health.trouble}" if health.trouble else found


def _private(file: KeeperFile) -> Iterator[Check]:
    url = file.network.private_url
    if url is not None:
        Chain(url, file.network.chain_id)
        yield Check("private endpoint", True, f"{shown(url)}, chain {file.network.chain_id}")


def _websocket(file: KeeperFile, session: Session) -> Iterator[Check]:
    url = file.network.ws_url
    if url is None:
        yield Check("websocket", True, "none: new heads are asked for")
        return
    with closing(Heads(session.chain, url)) as heads:
        heads.next(threading.Event(), PATIENCE)
        found = f"{shown(url)} {'tells' if heads.subscribed else 'does not tell'} of new heads"
        yield Check("websocket", heads.subscribed, found, "" if heads.subscribed else "Correct the network's ws_url.")


def _coin(at: Examined) -> Iterator[Check]:
    for mistake in wrong_coin(at.file, at.session):
        yield Check("coin", False, str(mistake), "Correct the keeper file.")
    if at.file.coin_feed is not None:
        answer = coin_answer(at.session, at.file.coin_feed, at.block)
        age = at.block.timestamp - answer.updated_at
        well = answer.value > 0 and age <= answer.heartbeat
        found = f"{to_decimal(answer.value, answer.decimals):f}, {age} s old, heartbeat {answer.heartbeat} s"
        yield Check("feed of the coin", well, found, "" if well else "Wait for its next round, or name another feed.")


# ---- vaults


def _vaults(at: Examined) -> Iterator[Check]:
    well: list[str] = []
    for vault, found in at.read.items():
        bad = list(_wrong_vault(at, vault, found))
        yield from bad
        well += [found.mandate.name] if isinstance(found, Snapshot) and not bad else []
    names = ": " + ", ".join(well[:SHOWN]) + ", ..." * (len(well) > SHOWN) if well else ""
    remedy = "" if at.kept else "Create one: evenkeel vault create MANDATE.toml --broadcast."
    yield Check("vaults", bool(at.kept), f"{len(well)} of {len(at.kept)} are well{names}", remedy)
    yield from _sequencers(at)
    yield from _feeds(at)


def _wrong_vault(at: Examined, vault: str, found: lens.Found) -> Iterator[Check]:
    what = f"vault {vault}"
    try:
        if isinstance(found, EvenkeelError):
            raise found
        require_registered(found)
        require_clone(at.session.chain, vault, at.session.address("Vault"), at.block)
    except EvenkeelError as error:
        yield Check(what, False, error.message, error.hint)
    if isinstance(found, Snapshot) and found.status.paused:
        yield Check(what, False, f"{found.mandate.name} is paused", "The owner can unpause it.")


def _sequencers(at: Examined) -> Iterator[Check]:
    """Each sequencer once."""
    stopped: dict[str, str] = {}
    for snapshot in at.snapshots:
        if snapshot.mandate.sequencer.feed != ZERO_ADDRESS:
            failures = (price.failure for price in snapshot.prices if price.failure.startswith(SEQUENCER))
            stopped.setdefault(f"sequencer {snapshot.mandate.sequencer.feed}", next(failures, ""))
    for what, failure in stopped.items():
        remedy = "Wait until it runs and the grace after that is over." if failure else ""
        yield Check(what, not failure, failure or "runs", remedy)


def _feeds(at: Examined) -> Iterator[Check]:
    """Each feed once, however many vaults read it; a sequencer's trouble is not the feeds'."""
    checks: dict[tuple[str, int], Check] = {}
    for snapshot in at.snapshots:
        for asset, price in zip(snapshot.mandate.assets, snapshot.prices, strict=True):
            key = asset.feed.source, asset.feed.heartbeat
            if price.failure.startswith(SEQUENCER) or (key in checks and not checks[key].well):
                continue
            age = f"{at.block.timestamp - price.updated_at} s old, heartbeat {asset.feed.heartbeat} s"
            remedy = "Wait for its next round." if price.failure else ""
            what = f"feed {at.session.symbol(asset.token)}"
            checks[key] = Check(what, not price.failure, price.failure or age, remedy)
    yield from checks.values()


# ---- accounts


def _keys(file: KeeperFile) -> Iterator[Check]:
    """As much as can be said of the accounts without a chain."""
    for place in file.accounts:
        yield from examined((f"account {place.name}", partial(_key, place, file.network.chain_id)))


def _key(place: KeyPlace, chain_id: int) -> Iterator[Check]:
    address = signer_of(place, chain_id).address
    well = place.address in (None, address)
    found = f"its key has {address}" + ("" if well else f", the file says {place.address}")
    yield Check(f"account {place.name}", well, found, "" if well else "Correct the address, or the key.")
    yield from _remote(place)


def _remote(place: KeyPlace) -> Iterator[Check]:
    """Whether anybody listens where an external signer should; a person may have to approve whatever it is asked."""
    if place.signer_url is None:
        return
    url = place.signer_url.reveal()
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), PATIENCE).close()
    except OSError:
        yield Check(f"account {place.name}", False, f"nobody listens at the signer's {shown(url)}", "Start the signer.")


def _accounts(at: Examined) -> Iterator[Check]:
    if not at.file.accounts:
        yield Check("accounts", True, "none: nothing can be sent")
        return
    found: dict[Account, keys.Signer] = {}
    for place in at.file.accounts:
        yield from examined((f"account {place.name}", partial(_account, at, place, found)))
    for vault in at.kept:
        if not any(place.vaults is None or vault in place.vaults for place in at.file.accounts):
            yield Check("accounts", False, f"none sends for {vault}", "Add it to the vaults of an account.")


def _account(at: Examined, place: KeyPlace, others: dict[Account, keys.Signer]) -> Iterator[Check]:
    """A key, its role in each vault that it sends for, and what it can pay for; joins the `others`."""
    signer = signer_of(place, at.session.chain.chain_id)
    account = Account(str(to_checksum_address(signer.address)), place.vaults)
    what = f"account {place.name}"
    yield from _remote(place)
    readable = [snapshot.vault for snapshot in at.snapshots]
    wrong = list(wrong_account(what, place, account, others, readable, at.session, at.block))
    yield from (Check(mistake.where, False, mistake.what, "Correct what is named.") for mistake in wrong)
    others[account] = signer
    balance = at.session.chain.balance(account.address, at.block)
    low = conditions.of_balance(account.address, balance, _worst(at, account), at.file.costs)
    held = f"{account.address}, {to_decimal(balance, COIN_DECIMALS):f} of the coin"
    yield Check(what, low is None, low.what if low else held, "Send it some of the coin." if low else "")


def _worst(at: Examined, account: Account) -> int:
    """{wei} that the account's next rebalance may cost, whichever vault it is of."""
    served = [len(each.mandate.assets) for each in at.snapshots if account.serves(each.vault)]
    gas = GAS + ASSET_GAS * max(served, default=0)
    policy = Policy(at.session.confirmations, max_fee=at.file.costs.gas_ceiling)
    return send.worst_case(gas, at.session.chain.fees(at.block), policy)
