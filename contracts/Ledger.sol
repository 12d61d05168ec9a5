// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedger} from "./interfaces/ILedger.sol";
import {Kind} from "./types/Types.sol";

/// @title Ledger
/// @notice One hash chain per calling vault.
///
/// ROLES. None: no owner, no setters, no upgrade. A caller can only ever lengthen its own chain.
///
/// PROOF. The chain of `vault` is the slot keccak256(abi.encode(vault, 0)): head in the high 27 bytes, count in the low 5.
/// One storage proof of that slot commits to the number, the order and the content of all entries.
///
/// KNOWN LIMITS. The ledger does not judge a payload: that an entry is true is the calling vault's word, and which
/// vaults to believe is the factory's.
contract Ledger is ILedger {
    /// @dev head << 40 | count. Slot 0; storage proofs rely on it.
    mapping(address vault => uint256 packed) private _chains;

    /// @inheritdoc ILedger
    function append(Kind kind, bytes calldata payload) external {
        uint256 packed = _chains[msg.sender];
        uint40 seq = uint40(packed);
        bytes27 head = bytes27(keccak256(abi.encode(bytes27(bytes32(packed)), seq, kind, keccak256(payload))));
        // Checked addition is in 256 bits: 2^40 entries of one vault are more than any chain can hold.
        _chains[msg.sender] = uint256(bytes32(head)) | (uint256(seq) + 1);
        emit Entry(msg.sender, seq, kind, head, payload);
    }

    /// @inheritdoc ILedger
    function chain(address vault) external view returns (bytes27 head, uint40 count) {
        uint256 packed = _chains[vault];
        return (bytes27(bytes32(packed)), uint40(packed));
    }
}
