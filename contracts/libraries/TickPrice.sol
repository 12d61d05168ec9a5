// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {TickMath} from "v4-core/libraries/TickMath.sol";

/// @notice Prices from the ticks of Uniswap V3: the price of a pool at tick t is 1.0001^t {qTok1/qTok0}.
library TickPrice {
    /// @notice The arithmetic mean of the ticks over a time, which is the geometric mean of the prices.
    /// @param from {tick * s} the pool's accumulator when the time began
    /// @param to {tick * s} and when it ended
    /// @param window {s} how long that was, not zero
    /// @return tick rounded towards negative infinity, as Uniswap does
    function mean(int56 from, int56 to, uint256 window) internal pure returns (int24 tick) {
        int256 sum = int256(to) - from;
        int256 length = int256(window);
        // {tick} = {tick * s} / {s}. The cast cannot truncate: a mean of ticks is within the range of ticks.
        tick = int24(sum / length);
        if (sum % length < 0) --tick;
    }

    /// @notice The price of a token from that of another one and the tick of their pool. Rounded down.
    /// @param basePrice D36{quote/qTok of base}
    /// @param tick of {qTok of base} per {qTok of token}: the pool's tick if the token is its token0, else that negated
    /// @return D36{quote/qTok of token}; the highest number there is where the price does not fit
    function value(uint256 basePrice, int24 tick) internal pure returns (uint256) {
        uint256 root = TickMath.getSqrtPriceAtTick(tick);
        // Its square is above the ratio, and at most four times that where the ratio is one or more.
        uint256 above = (root >> 96) + 1;
        if (basePrice > type(uint256).max / (above * above)) return type(uint256).max;
        // D36{quote/qTok of token} = D36{quote/qTok of base} * ({sqrt(qTok of base / qTok of token)} / 2^96)^2,
        // the square kept at 192 fractional bits where it fits, else at 128
        return root <= type(uint128).max
            ? FixedPointMathLib.fullMulDiv(basePrice, root * root, 1 << 192)
            : FixedPointMathLib.fullMulDiv(basePrice, FixedPointMathLib.fullMulDiv(root, root, 1 << 64), 1 << 128);
    }
}
