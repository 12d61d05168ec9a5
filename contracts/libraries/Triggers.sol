// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BPS, Cause, Scope, TriggerKind} from "../types/Types.sol";
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
    /// @param bands of the same
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
        Rules.Bands memory bands,
        uint256[] memory values,
        uint256 targets,
        uint256 total,
        uint256 lastRebalance,
        uint256 time
    ) internal pure returns (Cause cause, uint256 breaches, uint256 largest) {
        (uint256 first,) = _head(words);
        TriggerKind kind = TriggerKind(uint8(first >> 72));
        (breaches, largest) = Rules.breachesOf(bands, values, targets, total);
        if (kind == TriggerKind.CALENDAR) breaches = 0;
        (cause, breaches) = _decide(words, kind, breaches, all(values.length), lastRebalance, time);
    }

    /// @notice Whether an answer of `assess` lets a rebalance open.
    function isDue(Cause cause) internal pure returns (bool) {
        return cause <= Cause.THRESHOLD_AND_CALENDAR;
    }

    /// @notice Band and destination of a mandate.
    function bandsOf(bytes memory words) internal pure returns (Rules.Bands memory bands) {
        (uint256 first, uint256 second) = _head(words);
        bands.band = uint16(first >> 48);
        bands.relativeBand = uint16(first >> 32);
        bands.drift = uint16(second >> 80);
        bands.relativeDrift = uint16(second >> 64);
        unchecked {
            // D36{quote * bps} = {bps} * D36{quote}; no overflow, minTrade is a uint128
            bands.tolerance = BPS * Rules.minTradeValue(second >> 128);
        }
    }

    /// @notice The assets that must end inside the destination.
    /// @param breaches bitmap of the assets that the rebalance is about
    /// @param count of the mandate's assets
    /// @return bitmap
    function scopeOf(bytes memory words, uint256 breaches, uint256 count) internal pure returns (uint256) {
        (uint256 first,) = _head(words);
        return uint8(first >> 80) == uint8(Scope.BOOK) ? all(count) : breaches;
    }

    /// @return bitmap of `count` assets
    function all(uint256 count) internal pure returns (uint256) {
        return (1 << count) - 1;
    }

    // ---- inside

    /// @param hit bitmap of the assets that have reached their band
    /// @param whole bitmap of all assets
    function _decide(
        bytes memory words,
        TriggerKind kind,
        uint256 hit,
        uint256 whole,
        uint256 lastRebalance,
        uint256 time
    ) private pure returns (Cause, uint256 breaches) {
        Cause byBand = hit == 0 ? Cause.IN_BAND : Cause.THRESHOLD;
        if (kind == TriggerKind.THRESHOLD || (kind == TriggerKind.BOTH && hit == 0)) return (byBand, hit);
        // {s} > {s}; before the anchor no period has a start
        bool begun = Calendar.periodStart(words.trigger(), time) > lastRebalance;
        if (kind == TriggerKind.BOTH) {
            return begun ? (Cause.THRESHOLD_AND_CALENDAR, hit) : (Cause.BEFORE_PERIOD, uint256(0));
        }
        if (begun) return (hit == 0 ? Cause.CALENDAR : Cause.THRESHOLD_AND_CALENDAR, whole);
        return kind == TriggerKind.CALENDAR ? (Cause.BEFORE_PERIOD, uint256(0)) : (byBand, hit);
    }

    /// @dev The first two words, whose layout is MandateCodec's: its structs would cost every rebalance some 4,000 {gas}.
    ///      Narrowing casts drop the neighbouring fields on purpose.
    function _head(bytes memory words) private pure returns (uint256 first, uint256 second) {
        assembly ("memory-safe") {
            first := mload(add(words, 32))
            second := mload(add(words, 64))
        }
    }
}
