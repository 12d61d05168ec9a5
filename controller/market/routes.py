"""One trade over several routes: the split that returns most."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Curve = Callable[[int], int]
"""{qTok out} for {qTok in}: concave but for rounding, because a pool gives less the more it is asked for."""

CHUNKS = 64
"""Parts in which the whole is first handed out, each to whoever gives most for it."""
FINEST = 1 << 16
"""Parts of the whole that amounts are known to at the end: what is left to gain is far below the gas of a trade."""


def split(curves: Sequence[Curve], amount: int, most: int, smallest: int, further: int) -> tuple[int, ...]:
    """How much goes over each of several routes that share no pool.

    Marginal outputs are equal at the optimum, because the curves are concave; the amounts get there by moving ever
    smaller steps from one route to another. Of all routes, of all but the least used one, and so on, the split that
    returns most net of gas is taken, if it has no more routes than it may and none below the smallest trade.

    Parameters
    ----------
    amount : {qTok in}
    most : routes that may be used.
    smallest : {qTok in} of each route that is used.
    further : {qTok out} that each used route after the first one costs.

    Returns
    -------
    {qTok in} of each route, zero where it is not used, summing to `amount`; all over one route where nothing is gained.
    """
    used = list(range(len(curves)))
    answer, given = _alone(curves, amount)
    while len(used) > 1:
        amounts = _level([curves[route] for route in used], amount)
        least = min(range(len(used)), key=lambda place: (amounts[place], -place))
        if len(used) <= most and amounts[least] >= smallest:
            net = sum(curves[route](part) for route, part in zip(used, amounts, strict=True))
            net -= further * (len(used) - 1)
            if net > given:
                given = net
                answer = [0] * len(curves)
                for route, part in zip(used, amounts, strict=True):
                    answer[route] = part
        used.pop(least)
    return tuple(answer)


def _alone(curves: Sequence[Curve], amount: int) -> tuple[list[int], int]:
    outputs = [curve(amount) for curve in curves]
    best = outputs.index(max(outputs))
    return [amount if route == best else 0 for route in range(len(curves))], outputs[best]


def _level(curves: Sequence[Curve], amount: int) -> list[int]:
    """Amounts of equal marginal output."""
    amounts, outputs = [0] * len(curves), [0] * len(curves)
    for part in range(CHUNKS):
        chunk = amount * (part + 1) // CHUNKS - amount * part // CHUNKS
        gains = [curve(amounts[route] + chunk) - outputs[route] for route, curve in enumerate(curves)]
        best = gains.index(max(gains))
        amounts[best] += chunk
        outputs[best] += gains[best]
    step = amount // CHUNKS
    while step > amount // FINEST:
        if not _moved(curves, amounts, outputs, step):
            step //= 2
    return amounts


def _moved(curves: Sequence[Curve], amounts: list[int], outputs: list[int], step: int) -> bool:
    """Moves one step where it gains most, if it gains anywhere."""
    down = [
        curve(part - step) - given if part >= step else None
        for curve, part, given in zip(curves, amounts, outputs, strict=True)
    ]
    up = [curve(part + step) - given for curve, part, given in zip(curves, amounts, outputs, strict=True)]
    gains = [
        (up[to] + lost, -giver, -to)
        for giver, lost in enumerate(down)
        if lost is not None
        for to in range(len(curves))
        if to != giver
    ]
    gain, giver, to = max(gains, default=(0, 0, 0))
    if gain <= 0:
        return False
    for route, way, change in ((-giver, -step, down[-giver]), (-to, step, up[-to])):
        amounts[route] += way
        outputs[route] += change or 0
    return True
