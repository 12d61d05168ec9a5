"""A vault in the making: everything is read and checked before the first transaction."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.address import is_address

from controller.chain import codec
from controller.chain.contract import Contract
from controller.chain.wire import Receipt
from controller.cli.session import Session
from controller.config import quantities
from controller.config.mandate_file import parse
from controller.deploy import vaults
from controller.errors import CodeMismatchError, InputError, Mistake, UsageError
from controller.execution.keys import Signer
from controller.execution.transact import transact
from controller.model import ZERO_ADDRESS, BlockRef, Mandate, Roles, Snapshot
from controller.planning.path import targets_at
from controller.tick import read_snapshot
from controller.units import VALUE_DECIMALS

D18_TO_D36 = 10**18


@dataclass(frozen=True)
class Creation:
    """What will be sent, and what it will make."""

    session: Session
    mandate: Mandate
    owner: str
    factory: str
    data: bytes  # call of the factory; empty when only the mint is missing
    vault: str  # where it will be
    value: int  # D36{quote} of the first mint, 0 for none
    amounts: tuple[int, ...]  # {qTok} of the first mint

    def rehearse(self) -> dict[str, object]:
        """Asks the chain whether it would accept the creation; sends nothing."""
        chain = self.session.chain
        gas = chain.estimate(self.factory, self.data, chain.head(), self.owner) if self.data else 0
        return {**self._document(), "gas": gas, "transaction": None}

    def broadcast(self, signer: Signer) -> dict[str, object]:
        """Creates the vault, then mints."""
        chain, receipts = self.session.chain, []

        def send(to: str, data: bytes) -> Receipt:
            receipts.append(transact(chain, signer, to, data, self.session.confirmations))
            return receipts[-1]

        if self.data and vaults.created_vault(chain, self.factory, send(self.factory, self.data)) != self.vault:
            raise CodeMismatchError("The factory put the vault elsewhere than it said.", "Check it: evenkeel doctor.")
        if self.value:
            vaults.first_mint(chain, send, self.vault, self.mandate, self.amounts, self.value, self.owner)
        gas = sum(receipt.gas_used for receipt in receipts)
        return {**self._document(), "gas": gas, "transaction": "0x" + receipts[0].transaction.hex()}

    def _document(self) -> dict[str, object]:
        return {
            "vault": self.vault,
            "owner": self.owner,
            "mandate_hash": "0x" + self.mandate.file_hash.hex(),
            "funded": str(self.value // 10**VALUE_DECIMALS),
        }


def prepare(
    session: Session,
    signer: Signer,
    source: bytes,
    guardian: str | None,
    strategist: str | None,
    keepers: tuple[str, ...],
    salt: int,
    fund: str | None,
) -> Creation:
    """Reads the mandate file and everything else that a creation needs.

    Raises
    ------
    InputError
        With every mistake of the file, every asset without a pool, or every token that the owner lacks.
    """
    owner = signer.address
    _require_addresses(guardian, strategist, keepers)
    roles = Roles(owner, strategist or ZERO_ADDRESS, guardian or owner, keepers or (owner,))
    parsed = parse(source, session.tokens, session.deployed, roles=roles)
    mandate, block = parsed.mandate, session.chain.head()
    prices = oracle_prices(session, mandate, block)
    by_token = {asset.token: price for asset, price in zip(mandate.assets, prices, strict=True)}
    factory, salt_bytes = session.address("VaultFactory"), salt.to_bytes(32, "big")
    pairings = vaults.pairings(session.quotes(), mandate, by_token, block)
    value = _money(fund)
    amounts = _amounts(session, mandate, prices, value, owner, block) if value else []
    vault = vaults.predict(session.chain, factory, owner, salt_bytes, mandate, block)
    data = vaults.creation_data(session.chain, factory, mandate, parsed.roles, pairings, salt_bytes)
    if session.chain.code(vault, block):
        _require_unfunded(session, vault, value, block)
        data = b""
    return Creation(
        session=session,
        mandate=mandate,
        owner=owner,
        factory=factory,
        data=data,
        vault=vault,
        value=value,
        amounts=tuple(amounts),
    )


def mandate_call(session: Session, snapshot: Snapshot, source: bytes) -> bytes:
    """The owner's call that puts a mandate file in force at a running vault. Its roles are not part of it.

    Raises
    ------
    InputError
        With every mistake of the file, or every asset without a pool.
    """
    wanted = parse(source, session.tokens, session.deployed, roles=Roles(ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, ()))
    mandate, block = wanted.mandate, snapshot.block
    found: tuple[vaults.Pairing, ...] = ()
    if vaults.has_new_parts(snapshot.mandate, mandate):
        tokens = [asset.token for asset in mandate.assets]
        prices = dict(zip(tokens, oracle_prices(session, mandate, block), strict=True))
        found = vaults.pairings(session.quotes(), mandate, prices, block)
    return vaults.mandate_data(session.chain, snapshot.vault, mandate, found)


def oracle_prices(session: Session, mandate: Mandate, block: BlockRef) -> list[int]:
    """D36{quote/qTok} as the mandate's own oracle gives them, or its refusal by name."""
    oracle = Contract(session.chain, mandate.oracle, "IPriceOracle")
    return list(oracle.read("prices", codec.sequencer_word(mandate), codec.feed_words(mandate), block=block)[0])


def _amounts(
    session: Session, mandate: Mandate, prices: list[int], value: int, owner: str, block: BlockRef
) -> list[int]:
    """{qTok} of a first mint worth `value` D36{quote}, which the owner must hold."""
    amounts = vaults.first_amounts(mandate, targets_at(mandate.path, block.timestamp), prices, value)
    short = vaults.missing(session.chain, mandate, amounts, owner, block)
    if short:
        named = tuple(Mistake(session.symbol(lack.where), lack.what) for lack in short)
        raise InputError(f"The owner {owner} cannot pay for the first mint.", "Fund the account, or mint less.", named)
    return amounts


def _require_unfunded(session: Session, vault: str, value: int, block: BlockRef) -> None:
    """Such a vault may exist already only when an interrupted run left it without its first mint."""
    standing = read_snapshot(session.chain, session.address("VaultLens"), vault, block)
    if not value or standing.supply:
        raise InputError(
            f"This owner has a vault with this mandate and this salt already: {vault}.",
            "Look at it with evenkeel status, or take another number with --salt.",
        )


def _require_addresses(guardian: str | None, strategist: str | None, keepers: tuple[str, ...]) -> None:
    single = (("--guardian", guardian), ("--strategist", strategist))
    given = [(option, text) for option, text in single if text is not None]
    given += [("--keeper", keeper) for keeper in keepers]
    mistakes = tuple(Mistake(option, f"{text!r} is no address") for option, text in given if not is_address(text))
    if mistakes:
        raise InputError("Roles cannot be read.", "Write an address as 0x and 40 hex digits.", mistakes)


def _money(text: str | None) -> int:
    """D36{quote}"""
    if text is None:
        return 0
    try:
        return quantities.money(text) * D18_TO_D36
    except ValueError as error:
        raise UsageError(f"--fund: {error}.") from None
