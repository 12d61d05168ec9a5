// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Test.sol";

import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {VaultTest} from "./VaultTest.sol";

/// @notice An auditor in Solidity: the life of a real vault, read from its logs alone, folded anew and held against the
///         ledger's head. What is altered in one entry, left out or put elsewhere gives another head.
contract LedgerHistoryTest is VaultTest {
    struct Told {
        uint40 seq;
        uint8 kind;
        bytes payload;
    }

    IVault internal lived;

    /// @dev By the vault's creation on, whatever is done to it in between.
    function _live(uint8[] memory acts, uint256 seed_) private returns (Told[] memory) {
        vm.recordLogs();
        lived = newVault(oddMandate());
        seedOdd(lived);
        for (uint256 i; i < acts.length && i < 24; ++i) {
            _act(acts[i] % 6, uint256(keccak256(abi.encode(seed_, i))));
        }
        return _told(vm.getRecordedLogs());
    }

    function _act(uint8 what, uint256 dice) private {
        if (what == 0) {
            uint256 shares = bound(dice, 1e12, 1e21);
            fundOdd(owner, lived, all(1_000_000 * ONE));
            vm.prank(owner);
            lived.mint(shares, all(type(uint256).max), owner);
        } else if (what == 1) {
            vm.prank(owner);
            lived.redeem(bound(dice, 1, 1e21), all(0), owner, owner, 0);
        } else if (what == 2) {
            vm.prank(guardian);
            lived.pause();
            vm.prank(owner);
            lived.unpause();
        } else if (what == 3) {
            vm.prank(owner);
            lived.declare(bytes32(dice));
        } else if (what == 4) {
            vm.prank(owner);
            lived.submit(abi.encodeCall(IVaultAdmin.setKeeper, (address(uint160(dice)), true)));
        } else {
            vm.prank(owner);
            lived.proposeOwner(address(uint160(dice)));
        }
    }

    function _told(Vm.Log[] memory logs) private view returns (Told[] memory told) {
        told = new Told[](logs.length);
        uint256 found;
        for (uint256 k; k < logs.length; ++k) {
            Vm.Log memory log = logs[k];
            if (log.emitter != address(ledger) || log.topics[0] != ILedger.Entry.selector) continue;
            if (address(uint160(uint256(log.topics[1]))) != address(lived)) continue;
            (, bytes memory payload) = abi.decode(log.data, (bytes27, bytes));
            told[found++] = Told(uint40(uint256(log.topics[2])), uint8(uint256(log.topics[3])), payload);
        }
        assembly ("memory-safe") {
            mstore(told, found)
        }
    }

    /// @dev head' = keccak256(head, seq, kind, keccak256(payload)), cut to 27 bytes.
    function _fold(Told[] memory told) private pure returns (bytes27 head) {
        for (uint256 k; k < told.length; ++k) {
            head = bytes27(keccak256(abi.encode(head, told[k].seq, told[k].kind, keccak256(told[k].payload))));
        }
    }

    function test_fold__of_a_vaults_life__then_is_the_ledgers_head(uint8[] memory acts, uint256 seed_) public {
        Told[] memory told = _live(acts, seed_);
        (bytes27 head, uint40 count) = ledger.chain(address(lived));
        assertGe(told.length, 2, "created and minted");
        assertEq(told.length, count, "LED-1 count");
        for (uint256 k; k < told.length; ++k) {
            assertEq(told[k].seq, k, "LED-1 sequence");
        }
        assertEq(bytes32(_fold(told)), bytes32(head), "LED-1 head is the fold of the vault's life");
    }

    function test_fold__when_one_entry_is_altered_left_out_or_moved__then_is_another(
        uint8[] memory acts,
        uint256 seed_,
        uint256 place,
        uint256 byte_
    ) public {
        Told[] memory told = _live(acts, seed_);
        (bytes27 head,) = ledger.chain(address(lived));
        Told memory entry = told[place = place % told.length];
        uint256 where = byte_ % entry.payload.length;
        entry.payload[where] ^= 0x01;
        assertNotEq(bytes32(_fold(told)), bytes32(head), "payload");
        entry.payload[where] ^= 0x01;
        entry.kind ^= 1;
        assertNotEq(bytes32(_fold(told)), bytes32(head), "kind");
        entry.kind ^= 1;
        entry.seq += 1;
        assertNotEq(bytes32(_fold(told)), bytes32(head), "sequence");
        entry.seq -= 1;
        assertEq(bytes32(_fold(told)), bytes32(head), "as it was");
        uint256 other = (place + 1) % told.length;
        (told[place], told[other]) = (told[other], told[place]);
        assertNotEq(bytes32(_fold(told)), bytes32(head), "order");
        (told[place], told[other]) = (told[other], told[place]);
        told[place] = told[told.length - 1];
        assembly ("memory-safe") {
            mstore(told, sub(mload(told), 1))
        }
        assertNotEq(bytes32(_fold(told)), bytes32(head), "left out");
    }
}
