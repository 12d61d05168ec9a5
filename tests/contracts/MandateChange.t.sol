// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MandateChange} from "../../contracts/libraries/MandateChange.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Asset, Mandate, Period, Scope, TriggerKind, Twap} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @notice The table of MandateChange, field by field: T-16 and T-22 stand on what passes for a tightening.
contract MandateChangeTest is VaultFixture {
    /// @dev How many ways to tighten `_tighten` knows, and how many ways to differ `_differ` does.
    uint256 private constant TIGHTENINGS = 26;
    uint256 private constant DIFFERENCES = 31;
    /// @dev The one tightening that brings in a new part.
    uint256 private constant ADDS_A_SOURCE = 25;

    function setUp() public override {
        setUpMarket();
    }

    // ---- tightening

    function test_isTightening__nothing_or_only_the_file_changes__is_one(bytes32 fileHash) public view {
        Mandate memory next = _rich();
        assertTrue(MandateChange.isTightening(_rich(), next), "nothing");
        next.fileHash = fileHash;
        assertTrue(MandateChange.isTightening(_rich(), next), "another file");
    }

    /// Each one alone is a tightening, and its reverse is none.
    function test_isTightening__one_field__in_one_direction_only() public view {
        for (uint256 i; i < TIGHTENINGS; ++i) {
            Mandate memory next = _rich();
            _tighten(next, i);
            MandateRules.validate(next, address(1));
            assertTrue(MandateChange.isTightening(_rich(), next), string.concat("tighter ", vm.toString(i)));
            assertFalse(MandateChange.isTightening(next, _rich()), string.concat("looser ", vm.toString(i)));
        }
    }

    function test_isTightening__any_set_of_tightenings__is_one(uint256 set) public view {
        Mandate memory next = _rich();
        for (uint256 i; i < TIGHTENINGS; ++i) {
            if (set >> i & 1 == 1) _tighten(next, i);
        }
        assertTrue(MandateChange.isTightening(_rich(), next), "all of them tighter");
    }

    /// However much is tightened beside it, one loosening makes the whole change one.
    function test_T22_isTightening__one_loosening_among_tightenings__is_none(uint256 set, uint256 loosened)
        public
        view
    {
        Mandate memory old = _rich();
        Mandate memory next = _rich();
        loosened = loosened % TIGHTENINGS;
        _tighten(old, loosened);
        for (uint256 i; i < TIGHTENINGS; ++i) {
            if (i != loosened && set >> i & 1 == 1) _tighten(next, i);
        }
        assertFalse(MandateChange.isTightening(old, next), "one of them looser");
    }

    /// What has no direction must stay, whatever is tightened beside it.
    function test_T22_isTightening__what_must_stay_differs__is_none(uint256 set) public view {
        for (uint256 i; i < DIFFERENCES; ++i) {
            Mandate memory next = _rich();
            _differ(next, i);
            assertFalse(MandateChange.isTightening(_rich(), next), string.concat("differs ", vm.toString(i)));
            assertFalse(MandateChange.isTightening(next, _rich()), string.concat("reversed ", vm.toString(i)));
        }
        uint256 which = set % DIFFERENCES;
        Mandate memory tighter = _rich();
        for (uint256 i; i < TIGHTENINGS; ++i) {
            if (set >> (i + 8) & 1 == 1) _tighten(tighter, i);
        }
        _differ(tighter, which);
        assertFalse(MandateChange.isTightening(_rich(), tighter), "differs beside tightenings");
    }

    function test_isTightening__spread__up_or_to_nothing(uint16 from, uint16 to) public view {
        Mandate memory old = _rich();
        Mandate memory next = _rich();
        (old.spread, next.spread) = (from, to);
        bool expected = to == 0 || (from != 0 && to >= from);
        assertEq(MandateChange.isTightening(old, next), expected, "fewer flows or none");
    }

    function test_isTightening__second_source_added__is_one() public view {
        Mandate memory old = _rich();
        old.assets[1].feed.twap = Twap(0, 0, 0, 0);
        assertTrue(MandateChange.isTightening(old, _rich()), "added");
        assertFalse(MandateChange.isTightening(_rich(), old), "removed");
    }

    function test_isTightening__fees_gone__recipient_goes_too() public view {
        Mandate memory next = _rich();
        setFees(next, address(0), 0, 0);
        assertTrue(MandateChange.isTightening(_rich(), next), "no fees");
        assertFalse(MandateChange.isTightening(next, _rich()), "fees again");
    }

    function test_isTightening__venues_removed__in_their_order_only() public {
        Mandate memory old = _rich();
        (address a, address b, address c) = (makeAddr("a"), makeAddr("b"), makeAddr("c"));
        old.venues = _venues(a, b, c);
        Mandate memory next = _rich();
        next.venues = _venues(a, c);
        assertTrue(MandateChange.isTightening(old, next), "one less");
        next.venues = _venues(c, a);
        assertFalse(MandateChange.isTightening(old, next), "another order");
        next.venues = _venues(a, makeAddr("d"));
        assertFalse(MandateChange.isTightening(old, next), "a new one");
        next.venues = _venues(a, b, c, makeAddr("d"));
        assertFalse(MandateChange.isTightening(old, next), "one more");
    }

    // ---- new parts

    function test_hasNewParts__nothing_or_tightenings__none(uint256 set) public view {
        assertFalse(MandateChange.hasNewParts(_rich(), _rich()), "nothing");
        Mandate memory next = _rich();
        for (uint256 i; i < TIGHTENINGS; ++i) {
            if (set >> i & 1 == 1 && i != ADDS_A_SOURCE) _tighten(next, i);
        }
        assertFalse(MandateChange.hasNewParts(_rich(), next), "tightened");
    }

    /// T-04 again: each kind of part is checked when it comes in.
    function test_T04_hasNewParts__each_part__some() public {
        address part = makeAddr("new");
        for (uint256 i; i < 12; ++i) {
            Mandate memory next = _rich();
            if (i == 0) next.oracle = part;
            if (i == 1) next.sequencer.feed = part;
            if (i == 2) next.venues[1] = part;
            if (i == 3) next.venues = _venues(next.venues[0], next.venues[1], part);
            if (i == 4) (next.venues[0], next.venues[1]) = (next.venues[1], next.venues[0]);
            if (i == 5) next.assets[2].token = part;
            if (i == 6) ++next.assets[2].decimals;
            if (i == 7) next.assets[2].feed.source = part;
            if (i == 8) ++next.assets[2].feed.decimals;
            if (i == 9) ++next.assets[1].feed.twap.window;
            if (i == 10) ++next.assets[1].feed.twap.fee;
            if (i == 11) next.assets[1].feed.twap.base = 2;
            assertTrue(MandateChange.hasNewParts(_rich(), next), string.concat("part ", vm.toString(i)));
        }
    }

    function test_hasNewParts__second_source_added__some_and_removed__none() public view {
        Mandate memory old = _rich();
        old.assets[1].feed.twap = Twap(0, 0, 0, 0);
        assertTrue(MandateChange.hasNewParts(old, _rich()), "added");
        assertFalse(MandateChange.hasNewParts(_rich(), old), "removed");
    }

    function test_hasNewParts__asset_added_or_dropped__some() public view {
        Mandate memory next = fourAssetMandate();
        assertTrue(MandateChange.hasNewParts(mandate6030(), next), "added");
        assertTrue(MandateChange.hasNewParts(next, mandate6030()), "dropped");
    }

    // ---- path

    /// A locked path speaks of tokens: exchanging them would move the targets without touching it.
    function test_isSamePath__time_weight_knot_or_token_differs__is_not(uint256 which) public view {
        Mandate memory next = _rich();
        assertTrue(MandateChange.isSamePath(_rich(), next), "same");
        which = which % 5;
        if (which == 0) ++next.path[1].time;
        if (which == 1) next.path[1].weights = weights(4_999, 3_001, 2_000);
        if (which == 2) next.path = pathOf(weights(6_000, 3_000, 1_000));
        if (which == 3) (next.assets[0], next.assets[1]) = (next.assets[1], next.assets[0]);
        if (which == 4) next.assets = fourAssetMandate().assets;
        assertFalse(MandateChange.isSamePath(_rich(), next), "another path");
    }

    // ---- helpers

    /// @dev Everything is set, and has room in both directions.
    function _rich() private view returns (Mandate memory m) {
        m = mandate6030();
        m.sequencer.feed = address(market);
        m.sequencer.grace = 1 hours;
        m.trigger.kind = TriggerKind.EITHER;
        (m.trigger.band, m.trigger.relativeBand) = (500, 2_000);
        (m.trigger.period, m.trigger.every, m.trigger.anchor) = (Period.MONTH, 3, 1_700_000_000);
        (m.destination.drift, m.destination.relativeDrift, m.destination.window) = (100, 1_000, 1 days);
        setFees(m, stranger, 100, 1_000);
        m.venues = _venues(address(venue), address(uniswap));
        m.assets[1].feed.twap = Twap(30 minutes, FEE, 200, 0);
        for (uint256 i; i < 3; ++i) {
            (m.assets[i].minWeight, m.assets[i].maxWeight) = (500, 8_000);
        }
        m.path = pathOf(weights(6_000, 3_000, 1_000), 1_700_000_000, weights(5_000, 3_000, 2_000), 1_900_000_000);
    }

    function _tighten(Mandate memory m, uint256 which) private pure {
        if (which == 0) ++m.sequencer.grace;
        if (which == 1) ++m.trigger.cooldown;
        if (which == 2) --m.destination.window;
        if (which == 3) --m.limits.maxSlippage;
        if (which == 4) --m.limits.maxLoss;
        if (which == 5) --m.limits.lossBudget;
        if (which == 6) --m.limits.turnoverBudget;
        if (which == 7) ++m.limits.budgetWindow;
        if (which == 8) --m.limits.maxTrades;
        if (which == 9) --m.limits.maxStep;
        if (which == 10) ++m.limits.stepDelay;
        if (which == 11) --m.fees.management;
        if (which == 12) --m.fees.performance;
        if (which == 13) ++m.spread;
        if (which == 14) ++m.timelock;
        if (which == 15) ++m.assets[1].minWeight;
        if (which == 16) --m.assets[1].maxWeight;
        if (which == 17) --m.assets[1].feed.heartbeat;
        if (which == 18) ++m.assets[1].feed.minAnswer;
        if (which == 19) --m.assets[1].feed.maxAnswer;
        if (which == 20) --m.assets[1].feed.twap.maxDeviation;
        if (which == 21) m.assets[0].feed.heartbeat /= 2;
        if (which == 22) m.assets[2].minWeight *= 2;
        if (which == 23) m.assets[2].maxWeight /= 2;
        if (which == 24) m.venues = _venues(m.venues[m.venues.length - 1]);
        if (which == ADDS_A_SOURCE) m.assets[2].feed.twap = Twap(1 hours, FEE, 300, 0);
    }

    function _differ(Mandate memory m, uint256 which) private pure {
        if (which == 0) m.name = "Another";
        if (which == 1) m.symbol = "OTHER";
        if (which == 2) m.oracle = address(2);
        if (which == 3) m.sequencer.feed = address(2);
        if (which == 4) m.trigger.kind = TriggerKind.BOTH;
        if (which == 5) ++m.trigger.band;
        if (which == 6) ++m.trigger.relativeBand;
        if (which == 7) m.trigger.period = Period.YEAR;
        if (which == 8) ++m.trigger.every;
        if (which == 9) ++m.trigger.anchor;
        if (which == 10) ++m.destination.drift;
        if (which == 11) ++m.destination.relativeDrift;
        if (which == 12) m.destination.scope = Scope.BREACH;
        if (which == 13) ++m.limits.minTrade;
        if (which == 14) ++m.path[1].time;
        if (which == 15) m.path[0].weights = weights(5_999, 3_001, 1_000);
        if (which == 16) m.path = pathOf(m.path[0].weights);
        if (which == 17) (m.assets[0], m.assets[1]) = (m.assets[1], m.assets[0]);
        if (which == 18) m.assets = _fewer(m.assets);
        if (which == 19) m.assets[1].token = address(2);
        if (which == 20) ++m.assets[1].decimals;
        if (which == 21) m.assets[1].feed.source = address(2);
        if (which == 22) ++m.assets[1].feed.decimals;
        if (which == 23) ++m.assets[1].feed.deviation;
        if (which == 24) ++m.assets[1].feed.twap.window;
        if (which == 25) ++m.assets[1].feed.twap.fee;
        if (which == 26) m.assets[1].feed.twap.base = 2;
        if (which == 27) m.fees.recipient = address(2);
        if (which == 28) m.venues = _venues(m.venues[0], address(2));
        if (which == 29) m.assets[0].feed.source = address(2);
        if (which == 30) m.assets[2].token = address(2);
    }

    function _fewer(Asset[] memory assets) private pure returns (Asset[] memory list) {
        list = new Asset[](2);
        (list[0], list[1]) = (assets[0], assets[1]);
    }

    function _venues(address a) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = a;
    }

    function _venues(address a, address b) private pure returns (address[] memory list) {
        list = new address[](2);
        (list[0], list[1]) = (a, b);
    }

    function _venues(address a, address b, address c) private pure returns (address[] memory list) {
        list = new address[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function _venues(address a, address b, address c, address d) private pure returns (address[] memory list) {
        list = new address[](4);
        (list[0], list[1], list[2], list[3]) = (a, b, c, d);
    }
}
