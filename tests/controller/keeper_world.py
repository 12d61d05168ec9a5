"""A keeper of one vault world, made from its file and passed by hand: what it does, tells and records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vault_world import DEPOSIT, VaultWorld

from controller.cli.keeping import Kept, kept
from controller.cli.rehearsal import tokens
from controller.cli.session import Session
from controller.config import keeper_file
from controller.config.mandate_file import Deployed, parse
from controller.deploy import venues
from controller.deploy.records import folder
from controller.execution.documents import from_document
from controller.execution.journal import Journal, RecordKind
from controller.keeper.alerts import Alert, AlertKind
from controller.keeper.fleet import FleetRecord
from controller.keeper.loop import Keeper
from controller.model import ZERO_ADDRESS, Roles, Sequencer, TickRecord
from controller.replay.markets import MACRO
from controller.replay.run import found_vault

FILE = """
[keeper]
network = "{network}"
schedule = "{schedule}"
kill_file = "stop"
{keeper}
[guards]
{guards}
[accounts.main]
{account}
[journal]
path = "keeper.db"
"""
JOURNAL = "sqlite:///keeper.db"
NO_SEQUENCER = Sequencer()


class Told:
    """What a keeper of a test has told its operator."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def kinds(self) -> set[AlertKind]:
        return {alert.condition.kind for alert in self.alerts}


@contextmanager
def running(
    world: VaultWorld,
    *,
    keeper: str = "",
    guards: str = "",
    schedule: str = "block",
    account: str = "dev_account = 1",
    network: str = "anvil",
    networks: Path | None = None,
    broadcast: bool = True,
    **environment: str,
) -> Iterator[tuple[Kept, Told]]:
    """A keeper of the world's vaults and the heads that it sees; the arguments are lines of its file."""
    told = Told()
    source = FILE.format(network=network, keeper=keeper, guards=guards, schedule=schedule, account=account).encode()
    file = keeper_file.parse(source, {"EVENKEEL_ANVIL_URL": world.node.url, **environment}, networks)
    with kept(file, Session.of(file.network, Path("deployments")), broadcast=broadcast) as found:
        found.keeper.watch.send = told.alerts.append
        yield found, told


@contextmanager
def keeping(world: VaultWorld, **lines: Any) -> Iterator[tuple[Keeper, Told]]:
    """The keeper of `running`, to be passed by hand."""
    with running(world, **lines) as (found, told):
        yield found.keeper, told


def passes(keeper: Keeper, count: int = 3) -> None:
    """Passes, each at the newest block."""
    for _ in range(count):
        keeper.pass_(keeper.place.chain.head())


def mined(world: VaultWorld) -> None:
    world.chain.request("evm_mine")


def kinds() -> list[RecordKind]:
    """Of all records, oldest first."""
    with Journal(JOURNAL) as journal:
        assert journal.verify() is None
        return [record.kind for record in journal.records()]


def intents() -> int:
    return kinds().count(RecordKind.INTENT)


def listed(vault: str) -> list[TickRecord]:
    """What ticks have said of a vault."""
    with Journal(JOURNAL) as journal:
        fleet = [from_document(FleetRecord, each.body) for each in journal.records(kind=RecordKind.FLEET)]
    return [tick for record in fleet for tick in record.listed if tick.vault == vault]


def another(
    world: VaultWorld, salt: int, *, sequencer: Sequencer = NO_SEQUENCER, source: bytes = MACRO.mandate_file()
) -> str:
    """One more vault with the owner and the keeper of the first."""
    records, accounts = folder(Path("deployments"), world.node.chain_id), world.world.accounts
    roles = Roles(accounts.owner, ZERO_ADDRESS, accounts.guardian, (accounts.keeper,))
    deployed = Deployed(world.contracts["ChainlinkOracle"], venues.addresses(records), sequencer)
    mandate = parse(source, tokens(world.world), deployed, roles=roles).mandate
    return found_vault(
        world.world, records, world.contracts["VaultFactory"], mandate, roles, DEPOSIT, salt.to_bytes(32)
    )
