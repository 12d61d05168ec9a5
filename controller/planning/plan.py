"""From a snapshot to a plan, or to a reason for none, in two phases around the quotes.

`propose` says what to ask the venues for, `finish` what to make of their answers; `decide` runs both. No plan leaves
here that the contract would refuse at the state of the snapshot, with the quoted amounts.

A rebalance is made whole where the limits allow it. Where they do not, and the mandate allows parts, the plan is one
part: the same trades, cut down (`parts`). The next tick goes on from there, as long as the rebalance is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controller.errors import InputError
from controller.model import Decision, NoTrade, Plan, Quote, Reason, Snapshot, Trade
from controller.planning import checks, due, parts, rules, sizing, worth
from controller.planning.book import Book
from controller.planning.budget import Bucket
from controller.planning.checks import Violation
from controller.planning.pairing import Pair
from controller.planning.wants import QuoteSource, Want, parted, taken
from controller.planning.wording import explain
from controller.planning.worth import Terms
from controller.units import BPS, D18, show_value

ROUNDS = 6
"""Rounds of quotes for a whole rebalance, and as many again for a part. Each one takes up what the one before it got
wrong, a few percent of it at most; a part at least halves a trade that slips too far."""

MAX_AMOUNT = 2**128 - 1
"""{qTok} the most that one trade can carry (Trade.amountIn)."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Trades to ask quotes for, in this order."""

    wants: tuple[Want, ...]
    part: bool = False  # whether they are one part of a rebalance


NO_TERMS = Terms()


def decide(
    snapshot: Snapshot,
    targets: tuple[int, ...],
    quote: QuoteSource,
    *,
    now: int,
    deadline: int,
    journal_head: bytes,
    tolerance: int,
    terms: Terms = NO_TERMS,
) -> Decision:
    """Both phases, with as many rounds of quotes as the sizes need, at most `ROUNDS`. Parameters as below."""
    proposal = propose(snapshot, targets, now=now, terms=terms)
    rounds_left = ROUNDS
    while isinstance(proposal, Proposal):
        rounds_left -= 1
        result = finish(
            snapshot,
            proposal,
            quote(proposal.wants),
            now=now,
            deadline=deadline,
            journal_head=journal_head,
            tolerance=tolerance,
            rounds_left=rounds_left,
            terms=terms,
        )
        if not isinstance(result, Proposal):
            return result
        if result.part and not proposal.part:
            rounds_left = ROUNDS
        proposal = result
    return proposal


def propose(snapshot: Snapshot, targets: tuple[int, ...], *, now: int, terms: Terms = NO_TERMS) -> NoTrade | Proposal:
    """What to trade if trading were free.

    Parameters
    ----------
    targets : {bps} of the strategy; those of the mandate at the block of the snapshot, because the vault enforces them.
    now : {s} chain time at which the plan is meant to execute; the targets of that time are traded towards.
    terms : what trading costs beside the venues.

    Raises
    ------
    InputError
        When `targets` are not the mandate's.
    """
    if targets != snapshot.targets:
        raise InputError(
            f"The strategy's targets {list(targets)} are not those that the vault enforces, {list(snapshot.targets)}.",
            "Use the strategy that the vault was created for.",
        )
    idle = due.why_not(snapshot, now)
    if idle is not None:
        return idle
    book = Book.of(snapshot, now)
    # what is in breach is traded where it can be, also where the smallest trade is wider than the band
    if book.is_inside and not book.bands.breaches(book.values, book.targets):
        return NoTrade(
            Reason.AT_DESTINATION, "every asset that a rebalance would concern is at its destination already"
        )
    whole = _size(snapshot, book, (0,) * len(targets), now=now)
    return _parted(book, _sliced(snapshot, book, whole, terms, now), terms)


