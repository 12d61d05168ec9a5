"""evenkeel vault fees"""

from __future__ import annotations

from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.output import out, print_json, print_pairs
from controller.cli.owning import carry_out
from controller.cli.session import Session, required, signer
from controller.model import ZERO_ADDRESS
from controller.report.wording import points
from controller.units import to_decimal


def fees(
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    keystore: options.Keystore = None,
    passphrase_file: options.PassphraseFile = None,
    dev_account: options.DevAccount = None,
    broadcast: options.Broadcast = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what is owed of the vault's fees; with --broadcast, take it: new shares for their recipient. Anyone may."""
    session = Session.open(network, url, networks, deployments)
    key = signer(session, keystore, passphrase_file, dev_account)
    snapshot = session.snapshot(vault)
    clone, terms = Contract(session.chain, snapshot.vault, "IVault"), snapshot.mandate.fees
    asking = key.address if key else ZERO_ADDRESS
    management, performance = clone.read("takeFees", block=snapshot.block, sender=asking)
    owed = {"management_shares": str(management), "performance_shares": str(performance), "recipient": terms.recipient}
    done: dict[str, object] = {"vault": snapshot.vault, "gas": None, "transaction": None}
    if broadcast:
        done = carry_out(session, required(key), snapshot.vault, clone.encode("takeFees"), broadcast=True)
    if as_json:
        print_json({**owed, **done})
        return
    rates = {"management, a year": points(terms.management), "performance": points(terms.performance)}
    shares = {"owed for management": management, "owed for performance": performance}
    words = {name: f"{to_decimal(count, 18):f} shares" for name, count in shares.items()}
    print_pairs("Fees", {**rates, **words, "recipient": terms.recipient, "transaction": done["transaction"]})
    if not broadcast:
        out.print("[yellow]Dry run:[/yellow] nothing was sent. Add --broadcast to take them.")
