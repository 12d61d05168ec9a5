"""Before money moves: the same vault, the same pools and so the same plan, whichever endpoint is asked."""

from __future__ import annotations

from dataclasses import replace

from controller.errors import DisagreementError, EvenkeelError
from controller.keeper.place import Place
from controller.model import Plan, Snapshot


def require_agreement(place: Place, snapshot: Snapshot, plan: Plan) -> None:
    """Reads the vault and its pools once more, of as many endpoints as have to agree, and decides again.

    Raises
    ------
    DisagreeingNodesError
        When two of them answer differently.
    DisagreementError
        When they agree on something else than the plan was made from.
    """
    endpoints = place.endpoints
    if endpoints is None or place.anew is None or endpoints.quorum == 1:
        return
    with endpoints.agreeing(snapshot.block):
        again = place.fleet.read([snapshot.vault], snapshot.block)[snapshot.vault]
        if isinstance(again, EvenkeelError):
            raise again
        made = place.anew(again, again.block.timestamp + 1)
    if again != snapshot or not isinstance(made, Plan) or replace(made, journal_head=plan.journal_head) != plan:
        raise DisagreementError(
            f"The vault {snapshot.vault} or its pools read differently at the same block {snapshot.block.number}.",
            "A node that answers so cannot be trusted with money: compare the endpoints.",
        )
