// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {RebalanceCodec} from "../../contracts/libraries/RebalanceCodec.sol";
import {Cause, Fill, Rebalance} from "../../contracts/types/Types.sol";
import {Entries} from "./base/Entries.sol";

contract RebalanceCodecTest is Test {
    /// Whatever a vault can record comes back as it was.
    function test_pack__any_rebalance__comes_back(
        Fill[] memory fills,
        bytes32[2] memory hashes,
        uint256[4] memory measured,
        uint256 assets,
        uint256 seed
    ) public pure {
        assets = bound(assets, 2, 16);
        Rebalance memory r;
        (r.keeper, r.nonce, r.cause, r.open) =
        (address(uint160(seed)), uint40(seed >> 160), Cause(seed % 4), seed >> 255 == 1);
        (r.planHash, r.journalHead, r.fills) = (hashes[0], hashes[1], fills);
        (r.driftBefore, r.driftAfter) = (bound(measured[0], 0, 1e18), bound(measured[1], 0, 1e18));
        (r.valueBefore, r.valueAfter) = (measured[2], measured[3]);
        (r.prices, r.rounds) = (new uint256[](assets), new uint80[](assets));
        for (uint256 i; i < assets; ++i) {
            r.prices[i] = uint256(keccak256(abi.encode(seed, i)));
            r.rounds[i] = uint80(r.prices[i] >> 9);
        }
        for (uint256 k; k < r.fills.length; ++k) {
            r.fills[k].amountIn = uint128(r.fills[k].amountIn);
        }
        bytes memory payload = RebalanceCodec.pack(r);
        assertEq(payload.length, 32 * (6 + 2 * assets + 2 * r.fills.length), "VLT-12 size");
        // What is allocated next does not touch it.
        bytes memory next = new bytes(64);
        next[0] = 0x01;
        assertEq(abi.encode(Entries.rebalance(payload)), abi.encode(r), "VLT-12 payload");
    }
}
