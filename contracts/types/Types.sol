// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Weights, bands and limits are basis points; weights of one mandate sum to exactly BPS.
uint256 constant BPS = 10_000;

/// @dev Value is held as D36{quote}: an integer balance times an integer price, so that no value is ever rounded.
///      D36 because {qTok} carries up to 18 decimals and a feed up to 18 more.
uint256 constant VALUE_DECIMALS = 36;

uint256 constant MIN_ASSETS = 2;
uint256 constant MAX_ASSETS = 16;

// ---- the mandate

/// @notice A second price source: the time-weighted price of a Uniswap V3 pool of the asset's token and another asset's.
/// @dev The pool's own price is in tokens of `base`; times the feed's price of `base` it is comparable with the feed.
struct Twap {
    uint24 window; // {s} averaged over; zero: no second source
    uint24 fee; // {1e-6} names the pool
    uint16 maxDeviation; // {bps} from the feed's price, inclusive
    uint8 base; // index of the other asset
}

/// @notice One price source and what makes its answer acceptable.
struct Feed {
    address source; // Chainlink AggregatorV3, answers in {quote/tok}
    uint32 heartbeat; // {s} oldest acceptable answer
    uint8 decimals; // decimals of `answer`, read at creation
    uint16 deviation; // {bps} move at which the feed publishes anew; `spread` is at least as wide as any two together
    uint128 minAnswer; // lowest acceptable answer, in the feed's own decimals, inclusive
    uint128 maxAnswer; // highest acceptable answer, inclusive
    Twap twap;
}

/// @notice The uptime feed of an L2's sequencer.
struct Sequencer {
    address feed; // zero: no sequencer, as on L1
    uint32 grace; // {s} after a restart in which no price is acceptable
}

/// @notice One asset of a mandate.
struct Asset {
    address token; // ERC-20; no fee on transfer, no rebasing
    uint8 decimals; // of the token, read at creation; with the feed's decimals at most VALUE_DECIMALS
    uint16 minWeight; // {bps} lowest target that the path may ever give it
    uint16 maxWeight; // {bps} highest
    Feed feed;
}

/// @notice Targets at one moment. Between two knots they are interpolated, before the first and after the last constant.
struct Knot {
    uint40 time; // {s}
    uint16[] weights; // {bps} one for each asset, sum exactly BPS
}

/// @notice When a rebalance is due.
enum TriggerKind {
    THRESHOLD, // an asset's drift has reached its band
    CALENDAR, // a period has begun since the last rebalance
    EITHER,
    BOTH
}

enum Period {
    DAY,
    WEEK,
    MONTH,
    QUARTER,
    YEAR
}

struct Trigger {
    TriggerKind kind;
    uint16 band; // {bps} absolute drift, inclusive; zero: none
    uint16 relativeBand; // {bps of the target} drift relative to the target, inclusive; zero: none. With both: the first.
    Period period;
    uint16 every; // {periods}
    uint40 anchor; // {s} first firing; later ones follow on calendar days and months in UTC
    uint32 cooldown; // {s} between the end of one rebalance and the opening of the next
}

/// @notice Which assets must end inside the destination.
enum Scope {
    BOOK, // every asset
    BREACH // only those whose drift reached the band
}

/// @notice Where a rebalance must end.
struct Destination {
    uint16 drift; // {bps} absolute; goes with `band`, and alone with a mere calendar
    uint16 relativeDrift; // {bps of the target} goes with `relativeBand`. With both: the nearer to the target.
    Scope scope;
    uint32 window; // {s} in which a rebalance may be finished in further parts; zero: all at once
}

/// @notice What one rebalance, and all of them within any `budgetWindow`, may cost and do.
struct Limits {
    uint16 maxSlippage; // {bps} of one trade, against the oracle
    uint16 maxLoss; // {bps} of the vault's value in one plan; the losses of its trades, gains do not offset them
    uint16 lossBudget; // {bps} of the vault's value lost in any `budgetWindow`, at most half of it at once
    uint32 turnoverBudget; // {bps} of the vault's value sold in any `budgetWindow`, at most half of it at once
    uint32 budgetWindow; // {s}
    uint128 minTrade; // D18{quote} smallest trade, also the tolerance of the destination
    uint8 maxTrades; // in one plan
    uint16 maxStep; // {bps} by which the strategist may move an asset's target at once
    uint32 stepDelay; // {s} between two such moves
}

/// @notice Taken as new shares, so that they dilute all holders alike.
struct Fees {
    address recipient; // zero exactly when both fees are
    uint16 management; // {bps per year} of the shares
    uint16 performance; // {bps} of the rise of a share's value above its highest at any earlier fee
}

/// @notice Everything the owner prescribes for one vault, roles apart.
/// @dev Stored whole as code (libraries/MandateCodec.sol).
struct Mandate {
    bytes32 name; // share name, at most 31 bytes, left-aligned
    bytes32 symbol; // share symbol, at most 31 bytes, left-aligned
    bytes32 fileHash; // keccak256 of the mandate file that the owner signed off
    address oracle; // IPriceOracle
    Sequencer sequencer;
    Trigger trigger;
    Destination destination;
    Limits limits;
    Fees fees;
    uint16 spread; // {bps} kept from `deposit` and `withdraw` for the other holders; zero: neither is allowed
    uint32 timelock; // {s} that a loosening waits
    address[] venues; // IVenue; a trade names one by its index
    Asset[] assets;
    Knot[] path; // the targets, times ascending
}

/// @notice Who may do what to one vault.
struct Roles {
    address owner; // loosens after the timelock, tightens at once; cannot move assets
    address strategist; // moves targets inside the mandate
    address guardian; // may pause and revoke what waits for the timelock, nothing else
    address[] keepers; // may rebalance within the mandate
}

