"""The keeper's own decisions over history: no node, no second rule. What a strategy sees ends before it decides."""
