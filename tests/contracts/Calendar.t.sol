// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {stdError} from "forge-std/Test.sol";
import {DateTimeLib} from "solady/utils/DateTimeLib.sol";
import {LibString} from "solady/utils/LibString.sol";

import {Calendar} from "../../contracts/libraries/Calendar.sol";
import {Period, Trigger} from "../../contracts/types/Types.sol";
import {VectorTest} from "./base/VectorTest.sol";

/// @notice The shared vectors (tests/vectors/calendar.json, from dateutil, asserted by pytest too) and what any calendar keeps.
contract CalendarTest is VectorTest {
    using stdJson for string;

    string private constant PATH = "tests/vectors/calendar.json";

    function test_vectors__starts() public {
        string[] memory rows = _rows(PATH, '{"name"');
        assertGe(rows.length, 900, "vectors");
        for (uint256 k; k < rows.length; ++k) {
            string memory row = rows[k];
            Trigger memory t;
            t.period = _period(row.readString(".period"));
            t.every = uint16(row.readUint(".every"));
            t.anchor = uint40(row.readUint(".anchor"));
            uint256 time = row.readUint(".time");
            assertEq(Calendar.periodStart(t, time), row.readUint(".start"), string.concat("LIB-1 start: ", row));
            assertEq(Calendar.nextStart(t, time), row.readUint(".next"), string.concat("LIB-1 next: ", row));
        }
    }

    /// `time` lies in its period: starts are not after it, and the next one is. Nothing is skipped and nothing overlaps.
    function test_periodStart__any_time__is_in_its_period(uint8 period, uint16 every, uint40 anchor, uint40 time)
        public
        pure
    {
        Trigger memory t = _trigger(period, every, anchor);
        uint256 start = Calendar.periodStart(t, time);
        uint256 next = Calendar.nextStart(t, time);
        assertLt(time, next, "LIB-1 next is after");
        if (time < anchor) {
            assertEq(start, 0, "LIB-1 none before the anchor");
            assertEq(next, anchor, "LIB-1 the anchor is the first");
            return;
        }
        assertLe(start, time, "LIB-1 start is not after");
        assertGe(start, anchor, "LIB-1 start is not before the anchor");
        assertEq(Calendar.nextStart(t, start), next, "LIB-1 next of the start");
        assertEq(Calendar.periodStart(t, next - 1), start, "LIB-1 to the last second");
        assertEq(Calendar.periodStart(t, next), next, "LIB-1 begins at the very second");
        assertEq(start % 1 days, anchor % 1 days, "LIB-1 time of day");
    }

    /// A month's start is the anchor's day, or the last day of a month that does not have it.
    function test_periodStart__months__keep_the_day(uint8 period, uint16 every, uint40 anchor, uint40 time)
        public
        pure
    {
        Trigger memory t = _trigger(uint8(bound(period, 2, 4)), every, anchor);
        time = uint40(bound(time, anchor, type(uint40).max));
        (,, uint256 wanted) = DateTimeLib.timestampToDate(anchor);
        (uint256 year, uint256 month, uint256 day) = DateTimeLib.timestampToDate(Calendar.periodStart(t, time));
        uint256 last = DateTimeLib.daysInMonth(year, month);
        assertEq(day, wanted < last ? wanted : last, "LIB-1 day");
    }

    /// Days, weeks, months, quarters and years of a well-known month end, written out.
    function test_nextStart__last_of_january__goes_back_to_the_last() public pure {
        Trigger memory t = _trigger(uint8(Period.MONTH), 1, uint40(_utc(2024, 1, 31) + 12 hours));
        uint256 start = Calendar.nextStart(t, _utc(2024, 2, 1));
        assertEq(start, _utc(2024, 2, 29) + 12 hours, "LIB-1 leap February");
        start = Calendar.nextStart(t, start);
        assertEq(start, _utc(2024, 3, 31) + 12 hours, "LIB-1 March");
        start = Calendar.nextStart(t, start);
        assertEq(start, _utc(2024, 4, 30) + 12 hours, "LIB-1 April");
        assertEq(Calendar.nextStart(t, _utc(2025, 2, 1)), _utc(2025, 2, 28) + 12 hours, "LIB-1 common February");
        t.period = Period.YEAR;
        assertEq(Calendar.nextStart(t, _utc(2024, 6, 1)), _utc(2025, 1, 31) + 12 hours, "LIB-1 year");
    }

    /// The largest of everything still has an answer: nothing wraps.
    function test_nextStart__largest_times__no_overflow(uint8 period) public pure {
        Trigger memory t = _trigger(period, type(uint16).max, type(uint40).max);
        assertEq(Calendar.periodStart(t, type(uint40).max), type(uint40).max, "LIB-1 anchor");
        assertGt(Calendar.nextStart(t, type(uint40).max), type(uint40).max, "LIB-1 next");
    }

    function test_T06_periodStart__every_zero__reverts(uint8 period) public {
        Trigger memory t = _trigger(period, 1, 1);
        t.every = 0;
        vm.expectRevert(stdError.divisionError);
        this.periodStart(t, 2);
    }

    function periodStart(Trigger calldata t, uint256 time) external pure returns (uint256) {
        return Calendar.periodStart(t, time);
    }

    function _trigger(uint8 period, uint16 every, uint40 anchor) private pure returns (Trigger memory t) {
        t.period = Period(period % 5);
        t.every = every == 0 ? 1 : every;
        t.anchor = anchor;
    }

    function _utc(uint256 year, uint256 month, uint256 day) private pure returns (uint256) {
        return DateTimeLib.dateToTimestamp(year, month, day);
    }

    function _period(string memory name) private pure returns (Period) {
        string[5] memory names = ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];
        for (uint256 k; k < 5; ++k) {
            if (LibString.eq(name, names[k])) return Period(k);
        }
        revert(name);
    }
}
