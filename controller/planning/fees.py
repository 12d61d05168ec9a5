"""What a vault's fees come to, as new shares (contracts/VaultBase.sol, contracts/VaultFlows.sol)."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model import Fees
from controller.units import BPS, D18, div_up

YEAR = 365 * 86_400
"""{s} what a year of management fee is counted by."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What both fees come to at one moment."""

    management: int  # {qShare}
    performance: int  # {qShare} of a supply that has the other fee in it
    mark: int  # D36{quote/share} afterwards

    @property
    def shares(self) -> int:
        """{qShare}"""
        return self.management + self.performance


def management_shares(rate: int, supply: int, elapsed: int) -> int:
    """{qShare} owed of `supply` {qShare} after `elapsed` {s} at `rate` {bps/year}, rounded down; at most a year's."""
    # {bps * s} = {bps / year} * {s}
    owed_ = rate * min(elapsed, YEAR)
    # {qShare} = {qShare} * {bps * s} / ({bps * s} - {bps * s})
    return supply * owed_ // (BPS * YEAR - owed_)


def performance_shares(rate: int, supply: int, total: int, mark: int) -> tuple[int, int]:
    """{qShare} of the performance fee, rounded down, and the mark D36{quote/share} afterwards, rounded up.

    Parameters
    ----------
    rate : {bps} of the rise above the mark.
    total : D36{quote} that the vault is worth.
    """
    # Without a rate a mark once set still rises, so that no later rate charges what was earned until then.
    if (not rate and not mark) or not supply:
        return 0, mark
    # D36{quote/share} = D36{quote} * {qShare/share} / {qShare}
    value = total * D18 // supply
    if value <= mark:
        return 0, mark
    # D36{quote} = D36{quote/share} * {bps} * {qShare} / ({qShare/share} * {bps}); the first call only sets the mark
    fee = (value - mark) * rate * supply // (D18 * BPS) if mark else 0
    # {qShare} = {qShare} * D36{quote} / D36{quote}
    shares = supply * fee // (total - fee)
    return shares, div_up(total * D18, supply + shares)


def owed(fees: Fees, *, supply: int, total: int, elapsed: int, mark: int) -> Owed:
    """Both fees of a vault worth `total` D36{quote}, `elapsed` {s} after the management fee was taken last."""
    management = management_shares(fees.management, supply, elapsed)
    performance, mark = performance_shares(fees.performance, supply + management, total, mark)
    return Owed(management, performance, mark)
