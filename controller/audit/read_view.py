"""Reads what a vault says of itself at a block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eth_utils.crypto import keccak

from controller.audit.evidence import Missing, SelfView
from controller.audit.read_block import TOTAL_SUPPLY, UNREADABLE
from controller.audit.transfers import as_number
from controller.chain.abi import Item
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.codec import mandate_from_abi, status_from_abi
from controller.chain.entries import Created, KeeperSet, Payload, Submitted
from controller.model import BlockRef

_VIEWS = ("mandate", "owner", "pendingOwner", "strategist", "guardian", "status")
"""What a vault is asked about itself."""


def read_view(chain: Chain, vault: str, block: BlockRef, payloads: Iterable[Payload]) -> SelfView | Missing:
    """`payloads` name the keepers and the calls that are asked for."""
    named: set[str] = set()
    announced: set[bytes] = set()
    for payload in payloads:
        if isinstance(payload, Created):
            named.update(payload.roles.keepers)
        elif isinstance(payload, KeeperSet):
            named.add(payload.keeper)
        elif isinstance(payload, Submitted):
            announced.add(keccak(payload.call))
    try:
        return _asked(chain, vault, block, sorted(named), sorted(announced))
    except UNREADABLE as error:
        return Missing(error.message)


def _asked(chain: Chain, vault: str, block: BlockRef, keepers: Sequence[str], calls: Sequence[bytes]) -> SelfView:
    functions = load("IVault").abi.functions
    asked: list[tuple[Item, bytes]] = [(functions[name], functions[name].encode()) for name in _VIEWS]
    asked += [(functions["isKeeper"], functions["isKeeper"].encode(keeper)) for keeper in keepers]
    asked += [(functions["executableAt"], functions["executableAt"].encode(call)) for call in calls]
    supply, *answers = chain.calls([(vault, TOTAL_SUPPLY), *((vault, data) for _, data in asked)], block)
    mandate, owner, pending_owner, strategist, guardian, status, *rest = (
        item.decode_output(answer) for (item, _), answer in zip(asked, answers, strict=True)
    )
    return SelfView(
        mandate=mandate_from_abi(mandate),
        owner=owner,
        pending_owner=pending_owner,
        strategist=strategist,
        guardian=guardian,
        status=status_from_abi(status),
        supply=as_number(supply),
        keepers=dict(zip(keepers, rest[: len(keepers)], strict=True)),
        executable_at=dict(zip(calls, rest[len(keepers) :], strict=True)),
    )
