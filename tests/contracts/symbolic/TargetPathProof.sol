// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {TargetPath} from "../../../contracts/libraries/TargetPath.sol";
import {BPS} from "../../../contracts/types/Types.sol";

/// @notice Proofs about the targets between two knots. What is proven for all inputs and what within bounds:
///         docs/INVARIANTS.md.
contract TargetPathProof is Test {
    function check_interpolate__two_assets__sum(uint16 from, uint16 to, uint40 elapsed, uint40 duration) public pure {
        vm.assume(from <= BPS && to <= BPS && elapsed <= duration && duration != 0);
        uint256 packed = TargetPath.interpolate(_two(from), _two(to), 2, elapsed, duration);
        assertEq(uint16(packed) + (packed >> 16), BPS);
    }

    /// The missing basis point goes to the larger remainder, of equal ones to the first.
    function check_interpolate__two_assets__largest_remainder(uint16 from, uint16 to, uint40 elapsed, uint40 duration)
        public
        pure
    {
        vm.assume(from <= BPS && to <= BPS && elapsed <= duration && duration != 0);
        uint256 packed = TargetPath.interpolate(_two(from), _two(to), 2, elapsed, duration);
        uint256 exact = uint256(from) * (duration - elapsed) + uint256(to) * elapsed;
        uint256 lost = exact % duration;
        // the other asset lost the rest of a whole one
        assertEq(uint16(packed), exact / duration + (lost != 0 && lost >= duration - lost ? 1 : 0));
    }

    /// Each weight is less than one basis point off its exact value.
    function check_interpolate__two_assets__less_than_one_off(uint16 from, uint16 to, uint40 elapsed, uint40 duration)
        public
        pure
    {
        vm.assume(from <= BPS && to <= BPS && elapsed <= duration && duration != 0);
        uint256 packed = TargetPath.interpolate(_two(from), _two(to), 2, elapsed, duration);
        uint256 exact = uint256(from) * (duration - elapsed) + uint256(to) * elapsed;
        assertLt(uint16(packed) * uint256(duration), exact + duration);
        assertGt(uint16(packed) * uint256(duration) + duration, exact);
    }

    function _two(uint256 first) private pure returns (uint256) {
        return (BPS - first) << 16 | first;
    }
}
