"""Quotes of every venue of a mandate at a pinned block: fee and impact included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from controller.market.routes import split
from controller.model import BlockRef, Quote, Snapshot
from controller.planning.wants import MOST_PARTS, Want, taken

QuoteReader = Callable[[Snapshot, tuple[Want, ...]], Sequence[Quote]]
"""Quotes for the wants of one snapshot, read at its block."""

Hop = tuple[str, int, str]
"""Token in, fee {1e-6}, token out: one pool in one direction."""

Path = tuple[Hop, ...]

PROBE = 64
"""A quote for so many parts less than a trade is what it would return without impact."""


class Pools(Protocol):
    """A venue's pools at one block, with what earlier wants have put into them."""

    def paths(self, sell: str, buy: str) -> Iterator[Path]:
        """Where a trade may go; the pools need not exist."""

    def load(self, wanted: Iterable[Path]) -> None:
        """Reads the pools of these paths, together."""

    def through(self, path: Path, amount: int) -> int:
        """{qTok} out of the last hop; 0 when any hop gives nothing. The path is loaded."""

    def spend(self, path: Path, amount: int) -> None:
        """`amount` goes that way, before whatever is asked next."""

    def route(self, path: Path) -> bytes:
        """The path in the venue's own words."""


class Venue(Protocol):
    """One kind of venue, at the address that mandates name."""

    @property
    def address(self) -> str: ...

    def pools(self, block: BlockRef) -> Pools:
        """At one block; what was read of it before is not read again."""


class Way(NamedTuple):
    """A path that exists, of one of a mandate's venues."""

    venue: int
    pools: Pools
    path: Path

    def quote(self, want: Want, amount: int) -> Quote:
        out = self.pools.through(self.path, amount)
        return Quote(want.sell, want.buy, self.venue, amount, out, self.pools.route(self.path))

    @property
    def crossed(self) -> set[tuple[int, int, frozenset[str]]]:
        """The pools that it goes through."""
        return {(self.venue, fee, frozenset((sell, buy))) for sell, fee, buy in self.path}


@dataclass(frozen=True, slots=True)
class VenueQuotes:
    """A `QuoteReader` over venues; one that a mandate does not name is not asked for it."""

    venues: tuple[Venue, ...]

    def __call__(self, snapshot: Snapshot, wants: tuple[Want, ...]) -> list[Quote]:
        mandate = snapshot.mandate
        return self.at(snapshot.block, wants, [asset.token for asset in mandate.assets], mandate.venues)

    def at(self, block: BlockRef, wants: Sequence[Want], tokens: Sequence[str], named: Sequence[str]) -> list[Quote]:
        """What each want would return, over every path that exists, and in parts over several where that returns more.

        The wants are quoted in their order, each against what is taken of those before it leaves in the pools: two
        trades of one plan often share a pool, and the second gets less.

        Parameters
        ----------
        wants : amounts in {qTok of sell}.
        tokens : address of each asset of the mandate.
        named : address of each venue of the mandate.

        Returns
        -------
        Any number of quotes for each want: none where no pool exists, a pool cannot take the amount, or nothing comes
        out.
        """
        asked = [(named.index(venue.address), venue.pools(block)) for venue in self.venues if venue.address in named]
        pairs = [(tokens[want.sell], tokens[want.buy]) for want in wants]
        for _, pools in asked:
            pools.load(path for pair in pairs for path in pools.paths(*pair))
        quotes: list[Quote] = []
        for want, pair in zip(wants, pairs, strict=True):
            ways = [Way(index, pools, path) for index, pools in asked for path in pools.paths(*pair)]
            found = {quote: way for way in ways if (quote := way.quote(want, want.amount_in)).amount_out > 0}
            found |= _parts(want, found)
            for quote in taken(want, tuple(found)):
                way = found[quote]
                way.pools.spend(way.path, quote.amount_in)
            quotes += found
        return quotes


def _parts(want: Want, whole: dict[Quote, Way]) -> dict[Quote, Way]:
    """The want in parts over the best routes that share no pool; empty where that would not pay for its gas."""
    if want.parts < 2 or len(whole) < 2:
        return {}
    ways: list[Way] = []
    for quote in sorted(whole, key=lambda quote: -quote.amount_out):
        if len(ways) < MOST_PARTS and not any(whole[quote].crossed & way.crossed for way in ways):
            ways.append(whole[quote])
    most = max(way.pools.through(way.path, want.amount_in // PROBE) for way in ways) * PROBE
    if most - max(quote.amount_out for quote in whole) <= want.further:
        return {}
    curves = [partial(way.pools.through, way.path) for way in ways]
    amounts = split(curves, want.amount_in, want.parts, want.smallest, want.further)
    used = [(way, amount) for way, amount in zip(ways, amounts, strict=True) if amount]
    return {way.quote(want, amount): way for way, amount in used} if len(used) > 1 else {}


def paths(sell: str, buy: str, fees: Sequence[int], hubs: Sequence[str]) -> Iterator[Path]:
    """Through one pool of each fee, then through two by way of each hub."""
    for fee in fees:
        yield ((sell, fee, buy),)
    for hub in hubs:
        if hub not in (sell, buy):
            yield from (((sell, first, hub), (hub, second, buy)) for first in fees for second in fees)
