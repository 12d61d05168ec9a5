// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Kind, Power} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

contract VaultRolesTest is VaultTest {
    // ---- keepers

    function test_setKeeper__added_after_the_timelock_and_removed_at_once(address account) public {
        vm.assume(account != keeper);
        bytes memory call = abi.encodeCall(IVaultAdmin.setKeeper, (account, true));
        loosen(vault, call);
        assertTrue(vault.isKeeper(account), "added");
        expectEntry(vault, Kind.KEEPER_SET, abi.encode(account, false));
        vm.prank(owner);
        vault.setKeeper(account, false);
        assertFalse(vault.isKeeper(account), "removed");
        assertTrue(vault.isKeeper(keeper), "the other stays");
    }

    function test_T22_setKeeper__added_at_once__reverts(address account) public {
        _needsSubmission(abi.encodeCall(IVaultAdmin.setKeeper, (account, true)));
    }

    // ---- strategist

    function test_setStrategist__replaced_after_the_timelock_and_removed_at_once(address account) public {
        vm.assume(account != address(0));
        bytes memory call = abi.encodeCall(IVaultAdmin.setStrategist, (account));
        _submitAndWait(call);
        expectEntry(vault, Kind.STRATEGIST_SET, abi.encode(account));
        vm.prank(owner);
        vault.setStrategist(account);
        assertEq(vault.strategist(), account, "replaced");
        expectEntry(vault, Kind.STRATEGIST_SET, abi.encode(address(0)));
        vm.prank(owner);
        vault.setStrategist(address(0));
        assertEq(vault.strategist(), address(0), "removed");
    }

    function test_T22_setStrategist__replaced_at_once__reverts(address account) public {
        vm.assume(account != address(0));
        _needsSubmission(abi.encodeCall(IVaultAdmin.setStrategist, (account)));
    }

    // ---- guardian

    function test_setGuardian__after_the_timelock__replaces(address account) public {
        bytes memory call = abi.encodeCall(IVaultAdmin.setGuardian, (account));
        _submitAndWait(call);
        expectEntry(vault, Kind.GUARDIAN_SET, abi.encode(account));
        vm.prank(owner);
        vault.setGuardian(account);
        assertEq(vault.guardian(), account, "guardian");
    }

    /// T-22: who steals the owner's key cannot begin with the one who could stop him; not even by leaving the place empty.
    function test_T22_setGuardian__at_once__reverts(address account) public {
        _needsSubmission(abi.encodeCall(IVaultAdmin.setGuardian, (account)));
        _needsSubmission(abi.encodeCall(IVaultAdmin.setGuardian, (address(0))));
    }

    // ---- owner

    /// T-22: a wrong or phished address cannot become owner without acting itself.
    function test_T22_proposeOwner__changes_nothing_until_accepted(address account) public {
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
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, owner));
        vm.prank(owner);
        vault.unpause();
    }

    function test_acceptOwner__by_another__reverts(address account, address caller) public {
        vm.assume(caller != account);
        vm.prank(owner);
        vault.proposeOwner(account);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller));
        vm.prank(caller);
        vault.acceptOwner();
    }

    function test_acceptOwner__twice_or_after_withdrawal__reverts() public {
        vm.startPrank(owner);
        vault.proposeOwner(stranger);
        vault.proposeOwner(address(0));
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, stranger));
        vault.acceptOwner();
        vm.startPrank(owner);
        vault.proposeOwner(stranger);
        vm.startPrank(stranger);
        vault.acceptOwner();
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, stranger));
        vault.acceptOwner();
    }

    // ---- renouncing

    /// The list grows no more; taking off stays possible.
    function test_renounce__roles__only_removing_is_left() public {
        expectEntry(vault, Kind.RENOUNCED, abi.encode(Power.ROLES));
        vm.prank(owner);
        vault.renounce(Power.ROLES);
        assertEq(vault.status().renounced, 1 << uint8(Power.ROLES), "for everybody to read");

        bytes[3] memory added = [
            abi.encodeCall(IVaultAdmin.setKeeper, (stranger, true)),
            abi.encodeCall(IVaultAdmin.setStrategist, (stranger)),
            abi.encodeCall(IVaultAdmin.setGuardian, (stranger))
        ];
        for (uint256 i; i < 3; ++i) {
            _submitAndWait(added[i]);
            _reverts(added[i], abi.encodeWithSelector(IVaultAdmin.PowerRenounced.selector, Power.ROLES));
        }
        vm.startPrank(owner);
        vault.setKeeper(keeper, false);
        vault.setStrategist(address(0));
        vm.stopPrank();
        loosen(vault, abi.encodeCall(IVaultAdmin.setGuardian, (address(0))));
        assertFalse(vault.isKeeper(keeper), "no keeper");
        assertEq(vault.strategist(), address(0), "no strategist");
        assertEq(vault.guardian(), address(0), "no guardian");
        vm.prank(owner);
        vault.proposeOwner(stranger);
        assertEq(vault.pendingOwner(), stranger, "ownership goes on");
    }

    function test_renounce__twice__reverts(uint8 which) public {
        Power power = Power(which % 3); // PAUSE: VaultPause.t.sol
        vm.startPrank(owner);
        vault.renounce(power);
        vm.expectRevert(abi.encodeWithSelector(IVaultAdmin.PowerRenounced.selector, power));
        vault.renounce(power);
    }

    function test_renounce__one_power__keeps_the_others(uint8 which) public {
        Power power = Power(which % 3);
        vm.prank(owner);
        vault.renounce(power);
        assertEq(vault.status().renounced, 1 << uint8(power), "this one alone");
        vm.prank(guardian);
        vault.pause();
        if (power != Power.ROLES) loosen(vault, abi.encodeCall(IVaultAdmin.setKeeper, (stranger, true)));
    }

    // ---- everybody else

    /// T-16: neither guardian, keeper nor strategist holds any power of the owner.
    function test_T16_owner_functions__by_another__revert(address caller, uint256 which) public {
        vm.assume(caller != owner);
        which = bound(which, 0, 4);
        if (which == 1) caller = guardian;
        if (which == 2) caller = keeper;
        if (which == 3) caller = strategist;
        bytes[10] memory calls = [
            abi.encodeCall(IVaultAdmin.submit, ("call")),
            abi.encodeCall(IVaultAdmin.setMandate, (vault.mandate(), pairings(vault.mandate()))),
            abi.encodeCall(IVaultAdmin.setKeeper, (caller, true)),
            abi.encodeCall(IVaultAdmin.setKeeper, (keeper, false)),
            abi.encodeCall(IVaultAdmin.setStrategist, (address(0))),
            abi.encodeCall(IVaultAdmin.setGuardian, (caller)),
            abi.encodeCall(IVaultAdmin.unpause, ()),
            abi.encodeCall(IVaultAdmin.proposeOwner, (caller)),
            abi.encodeCall(IVaultAdmin.renounce, (Power.ROLES)),
            abi.encodeCall(IVaultAdmin.declare, ("statement"))
        ];
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(caller);
            (bool ok, bytes memory answer) = address(vault).call(calls[i]);
            assertFalse(ok, "went through");
            bytes memory reason = abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller);
            assertEq(answer, reason, string.concat("unauthorised ", vm.toString(i)));
        }
    }

    // ---- helpers

    function _submitAndWait(bytes memory call) private {
        vm.prank(owner);
        vm.warp(vault.submit(call));
    }

    function _needsSubmission(bytes memory call) private {
        _reverts(call, abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(call)));
    }

    function _reverts(bytes memory call, bytes memory reason) private {
        vm.prank(owner);
        (bool ok, bytes memory answer) = address(vault).call(call);
        assertFalse(ok, "went through");
        assertEq(answer, reason, "reason");
    }
}
