// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cause, Fill, Rebalance} from "../../../contracts/types/Types.sol";

/// @notice Reads entries of the ledger back.
library Entries {
    /// @notice What RebalanceCodec has packed.
    function rebalance(bytes memory payload) internal pure returns (Rebalance memory r) {
        uint256 head;
        uint256 drifts;
        uint256[] memory list;
        (head, r.planHash, r.journalHead, drifts, r.valueBefore, r.valueAfter, list) =
            abi.decode(payload, (uint256, bytes32, bytes32, uint256, uint256, uint256, uint256[]));
        r.keeper = address(uint160(head >> 96));
        r.nonce = uint40(head >> 56);
        r.cause = Cause(uint8(head >> 48));
        r.open = uint8(head >> 40) == 1;
        (r.driftBefore, r.driftAfter) = (drifts >> 128, uint128(drifts));
        r.fills = new Fill[](uint40(head));
        uint256 assets = list.length / 2 - r.fills.length;
        (r.prices, r.rounds) = (new uint256[](assets), new uint80[](assets));
        for (uint256 i; i < assets; ++i) {
            (r.prices[i], r.rounds[i]) = (list[i], uint80(list[assets + i]));
        }
        for (uint256 k; k < r.fills.length; ++k) {
            uint256 word = list[2 * (assets + k)];
            r.fills[k] = Fill({
                sell: uint8(word >> 192),
                buy: uint8(word >> 160),
                venue: uint8(word >> 128),
                amountIn: uint128(word),
                amountOut: list[2 * (assets + k) + 1]
            });
        }
    }
}
