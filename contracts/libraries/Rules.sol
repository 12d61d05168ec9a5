// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {BPS} from "../types/Types.sol";

/// @notice The arithmetic that decides whether a rebalance is due and whether it was a good one.
/// @dev Every decision compares integers that are exact: ratios are cross-multiplied, never divided. Nothing wraps: a vault
///      worth more than MAX_TOTAL is refused by `valuesOf`, and what is worth less fits after every multiplication here,
///      which are by at most a band of 16 bits and a weight of 14. So the comparisons need no checks of their own.
///      The same functions in Python: controller/planning; both assert tests/vectors/rules.json.
library Rules {
    error ValueTooLarge(uint256 total, uint256 maximum);

    /// @notice D36{quote} the largest value of a vault, about 10^32 {quote}.
    uint256 internal constant MAX_TOTAL = type(uint256).max >> 30;

    /// @notice Band and destination of a mandate.
    struct Bands {
        uint256 band; // {bps} zero: none
        uint256 relativeBand; // {bps of the target} zero: none
        uint256 drift; // {bps} absolute destination
        uint256 relativeDrift; // {bps of the target} relative destination
        uint256 tolerance; // D36{quote * bps} of the destination: the smallest trade
    }

    /// @dev D36{quote} = D18{quote} * 10^18
    uint256 private constant D18_TO_D36 = 1e18;
    uint256 private constant D18 = 1e18;

    /// @notice What each asset and the vault are worth.
    /// @param balances {qTok}
    /// @param prices D36{quote/qTok}, as many
    /// @return values D36{quote}
    /// @return total D36{quote}
    function valuesOf(uint256[] memory balances, uint256[] memory prices)
        internal
        pure
        returns (uint256[] memory values, uint256 total)
    {
        uint256 wraps; // not zero: one of them does
        assembly ("memory-safe") {
            values := mload(0x40)
            mstore(values, mload(balances))
            let at := shl(5, mload(balances))
            mstore(0x40, add(values, add(at, 0x20)))
            for {} at { at := sub(at, 0x20) } {
                let held := mload(add(balances, at))
                let price := mload(add(prices, at))
                // D36{quote} = {qTok} * D36{quote/qTok}
                let value := mul(held, price)
                mstore(add(values, at), value)
                total := add(total, value)
                // A product is right when it divides back, and gives less when it is not; a sum when it is not below what
                // was added.
                wraps := or(wraps, or(and(lt(div(value, held), price), gt(held, 0)), lt(total, value)))
            }
        }
        if (wraps != 0) total = type(uint256).max;
        require(total <= MAX_TOTAL, ValueTooLarge(total, MAX_TOTAL));
    }

    /// @notice How far an asset is from its target, as a numerator over `total * BPS`.
    /// @param value D36{quote} of the asset
    /// @param target {bps}
    /// @param total D36{quote} of the vault
    /// @return D36{quote * bps}
    function deviation(uint256 value, uint256 target, uint256 total) internal pure returns (uint256) {
        unchecked {
            // D36{quote * bps} = |D36{quote} * {bps} - {bps} * D36{quote}|
            return FixedPointMathLib.dist(value * BPS, target * total);
        }
    }

    /// @notice Whether the drift of an asset has reached its band: the absolute one or the one relative to its target,
    ///         whichever is nearer. Inclusive. An asset without a target has no relative band.
    /// @param off D36{quote * bps} deviation of the asset
    /// @param target {bps}
    function isBreach(Bands memory bands, uint256 off, uint256 target, uint256 total) internal pure returns (bool) {
        unchecked {
            // D36{quote * bps} >= {bps} * D36{quote}
            if (bands.band != 0 && off >= bands.band * total) return true;
            // D36{quote * bps} * {bps} >= {bps} * {bps} * D36{quote}
            return bands.relativeBand != 0 && target != 0 && off * BPS >= bands.relativeBand * target * total;
        }
    }

    /// @notice Whether an asset is inside its destination, give or take the smallest trade: what is left could not be
    ///         traded. Without that tolerance a destination of zero could never be hit.
    /// @dev The absolute destination belongs to the absolute band, the relative one to the relative band; a mandate
    ///      without bands, by calendar alone, has the absolute one.
    /// @param off D36{quote * bps} deviation of the asset
    /// @param target {bps}
    function isInside(Bands memory bands, uint256 off, uint256 target, uint256 total) internal pure returns (bool) {
        off = FixedPointMathLib.zeroFloorSub(off, bands.tolerance);
        unchecked {
            if (bands.relativeBand == 0) return off <= bands.drift * total;
            if (bands.band != 0 && off > bands.drift * total) return false;
            // D36{quote * bps} * {bps} <= {bps} * {bps} * D36{quote}
            return off * BPS <= bands.relativeDrift * target * total;
        }
    }

    /// @notice The assets in breach: `isBreach` of each, with one edge for all where no relative band is asked for.
    /// @param values D36{quote}
    /// @param targets {bps} packed, 16 bits each, asset 0 lowest
    /// @param total D36{quote} of the vault, not zero
    /// @return found bitmap
    /// @return largest D36{quote * bps} deviation of all assets
    function breachesOf(Bands memory bands, uint256[] memory values, uint256 targets, uint256 total)
        internal
        pure
        returns (uint256 found, uint256 largest)
    {
        unchecked {
            // The largest deviation that is no breach: D36{quote * bps} = {bps} * D36{quote}, less one
            uint256 edge = bands.band == 0 ? type(uint256).max : bands.band * total - 1;
            (found, largest) = _beyond(values, targets, total, edge);
            if (bands.relativeBand == 0) return (found, largest);
            for (uint256 i; i < values.length; ++i) {
                uint256 target = uint16(targets >> (16 * i));
                if (isBreach(bands, deviation(values[i], target, total), target, total)) found |= 1 << i;
            }
        }
    }

    /// @notice The assets outside of their destination: not `isInside`, with one edge for all where there is no relative one.
    /// @param values D36{quote}
    /// @param targets {bps} packed
    /// @param total D36{quote} of the vault, not zero
    /// @return found bitmap
    /// @return largest D36{quote * bps} deviation of all assets
    function outsideOf(Bands memory bands, uint256[] memory values, uint256 targets, uint256 total)
        internal
        pure
        returns (uint256 found, uint256 largest)
    {
        unchecked {
            // D36{quote * bps} = {bps} * D36{quote} + D36{quote * bps}
            uint256 edge = bands.relativeBand == 0 ? bands.drift * total + bands.tolerance : type(uint256).max;
            (found, largest) = _beyond(values, targets, total, edge);
            if (bands.relativeBand == 0) return (found, largest);
            for (uint256 i; i < values.length; ++i) {
                uint256 target = uint16(targets >> (16 * i));
                if (!isInside(bands, deviation(values[i], target, total), target, total)) found |= 1 << i;
            }
        }
    }

    /// @notice On which side of its target an asset is: 1 above, 0 exactly on it, -1 below.
    function side(uint256 value, uint256 target, uint256 total) internal pure returns (int256 above) {
        unchecked {
            // D36{quote * bps} = D36{quote} * {bps}
            uint256 actual = value * BPS;
            uint256 wanted = target * total;
            assembly ("memory-safe") {
                above := sub(gt(actual, wanted), lt(actual, wanted))
            }
        }
    }

    /// @notice Whether trading took an asset away from its target or past it.
    /// @dev What is sold has to be above its target before and not below it after; what is bought the other way round.
    ///      An asset both sold and bought would have to be above and below before: always crossed.
    function isCrossed(bool sold, bool bought, int256 before, int256 afterwards) internal pure returns (bool crossed) {
        assembly ("memory-safe") {
            let hit := and(sold, or(slt(before, 1), slt(afterwards, 0)))
            crossed := or(hit, and(bought, or(sgt(before, not(0)), sgt(afterwards, 0))))
        }
    }

    /// @notice Whether a trade returned less than the mandate's slippage allows. The same as `floorUp`, without dividing.
    /// @param valueIn D36{quote}
    /// @param valueOut D36{quote}
    /// @param maxSlippage {bps}, below BPS
    function isOutputTooLow(uint256 valueIn, uint256 valueOut, uint256 maxSlippage) internal pure returns (bool) {
        uint256 kept; // {bps}
        unchecked {
            kept = BPS - maxSlippage;
        }
        // D36{quote} * {bps} < D36{quote} * {bps}
        return valueOut * BPS < valueIn * kept;
    }

    /// @notice Whether a loss is above the limit. The limit itself is allowed.
    /// @param loss D36{quote}
    /// @param maxLoss {bps}
    function isLossTooHigh(uint256 loss, uint256 totalBefore, uint256 maxLoss) internal pure returns (bool) {
        uint256 limit; // D36{quote * bps}
        unchecked {
            limit = maxLoss * totalBefore;
        }
        // D36{quote} * {bps} > D36{quote * bps}
        return loss * BPS > limit;
    }

    /// @notice A deviation as a ratio, for showing and recording only.
    /// @dev `total` is not zero: a vault without value is refused before. The product has 512 bits, so it cannot overflow.
    /// @param off D36{quote * bps}
    /// @return D18{1}, rounded down
    function drift(uint256 off, uint256 total) internal pure returns (uint256) {
        unchecked {
            // D18{1} = D36{quote * bps} * D18{1} / (D36{quote} * {bps})
            return FixedPointMathLib.fullMulDiv(off, D18, total * BPS);
        }
    }

    /// @notice The least that a trade must return at the oracle's prices.
    /// @param amountIn {qTok of sell}
    /// @param priceSell D36{quote/qTok of sell}
    /// @param priceBuy D36{quote/qTok of buy}, not zero: the oracle refuses that
    /// @param maxSlippage {bps}, below BPS
    /// @return {qTok of buy}, rounded up
    function floorUp(uint256 amountIn, uint256 priceSell, uint256 priceBuy, uint256 maxSlippage)
        internal
        pure
        returns (uint256)
    {
        // {qTok of buy} = {qTok of sell} * D36{quote/qTok of sell} * {bps} / (D36{quote/qTok of buy} * {bps})
        return FixedPointMathLib.fullMulDivUp(amountIn * priceSell, BPS - maxSlippage, priceBuy * BPS);
    }

    /// @param minTrade D18{quote}
    /// @return D36{quote}
    function minTradeValue(uint256 minTrade) internal pure returns (uint256) {
        // D36{quote} = D18{quote} * 10^18; no overflow, minTrade is a uint128
        unchecked {
            return minTrade * D18_TO_D36;
        }
    }

    /// @dev `deviation` of each asset, held against one edge.
    /// @param edge D36{quote * bps}
    /// @return found bitmap of the assets beyond it
    /// @return largest D36{quote * bps}
    function _beyond(uint256[] memory values, uint256 targets, uint256 total, uint256 edge)
        private
        pure
        returns (uint256 found, uint256 largest)
    {
        assembly ("memory-safe") {
            // From the last, so that each leaves its bit below those of the later ones.
            for { let i := mload(values) } i {} {
                let value := mload(add(values, shl(5, i)))
                i := sub(i, 1)
                // D36{quote * bps} = |D36{quote} * {bps} - {bps} * D36{quote}|
                let off := sub(mul(value, 10000), mul(and(shr(shl(4, i), targets), 0xffff), total))
                if slt(off, 0) { off := sub(0, off) }
                if gt(off, largest) { largest := off }
                found := or(shl(1, found), gt(off, edge))
            }
        }
    }
}
