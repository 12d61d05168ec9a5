"""One contract at one address: reads at a named block, call data for writes."""

from __future__ import annotations

from typing import Any

from controller.chain.abi import Abi, Item
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.errors import CodeMismatchError, InputError
from controller.model import BlockRef


class Contract:
    """A thin handle.

    Parameters
    ----------
    chain : where it lives.
    address : checksummed.
    abi : its ABI, or the name of a compiled contract or interface.
    """

    def __init__(self, chain: Chain, address: str, abi: Abi | str) -> None:
        self.chain = chain
        self.address = address
        self.abi = load(abi).abi if isinstance(abi, str) else abi

    def __repr__(self) -> str:
        return f"Contract({self.address})"

    def function(self, name: str) -> Item:
        try:
            return self.abi.functions[name]
        except KeyError:
            raise InputError(f"The contract at {self.address} has no function {name}.") from None

    def encode(self, name: str, *arguments: Any) -> bytes:
        """Call data of `name(arguments)`."""
        return self.function(name).encode(*arguments)

    def read(self, name: str, *arguments: Any, block: BlockRef, sender: str | None = None) -> Any:
        """What a view function returns at `block`: one value bare, several as a tuple, structs as tuples.

        Raises
        ------
        RevertError
            When it reverts.
        CodeMismatchError
            When there is no code, or code that answers something else.
        """
        item = self.function(name)
        data = self.chain.call(self.address, item.encode(*arguments), block, sender)
        if not data and item.outputs:
            raise CodeMismatchError(
                f"Nothing at {self.address} answers {name} on chain {self.chain.chain_id}.",
                "Check the address and the network.",
            )
        try:
            return item.decode_output(data)
        except InputError:
            raise CodeMismatchError(
                f"The contract at {self.address} answers {name} with something else.",
                "It is not the contract that was meant: check the address.",
            ) from None
