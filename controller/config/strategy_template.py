"""A strategy file from what a person chose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from controller.strategy.profile import Profile, assess
from controller.units import BPS, to_decimal

_TEMPLATE: Final = """\
# By the profile 0x{hashed}
name = {name}

[optimiser]                     # docs/STRATEGIES.md tells the others
method = "mean_variance"
risk_aversion = {aversion}

[returns]
method = "bayes_stein"

[covariance]
method = "ledoit_wolf"

[constraints]                   # inside of the mandate's own bounds, which hold anyway
exclude = [{excluded}]
keep = {{{kept}}}               # not to be sold before

[rule]                          # what a rebalance has to be worth
risk_aversion = {aversion}
volatility = "{volatility}%"
"""


def by_profile(profile: Profile, assets: Sequence[str]) -> str:
    """The file for a vault of these assets: the profile's risk aversion, and what it excludes and keeps of them."""
    kept = (
        f"{json.dumps(name)} = {datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%SZ}"
        for name, until in profile.tax.keep
        if name in assets
    )
    return _TEMPLATE.format(
        hashed=profile.hash.hex(),
        name=json.dumps(profile.name, ensure_ascii=False),
        aversion=round(assess(profile.answers, profile.market).aversion, 2),
        excluded=", ".join(json.dumps(each.token) for each in profile.exclusions if each.token in assets),
        kept=", ".join(kept),
        volatility=to_decimal(round(profile.market.volatility * BPS), 2),
    )
