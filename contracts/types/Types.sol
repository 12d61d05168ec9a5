// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Weights, bands and limits are basis points; weights of one mandate sum to exactly BPS.
uint256 constant BPS = 10_000;

/// @dev Value is held as D36{quote}: an integer balance times an integer price, so that no value is ever rounded.
///      D36 because {qTok} carries up to 18 decimals and a feed up to 18 more.
uint256 constant VALUE_DECIMALS = 36;

uint256 constant MIN_ASSETS = 2;
uint256 constant MAX_ASSETS = 16;

/// @notice One price source and what makes its answer acceptable.
struct Feed {
    address source; // Chainlink AggregatorV3, answers in {quote/tok}
    uint32 heartbeat; // {s} oldest acceptable answer
    uint8 decimals; // decimals of `answer`, read at creation
    uint128 minAnswer; // lowest acceptable answer, in the feed's own decimals, inclusive
    uint128 maxAnswer; // highest acceptable answer, inclusive
}

/// @notice One asset of a mandate.
struct Asset {
    address token; // ERC-20; no fee on transfer, no rebasing
    uint8 decimals; // of the token, read at creation; with the feed's decimals at most VALUE_DECIMALS
    uint16 target; // {bps} prescribed share of value
    Feed feed;
}

/// @notice Which assets must end inside the destination.
enum Scope {
    BOOK, // every asset
    BREACH // only those whose drift reached the band
}

/// @notice Everything the owner prescribes for one vault, roles apart.
/// @dev Stored whole as the code of a data contract (libraries/MandateCodec.sol).
struct Mandate {
    bytes32 name; // share name, at most 31 bytes, left-aligned
    bytes32 symbol; // share symbol, at most 31 bytes, left-aligned
    bytes32 fileHash; // keccak256 of the mandate file that the owner signed off
    address oracle; // IPriceOracle
    Scope scope;
    uint16 band; // {bps} absolute drift at which a rebalance is due, inclusive
    uint16 destination; // {bps} drift inside which a rebalance must end, below `band`
    uint16 maxSlippage; // {bps} of one trade, against the oracle
    uint16 maxLoss; // {bps} of the vault's value in one rebalance, against the oracle
    uint32 cooldown; // {s} between two rebalances
    uint128 minTrade; // D18{quote} smallest trade, also the tolerance of `destination`
    address[] venues; // IVenue; a trade names one by its index
    Asset[] assets;
}

/// @notice Who may do what to one vault.
struct Roles {
    address owner; // everything but moving assets
    address guardian; // may pause, nothing else
    address[] keepers; // may rebalance within the mandate
}

/// @notice One swap of a plan. Indices are into the mandate's lists.
struct Trade {
    uint8 sell;
    uint8 buy;
    uint8 venue;
    uint128 amountIn; // {qTok of sell}
    uint128 minOut; // {qTok of buy} the keeper's own floor; the vault takes the higher of this and the oracle's
    bytes route; // the venue's own words, e.g. Uniswap V3 fee tiers
}

/// @notice The ordered trades of one rebalance.
struct Plan {
    uint40 nonce; // the vault's nonce, so that a plan executes at most once
    uint40 deadline; // {s} last acceptable block timestamp
    uint64 referenceBlock; // the block that the keeper read, at most 256 old
    bytes32 referenceHash; // its hash, so that a plan for another branch reverts
    bytes32 journalHead; // head of the keeper's own journal, anchored with the rebalance
    Trade[] trades;
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
    bytes32 planHash; // keccak256(abi.encode(plan))
    bytes32 journalHead;
    uint256 driftBefore; // D18{1} largest absolute drift, rounded down
    uint256 driftAfter; // D18{1}
    uint256 valueBefore; // D36{quote} at the oracle's prices
    uint256 valueAfter; // D36{quote} at the same prices
    uint256[] prices; // D36{quote/qTok}
    uint80[] rounds; // feed round ids behind `prices`
    Fill[] fills;
}

/// @notice What an entry of the ledger says. The payload is the ABI encoding of what stands behind each kind.
/// @dev Numbers are part of the recorded format: append, never reorder.
enum Kind {
    CREATED, // Mandate, Roles
    MINTED, // address caller, address receiver, uint256 shares, uint256[] amounts
    REDEEMED, // address caller, address receiver, address owner, uint256 shares, uint256[] amounts, uint256 skip
    REBALANCED, // Rebalance
    PAUSED, // address by
    UNPAUSED, // address by
    KEEPER_SET, // address keeper, bool allowed
    GUARDIAN_SET, // address guardian
    OWNER_PROPOSED, // address pendingOwner
    OWNER_SET // address owner
}
