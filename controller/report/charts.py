"""The pictures of a run: weights in their bands, drift, value per share beside its shadows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.model import Mandate, TickRecord
from controller.report.axes import Axis, Mark, axis_for, drawn, time_marks
from controller.report.drawing import Chart, Panel, Path, Point, Readout, area, dots, path
from controller.report.metrics import Summary
from controller.report.wording import Words, amount, bps, cause, moment, percent, plural, points
from controller.units import BPS, D18, VALUE_DECIMALS

PALETTE = 8
"""Colours of the style sheet for assets, safe for colour-blind readers; every asset also has a panel of its own."""


@dataclass(frozen=True)
class Pictures:
    """All charts of a page; they share the axis of time."""

    charts: tuple[Chart, ...]
    marks: tuple[Mark, ...]
    at: tuple[float, ...]  # of each tick that is drawn, 0 to 1
    when: tuple[str, ...]


def pictures(ticks: Sequence[TickRecord], mandate: Mandate, summary: Summary, words: Words) -> Pictures:
    """Everything that is drawn of a run."""
    kept = drawn(ticks)
    shown = [ticks[number] for number in kept]
    start, span = summary.first.timestamp, max(summary.seconds, 1)
    at = tuple((tick.block.timestamp - start) / span for tick in shown)
    when = tuple(moment(tick.block.timestamp, summary, words) for tick in shown)
    value, gap = _value_charts(at, kept, summary, words)
    return Pictures(
        charts=(_weights_chart(at, shown, mandate, words), _drift_chart(at, shown, mandate), value, gap),
        marks=time_marks(words.when(summary.first.timestamp), words.when(summary.last.timestamp)),
        at=at,
        when=when,
    )


# ---- weights


def _weights_chart(at: Sequence[float], ticks: Sequence[TickRecord], mandate: Mandate, words: Words) -> Chart:
    assets = range(len(mandate.assets))
    tracks = [_weight_track(at, ticks, asset) for asset in assets]
    ranges = [_ranges(mandate, ticks[-1].targets[asset]) for asset in assets]
    farthest = max((abs(off) for track in tracks for _, off in track if off is not None), default=0.0)
    reach = max(*(band * 1.5 for band, _ in ranges), farthest * 1.08) or 1.0
    panels = tuple(
        _weight_panel(asset, tracks[asset], reach, at, ticks, ranges[asset], words.symbols[asset]) for asset in assets
    )
    notes = ["Each asset's share of the vault around its target"]
    if any(band for band, _ in ranges):
        notes.append("the area is its band")
    if any(end for _, end in ranges):
        notes.append("the darker area is the destination")
    return Chart("Weights", f"{'; '.join(notes)}.", panels)


def _ranges(mandate: Mandate, target: int) -> tuple[float, float]:
    """{bps} how far from a target the nearer of the bands and the destination are, zero without one."""
    trigger, end = mandate.trigger, mandate.destination
    bands = [float(trigger.band)] if trigger.band else []
    ends = [float(end.drift)] if trigger.band or not trigger.relative_band else []
    if trigger.relative_band:
        bands.append(trigger.relative_band * target / BPS)
        ends.append(end.relative_drift * target / BPS)
    return min(bands, default=0.0), min(ends)


def _weight(balances: Sequence[int], prices: Sequence[int], asset: int) -> float | None:
    """{bps} for showing."""
    if not all(prices):
        return None
    values = [balance * price for balance, price in zip(balances, prices, strict=True)]
    return values[asset] * BPS / sum(values) if sum(values) else None


def _weight_track(at: Sequence[float], ticks: Sequence[TickRecord], asset: int) -> list[Point]:
    """{bps} from the target at each tick and, after a rebalance, once more at the same place."""
    track: list[Point] = []
    for x, tick in zip(at, ticks, strict=True):
        weights = [_weight(tick.balances, tick.prices, asset)]
        if tick.outcome is not None:
            weights.append(_weight(_after(tick), tick.outcome.rebalance.prices, asset))
        track += [(x, None if weight is None else weight - tick.targets[asset]) for weight in weights]
    return track


def _after(tick: TickRecord) -> list[int]:
    """{qTok} of each asset when the trades of the tick are done."""
    balances = list(tick.balances)
    for fill in tick.outcome.rebalance.fills if tick.outcome else ():
        balances[fill.sell] -= fill.amount_in
        balances[fill.buy] += fill.amount_out
    return balances


def _weight_panel(
    asset: int,
    track: list[Point],
    reach: float,
    at: Sequence[float],
    ticks: Sequence[TickRecord],
    ranges: tuple[float, float],
    symbol: str,
) -> Panel:
    (band, end), axis = ranges, Axis(-reach, reach)
    weights = [_weight(tick.balances, tick.prices, asset) for tick in ticks]
    known = [weight for weight in weights if weight is not None]
    between = f"between {min(known) / 100:.1f}% and {max(known) / 100:.1f}%" if known else "unknown"
    first, target = (ticks[place].targets[asset] for place in (0, -1))
    moves = any(tick.targets[asset] != target for tick in ticks)
    aim = f"target from {points(first)} to {points(target)}" if moves else f"target {points(target)}"
    bands = f", band {points(round(band))}" if band else ""
    return Panel(
        css=f"strip c{asset % PALETTE}",
        description=f"Weight of {symbol} over time: {between}, {aim}{bands}.",
        legend=(
            Readout(symbol, "asset", tuple("-" if weight is None else f"{weight / 100:.2f}%" for weight in weights)),
        ),
        stripes=(
            area(axis, "band", -band, band),
            area(axis, "destination", -end, end),
            area(axis, "target", 0, 0),
        ),
        paths=(Path("line", path(track, axis)),),
        marks=tuple(
            Mark(axis.at(edge), _from_target(round(edge)) if moves else points(target + round(edge)))
            for edge in sorted({-band, 0.0, band})
        ),
    )


def _from_target(edge: int) -> str:
    """{bps} beside a target that moves."""
    return f"{'+' if edge > 0 else '-'}{points(abs(edge))}" if edge else "target"


# ---- drift


def _drift_chart(at: Sequence[float], ticks: Sequence[TickRecord], mandate: Mandate) -> Chart:
    track: list[Point] = []
    before: list[Point] = []
    after: list[Point] = []
    for x, tick in zip(at, ticks, strict=True):
        track.append((x, _bps(tick.drift) if tick.value else None))
        if tick.outcome is not None:
            track.append((x, _bps(tick.outcome.rebalance.drift_after)))
            before.append((x, _bps(tick.drift)))
            after.append(track[-1])
    band = mandate.trigger.band
    end = mandate.destination.drift if band or not mandate.trigger.relative_band else None
    highest = max([band, *(y for _, y in track if y is not None)]) or 1.0
    axis = Axis(-highest * 0.04, highest * 1.1)
    lines = [(band, "trigger", "Trigger")] if band else []
    lines += [(end, "goal", "Destination")] if end is not None else []
    said = "".join(f"{words.lower()} {value:,} bps, " for value, _, words in lines)
    panel = Panel(
        css="tall drift",
        description=(
            f"Largest drift of the vault over time: up to {highest:,.0f} bps, {said}{plural(len(before), 'rebalance')}."
        ),
        legend=(
            Readout("Drift", "line", tuple(bps(tick.drift) if tick.value else "-" for tick in ticks)),
            *(Readout(f"{words} {value:,} bps", css, ()) for value, css, words in lines),
            Readout("Rebalance", "mark", ()),
            Readout("This tick", "tick", tuple(_said(tick) for tick in ticks)),
        ),
        stripes=tuple(area(axis, css, value, value) for value, css, _ in lines),
        paths=(
            Path("line", path(track, axis)),
            Path("mark", dots(before, axis)),
            Path("mark end", dots(after, axis)),
        ),
        marks=axis.marks(5, lambda value: f"{value:,.0f}"),
    )
    return Chart(
        "Drift", "The largest drift of any asset in basis points; a rebalance drops it to where it ended.", (panel,)
    )


def _said(tick: TickRecord) -> str:
    """What a tick came to."""
    if tick.outcome is not None:
        rebalance = tick.outcome.rebalance
        return f"{cause(rebalance)}: {plural(len(rebalance.fills), 'trade')}, ends at {bps(rebalance.drift_after)}"
    if tick.error:
        return tick.error
    return tick.reason.value if tick.reason else "planned only"


def _bps(ratio: int) -> float:
    """D18{1} as {bps}, for showing."""
    return ratio * BPS / D18


# ---- value


def _value_charts(at: Sequence[float], kept: Sequence[int], summary: Summary, words: Words) -> tuple[Chart, Chart]:
    series = {
        "shadow": [summary.frictionless.series[number] for number in kept],
        "hold": [summary.hold_series[number] for number in kept],
        "line": [summary.vault_series[number] for number in kept],
    }
    labels = {"line": "Vault", "hold": "Buy-and-hold", "shadow": "Frictionless"}
    known = [value / 10**VALUE_DECIMALS for values in series.values() for value in values if value]
    wide = bool(known) and max(known) > 4 * min(known)
    axis = axis_for(known, logarithmic=wide)
    panel = Panel(
        css="tall value",
        description=(
            f"Value per share over time in {words.quote}. The vault changed by {percent(summary.growth, sign=True)}; "
            f"against buy-and-hold {percent(summary.against_hold, sign=True)}, against the frictionless vault "
            f"{percent(summary.against_frictionless, sign=True)}."
        ),
        legend=tuple(
            Readout(labels[css], css, tuple("-" if value is None else _fine(value) for value in series[css]))
            for css in labels
        ),
        stripes=(),
        paths=tuple(Path(css, path(_scaled(at, values), axis)) for css, values in series.items()),
        marks=axis.marks(6, _short),
    )
    scale = ", on a logarithmic scale" if wide else ""
    note = (
        f"In {words.quote}{scale}. Buy-and-hold keeps the first book; the frictionless vault follows the same rule at "
        "the oracle's prices for nothing."
    )
    return Chart("Value per share", note, (panel,)), _gap_chart(at, series["line"], series["shadow"])


def _gap_chart(at: Sequence[float], ours: Sequence[int | None], free: Sequence[int | None]) -> Chart:
    gaps = [
        None if mine is None or not other else (mine - other) * D18 // other
        for mine, other in zip(ours, free, strict=True)
    ]
    track: list[Point] = [(x, None if gap is None else _bps(gap)) for x, gap in zip(at, gaps, strict=True)]
    axis = axis_for([0.0, *(y for _, y in track if y is not None)])
    panel = Panel(
        css="short gap",
        description=f"Vault against the frictionless vault over time, ending at {_last(gaps)}.",
        legend=(Readout("Vault against frictionless", "line", tuple(bps(gap, sign=True) for gap in gaps)),),
        stripes=(area(axis, "target", 0, 0),),
        paths=(Path("line", path(track, axis)),),
        marks=axis.marks(4, lambda value: f"{value:+,.4g}" if value else "0"),
    )
    return Chart(
        "Against frictionless", "In basis points: what trading cost, and what late or failed trades did.", (panel,)
    )


def _last(gaps: Sequence[int | None]) -> str:
    return next((bps(gap, sign=True) for gap in reversed(gaps) if gap is not None), "-")


def _scaled(at: Sequence[float], values: Iterable[int | None]) -> list[Point]:
    return [(x, value / 10**VALUE_DECIMALS if value else None) for x, value in zip(at, values, strict=True)]


def _fine(value: int) -> str:
    """D36{quote/share} to six digits."""
    return amount(value, VALUE_DECIMALS)


def _short(value: float) -> str:
    """A value beside an axis: 12, 1.5, 200k."""
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size * 10:
            return f"{value / size:,.4g}{unit}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
