"""What the commands work with: a network, its node, what is deployed there, and who signs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import typer
from eth_utils.address import is_address, to_checksum_address

from controller.chain.client import Chain
from controller.chain.endpoints import Endpoints
from controller.chain.health import Manners
from controller.chain.listing import Listing
from controller.chain.nodes import CHAIN_IDS
from controller.config.mandate_file import Deployed
from controller.config.networks import Network, Token, load_network, load_tokens, split_urls
from controller.deploy import drift, records, venues
from controller.deploy.vaults import require_clone
from controller.errors import NotFoundError, SigningKeyError, UsageError
from controller.execution import keys
from controller.execution.journal import Journal
from controller.market.quotes import VenueQuotes
from controller.model import BlockRef, Sequencer, Snapshot
from controller.planning.worth import Terms
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller, Limits, no_terms, read_snapshot

JOURNALS = Path(".evenkeel")


@dataclass(frozen=True)
class Session:
    """One command's view of one network."""

    network: Network
    chain: Chain
    endpoints: Endpoints  # that the chain is read from
    directory: Path  # deployments/<chainId>

    @classmethod
    def open(
        cls,
        network: str,
        url: str | None,
        networks: Path | None,
        deployments: Path,
        agreeing: Sequence[str] | None = None,
    ) -> Session:
        """Reads the configuration and connects.

        Parameters
        ----------
        agreeing : addresses of nodes in place of the network's own, all of which have to say the same.

        Raises
        ------
        InputError, NotFoundError
            When the configuration is wrong.
        NodeError, WrongChainError
            When the node does not answer, or serves another chain.
        """
        given = ",".join(agreeing) if agreeing else url
        environment = {**os.environ, **({f"EVENKEEL_{network.upper()}_URL": given} if given else {})}
        configured = load_network(network, environment, networks)
        if agreeing:
            configured = configured.model_copy(update={"quorum": len(set(agreeing))})
        return cls.of(configured, deployments, given)

    @classmethod
    def of(cls, configured: Network, deployments: Path, url: str | None = None) -> Session:
        """Connects to a network that has been read; `url` stands in place of its own."""
        endpoints = Endpoints(
            split_urls(url) if url else configured.urls,
            configured.chain_id,
            private=configured.private_url,
            quorum=configured.quorum,
            manners=Manners(max_age=configured.max_age),
        )
        chain = Chain(endpoints, configured.chain_id)
        return cls(configured, chain, endpoints, records.folder(deployments, configured.chain_id))

    def address(self, name: str) -> str:
        """Address of a deployed contract."""
        return records.find(self.directory, name).address

    @cached_property
    def tokens(self) -> dict[str, Token]:
        return load_tokens(self.network, self.directory)

    @cached_property
    def symbols(self) -> Mapping[str, str]:
        """Symbol by token address, the address itself where it has none."""
        return {token.address: symbol for symbol, token in self.tokens.items()}

    def symbol(self, token: str) -> str:
        return self.symbols.get(token, token)

    def named(self, text: str) -> str:
        """`text` with symbols in the place of token addresses."""
        for token, symbol in self.symbols.items():
            text = text.replace(token, symbol)
        return text

    @property
    def deployed(self) -> Deployed:
        """What a mandate file leaves to the network."""
        uptime = self.network.sequencer
        sequencer = Sequencer(uptime.feed, uptime.grace) if uptime else Sequencer()
        return Deployed(self.address("ChainlinkOracle"), venues.addresses(self.directory), sequencer)

    @property
    def confirmations(self) -> int:
        """Blocks that must hold a transaction, its own included."""
        return max(self.network.confirmations, 1)

    @property
    def ledger_start(self) -> int:
        """Block that the ledger was deployed in: no entry is older."""
        return records.find(self.directory, "Ledger").block_number

    # ---- vaults

    def vaults(self, block: BlockRef) -> list[str]:
        """Every vault of the deployed factory, oldest first."""
        return self.listing().at(block)

    def listing(self) -> Listing:
        """Of the deployed factory."""
        return Listing(self.chain, self.address("VaultFactory"), self.ledger_start)

    def vault(self, given: str | None) -> str:
        """The vault that was named, or the only one there is."""
        if given is not None:
            if not is_address(given):
                raise UsageError(f"{given!r} is not an address.", "List the vaults: evenkeel vault list.")
            return str(to_checksum_address(given))
        found = self.vaults(self.chain.head())
        if len(found) != 1:
            raise NotFoundError(
                f"There are {len(found)} vaults on chain {self.chain.chain_id}, so one has to be named.",
                "List them: evenkeel vault list. Create one: evenkeel vault create MANDATE.toml --broadcast.",
            )
        return found[0]

    def snapshot(self, vault: str | None) -> Snapshot:
        """The vault that was named, or the only one there is, at the newest block."""
        return read_snapshot(self.chain, self.address("VaultLens"), self.vault(vault), self.chain.head())

    def require_recorded_code(self, vault: str | None = None) -> None:
        """Before money moves: what stands on the chain is what was deployed, and the vault is a clone of it.

        Raises
        ------
        CodeMismatchError
            With everything that differs.
        """
        block = self.chain.head()
        drift.require(self.chain, self.directory, block)
        if vault is not None:
            require_clone(self.chain, vault, self.address("Vault"), block)

    # ---- the controller

    def quotes(self) -> VenueQuotes:
        """Quotes of every venue that is deployed; every reader reads the pools for itself, once for a block."""
        hubs = tuple(self.tokens[symbol].address for symbol in self.network.hub_tokens if symbol in self.tokens)
        return venues.quotes(self.chain, self.directory, self.network.fee_tiers, hubs)

    def controller(
        self,
        journal: Journal,
        signer: keys.Signer | None,
        sleep: Callable[[float], None] = time.sleep,
        terms: Callable[[Snapshot], Terms] = no_terms,
    ) -> Controller:
        return Controller(
            chain=self.chain,
            lens=self.address("VaultLens"),
            quotes=self.quotes(),
            strategy=FixedTargets(),
            journal=journal,
            signer=signer,
            limits=Limits(depth=self.network.depth, confirmations=self.confirmations),
            sleep=sleep,
            terms=terms,
        )

    def journal_path(self, path: Path | None) -> Path:
        """`path`, or that of this chain's own journal: a development chain started anew gets a new one."""
        if path is None:
            genesis = self.chain.block(0).hash.hex()[:8]
            path = JOURNALS / f"{self.chain.chain_id}-{genesis}.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def journal(self, path: Path | None) -> Journal:
        """The journal at `path`, or this chain's own."""
        return Journal.at(self.journal_path(path))


