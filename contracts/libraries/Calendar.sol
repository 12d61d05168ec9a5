// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DateTimeLib} from "solady/utils/DateTimeLib.sol";

import {Period, Trigger} from "../types/Types.sol";

/// @notice The periods of a calendar trigger: every n days, weeks, months, quarters or years from an anchor, in UTC.
/// @dev Period k starts k * `every` periods after the anchor, counted from the anchor and never from the start before, so
///      that months which end early leave no trace: from 31 January monthly 28 or 29 February, then 31 March. The anchor's
///      time of day is kept. Days are of 86,400 seconds, as the chain's clock knows no leap seconds.
///      `every` is not zero in a mandate with a calendar; with zero these functions panic.
///      The same functions in Python: controller/planning; both assert tests/vectors/calendar.json.
library Calendar {
    uint256 private constant MONTHS_OF_QUARTER = 3;
    uint256 private constant MONTHS_OF_YEAR = 12;

    /// @notice The start of the period that `time` is in, at most `time`. Zero before the anchor.
    /// @param time {s}
    /// @return start {s}
    function periodStart(Trigger memory t, uint256 time) internal pure returns (uint256 start) {
        return time < t.anchor ? 0 : _start(t, _period(t, time));
    }

    /// @notice The first start of a period after `time`: the anchor itself when `time` is before it.
    /// @param time {s}
    /// @return start {s}
    function nextStart(Trigger memory t, uint256 time) internal pure returns (uint256 start) {
        return time < t.anchor ? t.anchor : _start(t, _period(t, time) + 1);
    }

    /// @return k of the last period that starts at `time` or before, which is not before the anchor
    function _period(Trigger memory t, uint256 time) private pure returns (uint256 k) {
        uint256 length = _length(t);
        // {periods} = {s} / {s}
        if (t.period <= Period.WEEK) return (time - t.anchor) / length;
        // {periods} = {months} / {months}; months are told apart by their names, whatever the day and the time
        k = DateTimeLib.diffMonths(t.anchor, time) / length;
        // In the month of its start `time` may still be before it. Not so for k = 0: that one starts at the anchor.
        if (_start(t, k) > time) --k;
    }

    /// @return {s}
    function _start(Trigger memory t, uint256 k) private pure returns (uint256) {
        // {s} = {s} + {periods} * {s}, or as many calendar months after the anchor
        if (t.period <= Period.WEEK) return t.anchor + k * _length(t);
        return DateTimeLib.addMonths(t.anchor, k * _length(t));
    }

    /// @return {s} of a period of days or weeks, {months} of another
    function _length(Trigger memory t) private pure returns (uint256) {
        if (t.period == Period.DAY) return uint256(t.every) * 1 days;
        if (t.period == Period.WEEK) return uint256(t.every) * 1 weeks;
        if (t.period == Period.MONTH) return t.every;
        return t.every * (t.period == Period.QUARTER ? MONTHS_OF_QUARTER : MONTHS_OF_YEAR);
    }
}