/// @notice What an owner can give up for good.
enum Power {
    MANDATE, // to set another mandate, tighter ones included
    TARGETS, // to move targets: the path is then locked, for the strategist too
    ROLES, // to add a keeper or set a strategist or a guardian; removing stays
    PAUSE // to pause, for the guardian too
}

// ---- a rebalance

/// @notice One swap of a plan. Indices are into the mandate's lists.
struct Trade {
    uint8 sell;
    uint8 buy;
    uint8 venue;
    uint128 amountIn; // {qTok of sell}
    uint128 minOut; // {qTok of buy} the keeper's own floor; the vault takes the higher of this and the oracle's
    bytes route; // the venue's own words, e.g. Uniswap V3 fee tiers
}

/// @notice The ordered trades of one rebalance, or of one part of it.
struct Plan {
    uint40 nonce; // the vault's nonce, so that a plan executes at most once
    uint40 deadline; // {s} last acceptable block timestamp
    uint64 referenceBlock; // the block that the keeper read, at most 256 old
    bytes32 referenceHash; // its hash, so that a plan for another branch reverts
    bytes32 journalHead; // head of the keeper's own journal, anchored with the rebalance
    bool part; // whether the destination may be left to further plans
    Trade[] trades;
}

/// @notice Why a rebalance is due, or why not.
enum Cause {
    THRESHOLD, // due: a drift has reached its band
    CALENDAR, // due: a period has begun
    THRESHOLD_AND_CALENDAR, // due: both
    OPEN, // due: a rebalance in parts goes on
    IN_BAND, // not due: no drift has reached its band
    BEFORE_PERIOD, // not due: the next period has not begun
    COOLING_DOWN,
    PAUSED,
    NO_VALUE,
    PRICE_UNUSABLE
}

/// @notice The answer of `due`.
struct Due {
    bool due;
    Cause cause;
    uint40 next; // {s} when time alone can change this: end of the cool-down, of the open rebalance, next period; zero: never
    uint16 breaches; // bitmap of assets that have to reach the destination
    uint256 largestDrift; // D18{1} absolute, rounded down
    uint256 largestRelativeDrift; // D18{1} relative to the target, rounded down; assets without a target left out
    uint256 turnoverDrift; // D18{1} half of the sum of absolute drifts, rounded down
    uint256 total; // D36{quote}
    int256[] moves; // D36{quote} to buy (positive) or sell, for each asset, to end at the nearest point of its destination
    bytes failure; // the oracle's revert data when the cause is PRICE_UNUSABLE
}

/// @notice One executed trade, as recorded.
struct Fill {
    uint8 sell;
    uint8 buy;
    uint8 venue;
    uint256 amountIn; // {qTok of sell}
    uint256 amountOut; // {qTok of buy}
}

/// @notice The payload of a REBALANCED entry.
struct Rebalance {
    address keeper;
    uint40 nonce;
    Cause cause;
    bool open; // whether further parts may follow
    bytes32 planHash; // keccak256 of the encoded plan, as called
    bytes32 journalHead;
    uint256 driftBefore; // D18{1} largest absolute drift, rounded down
    uint256 driftAfter; // D18{1}
    uint256 valueBefore; // D36{quote} at the oracle's prices
    uint256 valueAfter; // D36{quote} at the same prices
    uint256[] prices; // D36{quote/qTok}
    uint80[] rounds; // feed round ids behind `prices`
    Fill[] fills;
}

/// @notice What is known of a vault besides its mandate, roles and holdings.
struct Status {
    uint40 nonce; // of the next plan
    uint40 lastRebalance; // {s} zero before the first
    uint40 openUntil; // {s} end of the open rebalance; past or zero: none is open
    uint16 breaches; // bitmap of assets that the open rebalance has to bring home
    bool paused;
    uint256 lossUsed; // D14{1} of the loss budget at this moment, rounded up
    uint256 turnoverUsed; // D14{1} of the turnover budget at this moment, rounded up
    uint40 lastTargetChange; // {s} by the strategist; zero before the first
    uint40 lastFee; // {s} until when the management fee has been taken
    uint256 highWaterMark; // D36{quote/share} highest value of a share at any performance fee; zero before the first
    uint8 renounced; // bitmap of Power
}

/// @notice What an entry of the ledger says. The payload is the ABI encoding of what stands behind each kind.
/// @dev Numbers are part of the recorded format: append, never reorder.
enum Kind {
    CREATED, // Mandate, Roles
    MINTED, // address caller, address receiver, uint256 shares, uint256[] amounts
    REDEEMED, // address caller, address receiver, address owner, uint256 shares, uint256[] amounts, uint256 skip
    REBALANCED, // Rebalance, packed by libraries/RebalanceCodec.sol
    PAUSED, // address by
    UNPAUSED, // address by
    KEEPER_SET, // address keeper, bool allowed
    GUARDIAN_SET, // address guardian
    OWNER_PROPOSED, // address pendingOwner
    OWNER_SET, // address owner
    STRATEGIST_SET, // address strategist
    DEPOSITED, // address caller, address receiver, uint256 shares, uint256[] amounts, uint256[] prices, uint80[] rounds
    WITHDRAWN, // address caller, address receiver, address owner, uint256 shares, uint256[] amounts, uint256[] prices, uint80[] rounds
    FEES_TAKEN, // address recipient, uint256 managementShares, uint256 performanceShares, uint256 highWaterMark
    TARGETS_SET, // address by, Knot[] path
    MANDATE_SET, // Mandate
    SUBMITTED, // bytes call, uint256 executableAt
    REVOKED, // address by, bytes32 callHash
    RENOUNCED, // Power
    DECLARED // bytes32 statement
}
