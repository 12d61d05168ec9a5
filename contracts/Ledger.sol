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
        uint256 seq = uint40(packed);
        bytes32 topic = Entry.selector;
        uint256 head; // in the high 27 bytes
        // The event's data is laid out once, and the payload hashed where it lies there:
        //   head = bytes27(keccak256(abi.encode(bytes27 head before, uint40 seq, Kind kind, keccak256(payload))))
        //   emit Entry(msg.sender, seq, kind, head, payload)
        assembly ("memory-safe") {
            let m := mload(0x40)
            let padded := and(add(payload.length, 31), not(31))
            mstore(add(m, add(0x40, padded)), 0)
            mstore(add(m, 0x20), 0x40)
            mstore(add(m, 0x40), payload.length)
            calldatacopy(add(m, 0x60), payload.offset, payload.length)
            let hashed := add(m, add(0x60, padded))
            mstore(hashed, xor(packed, seq))
            mstore(add(hashed, 0x20), seq)
            mstore(add(hashed, 0x40), kind)
            mstore(add(hashed, 0x60), keccak256(add(m, 0x60), payload.length))
            head := and(keccak256(hashed, 0x80), not(0xffffffffff))
            mstore(m, head)
            log4(m, add(0x60, padded), topic, caller(), seq, kind)
        }
        // Checked addition is in 256 bits: 2^40 entries of one vault are more than any chain can hold.
        _chains[msg.sender] = head | (seq + 1);
    }

    /// @inheritdoc ILedger
    function chain(address vault) external view returns (bytes27 head, uint40 count) {
        uint256 packed = _chains[vault];
        return (bytes27(bytes32(packed)), uint40(packed));
    }
}