def _sliced(snapshot: Snapshot, book: Book, whole: NoTrade | Proposal, terms: Terms, now: int) -> NoTrade | Proposal:
    """What the schedule of a large order leaves to this part, where there is one; an order whose slices would be below
    the smallest trade is not cut."""
    status, slicing = snapshot.status, terms.slicing
    if slicing is None or isinstance(whole, NoTrade) or not book.parts_allowed:
        return whole
    is_open = now <= status.open_until
    following = status.last_rebalance + slicing.interval
    if is_open and now < following < status.open_until:
        return NoTrade(Reason.BEFORE_SLICE, "the order is sliced over time", following)
    left = status.open_until - now if is_open else book.mandate.destination.window
    sizes = [want.amount_in * book.prices[want.sell] for want in whole.wants]
    kept = parts.shrink(sizes, sum(sizes) * slicing.share(left) // D18, book.mandate.min_trade_value)
    smaller = tuple(_want(book, w.sell, w.buy, size) for w, size in zip(whole.wants, kept, strict=True) if size)
    return Proposal(smaller, part=True) if smaller and smaller != whole.wants else whole


def finish(
    snapshot: Snapshot,
    proposal: Proposal,
    quotes: Sequence[Quote],
    *,
    now: int,
    deadline: int,
    journal_head: bytes,
    tolerance: int,
    rounds_left: int,
    terms: Terms = NO_TERMS,
) -> Plan | NoTrade | Proposal:
    """What to make of the quotes: a plan, a reason for none, or what to ask for instead.

    Parameters
    ----------
    proposal : of `propose`, or of the last `finish`.
    quotes : any number for each want; the best of each is taken, or its parts (`wants.taken`).
    now : {s} as in `propose`.
    deadline : {s} last acceptable block timestamp.
    journal_head : 32 bytes, head of the keeper's journal.
    tolerance : {bps} by which a trade may return less than quoted.
    rounds_left : how often quotes may still be asked for; with 0 the result is final.
    terms : as in `propose`.
    """
    book, wants = Book.of(snapshot, now), proposal.wants
    found = [taken(want, quotes) for want in wants]
    if () in found:
        want = wants[found.index(())]
        sell, buy = due.name(snapshot, want.sell), due.name(snapshot, want.buy)
        return NoTrade(Reason.NO_ROUTE, f"no venue quotes {want.amount_in} of {sell} for {buy}")
    routed = [quote for each in found for quote in each]
    refused = checks.check(book, routed, part=proposal.part)
    if refused is None:
        expected = worth.expected(book, routed, terms)
        if not worth.is_worth_it(book, expected):
            return NoTrade(Reason.COST_ABOVE_BENEFIT, worth.say(expected))
        trades = tuple(_trade(book, quote, tolerance) for quote in routed)
        block = snapshot.block
        head = (snapshot.status.nonce, deadline, block.number, block.hash, journal_head)
        return Plan(*head, proposal.part, trades, expected)
    if refused.name in LIMITS or proposal.part:
        losses = [sum(checks.loss_of(book, quote) for quote in each) for each in found]
        result = _cut(snapshot, book, wants, losses, refused, now=now)
    else:
        result = _size(snapshot, book, _costs(book, routed), [(want.sell, want.buy) for want in wants], now=now)
        if result == proposal and book.parts_allowed:
            return replace(proposal, part=True)
        if result == proposal:
            words = f"no smaller step reaches the destination: {explain(snapshot, refused)}"
            return NoTrade(Reason.BELOW_MIN_TRADE, words)
    if isinstance(result, Proposal) and result.part == proposal.part and not rounds_left:
        return NoTrade(Reason.COST_ABOVE_LIMIT, f"quotes do not settle: {explain(snapshot, refused)}")
    return _parted(book, result, terms)


def _parted(book: Book, result: NoTrade | Proposal, terms: Terms) -> NoTrade | Proposal:
    """With how far each of its trades may be split over routes."""
    if isinstance(result, NoTrade):
        return result
    return replace(result, wants=parted(result.wants, book, terms.trade_cost))


LIMITS = {"TooManyTrades", "OutputTooLow", "LossTooHigh", "LossBudgetExceeded", "TurnoverBudgetExceeded"}
"""What smaller or fewer trades may keep."""


def _size(
    snapshot: Snapshot, book: Book, costs: Sequence[int], kept: Sequence[Pair] = (), *, now: int
) -> NoTrade | Proposal:
    """The whole rebalance, or a part of it where its number of trades or its turnover is too much already."""
    smallest = book.mandate.min_trade_value
    transfers = sizing.transfers(book, costs, kept)
    part = transfers is None and book.parts_allowed
    if part:
        transfers = sizing.some(book, costs)
    if transfers is None or (part and not transfers):
        words = f"trades of at least {show_value(smallest)} cannot reach the destination"
        return NoTrade(Reason.BELOW_MIN_TRADE, words)
    if not transfers:
        words = f"what is left to the destination is worth less than {show_value(smallest)}"
        return NoTrade(Reason.BELOW_MIN_TRADE, words)
    wants = tuple(_want(book, each.sell, each.buy, each.value // BPS) for each in transfers)
    refused = checks.ahead(book, wants)
    return Proposal(wants, part) if refused is None else _cut(snapshot, book, wants, [0] * len(wants), refused, now=now)


def _cut(
    snapshot: Snapshot, book: Book, wants: tuple[Want, ...], losses: Sequence[int], refused: Violation, *, now: int
) -> NoTrade | Proposal:
    """One part of trades that are too much as a whole; or why there is none, and when there can be one.

    Parameters
    ----------
    losses : D36{quote} of each trade by its quote; zeros before there are quotes.
    """
    sizes = [want.amount_in * book.prices[want.sell] for want in wants]
    loss, sold = sum(max(loss, 0) for loss in losses), sum(sizes)
    if not book.parts_allowed:
        if refused.name == "LossBudgetExceeded":
            return _spent(book, book.loss, loss, loss, "lose", now)
        if refused.name == "TurnoverBudgetExceeded":
            return _spent(book, book.turnover, sold, sold, "sell", now)
        return _refusal(snapshot, refused)
    for bucket, wished, most, verb in (
        (book.loss, loss, min(parts.max_loss(book), book.loss.most(book.total)), "lose"),
        (book.turnover, sold, book.turnover.most(book.total), "sell"),
    ):
        short = parts.short_of(bucket, book, wished, most)
        if short is not None:
            return _spent(book, bucket, wished, short, verb, now)
    pairs = [(want.sell, want.buy) for want in wants]
    crossed = dict(refused.arguments)["asset"] if refused.name == "TargetCrossed" else None
    left = parts.cut(book, pairs, sizes, losses, crossed)
    smaller = tuple(_want(book, *pair, size) for pair, size in zip(pairs, left, strict=True) if size)
    if smaller and smaller != wants:
        return Proposal(smaller, part=True)
    if refused.name == "TurnoverBudgetExceeded":
        return _spent(book, book.turnover, sold, book.mandate.min_trade_value, "sell", now)
    if refused.name == "LossBudgetExceeded":
        return _spent(book, book.loss, loss, loss, "lose", now)
    return _refusal(snapshot, refused)


def _refusal(snapshot: Snapshot, refused: Violation) -> NoTrade:
    reason = Reason.TOO_MANY_TRADES if refused.name == "TooManyTrades" else Reason.COST_ABOVE_LIMIT
    return NoTrade(reason, explain(snapshot, refused))


def _spent(book: Book, bucket: Bucket, wished: int, enough: int, verb: str, now: int) -> NoTrade:
    """Too little of a budget is left for what is wished; `enough` D36{quote} of it is waited for."""
    words = f"the trades would {verb} {show_value(wished)}, {show_value(bucket.room(book.total))} of the budget is left"
    wait = bucket.wait(enough, book.total)
    if wait is None:
        most = show_value(bucket.most(book.total))
        return NoTrade(Reason.BUDGET_SPENT, f"{words}, and there is never more than {most}")
    return NoTrade(Reason.BUDGET_SPENT, f"{words}, {show_value(enough)} from {now + wait} on", now + wait)


def _want(book: Book, sell: int, buy: int, value: int) -> Want:
    """A trade of `value` D36{quote}: rounded down, so that nothing crosses, but not below the smallest trade."""
    price = book.prices[sell]
    amount = value // price
    amount += amount * price < book.mandate.min_trade_value
    return Want(sell, buy, min(amount, MAX_AMOUNT))


def _costs(book: Book, quotes: Sequence[Quote]) -> list[int]:
    """D36{quote} that buying each asset loses by the quotes."""
    costs = [0] * len(book.prices)
    for quote in quotes:
        costs[quote.buy] += checks.loss_of(book, quote)
    return costs


def _trade(book: Book, quote: Quote, tolerance: int) -> Trade:
    slippage = book.mandate.limits.max_slippage
    floor = rules.floor_up(quote.amount_in, book.prices[quote.sell], book.prices[quote.buy], slippage)
    least = max(floor, quote.amount_out * (BPS - tolerance) // BPS)
    return Trade(quote.sell, quote.buy, quote.venue, quote.amount_in, least, quote.route)
