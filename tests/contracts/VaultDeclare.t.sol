// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Kind, Power} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

contract VaultDeclareTest is VaultTest {
    /// LED-3: the ledger is all that remembers it: nothing of the vault depends on what its owner says.
    function test_declare__any_statement__is_one_entry_and_nothing_else(bytes32 statement) public {
        (, uint40 before) = ledger.chain(address(vault));
        bytes memory status = abi.encode(vault.status());
        expectEntry(vault, Kind.DECLARED, abi.encode(statement));
        vm.startStateDiffRecording();
        vm.prank(owner);
        vault.declare(statement);
        _assertWrittenTo(address(ledger));
        (, uint40 count) = ledger.chain(address(vault));
        assertEq(count, before + 1, "one entry");
        assertEq(abi.encode(vault.status()), status, "the vault is as it was");
    }

    /// Saying the same again is saying it at another time.
    function test_declare__again__is_another_entry(bytes32 statement) public {
        vm.startPrank(owner);
        vault.declare(statement);
        vm.warp(block.timestamp + 1);
        expectEntry(vault, Kind.DECLARED, abi.encode(statement));
        vault.declare(statement);
    }

    /// Neither a pause nor anything that the owner has given up keeps him from speaking.
    function test_declare__paused_and_without_powers__still_works(bytes32 statement) public {
        vm.startPrank(owner);
        vault.pause();
        vault.renounce(Power.MANDATE);
        vault.renounce(Power.TARGETS);
        vault.renounce(Power.ROLES);
        expectEntry(vault, Kind.DECLARED, abi.encode(statement));
        vault.declare(statement);
    }

    /// LED-3: nobody speaks in the owner's name, his successor not before he has accepted.
    function test_declare__by_another__reverts(address caller, bytes32 statement) public {
        vm.assume(caller != owner);
        vm.prank(owner);
        vault.proposeOwner(caller);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller));
        vm.prank(caller);
        vault.declare(statement);
    }

    function _assertWrittenTo(address only) private {
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        for (uint256 i; i < accesses.length; ++i) {
            for (uint256 k; k < accesses[i].storageAccesses.length; ++k) {
                Vm.StorageAccess memory access = accesses[i].storageAccesses[k];
                if (access.isWrite) assertEq(access.account, only, "who is written to");
            }
        }
    }
}
