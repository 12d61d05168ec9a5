"""Trades or a reason for none, in integers. Pure: no I/O, no clock, no floats."""
