"""Books of all kinds for property tests: mandates that MandateRules accepts, and vaults under them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import assume
from hypothesis import strategies as st
from planning_pieces import BPS, DAY, DOLLAR, NOW, change, make_mandate, make_snapshot, price

from controller.model import Knot, Mandate, Period, Scope, Snapshot, TriggerKind
from controller.planning.budget import capacity

YEAR = 365 * DAY  # {s}


@st.composite
def targets_of(draw: st.DrawFn, assets: int) -> tuple[int, ...]:
    """{bps}, zero now and then, summing to 10,000."""
    parts = draw(st.lists(st.integers(0, 100), min_size=assets, max_size=assets))
    parts[0] = parts[0] or 1
    targets = [part * BPS // sum(parts) for part in parts]
    targets[targets.index(max(targets))] += BPS - sum(targets)
    return tuple(targets)


@st.composite
def mandates(
    draw: st.DrawFn, places: Sequence[int], value: int, now: int, kinds: Sequence[TriggerKind], **fixed: object
) -> Mandate:
    """Absolute or relative bands or both, a calendar, targets that stay or glide, in parts or whole; for a vault of
    `value` {quote}. Values of the mandate may be `fixed`."""
    targets = draw(targets_of(len(places)))
    kind = draw(st.sampled_from(kinds))
    band = draw(st.sampled_from([50, 100, 200, 500]))
    relative = draw(st.sampled_from([0, 0, 1_000, 2_500]))
    calendar: dict[str, object] = {}
    if kind is not TriggerKind.THRESHOLD:
        calendar["period"] = draw(st.sampled_from(Period))
        calendar["every"] = draw(st.sampled_from([1, 1, 2, 5]))
        calendar["anchor"] = now - draw(st.sampled_from([-DAY, 0, 1, 31 * DAY, 3 * YEAR]))
    if kind is TriggerKind.CALENDAR:
        relative = 0
    absolute = 0 if kind is TriggerKind.CALENDAR or (relative and draw(st.booleans())) else band
    drift = draw(st.sampled_from([0, band // 10, band // 2, band - 1]))
    max_loss = draw(st.sampled_from([10, 50, 100]))
    knots = [Knot(0, targets)]
    if draw(st.booleans()):
        knots = [Knot(now - 1_000, targets), Knot(now + draw(st.integers(1, 5_000)), draw(targets_of(len(places))))]
    mandate = make_mandate(
        targets,
        places,
        kind=kind,
        band=absolute,
        relative_band=relative,
        destination=0 if relative and not absolute else drift,
        relative_destination=draw(st.sampled_from([0, relative // 2])),
        scope=draw(st.sampled_from(Scope)),
        window=draw(st.sampled_from([0, DAY, 30 * DAY])),
        min_trade=draw(st.sampled_from([10**18, 100 * 10**18, value * 10**14, value * 10**15])),
        max_slippage=draw(st.sampled_from([50, 100, 300])),
        max_loss=max_loss,
        loss_budget=max_loss * draw(st.sampled_from([2, 3, 20])),
        turnover_budget=draw(st.sampled_from([500, 5_000, 40_000])),
        max_trades=draw(st.sampled_from([1, 4, 16])),
        path=tuple(knots),
        **calendar,
    )
    return change(mandate, **fixed)


@st.composite
def vaults(
    draw: st.DrawFn,
    largest: int = 16,
    decimals: tuple[int, ...] = (6, 8, 18),
    now: int = NOW,
    kinds: Sequence[TriggerKind] = (TriggerKind.THRESHOLD,),
    **fixed: object,
) -> Snapshot:
    """2 to 16 assets, off their targets by up to four bands, worth 10^4 to 10^8 dollars, tokens of 1 cent to 10^5;
    budgets fresh or in use, perhaps with an open rebalance. Values of the mandate may be `fixed`."""
    assets = draw(st.integers(2, largest))
    places = draw(st.lists(st.sampled_from(decimals), min_size=assets, max_size=assets))
    value = 10 ** draw(st.integers(4, 8))  # {quote}
    mandate = draw(mandates(places, value, now, kinds, **fixed))
    cents = draw(st.lists(st.integers(1, 10**7), min_size=assets, max_size=assets))
    prices = [price(Fraction(cent, 100), digits) for cent, digits in zip(cents, places, strict=True)]
    band = mandate.trigger.band or 200
    off = draw(st.lists(st.integers(-4 * band, 4 * band), min_size=assets, max_size=assets))
    weights = [max(target + drift, 0) for target, drift in zip(mandate.path[0].weights, off, strict=True)]
    assume(sum(weights))
    balances = [value * DOLLAR * weight // (sum(weights) * each) for weight, each in zip(weights, prices, strict=True)]
    opened = mandate.destination.window > 0 and draw(st.booleans())
    limits = mandate.limits
    return make_snapshot(
        mandate,
        balances,
        prices,
        loss_used=capacity(limits.loss_budget) * draw(st.sampled_from([0, 0, 50, 99, 100])) // 100,
        turnover_used=capacity(limits.turnover_budget) * draw(st.sampled_from([0, 0, 50, 99, 100])) // 100,
        last_rebalance=now - 100 if opened else 0,
        open_until=now + 100 if opened else 0,
        breaches=draw(st.integers(1, 2**assets - 1)) if opened else 0,
    )
