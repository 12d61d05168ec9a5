// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Kind, Power, Status} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

contract VaultPauseTest is VaultTest {
    function test_pause__by_guardian_or_owner__pauses(bool byOwner) public {
        address by = byOwner ? owner : guardian;
        expectEntry(vault, Kind.PAUSED, abi.encode(by));
        vm.prank(by);
        vault.pause();
        assertTrue(vault.status().paused, "VLT-9 paused");
    }

    function test_pause__by_another__reverts(address caller) public {
        vm.assume(caller != owner && caller != guardian);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller));
        vm.prank(caller);
        vault.pause();
    }

    /// T-16: the guardian can only stop.
    function test_T16_unpause__by_guardian__reverts() public {
        vm.startPrank(guardian);
        vault.pause();
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, guardian));
        vault.unpause();
    }

    function test_unpause__by_owner__lets_mint_again() public {
        vm.prank(guardian);
        vault.pause();
        expectEntry(vault, Kind.UNPAUSED, abi.encode(owner));
        vm.prank(owner);
        vault.unpause();
        uint256[] memory amounts = vault.previewMint(1e18);
        fundAll(stranger, amounts);
        vm.prank(stranger);
        vault.mint(1e18, amounts, stranger);
        assertEq(sharesOf(vault, stranger), 1e18, "VLT-9 minted");
    }

    /// Pausing keeps the rest of the state: it shares one slot with it.
    function test_pause__keeps_the_rest_of_the_state() public {
        makeOddDue();
        rebalance(odd, oddPlan());
        Status memory expected = odd.status();
        vm.prank(guardian);
        odd.pause();
        expected.paused = true;
        assertEq(abi.encode(odd.status()), abi.encode(expected), "VLT-9 the rest stays");
        vm.prank(owner);
        odd.unpause();
        expected.paused = false;
        assertEq(abi.encode(odd.status()), abi.encode(expected), "VLT-9 as before");
        assertEq(odd.mandate().name, oddMandate().name, "VLT-9 mandate");
    }

    function test_pause__twice__stays_paused_and_is_recorded_twice() public {
        vm.startPrank(guardian);
        vault.pause();
        expectEntry(vault, Kind.PAUSED, abi.encode(guardian));
        vault.pause();
        assertTrue(vault.status().paused, "VLT-9 paused");
    }

    // ---- renouncing

    /// Nobody can stop the vault any more: that loosens, so it waits, and a guardian can object.
    function test_T22_renounce__pause_at_once__reverts() public {
        bytes memory call = abi.encodeCall(IVaultAdmin.renounce, (Power.PAUSE));
        vm.expectRevert(abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(call)));
        vm.prank(owner);
        vault.renounce(Power.PAUSE);
        vm.prank(owner);
        vault.submit(call);
        vm.prank(guardian);
        vault.revoke(call);
        assertEq(vault.executableAt(keccak256(call)), 0, "objected");
    }

    function test_renounce__pause__ends_one_and_nobody_pauses_again() public {
        vm.prank(guardian);
        vault.pause();
        loosen(vault, abi.encodeCall(IVaultAdmin.renounce, (Power.PAUSE)));
        assertFalse(vault.status().paused, "ended");
        (, uint40 count) = ledger.chain(address(vault));
        assertEq(count, 6, "created, minted, paused, submitted, renounced, unpaused");
        bytes memory reason = abi.encodeWithSelector(IVaultAdmin.PowerRenounced.selector, Power.PAUSE);
        vm.expectRevert(reason);
        vm.prank(guardian);
        vault.pause();
        vm.expectRevert(reason);
        vm.prank(owner);
        vault.pause();
    }

    function test_renounce__pause_when_not_paused__is_one_entry() public {
        bytes memory call = abi.encodeCall(IVaultAdmin.renounce, (Power.PAUSE));
        vm.prank(owner);
        vm.warp(vault.submit(call));
        expectEntry(vault, Kind.RENOUNCED, abi.encode(Power.PAUSE));
        vm.prank(owner);
        vault.renounce(Power.PAUSE);
        (, uint40 count) = ledger.chain(address(vault));
        assertEq(count, 4, "created, minted, submitted, renounced");
        assertEq(vault.status().renounced, 1 << uint8(Power.PAUSE), "for everybody to read");
    }
}
