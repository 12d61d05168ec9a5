// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {stdError} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {Budget} from "../../contracts/libraries/Budget.sol";
import {BPS} from "../../contracts/types/Types.sol";
import {VectorTest} from "./base/VectorTest.sol";

/// @notice The shared vectors (tests/vectors/budget.json, from exact fractions, asserted by pytest too), and that no window
///         ever sees more than the budget, whatever is tried.
contract BudgetTest is VectorTest {
    using stdJson for string;

    /// @dev One bucket, kept as the vault keeps it.
    struct Bucket {
        uint256 level; // D14{1}
        uint256 since; // {s} when the level held
        uint256 budget; // {bps}
        uint256 window; // {s}
    }

    string private constant PATH = "tests/vectors/budget.json";

    // ---- vectors

    function test_vectors__leaks() public {
        string[] memory rows = _rows(PATH, '{"level"');
        assertGe(rows.length, 70, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            string memory row = rows[k];
            uint256 level = Budget.leaked(
                row.readUint(".level"), row.readUint(".elapsed"), row.readUint(".budget"), row.readUint(".window")
            );
            assertEq(level, row.readUint(".after"), string.concat("LIB-3 ", row));
        }
    }

    function test_vectors__fractions() public {
        string[] memory rows = _rows(PATH, '{"amount"');
        assertGe(rows.length, 40, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            uint256 used = Budget.fractionUp(rows[k].readUint(".amount"), rows[k].readUint(".total"));
            assertEq(used, rows[k].readUint(".fraction"), string.concat("LIB-3 ", rows[k]));
        }
    }

    function test_vectors__runs() public {
        string[] memory rows = _rows(PATH, '{"name"');
        assertGe(rows.length, 30, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            string memory row = rows[k];
            Bucket memory bucket = Bucket(0, 0, row.readUint(".budget"), row.readUint(".window"));
            assertEq(Budget.capacity(bucket.budget), row.readUint(".capacity"), string.concat("LIB-3 half: ", row));
            uint256[] memory times = row.readUintArray(".times");
            uint256[] memory amounts = row.readUintArray(".amounts");
            uint256[] memory totals = row.readUintArray(".totals");
            uint256[] memory levels = row.readUintArray(".levels");
            bool[] memory accepted = row.readBoolArray(".accepted");
            for (uint256 j; j < times.length; ++j) {
                bool fits = _use(bucket, times[j], Budget.fractionUp(amounts[j], totals[j]));
                assertEq(fits, accepted[j], string.concat("LIB-3 accepted: ", row));
                assertEq(bucket.level, levels[j], string.concat("LIB-3 level: ", row));
            }
        }
    }

    // ---- the bound of any window

    /// T-18: uses of any size at any times, taken whenever they fit; then every window that begins or ends with one of
    /// them, so every window there is, has seen at most the budget. There is no slack for rounding.
    function test_T18_any_window__any_uses__at_most_the_budget(uint256 seed, uint16 budget, uint32 window) public pure {
        Bucket memory bucket = Bucket(0, 0, bound(budget, 1, BPS), bound(window, 1, 30 days));
        uint256[] memory times = new uint256[](48);
        uint256[] memory uses = new uint256[](48);
        uint256 time = 1;
        for (uint256 k; k < times.length; ++k) {
            uint256 dice = _hash(seed, k);
            time += dice % 3 == 0 ? 0 : (dice >> 8) % (bucket.window / (1 + dice % 16) + 1);
            times[k] = time;
            // half of them take all that there is room for
            uint256 room = Budget.capacity(bucket.budget)
                - Budget.leaked(bucket.level, time - bucket.since, bucket.budget, bucket.window);
            uint256 used = dice >> 128 & 1 == 0 ? room : (dice >> 64) % (2 * Budget.capacity(bucket.budget));
            if (_use(bucket, time, used)) uses[k] = used;
        }
        _checkWindows(times, uses, bucket);
    }

    /// T-18: Aera's budget began anew at midnight, so that twice of it fitted around it. Here a keeper who waits for any
    /// moment gets no more: half at once, and never more than the budget in a window.
    function test_T18_midnight__budget_just_before_and_just_after__is_not_given_twice() public pure {
        uint256 midnight = 1_700_006_400;
        Bucket memory bucket = Bucket(0, 0, 100, 1 days);
        uint256 half = Budget.capacity(100);
        assertTrue(_use(bucket, midnight - 1, half), "LIB-3 half of the budget");
        assertFalse(_use(bucket, midnight, half), "LIB-3 not again at midnight");
        assertFalse(_use(bucket, midnight + 1, half / 2), "LIB-3 nor just after");
        assertFalse(_use(bucket, midnight + 12 hours, half / 2 + half / 86_400 + 1), "LIB-3 after half a day half");
        assertTrue(_use(bucket, midnight + 12 hours - 1, half / 2), "LIB-3 but not less");
    }

    /// T-18: Enzyme's and others' budgets took gains for room. A use is never negative and a level never falls by using.
    function test_T18_use__anything__never_makes_room(uint256 level, uint256 amount, uint256 total) public pure {
        level = bound(level, 0, type(uint56).max);
        amount = bound(amount, 0, type(uint128).max);
        total = bound(total, 1, type(uint256).max);
        assertGe(level + Budget.fractionUp(amount, total), level, "LIB-3 no room from a use");
        if (amount > 0) assertGt(Budget.fractionUp(amount, total), 0, "LIB-3 no use is free, however small");
    }

    /// T-18 and T-07: what is used in many tiny parts counts at least as much as at once, so that rounding hides nothing.
    function test_T18_many_tiny_uses__count_at_least_as_one(uint256 seed, uint256 total, uint8 count) public pure {
        total = bound(total, 1, type(uint192).max);
        uint256 sum;
        uint256 parts;
        for (uint256 k; k < bound(count, 1, 65); ++k) {
            uint256 amount = _hash(seed, k) % (total / 1_000 + 2);
            sum += amount;
            parts += Budget.fractionUp(amount, total);
        }
        assertGe(parts, Budget.fractionUp(sum, total), "LIB-3 parts count no less");
    }

    /// T-18: asking often, with uses of nothing, lets no more leak than asking once.
    function test_T18_leaked__in_steps__never_less_than_at_once(
        uint256 seed,
        uint256 level,
        uint32 budget,
        uint32 window
    ) public pure {
        budget = uint32(bound(budget, 0, 14_000_000));
        window = uint32(bound(window, 1, type(uint32).max));
        level = bound(level, 0, Budget.capacity(budget));
        uint256 stepped = level;
        uint256 elapsed;
        for (uint256 k; k < 20; ++k) {
            uint256 step = _hash(seed, k) % (uint256(window) / 15 + 2);
            stepped = Budget.leaked(stepped, step, budget, window);
            elapsed += step;
        }
        uint256 once = Budget.leaked(level, elapsed, budget, window);
        assertGe(stepped, once, "LIB-3 never more leaks");
        assertLt(stepped, once + 20, "LIB-3 each step less than one unit");
    }

    // ---- one leak

    function test_capacity__is_exactly_half(uint32 budget) public pure {
        assertEq(2 * Budget.capacity(budget) * BPS, uint256(budget) * 1e14, "LIB-3 half of the budget");
    }

    function test_leaked__any_time__is_between_zero_and_the_level(
        uint256 level,
        uint40 elapsed,
        uint32 budget,
        uint32 window
    ) public pure {
        window = uint32(bound(window, 1, type(uint32).max));
        uint256 after_ = Budget.leaked(level, elapsed, budget, window);
        assertLe(after_, level, "LIB-3 never grows");
        // what leaks, cross-multiplied: at most its part of the capacity, and all of that but one unit, if there was so much
        assertLe((level - after_) * window, Budget.capacity(budget) * elapsed, "LIB-3 no more than its part");
        if (after_ > 0) {
            assertLt(
                Budget.capacity(budget) * elapsed, (level - after_ + 1) * window, "LIB-3 no less than one unit off"
            );
        }
    }

    function test_leaked__a_whole_window__empties(uint256 level, uint32 budget, uint32 window) public pure {
        window = uint32(bound(window, 1, type(uint32).max));
        level = bound(level, 0, Budget.capacity(budget));
        assertEq(Budget.leaked(level, window, budget, window), 0, "LIB-3 empty after a window");
        assertEq(Budget.leaked(level, 0, budget, window), level, "LIB-3 nothing leaks at once");
    }

    function test_fractionUp__any_amount__is_the_least_that_covers(uint128 amount, uint128 total) public pure {
        total = total == 0 ? 1 : total;
        uint256 used = Budget.fractionUp(amount, total);
        assertGe(used * total, uint256(amount) * 1e14, "LIB-3 covers");
        if (used > 0) assertLt((used - 1) * total, uint256(amount) * 1e14, "LIB-3 one less does not");
    }

    /// T-06: nothing wraps; where a product does not fit 256 bits it is either 512 bits wide or reverts.
    function test_T06_huge_numbers__exact_or_revert() public {
        assertEq(Budget.fractionUp(type(uint256).max, type(uint256).max), 1e14, "LIB-3 512 bits");
        vm.expectRevert(FixedPointMathLib.FullMulDivFailed.selector);
        this.fractionUp(type(uint256).max, 1);
        vm.expectRevert(FixedPointMathLib.FullMulDivFailed.selector);
        this.fractionUp(1, 0);
        vm.expectRevert(stdError.arithmeticError);
        this.leaked(1, type(uint256).max, 1, 1);
        vm.expectRevert(stdError.divisionError);
        this.leaked(1, 1, 1, 0);
    }

    function fractionUp(uint256 amount, uint256 total) external pure returns (uint256) {
        return Budget.fractionUp(amount, total);
    }

    function leaked(uint256 level, uint256 elapsed, uint256 budget, uint256 window) external pure returns (uint256) {
        return Budget.leaked(level, elapsed, budget, window);
    }

    // ---- inside

    /// A use as the vault makes it: what does not fit changes nothing.
    function _use(Bucket memory bucket, uint256 time, uint256 used) private pure returns (bool) {
        uint256 level = Budget.leaked(bucket.level, time - bucket.since, bucket.budget, bucket.window) + used;
        if (level > Budget.capacity(bucket.budget)) return false;
        (bucket.level, bucket.since) = (level, time);
        return true;
    }

    function _checkWindows(uint256[] memory times, uint256[] memory uses, Bucket memory bucket) private pure {
        for (uint256 first; first < times.length; ++first) {
            uint256 sum;
            for (uint256 k = first; k < times.length && times[k] - times[first] <= bucket.window; ++k) {
                sum += uses[k];
            }
            // D14{1} = {bps} * D14{1} / {bps}
            assertLe(sum, bucket.budget * 1e14 / BPS, "LIB-3 the budget of any window");
        }
    }

    function _hash(uint256 seed, uint256 salt) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt)));
    }
}
