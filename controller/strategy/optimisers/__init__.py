"""From moments to weights: one file for each family of methods, one protocol for all of them."""
