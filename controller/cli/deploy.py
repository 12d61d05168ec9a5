"""evenkeel deploy"""

from __future__ import annotations

from rich.table import Table

from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session, required, signer
from controller.deploy.run import Action, Driver, StepResult
from controller.deploy.sender import SigningSender
from controller.deploy.source import source_commit


def deploy(
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
    """Deploy the contracts that a network lacks; what stands already is kept. Dry without --broadcast."""
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    driver = Driver(
        session.chain,
        SigningSender(key),
        session.directory,
        source_commit(),
        broadcast,
        session.network.confirmations,
        lambda step: None if as_json else out.print(_line(step)),
    )
    results = driver.network(session.network.values())
    if as_json:
        print_json([_document(step) for step in results])
        return
    table = Table(title=f"Chain {session.chain.chain_id}, records in {session.directory}", title_justify="left")
    for heading in ("contract", "address", "action", "gas"):
        table.add_column(heading, justify="right" if heading == "gas" else "left", overflow="fold")
    for step in results:
        table.add_row(step.name, step.address, step.action.value, f"{step.gas:,}")
    out.print(table)
    if not broadcast and any(step.action is Action.DEPLOY for step in results):
        out.print("[yellow]Dry run:[/yellow] nothing was sent. Add --broadcast to send.")


def _line(step: StepResult) -> str:
    why = f", {step.reason}" if step.reason and step.action is Action.DEPLOY else ""
    return f"[dim]{step.name}: {step.action.value}{why}[/dim]"


def _document(step: StepResult) -> dict[str, object]:
    return {
        "name": step.name,
        "action": step.action.value,
        "reason": step.reason,
        "address": step.address,
        "gas": step.gas,
    }
