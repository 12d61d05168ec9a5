"""How the numbers of a run are said to people, in the page and on the console alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from controller.model import Cause, Mandate, Rebalance, Scope, Trigger, TriggerKind
from controller.report.metrics import Summary
from controller.units import BPS, D18, show_bps, show_value, to_decimal

DAY = 86_400
"""{s}."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Words:
    """What the chain does not know: names, the currency, and how chain time relates to the history it replays."""

    symbols: tuple[str, ...]  # one for each asset of the mandate
    quote: str = "USD"
    shift: int = 0  # {s} chain time less history time; what is shown is history time

    def when(self, timestamp: int) -> datetime:
        """History time of a chain timestamp; before 1970 too."""
        return _EPOCH + timedelta(seconds=timestamp - self.shift)

    def money(self, value: int) -> str:
        """D36{quote} with its currency."""
        return f"{show_value(value)} {self.quote}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the summary."""

    label: str
    shown: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def percent(ratio: int | None, places: int = 2, *, sign: bool = False) -> str:
    """D18{1} as per cent."""
    if ratio is None:
        return "-"
    return f"{to_decimal(ratio * 100, 18):{'+' if sign else ''},.{places}f}%"


def bps(ratio: int | None, *, sign: bool = False) -> str:
    """D18{1} as basis points."""
    if ratio is None:
        return "-"
    return f"{'+' if sign and ratio > 0 else ''}{show_bps(ratio)} bps"


def points(weight: int) -> str:
    """{bps} as per cent without needless zeros."""
    return f"{Decimal(weight) * 100 / BPS:f}".rstrip("0").rstrip(".") + "%" if weight % 100 else f"{weight // 100}%"


def weight_points(weight: int) -> str:
    """{bps} of a distance between weights, which is not a per cent of anything."""
    shown = points(weight)[:-1]
    return f"{shown} percentage point{'' if shown == '1' else 's'}"


def amount(raw: int, decimals: int) -> str:
    """{qTok} as whole tokens, or any scaled integer: six significant digits or two decimals, whichever is more."""
    exact = to_decimal(raw, decimals)
    places = min(decimals, max(2, 5 - exact.adjusted())) if exact else 0
    return f"{exact:,.{places}f}"


def duration(seconds: int) -> str:
    """{s} in the largest units that are whole enough to mean something."""
    for unit, size in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count:,} {unit}{'s' if count > 1 else ''}"
    return f"{seconds:,} seconds"


def plural(count: int, one: str) -> str:
    return f"{count:,} {one}{'' if count == 1 else 's'}"


CAUSES = {
    Cause.THRESHOLD: "band",
    Cause.CALENDAR: "calendar",
    Cause.THRESHOLD_AND_CALENDAR: "band and calendar",
    Cause.OPEN: "next part",
}


def cause(rebalance: Rebalance) -> str:
    """Why a rebalance was made, and whether more of it was to follow."""
    return CAUSES[rebalance.cause] + (", in parts" if rebalance.open and rebalance.cause is not Cause.OPEN else "")


def mandate_words(mandate: Mandate, words: Words) -> tuple[str, ...]:
    """The mandate as sentences."""
    limits = mandate.limits
    sentences = [
        *_path_words(mandate, words),
        f"{_when(mandate.trigger)}, bring {_where(mandate)}.",
        f"Lose no more than {points(limits.max_slippage)} in a trade and {points(limits.max_loss)} of the vault in a "
        f"rebalance against the oracle, and {points(limits.loss_budget)} in any {duration(limits.budget_window)}.",
        f"Sell no more than {points(limits.turnover_budget)} of the vault in any {duration(limits.budget_window)}.",
    ]
    if mandate.destination.window:
        sentences.append(f"Finish within {duration(mandate.destination.window)} what cannot be done at once.")
    if mandate.trigger.cooldown:
        sentences.append(f"Wait {duration(mandate.trigger.cooldown)} between two rebalances.")
    sentences.append(f"Trade nothing smaller than {words.money(mandate.min_trade_value)}.")
    if mandate.spread:
        sentences.append(f"Single assets come and go with a spread of {points(mandate.spread)}.")
    fees = mandate.fees
    if fees.management or fees.performance:
        sentences.append(
            f"Take {points(fees.management)} of the shares a year and {points(fees.performance)} of new highs as fees."
        )
    return tuple(sentences)


def _path_words(mandate: Mandate, words: Words) -> list[str]:
    first, last = mandate.path[0], mandate.path[-1]

    def held(weights: tuple[int, ...]) -> str:
        return ", ".join(f"{points(weight)} {symbol}" for weight, symbol in zip(weights, words.symbols, strict=True))

    if first.weights == last.weights and len(mandate.path) <= 2:
        return [f"Hold {held(first.weights)}."]
    begin, end = (f"{words.when(knot.time):%Y-%m-%d}" for knot in (first, last))
    return [f"Hold {held(first.weights)} until {begin}, and glide to {held(last.weights)} on {end}."]


def _when(trigger: Trigger) -> str:
    bands = []
    if trigger.band:
        bands.append(f"{weight_points(trigger.band)} or more away from its target")
    if trigger.relative_band:
        bands.append(f"{points(trigger.relative_band)} of its target or more away from it")
    drifted = f"the weight of an asset is {', or '.join(bands)}"
    if trigger.kind is TriggerKind.THRESHOLD:
        return f"When {drifted}"
    period = trigger.period.name.lower()
    calendar = f"every {period}" if trigger.every == 1 else f"every {trigger.every} {period}s"
    if trigger.kind is TriggerKind.CALENDAR:
        return calendar.capitalize()
    link = "and" if trigger.kind is TriggerKind.BOTH else "or"
    return f"When {drifted}, {link} {calendar}"


