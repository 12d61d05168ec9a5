"""evenkeel tax harvest"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from controller.cli import options, tax_options
from controller.cli.output import out, print_json
from controller.cli.tax_plans import Today
from controller.config import quantities
from controller.errors import InputError, Mistake, UsageError
from controller.tax.exports.names import money, spoken
from controller.tax.harvest import Costs, Declined, Past, Proposal, proposals, swapped
from controller.tax.laws.law import NO_ADVICE
from controller.tax.movements import Lot
from controller.units import D18, to_decimal


def harvest(
    given: tax_options.Given,
    *,
    partner: Annotated[
        list[str] | None, typer.Option(help="Which asset may take another's place, EQUITY=WORLD; repeatable.")
    ] = None,
    trading: Annotated[str, typer.Option(help="What a trade costs, fee and impact.")] = "0.3%",
    gas: Annotated[str, typer.Option(help="What the gas of a rebalance costs.")] = "5 USD",
    node: tax_options.Node,
    as_json: options.AsJson = False,
) -> None:
    """Propose losses that are worth taking, with a partner asset in their place. Nothing is sent.

    Only where the tax saved this year exceeds trading and gas, and no purchase inside the window spoils the loss.
    """
    if given.rates is None:
        raise UsageError("A saving cannot be told without rates.", "Name them: --rates 37%,20% (short and long-term).")
    costs = _costs(trading, gas)
    today = Today.read(node.open(), given)
    acquired = [one for one in today.books.movements if isinstance(one, Lot)]
    found, declined = proposals(
        [one for one in today.lots if one.lot.asset not in today.kept],
        _partners(partner or (), today.names),
        today.prices,
        Past(acquired, today.booked.matches, today.request.day),
        law=today.request.law,
        rule=today.request.wash,
        rates=today.request.rates,
        before=today.before,
        costs=costs,
        now=today.books.block.timestamp,
    )
    losing = dict.fromkeys(one.lot.asset for one in today.lots if one.gain < 0 and one.lot.asset in today.kept)
    declined = (*declined, *(Declined(name, f"the profile keeps it until {today.kept[name]}") for name in losing))
    documents = [_document(today, one) for one in found]
    notes = [NO_ADVICE, *today.notes()]
    refused = [{"asset": one.asset, "why": one.why} for one in declined]
    if as_json:
        print_json({"notes": notes, "proposals": documents, "declined": refused})
        return
    for one in documents:
        out.print(_words(one), markup=False, soft_wrap=True)
    for other in declined:
        out.print(f"{other.asset} is left alone: {other.why}.", style="dim", markup=False, soft_wrap=True)
    if not (documents or declined):
        out.print("No lot is below its cost.")
    for note in notes:
        out.print(note, markup=False, soft_wrap=True)


def _costs(trading: str, gas: str) -> Costs:
    try:
        return Costs(quantities.share(trading), quantities.money(gas) * D18)
    except ValueError as error:
        raise UsageError(f"--trading or --gas: {error}.") from None


def _partners(given: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    pairs, mistakes = {}, []
    for text in given:
        asset, _, other = text.partition("=")
        if asset not in names or other not in names or asset == other:
            mistakes.append(Mistake(text, f"write ASSET=OTHER; assets of the vault: {', '.join(names)}"))
        pairs[asset] = other
    if mistakes:
        raise InputError("The partners cannot be read.", "Both have to be in the mandate.", tuple(mistakes))
    return pairs


def _document(today: Today, one: Proposal) -> dict[str, Any]:
    held = [
        balance * price.value for balance, price in zip(today.snapshot.balances, today.snapshot.prices, strict=True)
    ]
    asset, partner = today.names.index(one.asset), today.names.index(one.partner)
    targets = swapped(today.snapshot.targets, asset, partner, one.value, sum(held))
    return {
        "asset": one.asset,
        "partner": one.partner,
        "lots": {name: today.books.names.quantity(one.asset, quantity) for name, quantity in one.lots},
        "value": money(one.value),
        "loss": money(one.loss),
        "saved": money(one.saved),
        "cost": money(one.cost),
        "not_before": one.not_before.isoformat(),
        "targets_bps": dict(zip(today.names, targets, strict=True)),
        "within_mandate": all(
            each.min_weight <= target <= each.max_weight
            for each, target in zip(today.snapshot.mandate.assets, targets, strict=True)
        ),
    }


def _words(one: dict[str, Any]) -> str:
    targets = ", ".join(f"{name} {to_decimal(target, 2)}%" for name, target in one["targets_bps"].items())
    limits = "" if one["within_mandate"] else ", which need another mandate: they are outside its weights"
    lots = ", ".join(f"{quantity} of lot {name}" for name, quantity in one["lots"].items())
    return (
        f"Sell {lots} of {one['asset']} for {one['partner']}: a loss of {spoken(one['loss'])} saves "
        f"{spoken(one['saved'])} this year and costs {spoken(one['cost'])}. Buy {one['asset']} back not before "
        f"{one['not_before']}. The group keeps its weight "
        f"with the targets {targets}{limits}."
    )
