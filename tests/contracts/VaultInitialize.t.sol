// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Asset, Kind, Mandate, Roles} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";
import {OddToken} from "./hostile/OddToken.sol";

contract VaultInitializeTest is VaultTest {
    function test_initialize__stores_mandate_and_roles() public {
        Mandate memory m = oddMandate();
        IVault created = newClone();
        expectEntry(created, Kind.CREATED, abi.encode(m, roles()));
        created.initialize(m, roles());

        assertEq(abi.encode(created.mandate()), abi.encode(m), "VLT-11 mandate");
        assertEq(created.owner(), owner, "owner");
        assertEq(created.guardian(), guardian, "guardian");
        assertEq(created.pendingOwner(), address(0), "pending owner");
        assertTrue(created.isKeeper(keeper), "keeper");
        assertFalse(created.isKeeper(owner), "the owner is no keeper");
        assertEq(created.ledger(), address(ledger), "ledger");
        assertEq(OddToken(address(created)).name(), "Even Keel 60/30/10", "name");
        assertEq(OddToken(address(created)).symbol(), "EK631", "symbol");
        assertEq(OddToken(address(created)).decimals(), 18, "decimals");
        (uint40 nonce, uint40 last, bool paused) = created.state();
        assertEq(nonce, 0, "nonce");
        assertEq(last, 0, "last rebalance");
        assertFalse(paused, "paused");
    }

    function test_initialize__twice__reverts() public {
        Mandate memory m = oddMandate();
        vm.expectRevert(IVault.AlreadyInitialized.selector);
        odd.initialize(m, roles());
    }

    /// The implementation behind the clones can neither be set up nor used.
    function test_implementation__is_locked() public {
        IVault implementation = IVault(factory.implementation());
        Mandate memory m = oddMandate();
        vm.expectRevert(IVault.AlreadyInitialized.selector);
        implementation.initialize(m, roles());
        vm.expectRevert(IVault.Locked.selector);
        implementation.mint(1e18, all(1), stranger);
        vm.expectRevert(IVault.Locked.selector);
        implementation.redeem(1, all(0), stranger, stranger, 0);
        vm.expectRevert(IVault.Locked.selector);
        implementation.setKeeper(stranger, true);
        vm.expectRevert(IVault.Locked.selector);
        implementation.acceptOwner();
    }

    function test_initialize__without_owner__reverts() public {
        Mandate memory m = oddMandate();
        Roles memory r = roles();
        r.owner = address(0);
        IVault created = newClone();
        vm.expectRevert(IVault.OwnerZero.selector);
        created.initialize(m, r);
    }

    // ---- MandateRules, one by one

    function test_oracle__missing__reverts() public {
        Mandate memory m = oddMandate();
        m.oracle = address(0);
        _expect(m, abi.encodeWithSelector(MandateRules.OracleMissing.selector));
    }

    function test_band__outside_1_to_10000__reverts(uint16 band) public {
        Mandate memory m = oddMandate();
        m.band = 0;
        _expect(m, abi.encodeWithSelector(MandateRules.BandInvalid.selector, 0));
        m.band = uint16(bound(band, 10_001, type(uint16).max));
        _expect(m, abi.encodeWithSelector(MandateRules.BandInvalid.selector, m.band));
        (m.band, m.destination) = (10_000, 9_999);
        newVault(m);
    }

    function test_destination__not_inside_band__reverts(uint16 destination) public {
        Mandate memory m = oddMandate();
        m.destination = uint16(bound(destination, m.band, type(uint16).max));
        _expect(m, abi.encodeWithSelector(MandateRules.DestinationInvalid.selector, m.destination, m.band));
        m.destination = 0;
        newVault(m);
    }

    function test_maxSlippage__one_whole__reverts(uint16 value) public {
        Mandate memory m = oddMandate();
        m.maxSlippage = uint16(bound(value, 10_000, type(uint16).max));
        _expect(m, abi.encodeWithSelector(MandateRules.MaxSlippageInvalid.selector, m.maxSlippage));
    }

    function test_maxLoss__one_whole__reverts(uint16 value) public {
        Mandate memory m = oddMandate();
        m.maxLoss = uint16(bound(value, 10_000, type(uint16).max));
        _expect(m, abi.encodeWithSelector(MandateRules.MaxLossInvalid.selector, m.maxLoss));
    }

    /// T-07: without a smallest trade, a rebalance could be cut into dust.
    function test_minTrade__zero__reverts() public {
        Mandate memory m = oddMandate();
        m.minTrade = 0;
        _expect(m, abi.encodeWithSelector(MandateRules.MinTradeZero.selector));
    }

    function test_name__not_a_text__reverts() public {
        bytes32[5] memory bad =
            [bytes32(0), ~bytes32(0), bytes32("a") | bytes32(uint256(1) << 8), bytes32(hex"c3a9"), bytes32("a\nb")];
        for (uint256 i; i < bad.length; ++i) {
            Mandate memory m = oddMandate();
            m.name = bad[i];
            _expect(m, abi.encodeWithSelector(MandateRules.NameInvalid.selector, bad[i]));
            m = oddMandate();
            m.symbol = bad[i];
            _expect(m, abi.encodeWithSelector(MandateRules.NameInvalid.selector, bad[i]));
        }
    }

    function test_isText__any_text_of_1_to_31_bytes(uint256 length, bytes32 text) public pure {
        length = bound(length, 1, 31);
        bytes memory raw = new bytes(length);
        for (uint256 i; i < length; ++i) {
            raw[i] = bytes1(uint8(0x20 + uint8(text[i]) % 0x5f));
        }
        assertTrue(MandateRules.isText(bytes32(raw)), "text");
        assertFalse(MandateRules.isText(bytes32(raw) | bytes32(uint256(1))), "goes on after its end");
    }

    function test_venues__none_or_too_many__reverts() public {
        Mandate memory m = oddMandate();
        m.venues = new address[](0);
        _expect(m, abi.encodeWithSelector(MandateRules.VenueCountInvalid.selector, 0, 255));
        m.venues = new address[](256);
        _expect(m, abi.encodeWithSelector(MandateRules.VenueCountInvalid.selector, 256, 255));
    }

    function test_venues__zero_or_double__reverts() public {
        Mandate memory m = oddMandate();
        m.venues = new address[](2);
        m.venues[0] = address(oddVenue);
        _expect(m, abi.encodeWithSelector(MandateRules.VenueInvalid.selector, 1, address(0)));
        m.venues[1] = address(oddVenue);
        _expect(m, abi.encodeWithSelector(MandateRules.VenueInvalid.selector, 1, address(oddVenue)));
    }

    function test_assets__too_few_or_too_many__reverts() public {
        Mandate memory m = oddMandate();
        m.assets = new Asset[](1);
        _expect(m, abi.encodeWithSelector(MandateRules.AssetCountInvalid.selector, 1, 2, 16));
        m.assets = new Asset[](17);
        _expect(m, abi.encodeWithSelector(MandateRules.AssetCountInvalid.selector, 17, 2, 16));
    }

    function test_token__zero_double_or_own_share__reverts() public {
        Mandate memory m = oddMandate();
        m.assets[1].token = address(0);
        _expect(m, abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, address(0)));
        m.assets[1].token = m.assets[0].token;
        _expect(m, abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, m.assets[0].token));

        IVault created = newClone();
        m.assets[1].token = address(created);
        vm.expectRevert(abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, address(created)));
        created.initialize(m, roles());
    }

    function test_targets__not_summing_to_10000__revert(uint16 target) public {
        Mandate memory m = oddMandate();
        vm.assume(target != 3_000);
        m.assets[1].target = target;
        _expect(m, abi.encodeWithSelector(MandateRules.TargetsInvalid.selector, 7_000 + uint256(target)));
    }

    function test_target__zero__is_allowed() public {
        Mandate memory m = oddMandate();
        (m.assets[1].target, m.assets[2].target) = (0, 5_000);
        newVault(m);
    }

    function test_feed__missing_or_without_heartbeat__reverts() public {
        Mandate memory m = oddMandate();
        m.assets[2].feed.source = address(0);
        _expect(m, abi.encodeWithSelector(MandateRules.FeedMissing.selector, 2));
        m = oddMandate();
        m.assets[2].feed.heartbeat = 0;
        _expect(m, abi.encodeWithSelector(MandateRules.HeartbeatZero.selector, 2));
    }

    function test_answer_bounds__zero_or_crossed__revert() public {
        Mandate memory m = oddMandate();
        m.assets[0].feed.minAnswer = 0;
        _expect(m, abi.encodeWithSelector(MandateRules.AnswerBoundsInvalid.selector, 0, 0, m.assets[0].feed.maxAnswer));
        (m.assets[0].feed.minAnswer, m.assets[0].feed.maxAnswer) = (2, 1);
        _expect(m, abi.encodeWithSelector(MandateRules.AnswerBoundsInvalid.selector, 0, 2, 1));
    }

    /// T-20: 0 to 30 decimals, as long as token and feed fit the 36 of a value.
    function test_decimals__together_above_36__revert(uint8 token, uint8 feed) public {
        Mandate memory m = oddMandate();
        (m.assets[0].decimals, m.assets[0].feed.decimals) = (token, feed);
        if (uint256(token) + feed <= 36) newVault(m);
        else _expect(m, abi.encodeWithSelector(MandateRules.DecimalsTooMany.selector, 0, token, feed));
    }

    function _expect(Mandate memory m, bytes memory reason) private {
        IVault created = newClone();
        vm.expectRevert(reason);
        created.initialize(m, roles());
    }
}