def _where(mandate: Mandate) -> str:
    end, everything = mandate.destination, mandate.destination.scope is Scope.BOOK
    ends = []
    if end.drift:
        ends.append(weight_points(end.drift))
    if end.relative_drift:
        ends.append(f"{points(end.relative_drift)} of the target")
    reach = f"within {' and '.join(ends)} of" if ends else "to"
    what = "every asset" if everything else "the assets that far away"
    return f"{what} back {reach} {'its target' if everything else 'their targets'}"


def moment(timestamp: int, summary: Summary, words: Words) -> str:
    """History time of a tick: its date where ticks are about a day or more apart, else to the minute."""
    daily = summary.ticks > 1 and summary.seconds * 10 >= 9 * DAY * (summary.ticks - 1)
    return f"{words.when(timestamp):{'%Y-%m-%d' if daily else '%Y-%m-%d %H:%M'}}"


def period(summary: Summary, words: Words) -> str:
    """First to last tick in history time."""
    return f"{moment(summary.first.timestamp, summary, words)} to {moment(summary.last.timestamp, summary, words)}"


def sections(summary: Summary, words: Words) -> tuple[Section, ...]:
    """The summary, line by line."""
    return (
        Section("Ticks", _tick_rows(summary)),
        Section("Trading", _trading_rows(summary, words)),
        Section("Gas", _gas_rows(summary, words)),
        Section("Result", _result_rows(summary, words)),
    )


def _tick_rows(summary: Summary) -> tuple[Row, ...]:
    rows = [Row("Ticks", f"{summary.ticks:,}"), Row("Rebalances", f"{summary.rebalances:,}")]
    rows += [Row(f"  {CAUSES[cause]}", f"{count:,}") for cause, count in summary.causes.items()]
    if summary.planned:
        rows.append(Row("Planned only", f"{summary.planned:,}", "not sent, or never mined"))
    rows.append(Row("Correctly idle", f"{summary.idle_ticks:,}"))
    rows += [Row(f"  {reason.value}", f"{count:,}") for reason, count in summary.idle.items()]
    rows.append(Row("Ended by an error", f"{summary.failed_ticks:,}"))
    rows += [Row(f"  {name}", f"{count:,}") for name, count in summary.errors.items()]
    rows.append(Row("Largest drift", bps(summary.max_drift)))
    return tuple(rows)


def _trading_rows(summary: Summary, words: Words) -> tuple[Row, ...]:
    turnover = percent(summary.turnover, 1)
    if summary.turnover is not None and summary.seconds >= 365 * DAY:
        turnover += f" ({percent(summary.turnover * 365 * DAY // summary.seconds, 1)} a year)"
    return (
        Row("Trades", f"{summary.trades:,}"),
        Row("Sold", words.money(summary.traded), "at the oracle's prices"),
        Row("Turnover", turnover, "sold over average value"),
        Row("Cost", words.money(summary.cost), "sold less bought, at the oracle's prices"),
        Row("Cost of what was sold", bps(summary.cost_of_traded)),
        Row("Cost of average value", bps(summary.cost_of_value)),
        Row("Worst trade", bps(summary.worst_trade, sign=True), "execution price against the oracle's"),
        Row("Loss budget in use", percent(summary.loss_budget_used, 1), "at most, of what may be lost at once"),
        Row("Turnover budget in use", percent(summary.turnover_budget_used, 1), "at most, of what may be sold at once"),
    )


def _gas_rows(summary: Summary, words: Words) -> tuple[Row, ...]:
    each = summary.gas_per_rebalance
    rows = [
        Row("Gas", f"{summary.gas:,}"),
        Row("Gas per rebalance", "-" if each is None else f"{each:,}"),
    ]
    if summary.gas_value is not None:
        rows.append(Row("Gas in quote", words.money(summary.gas_value), "at the gas price that was given"))
    return tuple(rows)


def _result_rows(summary: Summary, words: Words) -> tuple[Row, ...]:
    def money(value: int | None) -> str:
        return "-" if value is None else words.money(value)

    return (
        Row("Final value", money(summary.vault_value), "at the last tick"),
        Row("  value per share", percent(summary.growth, sign=True), "first tick to last"),
        Row("Buy-and-hold", money(summary.hold_value), "the first book, untouched"),
        Row("  vault against it", percent(summary.against_hold, sign=True)),
        Row(
            "Frictionless",
            money(summary.frictionless_value),
            f"the same rule at the oracle's prices, {plural(len(summary.frictionless.rebalances), 'rebalance')}",
        ),
        Row("  vault against it", percent(summary.against_frictionless, sign=True)),
    )


def rate(sold: int, sold_decimals: int, bought: int, bought_decimals: int) -> str:
    """Whole tokens bought for one whole token sold, eight significant digits."""
    if not sold:
        return "-"
    # D18{tok of buy/tok of sell} = {qTok of buy} * {qTok/tok of sell} * D18 / ({qTok of sell} * {qTok/tok of buy})
    exact = to_decimal(bought * 10**sold_decimals * D18 // (sold * 10**bought_decimals), 18)
    return f"{exact:,.{max(2, 7 - exact.adjusted()) if exact else 2}f}"
