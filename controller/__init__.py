"""Evenkeel: keeps on-chain portfolios on their mandates, and proves it."""

__version__ = "0.1.0"
