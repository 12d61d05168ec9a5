// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cause, Fill, Rebalance} from "../../../contracts/types/Types.sol";

/// @notice Reads entries of the ledger back.
library Entries {
    /// @notice What RebalanceCodec has packed.
    function rebalance(bytes memory payload) internal pure returns (Rebalance memory r) {
        uint256 head = _word(payload, 0);
        uint256 drifts = _word(payload, 3);
        (r.planHash, r.journalHead) = (bytes32(_word(payload, 1)), bytes32(_word(payload, 2)));
        (r.valueBefore, r.valueAfter) = (_word(payload, 4), _word(payload, 5));
        (r.keeper, r.nonce) = (address(uint160(head >> 96)), uint40(head >> 56));
        (r.cause, r.open) = (Cause(uint8(head >> 48)), uint8(head >> 40) == 1);
        (r.driftBefore, r.driftAfter) = (drifts >> 128, uint128(drifts));
        uint256 assets = uint8(head >> 32);
        (r.prices, r.rounds, r.fills) = (new uint256[](assets), new uint80[](assets), new Fill[](uint32(head)));
        uint256 at = 6;
        for (uint256 i; i < assets; ++i) {
            (r.prices[i], r.rounds[i]) = (_word(payload, at + i), uint80(_word(payload, at + assets + i)));
        }
        at += 2 * assets;
        for (uint256 k; k < r.fills.length; ++k) {
            (uint256 names, uint256 amountOut) = (_word(payload, at), _word(payload, at + 1));
            r.fills[k] = Fill(uint8(names >> 144), uint8(names >> 136), uint8(names >> 128), uint128(names), amountOut);
            at += 2;
        }
        require(payload.length == 32 * at, "length of the payload");
    }

    function _word(bytes memory payload, uint256 k) private pure returns (uint256 word) {
        require(payload.length >= 32 * k + 32, "payload is too short");
        assembly ("memory-safe") {
            word := mload(add(add(payload, 32), shl(5, k)))
        }
    }
}
