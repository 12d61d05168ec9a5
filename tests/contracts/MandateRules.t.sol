// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Asset, Knot, Mandate, Period, TriggerKind} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @notice Every rule of a mandate, one by one, at its edge: what passes just so, and what is refused by which name.
contract MandateRulesTest is VaultFixture {
    address internal constant VAULT = address(0xfa17);

    function setUp() public override {
        setUpMarket();
    }

    /// @dev External, so that a revert can be expected.
    function validate(Mandate calldata m) external pure {
        MandateRules.validate(m, VAULT);
    }

    function test_validate__fixtures__pass() public view {
        this.validate(mandate6030());
        this.validate(fourAssetMandate());
    }

    // ---- what it stands on

    function test_oracle__missing__reverts() public {
        Mandate memory m = mandate6030();
        m.oracle = address(0);
        _refused(m, abi.encodeWithSelector(MandateRules.OracleMissing.selector));
    }

    function test_sequencer__feed_without_grace_or_the_reverse__reverts(uint32 grace) public {
        Mandate memory m = mandate6030();
        m.sequencer.feed = address(feeds[0]);
        _refused(m, abi.encodeWithSelector(MandateRules.SequencerInvalid.selector, feeds[0], 0));
        grace = uint32(bound(grace, 1, type(uint32).max));
        m.sequencer.grace = grace;
        this.validate(m);
        m.sequencer.feed = address(0);
        _refused(m, abi.encodeWithSelector(MandateRules.SequencerInvalid.selector, address(0), grace));
    }

    function test_name__not_a_text__reverts() public {
        bytes32[7] memory bad = [
            bytes32(0),
            ~bytes32(0),
            bytes32("a") | bytes32(uint256(1) << 8),
            bytes32(hex"c3a9"),
            bytes32("a\nb"),
            bytes32("exactly thirty-two bytes of text"),
            bytes32(hex"617f62")
        ];
        for (uint256 i; i < bad.length; ++i) {
            Mandate memory m = mandate6030();
            m.name = bad[i];
            _refused(m, abi.encodeWithSelector(MandateRules.NameInvalid.selector, bad[i]));
            m = mandate6030();
            m.symbol = bad[i];
            _refused(m, abi.encodeWithSelector(MandateRules.NameInvalid.selector, bad[i]));
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

    /// Against the definition, byte by byte, for words that are nearly texts.
    function test_isText__one_byte_changed__as_defined(uint256 length, bytes32 text, uint256 place, uint8 to)
        public
        pure
    {
        length = bound(length, 1, 32);
        place = bound(place, 0, 31);
        bytes memory raw = new bytes(32);
        for (uint256 i; i < length; ++i) {
            raw[i] = bytes1(uint8(0x20 + uint8(text[i]) % 0x5f));
        }
        raw[place] = bytes1(to);
        uint256 shown;
        while (shown < 32 && raw[shown] >= 0x20 && raw[shown] <= 0x7e) ++shown;
        bool expected = shown > 0 && shown < 32;
        for (uint256 i = shown; i < 32; ++i) {
            if (raw[i] != 0) expected = false;
        }
        assertEq(MandateRules.isText(bytes32(raw)), expected, "as defined");
    }

    /// T-22: a timelock too short to be read would be one by name only; one too long could never be met.
    function test_T22_timelock__below_an_hour_or_above_a_year__reverts(uint32 timelock) public {
        Mandate memory m = mandate6030();
        m.timelock = uint32(bound(timelock, 1 hours, 365 days));
        this.validate(m);
        m.timelock = uint32(bound(timelock, 0, 1 hours - 1));
        _refused(m, abi.encodeWithSelector(MandateRules.TimelockInvalid.selector, m.timelock, 1 hours, 365 days));
        m.timelock = uint32(bound(timelock, 365 days + 1, type(uint32).max));
        _refused(m, abi.encodeWithSelector(MandateRules.TimelockInvalid.selector, m.timelock, 1 hours, 365 days));
        m.timelock = 1 hours;
        this.validate(m);
        m.timelock = 365 days;
        this.validate(m);
    }

    // ---- trigger and destination

    function test_band__threshold_without_any__reverts(uint8 kind) public {
        Mandate memory m = _triggered(kind);
        setBand(m, 0, 0);
        if (m.trigger.kind == TriggerKind.CALENDAR) this.validate(m);
        else _refused(m, abi.encodeWithSelector(MandateRules.BandInvalid.selector, 0, 0));
    }

    function test_band__absolute_relative_or_both__pass(uint16 band, uint16 relativeBand) public view {
        Mandate memory m = mandate6030();
        band = uint16(bound(band, 1, 10_000));
        relativeBand = uint16(bound(relativeBand, 1, 10_000));
        setBand(m, band, band - 1);
        this.validate(m);
        setRelativeBand(m, relativeBand, relativeBand - 1);
        this.validate(m);
        (m.trigger.band, m.destination.drift) = (band, band - 1);
        this.validate(m);
        setBand(m, 10_000, 9_999);
        this.validate(m);
        setRelativeBand(m, 10_000, 9_999);
        this.validate(m);
    }

    function test_band__above_10000__reverts(uint16 band) public {
        Mandate memory m = mandate6030();
        band = uint16(bound(band, 10_001, type(uint16).max));
        setBand(m, band, 0);
        _refused(m, abi.encodeWithSelector(MandateRules.BandInvalid.selector, band, 0));
        setRelativeBand(m, band, 0);
        _refused(m, abi.encodeWithSelector(MandateRules.BandInvalid.selector, 0, band));
    }

    function test_band__by_calendar_alone__reverts(uint16 band) public {
        Mandate memory m = mandate6030();
        setCalendar(m, Period.MONTH, 1, 1_700_000_000, 0);
        band = uint16(bound(band, 1, 10_000));
        m.trigger.band = band;
        _refused(m, abi.encodeWithSelector(MandateRules.BandInvalid.selector, band, 0));
        (m.trigger.band, m.trigger.relativeBand) = (0, band);
        _refused(m, abi.encodeWithSelector(MandateRules.BandInvalid.selector, 0, band));
    }

    function test_calendar__without_periods_or_anchor__reverts(uint8 kind) public {
        Mandate memory m = _triggered(kind);
        vm.assume(m.trigger.kind != TriggerKind.THRESHOLD);
        m.trigger.every = 0;
        _refused(m, _calendarInvalid(m));
        (m.trigger.every, m.trigger.anchor) = (1, 0);
        _refused(m, _calendarInvalid(m));
        m.trigger.anchor = 1;
        this.validate(m);
    }

    function test_calendar__by_threshold_alone__reverts() public {
        Mandate memory m = mandate6030();
        m.trigger.period = Period.WEEK;
        _refused(m, _calendarInvalid(m));
        (m.trigger.period, m.trigger.every) = (Period.DAY, 1);
        _refused(m, _calendarInvalid(m));
        (m.trigger.every, m.trigger.anchor) = (0, 1);
        _refused(m, _calendarInvalid(m));
    }

    function test_destination__not_inside_its_band__reverts(uint16 band, uint16 drift) public {
        Mandate memory m = mandate6030();
        band = uint16(bound(band, 1, 10_000));
        drift = uint16(bound(drift, band, type(uint16).max));
        setBand(m, band, drift);
        _refused(m, abi.encodeWithSelector(MandateRules.DestinationInvalid.selector, drift, 0));
        setRelativeBand(m, band, drift);
        _refused(m, abi.encodeWithSelector(MandateRules.DestinationInvalid.selector, 0, drift));
    }

    function test_destination__without_its_band__reverts(uint16 drift) public {
        Mandate memory m = mandate6030();
        drift = uint16(bound(drift, 1, type(uint16).max));
        m.destination.relativeDrift = drift;
        _refused(m, abi.encodeWithSelector(MandateRules.DestinationInvalid.selector, 100, drift));
        setRelativeBand(m, 2_000, 1_000);
        m.destination.drift = drift;
        _refused(m, abi.encodeWithSelector(MandateRules.DestinationInvalid.selector, drift, 1_000));
    }

    function test_destination__by_calendar_alone__below_10000(uint16 drift) public {
        Mandate memory m = mandate6030();
        setCalendar(m, Period.QUARTER, 1, 1_700_000_000, uint16(bound(drift, 0, 9_999)));
        this.validate(m);
        m.destination.drift = uint16(bound(drift, 10_000, type(uint16).max));
        _refused(m, abi.encodeWithSelector(MandateRules.DestinationInvalid.selector, m.destination.drift, 0));
        (m.destination.drift, m.destination.relativeDrift) = (0, 1);
        _refused(m, abi.encodeWithSelector(MandateRules.DestinationInvalid.selector, 0, 1));
    }

    // ---- limits

    function test_maxSlippage__one_whole__reverts(uint16 value) public {
        Mandate memory m = mandate6030();
        m.limits.maxSlippage = uint16(bound(value, 10_000, type(uint16).max));
        _refused(m, abi.encodeWithSelector(MandateRules.MaxSlippageInvalid.selector, m.limits.maxSlippage));
        m.limits.maxSlippage = 9_999;
        this.validate(m);
    }

    function test_lossBudget__zero_or_above_one_whole__reverts(uint16 value) public {
        Mandate memory m = mandate6030();
        m.limits.maxLoss = 0;
        m.limits.lossBudget = 0;
        _refused(m, abi.encodeWithSelector(MandateRules.LossBudgetInvalid.selector, 0));
        m.limits.lossBudget = uint16(bound(value, 10_001, type(uint16).max));
        _refused(m, abi.encodeWithSelector(MandateRules.LossBudgetInvalid.selector, m.limits.lossBudget));
        m.limits.lossBudget = 10_000;
        this.validate(m);
        m.limits.lossBudget = 1;
        this.validate(m);
    }

    function test_maxLoss__above_half_of_the_budget__reverts(uint16 budget, uint16 maxLoss) public {
        Mandate memory m = mandate6030();
        m.limits.lossBudget = uint16(bound(budget, 1, 10_000));
        m.limits.maxLoss = m.limits.lossBudget / 2;
        this.validate(m);
        m.limits.maxLoss = uint16(bound(maxLoss, m.limits.lossBudget / 2 + 1, type(uint16).max));
        _refused(m, abi.encodeWithSelector(MandateRules.MaxLossInvalid.selector, m.limits.maxLoss, m.limits.lossBudget));
    }

    function test_turnoverBudget__zero_or_too_high__reverts(uint32 value) public {
        Mandate memory m = mandate6030();
        m.limits.turnoverBudget = 0;
        _refused(m, abi.encodeWithSelector(MandateRules.TurnoverBudgetInvalid.selector, 0, 10_000_000));
        m.limits.turnoverBudget = uint32(bound(value, 10_000_001, type(uint32).max));
        _refused(
            m, abi.encodeWithSelector(MandateRules.TurnoverBudgetInvalid.selector, m.limits.turnoverBudget, 10_000_000)
        );
        m.limits.turnoverBudget = 10_000_000;
        this.validate(m);
    }

    function test_budgetWindow__below_an_hour__reverts(uint32 value) public {
        Mandate memory m = mandate6030();
        m.limits.budgetWindow = uint32(bound(value, 0, 1 hours - 1));
        _refused(m, abi.encodeWithSelector(MandateRules.BudgetWindowTooShort.selector, m.limits.budgetWindow, 1 hours));
        m.limits.budgetWindow = 1 hours;
        this.validate(m);
    }

    /// T-07: without a smallest trade, a rebalance could be cut into dust.
    function test_T07_minTrade__zero__reverts() public {
        Mandate memory m = mandate6030();
        m.limits.minTrade = 0;
        _refused(m, abi.encodeWithSelector(MandateRules.MinTradeZero.selector));
    }

    function test_maxTrades__zero__reverts() public {
        Mandate memory m = mandate6030();
        m.limits.maxTrades = 0;
        _refused(m, abi.encodeWithSelector(MandateRules.MaxTradesZero.selector));
    }

    // ---- fees and spread

    function test_fees__above_the_caps__revert(uint16 management, uint16 performance) public {
        Mandate memory m = mandate6030();
        setFees(m, stranger, uint16(bound(management, 501, type(uint16).max)), 0);
        _refused(m, abi.encodeWithSelector(MandateRules.FeesTooHigh.selector, m.fees.management, 0));
        setFees(m, stranger, 0, uint16(bound(performance, 3_001, type(uint16).max)));
        _refused(m, abi.encodeWithSelector(MandateRules.FeesTooHigh.selector, 0, m.fees.performance));
        setFees(m, stranger, 500, 3_000);
        this.validate(m);
    }

    function test_fee_recipient__missing_needless_or_the_vault__reverts() public {
        Mandate memory m = mandate6030();
        m.fees.recipient = stranger;
        _refused(m, abi.encodeWithSelector(MandateRules.FeeRecipientInvalid.selector, stranger));
        (m.fees.recipient, m.fees.management) = (address(0), 1);
        _refused(m, abi.encodeWithSelector(MandateRules.FeeRecipientInvalid.selector, address(0)));
        (m.fees.management, m.fees.performance) = (0, 1);
        _refused(m, abi.encodeWithSelector(MandateRules.FeeRecipientInvalid.selector, address(0)));
        m.fees.recipient = VAULT;
        _refused(m, abi.encodeWithSelector(MandateRules.FeeRecipientInvalid.selector, VAULT));
    }

    /// T-15: what two feeds leave unpublished, one upwards and one downwards, must not be for the taking.
    function test_T15_spread__narrower_than_two_deviations__reverts(uint16[3] memory deviations, uint16 spread) public {
        Mandate memory m = mandate6030();
        uint256 sum;
        uint256 smallest = type(uint256).max;
        for (uint256 i; i < 3; ++i) {
            deviations[i] = uint16(bound(deviations[i], 1, 4_999));
            m.assets[i].feed.deviation = deviations[i];
            sum += deviations[i];
            if (deviations[i] < smallest) smallest = deviations[i];
        }
        sum -= smallest;
        m.spread = uint16(bound(spread, 1, sum - 1));
        _refused(m, abi.encodeWithSelector(MandateRules.SpreadInvalid.selector, m.spread, sum));
        m.spread = uint16(sum);
        this.validate(m);
        m.spread = 0;
        this.validate(m);
    }

    function test_spread__one_whole__reverts(uint16 spread) public {
        Mandate memory m = mandate6030();
        m.spread = uint16(bound(spread, 10_000, type(uint16).max));
        _refused(m, abi.encodeWithSelector(MandateRules.SpreadInvalid.selector, m.spread, 100));
        m.spread = 9_999;
        this.validate(m);
    }

    // ---- venues and assets

    function test_venues__none_or_too_many__reverts() public {
        Mandate memory m = mandate6030();
        m.venues = new address[](0);
        _refused(m, abi.encodeWithSelector(MandateRules.VenueCountInvalid.selector, 0, 255));
        m.venues = new address[](256);
        _refused(m, abi.encodeWithSelector(MandateRules.VenueCountInvalid.selector, 256, 255));
    }

    function test_venues__zero_or_double__reverts() public {
        Mandate memory m = mandate6030();
        m.venues = new address[](2);
        m.venues[0] = address(venue);
        _refused(m, abi.encodeWithSelector(MandateRules.VenueInvalid.selector, 1, address(0)));
        m.venues[1] = address(venue);
        _refused(m, abi.encodeWithSelector(MandateRules.VenueInvalid.selector, 1, address(venue)));
    }

    function test_assets__too_few_or_too_many__reverts() public {
        Mandate memory m = mandate6030();
        m.assets = new Asset[](1);
        _refused(m, abi.encodeWithSelector(MandateRules.AssetCountInvalid.selector, 1, 2, 16));
        m.assets = new Asset[](17);
        _refused(m, abi.encodeWithSelector(MandateRules.AssetCountInvalid.selector, 17, 2, 16));
    }

    function test_token__zero_double_or_own_share__reverts() public {
        Mandate memory m = mandate6030();
        m.assets[1].token = address(0);
        _refused(m, abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, address(0)));
        m.assets[1].token = m.assets[0].token;
        _refused(m, abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, m.assets[0].token));
        m.assets[1].token = VAULT;
        _refused(m, abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, VAULT));
    }

    function test_weight_bounds__crossed_or_above_one_whole__revert(uint16 min, uint16 max) public {
        Mandate memory m = mandate6030();
        (m.assets[1].minWeight, m.assets[1].maxWeight) = (min, max);
        if (min > max || max > 10_000) {
            _refused(m, abi.encodeWithSelector(MandateRules.WeightBoundsInvalid.selector, 1, min, max));
        }
        (m.assets[1].minWeight, m.assets[1].maxWeight) = (3_000, 3_000);
        this.validate(m);
    }

    // ---- feeds

    function test_feed__missing_or_without_heartbeat__reverts() public {
        Mandate memory m = mandate6030();
        m.assets[2].feed.source = address(0);
        _refused(m, abi.encodeWithSelector(MandateRules.FeedMissing.selector, 2));
        m = mandate6030();
        m.assets[2].feed.heartbeat = 0;
        _refused(m, abi.encodeWithSelector(MandateRules.HeartbeatZero.selector, 2));
    }

    function test_answer_bounds__zero_or_crossed__revert() public {
        Mandate memory m = mandate6030();
        m.assets[0].feed.minAnswer = 0;
        _refused(m, abi.encodeWithSelector(MandateRules.AnswerBoundsInvalid.selector, 0, 0, m.assets[0].feed.maxAnswer));
        (m.assets[0].feed.minAnswer, m.assets[0].feed.maxAnswer) = (2, 1);
        _refused(m, abi.encodeWithSelector(MandateRules.AnswerBoundsInvalid.selector, 0, 2, 1));
        (m.assets[0].feed.minAnswer, m.assets[0].feed.maxAnswer) = (2, 2);
        this.validate(m);
    }

    /// T-20: 0 to 30 decimals, as long as token and feed fit the 36 of a value.
    function test_T20_decimals__together_above_36__revert(uint8 token, uint8 feed) public {
        Mandate memory m = mandate6030();
        (m.assets[0].decimals, m.assets[0].feed.decimals) = (token, feed);
        if (uint256(token) + feed <= 36) this.validate(m);
        else _refused(m, abi.encodeWithSelector(MandateRules.DecimalsTooMany.selector, 0, token, feed));
    }

    function test_twap__with_a_sound_base_and_deviation__passes(uint24 window, uint16 deviation, uint8 base)
        public
        view
    {
        Mandate memory m = mandate6030();
        m.assets[1].feed.twap.window = uint24(bound(window, 1, type(uint24).max));
        m.assets[1].feed.twap.maxDeviation = uint16(bound(deviation, 1, 9_999));
        m.assets[1].feed.twap.base = base % 2 * 2;
        m.assets[1].feed.twap.fee = FEE;
        this.validate(m);
    }

    function test_twap__unsound__reverts(uint8 base, uint16 deviation) public {
        bytes memory reason = abi.encodeWithSelector(MandateRules.TwapInvalid.selector, 1);
        Mandate memory m = mandate6030();
        m.assets[1].feed.twap.window = 30 minutes;
        _refused(m, reason);
        m.assets[1].feed.twap.maxDeviation = uint16(bound(deviation, 10_000, type(uint16).max));
        _refused(m, reason);
        m.assets[1].feed.twap.maxDeviation = 10_000;
        _refused(m, reason);
        m.assets[1].feed.twap.maxDeviation = 9_999;
        this.validate(m);
        m.assets[1].feed.twap.base = 1;
        _refused(m, reason);
        m.assets[1].feed.twap.base = 3;
        _refused(m, reason);
        m.assets[1].feed.twap.base = uint8(bound(base, 3, 255));
        _refused(m, reason);
    }

    function test_twap__without_window_but_something_else__reverts() public {
        bytes memory reason = abi.encodeWithSelector(MandateRules.TwapInvalid.selector, 1);
        Mandate memory m = mandate6030();
        m.assets[1].feed.twap.fee = 1;
        _refused(m, reason);
        (m.assets[1].feed.twap.fee, m.assets[1].feed.twap.maxDeviation) = (0, 1);
        _refused(m, reason);
        (m.assets[1].feed.twap.maxDeviation, m.assets[1].feed.twap.base) = (0, 2);
        _refused(m, reason);
    }

    // ---- path

    function test_path__empty_or_too_long__reverts() public {
        Mandate memory m = mandate6030();
        m.path = new Knot[](0);
        _refused(m, abi.encodeWithSelector(MandateRules.KnotCountInvalid.selector, 0, 64));
        m.path = new Knot[](65);
        _refused(m, abi.encodeWithSelector(MandateRules.KnotCountInvalid.selector, 65, 64));
        m.path = new Knot[](64);
        for (uint40 k; k < 64; ++k) {
            m.path[k] = Knot(k, weights(6_000, 3_000, 1_000));
        }
        this.validate(m);
    }

    function test_path__times_not_ascending__reverts(uint40 first, uint40 second) public {
        first = uint40(bound(first, 0, type(uint40).max - 1));
        Mandate memory m = mandate6030();
        uint16[] memory w = m.path[0].weights;
        m.path = pathOf(w, first, w, bound(second, 0, first));
        _refused(m, abi.encodeWithSelector(MandateRules.KnotTimeInvalid.selector, 1, first, m.path[1].time));
        m.path[1].time = first + 1;
        this.validate(m);
    }

    function test_path__weights_of_another_length__revert() public {
        Mandate memory m = mandate6030();
        m.path = pathOf(m.path[0].weights, 1, weights(6_000, 3_000, 1_000, 0), 2);
        _refused(m, abi.encodeWithSelector(MandateRules.WeightCountInvalid.selector, 1, 3, 4));
    }

    function test_path__not_summing_to_10000__reverts(uint16 weight) public {
        Mandate memory m = mandate6030();
        weight = uint16(bound(weight, 0, 10_000));
        vm.assume(weight != 3_000);
        m.path = pathOf(m.path[0].weights, 1, weights(6_000, weight, 1_000), 2);
        _refused(m, abi.encodeWithSelector(MandateRules.TargetsInvalid.selector, 1, 7_000 + uint256(weight)));
    }

    function test_path__outside_an_assets_bounds__reverts(uint16 min, uint16 max) public {
        Mandate memory m = mandate6030();
        setWeights(m, weights(5_000, 4_000, 1_000));
        min = uint16(bound(min, 4_001, 10_000));
        (m.assets[1].minWeight, m.assets[1].maxWeight) = (min, 10_000);
        _refused(m, abi.encodeWithSelector(MandateRules.TargetOutOfBounds.selector, 0, 1, 4_000, min, 10_000));
        max = uint16(bound(max, 0, 3_999));
        (m.assets[1].minWeight, m.assets[1].maxWeight) = (0, max);
        _refused(m, abi.encodeWithSelector(MandateRules.TargetOutOfBounds.selector, 0, 1, 4_000, 0, max));
    }

    function test_target__zero__is_allowed() public view {
        Mandate memory m = mandate6030();
        setWeights(m, weights(6_000, 0, 4_000));
        this.validate(m);
    }

    // ---- helpers

    /// @dev A sound mandate of each kind of trigger.
    function _triggered(uint8 kind) private view returns (Mandate memory m) {
        m = mandate6030();
        m.trigger.kind = TriggerKind(kind % 4);
        if (m.trigger.kind == TriggerKind.THRESHOLD) return m;
        (m.trigger.period, m.trigger.every, m.trigger.anchor) = (Period.MONTH, 1, 1_700_000_000);
        if (m.trigger.kind == TriggerKind.CALENDAR) m.trigger.band = 0;
    }

    function _calendarInvalid(Mandate memory m) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            MandateRules.CalendarInvalid.selector, m.trigger.period, m.trigger.every, m.trigger.anchor
        );
    }

    function _refused(Mandate memory m, bytes memory reason) private {
        vm.expectRevert(reason);
        this.validate(m);
    }
}
