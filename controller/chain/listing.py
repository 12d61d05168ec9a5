"""Every vault of a factory, and the proof that none was left out."""

from __future__ import annotations

from typing import Final

from controller.chain.abi import checksum
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.errors import IncompleteLogsError
from controller.model import BlockRef

_FIRST_NONCE: Final = 1
"""Of a contract's account (EIP-161); each contract that it creates adds one, and the factory creates only vaults."""


class Listing:
    """The vaults of a factory for a long-running process: logs are read again only when it has created another one.

    KNOWN LIMITS. A reorg that puts another vault in the place of one that was listed shows as one that cannot be read,
    until the process is started again.
    """

    def __init__(self, chain: Chain, factory: str, first: int) -> None:
        self._chain, self._factory, self._first = chain, factory, first
        self._found: list[str] = []

    def at(self, block: BlockRef) -> list[str]:
        """See `vaults`."""
        if self._chain.mined_nonce(self._factory, block) - _FIRST_NONCE != len(self._found):
            self._found = vaults(self._chain, self._factory, self._first, block)
        return self._found


def vaults(chain: Chain, factory: str, first: int, block: BlockRef) -> list[str]:
    """Every vault that stands at `block`, oldest first.

    Parameters
    ----------
    first : block that the factory was deployed in, or an older one.

    Raises
    ------
    IncompleteLogsError
        When no endpoint's logs name as many vaults as the factory has created.
    """
    return chain.insist(lambda: _listed(chain, factory, first, block))


def _listed(chain: Chain, factory: str, first: int, block: BlockRef) -> list[str]:
    logs = chain.logs(factory, [load("IVaultFactory").abi.events["VaultCreated"].topic], first, block)
    found = list(dict.fromkeys(checksum(log.topics[1][12:]) for log in logs))
    created = chain.mined_nonce(factory, block) - _FIRST_NONCE
    if len(found) != created:
        raise IncompleteLogsError(
            f"The logs of the node at {chain.serving} show {len(found)} vaults, but the factory has created {created}.",
            "Use an endpoint that serves all logs since the factory's deployment.",
        )
    return found
