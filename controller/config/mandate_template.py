"""The starter file for a new mandate: complete, commented, and readable by `mandate_file.parse` as it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from controller.units import BPS, to_decimal

_HEAD = """\
# A mandate: all that the owner prescribes for one vault. Its hash is stored on chain, so keep this file as it is.
# Keys behind a "#" stand at what holds without them; where a whole section stands behind it, its values are examples.
name = {name}  # of the share, at most 31 ASCII characters, as the symbol
symbol = {symbol}
# timelock = "2 days"           # that every change which loosens this mandate waits; what tightens it never does

[trigger]                       # when a rebalance is due
kind = "threshold"              # an asset has drifted as far as a band; "calendar": a period has begun since the last
                                # rebalance; "either"; "both"
band = "5%"                     # of the vault's value, inclusive; also "500 bps"
# relative_band: none           # of the asset's own target: "20%" of a target of 10% fires at 8% and 12%
# every: none                   # the period of a calendar: "1 week", "3 months", "1 quarter", "1 year"
# anchor = 2024-01-01T00:00:00Z # its first beginning (a Monday), also a bare date; on real calendar months, in UTC
# cooldown = "1 hour"           # between two rebalances

[destination]                   # where a rebalance must end, below the bands
drift = "2.5%"                  # of the target at most; half of the band where nothing is said, zero with a calendar
# relative_drift: half of the relative band
# scope = "book"                # every asset must end there; "breach": only those that reached their band
# window = "0 days"             # in which it may be finished in several parts; zero: all at once

[limits]
slippage = "1%"                 # of one trade, against the oracle
loss = "0.5%"                   # of the vault's value in one plan; what one trade gains does not offset another
# loss_budget: four times loss  # of the vault's value lost in any budget_window, at most half of it at once
# turnover_budget = "200%"      # of the vault's value sold in any budget_window, at most half of it at once
# budget_window = "30 days"
min_trade = "100 USD"           # smallest trade
# max_trades = 16               # in one plan
# max_step = "5%"               # by which the strategist may move an asset's target at once
# step_delay = "1 day"          # between two such moves

# Without this section there are no fees. They are taken as new shares.
# [fees]
# recipient = "0x..."
# management = "0.5%"           # of the shares, a year
# performance = "10%"           # of the rise of a share's value above its highest so far

# Without this section shares come and go in kind alone. With it each asset below needs its deviation.
# [flows]
# spread = "1%"                 # kept for the other holders; at least the two largest deviations together

# Without this section the roles come from the command line.
# [roles]
# owner = "0x..."               # tightens at once, loosens after the timelock; cannot move assets
# strategist = "0x..."          # moves targets within the limits above; nobody where nothing is said
# guardian = "0x..."            # may pause, and revoke what waits for the timelock
# keepers = ["0x..."]           # may rebalance within this mandate

# Targets that change: in the place of every weight below, one [[path]] for each moment; between two of them the targets
# glide, before the first and after the last they stand still.
# [[path]]
# time = 2027-01-01
# weights = {{{example}}}
"""
_ASSET = """
[[assets]]
token = "{token}"
weight = "{weight}%"
heartbeat = "25 hours"
price_min = "{low}"
price_max = "{high}"
"""
_WORDS = {
    "weight": "its target; all of them sum to exactly 100%",
    "heartbeat": "oldest acceptable price: the feed's own heartbeat and a little more",
    "price_min": "USD; a price outside of these bounds stops trading",
}
"""Said of the first asset only."""
_MORE = """\
# min_weight = "0%"             # lowest target that the strategist may give it
# max_weight = "100%"
# deviation: none               # move at which the feed publishes anew, "0.5%"; needed for [flows]
# twap: none                    # a second price, of a Uniswap V3 pool of this asset and another one of this file:
# twap = {{base = "{base}", fee = "0.05%", window = "30 minutes", max_deviation = "2%"}}
"""
_COLUMN = 32
"""Where comments begin."""


def render(name: str, symbol: str, prices: Mapping[str, Decimal]) -> str:
    """A starter file with equal weights.

    Parameters
    ----------
    name, symbol : of the share.
    prices : {USD/tok} of each asset today, above zero; the bounds are a tenth and the tenfold of it.
    """
    count = len(prices)
    weights = [BPS // count + (index < BPS % count) for index in range(count)]
    first, *others = [
        _ASSET.format(token=token, weight=to_decimal(weight, 2), low=_bound(price / 10), high=_bound(price * 10))
        for weight, (token, price) in zip(weights, prices.items(), strict=True)
    ]
    explained = "\n".join(map(_explained, first.splitlines())) + "\n" + _MORE.format(base=list(prices)[-1])
    example = ", ".join(f'{token} = "{to_decimal(weight, 2)}%"' for weight, token in zip(weights, prices, strict=True))
    head = _HEAD.format(name=json.dumps(name), symbol=json.dumps(symbol), example=example)
    return "".join((head, explained, *others))


def _explained(line: str) -> str:
    words = _WORDS.get(line.partition(" ")[0])
    return f"{line:{_COLUMN}}# {words}" if words else line


def _bound(price: Decimal) -> str:
    """Two significant digits, written out."""
    return f"{price.quantize(Decimal(1).scaleb(price.adjusted() - 1), ROUND_HALF_EVEN):f}"
