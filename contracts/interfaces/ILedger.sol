// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Kind} from "../types/Types.sol";

/// @notice The immutable record of every vault. No owner, no setters; a caller writes to its own chain only.
interface ILedger {
    /// @notice One record. `head` commits to this entry and all before it.
    event Entry(address indexed vault, uint40 indexed seq, Kind indexed kind, bytes27 head, bytes payload);

    /// @notice Appends to the chain of `msg.sender`; anyone may call, for itself.
    /// @dev head' = bytes27(keccak256(abi.encode(head, seq, kind, keccak256(payload)))), seq counting from 0 and the
    ///      first head being zero. Head (216 bits) and count (40 bits) share one slot, so that a single storage proof
    ///      shows both what happened and that nothing is missing; a collision of 216 bits costs 2^108 hashes.
    function append(Kind kind, bytes calldata payload) external;

    /// @return head of the vault's chain, zero before its first entry
    /// @return count of its entries
    function chain(address vault) external view returns (bytes27 head, uint40 count);
}
