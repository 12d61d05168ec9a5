// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @notice Rolling budgets of losses and of turnover, as leaky buckets.
/// @dev A bucket holds half of its budget and leaks that half in each window, continuously. What is used is poured in, and
///      what would make it overflow is refused. Levels are D14{1}: fractions of the vault's value at the time of the use.
///
///      In ANY window at most the budget is used. Let C be the capacity, W the window, and the uses u_1 ... u_n fall into
///      some interval of length W, with levels b_1 ... b_n before and a_1 ... a_n after each: a_i = b_i + u_i <= C. Between two
///      uses, at times t_i and t_i+1, at most what leaks is gone: b_i+1 >= a_i - C * (t_i+1 - t_i) / W. Then
///          sum of u_i = a_n - b_1 + sum of (a_i - b_i+1) <= C - 0 + C * (t_n - t_1) / W <= 2 * C = the budget.
///      Nothing is lost to rounding: C is exactly half of the budget, what leaks is rounded down and what is used up, both
///      against the keeper. Levels written in between, without a use, only make the leak smaller, by less than one unit each.
///      There is no reset, so no moment at which more is allowed; gains have no part in it.
///      The same functions in Python: controller/planning; both assert tests/vectors/budget.json.
library Budget {
    uint256 private constant D14 = 1e14;
    /// @dev D14{1} of one basis point of the budget: 10^14 / 10^4 / 2
    uint256 private constant HALF_BPS = 5e9;

    /// @notice What may be used at once.
    /// @param budgetBps {bps} that may be used in any window
    /// @return D14{1} exactly half of it
    function capacity(uint256 budgetBps) internal pure returns (uint256) {
        unchecked {
            // D14{1} = {bps} * D14{1} / {bps} / 2; no overflow, a budget has 32 bits
            return budgetBps * HALF_BPS;
        }
    }

    /// @notice The level after some time without use: `capacity` leaks in each window.
    /// @param level D14{1}
    /// @param elapsed {s}
    /// @param budgetBps {bps} that may be used in any window
    /// @param window {s} not zero
    /// @return D14{1} rounded up, at least zero
    function leaked(uint256 level, uint256 elapsed, uint256 budgetBps, uint256 window) internal pure returns (uint256) {
        // D14{1} = D14{1} - D14{1} * {s} / {s}
        return FixedPointMathLib.zeroFloorSub(level, capacity(budgetBps) * elapsed / window);
    }

    /// @notice What a use adds to the level.
    /// @dev The product has 512 bits, so it cannot overflow.
    /// @param amount D36{quote} lost or sold
    /// @param total D36{quote} of the vault, not zero
    /// @return D14{1} rounded up
    function fractionUp(uint256 amount, uint256 total) internal pure returns (uint256) {
        // D14{1} = D36{quote} * D14{1} / D36{quote}
        return FixedPointMathLib.fullMulDivUp(amount, D14, total);
    }
}
