// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3.sol";
import {MandateCodec} from "../libraries/MandateCodec.sol";
import {PoolAddress} from "../libraries/PoolAddress.sol";
import {TickPrice} from "../libraries/TickPrice.sol";
import {BPS, VALUE_DECIMALS} from "../types/Types.sol";

/// @title ChainlinkOracle
/// @notice Prices from Chainlink feeds, or from anything that answers `latestRoundData` as they do; where the mandate asks
///         for it, held against the time-weighted price of a Uniswap V3 pool.
///
/// LIVENESS. Fails closed: one feed that is unreadable, incomplete, not positive, out of bounds or stale fails the whole
/// read by name. So does a sequencer that is down, unreadable or has not yet been up for longer than its grace period:
/// a price is acceptable once now - startedAt > grace, as in Chainlink's own example. Redeeming needs no price, so it does
/// not depend on this contract.
///
/// SECOND SOURCE. The pool only vouches, the price is always the feed's. The two may differ by the mandate's maximum
/// deviation of the feed's price, inclusive. The pool counts in tokens of another asset, `base`, whose feed is read by the
/// same rules as every feed; `price` does not ask for the second source of `base` itself, `prices` asks for all. What a
/// pool says of the present block does not count, because no time has passed in it; to move the mean, a price has to be
/// held against the market for a part of the window. The pool must remember the window, or it is unreadable: on a busy
/// pool that takes about one observation for each block of the window (`increaseObservationCardinalityNext`).
///
/// ROUNDING. A feed's price is an integer answer times a power of ten: none. The mean tick is rounded towards negative
/// infinity, which makes the time-weighted price of the pool's token0 too low, and of its token1 too high, by less than
/// 0.01%; it is then rounded down to the unit. The comparison with the feed's price is exact.
///
/// ROLES. None: no owner, no state. Which feeds, which heartbeat and which bounds is the mandate's word on every call.
///
/// KNOWN LIMITS. A price inside its heartbeat may lag the market by up to the feed's deviation threshold. Who trades in
/// block after block can make a pool with too short a memory forget the window, and so stop rebalances. The words of the
/// assets are taken as MandateCodec writes them; what cannot be such words reverts without a name.
contract ChainlinkOracle is IPriceOracle {
    /// @dev Answer of an uptime feed. Whatever else it says counts as down.
    int256 private constant UP = 0;
    /// @dev Five words, the least that a feed answers.
    uint256 private constant ROUND_BYTES = 0xa0;

    /// @notice Deployer of the pools.
    address public immutable factory;
    /// @notice keccak256 of the pools' creation code.
    bytes32 public immutable poolInitCodeHash;

    constructor(address factory_, bytes32 poolInitCodeHash_) {
        factory = factory_;
        poolInitCodeHash = poolInitCodeHash_;
    }

    /// @inheritdoc IPriceOracle
    function prices(uint256 sequencer, uint256[] calldata feeds)
        external
        view
        returns (uint256[] memory values, uint80[] memory rounds)
    {
        if (sequencer != 0) _checkSequencer(sequencer);
        uint256 count = feeds.length / MandateCodec.PER_ASSET;
        (values, rounds) = _allocate(count);
        uint256 words; // where those of one asset stand in the calldata
        assembly ("memory-safe") {
            words := feeds.offset
        }
        uint256 sources; // every bit that any of them has
        for (uint256 i; i < count; ++i) {
            (uint256 value, uint256 round) = _read(words);
            assembly ("memory-safe") {
                let k := shl(5, add(i, 1))
                mstore(add(values, k), value)
                mstore(add(rounds, k), mload(round))
                sources := or(sources, calldataload(add(words, 0x20)))
                words := add(words, 0x60)
            }
        }
        if (_window(sources) != 0) _checkTwaps(feeds, values);
        assembly ("memory-safe") {
            // two offsets, two lengths and the elements
            return(sub(values, 0x40), add(0x80, shl(6, count)))
        }
    }

    /// @inheritdoc IPriceOracle
    function price(uint256 sequencer, uint256[] calldata feeds, uint256 asset)
        external
        view
        returns (uint256 value, uint80 roundId, uint256 updatedAt)
    {
        if (sequencer != 0) _checkSequencer(sequencer);
        uint256 round;
        (value, round) = _read(_words(feeds, asset));
        assembly ("memory-safe") {
            roundId := mload(round)
            updatedAt := mload(add(round, 0x60))
        }
        uint256 source = feeds[MandateCodec.PER_ASSET * asset + 1];
        if (_window(source) == 0) return (value, roundId, updatedAt);
        (uint256 basePrice,) = _read(_words(feeds, _base(source)));
        _checkTwap(feeds, asset, value, basePrice);
    }

    // ---- the feed

    /// @dev One predicate decides, and only a refusal pays for finding its name. The call is not a typed one: that would,
    ///      also inside `try`, revert without a name where the feed has no code or answers too little or too wide. It
    ///      copies exactly five words, so that a long answer costs nothing; they may lie above the free memory pointer
    ///      because nothing is allocated before they have been read.
    /// @param words where those of the asset stand in the calldata
    /// @return value D36{quote/qTok}
    /// @return round where the feed's answer stands in memory: id, answer, startedAt, updatedAt, answeredIn
    function _read(uint256 words) private view returns (uint256 value, uint256 round) {
        bytes4 selector = IAggregatorV3.latestRoundData.selector;
        bool readable;
        bool good;
        assembly ("memory-safe") {
            let own := calldataload(words)
            let bounds := calldataload(add(words, 0x40))
            round := mload(0x40)
            mstore(0, selector)
            readable := staticcall(gas(), calldataload(add(words, 0x20)), 0, 4, round, ROUND_BYTES)
            readable := and(readable, iszero(lt(returndatasize(), ROUND_BYTES)))
            let id := mload(round)
            let answer := mload(add(round, 0x20))
            let updatedAt := mload(add(round, 0x60))
            let answeredIn := mload(add(round, 0x80))
            // ids that fit, an answer of this round, a date
            let bad := or(or(shr(80, or(id, answeredIn)), lt(answeredIn, id)), iszero(updatedAt))
            // positive and within the bounds
            bad := or(bad, or(slt(answer, 1), or(lt(answer, shr(128, shl(128, bounds))), gt(answer, shr(128, bounds)))))
            // A date in the future gives an age above any heartbeat, which has 32 bits.
            bad := or(bad, gt(sub(timestamp(), updatedAt), shr(224, own)))
            let decimals := add(and(shr(192, own), 0xff), and(shr(200, own), 0xff))
            good := gt(readable, or(bad, gt(decimals, VALUE_DECIMALS)))
            // D36{quote/qTok} = {quote/tok in feed decimals} * 10^(36 - token decimals - feed decimals)
            // Cannot overflow: the bounds have 128 bits, and 10^36 has 120.
            value := mul(answer, exp(10, sub(VALUE_DECIMALS, decimals)))
        }
        if (!good) _refuse(words, readable, round);
    }

    /// @dev Never returns. Every condition of `_read` once more, in the order in which they are named.
    function _refuse(uint256 words, bool readable, uint256 round) private view {
        (uint256 own, uint256 source, uint256 bounds) = _load(words);
        (uint256 id, int256 answer, uint256 updatedAt, uint256 answeredIn) = _loadRound(round);
        address feed = address(uint160(source));
        if (!readable || id > type(uint80).max || answeredIn > type(uint80).max) revert FeedUnreadable(feed);
        if (updatedAt == 0 || answeredIn < id) revert RoundIncomplete(feed, uint80(id));
        if (answer <= 0) revert PriceNotPositive(feed, answer);
        (uint256 low, uint256 high) = (uint128(bounds), bounds >> 128);
        if (uint256(answer) < low || uint256(answer) > high) revert PriceOutOfBounds(feed, uint256(answer), low, high);
        uint256 heartbeat = own >> 224;
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > heartbeat) {
            revert PriceStale(feed, updatedAt, heartbeat);
        }
        // What is left: more decimals than a price can have.
        revert FeedUnreadable(feed);
    }

    // ---- the sequencer

    /// @dev Not a typed call, for the reason that `_read` gives.
    /// @param sequencer its uptime feed 160 and its grace 32
    function _checkSequencer(uint256 sequencer) private view {
        address feed = address(uint160(sequencer));
        uint256 grace = sequencer >> 160; // {s}
        // slither-disable-next-line low-level-calls
        (bool success, bytes memory round) = feed.staticcall(abi.encodeCall(IAggregatorV3.latestRoundData, ()));
        if (!success || round.length < ROUND_BYTES) revert FeedUnreadable(feed);
        (uint256 id, int256 answer, uint256 startedAt) = abi.decode(round, (uint256, int256, uint256));
        if (answer != UP) revert SequencerDown(feed);
        // A feed that nobody has written to yet.
        if (startedAt == 0) revert RoundIncomplete(feed, uint80(id));
        if (startedAt > block.timestamp || block.timestamp - startedAt <= grace) {
            revert SequencerInGrace(feed, startedAt, grace);
        }
    }

    // ---- the second source

    function _checkTwaps(uint256[] calldata feeds, uint256[] memory values) private view {
        for (uint256 i; i < values.length; ++i) {
            uint256 source = feeds[MandateCodec.PER_ASSET * i + 1];
            if (_window(source) != 0) _checkTwap(feeds, i, values[i], values[_base(source)]);
        }
    }

    /// @param value D36{quote/qTok} of the asset's feed
    /// @param basePrice D36{quote/qTok} of the base asset's feed
    function _checkTwap(uint256[] calldata feeds, uint256 asset, uint256 value, uint256 basePrice) private view {
        (uint256 own, uint256 source,) = _load(_words(feeds, asset));
        (uint256 baseOwn,,) = _load(_words(feeds, _base(source)));
        (address token, address base) = (address(uint160(own)), address(uint160(baseOwn)));
        address pool = PoolAddress.v3(factory, poolInitCodeHash, token, base, uint24(source >> 160));
        int24 tick = _meanTick(pool, uint32(_window(source)));
        uint256 twap = TickPrice.value(basePrice, token < base ? tick : -tick);
        uint256 maxDeviation = uint16(source >> 208);
        // D36{quote/qTok} = D36{quote/qTok} * {bps} / BPS. Rounding it down decides nothing: an integer is at most a
        // fraction exactly when it is at most the integer below.
        uint256 tolerance = FixedPointMathLib.fullMulDiv(value, maxDeviation, BPS);
        if (FixedPointMathLib.dist(value, twap) > tolerance) {
            revert PriceDeviates(address(uint160(source)), value, twap, maxDeviation);
        }
    }

    /// @dev A genuine pool answers in the shape of its interface or reverts, and no other code has a pool's address.
    /// @param window {s}
    function _meanTick(address pool, uint32 window) private view returns (int24) {
        if (pool.code.length == 0) revert TwapUnreadable(pool);
        uint32[] memory secondsAgo = new uint32[](2);
        secondsAgo[0] = window;
        // What a liquidity was is not asked.
        // slither-disable-next-line unused-return
        try IUniswapV3Pool(pool).observe(secondsAgo) returns (int56[] memory sums, uint160[] memory) {
            return TickPrice.mean(sums[0], sums[1], window);
        } catch {
            revert TwapUnreadable(pool);
        }
    }

    // ---- words, as MandateCodec lays them out, and memory

    /// @dev Reverts where there is no such asset.
    /// @return words where those of the asset stand in the calldata
    function _words(uint256[] calldata feeds, uint256 asset) private pure returns (uint256 words) {
        uint256 k = MandateCodec.PER_ASSET * asset;
        uint256[] calldata own = feeds[k:k + MandateCodec.PER_ASSET];
        assembly ("memory-safe") {
            words := own.offset
        }
    }

    function _load(uint256 words) private pure returns (uint256 own, uint256 source, uint256 bounds) {
        assembly ("memory-safe") {
            own := calldataload(words)
            source := calldataload(add(words, 0x20))
            bounds := calldataload(add(words, 0x40))
        }
    }

    function _loadRound(uint256 round)
        private
        pure
        returns (uint256 id, int256 answer, uint256 updatedAt, uint256 answeredIn)
    {
        assembly ("memory-safe") {
            id := mload(round)
            answer := mload(add(round, 0x20))
            updatedAt := mload(add(round, 0x60))
            answeredIn := mload(add(round, 0x80))
        }
    }

    /// @return {s} over which the second source is averaged; zero: none
    function _window(uint256 source) private pure returns (uint256) {
        return uint24(source >> 184);
    }

    /// @return index of the asset that the pool counts in
    function _base(uint256 source) private pure returns (uint256) {
        return uint8(source >> 224);
    }

    /// @dev Two arrays in one piece of memory, behind the two offsets that the ABI puts before them, so that they are
    ///      returned as they stand. The elements are not cleared: the caller writes them all.
    function _allocate(uint256 count) private pure returns (uint256[] memory values, uint80[] memory rounds) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            let size := shl(5, count)
            values := add(start, 0x40)
            rounds := add(add(values, 0x20), size)
            mstore(start, 0x40)
            mstore(add(start, 0x20), sub(rounds, start))
            mstore(values, count)
            mstore(rounds, count)
            mstore(0x40, add(add(rounds, 0x20), size))
        }
    }
}
