// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {Test, stdError} from "forge-std/Test.sol";
import {LibString} from "solady/utils/LibString.sol";

import {Rules} from "../../contracts/libraries/Rules.sol";
import {BPS} from "../../contracts/types/Types.sol";

/// @notice The shared vectors (tests/vectors/rules.json, asserted by pytest too) and the exactness of every comparison.
contract RulesTest is Test {
    using stdJson for string;

    struct Case {
        string name;
        uint256[] balances;
        uint256[] prices;
        uint256[] targets;
        uint256 band;
        uint256 destination;
        bool breachScope;
        uint256 minTrade;
        uint256 maxLoss;
        bool[] breaches;
    }

    string private constant PATH = "tests/vectors/rules.json";

    // ---- vectors

    function test_vectors__trigger_and_drift() public {
        string[] memory rows = _rows('{"name"');
        assertGe(rows.length, 40, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            Case memory c = _case(rows[k]);
            (uint256[] memory values, uint256 total) = Rules.valuesOf(c.balances, c.prices);
            uint256 drift;
            bool due;
            for (uint256 i; i < values.length; ++i) {
                uint256 off = Rules.deviation(values[i], c.targets[i], total);
                bool breach = Rules.isBreach(off, total, c.band);
                assertEq(breach, c.breaches[i], string.concat("VLT-1 breach: ", c.name));
                due = due || breach;
                uint256 one = Rules.drift(off, total);
                drift = one > drift ? one : drift;
            }
            assertEq(due, rows[k].readBool(".due"), string.concat("VLT-1 due: ", c.name));
            assertEq(drift, rows[k].readUint(".drift"), string.concat("VLT-1 drift: ", c.name));
        }
    }

    function test_vectors__net_result() public {
        string[] memory rows = _rows('{"name"');
        uint256 judged;
        for (uint256 k; k < rows.length; ++k) {
            if (!rows[k].keyExists(".after.expect")) continue;
            Case memory c = _case(rows[k]);
            string memory actual = _judge(c, rows[k].readUintArray(".after.balances"));
            assertEq(actual, rows[k].readString(".after.expect"), string.concat("VLT-3 VLT-4 VLT-5: ", c.name));
            ++judged;
        }
        assertGe(judged, 40, "vectors with a result");
    }

    function test_vectors__floors() public {
        string[] memory rows = _rows('{"amountIn"');
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
        // D36{quote} = D36{quote} * {bps} / {bps}, exact: total is a multiple of BPS
        uint256 value = total / BPS * (target + band);
        assertTrue(Rules.isBreach(Rules.deviation(value, target, total), total, band), "VLT-1 fires at the band");
        assertFalse(
            Rules.isBreach(Rules.deviation(value - 1, target, total), total, band), "VLT-1 does not fire one unit below"
        );
    }

    /// The destination is inclusive, and reaches as far as the smallest trade.
    function test_isInside__at_the_boundary__is_inclusive(
        uint256 total,
        uint256 target,
        uint256 destination,
        uint128 min
    ) public pure {
        total = bound(total, 1, 1e60) * BPS;
        target = bound(target, 0, BPS - 1);
        destination = bound(destination, 0, BPS - target);
        uint256 value = total / BPS * (target + destination) + uint256(min) * 1e18;
        assertTrue(Rules.isInside(Rules.deviation(value, target, total), total, destination, min), "VLT-4 reached");
        assertFalse(
            Rules.isInside(Rules.deviation(value + 1, target, total), total, destination, min), "VLT-4 one unit more"
        );
    }

    /// T-07: rounding is for the vault, so cutting a trade in two never lowers what must come back.
    function test_floorUp__cut_in_two__never_less(uint96 first, uint96 second, uint96 sell, uint96 buy, uint16 slippage)
        public
        pure
    {
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

    function test_isLossTooHigh__at_the_boundary__is_exclusive(uint256 total, uint16 maxLoss) public pure {
        total = bound(total, 1, 1e60) * BPS;
        maxLoss = uint16(bound(maxLoss, 0, BPS - 1));
        uint256 loss = total / BPS * maxLoss;
        assertFalse(Rules.isLossTooHigh(loss, total, maxLoss), "VLT-5 at the limit");
        assertTrue(Rules.isLossTooHigh(loss + 1, total, maxLoss), "VLT-5 above");
    }

    function test_lossOf__gain__is_zero(uint256 before, uint256 afterwards) public pure {
        uint256 loss = Rules.lossOf(before, afterwards);
        assertEq(loss, before > afterwards ? before - afterwards : 0, "VLT-5 loss");
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

    /// Nothing wraps: what does not fit reverts (T-06).
    function test_valuesOf__too_large__reverts() public {
        uint256[] memory balances = new uint256[](2);
        uint256[] memory prices = new uint256[](2);
        (balances[0], prices[0]) = (type(uint256).max, 2);
        vm.expectRevert(stdError.arithmeticError);
        this.valuesOf(balances, prices);
        (balances[0], prices[0]) = (type(uint256).max, 1);
        (balances[1], prices[1]) = (1, 1);
        vm.expectRevert(stdError.arithmeticError);
        this.valuesOf(balances, prices);
    }

    /// The drift never loses precision to overflow in any vault that the comparisons can judge.
    function test_drift__largest_vault__still_exact() public pure {
        uint256 total = type(uint256).max / BPS;
        assertEq(Rules.drift(Rules.deviation(total, 0, total), total), 1e18, "VLT-1 drift of everything");
        assertEq(Rules.drift(Rules.deviation(0, BPS, total), total), 1e18, "VLT-1 drift of nothing");
    }

    function valuesOf(uint256[] calldata balances, uint256[] calldata prices) external pure returns (uint256 total) {
        (, total) = Rules.valuesOf(balances, prices);
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
        uint256 loss = Rules.lossOf(totalBefore, total);
        return Rules.isLossTooHigh(loss, totalBefore, c.maxLoss) ? "LossTooHigh" : "OK";
    }

    function _arrived(Case memory c, uint256 i, uint256 value, uint256 total) private pure returns (bool) {
        return c.breachScope && !c.breaches[i]
            || Rules.isInside(Rules.deviation(value, c.targets[i], total), total, c.destination, c.minTrade);
    }

    function _case(string memory row) private pure returns (Case memory c) {
        c.name = row.readString(".name");
        c.balances = row.readUintArray(".balances");
        c.prices = row.readUintArray(".prices");
        c.targets = row.readUintArray(".targets");
        c.band = row.readUint(".band");
        c.destination = row.readUint(".destination");
        c.breachScope = LibString.eq(row.readString(".scope"), "BREACH");
        // D18{quote} = D36{quote} / 10^18, exact
        c.minTrade = row.readUint(".minTradeValue") / 1e18;
        c.maxLoss = row.readUint(".maxLoss");
        c.breaches = row.readBoolArray(".breaches");
    }

    /// The lines of the file that begin so, each one an object of its own.
    function _rows(string memory beginning) private returns (string[] memory rows) {
        uint256 count;
        rows = new string[](1_000);
        for (string memory line = vm.readLine(PATH); bytes(line).length > 0; line = vm.readLine(PATH)) {
            if (!LibString.startsWith(line, beginning)) continue;
            bool last = LibString.endsWith(line, "}");
            rows[count++] = last ? line : LibString.slice(line, 0, bytes(line).length - 1);
        }
        vm.closeFile(PATH);
        assembly ("memory-safe") {
            mstore(rows, count)
        }
    }
}
