"""What a keeper's plans are held against: its strategy file's rule, and gas at what the chain asks now."""

from __future__ import annotations

from collections.abc import Callable

from controller.cli.session import Session
from controller.config.keeper_file import KeeperFile
from controller.keeper.guards import Coin, Hold, coin_price
from controller.model import BlockRef, Snapshot
from controller.planning.worth import Terms
from controller.tick import no_terms


def gas_terms(file: KeeperFile, session: Session, coin: Callable[[BlockRef], Coin]) -> Callable[[Snapshot], Terms]:
    """The terms of each vault; gas costs nothing where the coin has no price, which a guard may hold the plan for."""
    strategy = file.strategy
    if strategy is None:
        return no_terms

    def terms(snapshot: Snapshot) -> Terms:
        price = coin_price(snapshot, coin(snapshot.block), snapshot.block.timestamp)
        assets = len(snapshot.mandate.assets)
        if isinstance(price, Hold):
            return strategy.terms(assets)
        fees = session.chain.fees(snapshot.block)
        # D36{quote} = {gas} * {wei/gas} * D36{quote/wei}
        plan, trade = (gas * (fees.base + fees.tip) * price for gas in file.gas)
        return strategy.terms(assets, plan, trade)

    return terms
