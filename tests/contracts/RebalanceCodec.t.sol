// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {RebalanceCodec} from "../../contracts/libraries/RebalanceCodec.sol";
import {Cause, Fill, Rebalance} from "../../contracts/types/Types.sol";
import {Entries} from "./base/Entries.sol";

contract RebalanceCodecTest is Test {
    /// Whatever a vault can record comes back as it was, and has one encoding: the compiler's own of the same words.
    function test_pack__any_rebalance__comes_back(Rebalance memory r, uint256 assets, uint256 seed) public pure {
        assets = bound(assets, 2, 16);
        r.cause = Cause(uint8(seed % 4));
        (r.driftBefore, r.driftAfter) = (bound(r.driftBefore, 0, 1e18), bound(r.driftAfter, 0, 1e18));
        (r.prices, r.rounds) = (new uint256[](assets), new uint80[](assets));
        for (uint256 i; i < assets; ++i) {
            r.prices[i] = uint256(keccak256(abi.encode(seed, i)));
            r.rounds[i] = uint80(r.prices[i] >> 9);
        }
        for (uint256 k; k < r.fills.length; ++k) {
            r.fills[k].amountIn = uint128(r.fills[k].amountIn);
        }
        bytes memory payload = RebalanceCodec.pack(r);
        assertEq(payload.length, 32 * (8 + 2 * assets + 2 * r.fills.length), "VLT-12 size");
        // What is allocated next does not touch it.
        bytes memory next = new bytes(64);
        next[0] = 0x01;
        assertEq(abi.encode(Entries.rebalance(payload)), abi.encode(r), "VLT-12 payload");
        (uint256 head, bytes32 a, bytes32 b, uint256 drifts, uint256 c, uint256 d, uint256[] memory list) =
            abi.decode(payload, (uint256, bytes32, bytes32, uint256, uint256, uint256, uint256[]));
        assertEq(payload, abi.encode(head, a, b, drifts, c, d, list), "VLT-12 one encoding");
    }
}
