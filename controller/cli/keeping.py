"""A keeper made from its file: the network, the journal, the accounts, and whoever watches."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from eth_utils.address import to_checksum_address
from structlog.typing import Processor

from controller.chain import lens
from controller.chain.contract import Contract
from controller.chain.heads import Heads
from controller.chain.nodes import CHAIN_IDS
from controller.cli.session import Session
from controller.config import keeper_file
from controller.config.keeper_file import CoinFeed, KeeperFile, KeyPlace
from controller.deploy import drift
from controller.errors import ConfigurationError, EvenkeelError, Mistake, NodeError, SigningKeyError
from controller.execution import keys
from controller.execution.flight import Policy
from controller.execution.journal import Journal
from controller.execution.lease import Lease
from controller.keeper import systemd
from controller.keeper.accounts import Account
from controller.keeper.alerts import Alert
from controller.keeper.fleet import Fleet
from controller.keeper.guards import Answer, Coin
from controller.keeper.health import HealthServer, Heart
from controller.keeper.logs import Event, Log, Redactor
from controller.keeper.loop import Keeper
from controller.keeper.metrics import Metrics
from controller.keeper.notify import AppriseNotifier, Dispatcher
from controller.keeper.place import Place, Settings
from controller.keeper.watch import Watch
from controller.model import BlockRef

LEASE: Final = "keeper"
CLOSING: Final = 5.0
"""{s} that alerts get at the end."""


@dataclass(frozen=True)
class Kept:
    """What runs, and on what."""

    keeper: Keeper
    heads: Heads


@dataclass(frozen=True)
class Voice:
    """How a keeper is heard: JSON lines on stderr, unless it is said otherwise."""

    stream: TextIO | None = None
    render: Processor | None = None


@contextmanager
def kept(
    file: KeeperFile,
    session: Session,
    *,
    broadcast: bool,
    signer: keys.Signer | None = None,
    voice: Voice = Voice(),  # frozen
) -> Iterator[Kept]:
    """The keeper of a file, ready to run; closed properly whatever happens.

    Parameters
    ----------
    signer : sends for every vault, besides the accounts of the file.

    Raises
    ------
    ConfigurationError
        With everything that is wrong with code on the chain, accounts, roles and tokens.
    """
    block = session.chain.head()
    signers = _signers(file, session, block, signer)
    with ExitStack() as open_:
        url = journal_url(file, lambda: session)
        lease = Lease(url, LEASE, duration=file.lease)
        open_.callback(lease.close)
        journal = open_.enter_context(Journal(url, lease=lease))
        controller = session.controller(journal, None)
        place = Place(
            chain=session.chain,
            journal=journal,
            fleet=Fleet(
                lambda vaults, at: lens.snapshots(session.chain, session.address("VaultLens"), vaults, at),
                lambda snapshot, now: controller.decide(snapshot, now=now),
            ),
            vaults=session.listing().at if file.vaults is None else lambda _at: list(file.vaults or ()),
            coin=_coin(file, session),
            signers=signers,
            lease=lease,
            endpoints=session.endpoints,
            anew=lambda snapshot, now: session.controller(journal, None).decide(snapshot, now=now),
            depth=session.network.depth,
        )
        watch, port = _watch(file, open_, voice)
        keeper = Keeper(place, _settings(file, session, broadcast=broadcast), watch)
        heads = Heads(session.chain, session.network.ws_url, block_time=session.network.block_time)
        open_.callback(heads.close)
        watch.log.info(
            Event.STARTED,
            chain=session.chain.chain_id,
            accounts=[each.address for each in signers],
            broadcast=broadcast,
            port=port,
        )
        try:
            yield Kept(keeper, heads)
        finally:
            watch.heart.stop()
            watch.log.info(Event.STOPPED, under_way=len(keeper.flights))
        lease.release()


def opened_journal(config: Path, networks: Path | None, deployments: Path) -> Journal:
    """The journal of a keeper file, without a lease: an operator's word binds whoever leads.

    A node is asked only where the file names no journal.
    """
    file = keeper_file.load(config, os.environ, networks)
    return Journal(journal_url(file, lambda: Session.of(file.network, deployments)))


def kept_vaults(file: KeeperFile, session: Session, block: BlockRef) -> list[str]:
    """Those that the file names, or all that stand at `block`."""
    return session.vaults(block) if file.vaults is None else list(file.vaults)


def journal_url(file: KeeperFile, session: Callable[[], Session]) -> str:
    """Of the file, or the chain's own journal."""
    if file.journal is not None:
        return file.journal.reveal()
    return f"sqlite:///{session().journal_path(None).absolute()}"


def _settings(file: KeeperFile, session: Session, *, broadcast: bool) -> Settings:
    return Settings(
        schedule=file.schedule,
        costs=file.costs,
        trips=file.trips,
        policy=Policy(session.confirmations, max_fee=file.costs.gas_ceiling),
        daily_spend=file.daily_spend,
        requests=file.requests,
        silence=file.silence,
        skew=file.skew,
        kill_file=file.kill_file,
        broadcast=broadcast,
    )


