"""What the generators throw their vectors with."""

from __future__ import annotations


class Dice:
    """Numbers that look random and are the same everywhere: a 64-bit linear congruential generator."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, limit: int) -> int:
        self.state = (self.state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (self.state >> 11) * limit >> 53


def split(dice: Dice, whole: int, parts: int) -> list[int]:
    """`whole` in random parts."""
    cuts = sorted(dice.below(whole + 1) for _ in range(parts - 1))
    return [high - low for low, high in zip([0, *cuts], [*cuts, whole], strict=True)]
