"""What a signed plan is while it is on its way, what is seen of it, and what may be done about it.

One *flight* is one intent with one nonce of the account. Its *attempts* are all transactions that were ever signed
with that nonce: the plan, the same plan at higher fees, at last an empty transaction that cancels it. At most one of
them can be mined, and each of them is watched until the end, because any of them may still be.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from controller.chain.wire import Fees
from controller.errors import RevertError
from controller.model import BlockRef, Outcome, Plan

LEAST_BUMP: Final = 1_000
"""{bps} by which a replacement must raise both fees, or pools refuse it."""


class Fate(Enum):
    EXECUTED = "executed"
    REVERTED = "mined and reverted"
    SUPERSEDED = "another plan took the vault's nonce"
    LOST = "another transaction took the account's nonce"
    CANCELLED = "cancelled"
    EXPIRED = "too old to execute any more"
    UNSENT = "never signed"
    REFUSED = "refused by the node"


@dataclass(frozen=True, slots=True)
class Paid:
    """What a flight's own mined transaction has cost, by its receipt."""

    gas_used: int  # {gas}
    gas_price: int  # {wei/gas} effective
    at: int  # {s} of its block

    @property
    def cost(self) -> int:
        """{wei}"""
        return self.gas_used * self.gas_price


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an intent ended; none of these can change into an execution afterwards."""

    fate: Fate
    outcome: Outcome | None = None  # with EXECUTED
    reason: str = ""
    revert: RevertError | None = None  # with REVERTED
    paid: Paid | None = None  # None: no receipt of the flight is known


class Reply(Enum):
    """Who has the bytes of an attempt, as far as is known."""

    UNSENT = "nobody"
    TAKEN = "a pool"
    UNDERPRICED = "nobody, another transaction with the nonce is in the way"
    REFUSED = "nobody, and nobody will"
    UNKNOWN = "perhaps somebody: no clear answer, or sent by an earlier process"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction of a flight."""

    hash: bytes
    raw: bytes
    max_fee: int  # {wei/gas}
    tip: int  # {wei/gas}
    cancels: bool  # carries nothing instead of the plan
    forced: bool  # signed because the one before was underpriced
    since: float  # {s} on the injected clock: signed, or read from the journal
    block: int  # number of the head then
    reply: Reply = Reply.UNSENT
    said: str = ""  # the node's own words when it did not take it


@dataclass(frozen=True, slots=True)
class Flight:
    """One intent on its way."""

    intent: int  # seq of its INTENT
    vault: str
    plan: Plan
    sender: str
    nonce: int  # of the sender's account
    gas: int  # {gas} limit of the plan's transaction
    budget: int  # {wei} that its transaction may cost at worst, whichever is mined
    attempts: tuple[Attempt, ...] = ()  # fees rise from each to the next
    cancelling: str = ""  # why it is being cancelled; empty while it is not
    lost_since: float | None = None  # {s} since when the account's nonce seems used by another transaction
    seen: bytes = b""  # hash of the head that it was last looked at


@dataclass(frozen=True, slots=True)
class Policy:
    """How an operator wants plans to be sent."""

    confirmations: int = 1  # blocks that must hold a transaction, its own included
    bump_every: float = 30.0  # {s} between two attempts
    bump: int = 1_250  # {bps} by which an attempt raises both fees at least
    max_fee: int | None = None  # {wei/gas} above which no plan is sent; None takes what the chain asks
    budget: int | None = None  # {wei} for one flight; None allows ten times what its first attempt may cost
    lost_after: float = 1.0  # {s} that a loss must stay: while anvil mines, the block before shows the new nonce
    signs: bool = True  # False: nobody can, so recorded bytes are sent again and nothing else

    def __post_init__(self) -> None:
        if self.bump < LEAST_BUMP or self.confirmations < 1:
            raise ValueError(f"a bump is at least {LEAST_BUMP} basis points, a confirmation at least one block")


USUAL: Final = Policy()


@dataclass(frozen=True, slots=True)
class Mined:
    """One of a flight's attempts, in a block of the chain."""

    hash: bytes
    block: int  # number
    paid: Paid
    outcome: Outcome | None = None  # when the plan was executed; told once it is confirmed
    revert: RevertError | None = None  # when it reverted; told once it is confirmed


@dataclass(frozen=True, slots=True)
class Used:
    """The ledger's entry of whoever used the vault's nonce."""

    block: int  # number
    plan_hash: bytes
    outcome: Outcome | None = None  # when it was this plan


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at the chain shows."""

    now: float  # {s} on the injected clock
    head: BlockRef
    settled: BlockRef  # the newest block that is confirmed
    account_nonce: int  # mined up to the head
    settled_nonce: int  # mined up to the settled block
    fees: Fees  # what the next block asks
    mined: Mined | None = None
    used: Used | None = None  # asked where no attempt is seen mined and the vault's nonce has moved
    objection: str = ""  # why the vault would refuse the plan in the next block


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign an attempt, record it, and broadcast it."""

    max_fee: int  # {wei/gas}
    tip: int  # {wei/gas}
    cancels: bool
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send the bytes of an attempt once more."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Finish:
    verdict: Verdict


Action = Sign | Broadcast | Finish
