"""The parts of scripts/soak.py: a scene of many vaults, two keepers, faults, and what must hold at the end."""
