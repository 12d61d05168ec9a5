// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestFeed} from "../../contracts/dev/TestFeed.sol";
import {TestToken} from "../../contracts/dev/TestToken.sol";
import {IMandateChecker, Pairing} from "../../contracts/interfaces/IMandateChecker.sol";
import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVenue} from "../../contracts/interfaces/IVenue.sol";
import {MandateCodec} from "../../contracts/libraries/MandateCodec.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Feed, Mandate, Twap} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @notice Whether the parts of a mandate are real and fit together: T-04, and T-20 as far as it shows at creation.
contract MandateCheckerTest is VaultFixture {
    IMandateChecker internal checker;

    function setUp() public override {
        setUpMarket();
        checker = IMandateChecker(deployCode("MandateChecker.sol:MandateChecker"));
    }

    function test_check__when_all_fits__then_passes() public view {
        _check(mandate6030());
        _check(fourAssetMandate());
    }

    function test_validate__then_the_rules_speak(uint16 spread) public {
        Mandate memory m = mandate6030();
        checker.validate(MandateCodec.pack(m), address(this));
        m.spread = uint16(bound(spread, 10_000, type(uint16).max));
        bytes memory words = MandateCodec.pack(m);
        vm.expectRevert(abi.encodeWithSelector(MandateRules.SpreadInvalid.selector, m.spread, 100));
        checker.validate(words, address(this));
        m = mandate6030();
        words = MandateCodec.pack(m);
        vm.expectRevert(abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, m.assets[1].token));
        checker.validate(words, m.assets[1].token);
    }

    function test_compare__then_each_answer_for_itself() public view {
        Mandate memory m = mandate6030();
        _compares(m, true, true, false);
        m.limits.maxSlippage = 1;
        _compares(m, true, true, false);
        m.limits.maxSlippage = 1_000;
        _compares(m, true, false, false);
        setWeights(m, weights(5_000, 4_000, 1_000));
        _compares(m, false, false, false);
        m = mandate6030();
        m.oracle = address(this);
        _compares(m, true, false, true);
    }

    // ---- T-04: the parts

    function test_T04_check__when_a_part_is_no_contract__then_refused() public {
        address nothing = makeAddr("nothing here");
        bytes memory reason = abi.encodeWithSelector(IMandateChecker.NotAContract.selector, nothing);
        Mandate memory mandate = mandate6030();
        mandate.oracle = nothing;
        _expectRefusal(mandate, reason);
        mandate = mandate6030();
        (mandate.sequencer.feed, mandate.sequencer.grace) = (nothing, 1 hours);
        _expectRefusal(mandate, reason);
        mandate = mandate6030();
        mandate.venues = new address[](2);
        (mandate.venues[0], mandate.venues[1]) = (address(venue), nothing);
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

    function test_T04_check__when_token_decimals_are_misstated__then_refused(uint8 stated, uint256 asset) public {
        asset = asset % 3;
        stated = uint8(bound(stated, 0, 28));
        uint8 actual = tokens[asset].decimals();
        vm.assume(stated != actual);
        Mandate memory mandate = mandate6030();
        mandate.assets[asset].decimals = stated;
        _expectRefusal(
            mandate, abi.encodeWithSelector(IMandateChecker.TokenDecimalsMismatch.selector, asset, stated, actual)
        );
    }

    function test_T04_check__when_feed_decimals_are_misstated__then_refused(uint8 stated, uint256 asset) public {
        asset = asset % 3;
        stated = uint8(bound(stated, 0, 18));
        vm.assume(stated != FEED_DECIMALS);
        Mandate memory mandate = mandate6030();
        mandate.assets[asset].feed.decimals = stated;
        _expectRefusal(
            mandate, abi.encodeWithSelector(IMandateChecker.FeedDecimalsMismatch.selector, asset, stated, FEED_DECIMALS)
        );
    }

    function test_T04_check__when_feed_is_stale__then_the_oracles_error() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT + 1);
        _expectRefusal(
            mandate6030(), abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[EQUITY], updatedAt, HEARTBEAT)
        );
    }

    function test_T04_check__when_price_is_out_of_bounds__then_the_oracles_error() public {
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

    function test_T04_check__when_sequencer_is_down__then_the_oracles_error() public {
        Mandate memory mandate = mandate6030();
        TestFeed uptime = new TestFeed("uptime", 0, address(this));
        uptime.push(1);
        (mandate.sequencer.feed, mandate.sequencer.grace) = (address(uptime), 1 hours);
        _expectRefusal(mandate, abi.encodeWithSelector(IPriceOracle.SequencerDown.selector, uptime));
    }

    /// A second source that does not exist would stop the vault on its first rebalance.
    function test_T04_check__when_there_is_no_such_second_source__then_the_oracles_error() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[BOND].feed.twap = Twap(30 minutes, FEE, 200, uint8(EQUITY));
        bytes memory words = MandateCodec.pack(mandate);
        Pairing[] memory pairs = pairings(mandate);
        vm.expectPartialRevert(IPriceOracle.TwapUnreadable.selector);
        checker.check(words, pairs);
    }

    // ---- T-04: the pairings

    /// @dev iearn's fault: one asset wired to the parts of another. Any two feeds swapped are found.
    function test_T04_check__when_feeds_are_swapped__then_implausible() public {
        for (uint256 i = 0; i < 3; ++i) {
            Mandate memory mandate = mandate6030();
            uint256 j = (i + 1) % 3;
            (mandate.assets[i].feed, mandate.assets[j].feed) = (mandate.assets[j].feed, mandate.assets[i].feed);
            _expectImplausible(mandate);
        }
    }

    /// @dev The same name and decimals, but not the token that the pools trade.
    function test_T04_check__when_token_is_a_namesake__then_no_pool() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[BOND].token = address(new TestToken("US 10-year bonds", "BOND", 8, address(this)));
        _expectRefusal(mandate, abi.encodeWithSelector(IVenue.RouteInvalid.selector, route(EQUITY, BOND)));
    }

    function test_T04_check__when_venue_is_off_the_oracle__then_refused_beyond_plausible(uint256 factor) public {
        factor = bound(factor, 0.5e6, 2e6);
        // The venue gives 1 / factor of the oracle's value for the bond. Rounding decides very near the limits.
        uint256 venueValue = 1e12 / factor;
        vm.assume(venueValue < 0.89999e6 || venueValue > 0.90001e6);
        vm.assume(venueValue < 1.09999e6 || venueValue > 1.10001e6);
        skewPool(BOND, answers[BOND] * int256(factor) / 1e6);
        if (venueValue < 0.9e6 || venueValue > 1.1e6) _expectImplausible(mandate6030());
        else _check(mandate6030());
    }

    /// @dev To the unit: $1e9 of equity against 9e14 to 1.1e15 {qTok} of a bond at $100.
    function test_T04_check__when_venue_is_off_by_plausible__then_inclusive() public {
        _mockBond(0.9e15);
        _check(mandate6030());
        _mockBond(1.1e15);
        _check(mandate6030());
        _mockBond(0.9e15 - 1);
        _expectImplausible(mandate6030());
        _mockBond(1.1e15 + 1);
        _expectImplausible(mandate6030());
    }

    /// @dev The second amount would be plausible if its value wrapped around 2^256.
    function test_T04_check__when_venue_value_overflows__then_implausible() public {
        _mockBond(type(uint256).max);
        _expectImplausible(mandate6030());
        _mockBond(type(uint256).max / 1e30 + 1e15);
        _expectImplausible(mandate6030());
    }

    function test_check__when_pairings_are_missing_or_too_many__then_refused(uint8 count) public {
        vm.assume(count != 2);
        bytes memory words = MandateCodec.pack(mandate6030());
        vm.expectRevert(abi.encodeWithSelector(IMandateChecker.PairingsMismatch.selector, 2, count));
        checker.check(words, new Pairing[](count));
    }

    function test_check__when_pairing_names_no_venue__then_refused(uint8 index) public {
        index = uint8(bound(index, 1, 255));
        bytes memory words = MandateCodec.pack(mandate6030());
        Pairing[] memory pairs = pairings(mandate6030());
        pairs[1].venue = index;
        vm.expectRevert(abi.encodeWithSelector(IMandateChecker.PairingUnknownVenue.selector, 2, index));
        checker.check(words, pairs);
    }

    // ---- T-20: odd tokens

    function test_T20_check__when_token_has_no_decimals__then_refused() public {
        Mandate memory mandate = mandate6030();
        mandate.assets[BOND].token = address(venue);
        bytes memory reason =
            abi.encodeWithSelector(IMandateChecker.TokenDecimalsMismatch.selector, 1, 8, type(uint256).max);
        _expectRefusal(mandate, reason);
        vm.mockCall(address(venue), abi.encodeCall(TestToken.decimals, ()), hex"08");
        _expectRefusal(mandate, reason);
        vm.mockCallRevert(address(venue), abi.encodeCall(TestToken.decimals, ()), abi.encode(8));
        _expectRefusal(mandate, reason);
    }

    /// @dev 264 is 8 in its lowest byte.
    function test_T20_check__when_decimals_do_not_fit_a_byte__then_refused() public {
        Mandate memory mandate = mandate6030();
        vm.mockCall(address(tokens[BOND]), abi.encodeCall(TestToken.decimals, ()), abi.encode(264));
        _expectRefusal(mandate, abi.encodeWithSelector(IMandateChecker.TokenDecimalsMismatch.selector, 1, 8, 264));
    }

    /// @dev Whole units only: the comparison must be large enough for a price of 1 in 300 to keep its precision.
    function test_T20_check__when_token_has_0_decimals__then_compared_precisely() public {
        TestToken odd = new TestToken("Whole", "WHOLE", 0, address(this));
        TestFeed feed = new TestFeed("WHOLE / USD", FEED_DECIMALS, address(this));
        feed.push(300e8);
        createPool(odd, tokens[DOLLAR], 1_000_000, 300_000_000e6);
        Mandate memory mandate;
        for (uint256 i = 0; i < 3; i += 2) {
            mandate = mandate6030();
            mandate.assets[i].token = address(odd);
            mandate.assets[i].decimals = 0;
            mandate.assets[i].feed.source = address(feed);
            mandate.assets[i].feed.minAnswer = 1e8;
            _check(mandate);
        }
        feed.push(400e8);
        _expectImplausible(mandate);
    }

    // ---- helpers

    function _check(Mandate memory mandate) private view {
        checker.check(MandateCodec.pack(mandate), pairings(mandate));
    }

    function _compares(Mandate memory next, bool samePath, bool tightening, bool newParts) private view {
        (bool isSamePath, bool isTightening, bool hasNewParts) =
            checker.compare(MandateCodec.pack(mandate6030()), MandateCodec.pack(next));
        assertEq(isSamePath, samePath, "same path");
        assertEq(isTightening, tightening, "tightening");
        assertEq(hasNewParts, newParts, "new parts");
    }

    /// @param amount {qTok} what the venue gives for the equity
    function _mockBond(uint256 amount) private {
        bytes memory call = abi.encodeWithSelector(IVenue.spot.selector, tokens[EQUITY], tokens[BOND]);
        vm.mockCall(address(venue), call, abi.encode(amount));
    }

    function _expectRefusal(Mandate memory mandate, bytes memory reason) private {
        bytes memory words = MandateCodec.pack(mandate);
        Pairing[] memory pairs = pairings(mandate);
        vm.expectRevert(reason);
        checker.check(words, pairs);
    }

    function _expectImplausible(Mandate memory mandate) private {
        bytes memory words = MandateCodec.pack(mandate);
        Pairing[] memory pairs = pairings(mandate);
        vm.expectPartialRevert(IMandateChecker.PriceImplausible.selector);
        checker.check(words, pairs);
    }
}
