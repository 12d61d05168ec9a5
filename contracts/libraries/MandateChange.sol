// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset, Feed, Limits, Mandate, Twap} from "../types/Types.sol";

/// @notice What the change from one mandate to another means: whether it only tightens, and whether new parts come in.
/// @dev A TIGHTENING is at most as loose in every respect:
///
///      must stay equal   name, symbol, oracle, sequencer feed, trigger but for the cool-down, destination but for the
///                        window, minTrade, path; of the assets number, order, token, decimals; of their feeds source,
///                        decimals, deviation
///      may go down       destination window, maxSlippage, maxLoss, lossBudget, turnoverBudget, maxTrades, maxStep, both
///                        fees, maxWeight, heartbeat, maxAnswer, twap maxDeviation
///      may go up         sequencer grace, cool-down, budgetWindow, stepDelay, timelock, minWeight, minAnswer
///      spread            may go up when it is not zero, and from anything to zero: both let fewer flows in
///      fee recipient     stays, or is gone with the fees
///      venues            may be removed; those that stay keep their order
///      twap              may be added where there is none; otherwise the pool, its base and the window stay
///      fileHash          free: another mandate is another file
///
///      What a tightening can do to holders is stop things: a heartbeat of a second, bounds beside the price, a budget of
///      nothing end rebalances, and a spread of nearly everything ends flows. An owner can do the same by a pause, and
///      redeeming in kind reads none of these numbers. It can move no value: nothing that a trade or a flow may cost the
///      holders grows.
library MandateChange {
    /// @notice Whether `next` is at most as loose as `old` in every respect. Both are sound by MandateRules.
    function isTightening(Mandate memory old, Mandate memory next) internal pure returns (bool) {
        return _isSame(old, next) && _isTighter(old, next) && _isTighter(old.limits, next.limits)
            && areKept(old.venues, next.venues) && _isTighter(old.assets, next.assets);
    }

    /// @notice Whether `next` names an oracle, uptime feed, token, price source or venue that `old` does not have in its
    ///         place, so that they have to be checked as at creation.
    /// @dev Merely removed venues bring nothing new.
    function hasNewParts(Mandate memory old, Mandate memory next) internal pure returns (bool) {
        if (old.oracle != next.oracle || old.sequencer.feed != next.sequencer.feed) return true;
        if (!areKept(old.venues, next.venues) || old.assets.length != next.assets.length) return true;
        for (uint256 i; i < next.assets.length; ++i) {
            Feed memory a = old.assets[i].feed;
            Feed memory b = next.assets[i].feed;
            if (!_isSameToken(old.assets[i], next.assets[i]) || a.source != b.source || a.decimals != b.decimals) {
                return true;
            }
            if (b.twap.window != 0 && !_isSamePool(a.twap, b.twap)) return true;
        }
        return false;
    }

    /// @notice Whether the path and the tokens that it speaks of are the same.
    function isSamePath(Mandate memory old, Mandate memory next) internal pure returns (bool) {
        if (old.assets.length != next.assets.length) return false;
        for (uint256 i; i < next.assets.length; ++i) {
            if (old.assets[i].token != next.assets[i].token) return false;
        }
        return keccak256(abi.encode(old.path)) == keccak256(abi.encode(next.path));
    }

    /// @notice Whether all of `next` are in `old`, in the same order.
    function areKept(address[] memory old, address[] memory next) internal pure returns (bool) {
        uint256 kept;
        for (uint256 i; i < old.length && kept < next.length; ++i) {
            if (old[i] == next[kept]) ++kept;
        }
        return kept == next.length;
    }

    // ---- inside

    /// @dev What must stay equal, assets' own fields apart.
    function _isSame(Mandate memory old, Mandate memory next) private pure returns (bool) {
        return old.name == next.name && old.symbol == next.symbol && old.oracle == next.oracle
            && old.sequencer.feed == next.sequencer.feed && old.trigger.kind == next.trigger.kind
            && old.trigger.band == next.trigger.band && old.trigger.relativeBand == next.trigger.relativeBand
            && old.trigger.period == next.trigger.period && old.trigger.every == next.trigger.every
            && old.trigger.anchor == next.trigger.anchor && old.destination.drift == next.destination.drift
            && old.destination.relativeDrift == next.destination.relativeDrift
            && old.destination.scope == next.destination.scope && old.limits.minTrade == next.limits.minTrade
            && isSamePath(old, next);
    }

    function _isTighter(Mandate memory old, Mandate memory next) private pure returns (bool) {
        return next.sequencer.grace >= old.sequencer.grace && next.trigger.cooldown >= old.trigger.cooldown
            && next.destination.window <= old.destination.window && next.timelock >= old.timelock
            && next.fees.management <= old.fees.management && next.fees.performance <= old.fees.performance
            && (next.fees.recipient == old.fees.recipient || next.fees.recipient == address(0))
            && (next.spread == 0 || (old.spread != 0 && next.spread >= old.spread));
    }

    function _isTighter(Limits memory old, Limits memory next) private pure returns (bool) {
        return next.maxSlippage <= old.maxSlippage && next.maxLoss <= old.maxLoss && next.lossBudget <= old.lossBudget
            && next.turnoverBudget <= old.turnoverBudget && next.budgetWindow >= old.budgetWindow
            && next.maxTrades <= old.maxTrades && next.maxStep <= old.maxStep && next.stepDelay >= old.stepDelay;
    }

    /// @dev As many on both sides: `_isSame` has passed.
    function _isTighter(Asset[] memory old, Asset[] memory next) private pure returns (bool) {
        for (uint256 i; i < next.length; ++i) {
            if (!_isSameToken(old[i], next[i])) return false;
            if (next[i].minWeight < old[i].minWeight || next[i].maxWeight > old[i].maxWeight) return false;
            if (!_isTighter(old[i].feed, next[i].feed)) return false;
        }
        return true;
    }

    function _isTighter(Feed memory old, Feed memory next) private pure returns (bool) {
        if (next.source != old.source || next.decimals != old.decimals || next.deviation != old.deviation) {
            return false;
        }
        if (next.heartbeat > old.heartbeat) return false;
        if (next.minAnswer < old.minAnswer || next.maxAnswer > old.maxAnswer) return false;
        if (old.twap.window == 0) return true;
        return _isSamePool(old.twap, next.twap) && next.twap.maxDeviation <= old.twap.maxDeviation;
    }

    function _isSameToken(Asset memory old, Asset memory next) private pure returns (bool) {
        return old.token == next.token && old.decimals == next.decimals;
    }

    function _isSamePool(Twap memory old, Twap memory next) private pure returns (bool) {
        return old.window == next.window && old.fee == next.fee && old.base == next.base;
    }
}