def signer(
    session: Session, keystore: Path | None, passphrase_file: Path | None, dev_account: int | None
) -> keys.Signer | None:
    """Who signs: a development account, a keystore, the environment's key, or nobody, which is a dry run."""
    if dev_account is not None:
        if session.chain.chain_id not in CHAIN_IDS.values():
            raise SigningKeyError(
                "Development accounts exist on local chains only; everybody knows their keys.",
                "Use --keystore, or the variable EVENKEEL_KEY.",
            )
        return keys.development_signer(dev_account)
    if keystore is not None and not keystore.is_file():
        raise SigningKeyError(f"There is no keystore {keystore}.", "Check the path. Make one: cast wallet import.")
    # nobody answers where there is no terminal
    return keys.find_signer(os.environ, keystore, passphrase_file, _ask if sys.stdin.isatty() else None)


def _ask() -> str:
    return str(typer.prompt("Passphrase", hide_input=True, err=True))


def required(found: keys.Signer | None, *, dry: bool = False) -> keys.Signer:
    """The signer, where there has to be one."""
    if found is None:
        raise SigningKeyError(
            "It has to be known who sends, in a dry run too." if dry else "Sending needs a key.",
            "Use --keystore FILE, the variable EVENKEEL_KEY, or on a local chain --dev-account 0.",
        )
    return found
