// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rebalance} from "../types/Types.sol";

/// @notice The payload of a REBALANCED entry: the record of a rebalance in little more than half of the words that its plain
///         ABI encoding takes, because every byte of a log is paid for.
/// @dev Words of 32 bytes, in order; within a word the first field stands highest:
///      0        keeper 160, nonce 40, cause 8, open 8, assets 8, fills 32
///      1        planHash
///      2        journalHead
///      3        driftBefore 128, driftAfter 128
///      4        valueBefore
///      5        valueAfter
///      then     one word for each asset: price
///      then     one word for each asset: round
///      then     two words for each fill: unused 104, sell 8, buy 8, venue 8, amountIn 128; amountOut
library RebalanceCodec {
    /// @dev Nothing is cut: a drift is at most 10^18, what is sold was a uint128 in the plan, and all else has its own type.
    function pack(Rebalance memory r) internal pure returns (bytes memory payload) {
        uint256 head = uint256(uint160(r.keeper)) << 96 | uint256(r.nonce) << 56 | uint256(r.cause) << 48;
        if (r.open) head |= 1 << 40;
        uint256 drifts = r.driftBefore << 128 | r.driftAfter;
        uint256[] memory prices = r.prices;
        uint80[] memory rounds = r.rounds;
        assembly ("memory-safe") {
            let fills := mload(add(r, 0x180))
            let count := mload(fills)
            payload := mload(0x40)
            mstore(add(payload, 0x20), or(or(head, shl(32, mload(prices))), count))
            mstore(add(payload, 0x40), mload(add(r, 0x80))) // planHash
            mstore(add(payload, 0x60), mload(add(r, 0xa0))) // journalHead
            mstore(add(payload, 0x80), drifts)
            mstore(add(payload, 0xa0), mload(add(r, 0x100))) // valueBefore
            mstore(add(payload, 0xc0), mload(add(r, 0x120))) // valueAfter
            let size := shl(5, mload(prices))
            let to := add(payload, 0xe0)
            for { let at := 0x20 } iszero(gt(at, size)) { at := add(at, 0x20) } {
                mstore(to, mload(add(prices, at)))
                mstore(add(to, size), mload(add(rounds, at)))
                to := add(to, 0x20)
            }
            to := add(to, size)
            for {} count { count := sub(count, 1) } {
                fills := add(fills, 0x20)
                let fill := mload(fills)
                let names :=
                    or(shl(144, mload(fill)), or(shl(136, mload(add(fill, 0x20))), shl(128, mload(add(fill, 0x40)))))
                mstore(to, or(names, mload(add(fill, 0x60))))
                mstore(add(to, 0x20), mload(add(fill, 0x80)))
                to := add(to, 0x40)
            }
            mstore(payload, sub(to, add(payload, 0x20)))
            mstore(0x40, to)
        }
    }
}
