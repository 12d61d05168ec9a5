// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Kind, Mandate, Power, Roles, Status} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";
import {OddToken} from "./hostile/OddToken.sol";

contract VaultInitializeTest is VaultTest {
    function test_initialize__stores_mandate_and_roles() public {
        Mandate memory m = oddMandate();
        IVault created = newClone(m);
        expectEntry(created, Kind.CREATED, abi.encode(m, roles()));
        created.initialize(roles());

        assertEq(abi.encode(created.mandate()), abi.encode(m), "VLT-11 mandate");
        assertEq(abi.encode(created.targets()), abi.encode(weightsOf(m)), "targets");
        assertEq(created.owner(), owner, "owner");
        assertEq(created.strategist(), strategist, "strategist");
        assertEq(created.guardian(), guardian, "guardian");
        assertEq(created.pendingOwner(), address(0), "pending owner");
        assertTrue(created.isKeeper(keeper), "keeper");
        assertFalse(created.isKeeper(owner), "the owner is no keeper");
        assertEq(created.ledger(), address(ledger), "ledger");
        assertEq(OddToken(address(created)).name(), "Even Keel 60/30/10", "name");
        assertEq(OddToken(address(created)).symbol(), "EK631", "symbol");
        assertEq(OddToken(address(created)).decimals(), 18, "decimals");
    }

    /// Nothing has happened yet, and the fee's clock starts now: nobody pays for time before.
    function test_initialize__status__is_fresh() public {
        IVault created = newVault(oddMandate());
        Status memory expected;
        expected.lastFee = uint40(block.timestamp);
        assertEq(abi.encode(created.status()), abi.encode(expected), "fresh");
    }

    function test_initialize__every_keeper__may_rebalance() public {
        Roles memory r = roles();
        r.keepers = new address[](3);
        (r.keepers[0], r.keepers[1], r.keepers[2]) = (stranger, keeper, guardian);
        IVault created = newClone(oddMandate());
        created.initialize(r);
        for (uint256 i; i < 3; ++i) {
            assertTrue(created.isKeeper(r.keepers[i]), "keeper");
        }
    }

    function test_initialize__twice__reverts() public {
        vm.expectRevert(IVaultAdmin.AlreadyInitialized.selector);
        odd.initialize(roles());
    }

    /// The implementation behind the clones can neither be set up nor used.
    function test_implementation__is_locked() public {
        IVault implementation = IVault(factory.implementation());
        Mandate memory m = oddMandate();
        vm.expectRevert(IVaultAdmin.AlreadyInitialized.selector);
        implementation.initialize(roles());
        bytes[16] memory calls = [
            abi.encodeCall(IVaultCore.mint, (1e18, all(1), stranger)),
            abi.encodeCall(IVaultCore.redeem, (1, all(0), stranger, stranger, 0)),
            abi.encodeCall(IVaultAdmin.submit, ("")),
            abi.encodeCall(IVaultAdmin.revoke, ("")),
            abi.encodeCall(IVaultAdmin.setMandate, (m, pairings(m))),
            abi.encodeCall(IVaultAdmin.setTargets, (weights(1, 1, 9_998), 0)),
            abi.encodeCall(IVaultAdmin.setKeeper, (stranger, true)),
            abi.encodeCall(IVaultAdmin.setStrategist, (stranger)),
            abi.encodeCall(IVaultAdmin.setGuardian, (stranger)),
            abi.encodeCall(IVaultAdmin.pause, ()),
            abi.encodeCall(IVaultAdmin.unpause, ()),
            abi.encodeCall(IVaultAdmin.proposeOwner, (stranger)),
            abi.encodeCall(IVaultAdmin.acceptOwner, ()),
            abi.encodeCall(IVaultAdmin.renounce, (Power.PAUSE)),
            abi.encodeCall(IVaultAdmin.declare, ("statement")),
            abi.encodeCall(IVaultAdmin.status, ())
        ];
        for (uint256 i; i < calls.length; ++i) {
            (bool ok, bytes memory answer) = address(implementation).call(calls[i]);
            assertFalse(ok, "went through");
            assertEq(
                answer, abi.encodeWithSelector(IVaultCore.Locked.selector), string.concat("locked ", vm.toString(i))
            );
        }
    }

    /// None of the three contracts can be used by itself.
    function test_admin__by_itself__is_locked() public {
        IVault admin = IVault(deployCode("VaultAdmin.sol:VaultAdmin", abi.encode(ledger, factory.checker())));
        vm.expectRevert(IVaultAdmin.AlreadyInitialized.selector);
        admin.initialize(roles());
        vm.expectRevert(IVaultCore.Locked.selector);
        admin.acceptOwner();
    }

    function test_initialize__without_owner__reverts() public {
        Roles memory r = roles();
        r.owner = address(0);
        IVault created = newClone(oddMandate());
        vm.expectRevert(IVaultAdmin.OwnerZero.selector);
        created.initialize(r);
    }

    /// A clone checks its mandate itself, whoever made it. The rules one by one: MandateRules.t.sol.
    function test_initialize__unsound_mandate__reverts_by_its_rule() public {
        Mandate memory m = oddMandate();
        m.limits.minTrade = 0;
        IVault created = newClone(m);
        vm.expectRevert(MandateRules.MinTradeZero.selector);
        created.initialize(roles());
    }

    /// Its own share can be none of its assets, nor can it be paid its own fees.
    function test_initialize__names_itself__reverts() public {
        Mandate memory m = oddMandate();
        IVault created = newClone(m);
        // An address cannot be known before the mandate that it commits to; here it is given another one afterwards.
        m.assets[1].token = address(created);
        vm.etch(address(created), address(newClone(m)).code);
        vm.expectRevert(abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, address(created)));
        created.initialize(roles());
    }
}
