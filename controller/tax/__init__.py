"""Lots, gains and what tax law makes of them: exact rationals until printed, from a ledger's movements. It cannot
sign."""
