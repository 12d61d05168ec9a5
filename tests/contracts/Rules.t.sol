// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {stdError} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibString} from "solady/utils/LibString.sol";

import {Rules} from "../../contracts/libraries/Rules.sol";
import {BPS} from "../../contracts/types/Types.sol";
import {VectorTest} from "./base/VectorTest.sol";

/// @notice The shared vectors (tests/vectors/rules.json, asserted by pytest too) and the exactness of every comparison.
contract RulesTest is VectorTest {
    using stdJson for string;

    struct Case {
        string name;
        uint256[] balances;
        uint256[] prices;
        uint256[] targets;
        Rules.Bands bands;
        bool breachScope;
        uint256 maxLoss;
        bool[] breaches;
    }

    string private constant PATH = "tests/vectors/rules.json";

    // ---- vectors

    function test_vectors__trigger_and_drift() public {
        string[] memory rows = _rows(PATH, '{"name"');
        assertGe(rows.length, 150, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            Case memory c = _case(rows[k]);
            (uint256[] memory values, uint256 total) = Rules.valuesOf(c.balances, c.prices);
            uint256 drift;
            uint256 relativeDrift;
            bool due;
            for (uint256 i; i < values.length; ++i) {
                uint256 off = Rules.deviation(values[i], c.targets[i], total);
                bool breach = Rules.isBreach(c.bands, off, c.targets[i], total);
                assertEq(breach, c.breaches[i], string.concat("VLT-1 breach: ", c.name));
                due = due || breach;
                drift = FixedPointMathLib.max(drift, Rules.drift(off, total));
                if (c.targets[i] == 0) continue;
                // D18{1} = D36{quote * bps} * D18{1} / ({bps} * D36{quote}), as `due` shows it
                uint256 relative = FixedPointMathLib.fullMulDiv(off, 1e18, c.targets[i] * total);
                relativeDrift = FixedPointMathLib.max(relativeDrift, relative);
            }
            assertEq(due, rows[k].readBool(".due"), string.concat("VLT-1 due: ", c.name));
            assertEq(drift, rows[k].readUint(".drift"), string.concat("VLT-1 drift: ", c.name));
            assertEq(relativeDrift, rows[k].readUint(".relativeDrift"), string.concat("VLT-1 relative: ", c.name));
        }
    }

    function test_vectors__net_result() public {
        string[] memory rows = _rows(PATH, '{"name"');
        uint256 judged;
        for (uint256 k; k < rows.length; ++k) {
            if (!rows[k].keyExists(".after.expect")) continue;
            Case memory c = _case(rows[k]);
            uint256[] memory held = rows[k].readUintArray(".after.balances");
            bool[] memory inside = rows[k].readBoolArray(".after.inside");
            (uint256[] memory values, uint256 total) = Rules.valuesOf(held, c.prices);
            for (uint256 i; i < held.length; ++i) {
                assertEq(_isInside(c, i, values[i], total), inside[i], string.concat("VLT-4 inside: ", c.name));
            }
            string memory actual = _judge(c, held);
            assertEq(actual, rows[k].readString(".after.expect"), string.concat("VLT-3 VLT-4 VLT-5: ", c.name));
            ++judged;
        }
        assertGe(judged, 100, "vectors with a result");
    }

    function test_vectors__floors() public {
        string[] memory rows = _rows(PATH, '{"amountIn"');
        assertGe(rows.length, 10, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            uint256 minimum = Rules.floorUp(
                rows[k].readUint(".amountIn"),
                rows[k].readUint(".priceSell"),
                rows[k].readUint(".priceBuy"),
                rows[k].readUint(".maxSlippage")
            );
            assertEq(minimum, rows[k].readUint(".floor"), string.concat("VLT-2 ", rows[k]));
        }
    }

    // ---- exactness, fuzzed

    /// The band is inclusive: the smallest drift that fires is the one where the cross-multiplied sides meet.
    function test_isBreach__at_the_boundary__is_inclusive(uint256 total, uint256 target, uint256 band) public pure {
        total = bound(total, 1, 1e60) * BPS;
        target = bound(target, 0, BPS - 1);
        band = bound(band, 1, BPS - target);
        Rules.Bands memory bands = Rules.Bands(band, 0, 0, 0, 0);
        // D36{quote} = D36{quote} * {bps} / {bps}, exact: total is a multiple of BPS
        uint256 value = total / BPS * (target + band);
        assertTrue(_fires(bands, value, target, total), "VLT-1 fires at the band");
        assertFalse(_fires(bands, value - 1, target, total), "VLT-1 does not fire one unit below");
    }

    /// The same for the band relative to the target, on both sides of it.
    function test_isBreach__at_the_relative_boundary__is_inclusive(uint256 total, uint256 target, uint256 band)
        public
        pure
    {
        total = bound(total, 1, 1e56) * BPS * BPS;
        target = bound(target, 1, BPS);
        band = bound(band, 1, BPS);
        Rules.Bands memory bands = Rules.Bands(0, band, 0, 0, 0);
        // D36{quote} = D36{quote} * {bps} * {bps} / {bps * bps}, exact: total is a multiple of BPS^2
        uint256 above = total / BPS / BPS * target * (BPS + band);
        uint256 below = total / BPS / BPS * target * (BPS - band);
        assertTrue(_fires(bands, above, target, total), "VLT-1 fires at the relative band above");
        assertFalse(_fires(bands, above - 1, target, total), "VLT-1 does not fire one unit below that");
        assertTrue(_fires(bands, below, target, total), "VLT-1 fires at the relative band below");
        assertFalse(_fires(bands, below + 1, target, total), "VLT-1 does not fire one unit above that");
    }

    /// With both bands the nearer one decides; without a target there is no relative one; without any nothing fires.
    function test_isBreach__both_bands__is_the_first_of_them(
        uint128 value,
        uint128 total,
        uint16 target,
        uint16 band,
        uint16 relativeBand
    ) public pure {
        target = uint16(bound(target, 0, BPS));
        bool absolute = _fires(Rules.Bands(band, 0, 0, 0, 0), value, target, total);
        bool relative = _fires(Rules.Bands(0, relativeBand, 0, 0, 0), value, target, total);
        assertEq(
            _fires(Rules.Bands(band, relativeBand, 0, 0, 0), value, target, total), absolute || relative, "VLT-1 first"
        );
        assertFalse(_fires(Rules.Bands(0, relativeBand, 0, 0, 0), value, 0, total), "VLT-1 no target");
        assertFalse(_fires(Rules.Bands(0, 0, 0, 0, 0), value, target, total), "VLT-1 no band");
    }

    /// The destination is inclusive, and reaches as far as the smallest trade.
    function test_isInside__at_the_boundary__is_inclusive(uint256 total, uint256 target, uint256 drift, uint128 min)
        public
        pure
    {
        total = bound(total, 1, 1e60) * BPS;
        target = bound(target, 0, BPS - 1);
        drift = bound(drift, 0, BPS - target);
        Rules.Bands memory bands = Rules.Bands(1, 0, drift, 0, Rules.minTradeValue(min) * BPS);
        uint256 value = total / BPS * (target + drift) + uint256(min) * 1e18;
        assertTrue(_arrives(bands, value, target, total), "VLT-4 reached");
        assertFalse(_arrives(bands, value + 1, target, total), "VLT-4 one unit more");
        bands.band = 0;
        assertTrue(_arrives(bands, value, target, total), "VLT-4 reached without bands");
        assertFalse(_arrives(bands, value + 1, target, total), "VLT-4 one unit more without bands");
    }

    /// The same for the destination relative to the target; without a target all of it has to go.
    function test_isInside__at_the_relative_boundary__is_inclusive(
        uint256 total,
        uint256 target,
        uint256 drift,
        uint128 min
    ) public pure {
        total = bound(total, 1, 1e56) * BPS * BPS;
        target = bound(target, 0, BPS);
        drift = bound(drift, 0, BPS);
        Rules.Bands memory bands = Rules.Bands(0, 1, 0, drift, Rules.minTradeValue(min) * BPS);
        uint256 value = total / BPS / BPS * target * (BPS + drift) + uint256(min) * 1e18;
        assertTrue(_arrives(bands, value, target, total), "VLT-4 reached");
        assertFalse(_arrives(bands, value + 1, target, total), "VLT-4 one unit more");
    }

    /// With both bands both destinations hold; each counts only when the mandate has its band.
    function test_isInside__both_bands__is_the_nearer_of_them(
        uint128 value,
        uint128 total,
        uint16 target,
        uint16 drift,
        uint16 relativeDrift,
        uint96 tolerance
    ) public pure {
        target = uint16(bound(target, 0, BPS));
        bool absolute = _arrives(Rules.Bands(1, 0, drift, relativeDrift, tolerance), value, target, total);
        bool relative = _arrives(Rules.Bands(0, 1, drift, relativeDrift, tolerance), value, target, total);
        bool both = _arrives(Rules.Bands(1, 1, drift, relativeDrift, tolerance), value, target, total);
        assertEq(both, absolute && relative, "VLT-4 nearer");
    }

    /// A destination inside its band: what has arrived is not due again, the smallest trade apart.
    function test_isInside__destination_below_the_band__is_no_breach(
        uint256 value,
        uint128 total,
        uint16 target,
        uint16 band,
        uint16 relativeBand
    ) public pure {
        total = uint128(bound(total, 1, type(uint128).max));
        target = uint16(bound(target, 0, BPS));
        // anything from nothing to twice the target
        value = uint256(total) * target * bound(value, 0, 2 * BPS) / BPS / BPS;
        band = uint16(bound(band, 1, BPS));
        relativeBand = uint16(bound(relativeBand, 1, BPS));
        Rules.Bands memory bands = Rules.Bands(band, relativeBand, band - 1, relativeBand - 1, 0);
        bool inside = _arrives(bands, value, target, total);
        assertFalse(inside && _fires(bands, value, target, total), "VLT-4 not due again");
    }

    /// T-07: a batch of sixty-five tiny trades never owes less than one trade of their sum.
    function test_T07_floorUp__many_tiny_trades__never_less(uint96 seed, uint96 sell, uint96 buy, uint16 slippage)
        public
        pure
    {
        uint256 priceBuy = uint256(buy) + 1;
        slippage = uint16(bound(slippage, 0, BPS - 1));
        uint256 sum;
        uint256 owed;
        for (uint256 k; k < 65; ++k) {
            uint256 tiny = uint256(keccak256(abi.encode(seed, k))) % 1_000;
            sum += tiny;
            owed += Rules.floorUp(tiny, sell, priceBuy, slippage);
        }
        assertGe(owed, Rules.floorUp(sum, sell, priceBuy, slippage), "VLT-2 tiny trades");
    }

    /// T-07: rounding is for the vault, so cutting a trade in two never lowers what must come back.
    function test_T07_floorUp__cut_in_two__never_less(
        uint96 first,
        uint96 second,
        uint96 sell,
        uint96 buy,
        uint16 slippage
    ) public pure {
        uint256 priceBuy = uint256(buy) + 1;
        slippage = uint16(bound(slippage, 0, BPS - 1));
        uint256 whole = Rules.floorUp(uint256(first) + second, sell, priceBuy, slippage);
        uint256 parts = Rules.floorUp(first, sell, priceBuy, slippage) + Rules.floorUp(second, sell, priceBuy, slippage);
        assertGe(parts, whole, "VLT-2 parts");
        assertLe(parts, whole + 1, "VLT-2 one rounding");
    }

    /// The floor is the least amount whose value satisfies the slippage, cross-multiplied.
    function test_floorUp__is_the_least_that_satisfies(uint96 amountIn, uint96 sell, uint96 buy, uint16 slippage)
        public
        pure
    {
        uint256 priceBuy = uint256(buy) + 1;
        slippage = uint16(bound(slippage, 0, BPS - 1));
        uint256 minimum = Rules.floorUp(amountIn, sell, priceBuy, slippage);
        uint256 due = uint256(amountIn) * sell * (BPS - slippage);
        assertGe(minimum * priceBuy * BPS, due, "VLT-2 enough");
        if (minimum > 0) assertLt((minimum - 1) * priceBuy * BPS, due, "VLT-2 one less is not");
    }

    /// T-07: judging a trade without dividing is the same as asking for the floor, rounded up.
    function test_T07_isOutputTooLow__is_below_the_floor(
        uint96 amountIn,
        uint96 amountOut,
        uint96 sell,
        uint96 buy,
        uint16 slippage
    ) public pure {
        uint256 priceBuy = uint256(buy) + 1;
        slippage = uint16(bound(slippage, 0, BPS - 1));
        uint256 minimum = Rules.floorUp(amountIn, sell, priceBuy, slippage);
        uint256 valueIn = uint256(amountIn) * sell;
        assertEq(Rules.isOutputTooLow(valueIn, amountOut * priceBuy, slippage), amountOut < minimum, "VLT-2 any output");
        assertFalse(Rules.isOutputTooLow(valueIn, minimum * priceBuy, slippage), "VLT-2 the floor itself");
        if (minimum == 0) return;
        assertTrue(Rules.isOutputTooLow(valueIn, (minimum - 1) * priceBuy, slippage), "VLT-2 one unit below it");
    }

    function test_isLossTooHigh__at_the_boundary__is_exclusive(uint256 total, uint16 maxLoss) public pure {
        total = bound(total, 1, 1e60) * BPS;
        maxLoss = uint16(bound(maxLoss, 0, BPS - 1));
        uint256 loss = total / BPS * maxLoss;
        assertFalse(Rules.isLossTooHigh(loss, total, maxLoss), "VLT-5 at the limit");
        assertTrue(Rules.isLossTooHigh(loss + 1, total, maxLoss), "VLT-5 above");
    }

    /// All that can happen to one asset: sold or bought or both or neither, from each side to each side.
    function test_isCrossed__every_case(bool sold, bool bought, int256 before, int256 afterwards) public pure {
        before = bound(before, -1, 1);
        afterwards = bound(afterwards, -1, 1);
        bool soldWell = before == 1 && afterwards != -1;
        bool boughtWell = before == -1 && afterwards != 1;
        bool fine = sold ? soldWell && !bought : !bought || boughtWell;
        assertEq(Rules.isCrossed(sold, bought, before, afterwards), !fine, "VLT-3");
    }

    function test_side__one_unit_around_the_target(uint256 total, uint256 target) public pure {
        total = bound(total, 1, 1e60) * BPS;
        target = bound(target, 1, BPS);
        uint256 value = total / BPS * target;
        assertEq(Rules.side(value, target, total), 0, "VLT-3 on target");
        assertEq(Rules.side(value - 1, target, total), -1, "VLT-3 one unit below");
        assertEq(Rules.side(value + 1, target, total), 1, "VLT-3 one unit above");
    }

    /// T-06: nothing wraps, what does not fit reverts.
    function test_T06_valuesOf__too_large__reverts() public {
        bytes memory tooLarge = abi.encodeWithSelector(Rules.ValueTooLarge.selector, type(uint256).max, Rules.MAX_TOTAL);
        uint256[] memory balances = new uint256[](2);
        uint256[] memory prices = new uint256[](2);
        (balances[0], prices[0]) = (type(uint256).max, 2);
        vm.expectRevert(tooLarge);
        this.valuesOf(balances, prices);
        (balances[0], prices[0]) = (type(uint256).max, 1);
        (balances[1], prices[1]) = (1, 1);
        vm.expectRevert(tooLarge);
        this.valuesOf(balances, prices);
    }

    /// T-06: a vault too large to be judged is not judged wrongly, it is refused. One unit less is judged.
    function test_T06_valuesOf__above_the_largest_total__refused() public {
        uint256[] memory balances = new uint256[](2);
        uint256[] memory prices = new uint256[](2);
        (balances[0], balances[1]) = (Rules.MAX_TOTAL - 7, 7);
        (prices[0], prices[1]) = (1, 1);
        assertEq(this.valuesOf(balances, prices), Rules.MAX_TOTAL, "the largest");
        ++balances[1];
        vm.expectRevert(abi.encodeWithSelector(Rules.ValueTooLarge.selector, Rules.MAX_TOTAL + 1, Rules.MAX_TOTAL));
        this.valuesOf(balances, prices);
    }

    /// T-06: nothing wraps in the largest vault, at the widest bands and targets that the types allow.
    function test_T06_comparisons__largest_vault__exact(uint256 value, uint16 target, uint16 band) public pure {
        uint256 total = Rules.MAX_TOTAL;
        value = bound(value, 0, total);
        target = uint16(bound(target, 0, BPS));
        uint256 off = Rules.deviation(value, target, total);
        // Divided where the library multiplies: the quotient and what is left of it.
        uint256 wide = band;
        Rules.Bands memory bands = Rules.Bands(0, wide, 0, wide, 0);
        bool reached = FixedPointMathLib.fullMulDiv(off, BPS, total) >= wide * target;
        assertEq(Rules.isBreach(bands, off, target, total), wide != 0 && target != 0 && reached, "VLT-1 relative band");
        bands = Rules.Bands(wide, 0, wide, 0, 0);
        assertEq(Rules.isBreach(bands, off, target, total), wide != 0 && off / total >= wide, "VLT-1 band");
        int256 side = Rules.side(value, target, total);
        uint256 exact = FixedPointMathLib.fullMulDiv(total, target, BPS);
        if (value > exact + 1) assertEq(side, 1, "VLT-3 above");
        if (value < exact) assertEq(side, -1, "VLT-3 below");
    }

    /// The drift never loses precision to overflow in any vault that the comparisons can judge.
    function test_drift__largest_vault__still_exact() public pure {
        uint256 total = Rules.MAX_TOTAL;
        assertEq(Rules.drift(Rules.deviation(total, 0, total), total), 1e18, "VLT-1 drift of everything");
        assertEq(Rules.drift(Rules.deviation(0, BPS, total), total), 1e18, "VLT-1 drift of nothing");
    }

    // ---- all assets at once

    /// The maps of all assets say of each what is said of it alone.
    function test_maps__any_assets__are_those_of_each_asset(
        Rules.Bands memory bands,
        uint256[16] memory shares,
        uint16[16] memory weights,
        uint256 count,
        uint256 total
    ) public pure {
        count = bound(count, 1, 16);
        total = bound(total, 1, Rules.MAX_TOTAL);
        (bands.band, bands.relativeBand) = (bands.band % 4 * 1_250, bands.relativeBand % 3 * 5_000);
        (bands.drift, bands.relativeDrift) = (bands.drift % 3_000, bands.relativeDrift % 8_000);
        bands.tolerance = bound(bands.tolerance, 0, total) * (bands.tolerance % 3);
        uint256[] memory values = new uint256[](count);
        uint256 targets;
        for (uint256 i; i < count; ++i) {
            values[i] = bound(shares[i], 0, total);
            targets |= uint256(weights[i] % 4 == 0 ? 0 : weights[i] % 10_001) << (16 * i);
        }
        _assertMaps(bands, values, targets, total);
    }

    function _assertMaps(Rules.Bands memory bands, uint256[] memory values, uint256 targets, uint256 total)
        private
        pure
    {
        (uint256 breaches, uint256 largest) = Rules.breachesOf(bands, values, targets, total);
        (uint256 outside, uint256 largestAgain) = Rules.outsideOf(bands, values, targets, total);
        uint256 most;
        for (uint256 i; i < values.length; ++i) {
            uint256 target = uint16(targets >> (16 * i));
            uint256 off = Rules.deviation(values[i], target, total);
            most = FixedPointMathLib.max(most, off);
            assertEq(breaches >> i & 1 == 1, Rules.isBreach(bands, off, target, total), "VLT-1 breach");
            assertEq(outside >> i & 1 == 0, Rules.isInside(bands, off, target, total), "VLT-4 inside");
        }
        assertEq(breaches >> values.length, 0, "VLT-1 nothing but assets");
        assertEq(outside >> values.length, 0, "VLT-4 nothing but assets");
        assertEq(largest, most, "VLT-12 largest deviation");
        assertEq(largestAgain, most, "VLT-12 largest deviation again");
    }

    /// To the unit: at the edge in breach, beyond the edge outside.
    function test_maps__at_the_edge__are_those_of_each_asset(uint256 total, uint256 band, uint256 min, int256 by)
        public
        pure
    {
        total = bound(total, 1, 1e60) * 10_000;
        Rules.Bands memory bands;
        bands.band = bound(band, 1, 5_000);
        bands.drift = bands.band;
        bands.tolerance = bound(min, 0, 1e40) * 10_000;
        // Above a target of nothing by the band, give or take a unit; the second beyond the tolerance as well.
        uint256[] memory values = new uint256[](2);
        values[0] = uint256(int256(bands.band * total / 10_000) + bound(by, -1, 1));
        values[1] = values[0] + bands.tolerance / 10_000;
        _assertMaps(bands, values, 0, total);
        (uint256 breaches,) = Rules.breachesOf(bands, values, 0, total);
        (uint256 outside,) = Rules.outsideOf(bands, values, 0, total);
        assertEq(breaches & 1 == 1, bound(by, -1, 1) >= 0, "VLT-1 inclusive");
        assertEq(outside >> 1 == 1, bound(by, -1, 1) > 0, "VLT-4 inclusive");
    }

    function valuesOf(uint256[] calldata balances, uint256[] calldata prices) external pure returns (uint256 total) {
        (, total) = Rules.valuesOf(balances, prices);
    }

    function deviation(uint256 value, uint256 target, uint256 total) external pure returns (uint256) {
        return Rules.deviation(value, target, total);
    }

    function isBreach(Rules.Bands calldata bands, uint256 off, uint256 target, uint256 total)
        external
        pure
        returns (bool)
    {
        return Rules.isBreach(bands, off, target, total);
    }

    function isInside(Rules.Bands calldata bands, uint256 off, uint256 target, uint256 total)
        external
        pure
        returns (bool)
    {
        return Rules.isInside(bands, off, target, total);
    }

    // ---- reading the vectors

    function _judge(Case memory c, uint256[] memory held) private pure returns (string memory) {
        (uint256[] memory before, uint256 totalBefore) = Rules.valuesOf(c.balances, c.prices);
        (uint256[] memory values, uint256 total) = Rules.valuesOf(held, c.prices);
        for (uint256 i; i < held.length; ++i) {
            int256 start = Rules.side(before[i], c.targets[i], totalBefore);
            int256 end = Rules.side(values[i], c.targets[i], total);
            if (Rules.isCrossed(held[i] < c.balances[i], held[i] > c.balances[i], start, end)) return "TargetCrossed";
            if (!_arrived(c, i, values[i], total)) return "DestinationMissed";
        }
        uint256 loss = FixedPointMathLib.zeroFloorSub(totalBefore, total);
        return Rules.isLossTooHigh(loss, totalBefore, c.maxLoss) ? "LossTooHigh" : "OK";
    }

    function _arrived(Case memory c, uint256 i, uint256 value, uint256 total) private pure returns (bool) {
        return c.breachScope && !c.breaches[i] || _isInside(c, i, value, total);
    }

    function _isInside(Case memory c, uint256 i, uint256 value, uint256 total) private pure returns (bool) {
        return _arrives(c.bands, value, c.targets[i], total);
    }

    function _fires(Rules.Bands memory bands, uint256 value, uint256 target, uint256 total)
        private
        pure
        returns (bool)
    {
        return Rules.isBreach(bands, Rules.deviation(value, target, total), target, total);
    }

    function _arrives(Rules.Bands memory bands, uint256 value, uint256 target, uint256 total)
        private
        pure
        returns (bool)
    {
        return Rules.isInside(bands, Rules.deviation(value, target, total), target, total);
    }

    function _case(string memory row) private pure returns (Case memory c) {
        c.name = row.readString(".name");
        c.balances = row.readUintArray(".balances");
        c.prices = row.readUintArray(".prices");
        c.targets = row.readUintArray(".targets");
        c.bands.band = row.readUint(".band");
        c.bands.relativeBand = row.readUint(".relativeBand");
        c.bands.drift = row.readUint(".destination");
        c.bands.relativeDrift = row.readUint(".relativeDestination");
        // D36{quote * bps} = D36{quote} * {bps}
        c.bands.tolerance = row.readUint(".minTradeValue") * BPS;
        c.breachScope = LibString.eq(row.readString(".scope"), "BREACH");
        c.maxLoss = row.readUint(".maxLoss");
        c.breaches = row.readBoolArray(".breaches");
    }
}
