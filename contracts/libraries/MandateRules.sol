// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Asset,
    BPS,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    MAX_ASSETS,
    MIN_ASSETS,
    Mandate,
    Period,
    Trigger,
    TriggerKind,
    Twap,
    VALUE_DECIMALS
} from "../types/Types.sol";

/// @notice What a mandate must satisfy by itself. Whether its tokens, feeds and venues are real and fit together is
///         MandateChecker's question.
/// @dev A number that could never take effect is refused as well, so that a mandate means what it says: a destination
///      without its band, a calendar that is not asked, a loss limit above what the budget can give.
library MandateRules {
    /// @dev The largest mandate has 14 kB of words, far below what one contract's code can hold.
    uint256 internal constant MAX_VENUES = 255; // a trade names its venue in a uint8, the codec counts them in one
    uint256 internal constant MAX_KNOTS = 64;

    /// @dev {bps} of the vault's value. A level of D14{1} has to fit its place in the vault's state.
    uint256 internal constant MAX_TURNOVER_BUDGET = 10_000_000;
    /// @dev {s} A shorter window would give back a loss as fast as a keeper can cause it.
    uint256 internal constant MIN_BUDGET_WINDOW = 1 hours;
    /// @dev {bps per year}
    uint256 internal constant MAX_MANAGEMENT_FEE = 500;
    /// @dev {bps}
    uint256 internal constant MAX_PERFORMANCE_FEE = 3_000;
    /// @dev {s} What loosens must be readable before it can be used. An hour outlasts reorganised blocks and a full
    ///      memory pool, so that whoever watches the ledger can leave first; less would be a timelock by name only.
    uint256 internal constant MIN_TIMELOCK = 1 hours;
    /// @dev {s} More would be a mandate that cannot be loosened; for that an owner renounces.
    uint256 internal constant MAX_TIMELOCK = 365 days;

    /// @dev 1 in each of 32 bytes.
    uint256 private constant EACH_BYTE = type(uint256).max / 0xff;

    error OracleMissing();
    /// @notice A feed and a grace period belong together: both or neither.
    error SequencerInvalid(address feed, uint256 grace);
    /// @notice A name or symbol is empty, longer than 31 bytes, or goes on after its end.
    error NameInvalid(bytes32 text);
    /// @notice A trigger that looks at drift has a band, absolute or relative and at most BPS; a mere calendar has none.
    error BandInvalid(uint256 band, uint256 relativeBand);
    /// @notice A trigger that looks at the calendar has a number of periods and an anchor; a mere threshold has neither.
    error CalendarInvalid(Period period, uint256 every, uint256 anchor);
    /// @notice A destination must lie inside its band, or a rebalance could end due again; without the band it is zero. By
    ///         calendar alone it is absolute and below BPS.
    error DestinationInvalid(uint256 drift, uint256 relativeDrift);
    error MaxSlippageInvalid(uint256 maxSlippage);
    /// @notice More than half of the budget can never be lost at once.
    error MaxLossInvalid(uint256 maxLoss, uint256 lossBudget);
    error LossBudgetInvalid(uint256 lossBudget);
    error TurnoverBudgetInvalid(uint256 turnoverBudget, uint256 maximum);
    error BudgetWindowTooShort(uint256 budgetWindow, uint256 minimum);
    error MinTradeZero();
    error MaxTradesZero();
    error FeesTooHigh(uint256 management, uint256 performance);
    /// @notice Fees without a recipient, a recipient without fees, or the vault itself.
    error FeeRecipientInvalid(address recipient);
    /// @notice A spread is below BPS and at least as wide as what two feeds together leave unpublished: one of them may
    ///         lag upwards while the other lags downwards.
    /// @param deviations {bps} sum of the two largest
    error SpreadInvalid(uint256 spread, uint256 deviations);
    error TimelockInvalid(uint256 timelock, uint256 minimum, uint256 maximum);
    error VenueCountInvalid(uint256 count, uint256 maximum);
    /// @notice The venue is zero or listed before.
    error VenueInvalid(uint256 index, address venue);
    error AssetCountInvalid(uint256 count, uint256 minimum, uint256 maximum);
    /// @notice The token is zero, the vault itself, or the token of an earlier asset.
    error TokenInvalid(uint256 asset, address token);
    error WeightBoundsInvalid(uint256 asset, uint256 minWeight, uint256 maxWeight);
    error FeedMissing(uint256 asset);
    error HeartbeatZero(uint256 asset);
    error AnswerBoundsInvalid(uint256 asset, uint256 minAnswer, uint256 maxAnswer);
    /// @notice A price of this token could not be a whole number of D36{quote/qTok}.
    error DecimalsTooMany(uint256 asset, uint256 tokenDecimals, uint256 feedDecimals);
    /// @notice A second source has another asset as its base and a deviation between 1 and BPS - 1; without a window all of
    ///         it is zero.
    error TwapInvalid(uint256 asset);
    error KnotCountInvalid(uint256 count, uint256 maximum);
    /// @param previous {s}
    /// @param time {s}
    error KnotTimeInvalid(uint256 knot, uint256 previous, uint256 time);
    error WeightCountInvalid(uint256 knot, uint256 expected, uint256 given);
    /// @param sum {bps}
    error TargetsInvalid(uint256 knot, uint256 sum);
    /// @param weight {bps}
    error TargetOutOfBounds(uint256 knot, uint256 asset, uint256 weight, uint256 minWeight, uint256 maxWeight);

    /// @param vault that the mandate is for; its own share cannot be one of its assets, nor can it earn its own fees
    function validate(Mandate memory m, address vault) internal pure {
        validateCounts(m);
        require(m.oracle != address(0), OracleMissing());
        require(
            (m.sequencer.feed == address(0)) == (m.sequencer.grace == 0),
            SequencerInvalid(m.sequencer.feed, m.sequencer.grace)
        );
        require(isText(m.name), NameInvalid(m.name));
        require(isText(m.symbol), NameInvalid(m.symbol));
        require(
            m.timelock >= MIN_TIMELOCK && m.timelock <= MAX_TIMELOCK,
            TimelockInvalid(m.timelock, MIN_TIMELOCK, MAX_TIMELOCK)
        );
        _validateTrigger(m.trigger);
        _validateDestination(m.destination, m.trigger);
        _validateLimits(m.limits);
        _validateFees(m.fees, vault);
        _validateVenues(m.venues);
        _validateAssets(m, vault);
        _validatePath(m.path, m.assets);
    }

    /// @notice That every list has the length that the codec can write down. Before `MandateCodec.pack`.
    function validateCounts(Mandate memory m) internal pure {
        uint256 count = m.venues.length;
        require(count > 0 && count <= MAX_VENUES, VenueCountInvalid(count, MAX_VENUES));
        count = m.path.length;
        require(count > 0 && count <= MAX_KNOTS, KnotCountInvalid(count, MAX_KNOTS));
        count = m.assets.length;
        require(count >= MIN_ASSETS && count <= MAX_ASSETS, AssetCountInvalid(count, MIN_ASSETS, MAX_ASSETS));
        for (uint256 k; k < m.path.length; ++k) {
            uint256 given = m.path[k].weights.length;
            require(given == count, WeightCountInvalid(k, count, given));
        }
    }

    /// @notice Whether the bytes are 1 to 31 of printable ASCII followed by zeros only: what every reader shows alike.
    function isText(bytes32 text) internal pure returns (bool) {
        unchecked {
            uint256 word = uint256(text);
            // A byte above 0x7e has its highest bit set, or gets it by adding one. Below, no sum leaves its byte.
            if ((word | (word + EACH_BYTE)) & (EACH_BYTE << 7) != 0) return false;
            // The highest bit of each byte that is at least 0x20, spread over the byte; what is left has to be the end.
            uint256 high = (word + EACH_BYTE * 0x60) & (EACH_BYTE << 7);
            uint256 end = ~(high | (high - (high >> 7)));
            return high != 0 && end != 0 && end & (end + 1) == 0 && word & end == 0;
        }
    }

    // ---- inside

    function _validateTrigger(Trigger memory t) private pure {
        bool isBanded = t.kind != TriggerKind.CALENDAR;
        bool hasBand = t.band > 0 || t.relativeBand > 0;
        require(isBanded == hasBand && t.band <= BPS && t.relativeBand <= BPS, BandInvalid(t.band, t.relativeBand));
        if (t.kind == TriggerKind.THRESHOLD) {
            require(
                t.period == Period.DAY && t.every == 0 && t.anchor == 0, CalendarInvalid(t.period, t.every, t.anchor)
            );
        } else {
            require(t.every > 0 && t.anchor > 0, CalendarInvalid(t.period, t.every, t.anchor));
        }
    }

    function _validateDestination(Destination memory d, Trigger memory t) private pure {
        // {bps} what the absolute destination stays below; 1 leaves zero only
        uint256 below = t.band > 0 ? t.band : t.relativeBand > 0 ? 1 : BPS;
        uint256 relativeBelow = t.relativeBand > 0 ? t.relativeBand : 1;
        require(d.drift < below && d.relativeDrift < relativeBelow, DestinationInvalid(d.drift, d.relativeDrift));
    }

    function _validateLimits(Limits memory l) private pure {
        require(l.maxSlippage < BPS, MaxSlippageInvalid(l.maxSlippage));
        require(l.lossBudget > 0 && l.lossBudget <= BPS, LossBudgetInvalid(l.lossBudget));
        require(2 * uint256(l.maxLoss) <= l.lossBudget, MaxLossInvalid(l.maxLoss, l.lossBudget));
        require(
            l.turnoverBudget > 0 && l.turnoverBudget <= MAX_TURNOVER_BUDGET,
            TurnoverBudgetInvalid(l.turnoverBudget, MAX_TURNOVER_BUDGET)
        );
        require(l.budgetWindow >= MIN_BUDGET_WINDOW, BudgetWindowTooShort(l.budgetWindow, MIN_BUDGET_WINDOW));
        require(l.minTrade > 0, MinTradeZero());
        require(l.maxTrades > 0, MaxTradesZero());
    }

    function _validateFees(Fees memory f, address vault) private pure {
        require(
            f.management <= MAX_MANAGEMENT_FEE && f.performance <= MAX_PERFORMANCE_FEE,
            FeesTooHigh(f.management, f.performance)
        );
        bool isFree = f.management == 0 && f.performance == 0;
        require((f.recipient == address(0)) == isFree && f.recipient != vault, FeeRecipientInvalid(f.recipient));
    }

    function _validateVenues(address[] memory venues) private pure {
        for (uint256 i; i < venues.length; ++i) {
            require(venues[i] != address(0), VenueInvalid(i, venues[i]));
            for (uint256 j; j < i; ++j) {
                require(venues[i] != venues[j], VenueInvalid(i, venues[i]));
            }
        }
    }

    function _validateAssets(Mandate memory m, address vault) private pure {
        Asset[] memory assets = m.assets;
        uint256 widest; // {bps} largest deviation, and the second
        uint256 second;
        for (uint256 i; i < assets.length; ++i) {
            Asset memory a = assets[i];
            address token = a.token;
            require(token != address(0) && token != vault, TokenInvalid(i, token));
            for (uint256 j; j < i; ++j) {
                require(token != assets[j].token, TokenInvalid(i, token));
            }
            uint256 least = a.minWeight;
            uint256 most = a.maxWeight;
            require(least <= most && most <= BPS, WeightBoundsInvalid(i, least, most));
            uint256 deviation = a.feed.deviation;
            if (deviation > widest) (widest, second) = (deviation, widest);
            else if (deviation > second) second = deviation;
            _validateFeed(i, a, assets.length);
        }
        uint256 spread = m.spread;
        require(spread < BPS && (spread == 0 || spread >= widest + second), SpreadInvalid(spread, widest + second));
    }

    function _validateFeed(uint256 i, Asset memory a, uint256 count) private pure {
        Feed memory f = a.feed;
        require(f.source != address(0), FeedMissing(i));
        require(f.heartbeat > 0, HeartbeatZero(i));
        uint256 lowest = f.minAnswer;
        uint256 highest = f.maxAnswer;
        require(lowest > 0 && lowest <= highest, AnswerBoundsInvalid(i, lowest, highest));
        uint256 decimals = a.decimals;
        uint256 feedDecimals = f.decimals;
        require(decimals + feedDecimals <= VALUE_DECIMALS, DecimalsTooMany(i, decimals, feedDecimals));
        Twap memory t = f.twap;
        if (t.window == 0) {
            require(t.fee == 0 && t.maxDeviation == 0 && t.base == 0, TwapInvalid(i));
        } else {
            require(t.maxDeviation > 0 && t.maxDeviation < BPS && t.base < count && t.base != i, TwapInvalid(i));
        }
    }

    /// @dev That times ascend, and that each knot's weights sum to BPS and are within the assets' bounds.
    ///      A weight of zero is allowed: an asset to be sold, or to be bought later.
    function _validatePath(Knot[] memory path, Asset[] memory assets) private pure {
        uint256 previous;
        for (uint256 k; k < path.length; ++k) {
            Knot memory knot = path[k];
            require(k == 0 || knot.time > previous, KnotTimeInvalid(k, previous, knot.time));
            previous = knot.time;
            uint256 sum;
            for (uint256 i; i < assets.length; ++i) {
                uint256 weight = knot.weights[i];
                uint256 least = assets[i].minWeight;
                uint256 most = assets[i].maxWeight;
                require(weight >= least && weight <= most, TargetOutOfBounds(k, i, weight, least, most));
                sum += weight;
            }
            require(sum == BPS, TargetsInvalid(k, sum));
        }
    }
}
