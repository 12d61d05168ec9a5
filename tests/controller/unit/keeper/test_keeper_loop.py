"""F-20: a keeper that leads again takes over what was begun meanwhile, however it lost the lead."""

from __future__ import annotations

import io
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sql
from sim_chain import SENDER, VAULT, SimChain

from controller.execution.database import LEASES
from controller.execution.flight import Flight
from controller.execution.flight_records import intent_body
from controller.execution.journal import Journal, RecordKind
from controller.execution.lease import Lease
from controller.keeper.fleet import Fleet
from controller.keeper.guards import Coin, Costs
from controller.keeper.health import Heart
from controller.keeper.logs import Log, Redactor
from controller.keeper.loop import Keeper
from controller.keeper.metrics import Metrics
from controller.keeper.place import Place, Settings
from controller.keeper.schedule import Pace, Schedule
from controller.keeper.standing import Trips
from controller.keeper.watch import Watch
from controller.model import Plan

LONG = 1_000.0
"""{s} of a lease that no test outlives."""


def _keeper(chain: SimChain, journal: Journal, lease: Lease) -> Keeper:
    place = Place(
        chain=chain.as_chain(),
        journal=journal,
        fleet=Fleet(lambda _vaults, _block: {}, lambda _snapshot, _now: None),  # type: ignore[arg-type, return-value]
        vaults=lambda _block: (),
        coin=lambda _block: Coin(),
        signers={},
        lease=lease,
    )
    watch = Watch(Log(Redactor(), io.StringIO()), Metrics(), Heart(LONG, time.monotonic), lambda _alert: None, LONG)
    return Keeper(place, Settings(Schedule(Pace.BLOCK, 1.0), Costs(), Trips(), broadcast=True), watch)


def _expire(url: str) -> None:
    engine = sql.create_engine(url)
    with engine.begin() as connection:
        connection.execute(LEASES.update().values(expires_at=0))
    engine.dispose()


def test_F20_pass__when_another_led_while_this_one_slept__then_what_that_one_began_is_taken_over(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'keeper.db'}"
    chain = SimChain()
    plan = Plan(0, 2**40 - 1, 0, chain.head().hash, bytes(32), False, ())
    with (
        closing(Lease(url, "keeper", duration=LONG)) as lease,
        closing(Lease(url, "keeper", duration=LONG)) as other,
        Journal(url, lease=lease) as journal,
        Journal(url, lease=other) as theirs,
    ):
        keeper = _keeper(chain, journal, lease)
        keeper.pass_(chain.head())
        _expire(url)  # it sleeps past its lease
        assert other.acquire()
        flight = Flight(-1, VAULT, plan, SENDER, nonce=0, gas=100_000, budget=10**18)
        theirs.append(RecordKind.INTENT, VAULT, intent_body(chain.chain_id, flight))
        _expire(url)  # the other one is killed
        keeper.pass_(chain.head())
        assert lease.epoch == 3
        assert journal.open_intents() == [], "nothing was signed for it, so that it ends at once"
