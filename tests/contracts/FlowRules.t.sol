// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {stdError} from "forge-std/Test.sol";
import {LibString} from "solady/utils/LibString.sol";

import {FlowRules} from "../../contracts/libraries/FlowRules.sol";
import {BPS, MAX_ASSETS, MIN_ASSETS} from "../../contracts/types/Types.sol";
import {VectorTest} from "./base/VectorTest.sol";

/// @notice The shared vectors (tests/vectors/flows.json, from exact fractions, asserted by pytest too) and what any routed
///         flow keeps. Shortfalls are checked to the unit and the checks of the vault pass with no tolerance at all.
contract FlowRulesTest is VectorTest {
    using stdJson for string;

    string private constant PATH = "tests/vectors/flows.json";

    function test_vectors__flows() public {
        string[] memory rows = _rows(PATH, '{"name"');
        assertGe(rows.length, 140, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            string memory row = rows[k];
            uint256[] memory values = row.readUintArray(".values");
            uint256 targets = _packed(row.readUintArray(".targets"));
            uint256 amount = row.readUint(".amount");
            uint256[] memory amounts = LibString.eq(row.readString(".direction"), "IN")
                ? FlowRules.routeIn(values, targets, amount)
                : FlowRules.routeOut(values, targets, amount);
            assertEq(amounts, row.readUintArray(".amounts"), string.concat("LIB-4 ", row));
        }
    }

    // ---- any deposit

    /// What is bought is not above its target afterwards, with a tolerance of zero, and nearly all of the amount is spread.
    function test_routeIn__any_vault__passes_the_check_exactly(uint256 seed, uint256 count, uint256 amount)
        public
        pure
    {
        (uint256[] memory values, uint256 targets, uint256 total) = _vault(seed, count);
        amount = bound(amount, 0, _amount(seed, total));
        uint256[] memory amounts = FlowRules.routeIn(values, targets, amount);
        uint256 sum = _sum(amounts);
        assertLe(sum, amount, "LIB-4 at most the amount");
        assertLt(amount - sum, BPS, "LIB-4 less than BPS short");
        for (uint256 i; i < values.length; ++i) {
            if (amounts[i] == 0) continue;
            uint256 target = uint16(targets >> (16 * i));
            assertGt(target, 0, "LIB-4 without a target never bought");
            assertFalse(FlowRules.isAbove(values[i] + amounts[i], target, total + sum, 0), "LIB-4 not above");
        }
    }

    /// All that is bought ends at one level; what is not bought was at that level or above.
    function test_routeIn__any_vault__fills_the_lowest_to_one_level(uint256 seed, uint256 count, uint256 amount)
        public
        pure
    {
        (uint256[] memory values, uint256 targets, uint256 total) = _vault(seed, count);
        uint256[] memory amounts = FlowRules.routeIn(values, targets, bound(amount, 0, _amount(seed, total)));
        for (uint256 i; i < values.length; ++i) {
            for (uint256 j; j < values.length; ++j) {
                if (amounts[i] == 0) continue;
                (uint256 one, uint256 other) = (uint16(targets >> (16 * i)), uint16(targets >> (16 * j)));
                // D36{quote} * {bps} <= D36{quote} * {bps}: value over target
                uint256 mine = (values[i] + amounts[i]) * other;
                uint256 others = (values[j] + amounts[j]) * one;
                if (amounts[j] > 0) assertEq(mine, others, "LIB-4 one level");
                else assertLe(mine, others, "LIB-4 the lowest first");
            }
        }
    }

    // ---- any withdrawal

    /// What is paid is not below its target afterwards, with a tolerance of zero, and nearly all of the amount is paid.
    function test_routeOut__any_vault__passes_the_check_exactly(uint256 seed, uint256 count, uint256 amount)
        public
        pure
    {
        (uint256[] memory values, uint256 targets, uint256 total) = _vault(seed, count);
        amount = bound(amount, 0, total);
        uint256[] memory amounts = FlowRules.routeOut(values, targets, amount);
        uint256 sum = _sum(amounts);
        assertLe(sum, amount, "LIB-4 at most the amount");
        assertLt(amount - sum, BPS, "LIB-4 less than BPS short");
        bool untargetedLeft;
        bool targetedPaid;
        for (uint256 i; i < values.length; ++i) {
            uint256 target = uint16(targets >> (16 * i));
            assertLe(amounts[i], values[i], "LIB-4 at most what is there");
            if (target == 0 && amounts[i] < values[i]) untargetedLeft = true;
            if (amounts[i] == 0) continue;
            if (target > 0) targetedPaid = true;
            assertFalse(FlowRules.isBelow(values[i] - amounts[i], target, total - sum, 0), "LIB-4 not below");
        }
        assertFalse(untargetedLeft && targetedPaid, "LIB-4 without a target first");
    }

    /// All that is paid ends at one level; what is not paid was at that level or below.
    function test_routeOut__any_vault__takes_the_highest_to_one_level(uint256 seed, uint256 count, uint256 amount)
        public
        pure
    {
        (uint256[] memory values, uint256 targets, uint256 total) = _vault(seed, count);
        uint256[] memory amounts = FlowRules.routeOut(values, targets, bound(amount, 0, total));
        for (uint256 i; i < values.length; ++i) {
            for (uint256 j; j < values.length; ++j) {
                (uint256 one, uint256 other) = (uint16(targets >> (16 * i)), uint16(targets >> (16 * j)));
                if (amounts[i] == 0 || one == 0 || other == 0) continue;
                // D36{quote} * {bps} >= D36{quote} * {bps}: value over target
                uint256 mine = (values[i] - amounts[i]) * other;
                uint256 others = (values[j] - amounts[j]) * one;
                if (amounts[j] > 0) assertEq(mine, others, "LIB-4 one level");
                else assertGe(mine, others, "LIB-4 the highest first");
            }
        }
    }

    function test_routeOut__everything__takes_everything(uint256 seed, uint256 count) public pure {
        (uint256[] memory values, uint256 targets, uint256 total) = _vault(seed, count);
        assertEq(FlowRules.routeOut(values, targets, total), values, "LIB-4 everything");
    }

    function test_routeOut__more_than_there_is__reverts(uint256 seed, uint256 count, uint256 more) public {
        (uint256[] memory values, uint256 targets, uint256 total) = _vault(seed, count);
        more = bound(more, total + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(FlowRules.AmountAboveTotal.selector, more, total));
        this.routeOut(values, targets, more);
    }

    /// T-07: a flow cut in many tiny parts is never worth more than the whole, and every part passes the checks.
    function test_T07_many_tiny_flows__never_worth_more(uint256 seed, uint256 count) public pure {
        (uint256[] memory values, uint256 targets, uint256 total) = _vault(seed, count);
        uint256 asked;
        uint256 paid;
        for (uint256 k; k < 20; ++k) {
            uint256 amount = uint256(keccak256(abi.encode(seed, k))) % (total / 100 + 1) % (5 * BPS);
            uint256[] memory amounts = FlowRules.routeOut(values, targets, amount);
            asked += amount;
            for (uint256 i; i < values.length; ++i) {
                values[i] -= amounts[i];
            }
            paid += _sum(amounts);
            total -= _sum(amounts);
            for (uint256 i; i < values.length; ++i) {
                if (amounts[i] == 0) continue;
                assertFalse(FlowRules.isBelow(values[i], uint16(targets >> (16 * i)), total, 0), "LIB-4 each part");
            }
        }
        assertLe(paid, asked, "LIB-4 parts are worth no more");
    }

    // ---- the checks

    function test_isAbove_isBelow__one_unit_around_the_tolerance(uint256 total, uint256 target, uint128 units)
        public
        pure
    {
        total = bound(total, 1, 1e60) * BPS;
        target = bound(target, 1, BPS);
        uint256 value = total / BPS * target;
        uint256 tolerance = uint256(units) * BPS;
        assertFalse(FlowRules.isAbove(value + units, target, total, tolerance), "LIB-4 at the tolerance above");
        assertTrue(FlowRules.isAbove(value + units + 1, target, total, tolerance), "LIB-4 one unit more");
        if (value <= units) return;
        assertFalse(FlowRules.isBelow(value - units, target, total, tolerance), "LIB-4 at the tolerance below");
        assertTrue(FlowRules.isBelow(value - units - 1, target, total, tolerance), "LIB-4 one unit less");
    }

    /// T-06: values that do not fit revert.
    function test_T06_huge_values__revert() public {
        uint256[] memory values = new uint256[](2);
        (values[0], values[1]) = (type(uint256).max, 1);
        uint256 half = 5_000 << 16 | 5_000;
        vm.expectRevert(stdError.arithmeticError);
        this.routeIn(values, half, 1);
        vm.expectRevert(stdError.arithmeticError);
        this.routeOut(values, half, 1);
        values[1] = 0;
        vm.expectRevert(stdError.arithmeticError);
        this.routeIn(values, half, 1);
        vm.expectRevert(stdError.arithmeticError);
        this.routeOut(values, half, 1);
        vm.expectRevert(stdError.arithmeticError);
        this.isAbove(type(uint256).max, 1, 1, 1);
        vm.expectRevert(stdError.arithmeticError);
        this.isBelow(type(uint256).max, 1, 1, 1);
    }

    function routeIn(uint256[] calldata values, uint256 targets, uint256 amount)
        external
        pure
        returns (uint256[] memory)
    {
        return FlowRules.routeIn(values, targets, amount);
    }

    function routeOut(uint256[] calldata values, uint256 targets, uint256 amount)
        external
        pure
        returns (uint256[] memory)
    {
        return FlowRules.routeOut(values, targets, amount);
    }

    function isAbove(uint256 value, uint256 target, uint256 total, uint256 tolerance) external pure returns (bool) {
        return FlowRules.isAbove(value, target, total, tolerance);
    }

    function isBelow(uint256 value, uint256 target, uint256 total, uint256 tolerance) external pure returns (bool) {
        return FlowRules.isBelow(value, target, total, tolerance);
    }

    // ---- inside

    /// Any vault, from dust to a trillion dollars; assets with nothing, without a target, or on target are frequent.
    function _vault(uint256 seed, uint256 count)
        private
        pure
        returns (uint256[] memory values, uint256 targets, uint256 total)
    {
        values = new uint256[](bound(count, MIN_ASSETS, MAX_ASSETS));
        uint256 worth = [uint256(1), 1e6, 1e36, 1e44][seed % 4];
        uint256 left = BPS;
        for (uint256 i; i < values.length; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            uint256 target =
                i == values.length - 1 ? left : dice % 4 == 0 ? 0 : (dice >> 8) % (2 * left / (values.length - i) + 1);
            left -= target;
            targets |= target << (16 * i);
            uint256 way = (dice >> 32) % 8;
            values[i] = way == 0 ? 0 : way == 1 ? worth * target : worth * ((dice >> 64) % BPS) + (dice >> 128) % 100;
            total += values[i];
        }
    }

    /// Amounts from nothing to a few times the vault.
    function _amount(uint256 seed, uint256 total) private pure returns (uint256) {
        return (3 * total + 5 * BPS) >> (seed >> 8) % 16;
    }

    function _sum(uint256[] memory amounts) private pure returns (uint256 sum) {
        for (uint256 i; i < amounts.length; ++i) {
            sum += amounts[i];
        }
    }
}
