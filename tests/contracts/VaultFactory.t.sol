// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {TestFeed} from "../../contracts/dev/TestFeed.sol";
import {TestToken} from "../../contracts/dev/TestToken.sol";
import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultFactory, Pairing} from "../../contracts/interfaces/IVaultFactory.sol";
import {IVenue} from "../../contracts/interfaces/IVenue.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Feed, Kind, Mandate} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

contract VaultFactoryTest is VaultFixture {
    bytes32 internal constant SALT = "another";

    // ---- create

    function test_create__when_all_fits__then_vault_at_the_predicted_address(address creator, bytes32 salt) public {
        vm.assume(creator != address(0));
        address predicted = factory.predict(creator, salt);
        assertFalse(factory.isVault(predicted), "not before");
        Mandate memory mandate = mandate6030();
        Pairing[] memory pairs = pairings(mandate);
        vm.expectEmit(address(factory));
        emit IVaultFactory.VaultCreated(predicted, creator, salt);
        vm.prank(creator);
        address created = factory.create(mandate, roles(), pairs, salt);
        assertEq(created, predicted, "address");
        assertTrue(factory.isVault(created), "registered");
        assertEq(keccak256(abi.encode(IVault(created).mandate())), keccak256(abi.encode(mandate)), "mandate");
        assertEq(IVault(created).owner(), owner, "owner");
        assertEq(created.codehash, address(vault).codehash, "code");
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

    function test_create__when_salt_is_used_again__then_reverts() public {
        IVault first = createVault(mandate6030(), SALT);
        _expectRefusal(mandate6030(), abi.encodeWithSelector(VaultFactory.SaltUsed.selector, first));
    }

    /// @dev Nobody can take the address that another one was told.
    function test_create__when_somebody_else_uses_the_salt__then_another_address() public {
        address mine = factory.predict(address(this), SALT);
        Mandate memory mandate = mandate6030();
        Pairing[] memory pairs = pairings(mandate);
        vm.prank(stranger);
        assertNotEq(factory.create(mandate, roles(), pairs, SALT), mine, "bound to the creator");
        assertEq(address(createVault(mandate, SALT)), mine, "still mine");
    }

    function test_create__when_done__then_neither_clone_nor_implementation_can_be_initialised() public {
        IVault implementation = IVault(factory.implementation());
        Mandate memory mandate = mandate6030();
        vm.expectRevert(IVault.AlreadyInitialized.selector);
        implementation.initialize(mandate, roles());
        vm.expectRevert(IVault.AlreadyInitialized.selector);
        vault.initialize(mandate, roles());
    }

    function test_create__when_mandate_is_unsound__then_the_vaults_own_error_comes_first() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[0].target = 6_001;
        mandate.assets[0].token = makeAddr("nothing here");
        _expectRefusal(mandate, abi.encodeWithSelector(MandateRules.TargetsInvalid.selector, 10_001));
    }

    function test_create__when_refused__then_nothing_is_registered() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[1].decimals = 9;
        _expectRefusal(mandate, abi.encodeWithSelector(IVaultFactory.TokenDecimalsMismatch.selector, 1, 9, 8));
        address predicted = factory.predict(address(this), SALT);
        assertFalse(factory.isVault(predicted), "not registered");
        assertEq(predicted.code.length, 0, "no code");
    }

    // ---- T-04: the parts

    function test_T04_create__when_a_part_is_no_contract__then_refused() public {
        address nothing = makeAddr("nothing here");
        bytes memory reason = abi.encodeWithSelector(IVaultFactory.NotAContract.selector, nothing);
        Mandate memory mandate = mandate6030();
        mandate.oracle = nothing;
        _expectRefusal(mandate, reason);
        mandate = mandate6030();
        mandate.venues[0] = nothing;
        _expectRefusal(mandate, reason);
        for (uint256 i = 0; i < 3; ++i) {
            mandate = mandate6030();
            mandate.assets[i].token = nothing;
            _expectRefusal(mandate, reason);
            mandate = mandate6030();
            mandate.assets[i].feed.source = nothing;
            _expectRefusal(mandate, reason);
        }
    }

    function test_T04_create__when_token_decimals_are_misstated__then_refused(uint8 stated, uint256 asset) public {
        asset = asset % 3;
        stated = uint8(bound(stated, 0, 28));
        uint8 actual = tokens[asset].decimals();
        vm.assume(stated != actual);
        Mandate memory mandate = mandate6030();
        mandate.assets[asset].decimals = stated;
        _expectRefusal(
            mandate, abi.encodeWithSelector(IVaultFactory.TokenDecimalsMismatch.selector, asset, stated, actual)
        );
    }

    function test_T04_create__when_feed_decimals_are_misstated__then_refused(uint8 stated, uint256 asset) public {
        asset = asset % 3;
        stated = uint8(bound(stated, 0, 18));
        vm.assume(stated != FEED_DECIMALS);
        Mandate memory mandate = mandate6030();
        mandate.assets[asset].feed.decimals = stated;
        _expectRefusal(
            mandate, abi.encodeWithSelector(IVaultFactory.FeedDecimalsMismatch.selector, asset, stated, FEED_DECIMALS)
        );
    }

    function test_T04_create__when_feed_is_stale__then_the_oracles_error() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT + 1);
        _expectRefusal(
            mandate6030(), abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[EQUITY], updatedAt, HEARTBEAT)
        );
    }

    function test_T04_create__when_price_is_out_of_bounds__then_the_oracles_error() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[GOLD].feed.minAnswer = uint128(uint256(answers[GOLD])) + 1;
        Feed memory feed = mandate.assets[GOLD].feed;
        _expectRefusal(
            mandate,
            abi.encodeWithSelector(
                IPriceOracle.PriceOutOfBounds.selector, feed.source, answers[GOLD], feed.minAnswer, feed.maxAnswer
            )
        );
    }

    // ---- T-04: the pairings

    /// @dev iearn's fault: one asset wired to the parts of another. Any two feeds swapped are found.
    function test_T04_create__when_feeds_are_swapped__then_implausible() public {
        for (uint256 i = 0; i < 3; ++i) {
            Mandate memory mandate = mandate6030();
            uint256 j = (i + 1) % 3;
            (mandate.assets[i].feed, mandate.assets[j].feed) = (mandate.assets[j].feed, mandate.assets[i].feed);
            _expectImplausible(mandate);
        }
    }

    /// @dev The same name and decimals, but not the token that the pools trade.
    function test_T04_create__when_token_is_a_namesake__then_no_pool() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[BOND].token = address(new TestToken("US 10-year bonds", "BOND", 8, address(this)));
        _expectRefusal(mandate, abi.encodeWithSelector(IVenue.RouteInvalid.selector, route(EQUITY, BOND)));
    }

    function test_T04_create__when_venue_is_off_the_oracle__then_refused_beyond_plausible(uint256 factor) public {
        factor = bound(factor, 0.5e6, 2e6);
        // The venue gives 1 / factor of the oracle's value for the bond. Rounding decides very near the limits.
        uint256 venueValue = 1e12 / factor;
        vm.assume(venueValue < 0.89999e6 || venueValue > 0.90001e6);
        vm.assume(venueValue < 1.09999e6 || venueValue > 1.10001e6);
        skewPool(BOND, answers[BOND] * int256(factor) / 1e6);
        if (venueValue < 0.9e6 || venueValue > 1.1e6) {
            _expectImplausible(mandate6030());
        } else {
            createVault(mandate6030(), SALT);
        }
    }

    function test_T04_create__when_venue_value_overflows__then_implausible() public {
        vm.mockCall(address(venue), abi.encodeWithSelector(IVenue.spot.selector), abi.encode(type(uint256).max));
        _expectImplausible(mandate6030());
    }

    function test_create__when_pairings_are_missing_or_too_many__then_refused(uint8 count) public {
        vm.assume(count != 2);
        Mandate memory mandate = mandate6030();
        Pairing[] memory pairs = new Pairing[](count);
        vm.expectRevert(abi.encodeWithSelector(IVaultFactory.PairingsMismatch.selector, 2, count));
        factory.create(mandate, roles(), pairs, SALT);
    }

    function test_create__when_pairing_names_no_venue__then_refused(uint8 index) public {
        index = uint8(bound(index, 1, 255));
        Mandate memory mandate = mandate6030();
        Pairing[] memory pairs = pairings(mandate);
        pairs[1].venue = index;
        vm.expectRevert(abi.encodeWithSelector(IVaultFactory.PairingUnknownVenue.selector, 2, index));
        factory.create(mandate, roles(), pairs, SALT);
    }

    // ---- T-20: odd tokens at creation

    function test_T20_create__when_token_has_no_decimals__then_refused() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[BOND].token = address(ledger);
        _expectRefusal(
            mandate, abi.encodeWithSelector(IVaultFactory.TokenDecimalsMismatch.selector, 1, 8, type(uint256).max)
        );
        vm.mockCall(address(ledger), abi.encodeCall(TestToken.decimals, ()), hex"08");
        _expectRefusal(
            mandate, abi.encodeWithSelector(IVaultFactory.TokenDecimalsMismatch.selector, 1, 8, type(uint256).max)
        );
    }

    function test_T20_create__when_token_has_30_decimals__then_refused() public {
        TestToken odd = new TestToken("Odd", "ODD", 30, address(this));
        Mandate memory mandate = mandate6030();
        mandate.assets[BOND].token = address(odd);
        mandate.assets[BOND].decimals = 30;
        _expectRefusal(mandate, abi.encodeWithSelector(MandateRules.DecimalsTooMany.selector, 1, 30, FEED_DECIMALS));
    }

    /// @dev Whole units only: the comparison must be large enough for a price of 1 in 300 to keep its precision.
    function test_T20_create__when_token_has_0_decimals__then_compared_precisely() public {
        TestToken odd = new TestToken("Whole", "WHOLE", 0, address(this));
        TestFeed feed = new TestFeed("WHOLE / USD", FEED_DECIMALS, address(this));
        feed.push(300e8);
        createPool(odd, tokens[DOLLAR], 1_000_000, 300_000_000e6);
        Mandate memory mandate = mandate6030();
        for (uint256 i = 0; i < 3; i += 2) {
            mandate = mandate6030();
            mandate.assets[i].token = address(odd);
            mandate.assets[i].decimals = 0;
            mandate.assets[i].feed = Feed(address(feed), HEARTBEAT, FEED_DECIMALS, 1e8, 1_000e8);
            assertTrue(factory.isVault(address(createVault(mandate, bytes32(i)))), "created");
        }
        feed.push(400e8);
        _expectImplausible(mandate);
    }

    // ---- constructor

    function test_constructor__when_parts_do_not_fit__then_refused() public {
        address nothing = makeAddr("nothing here");
        address implementation = factory.implementation();
        vm.expectRevert(abi.encodeWithSelector(IVaultFactory.NotAContract.selector, nothing));
        new VaultFactory(nothing, address(ledger));
        vm.expectRevert(abi.encodeWithSelector(IVaultFactory.NotAContract.selector, nothing));
        new VaultFactory(implementation, nothing);
        vm.expectRevert(abi.encodeWithSelector(VaultFactory.LedgerMismatch.selector, oracle, ledger));
        new VaultFactory(implementation, address(oracle));
    }

    function test_constructor__when_parts_fit__then_shown() public view {
        assertEq(factory.ledger(), address(ledger), "ledger");
        assertEq(IVault(factory.implementation()).ledger(), address(ledger), "implementation's ledger");
    }

    // ---- helpers

    function _expectRefusal(Mandate memory mandate, bytes memory reason) private {
        Pairing[] memory pairs = pairings(mandate);
        vm.expectRevert(reason);
        factory.create(mandate, roles(), pairs, SALT);
    }

    function _expectImplausible(Mandate memory mandate) private {
        Pairing[] memory pairs = pairings(mandate);
        vm.expectPartialRevert(IVaultFactory.PriceImplausible.selector);
        factory.create(mandate, roles(), pairs, SALT);
    }
}
