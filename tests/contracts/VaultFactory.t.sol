// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {TestToken} from "../../contracts/dev/TestToken.sol";
import {IMandateChecker, Pairing} from "../../contracts/interfaces/IMandateChecker.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultFactory} from "../../contracts/interfaces/IVaultFactory.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Asset, Kind, Knot, Mandate} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

contract VaultFactoryTest is VaultFixture {
    bytes32 internal constant SALT = "another";

    // ---- create

    function test_create__when_all_fits__then_vault_at_the_predicted_address(address creator, bytes32 salt) public {
        vm.assume(creator != address(0));
        Mandate memory mandate = mandate6030();
        address predicted = factory.predict(creator, salt, mandate);
        assertFalse(factory.isVault(predicted), "not before");
        Pairing[] memory pairs = pairings(mandate);
        vm.expectEmit(address(factory));
        emit IVaultFactory.VaultCreated(predicted, creator, salt);
        vm.prank(creator);
        address created = factory.create(mandate, roles(), pairs, salt);
        assertEq(created, predicted, "address");
        assertTrue(factory.isVault(created), "registered");
        assertEq(keccak256(abi.encode(IVault(created).mandate())), keccak256(abi.encode(mandate)), "mandate");
        assertEq(IVault(created).owner(), owner, "owner");
        assertEq(created.codehash, address(vault).codehash, "the same code for the same mandate");
    }

    function test_create__when_all_fits__then_the_ledger_starts_with_the_mandate() public {
        Mandate memory mandate = mandate6030();
        IVault created = createVault(mandate, SALT);
        bytes32 payload = keccak256(abi.encode(mandate, roles()));
        (bytes27 head, uint40 count) = ledger.chain(address(created));
        assertEq(count, 1, "one entry");
        bytes32 expected = keccak256(abi.encode(bytes27(0), uint40(0), uint8(Kind.CREATED), payload));
        assertEq(bytes32(head), bytes32(bytes27(expected)), "head");
    }

    /// @dev Who knows the address knows the mandate: another one is another address.
    function test_predict__when_anything_differs__then_another_address(address creator, bytes32 salt, uint256 which)
        public
        view
    {
        vm.assume(creator != address(this) && salt != SALT);
        Mandate memory mandate = mandate6030();
        address mine = factory.predict(address(this), SALT, mandate);
        assertNotEq(factory.predict(creator, SALT, mandate), mine, "another creator");
        assertNotEq(factory.predict(address(this), salt, mandate), mine, "another salt");
        which = which % 6;
        if (which == 0) ++mandate.limits.maxLoss;
        if (which == 1) mandate.fileHash = keccak256("another file");
        if (which == 2) mandate.path[0].weights = weights(5_999, 3_001, 1_000);
        if (which == 3) ++mandate.assets[2].feed.heartbeat;
        if (which == 4) mandate.venues[0] = address(this);
        if (which == 5) ++mandate.timelock;
        assertNotEq(factory.predict(address(this), SALT, mandate), mine, "another mandate");
    }

    function test_create__when_creator_salt_and_mandate_are_used_again__then_reverts() public {
        IVault first = createVault(mandate6030(), SALT);
        _expectRefusal(mandate6030(), abi.encodeWithSelector(IVaultFactory.SaltUsed.selector, first));
    }

    function test_create__when_salt_is_used_for_another_mandate__then_another_vault() public {
        IVault first = createVault(mandate6030(), SALT);
        IVault second = createVault(fourAssetMandate(), SALT);
        assertNotEq(address(first), address(second), "two vaults");
        assertTrue(factory.isVault(address(first)) && factory.isVault(address(second)), "both registered");
    }

    /// @dev Nobody can take the address that another one was told.
    function test_create__when_somebody_else_uses_the_salt__then_another_address() public {
        Mandate memory mandate = mandate6030();
        address mine = factory.predict(address(this), SALT, mandate);
        Pairing[] memory pairs = pairings(mandate);
        vm.prank(stranger);
        assertNotEq(factory.create(mandate, roles(), pairs, SALT), mine, "bound to the creator");
        assertEq(address(createVault(mandate, SALT)), mine, "still mine");
    }

    function test_create__when_done__then_neither_clone_nor_implementation_can_be_initialised() public {
        IVault implementation = IVault(factory.implementation());
        vm.expectRevert(IVaultAdmin.AlreadyInitialized.selector);
        implementation.initialize(roles());
        vm.expectRevert(IVaultAdmin.AlreadyInitialized.selector);
        vault.initialize(roles());
    }

    // ---- refused

    function test_create__when_mandate_is_unsound__then_the_vaults_own_error_comes_first() public {
        Mandate memory mandate = mandate6030();
        mandate.path[0].weights[0] = 6_001;
        mandate.assets[0].token = makeAddr("nothing here");
        _expectRefusal(mandate, abi.encodeWithSelector(MandateRules.TargetsInvalid.selector, 0, 10_001));
    }

    /// @dev A list too long for the codec would spill into another one: the vault would have another mandate than the one
    ///      that was checked.
    function test_create__when_lists_are_too_long_for_the_codec__then_refused() public {
        Mandate memory mandate = mandate6030();
        mandate.venues = new address[](256);
        _expectRefusal(mandate, abi.encodeWithSelector(MandateRules.VenueCountInvalid.selector, 256, 255));
        mandate = mandate6030();
        mandate.path = new Knot[](256 + 1);
        _expectRefusal(mandate, abi.encodeWithSelector(MandateRules.KnotCountInvalid.selector, 257, 64));
        mandate = mandate6030();
        mandate.assets = new Asset[](256 + 3);
        Pairing[] memory none = new Pairing[](0);
        vm.expectRevert(abi.encodeWithSelector(MandateRules.AssetCountInvalid.selector, 259, 2, 16));
        factory.create(mandate, roles(), none, SALT);
        mandate = mandate6030();
        mandate.path[0].weights = weights(6_000, 3_000, 1_000, 5);
        _expectRefusal(mandate, abi.encodeWithSelector(MandateRules.WeightCountInvalid.selector, 0, 3, 4));
    }

    /// @dev T-04. What the checker refuses, one by one: MandateChecker.t.sol.
    function test_T04_create__when_parts_do_not_fit__then_nothing_is_registered() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[1].decimals = 9;
        _expectRefusal(mandate, abi.encodeWithSelector(IMandateChecker.TokenDecimalsMismatch.selector, 1, 9, 8));
        address predicted = factory.predict(address(this), SALT, mandate);
        assertFalse(factory.isVault(predicted), "not registered");
        assertEq(predicted.code.length, 0, "no code");
    }

    function test_T04_create__when_feeds_are_swapped__then_refused() public {
        Mandate memory mandate = mandate6030();
        (mandate.assets[0].feed, mandate.assets[1].feed) = (mandate.assets[1].feed, mandate.assets[0].feed);
        Pairing[] memory pairs = pairings(mandate);
        vm.expectPartialRevert(IMandateChecker.PriceImplausible.selector);
        factory.create(mandate, roles(), pairs, SALT);
    }

    function test_T20_create__when_token_has_30_decimals__then_refused() public {
        TestToken odd = new TestToken("Odd", "ODD", 30, address(this));
        Mandate memory mandate = mandate6030();
        mandate.assets[BOND].token = address(odd);
        mandate.assets[BOND].decimals = 30;
        _expectRefusal(mandate, abi.encodeWithSelector(MandateRules.DecimalsTooMany.selector, 1, 30, FEED_DECIMALS));
    }

    // ---- constructor

    function test_constructor__when_parts_do_not_fit__then_refused() public {
        address nothing = makeAddr("nothing here");
        address implementation = factory.implementation();
        address checker = factory.checker();
        bytes memory reason = abi.encodeWithSelector(IVaultFactory.NotAContract.selector, nothing);
        vm.expectRevert(reason);
        new VaultFactory(nothing, address(ledger), checker);
        vm.expectRevert(reason);
        new VaultFactory(implementation, nothing, checker);
        vm.expectRevert(reason);
        new VaultFactory(implementation, address(ledger), nothing);
        vm.expectRevert(abi.encodeWithSelector(IVaultFactory.LedgerMismatch.selector, oracle, ledger));
        new VaultFactory(implementation, address(oracle), checker);
    }

    function test_constructor__when_parts_fit__then_shown() public {
        address implementation = factory.implementation();
        VaultFactory made = new VaultFactory(implementation, address(ledger), factory.checker());
        assertEq(made.implementation(), implementation, "implementation");
        assertEq(made.ledger(), address(ledger), "ledger");
        assertEq(made.checker(), factory.checker(), "checker");
        assertEq(IVault(implementation).ledger(), address(ledger), "implementation's ledger");
    }

    // ---- helpers

    function _expectRefusal(Mandate memory mandate, bytes memory reason) private {
        Pairing[] memory pairs = pairings(mandate);
        vm.expectRevert(reason);
        factory.create(mandate, roles(), pairs, SALT);
    }
}
