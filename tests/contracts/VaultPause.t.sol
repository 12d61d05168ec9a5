// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Kind} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

contract VaultPauseTest is VaultTest {
    function test_pause__by_guardian_or_owner__pauses(bool byOwner) public {
        address by = byOwner ? owner : guardian;
        expectEntry(vault, Kind.PAUSED, abi.encode(by));
        vm.prank(by);
        vault.pause();
        (,, bool paused) = vault.state();
        assertTrue(paused, "VLT-9 paused");
    }

    function test_pause__by_another__reverts(address caller) public {
        vm.assume(caller != owner && caller != guardian);
        vm.expectRevert(abi.encodeWithSelector(IVault.Unauthorised.selector, caller));
        vm.prank(caller);
        vault.pause();
    }

    /// T-16: the guardian can only stop.
    function test_unpause__by_guardian__reverts() public {
        vm.startPrank(guardian);
        vault.pause();
        vm.expectRevert(abi.encodeWithSelector(IVault.Unauthorised.selector, guardian));
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
    function test_pause__keeps_nonce_and_last_rebalance() public {
        makeOddDue();
        rebalance(odd, oddPlan());
        (uint40 nonce, uint40 last,) = odd.state();
        vm.prank(guardian);
        odd.pause();
        (uint40 nonceAfter, uint40 lastAfter, bool paused) = odd.state();
        assertEq(nonceAfter, nonce, "VLT-9 nonce");
        assertEq(lastAfter, last, "VLT-9 last rebalance");
        assertTrue(paused, "VLT-9 paused");
        odd.mandate();
    }

    function test_pause__twice__stays_paused_and_is_recorded_twice() public {
        vm.startPrank(guardian);
        vault.pause();
        expectEntry(vault, Kind.PAUSED, abi.encode(guardian));
        vault.pause();
        (,, bool paused) = vault.state();
        assertTrue(paused, "VLT-9 paused");
    }
}
