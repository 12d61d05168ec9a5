// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {LibString} from "solady/utils/LibString.sol";

/// @notice Reads the vectors in tests/vectors, which pytest asserts too.
abstract contract VectorTest is Test {
    /// The lines of a file that begin so, each one an object of its own.
    function _rows(string memory path, string memory beginning) internal returns (string[] memory rows) {
        uint256 count;
        rows = new string[](2_000);
        for (string memory line = vm.readLine(path); bytes(line).length > 0; line = vm.readLine(path)) {
            if (!LibString.startsWith(line, beginning)) continue;
            bool last = LibString.endsWith(line, "}");
            rows[count++] = last ? line : LibString.slice(line, 0, bytes(line).length - 1);
        }
        vm.closeFile(path);
        assembly ("memory-safe") {
            mstore(rows, count)
        }
    }

    /// Weights in one word, asset 0 lowest.
    function _packed(uint256[] memory weights) internal pure returns (uint256 packed) {
        for (uint256 i; i < weights.length; ++i) {
            packed |= weights[i] << (16 * i);
        }
    }
}
