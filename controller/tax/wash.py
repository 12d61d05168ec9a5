"""Wash sales of the United States: a loss on what is bought back within 30 days before or after is put off, onto the
cost and the holding period of what was bought (IRC § 1091; Treas. Reg. § 1.1091-1, -2; IRS Pub. 550).

ROUNDING. A loss that is put off again and again becomes an ever longer fraction, as an average does; beyond 1,000 bits
what is put off is rounded down to 10^-300, and the same amount is added to the cost: nothing is lost. And every part of
a purchase that takes up a loss is a lot of its own, which makes as many parts again when it is sold at a loss: parts
would grow with the square of the sales. So of a sale of more than `PARTS` of them, the losing ones of one purchase and
one term are put together (`WashSales.together`).

By § 1091 the rule is about stock and securities, so it is off for crypto and on for tokenised securities; should a law
change that, a date switches it on for the rest.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from controller.tax.books import Piece
from controller.tax.holding import DayOf, long_from_us
from controller.tax.movements import Disposal, Lot, Match, Nature, bounded_down

WINDOW = 30
"""{days} on either side of the sale."""
PARTS = 16
"""Pieces at a loss that one sale keeps apart."""
Release = Callable[[Lot], Lot | None]
"""Takes out of the books what is left of a lot."""


@dataclass(frozen=True, slots=True)
class WashRule:
    """To what the rule applies, and from when."""

    securities: frozenset[str] = frozenset()  # assets that are tokenised securities
    others_from: date | None = None  # first day of sale on which it applies to all the others; None: never

    def applies(self, asset: str, day: date) -> bool:
        return asset in self.securities or (self.others_from is not None and day >= self.others_from)


@dataclass
class _Loss:
    """What of a loss has not been bought back yet."""

    place: int  # of its match
    day: date
    left: int  # {qTok}
    each: Fraction  # D36{quote/qTok}
    held: int  # {s} for which the sold lot was held


class WashSales:
    """Follows the booking: told of every acquisition and every match in the order of time."""

    def __init__(self, rule: WashRule, day: DayOf) -> None:
        self._rule, self._day = rule, day
        self._losses: dict[str, deque[_Loss]] = defaultdict(deque)
        self._recent: dict[str, deque[Lot]] = defaultdict(deque)  # lots that can still take up a loss
        self._disallowed: dict[int, Fraction] = defaultdict(Fraction)
        self.put_together = 0  # pieces that became a part of another

    def together(self, disposal: Disposal, pieces: list[Piece]) -> list[Piece]:
        """The pieces of a sale; of more than `PARTS` at a loss, those of one purchase and one term as one.

        Quantity and cost are their sums; it counts as held for as long as the one that was held for the shortest time.
        """
        today = self._day(disposal.time)
        # D36{quote/qTok} = D36{quote} / {qTok}
        price = Fraction(disposal.proceeds) / disposal.quantity
        losing = sum(cost > price * quantity for _, quantity, cost in pieces)
        if losing <= PARTS or not self._rule.applies(disposal.asset, today):
            return pieces
        found: dict[object, Piece] = {}
        for place, (lot, quantity, cost) in enumerate(pieces):
            is_long = long_from_us(self._day(lot.held_from)) <= today
            key = (lot.source, is_long) if cost > price * quantity else place
            first, before, spent = found.get(key, (lot, 0, Fraction(0)))
            self.put_together += key in found
            first = replace(first, tacked=min(first.tacked, lot.tacked))
            found[key] = replace(first, quantity=before + quantity, cost=spent + cost), before + quantity, spent + cost
        return list(found.values())

    def bought(self, lot: Lot) -> list[Lot]:
        """The lot, or the parts of it that losses of the last 30 days go to and the rest."""
        if lot.nature is Nature.PAID_IN:
            return [lot]
        today, rest, parts = self._day(lot.time), lot, []
        losses = self._losses[lot.asset]
        while losses and (today - losses[0].day).days > WINDOW:
            losses.popleft()
        while losses and rest.quantity:
            loss = losses[0]
            part, rest = _split(rest, min(loss.left, rest.quantity), f"{lot.id}w{loss.place}")
            parts.append(self._with_loss(part, loss))
            if not loss.left:
                losses.popleft()
        if rest.quantity:
            parts.append(rest)
            self._recent[lot.asset].append(rest)
        return parts

    def moved(self, name: str, lot: Lot) -> None:
        """A lot, or a part of it, stands in another wallet now."""
        recent = self._recent[lot.asset]
        if any(known.id == name for known in recent):
            recent.append(lot)

    def sold(self, place: int, match: Match, release: Release) -> Iterator[tuple[Lot, list[Lot]]]:
        """For each lot of the last 30 days that takes up a part of the loss: the lot, and what stands in its place."""
        disposal, lot = match.disposal, match.lot
        today = self._day(disposal.time)
        if match.gain >= 0 or lot is None or not self._rule.applies(disposal.asset, today):
            return
        each = -match.gain / match.quantity
        loss = _Loss(place, today, match.quantity, each, disposal.time - lot.held_from)
        recent, passed = self._recent[disposal.asset], []
        while recent and loss.left:
            bought = recent.popleft()
            if (today - self._day(bought.time)).days > WINDOW:
                continue
            # Selling a part of what was bought at once is no purchase of the rest (Rev. Rul. 56-602).
            if bought.source == lot.source:
                passed.append(bought)
                continue
            left = release(bought)
            if left is None:
                continue
            part, rest = _split(left, min(loss.left, left.quantity), f"{left.id}w{place}")
            parts = [self._with_loss(part, loss)]
            if rest.quantity:
                parts.append(rest)
                passed.append(rest)
            yield bought, parts
        recent.extendleft(reversed(passed))
        if loss.left:
            self._losses[disposal.asset].append(loss)

    def settled(self, matches: Sequence[Match]) -> list[Match]:
        """The matches with what was put off of each."""
        return [
            replace(match, disallowed=self._disallowed[place]) if place in self._disallowed else match
            for place, match in enumerate(matches)
        ]

    def _with_loss(self, part: Lot, loss: _Loss) -> Lot:
        # D36{quote} = D36{quote/qTok} * {qTok}
        put_off = bounded_down(loss.each * part.quantity)
        loss.left -= part.quantity
        self._disallowed[loss.place] += put_off
        return replace(part, cost=part.cost + put_off, tacked=part.tacked + loss.held)


def _split(lot: Lot, quantity: int, name: str) -> tuple[Lot, Lot]:
    """Two lots of one, the second under the old name and perhaps of nothing."""
    first = replace(lot.part(quantity), id=name)
    rest = lot.quantity - quantity
    return first, lot.part(rest) if rest else replace(lot, quantity=0, cost=0)


def applied(matches: Iterable[Match]) -> Fraction:
    """D36{quote} that was put off in all."""
    return sum((match.disallowed for match in matches), Fraction(0))
