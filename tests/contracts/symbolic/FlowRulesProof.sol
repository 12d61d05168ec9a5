// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {FlowRules} from "../../../contracts/libraries/FlowRules.sol";
import {BPS} from "../../../contracts/types/Types.sol";

/// @notice Proofs about flows of two assets. What is proven for all inputs and what within bounds: docs/INVARIANTS.md.
contract FlowRulesProof is Test {
    /// A deposit that is routed is not above any target afterwards, with no tolerance at all.
    function check_routeIn__two_assets__passes_exactly(uint224[2] calldata v, uint16 target, uint224 amount)
        public
        pure
    {
        vm.assume(target <= BPS);
        (uint256[] memory values, uint256 targets) = _vault(v[0], v[1], target);
        uint256[] memory amounts = FlowRules.routeIn(values, targets, amount);
        uint256 sum = amounts[0] + amounts[1];
        assertTrue(sum <= amount && amount - sum < BPS);
        uint256 total = values[0] + values[1] + sum;
        assertFalse(amounts[0] > 0 && FlowRules.isAbove(values[0] + amounts[0], target, total, 0));
        assertFalse(amounts[1] > 0 && FlowRules.isAbove(values[1] + amounts[1], BPS - target, total, 0));
    }

    /// A withdrawal that is routed is not below any target afterwards, with no tolerance at all.
    function check_routeOut__two_assets__passes_exactly(uint224[2] calldata v, uint16 target, uint224 amount)
        public
        pure
    {
        vm.assume(target > 0 && target < BPS && amount <= uint256(v[0]) + v[1]);
        _routeOut(v[0], v[1], target, amount);
    }

    /// The same where the first asset has no target and goes first, in a product of 512 bits.
    function check_routeOut__without_a_target__goes_first(uint128[2] calldata v, uint128 amount) public pure {
        vm.assume(amount <= uint256(v[0]) + v[1]);
        uint256[] memory amounts = _routeOut(v[0], v[1], 0, amount);
        assertTrue(amounts[1] == 0 || amounts[0] == v[0]);
    }

    function _routeOut(uint256 first, uint256 second, uint256 target, uint256 amount)
        private
        pure
        returns (uint256[] memory amounts)
    {
        (uint256[] memory values, uint256 targets) = _vault(first, second, target);
        amounts = FlowRules.routeOut(values, targets, amount);
        uint256 sum = amounts[0] + amounts[1];
        assertTrue(sum <= amount && amount - sum < BPS);
        uint256 total = values[0] + values[1] - sum;
        assertFalse(amounts[0] > 0 && FlowRules.isBelow(values[0] - amounts[0], target, total, 0));
        assertFalse(amounts[1] > 0 && FlowRules.isBelow(values[1] - amounts[1], BPS - target, total, 0));
    }

    function _vault(uint256 first, uint256 second, uint256 target)
        private
        pure
        returns (uint256[] memory values, uint256 targets)
    {
        values = new uint256[](2);
        (values[0], values[1]) = (first, second);
        return (values, (BPS - target) << 16 | target);
    }
}
