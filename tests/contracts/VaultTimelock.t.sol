// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VaultAdmin} from "../../contracts/VaultAdmin.sol";
import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Kind, Mandate, Power} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

/// @notice Announced, waited for, made once: T-16 and T-22.
contract VaultTimelockTest is VaultTest {
    uint256 private constant LIFE = 14 days;

    bytes private _call = abi.encodeCall(IVaultAdmin.setKeeper, (address(0xbeef), true));

    function test_submissionLife__is_what_these_tests_say() public {
        VaultAdmin admin = VaultAdmin(deployCode("VaultAdmin.sol:VaultAdmin", abi.encode(ledger, factory.checker())));
        assertEq(admin.SUBMISSION_LIFE(), LIFE, "two weeks");
    }

    // ---- submit

    function test_submit__any_call__is_recorded_whole_and_readable(bytes calldata call) public {
        uint256 expected = block.timestamp + TIMELOCK;
        expectEntry(vault, Kind.SUBMITTED, abi.encode(call, expected));
        vm.prank(owner);
        uint256 readyAt = vault.submit(call);
        assertEq(readyAt, expected, "when");
        assertEq(vault.executableAt(keccak256(call)), expected, "readable");
    }

    /// A pending announcement can be neither repeated nor renewed: its date in the ledger is the one that counts.
    function test_submit__again_while_pending__reverts(uint256 later) public {
        uint256 readyAt = _submit();
        vm.warp(bound(later, block.timestamp, readyAt + LIFE));
        vm.expectRevert(abi.encodeWithSelector(IVaultAdmin.AlreadySubmitted.selector, keccak256(_call), readyAt));
        vm.prank(owner);
        vault.submit(_call);
    }

    /// To the second: the last one in which it can be made is the last one in which it cannot be submitted.
    function test_submission__at_the_end_of_its_life__is_still_pending() public {
        uint256 readyAt = _submit();
        vm.warp(readyAt + LIFE);
        vm.expectRevert(abi.encodeWithSelector(IVaultAdmin.AlreadySubmitted.selector, keccak256(_call), readyAt));
        vm.prank(owner);
        vault.submit(_call);
        _make();
        assertTrue(vault.isKeeper(address(0xbeef)), "made");
    }

    function test_submit__again_after_expiry_or_revocation__waits_anew() public {
        uint256 readyAt = _submit();
        vm.warp(readyAt + LIFE + 1);
        readyAt = _submit();
        assertEq(readyAt, block.timestamp + TIMELOCK, "waits anew after expiry");
        vm.prank(owner);
        vault.revoke(_call);
        vm.warp(readyAt);
        readyAt = _submit();
        assertEq(readyAt, block.timestamp + TIMELOCK, "waits anew after revocation");
        _reverts(abi.encodeWithSelector(IVaultAdmin.TimelockRunning.selector, readyAt, block.timestamp));
    }

    /// A longer timelock does not reach back, nor does a shorter one.
    function test_submit__timelock_changed_afterwards__keeps_its_date() public {
        uint256 readyAt = _submit();
        Mandate memory m = vault.mandate();
        m.timelock = 30 days;
        vm.prank(owner);
        vault.setMandate(m, pairings(m));
        assertEq(vault.executableAt(keccak256(_call)), readyAt, "its date");
        bytes memory other = abi.encodeCall(IVaultAdmin.setGuardian, (stranger));
        vm.prank(owner);
        assertEq(vault.submit(other), block.timestamp + 30 days, "the next one waits longer");
        vm.warp(readyAt);
        _make();
        assertTrue(vault.isKeeper(address(0xbeef)), "made");
    }

    // ---- making it

    /// T-22: every loosening call that there is waits.
    function test_T22_loosening__each_kind__needs_an_announcement() public {
        Mandate memory m = vault.mandate();
        ++m.limits.maxLoss;
        bytes[6] memory calls = [
            abi.encodeCall(IVaultAdmin.setMandate, (m, pairings(m))),
            abi.encodeCall(IVaultAdmin.setKeeper, (stranger, true)),
            abi.encodeCall(IVaultAdmin.setStrategist, (stranger)),
            abi.encodeCall(IVaultAdmin.setGuardian, (stranger)),
            abi.encodeCall(IVaultAdmin.setGuardian, (address(0))),
            abi.encodeCall(IVaultAdmin.renounce, (Power.PAUSE))
        ];
        for (uint256 i; i < calls.length; ++i) {
            _call = calls[i];
            _reverts(abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(_call)));
            uint256 snapshot = vm.snapshotState();
            vm.warp(_submit() - 1);
            _reverts(
                abi.encodeWithSelector(
                    IVaultAdmin.TimelockRunning.selector, vault.executableAt(keccak256(_call)), block.timestamp
                )
            );
            vm.warp(block.timestamp + 1);
            refreshFeeds();
            _make();
            assertTrue(vm.revertToState(snapshot), "each for itself");
        }
    }

    function test_T16_loosening__before_the_timelock__reverts(uint256 early) public {
        uint256 readyAt = _submit();
        vm.warp(bound(early, block.timestamp, readyAt - 1));
        _reverts(abi.encodeWithSelector(IVaultAdmin.TimelockRunning.selector, readyAt, block.timestamp));
    }

    function test_loosening__within_its_life__is_made_once(uint256 late) public {
        uint256 readyAt = _submit();
        vm.warp(bound(late, readyAt, readyAt + LIFE));
        expectEntry(vault, Kind.KEEPER_SET, abi.encode(address(0xbeef), true));
        _make();
        assertTrue(vault.isKeeper(address(0xbeef)), "made");
        assertEq(vault.executableAt(keccak256(_call)), 0, "used up");
        _reverts(abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(_call)));
    }

    function test_loosening__after_its_life__reverts(uint256 late) public {
        uint256 readyAt = _submit();
        vm.warp(bound(late, readyAt + LIFE + 1, readyAt + 3_650 days));
        _reverts(abi.encodeWithSelector(IVaultAdmin.SubmissionExpired.selector, readyAt + LIFE, block.timestamp));
    }

    /// Word for word: what was announced is what is made, not something like it.
    function test_loosening__other_than_announced__reverts(address other) public {
        vm.assume(other != address(0xbeef));
        vm.warp(_submit());
        _call = abi.encodeCall(IVaultAdmin.setKeeper, (other, true));
        _reverts(abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(_call)));
    }

    /// The announcement is the owner's, whoever that is by then; nobody else can make the call.
    function test_T22_loosening__by_another__reverts(address caller) public {
        vm.assume(caller != owner);
        vm.warp(_submit());
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(vault).call(_call);
        assertFalse(ok, "went through");
        assertEq(answer, abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller), "unauthorised");
    }

    // ---- revoke

    function test_T16_revoke__by_guardian_or_owner__ends_it(bool byOwner) public {
        vm.warp(_submit());
        address by = byOwner ? owner : guardian;
        expectEntry(vault, Kind.REVOKED, abi.encode(by, keccak256(_call)));
        vm.prank(by);
        vault.revoke(_call);
        assertEq(vault.executableAt(keccak256(_call)), 0, "gone");
        _reverts(abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(_call)));
    }

    function test_revoke__by_another__reverts(address caller) public {
        vm.assume(caller != owner && caller != guardian);
        _submit();
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller));
        vm.prank(caller);
        vault.revoke(_call);
    }

    function test_revoke__what_was_not_announced__reverts(bytes calldata call) public {
        vm.expectRevert(abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(call)));
        vm.prank(guardian);
        vault.revoke(call);
    }

    // ---- a stolen owner key

    /// T-16, T-22: a thief with the owner's key meets the guardian at every door, the guardian's own replacement included.
    function test_T22_stolen_owner__against_a_waking_guardian__loosens_nothing() public {
        bytes[4] memory calls = [
            abi.encodeCall(IVaultAdmin.setGuardian, (stranger)),
            abi.encodeCall(IVaultAdmin.setGuardian, (address(0))),
            abi.encodeCall(IVaultAdmin.setKeeper, (stranger, true)),
            abi.encodeCall(IVaultAdmin.renounce, (Power.PAUSE))
        ];
        for (uint256 i; i < calls.length; ++i) {
            _call = calls[i];
            vm.warp(_submit());
            vm.prank(guardian);
            vault.revoke(_call);
            _reverts(abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(_call)));
        }
        assertEq(vault.guardian(), guardian, "guardian");
        assertFalse(vault.isKeeper(stranger), "keepers");
    }

    /// T-16: the worst guardian stops the vault and every announcement; holders leave all the same.
    function test_T16_hostile_guardian__costs_time_only() public {
        _submit();
        vm.startPrank(guardian);
        vault.pause();
        vault.revoke(_call);
        vm.stopPrank();
        uint256 shares = sharesOf(vault, owner);
        vm.prank(owner);
        vault.redeem(shares, new uint256[](3), owner, owner, 0);
        assertEq(sharesOf(vault, owner), 0, "left");
    }

    // ---- helpers

    function _submit() private returns (uint256 readyAt) {
        vm.prank(owner);
        readyAt = vault.submit(_call);
    }

    function _make() private {
        vm.prank(owner);
        (bool ok,) = address(vault).call(_call);
        assertTrue(ok, "made");
    }

    function _reverts(bytes memory reason) private {
        vm.prank(owner);
        (bool ok, bytes memory answer) = address(vault).call(_call);
        assertFalse(ok, "went through");
        assertEq(answer, reason, "reason");
    }
}
