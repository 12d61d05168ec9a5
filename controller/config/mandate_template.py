"""The starter file for a new mandate: complete, commented, and readable by `mandate_file.parse` as it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from controller.units import BPS, to_decimal

_HEAD = """\
# A mandate: all that the owner prescribes for one vault. Its hash is stored on chain, so keep this file as it is.
name = {name}  # of the share, at most 31 ASCII characters, as the symbol
symbol = {symbol}

[rule]
trigger = "threshold"  # a rebalance is due when the drift of an asset reaches the band
band = "5%"            # also "500 bps"; inclusive
destination = "2.5%"   # how close to its target a rebalance must bring an asset; below the band
scope = "book"         # every asset must end there; "breach": only those that reached the band
cooldown = "1 day"     # between two rebalances

[limits]
slippage = "1%"        # of one trade, against the oracle
loss = "0.5%"          # of the vault's value in one rebalance, against the oracle
min_trade = "100 USD"  # smallest trade

# Without this section the roles come from the command line.
# [roles]
# owner = "0x..."      # may change keepers and guardian, pause and unpause
# guardian = "0x..."   # may pause, nothing else
# keepers = ["0x..."]  # may rebalance within this mandate
"""
_ASSET = """
[[assets]]
token = "{token}"
weight = "{weight}%"  # all weights sum to exactly 100%
heartbeat = "25 hours"  # oldest acceptable price: the feed's own heartbeat and a little more
price_min = "{low}"  # USD; a price outside these bounds stops trading
price_max = "{high}"
"""


def render(name: str, symbol: str, prices: Mapping[str, Decimal]) -> str:
    """A starter file with equal weights.

    Parameters
    ----------
    name, symbol : of the share.
    prices : {USD/tok} of each asset today, above zero; the bounds are a tenth and the tenfold of it.
    """
    count = len(prices)
    weights = [BPS // count + (index < BPS % count) for index in range(count)]
    assets = [
        _ASSET.format(token=token, weight=to_decimal(weight, 2), low=_bound(price / 10), high=_bound(price * 10))
        for weight, (token, price) in zip(weights, prices.items(), strict=True)
    ]
    return _HEAD.format(name=json.dumps(name), symbol=json.dumps(symbol)) + "".join(assets)


def _bound(price: Decimal) -> str:
    """Two significant digits, written out."""
    return f"{price.quantize(Decimal(1).scaleb(price.adjusted() - 1), ROUND_HALF_EVEN):f}"
