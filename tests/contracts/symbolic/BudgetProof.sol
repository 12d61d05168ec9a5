// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Budget} from "../../../contracts/libraries/Budget.sol";
import {BPS} from "../../../contracts/types/Types.sol";

/// @notice Proofs about budgets. What is proven for all inputs and what within bounds: docs/INVARIANTS.md.
contract BudgetProof is Test {
    /// What leaks never raises the level.
    function check_leaked__never_grows(uint256 level, uint256 elapsed, uint256 budget, uint256 window) public pure {
        assertLe(Budget.leaked(level, elapsed, budget, window), level);
    }

    /// Longer waiting never leaves a higher level.
    function check_leaked__falls_with_time(uint256 level, uint40 elapsed, uint40 longer, uint32 budget, uint32 window)
        public
        pure
    {
        vm.assume(elapsed <= longer && window != 0);
        assertLe(Budget.leaked(level, longer, budget, window), Budget.leaked(level, elapsed, budget, window));
    }

    /// At most its part of the capacity leaks, and of that all but one unit, if there was so much.
    function check_leaked__rounds_against_the_keeper(uint64 level, uint40 elapsed, uint32 budget, uint32 window)
        public
        pure
    {
        vm.assume(window != 0);
        uint256 left = Budget.leaked(level, elapsed, budget, window);
        assertLe((level - left) * window, Budget.capacity(budget) * elapsed);
        if (left > 0) assertLt(Budget.capacity(budget) * elapsed, (level - left + 1) * window);
    }

    /// Uses at three moments within one window, each taken because it fitted: together at most the budget.
    function check_three_uses_in_a_window__at_most_the_budget(
        uint32 budget,
        uint32 window,
        uint32 first,
        uint32 second,
        uint64[4] calldata levelAndUses
    ) public pure {
        vm.assume(window != 0 && uint256(first) + second <= window);
        uint256 capacity = Budget.capacity(budget);
        uint256 level = uint256(levelAndUses[0]) + levelAndUses[1];
        vm.assume(level <= capacity);
        level = Budget.leaked(level, first, budget, window) + levelAndUses[2];
        vm.assume(level <= capacity);
        level = Budget.leaked(level, second, budget, window) + levelAndUses[3];
        vm.assume(level <= capacity);
        uint256 used = uint256(levelAndUses[1]) + levelAndUses[2] + levelAndUses[3];
        assertLe(used * BPS, uint256(budget) * 1e14);
    }

    /// A use is never counted as less than it is.
    function check_fractionUp__covers(uint128 amount, uint128 total) public pure {
        vm.assume(total != 0);
        uint256 used = Budget.fractionUp(amount, total);
        assertGe(used * total, uint256(amount) * 1e14);
        if (used > 0) assertLt((used - 1) * total, uint256(amount) * 1e14);
    }
}
