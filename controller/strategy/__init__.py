"""Targets from a snapshot and the past. Pure: no I/O, no clock, no randomness."""

from controller.strategy.fixed import FixedTargets
from controller.strategy.protocol import Strategy

__all__ = ["FixedTargets", "Strategy"]
