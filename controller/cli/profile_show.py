"""evenkeel profile show"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.output import print_json, print_pairs
from controller.config import profile_file
from controller.report.wording import points
from controller.strategy.profile import YEAR, Risk, assess, glide

_SCORES = {"bad_year": "A bad year", "fee": "The fee", "stocks": "The share of stocks"}


def show(
    file: Annotated[Path, typer.Argument(help="Profile file; print one: evenkeel profile new.")],
    steps: Annotated[int, typer.Option(min=1, max=63, help="Parts that the glide path is shown in.")] = 4,
    as_json: options.AsJson = False,
) -> None:
    """Score a profile openly: what each answer implies, the risk aversion that follows, and how stocks glide."""
    profile = profile_file.load(file)
    risk = assess(profile.answers, profile.market)
    path = [(round(time / YEAR, 2), share) for time, share in glide(profile, 0, steps)]
    if as_json:
        print_json(
            {
                "name": profile.name,
                "hash": "0x" + profile.hash.hex(),
                "scores": dict(risk.scores),
                "tolerance": risk.tolerance,
                "outside_wealth": risk.outside,
                "risk_aversion": risk.aversion,
                "stocks": risk.stocks,
                "volatility": risk.volatility,
                "consistent": risk.is_consistent,
                "glide": [{"years": years, "stocks_bps": share} for years, share in path],
                "exclusions": [each.token for each in profile.exclusions],
            }
        )
        return
    print_pairs(f"Profile of {profile.name}", _pairs(risk, path, "0x" + profile.hash.hex()))


def _pairs(risk: Risk, path: list[tuple[float, int]], hashed: str) -> dict[str, object]:
    pairs: dict[str, object] = {f"{_SCORES[name]} implies": f"risk aversion {score:.2f}" for name, score in risk.scores}
    if not risk.is_consistent:
        pairs["But"] = "these answers lie far apart: think them over, one of them may not mean what was asked"
    pairs["Together"] = f"{risk.tolerance:.2f}, their geometric mean"
    pairs["Savings to come"] = f"worth {risk.outside:.2f} portfolios of today, which do not fall with it"
    pairs["Risk aversion"] = f"{risk.aversion:.2f}"
    pairs["Stocks"] = f"{risk.stocks:.1%}, with {risk.volatility:.1%} volatility a year"
    pairs["Glide"] = ", ".join(f"{points(share)} after {years:g} years" for years, share in path)
    pairs["Hash"] = hashed
    return pairs
