// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Kind} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

contract VaultRolesTest is VaultTest {
    function test_setKeeper__by_owner__grants_and_revokes(address account) public {
        vm.assume(account != keeper);
        expectEntry(vault, Kind.KEEPER_SET, abi.encode(account, true));
        vm.prank(owner);
        vault.setKeeper(account, true);
        assertTrue(vault.isKeeper(account), "granted");
        expectEntry(vault, Kind.KEEPER_SET, abi.encode(account, false));
        vm.prank(owner);
        vault.setKeeper(account, false);
        assertFalse(vault.isKeeper(account), "revoked");
        assertTrue(vault.isKeeper(keeper), "the other stays");
    }

    function test_setGuardian__by_owner__replaces(address account) public {
        expectEntry(vault, Kind.GUARDIAN_SET, abi.encode(account));
        vm.prank(owner);
        vault.setGuardian(account);
        assertEq(vault.guardian(), account, "guardian");
    }

    /// T-22: a wrong or phished address cannot become owner without acting itself.
    function test_proposeOwner__changes_nothing_until_accepted(address account) public {
        vm.assume(account != owner && account != address(0));
        expectEntry(vault, Kind.OWNER_PROPOSED, abi.encode(account));
        vm.prank(owner);
        vault.proposeOwner(account);
        assertEq(vault.owner(), owner, "still the old one");
        assertEq(vault.pendingOwner(), account, "proposed");

        expectEntry(vault, Kind.OWNER_SET, abi.encode(account));
        vm.prank(account);
        vault.acceptOwner();
        assertEq(vault.owner(), account, "the new one");
        assertEq(vault.pendingOwner(), address(0), "nobody pending");
        vm.expectRevert(abi.encodeWithSelector(IVault.Unauthorised.selector, owner));
        vm.prank(owner);
        vault.unpause();
    }

    function test_acceptOwner__by_another__reverts(address account, address caller) public {
        vm.assume(caller != account);
        vm.prank(owner);
        vault.proposeOwner(account);
        vm.expectRevert(abi.encodeWithSelector(IVault.Unauthorised.selector, caller));
        vm.prank(caller);
        vault.acceptOwner();
    }

    function test_acceptOwner__after_withdrawal__reverts() public {
        vm.startPrank(owner);
        vault.proposeOwner(stranger);
        vault.proposeOwner(address(0));
        vm.expectRevert(abi.encodeWithSelector(IVault.Unauthorised.selector, stranger));
        vm.startPrank(stranger);
        vault.acceptOwner();
    }

    /// Guardian and keeper hold no power over roles either (T-16).
    function test_owner_functions__by_another__revert(address caller, uint256 which) public {
        vm.assume(caller != owner);
        which = bound(which, 0, 3);
        if (which == 1) caller = guardian;
        if (which == 2) caller = keeper;
        bytes memory reason = abi.encodeWithSelector(IVault.Unauthorised.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(reason);
        vault.setKeeper(caller, true);
        vm.expectRevert(reason);
        vault.setGuardian(caller);
        vm.expectRevert(reason);
        vault.proposeOwner(caller);
        vm.expectRevert(reason);
        vault.unpause();
    }
}
