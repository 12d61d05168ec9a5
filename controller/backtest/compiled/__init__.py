"""The keeper's decisions over history, compiled: the same integers, with nothing left out and nothing rounded."""
