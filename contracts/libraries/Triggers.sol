// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BPS, Cause, Destination, Scope, Trigger, TriggerKind} from "../types/Types.sol";
import {Calendar} from "./Calendar.sol";
import {MandateCodec} from "./MandateCodec.sol";
import {Rules} from "./Rules.sol";

/// @notice Whether a rebalance is due by the mandate's trigger, and which assets it is about.
/// @dev Pure, so that `rebalance` and `due` cannot disagree. Pause, cool-down and an open rebalance are the vault's to ask
///      before: they need no price.
library Triggers {
    using MandateCodec for bytes;

    /// @notice The trigger's answer for a vault that is neither paused, nor cooling down, nor in an open rebalance.
    /// @dev With both conditions in the trigger and neither met the answer is IN_BAND. The calendar is worked out only where
    ///      it can matter.
    /// @param words of the mandate in force
    /// @param values D36{quote} of each asset
    /// @param targets {bps} packed, 16 bits each, asset 0 lowest
    /// @param total D36{quote}
    /// @param lastRebalance {s} zero before the first
    /// @param time {s}
    /// @return cause THRESHOLD, CALENDAR, THRESHOLD_AND_CALENDAR: due. IN_BAND, BEFORE_PERIOD: not due.
    /// @return breaches bitmap of the assets that the rebalance is about: all where the period alone suffices, else those
    ///         that have reached their band. Zero when not due.
    /// @return largest D36{quote * bps} largest absolute deviation
    function assess(
        bytes memory words,
        uint256[] memory values,
        uint256 targets,
        uint256 total,
        uint256 lastRebalance,
        uint256 time
    ) internal pure returns (Cause cause, uint256 breaches, uint256 largest) {
        Trigger memory t = words.trigger();
        Rules.Bands memory bands;
        if (t.kind != TriggerKind.CALENDAR) (bands.band, bands.relativeBand) = (t.band, t.relativeBand);
        for (uint256 i; i < values.length; ++i) {
            uint256 target = uint16(targets >> 16 * i);
            uint256 off = Rules.deviation(values[i], target, total);
            if (off > largest) largest = off;
            if (Rules.isBreach(bands, off, target, total)) breaches |= 1 << i;
        }

        bool hit = breaches != 0;
        if (t.kind == TriggerKind.THRESHOLD || (t.kind == TriggerKind.BOTH && !hit)) {
            return (hit ? Cause.THRESHOLD : Cause.IN_BAND, breaches, largest);
        }
        bool begun = hasBegun(t, lastRebalance, time);
        if (t.kind == TriggerKind.BOTH) {
            return
                begun ? (Cause.THRESHOLD_AND_CALENDAR, breaches, largest) : (Cause.BEFORE_PERIOD, uint256(0), largest);
        }
        if (begun) return (hit ? Cause.THRESHOLD_AND_CALENDAR : Cause.CALENDAR, all(values.length), largest);
        if (t.kind == TriggerKind.CALENDAR) return (Cause.BEFORE_PERIOD, 0, largest);
        return (hit ? Cause.THRESHOLD : Cause.IN_BAND, breaches, largest);
    }

    /// @notice Whether a period has begun since the last rebalance.
    /// @param lastRebalance {s}
    /// @param time {s}
    function hasBegun(Trigger memory t, uint256 lastRebalance, uint256 time) internal pure returns (bool) {
        // {s} > {s}; before the anchor no period has a start
        return Calendar.periodStart(t, time) > lastRebalance;
    }

    /// @notice Whether an answer of `assess` lets a rebalance open.
    function isDue(Cause cause) internal pure returns (bool) {
        return cause <= Cause.THRESHOLD_AND_CALENDAR;
    }

    /// @notice Band and destination of a mandate.
    function bandsOf(bytes memory words) internal pure returns (Rules.Bands memory) {
        Trigger memory t = words.trigger();
        Destination memory d = words.destination();
        return Rules.Bands({
            band: t.band,
            relativeBand: t.relativeBand,
            drift: d.drift,
            relativeDrift: d.relativeDrift,
            tolerance: toleranceOf(words)
        });
    }

    /// @notice The value of the smallest trade, as a deviation.
    /// @return D36{quote * bps}
    function toleranceOf(bytes memory words) internal pure returns (uint256) {
        // D36{quote * bps} = {bps} * D36{quote}
        return BPS * Rules.minTradeValue(words.limits().minTrade);
    }

    /// @notice The assets that must end inside the destination.
    /// @param breaches bitmap of the assets that the rebalance is about
    /// @param count of the mandate's assets
    /// @return bitmap
    function scopeOf(bytes memory words, uint256 breaches, uint256 count) internal pure returns (uint256) {
        return words.destination().scope == Scope.BOOK ? all(count) : breaches;
    }

    /// @return bitmap of `count` assets
    function all(uint256 count) internal pure returns (uint256) {
        return (1 << count) - 1;
    }
}
