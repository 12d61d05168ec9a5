"""Where a keeper works, and what its operator wants of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.chain.client import Chain
from controller.chain.endpoints import Endpoints
from controller.execution.flight import USUAL, Policy
from controller.execution.journal import Journal
from controller.execution.keys import Signer
from controller.execution.lease import Lease
from controller.keeper.accounts import Account
from controller.keeper.fleet import Decide, Fleet
from controller.keeper.guards import Coin, Costs
from controller.keeper.schedule import Schedule
from controller.keeper.standing import Trips
from controller.model import BlockRef


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator wants of the loop."""

    schedule: Schedule
    costs: Costs
    trips: Trips
    policy: Policy = USUAL
    daily_spend: int | None = None  # {wei} in any day
    requests: int = 1_000  # round trips that a tick may make, and as many again what is on its way
    silence: float = 300.0  # {s} without a new block after which somebody is told
    skew: float = 120.0  # {s} that a block may be ahead of this machine's clock
    kill_file: Path | None = None
    broadcast: bool = False  # False decides and records, and sends nothing


@dataclass(frozen=True, slots=True)
class Place:
    """Where the loop works."""

    chain: Chain
    journal: Journal
    fleet: Fleet
    vaults: Callable[[BlockRef], Sequence[str]]  # that are kept, at a block
    coin: Callable[[BlockRef], Coin]  # where the price of the chain's coin comes from
    signers: Mapping[Account, Signer]
    lease: Lease | None = None  # None where no other keeper works on the same journal
    endpoints: Endpoints | None = None  # that the chain is read from, where they are to be watched
    anew: Decide | None = None  # decides with nothing of what was read before; None where one endpoint is enough
    depth: int = 0  # blocks below the head that everything is read at
