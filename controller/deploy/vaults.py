"""Creating a vault through the factory, and its first mint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.chain import codec
from controller.chain.abi import checksum
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.wire import Receipt
from controller.errors import CodeMismatchError, InputError, Mistake, SendError
from controller.market.quotes import VenueQuotes
from controller.model import BlockRef, Mandate, Roles
from controller.planning.wants import Want, best
from controller.units import BPS, VALUE_DECIMALS, show_value, to_decimal

Transact = Callable[[str, bytes], Receipt]
"""Sends call data to an address and returns the receipt of what succeeded."""

SHARE_DECIMALS = 18

SAMPLE = 1_000 * 10**VALUE_DECIMALS
"""D36{quote} that a route is tried with."""


CLONE = "363d3d373d3d3d363d73{implementation}5af43d82803e903d91602b57fd5bf3"
"""How the code of every vault begins: it hands each call to the implementation. Its first mandate follows in the words
of MandateCodec (Solady's LibClone, with arguments)."""

WORD = 32
"""Bytes."""
HEADER_WORDS, ASSET_WORDS, KNOT_WORDS, FOOTER_WORDS = 5, 3, 2, 3
"""Words of a mandate; its first one ends in the numbers of knots, venues and assets, a byte each."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """How an asset after the first trades against the first (contracts/interfaces/IMandateChecker.sol)."""

    venue: int
    route: bytes


def predict(chain: Chain, factory: str, creator: str, salt: bytes, mandate: Mandate, block: BlockRef) -> str:
    """Where `create` will put the vault: the address commits to the whole mandate."""
    contract = Contract(chain, factory, "IVaultFactory")
    return str(contract.read("predict", creator, salt, codec.mandate_to_abi(mandate), block=block))


def require_clone(chain: Chain, vault: str, implementation: str, block: BlockRef) -> None:
    """Raises `CodeMismatchError` when the code of `vault` is not that of a clone of `implementation`."""
    if not _is_clone(chain.code(vault, block), implementation):
        raise CodeMismatchError(
            f"The code of the vault {vault} is not a clone of the recorded implementation {implementation}.",
            "Send nothing to it. Check the node's address, and the network's deployments.",
        )


def _is_clone(code: bytes, implementation: str) -> bool:
    proxy = bytes.fromhex(CLONE.format(implementation=implementation.removeprefix("0x").lower()))
    words = code[len(proxy) :]
    if not code.startswith(proxy) or len(words) < WORD:
        return False
    knots, venues, assets = words[WORD - 3 : WORD]
    count = HEADER_WORDS + venues + ASSET_WORDS * assets + KNOT_WORDS * knots + FOOTER_WORDS
    return len(words) == WORD * count


def pairings(quotes: VenueQuotes, mandate: Mandate, prices: Mapping[str, int], block: BlockRef) -> tuple[Pairing, ...]:
    """The best route from the first asset to each other one, for what is worth about `SAMPLE`.

    Parameters
    ----------
    prices : D36{quote/qTok} by token.

    Raises
    ------
    InputError
        With every asset that no pool leads to.
    """
    tokens = [asset.token for asset in mandate.assets]
    amount = max(SAMPLE // prices[tokens[0]], 1)
    found: list[Pairing] = []
    mistakes: list[Mistake] = []
    for index in range(1, len(tokens)):
        # one at a time: together, the second would be quoted behind the first
        want = Want(0, index, amount)
        chosen = best(want, quotes.at(block, [want], tokens, mandate.venues))
        if chosen is None:
            mistakes.append(Mistake(tokens[index], "no pool leads to it from the first asset"))
        else:
            found.append(Pairing(chosen.venue, chosen.route))
    if mistakes:
        raise InputError(
            "The vault could not trade.",
            "Add fee tiers or hub tokens to the network, or create pools.",
            tuple(mistakes),
        )
    return tuple(found)


def creation_data(
    chain: Chain, factory: str, mandate: Mandate, roles: Roles, pairings: Sequence[Pairing], salt: bytes
) -> bytes:
    """Call data of `create`."""
    return Contract(chain, factory, "IVaultFactory").encode(
        "create",
        codec.mandate_to_abi(mandate),
        codec.roles_to_abi(roles),
        [(pairing.venue, pairing.route) for pairing in pairings],
        salt,
    )


def has_new_parts(old: Mandate, new: Mandate) -> bool:
    """Whether a vault has to be shown pairings with the `new` mandate: tokens, feeds, oracle or venues are others."""

    def parts(mandate: Mandate) -> tuple[object, ...]:
        feeds = [(asset.feed.source, asset.feed.decimals, asset.feed.twap) for asset in mandate.assets]
        tokens = [(asset.token, asset.decimals) for asset in mandate.assets]
        return mandate.oracle, mandate.sequencer.feed, mandate.venues, tokens, feeds

    return parts(old) != parts(new)


def mandate_data(chain: Chain, vault: str, mandate: Mandate, pairings: Sequence[Pairing]) -> bytes:
    """Call data of `setMandate`."""
    given = [(pairing.venue, pairing.route) for pairing in pairings]
    return Contract(chain, vault, "IVault").encode("setMandate", codec.mandate_to_abi(mandate), given)


def created_vault(chain: Chain, factory: str, receipt: Receipt) -> str:
    """The vault that a receipt of `create` tells of."""
    topic = Contract(chain, factory, "IVaultFactory").abi.events["VaultCreated"].topic
    for log in receipt.logs:
        if log.address == factory and log.topics[0] == topic:
            return checksum(log.topics[1][12:])
    raise SendError("The transaction created no vault.", "Check the factory's address: evenkeel doctor.")


def first_amounts(mandate: Mandate, targets: Sequence[int], prices: Sequence[int], value: int) -> list[int]:
    """What a first mint worth `value` takes of each asset when it starts on target.

    Parameters
    ----------
    targets : {bps} now.
    prices : D36{quote/qTok}
    value : D36{quote}

    Returns
    -------
    {qTok} one for each asset, rounded down.

    Raises
    ------
    InputError
        When the value is too small for one unit of an asset that has a target.
    """
    # {qTok} = D36{quote} * {bps} / ({bps} * D36{quote/qTok})
    amounts = [value * target // (BPS * price) for target, price in zip(targets, prices, strict=True)]
    mistakes = tuple(
        Mistake(asset.token, f"{show_value(value)} buys less than one unit of it")
        for asset, target, amount in zip(mandate.assets, targets, amounts, strict=True)
        if target and not amount
    )
    if mistakes:
        raise InputError("The first mint is too small.", "Put more into the vault.", mistakes)
    return amounts


def missing(
    chain: Chain, mandate: Mandate, amounts: Sequence[int], holder: str, block: BlockRef
) -> tuple[Mistake, ...]:
    """What `holder` lacks of the first mint's amounts {qTok}, for people."""
    found = []
    for asset, amount in zip(mandate.assets, amounts, strict=True):
        held = int(Contract(chain, asset.token, "TestToken").read("balanceOf", holder, block=block))
        if held < amount:
            short = f"{to_decimal(amount, asset.decimals):f} needed, {to_decimal(held, asset.decimals):f} held"
            found.append(Mistake(asset.token, short))
    return tuple(found)


def first_mint(
    chain: Chain, transact: Transact, vault: str, mandate: Mandate, amounts: Sequence[int], value: int, owner: str
) -> Receipt:
    """Approves and mints: as many shares as the `value` D36{quote} has whole quote units, to the owner."""
    for asset, amount in zip(mandate.assets, amounts, strict=True):
        if amount:
            transact(asset.token, Contract(chain, asset.token, "TestToken").encode("approve", vault, amount))
    shares = value // 10 ** (VALUE_DECIMALS - SHARE_DECIMALS)
    return transact(vault, Contract(chain, vault, "IVault").encode("mint", shares, list(amounts), owner))
