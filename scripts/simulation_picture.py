"""Draws the picture of the page on backtests: the demo's vault in futures with jumps. Run it after a change of them."""

from __future__ import annotations

import sys
from pathlib import Path

from controller.backtest.engine import Setting
from controller.backtest.futures import future
from controller.backtest.paper import Proportional
from controller.backtest.simulation import Course, simulate
from controller.backtest.simulation_page import fan
from controller.config.mandate_outline import outline
from controller.market import datasets
from controller.replay.markets import MACRO
from controller.strategy.periods import simple_returns
from controller.units import VALUE_DECIMALS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
MONTH = 2_629_800
"""{s}"""
PATHS, YEARS = 40, 10


def pictures() -> dict[str, str]:
    """By file name."""
    plan = outline(MACRO.mandate_file())
    past = datasets.macro().loc["1970-01":, list(plan.names)]
    course = Course(plan.mandate, plan.names, past, MONTH, YEARS * 12)
    drawn = future("jumps", simple_returns(past, plan.names))
    setting = Setting(plan.mandate, Proportional(10))
    found = simulate(setting, course, drawn, 10 ** (VALUE_DECIMALS + 6), paths=PATHS, seed=1, jobs=-1)
    return {"simulated.svg": fan("jumps", found, course.years)}


def main() -> int:
    for name, text in pictures().items():
        (FOLDER / name).write_text(text)
        print(f"Drawn: docs/images/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