def _watch(file: KeeperFile, open_: ExitStack, voice: Voice) -> tuple[Watch, int | None]:
    redactor = Redactor(file.alert_urls)
    if file.journal is not None:
        redactor.learn(file.journal)
    log, metrics = Log(redactor, voice.stream, voice.render), Metrics()
    libraries, heard = logging.getLogger(), log.library_handler()
    libraries.addHandler(heard)
    open_.callback(libraries.removeHandler, heard)
    heart = Heart(file.patience, time.monotonic, file=file.heartbeat_file, notify=systemd.notifier(os.environ))
    port = None
    if file.port is not None:
        port = open_.enter_context(HealthServer(heart, metrics.registry, file.port)).port
    if not file.alert_urls:
        return Watch(log, metrics, heart, lambda _alert: None, file.repeat), port

    def failed(alert: Alert) -> None:
        metrics.undelivered()
        log.error(Event.UNDELIVERED, title=alert.title)

    dispatcher = Dispatcher(AppriseNotifier(file.alert_urls), failed, least=file.least)
    open_.callback(dispatcher.close, CLOSING)
    return Watch(log, metrics, heart, dispatcher.send, file.repeat), port


# ---- the price of the coin


def _coin(file: KeeperFile, session: Session) -> Callable[[BlockRef], Coin]:
    token = session.tokens.get(file.wrapped_coin or "")
    wrapped = token.address if token else ""

    def read(block: BlockRef) -> Coin:
        return Coin(wrapped, None if file.coin_feed is None else coin_answer(session, file.coin_feed, block))

    return read


def coin_answer(session: Session, feed: CoinFeed, block: BlockRef) -> Answer:
    _, value, _, updated_at, _ = Contract(session.chain, feed.address, "IAggregatorV3").read(
        "latestRoundData", block=block
    )
    return Answer(int(value), feed.decimals, int(updated_at), feed.heartbeat)


def wrong_coin(file: KeeperFile, session: Session) -> Iterator[Mistake]:
    """What keeps the chain's coin from having a price."""
    if file.wrapped_coin is not None and file.wrapped_coin not in session.tokens:
        known = ", ".join(sorted(session.tokens))
        yield Mistake("guards.wrapped_coin", f"{file.wrapped_coin} is no token of the network: {known}")


# ---- accounts


def _signers(
    file: KeeperFile, session: Session, block: BlockRef, other: keys.Signer | None
) -> Mapping[Account, keys.Signer]:
    """Every account of the file, each a keeper of each vault that it sends for; all mistakes at once.

    A factory is not asked for its vaults while anything on the chain is not what was deployed.
    """
    found: dict[Account, keys.Signer] = {}
    mistakes = [Mistake("contracts", str(each)) for each in drift.check(session.chain, session.directory, block)]
    kept = [] if mistakes and file.vaults is None else kept_vaults(file, session, block)
    mistakes += wrong_coin(file, session)
    if other is not None:
        account = Account(str(to_checksum_address(other.address)), None)
        mistakes += wrong_account("account", None, account, found, kept, session, block)
        found[account] = other
    for place in file.accounts:
        where = f"accounts.{place.name}"
        try:
            signer = signer_of(place, session.chain.chain_id)
            account = Account(str(to_checksum_address(signer.address)), place.vaults)
            mistakes += wrong_account(where, place, account, found, kept, session, block)
            found[account] = signer
        except NodeError:
            raise  # no mistake of the file: the next start may find the node well
        except EvenkeelError as error:
            mistakes.append(Mistake(where, str(error)))
    if mistakes:
        raise ConfigurationError("The keeper cannot start.", "Correct what is named.", tuple(mistakes))
    return found


def signer_of(place: KeyPlace, chain_id: int) -> keys.Signer:
    """Who signs for an account of the file; raises `SigningKeyError` when there is no usable key."""
    if place.dev_account is not None:
        if chain_id not in CHAIN_IDS.values():
            raise SigningKeyError("Development accounts exist on local chains only; everybody knows their keys.")
        return keys.development_signer(place.dev_account)
    if place.signer_url is not None and place.address is not None:
        return keys.RemoteSigner(place.signer_url.reveal(), place.address)
    if place.key_variable is not None:
        return keys.from_key(keys.Secret(os.environ[place.key_variable]))
    found = keys.find_signer(os.environ, place.keystore, place.passphrase_file, None)
    if found is None:
        raise SigningKeyError("has no key.")
    return found


def wrong_account(
    where: str,
    place: KeyPlace | None,
    account: Account,
    others: Mapping[Account, keys.Signer],
    kept: Sequence[str],
    session: Session,
    block: BlockRef,
) -> Iterator[Mistake]:
    """What keeps an account from sending for the `kept` vaults that it serves."""
    if place is not None and place.address is not None and place.address != account.address:
        yield Mistake(f"{where}.address", f"is {place.address}, the key has {account.address}")
    if any(other.address == account.address for other in others):
        yield Mistake(where, f"has the address of another account, {account.address}")
    for vault in kept:
        if not account.serves(vault):
            continue
        if not Contract(session.chain, vault, "IVault").read("isKeeper", account.address, block=block):
            hint = f"evenkeel vault set-role keeper {account.address} {vault}"
            yield Mistake(where, f"{account.address} is no keeper of {vault}; its owner can make it one: {hint}")
