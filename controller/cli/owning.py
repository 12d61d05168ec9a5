"""One call to a vault by somebody with a role: rehearsed or sent; announced first where it loosens something."""

from __future__ import annotations

from controller.chain.contract import Contract
from controller.chain.pending import Pending, pending
from controller.cli.changes import moment
from controller.cli.output import out, print_json, print_pairs
from controller.cli.session import Session
from controller.errors import InputError, RevertError
from controller.execution.keys import Signer
from controller.execution.transact import transact
from controller.model import Mandate


def carry_out(session: Session, key: Signer, vault: str, call: bytes, *, broadcast: bool) -> dict[str, object]:
    """Makes the call, or asks the chain whether it would accept it."""
    chain = session.chain
    if broadcast:
        session.require_recorded_code(vault)
        receipt = transact(chain, key, vault, call, session.confirmations)
        return {"vault": vault, "gas": receipt.gas_used, "transaction": "0x" + receipt.transaction.hex()}
    return {"vault": vault, "gas": chain.estimate(vault, call, chain.head(), key.address), "transaction": None}


def make_or_announce(
    session: Session, key: Signer, vault: str, mandate: Mandate, call: bytes, *, broadcast: bool
) -> dict[str, object]:
    """Makes the call where the vault lets it be made now; announces it where it loosens something and is not announced.

    Raises
    ------
    RevertError
        When the vault refuses it otherwise; ``TimelockRunning`` when it has been announced and still waits.
    """
    chain, clone = session.chain, Contract(session.chain, vault, "IVault")
    block = chain.head()
    try:
        chain.estimate(vault, call, block, key.address)
    except RevertError as error:
        if error.name != "NotSubmitted":
            raise
        done = carry_out(session, key, vault, clone.encode("submit", call), broadcast=broadcast)
        waiting = Pending(call, block.timestamp + mandate.timelock, 0)
        at = clone.read("executableAt", waiting.call_hash, block=chain.head()) if broadcast else waiting.executable_at
        return {"announced": True, "call_hash": "0x" + waiting.call_hash.hex(), "executable_at": at, **done}
    return {"announced": False, **carry_out(session, key, vault, call, broadcast=broadcast)}


def announced(session: Session, vault: str, call_hash: str) -> Pending:
    """The announced call whose hash begins so.

    Raises
    ------
    InputError
        When there is none, or more than one.
    """
    wanted = call_hash.lower().removeprefix("0x")
    found = [
        waiting
        for waiting in pending(session.chain, vault, session.ledger_start, session.chain.head())
        if waiting.call_hash.hex().startswith(wanted)
    ]
    if not wanted or len(found) != 1:
        raise InputError(
            f"{len(found)} announced calls begin with {call_hash!r}.", "See them all: evenkeel vault pending."
        )
    return found[0]


def show(title: str, sentences: tuple[str, ...], done: dict[str, object], *, as_json: bool) -> None:
    """What was done, or would be, and what comes next."""
    if as_json:
        print_json({"changes": list(sentences), **done})
        return
    for sentence in sentences:
        out.print(f"  {sentence}", markup=False, soft_wrap=True)
    shown = {key: value for key, value in done.items() if key not in ("announced", "executable_at")}
    print_pairs(title, shown)
    if done.get("announced"):
        at = done["executable_at"]
        when = moment(at) if isinstance(at, int) else str(at)
        out.print(f"It loosens something, so it {'was' if done['transaction'] else 'would be'} announced, and waits.")
        out.print(f"From {when}: evenkeel vault execute {done['call_hash']} {done['vault']}", soft_wrap=True)
    if done["transaction"] is None:
        out.print("[yellow]Dry run:[/yellow] the chain would accept it; nothing was sent. Add --broadcast to send.")
