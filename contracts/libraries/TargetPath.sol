// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibSort} from "solady/utils/LibSort.sol";

import {BPS} from "../types/Types.sol";
import {MandateCodec} from "./MandateCodec.sol";

/// @notice The targets of a mandate at a moment.
/// @dev Constant before the first knot and after the last, linear between two. All weights of one moment stand packed in
///      one word, 16 bits each, asset 0 lowest, as MandateCodec packs a knot. MandateRules has seen to it that the knots
///      ascend in time and that the weights of each sum to BPS.
///      The same functions in Python: controller/planning; both assert tests/vectors/path.json.
library TargetPath {
    using MandateCodec for bytes;

    /// @dev Remainders are sorted with the place of their asset, counted from the last one, in the lowest bits: of equal
    ///      ones the lower index wins.
    uint256 private constant SHIFT_BITS = 8;
    uint256 private constant LAST_SHIFT = 240;

    /// @notice The targets at `time`.
    /// @param words of the mandate
    /// @param time {s}
    /// @return packed {bps} sum exactly BPS
    function weightsAt(bytes memory words, uint256 time) internal pure returns (uint256 packed) {
        (uint256 end, uint256 to) = words.lastKnot();
        return time < end ? _before(words, time, end, to) : to;
    }

    /// @dev Before the last knot, which is `end` and `to`.
    function _before(bytes memory words, uint256 time, uint256 end, uint256 to) private pure returns (uint256 packed) {
        uint256 high = words.knotCount() - 1;
        (uint256 start, uint256 from) = words.knot(0);
        if (time <= start) return from;
        // The knots around `time`: low's is at most `time`, high's after it.
        uint256 low;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            (uint256 moment, uint256 weights) = words.knot(middle);
            if (moment <= time) (low, start, from) = (middle, moment, weights);
            else (high, end, to) = (middle, moment, weights);
        }
        // Between equal knots, and at a knot itself, every remainder is zero.
        if (from == to || time == start) return from;
        return interpolate(from, to, words.assetCount(), time - start, end - start);
    }

    /// @notice Weights between two others: each rounded down, and the basis points that are then missing one each to the
    ///         largest remainders, of equal ones to the lowest index.
    /// @param from {bps} packed, sum BPS
    /// @param to {bps} packed, sum BPS
    /// @param count of assets, at most 16
    /// @param elapsed {s} since `from`, at most `duration`
    /// @param duration {s} from `from` to `to`, not zero, below 2^40
    /// @return packed {bps} sum exactly BPS
    function interpolate(uint256 from, uint256 to, uint256 count, uint256 elapsed, uint256 duration)
        internal
        pure
        returns (uint256 packed)
    {
        uint256[] memory keys = new uint256[](count);
        uint256 left = duration - elapsed;
        uint256 sum; // {bps}
        // No overflow: weights have 16 bits and a mandate's times 40. The proofs in tests/contracts/symbolic cover it.
        unchecked {
            uint256 shift;
            for (uint256 i; i < count; ++i) {
                // {bps * s} = {bps} * {s} + {bps} * {s}
                uint256 exact = uint16(from >> shift) * left + uint16(to >> shift) * elapsed;
                // {bps} = {bps * s} / {s}, at most the larger of the two weights, so it stays in its 16 bits
                uint256 weight = exact / duration;
                sum += weight;
                packed |= weight << shift;
                keys[i] = (exact % duration) << SHIFT_BITS | (LAST_SHIFT - shift);
                shift += 16;
            }
        }
        uint256 missing = BPS - sum;
        if (missing == 0) return packed;
        LibSort.insertionSort(keys);
        // The remainders sum to `missing` times the duration and each is below it, so more than `missing` of them are not
        // zero, and what gets one more was below the larger of its two weights: no 16 bits overflow here either.
        for (uint256 k = count; missing > 0; --missing) {
            packed += 1 << (LAST_SHIFT - uint8(keys[--k]));
        }
    }
}
