"""From a snapshot to a plan, or to a reason for none, in two phases around the quotes.

`propose` says what to ask the venues for, `finish` what to make of their answers; `decide` runs both. No plan leaves
here that the contract would refuse at the state of the snapshot, with the quoted amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.errors import InputError
from controller.model import Decision, NoTrade, Plan, Quote, Reason, Snapshot, Trade
from controller.planning import due, rules, sizing
from controller.planning.pairing import Pair
from controller.planning.rules import Violation
from controller.units import BPS, show_bps, show_value

ROUNDS = 6
"""Rounds of quotes for one plan. Each one takes up what the one before it got wrong, a few percent of it at most."""

MAX_AMOUNT = 2**128 - 1
"""{qTok} the most that one trade can carry (Trade.amountIn)."""


@dataclass(frozen=True, slots=True)
class Want:
    """A trade to ask quotes for."""

    sell: int
    buy: int
    amount_in: int  # {qTok of sell}


@dataclass(frozen=True, slots=True)
class Requote:
    """The quotes moved the sizes: ask again, for these."""

    wants: tuple[Want, ...]


QuoteSource = Callable[[tuple[Want, ...]], Sequence[Quote]]
"""Quotes for wants that are executed in this order, each against what the ones before it leave behind."""


def decide(
    snapshot: Snapshot,
    targets: tuple[int, ...],
    quote: QuoteSource,
    *,
    now: int,
    deadline: int,
    journal_head: bytes,
    tolerance: int,
) -> Decision:
    """Both phases, with as many rounds of quotes as the sizes need, at most `ROUNDS`. Parameters as below."""
    wants = propose(snapshot, targets, now=now)
    if isinstance(wants, NoTrade):
        return wants
    for rounds_left in reversed(range(ROUNDS)):
        result = finish(
            snapshot,
            wants,
            quote(wants),
            deadline=deadline,
            journal_head=journal_head,
            tolerance=tolerance,
            rounds_left=rounds_left,
        )
        if not isinstance(result, Requote):
            return result
        wants = result.wants
    raise AssertionError("finish does not ask for quotes again when no round is left")


def propose(snapshot: Snapshot, targets: tuple[int, ...], *, now: int) -> NoTrade | tuple[Want, ...]:
    """What to trade if trading were free.

    Parameters
    ----------
    targets : {bps} of the strategy; those of the mandate, because the vault enforces them.
    now : {s} chain time at which the plan is meant to execute.

    Raises
    ------
    InputError
        When `targets` are not the mandate's.
    """
    mandate = snapshot.mandate
    if targets != mandate.targets:
        raise InputError(
            f"The strategy's targets {list(targets)} are not those that the vault enforces, {list(mandate.targets)}.",
            "Use the strategy that the vault was created for.",
        )
    return due.why_not(snapshot, now) or _wants(snapshot, (0,) * len(targets))


def finish(
    snapshot: Snapshot,
    wants: tuple[Want, ...],
    quotes: Sequence[Quote],
    *,
    deadline: int,
    journal_head: bytes,
    tolerance: int,
    rounds_left: int,
) -> Plan | NoTrade | Requote:
    """What to make of the quotes.

    Parameters
    ----------
    wants : of `propose`, or of the last `Requote`.
    quotes : any number for each want; the best of each is taken.
    deadline : {s} last acceptable block timestamp.
    journal_head : 32 bytes, head of the keeper's journal.
    tolerance : {bps} by which a trade may return less than quoted.
    rounds_left : how often `Requote` may still be answered; with 0 the result is final.
    """
    taken = [best(want, quotes) for want in wants]
    routed = [quote for quote in taken if quote is not None]
    if len(routed) < len(wants):
        want = wants[taken.index(None)]
        sell, buy = due.name(snapshot, want.sell), due.name(snapshot, want.buy)
        return NoTrade(Reason.NO_ROUTE, f"no venue quotes {want.amount_in} of {sell} for {buy}")
    refused = _refused(snapshot, routed)
    if refused is None:
        trades = tuple(_trade(snapshot, quote, tolerance) for quote in routed)
        block = snapshot.block
        return Plan(snapshot.nonce, deadline, block.number, block.hash, journal_head, trades)
    if refused.name in ("OutputTooLow", "LossTooHigh"):
        return NoTrade(Reason.COST_ABOVE_LIMIT, _explain(snapshot, refused))
    resized = _wants(snapshot, _costs(snapshot, routed), [(want.sell, want.buy) for want in wants])
    if isinstance(resized, NoTrade):
        return resized
    if resized == wants:
        return NoTrade(
            Reason.BELOW_MIN_TRADE, f"no smaller step reaches the destination: {_explain(snapshot, refused)}"
        )
    if not rounds_left:
        return NoTrade(Reason.COST_ABOVE_LIMIT, f"quotes do not settle: {_explain(snapshot, refused)}")
    return Requote(resized)


def best(want: Want, quotes: Sequence[Quote]) -> Quote | None:
    """The quote that returns most for a want, the first of equals; None when there is none."""
    fitting = [q for q in quotes if (q.sell, q.buy, q.amount_in) == (want.sell, want.buy, want.amount_in)]
    return max(fitting, key=lambda quote: quote.amount_out, default=None)


def _prices(snapshot: Snapshot) -> list[int]:
    return [price.value for price in snapshot.prices]


def _wants(snapshot: Snapshot, costs: Sequence[int], kept: Sequence[Pair] = ()) -> NoTrade | tuple[Want, ...]:
    mandate, prices = snapshot.mandate, _prices(snapshot)
    transfers = sizing.transfers(rules.values(snapshot.balances, prices), costs, mandate, kept)
    minimum = show_value(mandate.min_trade_value)
    if transfers is None:
        return NoTrade(Reason.BELOW_MIN_TRADE, f"trades of at least {minimum} cannot reach the destination")
    if not transfers:
        return NoTrade(Reason.BELOW_MIN_TRADE, f"what is left to the destination is worth less than {minimum}")
    return tuple(
        Want(transfer.sell, transfer.buy, _amount(transfer.value, prices[transfer.sell], mandate.min_trade_value))
        for transfer in transfers
    )


def _amount(value: int, price: int, minimum: int) -> int:
    """{qTok} for a scaled value: rounded down, so that nothing crosses, but not below the `minimum` D36{quote}."""
    amount = value // (BPS * price)
    return min(amount if amount * price >= minimum else amount + 1, MAX_AMOUNT)


def _costs(snapshot: Snapshot, quotes: Sequence[Quote]) -> list[int]:
    """D36{quote} that buying each asset loses by the quotes: in * sell price - out * buy price."""
    prices = _prices(snapshot)
    costs = [0] * len(prices)
    for quote in quotes:
        costs[quote.buy] += quote.amount_in * prices[quote.sell] - quote.amount_out * prices[quote.buy]
    return costs


def _refused(snapshot: Snapshot, quotes: Sequence[Quote]) -> Violation | None:
    """What the contract would say to the trades and to their net result, at the quoted amounts."""
    mandate, prices = snapshot.mandate, _prices(snapshot)
    after = list(snapshot.balances)
    for index, quote in enumerate(quotes):
        refused = rules.check_trade(index, quote, prices, mandate)
        if refused is not None:
            return refused
        after[quote.sell] -= quote.amount_in
        after[quote.buy] += quote.amount_out
    return rules.check_net(snapshot.balances, after, prices, mandate)


def _trade(snapshot: Snapshot, quote: Quote, tolerance: int) -> Trade:
    prices = _prices(snapshot)
    floor = rules.oracle_floor(quote.amount_in, prices[quote.sell], prices[quote.buy], snapshot.mandate.max_slippage)
    least = max(floor, quote.amount_out * (BPS - tolerance) // BPS)
    return Trade(quote.sell, quote.buy, quote.venue, quote.amount_in, least, quote.route)


def _explain(snapshot: Snapshot, refused: Violation) -> str:
    """A violation in words and numbers for people."""
    mandate, found = snapshot.mandate, dict(refused.arguments)
    if refused.name == "LossTooHigh":
        loss, maximum = show_value(found["loss"]), show_value(found["maximum"])
        return f"the trades would lose {loss}, at most {maximum} is allowed"
    if refused.name == "OutputTooLow":
        short = BPS * (found["minimum"] - found["amountOut"]) // found["minimum"]
        return (
            f"trade {found['trade']} would return {found['amountOut']}, at least {found['minimum']} is required "
            f"({mandate.max_slippage} bps from the oracle); {short} bps are missing"
        )
    if refused.name == "TradeTooSmall":
        value, minimum = show_value(found["value"]), show_value(found["minimum"])
        return f"trade {found['trade']} is worth {value}, the smallest is {minimum}"
    where = due.name(snapshot, found["asset"])
    if refused.name == "DestinationMissed":
        return f"{where} would end {show_bps(found['drift'])} bps off, destination {mandate.destination} bps"
    return f"{where} would cross its target of {found['target']} bps"
