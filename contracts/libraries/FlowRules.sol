// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {BPS} from "../types/Types.sol";

/// @notice How a deposit or a withdrawal of some value is spread over the assets, and what it may do to them.
/// @dev Equal fractional deviation (A. Brandt, "Optimal lazy portfolio rebalancing"): money that comes in fills the assets
///      whose value is lowest in proportion to their targets to one common level; money that goes out is taken from the
///      highest, down to one common level. An asset without a target is never bought, and is sold before all others.
///
///      ROUNDING. The level is a whole number of D36{quote / bps}, rounded towards the smaller flow, so that an asset ends at
///      exactly level * target: the sum falls short of the amount by less than BPS D36{quote} (10^-32 {quote}) and never
///      exceeds it. Routed amounts pass `isAbove` and `isBelow` with a tolerance of zero: when money comes in, every asset
///      ends at level * target or higher, so the total is at least level * BPS, and what was bought, at level * target, is
///      not above its target. Going out it is the same the other way round.
///
///      All maths is checked. What fits: values below 2^256 / BPS^2.
///      The same functions in Python: controller/planning; both assert tests/vectors/flows.json.
library FlowRules {
    /// @notice More is to go out than there is.
    /// @param amount D36{quote}
    /// @param total D36{quote}
    error AmountAboveTotal(uint256 amount, uint256 total);

    /// @notice What a deposit buys of each asset.
    /// @param values D36{quote} of each asset, at most 16
    /// @param targets {bps} packed, asset 0 lowest, sum BPS
    /// @param amount D36{quote} that comes in
    /// @return amounts D36{quote} each rounded down, sum in (amount - BPS, amount]
    function routeIn(uint256[] memory values, uint256 targets, uint256 amount)
        internal
        pure
        returns (uint256[] memory amounts)
    {
        uint256 level = _levelIn(values, targets, amount);
        amounts = new uint256[](values.length);
        for (uint256 i; i < values.length; ++i) {
            // D36{quote} = D36{quote / bps} * {bps} - D36{quote}
            amounts[i] = FixedPointMathLib.zeroFloorSub(level * _target(targets, i), values[i]);
        }
    }

    /// @notice What a withdrawal takes of each asset.
    /// @param values D36{quote} of each asset, at most 16
    /// @param targets {bps} packed, asset 0 lowest, sum BPS
    /// @param amount D36{quote} that goes out
    /// @return amounts D36{quote} each rounded down, sum in (amount - BPS, amount]
    function routeOut(uint256[] memory values, uint256 targets, uint256 amount)
        internal
        pure
        returns (uint256[] memory amounts)
    {
        uint256 total;
        uint256 untargeted; // D36{quote} of the assets without a target
        for (uint256 i; i < values.length; ++i) {
            total += values[i];
            if (_target(targets, i) == 0) untargeted += values[i];
        }
        require(amount <= total, AmountAboveTotal(amount, total));
        amounts = new uint256[](values.length);
        if (amount < untargeted) {
            // Without targets there is no level: they pay in proportion to their values.
            for (uint256 i; i < values.length; ++i) {
                if (_target(targets, i) != 0) continue;
                // D36{quote} = D36{quote} * D36{quote} / D36{quote}
                amounts[i] = FixedPointMathLib.fullMulDiv(values[i], amount, untargeted);
            }
            return amounts;
        }
        uint256 level = _levelOut(values, targets, amount);
        for (uint256 i; i < values.length; ++i) {
            // D36{quote} = D36{quote} - D36{quote / bps} * {bps}
            amounts[i] = FixedPointMathLib.zeroFloorSub(values[i], level * _target(targets, i));
        }
    }

    /// @notice Whether an asset is above its target by more than the tolerance.
    /// @param value D36{quote} of the asset
    /// @param target {bps}
    /// @param total D36{quote} of the vault
    /// @param tolerance D36{quote * bps}
    function isAbove(uint256 value, uint256 target, uint256 total, uint256 tolerance) internal pure returns (bool) {
        // D36{quote} * {bps} > {bps} * D36{quote} + D36{quote * bps}
        return value * BPS > target * total + tolerance;
    }

    /// @notice Whether an asset is below its target by more than the tolerance.
    /// @param value D36{quote} of the asset
    /// @param target {bps}
    /// @param total D36{quote} of the vault
    /// @param tolerance D36{quote * bps}
    function isBelow(uint256 value, uint256 target, uint256 total, uint256 tolerance) internal pure returns (bool) {
        // D36{quote} * {bps} + D36{quote * bps} < {bps} * D36{quote}
        return value * BPS + tolerance < target * total;
    }

    // ---- the common level

    /// @dev Starts with all assets and leaves out those above the level, which lowers it, until none is. Those left out stay
    ///      above. At least the lowest remains, since the level is an average of it and higher ones, and `amount`.
    /// @return level D36{quote / bps} rounded down
    function _levelIn(uint256[] memory values, uint256 targets, uint256 amount) private pure returns (uint256 level) {
        uint256 out; // bitmap of assets left out
        while (true) {
            (uint256 sum, uint256 weight) = _sums(values, targets, out);
            sum += amount;
            uint256 above;
            for (uint256 i; i < values.length; ++i) {
                // D36{quote} * {bps} > D36{quote} * {bps}
                if (out >> i & 1 == 0 && values[i] * weight > sum * _target(targets, i)) above |= 1 << i;
            }
            // D36{quote / bps} = D36{quote} / {bps}
            if (above == 0) return sum / weight;
            out |= above;
        }
    }

    /// @dev The mirror of `_levelIn`. Assets without a target are always above the level, and `amount` covers them, so at
    ///      least the highest with a target remains.
    /// @return level D36{quote / bps} rounded up
    function _levelOut(uint256[] memory values, uint256 targets, uint256 amount) private pure returns (uint256 level) {
        uint256 out; // bitmap of assets left out
        while (true) {
            (uint256 sum, uint256 weight) = _sums(values, targets, out);
            // No underflow: who is left out is worth less than his part of what is to remain.
            sum -= amount;
            uint256 below;
            for (uint256 i; i < values.length; ++i) {
                // D36{quote} * {bps} < D36{quote} * {bps}
                if (out >> i & 1 == 0 && values[i] * weight < sum * _target(targets, i)) below |= 1 << i;
            }
            // D36{quote / bps} = D36{quote} / {bps}
            if (below == 0) return FixedPointMathLib.divUp(sum, weight);
            out |= below;
        }
    }

    /// @return sum D36{quote} of the assets not left out
    /// @return weight {bps} of their targets
    function _sums(uint256[] memory values, uint256 targets, uint256 out)
        private
        pure
        returns (uint256 sum, uint256 weight)
    {
        for (uint256 i; i < values.length; ++i) {
            if (out >> i & 1 != 0) continue;
            sum += values[i];
            weight += _target(targets, i);
        }
    }

    function _target(uint256 targets, uint256 i) private pure returns (uint256) {
        return uint16(targets >> (16 * i));
    }
}
