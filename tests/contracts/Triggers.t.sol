// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Calendar} from "../../contracts/libraries/Calendar.sol";
import {MandateCodec} from "../../contracts/libraries/MandateCodec.sol";
import {Rules} from "../../contracts/libraries/Rules.sol";
import {Triggers} from "../../contracts/libraries/Triggers.sol";
import {
    Asset,
    BPS,
    Cause,
    Destination,
    Knot,
    Limits,
    Mandate,
    Period,
    Scope,
    Trigger,
    TriggerKind
} from "../../contracts/types/Types.sol";

/// @dev Mandates here are written down without being validated: only what `Triggers` reads has to make sense.
contract TriggersTest is Test {
    using MandateCodec for bytes;

    uint256 internal constant TOTAL = 1_000_000e36;
    uint40 internal constant ANCHOR = 1_700_000_000;

    // ---- the words

    /// What is read straight from the words is what the codec has written.
    function test_bandsOf__reads_what_the_codec_has_written(
        uint16 band,
        uint16 relativeBand,
        uint16 drift,
        uint16 relativeDrift,
        uint128 minTrade,
        bool breach
    ) public pure {
        Mandate memory m = _mandate(TriggerKind.EITHER, 3);
        (m.trigger.band, m.trigger.relativeBand) = (band, relativeBand);
        (m.destination.drift, m.destination.relativeDrift) = (drift, relativeDrift);
        m.destination.scope = breach ? Scope.BREACH : Scope.BOOK;
        m.limits.minTrade = minTrade;
        bytes memory words = MandateCodec.pack(m);
        Rules.Bands memory bands = Triggers.bandsOf(words);
        Trigger memory t = words.trigger();
        Destination memory d = words.destination();
        Limits memory l = words.limits();
        assertEq(bands.band, t.band, "band");
        assertEq(bands.relativeBand, t.relativeBand, "relative band");
        assertEq(bands.drift, d.drift, "drift");
        assertEq(bands.relativeDrift, d.relativeDrift, "relative drift");
        assertEq(bands.tolerance, BPS * Rules.minTradeValue(l.minTrade), "tolerance");
        assertEq(Triggers.scopeOf(words, 5, 3), breach ? 5 : 7, "scope");
    }

    function test_scopeOf__book__is_every_asset(uint256 count, uint16 breaches) public pure {
        count = bound(count, 2, 16);
        bytes memory words = MandateCodec.pack(_mandate(TriggerKind.THRESHOLD, count));
        uint256 scope = Triggers.scopeOf(words, breaches, count);
        for (uint256 i; i < 17; ++i) {
            assertEq(scope >> i & 1, i < count ? 1 : 0, "asset");
        }
    }

    function test_isDue__the_three_causes_of_the_trigger() public pure {
        for (uint8 k; k <= uint8(type(Cause).max); ++k) {
            Cause cause = Cause(k);
            bool expected = cause == Cause.THRESHOLD || cause == Cause.CALENDAR || cause == Cause.THRESHOLD_AND_CALENDAR;
            assertEq(Triggers.isDue(cause), expected, "due");
        }
    }

    // ---- the decision

    /// Every kind, band hit or not, period begun or not: the whole table.
    function test_assess__whole_table(uint256 lag) public pure {
        uint256 time = ANCHOR + 90 days;
        lag = bound(lag, 1, 89 days);
        for (uint256 k; k < 16; ++k) {
            (TriggerKind kind, bool hit, bool begun) = (TriggerKind(k / 4), k & 1 != 0, k & 2 != 0);
            (Cause cause, uint256 breaches, uint256 largest) = _assess(
                MandateCodec.pack(_mandate(kind, 2)),
                _values(hit ? 5_500 : 5_499),
                _half(),
                // a period begins this second
                begun ? time - lag : time,
                time
            );
            (Cause expected, uint256 about) = _expected(kind, hit, begun);
            assertEq(uint8(cause), uint8(expected), "cause");
            assertEq(breaches, about, "breaches");
            assertEq(largest, (hit ? 500 : 499) * TOTAL, "largest");
        }
    }

    /// 50/50 with a band of 5% fires at 55.00% and at 45.00%, and at nothing between.
    function test_assess__band_is_inclusive_on_both_sides(uint256 weight) public pure {
        weight = bound(weight, 0, BPS);
        (Cause cause, uint256 breaches,) =
            _assess(MandateCodec.pack(_mandate(TriggerKind.THRESHOLD, 2)), _values(weight), _half(), 0, 0);
        bool outside = weight >= 5_500 || weight <= 4_500;
        assertEq(uint8(cause), uint8(outside ? Cause.THRESHOLD : Cause.IN_BAND), "cause");
        assertEq(breaches, outside ? 3 : 0, "breaches");
    }

    /// One asset alone can breach; the bitmap names it.
    function test_assess__relative_band__names_the_asset(uint256 value) public pure {
        Mandate memory m = _mandate(TriggerKind.THRESHOLD, 3);
        (m.trigger.band, m.trigger.relativeBand) = (0, 2_000);
        uint256[] memory values = new uint256[](3);
        // 60/30/10: what the small asset has more, the first has less
        value = bound(value, 1_000, 1_300);
        (values[0], values[1], values[2]) = ((7_000 - value) * TOTAL / BPS, 3_000 * TOTAL / BPS, value * TOTAL / BPS);
        uint256 targets = 6_000 | 3_000 << 16 | 1_000 << 32;
        (Cause cause, uint256 breaches,) = _assess(MandateCodec.pack(m), values, targets, 0, 0);
        assertEq(breaches, value >= 1_200 ? 4 : 0, "a fifth of its target");
        assertEq(uint8(cause), uint8(value >= 1_200 ? Cause.THRESHOLD : Cause.IN_BAND), "cause");
    }

    /// Once a period, from the anchor's second on.
    function test_assess__calendar__fires_once_a_period(uint256 time, uint256 lastRebalance) public pure {
        time = bound(time, ANCHOR - 30 days, ANCHOR + 400 days);
        lastRebalance = bound(lastRebalance, 0, time);
        Mandate memory m = _mandate(TriggerKind.CALENDAR, 2);
        (Cause cause, uint256 breaches,) = _assess(MandateCodec.pack(m), _values(5_000), _half(), lastRebalance, time);
        uint256 start = Calendar.periodStart(m.trigger, time);
        bool due = time >= ANCHOR && lastRebalance < start;
        assertEq(uint8(cause), uint8(due ? Cause.CALENDAR : Cause.BEFORE_PERIOD), "cause");
        assertEq(breaches, due ? 3 : 0, "all assets, or none");
    }

    function test_assess__calendar__at_the_anchors_second_and_not_before() public pure {
        bytes memory words = MandateCodec.pack(_mandate(TriggerKind.CALENDAR, 2));
        (Cause cause,,) = _assess(words, _values(5_000), _half(), 0, ANCHOR - 1);
        assertEq(uint8(cause), uint8(Cause.BEFORE_PERIOD), "before");
        (cause,,) = _assess(words, _values(5_000), _half(), 0, ANCHOR);
        assertEq(uint8(cause), uint8(Cause.CALENDAR), "at");
        (cause,,) = _assess(words, _values(5_000), _half(), ANCHOR, ANCHOR + 1);
        assertEq(uint8(cause), uint8(Cause.BEFORE_PERIOD), "done");
    }

    /// A calendar of no periods panics when it is asked (Calendar.sol): with a mere threshold it is not.
    function test_assess__threshold__never_asks_the_calendar(uint256 weight, uint256 time) public pure {
        Mandate memory m = _mandate(TriggerKind.THRESHOLD, 2);
        (m.trigger.every, m.trigger.anchor) = (0, 0);
        _assess(MandateCodec.pack(m), _values(bound(weight, 0, BPS)), _half(), 0, time);
    }

    // ---- helpers

    function _assess(bytes memory words, uint256[] memory values, uint256 targets, uint256 lastRebalance, uint256 time)
        private
        pure
        returns (Cause, uint256, uint256)
    {
        return Triggers.assess(words, Triggers.bandsOf(words), values, targets, TOTAL, lastRebalance, time);
    }

    function _expected(TriggerKind kind, bool hit, bool begun) private pure returns (Cause, uint256) {
        if (kind == TriggerKind.THRESHOLD) return hit ? (Cause.THRESHOLD, uint256(3)) : (Cause.IN_BAND, 0);
        if (kind == TriggerKind.CALENDAR) return begun ? (Cause.CALENDAR, uint256(3)) : (Cause.BEFORE_PERIOD, 0);
        if (kind == TriggerKind.EITHER) {
            if (begun) return (hit ? Cause.THRESHOLD_AND_CALENDAR : Cause.CALENDAR, 3);
            return hit ? (Cause.THRESHOLD, uint256(3)) : (Cause.IN_BAND, 0);
        }
        if (!hit) return (Cause.IN_BAND, 0);
        return begun ? (Cause.THRESHOLD_AND_CALENDAR, uint256(3)) : (Cause.BEFORE_PERIOD, 0);
    }

    /// @dev A band of 5%, a month from the anchor, a destination of 1%.
    function _mandate(TriggerKind kind, uint256 count) private pure returns (Mandate memory m) {
        m.trigger = Trigger({
            kind: kind, band: 500, relativeBand: 0, period: Period.DAY, every: 30, anchor: ANCHOR, cooldown: 0
        });
        m.destination.drift = 100;
        m.limits.minTrade = 100e18;
        m.assets = new Asset[](count);
        m.venues = new address[](1);
        m.path = new Knot[](1);
        m.path[0].weights = new uint16[](count);
    }

    /// @param weight {bps} of the first of two assets
    function _values(uint256 weight) private pure returns (uint256[] memory values) {
        values = new uint256[](2);
        (values[0], values[1]) = (weight * TOTAL / BPS, (BPS - weight) * TOTAL / BPS);
    }

    /// @return {bps} packed
    function _half() private pure returns (uint256) {
        return 5_000 | 5_000 << 16;
    }
}
