// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {stdError} from "forge-std/Test.sol";
import {LibString} from "solady/utils/LibString.sol";

import {MandateCodec} from "../../contracts/libraries/MandateCodec.sol";
import {TargetPath} from "../../contracts/libraries/TargetPath.sol";
import {Asset, BPS, Knot, MAX_ASSETS, MIN_ASSETS, Mandate} from "../../contracts/types/Types.sol";
import {VectorTest} from "./base/VectorTest.sol";

/// @notice The shared vectors (tests/vectors/path.json, from exact fractions, asserted by pytest too) and what any path keeps.
contract TargetPathTest is VectorTest {
    using stdJson for string;

    string private constant PATH = "tests/vectors/path.json";

    // ---- vectors

    function test_vectors__interpolations() public {
        string[] memory rows = _rows(PATH, '{"name"');
        uint256 judged;
        for (uint256 k; k < rows.length; ++k) {
            string memory row = rows[k];
            if (!row.keyExists(".duration")) continue;
            uint256[] memory from = row.readUintArray(".from");
            uint256 actual = TargetPath.interpolate(
                _packed(from),
                _packed(row.readUintArray(".to")),
                from.length,
                row.readUint(".elapsed"),
                row.readUint(".duration")
            );
            assertEq(actual, _packed(row.readUintArray(".weights")), string.concat("LIB-2 ", row));
            ++judged;
        }
        assertGe(judged, 150, "vectors");
    }

    function test_vectors__paths() public {
        string[] memory rows = _rows(PATH, '{"name"');
        uint256 judged;
        for (uint256 k; k < rows.length; ++k) {
            string memory row = rows[k];
            if (!row.keyExists(".times")) continue;
            uint256[] memory times = row.readUintArray(".times");
            Knot[] memory path = new Knot[](times.length);
            for (uint256 j; j < times.length; ++j) {
                uint256[] memory weights = row.readUintArray(string.concat(".knots[", LibString.toString(j), "]"));
                path[j] = Knot(uint40(times[j]), MandateCodec.unpackWeights(_packed(weights), weights.length));
            }
            uint256[] memory expected = row.readUintArray(".weights");
            uint256 actual = TargetPath.weightsAt(_words(path, expected.length), row.readUint(".time"));
            assertEq(actual, _packed(expected), string.concat("LIB-2 ", row));
            ++judged;
        }
        assertGe(judged, 70, "vectors");
    }

    // ---- what any interpolation keeps

    function test_interpolate__any_weights__sum_to_one_whole(
        uint256 seed,
        uint256 count,
        uint256 elapsed,
        uint40 duration
    ) public pure {
        count = bound(count, MIN_ASSETS, MAX_ASSETS);
        duration = uint40(bound(duration, 1, type(uint40).max));
        elapsed = bound(elapsed, 0, duration);
        (uint256 from, uint256 to) = (_weights(seed, count), _weights(~seed, count));
        uint256 packed = TargetPath.interpolate(from, to, count, elapsed, duration);
        uint256 sum;
        for (uint256 i; i < count; ++i) {
            uint256 weight = uint16(packed >> (16 * i));
            sum += weight;
            // {bps * s} = {bps} * {s} + {bps} * {s}
            uint256 exact = uint16(from >> (16 * i)) * (duration - elapsed) + uint16(to >> (16 * i)) * elapsed;
            assertLt(weight * duration, exact + duration, "LIB-2 less than one above");
            assertGt(weight * duration + duration, exact, "LIB-2 less than one below");
        }
        assertEq(sum, BPS, "LIB-2 sum");
        assertEq(count == 16 ? 0 : packed >> (16 * count), 0, "LIB-2 nothing beside the assets");
    }

    /// Who gets a missing basis point lost at least as much as who does not; of equal ones the first.
    function test_interpolate__missing_basis_points__go_to_the_largest_remainders(
        uint256 seed,
        uint256 count,
        uint256 elapsed,
        uint40 duration
    ) public pure {
        count = bound(count, MIN_ASSETS, MAX_ASSETS);
        duration = uint40(bound(duration, 1, seed % 2 == 0 ? 20 : type(uint40).max));
        elapsed = bound(elapsed, 0, duration);
        (uint256 from, uint256 to) = (_weights(seed, count), _weights(~seed, count));
        uint256 packed = TargetPath.interpolate(from, to, count, elapsed, duration);
        for (uint256 i; i < count; ++i) {
            for (uint256 j; j < count; ++j) {
                (uint256 lost, bool given) = _remainder(from, to, packed, i, elapsed, duration);
                (uint256 lostToo, bool givenToo) = _remainder(from, to, packed, j, elapsed, duration);
                if (!given || givenToo) continue;
                assertTrue(lost > lostToo || (lost == lostToo && i < j), "LIB-2 largest first, then lowest index");
            }
        }
    }

    function test_interpolate__ends__are_the_knots(uint256 seed, uint256 count, uint40 duration) public pure {
        count = bound(count, MIN_ASSETS, MAX_ASSETS);
        duration = uint40(bound(duration, 1, type(uint40).max));
        (uint256 from, uint256 to) = (_weights(seed, count), _weights(~seed, count));
        assertEq(TargetPath.interpolate(from, to, count, 0, duration), from, "LIB-2 start");
        assertEq(TargetPath.interpolate(from, to, count, duration, duration), to, "LIB-2 end");
    }

    /// T-06: weights that are none revert instead of giving some.
    function test_T06_interpolate__beyond_the_end_or_above_one_whole__reverts() public {
        uint256 half = 5_000 << 16 | 5_000;
        vm.expectRevert(stdError.arithmeticError);
        this.interpolate(half, half, 2, 11, 10);
        vm.expectRevert(stdError.divisionError);
        this.interpolate(half, half, 2, 0, 0);
        vm.expectRevert(stdError.arithmeticError);
        this.interpolate(5_001 << 16 | 5_000, half, 2, 0, 10);
    }

    // ---- what any path keeps

    /// Outside the knots constant, at a knot its weights, between two as `interpolate` says.
    function test_at__any_path__follows_its_knots(uint256 seed, uint256 count, uint256 length, uint40 time)
        public
        pure
    {
        count = bound(count, MIN_ASSETS, MAX_ASSETS);
        Knot[] memory path = new Knot[](bound(length, 1, 12));
        uint256 moment = seed % 1e9;
        for (uint256 j; j < path.length; ++j) {
            path[j].time = uint40(moment);
            path[j].weights = MandateCodec.unpackWeights(_weights(_hash(seed, j), count), count);
            moment += 1 + _hash(seed, 100 + j) % 1e6;
        }
        time = uint40(bound(time, 0, moment + 100));
        bytes memory words = _words(path, count);
        uint256 expected = MandateCodec.packWeights(path[0].weights);
        for (uint256 j; j < path.length && path[j].time <= time; ++j) {
            uint256 from = MandateCodec.packWeights(path[j].weights);
            expected = from;
            if (j + 1 == path.length || time >= path[j + 1].time) continue;
            uint256 to = MandateCodec.packWeights(path[j + 1].weights);
            expected = TargetPath.interpolate(from, to, count, time - path[j].time, path[j + 1].time - path[j].time);
        }
        assertEq(TargetPath.weightsAt(words, time), expected, "LIB-2 path");
        uint256 j_ = seed % path.length;
        assertEq(
            TargetPath.weightsAt(words, path[j_].time), MandateCodec.packWeights(path[j_].weights), "LIB-2 at a knot"
        );
    }

    /// Between the same weights nothing moves, to the second.
    function test_at__flat_part__is_constant(uint256 seed, uint256 count, uint40 time) public pure {
        count = bound(count, MIN_ASSETS, MAX_ASSETS);
        Knot[] memory path = new Knot[](2);
        uint256 weights = _weights(seed, count);
        path[0] = Knot(1_000, MandateCodec.unpackWeights(weights, count));
        path[1] = Knot(5_000_000, MandateCodec.unpackWeights(weights, count));
        assertEq(TargetPath.weightsAt(_words(path, count), time), weights, "LIB-2 flat");
    }

    function interpolate(uint256 from, uint256 to, uint256 count, uint256 elapsed, uint256 duration)
        external
        pure
        returns (uint256)
    {
        return TargetPath.interpolate(from, to, count, elapsed, duration);
    }

    // ---- inside

    /// @return lost {bps * s} by rounding down
    /// @return given whether the asset was given one more basis point
    function _remainder(uint256 from, uint256 to, uint256 packed, uint256 i, uint256 elapsed, uint256 duration)
        private
        pure
        returns (uint256 lost, bool given)
    {
        uint256 exact = uint16(from >> (16 * i)) * (duration - elapsed) + uint16(to >> (16 * i)) * elapsed;
        return (exact % duration, uint16(packed >> (16 * i)) > exact / duration);
    }

    /// Any weights that sum to one whole, packed; zeros are frequent.
    function _weights(uint256 seed, uint256 count) private pure returns (uint256 packed) {
        uint256 left = BPS;
        for (uint256 i; i < count - 1; ++i) {
            uint256 dice = _hash(seed, i);
            uint256 weight = dice % 4 == 0 ? 0 : (dice >> 8) % (2 * left / (count - i) + 1);
            packed |= weight << (16 * i);
            left -= weight;
        }
        packed |= left << (16 * (count - 1));
    }

    function _words(Knot[] memory path, uint256 count) private pure returns (bytes memory) {
        Mandate memory m;
        m.assets = new Asset[](count);
        m.venues = new address[](3);
        m.path = path;
        return MandateCodec.pack(m);
    }

    function _hash(uint256 seed, uint256 salt) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt)));
    }
}
