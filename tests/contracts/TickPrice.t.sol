// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {TickPrice} from "../../contracts/libraries/TickPrice.sol";

/// @notice Prices from ticks, against 1.0001^tick worked out with 120 digits (mpmath).
contract TickPriceTest is Test {
    int24 internal constant MAX_TICK = 887_272;

    struct Case {
        uint256 basePrice; // D36{quote/qTok of base}
        int24 tick;
        uint256 value; // D36{quote/qTok of token} floor(basePrice * 1.0001^tick)
    }

    function test_value__when_compared_with_the_closed_form__then_equal_to_nine_digits() public pure {
        Case[13] memory cases = [
            Case(1e36, 1, 1_000_100_000_000_000_000_000_000_000_000_000_000),
            Case(1e36, -1, 999_900_009_999_000_099_990_000_999_900_009_999),
            Case(1e30, 100, 1_010_049_662_092_876_568_855_018_862_907),
            Case(1e30, -214_169, 500_291_980_780_623_017_435),
            Case(1e18, 276_324, 999_997_356_176_039_153_113_976_863_680),
            Case(1e30, -276_325, 999_902_653_565_594_111),
            Case(2_000e30, -69_082, 1_999_801_341_779_986_743_204_890_646_064),
            // the last root of 128 bits and the first of 129
            Case(1e36, 443_636, 18446050711097703529776342895396472065568967222426633323),
            Case(1e36, 443_637, 18447895316168813300129320529686011712775524119148875986),
            Case(1e36, 600_000, 113858672924455575659711711861457979135760244317999563196397812),
            Case(1e36, -600_000, 8_782_817_982),
            Case(1e60, -MAX_TICK, 2938956807585584838874),
            Case(1e36, MAX_TICK, 340256786836388094050805785052746541066751507546701582068884050462948821114)
        ];
        for (uint256 i; i < cases.length; ++i) {
            uint256 value = TickPrice.value(cases[i].basePrice, cases[i].tick);
            assertApproxEqRel(value, cases[i].value, 1e9, "closed form");
        }
    }

    function test_value__when_tick_is_zero__then_the_price_of_the_base(uint248 basePrice) public pure {
        assertEq(TickPrice.value(basePrice, 0), basePrice, "equal");
    }

    /// @dev Uniswap rounds a root up by less than one part in 2^52 at these ticks, and both prices are rounded down.
    function test_value__when_there_and_back__then_as_before(uint256 basePrice, int24 tick) public pure {
        tick = int24(bound(tick, -500_000, 500_000));
        basePrice = bound(basePrice, 1e36, 1e46);
        assertApproxEqRel(TickPrice.value(TickPrice.value(basePrice, tick), -tick), basePrice, 1e8, "there and back");
    }

    /// @dev No price of a feed is within eight times 2^251, so that this one deviates from all of them.
    function test_value__when_it_does_not_fit__then_the_highest_number(uint256 basePrice, int24 tick) public pure {
        tick = int24(bound(tick, 200_000, MAX_TICK));
        // 1.0001^200000 is above 2^28
        basePrice = bound(basePrice, 1 << 229, type(uint256).max);
        assertEq(TickPrice.value(basePrice, tick), type(uint256).max, "the highest");
    }

    /// @dev The guard against overflow is coarse, but never so much that a price below 2^251 were lost.
    function test_value__when_below_2_to_the_251__then_exact_enough(uint256 basePrice, int24 tick) public pure {
        tick = int24(bound(tick, 0, MAX_TICK));
        basePrice = bound(basePrice, 1, type(uint248).max);
        uint256 value = TickPrice.value(basePrice, tick);
        if (value == type(uint256).max) {
            // 2^251 / 1.0001^tick, by the way back
            assertGt(basePrice, TickPrice.value(1 << 251, -tick), "too high for any feed");
        }
    }

    function test_mean__when_any_sum__then_rounded_towards_negative_infinity(int56 from, int56 sum, uint24 window)
        public
        pure
    {
        window = uint24(bound(window, 1, type(uint24).max));
        sum = int56(bound(sum, -int256(MAX_TICK) * int256(uint256(window)), int256(MAX_TICK) * int256(uint256(window))));
        from = int56(bound(from, -1e15, 1e15));
        int256 tick = TickPrice.mean(from, from + sum, window);
        int256 length = int256(uint256(window));
        assertLe(tick * length, sum, "not above");
        assertGt((tick + 1) * length, sum, "not a whole tick below");
    }

    function test_mean__when_negative_and_not_whole__then_one_lower() public pure {
        assertEq(TickPrice.mean(10, -5, 10), -2, "-1.5");
        assertEq(TickPrice.mean(0, -20, 10), -2, "-2.0");
        assertEq(TickPrice.mean(-5, 10, 10), 1, "1.5");
    }
}
