"""Quotes of every venue of a mandate at a pinned block: fee and impact included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.model import BlockRef, Quote, Snapshot
from controller.planning.plan import Want, best

QuoteReader = Callable[[Snapshot, tuple[Want, ...]], Sequence[Quote]]
"""Quotes for the wants of one snapshot, read at its block."""

Hop = tuple[str, int, str]
"""Token in, fee {1e-6}, token out: one pool in one direction."""

Path = tuple[Hop, ...]


class Pools(Protocol):
    """A venue's pools at one block, with what earlier wants have put into them."""

    def paths(self, sell: str, buy: str) -> Iterator[Path]:
        """Where a trade may go; the pools need not exist."""

    def through(self, path: Path, amount: int) -> int:
        """{qTok} out of the last hop; 0 when any hop gives nothing."""

    def spend(self, path: Path, amount: int) -> None:
        """`amount` goes that way, before whatever is asked next."""

    def route(self, path: Path) -> bytes:
        """The path in the venue's own words."""


class Venue(Protocol):
    """One kind of venue, at the address that mandates name."""

    @property
    def address(self) -> str: ...

    def pools(self, block: BlockRef) -> Pools: ...


@dataclass(frozen=True, slots=True)
class VenueQuotes:
    """A `QuoteReader` over venues; one that a mandate does not name is not asked for it."""

    venues: tuple[Venue, ...]

    def __call__(self, snapshot: Snapshot, wants: tuple[Want, ...]) -> list[Quote]:
        mandate = snapshot.mandate
        return self.at(snapshot.block, wants, [asset.token for asset in mandate.assets], mandate.venues)

    def at(self, block: BlockRef, wants: Sequence[Want], tokens: Sequence[str], named: Sequence[str]) -> list[Quote]:
        """What each want would return, over every path that exists.

        The wants are quoted in their order, each against what the best of those before it leave in the pools: two
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
        quotes: list[Quote] = []
        for want in wants:
            found: dict[Quote, tuple[Pools, Path]] = {}
            for index, pools in asked:
                for path in pools.paths(tokens[want.sell], tokens[want.buy]):
                    amount_out = pools.through(path, want.amount_in)
                    if amount_out > 0:
                        quote = Quote(want.sell, want.buy, index, want.amount_in, amount_out, pools.route(path))
                        found[quote] = pools, path
            chosen = best(want, tuple(found))
            if chosen is not None:
                pools, path = found[chosen]
                pools.spend(path, want.amount_in)
            quotes += found
        return quotes


def paths(sell: str, buy: str, fees: Sequence[int], hubs: Sequence[str]) -> Iterator[Path]:
    """Through one pool of each fee, then through two by way of each hub."""
    for fee in fees:
        yield ((sell, fee, buy),)
    for hub in hubs:
        if hub not in (sell, buy):
            yield from (((sell, first, hub), (hub, second, buy)) for first in fees for second in fees)
