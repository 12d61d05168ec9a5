// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Cause, Due, Mandate, Period, Plan, Scope, Trade, TriggerKind} from "../../contracts/types/Types.sol";
import {FlowTest} from "./base/FlowTest.sol";

contract VaultDueTest is FlowTest {
    uint40 internal constant ANCHOR = 1_748_736_000; // {s} 1 June 2025, 00:00 UTC, two weeks before the fixture's now
    uint256 internal constant PERCENT = 10_000 * DOLLARS; // D36{quote} of a million

    // ---- drifts and moves

    /// 62% against 60%, band 200, destination 175: fires, and ends at 61.75%.
    function test_due__above__moves_to_the_near_edge_of_the_destination() public {
        Due memory d = _dueAt(200, 175, 6_200, 2_800, 1_000);
        _assertCause(d, Cause.THRESHOLD, 0);
        assertEq(d.breaches, 3, "breaches");
        assertEq(d.largestDrift, 0.02e18, "largest");
        assertEq(d.turnoverDrift, 0.02e18, "half of the sum");
        assertEq(d.total, 100 * PERCENT, "total");
        assertEq(d.moves[0], -int256(PERCENT) / 4, "to 61.75%");
        assertEq(d.moves[1], int256(PERCENT) / 4, "to 28.25%");
        assertEq(d.moves[2], 0, "inside");
    }

    /// 57% ends at 58.25%.
    function test_due__below__moves_to_the_near_edge_of_the_destination() public {
        Due memory d = _dueAt(200, 175, 5_700, 3_300, 1_000);
        _assertCause(d, Cause.THRESHOLD, 0);
        assertEq(d.moves[0], int256(PERCENT) * 125 / 100, "to 58.25%");
    }

    /// A 60% target with a relative band of 20% fires at 72%, and with half of the band as its destination ends at 66%.
    function test_due__relative_band__moves_to_half_of_it() public {
        Mandate memory m = _mandate();
        setRelativeBand(m, 2_000, 1_000);
        Due memory d = _due(m, 7_200, 1_800, 1_000);
        _assertCause(d, Cause.THRESHOLD, 0);
        assertEq(d.breaches, 3, "30% to 18% is a drift of 40% of it");
        assertEq(d.largestRelativeDrift, 0.4e18, "largest relative");
        assertEq(d.moves[0], -6 * int256(PERCENT), "to 66%");
        assertEq(d.moves[1], 9 * int256(PERCENT), "to 27%");
        d = _due(m, 7_199, 2_401, 400);
        assertEq(d.breaches, 4, "71.99% is in band");
    }

    /// With both bands the destination is the nearer to the target.
    function test_due__both_bands__moves_to_the_nearer_destination() public {
        Mandate memory m = _mandate();
        (m.trigger.band, m.destination.drift) = (500, 300);
        (m.trigger.relativeBand, m.destination.relativeDrift) = (2_000, 1_000);
        Due memory d = _due(m, 6_600, 2_400, 1_000);
        assertEq(d.moves[0], -3 * int256(PERCENT), "absolute: to 63%");
        assertEq(d.moves[1], 3 * int256(PERCENT), "relative or absolute: to 27%");
        d = _due(m, 5_600, 3_000, 1_400);
        assertEq(d.moves[2], -3 * int256(PERCENT), "relative: to 11%, absolute would be 13%");
    }

    function test_due__at_55_and_45_and_not_at_54_99(uint256 weight) public {
        weight = bound(weight, 0, BPS);
        Mandate memory m = _mandate();
        setWeights(m, weights(5_000, 5_000, 0));
        Due memory d = _due(m, weight, BPS - weight, 0);
        bool expected = weight >= 5_500 || weight <= 4_500;
        assertEq(d.due, expected, "due");
        assertEq(uint8(d.cause), uint8(expected ? Cause.THRESHOLD : Cause.IN_BAND), "cause");
        uint256 off = weight > 5_000 ? weight - 5_000 : 5_000 - weight;
        assertEq(d.largestDrift, off * 1e14, "largest");
        assertEq(d.largestRelativeDrift, off * 2e14, "largest relative");
        assertEq(d.turnoverDrift, off * 1e14, "half of the sum");
    }

    /// Only what is in breach is to be moved, when the mandate says so; with the whole book all that is outside.
    function test_due__scope__decides_what_is_moved() public {
        Mandate memory m = _mandate();
        m.destination.scope = Scope.BREACH;
        Due memory d = _due(m, 6_500, 2_600, 900);
        assertEq(d.breaches, 1, "equity alone");
        assertEq(d.moves[0], -4 * int256(PERCENT), "to 61%");
        assertEq(d.moves[1], 0, "not in breach");
        m.destination.scope = Scope.BOOK;
        d = _due(m, 6_500, 2_600, 900);
        assertEq(d.breaches, 1, "equity alone");
        assertEq(d.moves[1], 3 * int256(PERCENT), "to 29%");
    }

    /// Moving what `due` says brings every asset of the scope home and none past its target, whatever is held.
    function test_due__moves__end_inside_and_cross_nothing(uint256 a, uint256 b, uint256 c, uint16 drift, uint16 rel)
        public
    {
        Mandate memory m = _mandate();
        (m.trigger.band, m.destination.drift) = (500, uint16(bound(drift, 0, 499)));
        (m.trigger.relativeBand, m.destination.relativeDrift) = (1_000, uint16(bound(rel, 0, 999)));
        IVault of_ = oddVault(m, amounts3(bound(a, 1, 1e24), bound(b, 1, 1e24), bound(c, 1, 1e24)));
        Due memory d = of_.due();
        (uint256[] memory values, uint256 total) = valuesOf(of_);
        uint16[] memory targets = of_.targets();
        for (uint256 i; i < 3; ++i) {
            int256 before = int256(values[i] * BPS) - int256(targets[i] * total);
            int256 off = before + d.moves[i] * int256(BPS);
            assertTrue(d.moves[i] == 0 || (before > 0) == (d.moves[i] < 0), "towards the target");
            assertTrue(before > 0 ? off >= 0 : off <= 0, "not past it");
            uint256 far = uint256(off < 0 ? -off : off);
            uint256 edge = m.destination.drift * total;
            uint256 relativeEdge = uint256(m.destination.relativeDrift) * targets[i] * total / BPS;
            if (relativeEdge < edge) edge = relativeEdge;
            // What is moved ends at the edge itself, give or take a unit of value; what is not was within a trade of it.
            if (d.moves[i] != 0) assertApproxEqAbs(far, edge, 2 * BPS, "at the nearest point");
            else assertLe(far, edge + TOLERANCE + BPS, "inside");
        }
    }

    // ---- causes

    function test_due__in_band__says_so() public {
        Due memory d = _due(_mandate(), 6_000, 3_000, 1_000);
        _assertCause(d, Cause.IN_BAND, 0);
        assertEq(d.breaches, 0, "none");
    }

    function test_due__paused__says_so_and_still_measures() public {
        makeOddDue();
        Due memory before = odd.due();
        vm.prank(guardian);
        odd.pause();
        Due memory d = odd.due();
        _assertCause(d, Cause.PAUSED, 0);
        (d.due, d.cause) = (true, Cause.THRESHOLD);
        assertEq(abi.encode(d), abi.encode(before), "the same numbers");
    }

    function test_due__price_unusable__gives_the_oracles_reason() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT + 1);
        bytes memory reason =
            abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[DOLLAR], updatedAt, HEARTBEAT);
        Due memory d = odd.due();
        _assertCause(d, Cause.PRICE_UNUSABLE, 0);
        assertEq(d.failure, reason, "reason");
        assertEq(d.moves.length, 3, "one for each asset");
        vm.prank(guardian);
        odd.pause();
        d = odd.due();
        _assertCause(d, Cause.PAUSED, 0);
        assertEq(d.failure, "", "no reason of the oracle");
    }

    /// An oracle that gives nothing, rubbish or too much is a named cause too.
    function test_due__oracle_is_gone_or_hostile__says_so() public {
        bytes memory unreadable = abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, oracle);
        bytes[4] memory codes = [
            bytes(""), // no code
            hex"60006000fd", // reverts with nothing
            hex"60206000f3", // returns one word
            hex"620100006000f3" // returns more than is read
        ];
        for (uint256 k; k < codes.length; ++k) {
            vm.etch(address(oracle), codes[k]);
            Due memory d = odd.due();
            _assertCause(d, Cause.PRICE_UNUSABLE, 0);
            assertEq(d.failure, unreadable, "reason");
        }
        // reverts with more than is shown
        vm.etch(address(oracle), hex"620100006000fd");
        Due memory last = odd.due();
        _assertCause(last, Cause.PRICE_UNUSABLE, 0);
        assertEq(last.failure.length, 2048, "cut");
    }

    function test_due__no_value__says_so() public {
        IVault fresh = newVault(oddMandate());
        Due memory d = fresh.due();
        _assertCause(d, Cause.NO_VALUE, 0);
        assertEq(d.moves.length, 3, "one for each asset");
    }

    function test_due__cooling_down__until_its_end(uint256 time) public {
        makeOddDue();
        rebalance(odd, oddPlan());
        uint256 until = block.timestamp + 1 days;
        makeOddDue();
        pass(bound(time, 0, 1 days - 1));
        _assertCause(odd.due(), Cause.COOLING_DOWN, until);
        assertGt(odd.due().largestDrift, 0.05e18, "measured all the same");
        pass(until - block.timestamp);
        _assertCause(odd.due(), Cause.THRESHOLD, 0);
    }

    function test_due__first__waits_for_nothing() public {
        Mandate memory m = oddMandate();
        m.trigger.cooldown = type(uint32).max;
        IVault of_ = oddVault(m, amounts3(600_000 * ONE, 200_000 * ONE, 200_000 * ONE));
        _assertCause(of_.due(), Cause.THRESHOLD, 0);
    }

    /// An open rebalance goes on inside the band, without cool-down, for the assets it was opened for, until its end.
    function test_due__open__until_its_end(uint256 time) public {
        IVault of_ = _opened();
        uint256 until = of_.status().openUntil;
        assertEq(until, block.timestamp + 6 hours, "sanity: open");
        // All back in band: prices did what the rest of the rebalance should have done.
        donate(of_, 1, 30_000 * ONE);
        pass(bound(time, 0, 6 hours));
        Due memory d = of_.due();
        _assertCause(d, Cause.OPEN, until + 1);
        assertEq(d.breaches, 1, "what it was opened for");
        assertLt(d.moves[0], 0, "still to be sold");
        pass(until - block.timestamp);
        _assertCause(of_.due(), Cause.OPEN, until + 1);
        pass(1);
        _assertCause(of_.due(), Cause.COOLING_DOWN, of_.status().lastRebalance + 1 days);
        assertEq(of_.due().breaches, 0, "the open one is over");
    }

    function test_due__calendar__next_period() public {
        Mandate memory m = oddMandate();
        setCalendar(m, Period.MONTH, 1, ANCHOR, 100);
        IVault of_ = oddVault(m, amounts3(520_000 * ONE, 280_000 * ONE, 200_000 * ONE));
        Due memory d = of_.due();
        _assertCause(d, Cause.CALENDAR, 0);
        assertEq(d.breaches, 7, "all assets");
        Trade[] memory trades = trades1(oddTrade(0, 1, 20_000 * ONE));
        rebalance(of_, trades);
        pass(1 days);
        _assertCause(of_.due(), Cause.BEFORE_PERIOD, ANCHOR + 30 days);
        vm.warp(ANCHOR + 30 days - 1);
        pass(0);
        _assertCause(of_.due(), Cause.BEFORE_PERIOD, ANCHOR + 30 days);
        pass(1);
        _assertCause(of_.due(), Cause.CALENDAR, 0);
    }

    function test_due__next__only_what_time_alone_changes() public {
        Mandate memory m = oddMandate();
        (m.trigger.period, m.trigger.every, m.trigger.anchor) = (Period.MONTH, 1, uint40(block.timestamp + 5 days));
        m.trigger.kind = TriggerKind.EITHER;
        IVault of_ = oddVault(m, amounts3(500_000 * ONE, 300_000 * ONE, 200_000 * ONE));
        _assertCause(of_.due(), Cause.IN_BAND, block.timestamp + 5 days);
        m.trigger.kind = TriggerKind.BOTH;
        of_ = oddVault(m, amounts3(500_000 * ONE, 300_000 * ONE, 200_000 * ONE));
        _assertCause(of_.due(), Cause.IN_BAND, 0);
        of_ = oddVault(m, amounts3(600_000 * ONE, 200_000 * ONE, 200_000 * ONE));
        _assertCause(of_.due(), Cause.BEFORE_PERIOD, block.timestamp + 5 days);
    }

    /// Periods of many thousand years do not wrap the moment around.
    function test_due__next__never_wraps() public {
        Mandate memory m = oddMandate();
        setCalendar(m, Period.YEAR, type(uint16).max, ANCHOR, 100);
        IVault of_ = oddVault(m, amounts3(520_000 * ONE, 280_000 * ONE, 200_000 * ONE));
        rebalance(of_, trades1(oddTrade(0, 1, 20_000 * ONE)));
        pass(1 days);
        _assertCause(of_.due(), Cause.BEFORE_PERIOD, type(uint40).max);
    }

    // ---- the same answer as rebalance

    /// Whatever is held, whenever, paused or not: `rebalance` goes on to its trades exactly when `due` says so, and
    /// otherwise reverts for the reason that `due` names.
    function test_due__agrees_with_rebalance(
        uint256 kind,
        uint256[3] memory held,
        uint256 time,
        uint256 wait,
        uint8 trouble
    ) public {
        Mandate memory m = oddMandate();
        m.trigger.kind = TriggerKind(kind % 4);
        m.destination.window = 12 hours;
        if (m.trigger.kind == TriggerKind.CALENDAR) setCalendar(m, Period.DAY, 3, ANCHOR, 100);
        if (m.trigger.kind > TriggerKind.CALENDAR) {
            (m.trigger.period, m.trigger.every, m.trigger.anchor) = (Period.DAY, 3, ANCHOR);
        }
        IVault of_ = oddVault(m, amounts3(650_000 * ONE, 300_000 * ONE, 200_000 * ONE));
        // A first one, in half, where it is due: open for a while, then cooling down, then in the same period.
        if (of_.due().due) _rebalancePart(of_, trades1(oddTrade(0, 1, 30_000 * ONE)));
        for (uint256 i; i < 3; ++i) {
            donate(of_, i, bound(held[i], 0, 100_000 * ONE));
        }
        pass(bound(time, 0, 4 days));
        if (trouble % 8 == 0) vm.warp(block.timestamp + HEARTBEAT + 1 + wait % 1 days);
        if (trouble % 8 == 1) {
            vm.prank(guardian);
            of_.pause();
        }

        Due memory d = of_.due();
        // A trade of an asset that there is not: the first thing that is looked at once the rebalance is under way.
        Plan memory sent = planFor(of_, trades1(oddTrade(9, 1, ONE)));
        vm.prank(keeper);
        (, bytes memory reason) = address(of_).call(abi.encodeCall(of_.rebalance, (sent)));
        assertEq(bytes4(reason), _reasonFor(d), "the same reason");
        if (d.cause == Cause.PRICE_UNUSABLE) assertEq(reason, d.failure, "the oracle's own");
        if (d.cause == Cause.IN_BAND || d.cause == Cause.BEFORE_PERIOD) {
            assertEq(
                reason, abi.encodeWithSelector(IVaultCore.NotDue.selector, d.cause, d.largestDrift), "with its evidence"
            );
        }
        if (d.cause == Cause.COOLING_DOWN) {
            assertEq(
                reason, abi.encodeWithSelector(IVaultCore.CoolingDown.selector, d.next, block.timestamp), "until when"
            );
        }
    }

    // ---- helpers

    function _reasonFor(Due memory d) private pure returns (bytes4) {
        if (d.due) return IVaultCore.UnknownAsset.selector;
        if (d.cause == Cause.PAUSED) return IVaultCore.Paused.selector;
        if (d.cause == Cause.COOLING_DOWN) return IVaultCore.CoolingDown.selector;
        if (d.cause == Cause.PRICE_UNUSABLE) return bytes4(d.failure);
        if (d.cause == Cause.NO_VALUE) return IVaultCore.NoValue.selector;
        return IVaultCore.NotDue.selector;
    }

    /// @dev 60/30/10 of odd tokens, band 500, destination 100.
    function _mandate() private view returns (Mandate memory m) {
        m = oddMandate();
        setWeights(m, weights(6_000, 3_000, 1_000));
    }

    function _dueAt(uint16 band, uint16 drift, uint256 a, uint256 b, uint256 c) private returns (Due memory) {
        Mandate memory m = _mandate();
        setBand(m, band, drift);
        return _due(m, a, b, c);
    }

    /// @param a {bps} held of the first token, of a million dollars
    function _due(Mandate memory m, uint256 a, uint256 b, uint256 c) private returns (Due memory) {
        return oddVault(m, amounts3(a * 100 * ONE, b * 100 * ONE, c * 100 * ONE)).due();
    }

    /// @dev 56/26/18 against 50/30/20, of which a part is traded and the first token still is 5.1% above its target.
    function _opened() private returns (IVault of_) {
        Mandate memory m = oddMandate();
        m.destination.window = 6 hours;
        m.destination.scope = Scope.BREACH;
        of_ = oddVault(m, amounts3(560_000 * ONE, 260_000 * ONE, 180_000 * ONE));
        _rebalancePart(of_, trades1(oddTrade(0, 1, 9_000 * ONE)));
    }

    function _rebalancePart(IVault of_, Trade[] memory trades) private {
        Plan memory sent = planFor(of_, trades);
        sent.part = true;
        vm.prank(keeper);
        of_.rebalance(sent);
    }

    function _assertCause(Due memory d, Cause cause, uint256 next) private pure {
        assertEq(uint8(d.cause), uint8(cause), "cause");
        assertEq(d.due, cause <= Cause.OPEN, "due");
        assertEq(d.next, next, "next");
    }
}
