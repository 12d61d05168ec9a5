"""What a person reads of a keeper's events while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import structlog
from rich.markup import escape

from controller.cli.output import out
from controller.keeper.logs import Event
from controller.units import show_bps, show_value


def tell(named: Callable[[str], str]) -> structlog.typing.Processor:
    """The last processor of a keeper's log: an event as its lines, coloured where the terminal is; most have none.

    Parameters
    ----------
    named : puts names into a text in the place of addresses.
    """

    def processor(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
        lines = _LINES.get(event["event"], _nothing)(event)
        if not lines:
            raise structlog.DropEvent
        with out.capture() as printed:
            out.print(named("\n".join(lines)), soft_wrap=True)
        return printed.get().removesuffix("\n")

    return processor


Lines = list[str]


def _nothing(_event: Mapping[str, Any]) -> Lines:
    return []


def _tick(event: Mapping[str, Any]) -> Lines:
    return [
        f"{_vault(each, event)}[green]No trade:[/green] {each['reason']}, {escape(each['detail'])}."
        if each["reason"]
        else f"{_vault(each, event)}[yellow]Planned:[/yellow] {escape(each['detail'])}."
        for each in event["listed"]
        if not each["error"]
    ]


def _vault(each: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    return f"{each['vault']}: " if event["vaults"] > 1 else ""


def _outcome(event: Mapping[str, Any]) -> Lines:
    if event["fate"] != "EXECUTED":
        return [f"[red]Not executed:[/red] {escape(event['reason'] or event['fate'].lower())}."]
    cost = int(event["value_before"]) - int(event["value_after"])
    return [
        f"[bold green]Rebalanced[/bold green] in block {event['block']}: drift "
        f"{show_bps(int(event['drift_before']))} to {show_bps(int(event['drift_after']))} bps, cost "
        f"{show_value(cost)}, {event['gas'] or 0:,} gas, transaction {event['transaction']}."
    ]


def _stopped(event: Mapping[str, Any]) -> Lines:
    if not event["under_way"]:
        return ["Stopped."]
    return [
        f"Stopped with {event['under_way']} transaction(s) under way: the next run looks for them first and goes on."
    ]


_LINES: Final[Mapping[str, Callable[[Mapping[str, Any]], Lines]]] = {
    Event.TICK: _tick,
    Event.INTENT: lambda event: [f"Sent transaction {event['transaction']}{' to cancel it' * event['cancels']}."],
    Event.OUTCOME: _outcome,
    Event.HELD: lambda event: [f"[yellow]Held back:[/yellow] {escape(event['why'])}."],
    Event.SKIPPED: lambda event: [f"[yellow]Skipped:[/yellow] {event['ticks']} tick(s) while another was under way."],
    Event.TROUBLE: lambda event: [f"[bold red]Error:[/bold red] {escape(event['detail'])}"],
    Event.ALERT: lambda event: [
        f"[yellow]Alert {event['kind']}, {event['phase']}:[/yellow] {escape(event['what'])}",
    ],
    Event.LIBRARY: lambda event: [f"[dim]{escape(event['library'])}: {escape(event['said'])}[/dim]"],
    Event.STOPPED: _stopped,
}
