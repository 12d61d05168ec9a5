// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Asset,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    Mandate,
    Period,
    Scope,
    Sequencer,
    Trigger,
    TriggerKind,
    Twap
} from "../types/Types.sol";

/// @notice A mandate as 32-byte words, to be stored as code and read back with few instructions.
/// @dev Words, in order; within a word the first field stands highest:
///      0        unused 8, oracle 160, scope 8, trigger kind 8, period 8, band 16, relativeBand 16, maxTrades 8, knots 8,
///               venues 8, assets 8
///      1        minTrade 128, cooldown 32, destination drift 16, relativeDrift 16, maxSlippage 16, maxLoss 16,
///               lossBudget 16, every 16
///      2        unused 24, anchor 40, budgetWindow 32, turnoverBudget 32, destination window 32, maxStep 16,
///               stepDelay 32, timelock 32, spread 16
///      3        unused 32, management 16, performance 16, sequencer grace 32, sequencer feed 160
///      4        fee recipient 160
///      then     one word for each venue: venue 160
///      then     three words for each asset, which are also what the oracle reads:
///                 heartbeat 32, deviation 16, feed decimals 8, token decimals 8, minWeight 16, maxWeight 16, token 160
///                 twap base 8, twap maxDeviation 16, twap window 24, twap fee 24, feed source 160
///                 maxAnswer 128, minAnswer 128
///      then     two words for each knot: time; weights of 16 bits each, asset 0 lowest
///      the last name, symbol, fileHash
library MandateCodec {
    uint256 internal constant PER_ASSET = 3;
    uint256 private constant HEADER = 5;
    uint256 private constant PER_KNOT = 2;
    uint256 private constant FOOTER = 3;

    // ---- whole

    /// @notice The words of a mandate that `MandateRules.validate` has passed.
    function pack(Mandate memory m) internal pure returns (bytes memory packed) {
        uint256[] memory words =
            new uint256[](HEADER + m.venues.length + PER_ASSET * m.assets.length + PER_KNOT * m.path.length + FOOTER);
        _packHeader(m, words);
        uint256 k = HEADER;
        for (uint256 i; i < m.venues.length; ++i) {
            words[k++] = uint160(m.venues[i]);
        }
        for (uint256 i; i < m.assets.length; ++i) {
            (words[k], words[k + 1], words[k + 2]) = _packAsset(m.assets[i]);
            k += PER_ASSET;
        }
        for (uint256 i; i < m.path.length; ++i) {
            words[k++] = m.path[i].time;
            words[k++] = packWeights(m.path[i].weights);
        }
        words[k++] = uint256(m.name);
        words[k++] = uint256(m.symbol);
        words[k] = uint256(m.fileHash);
        // The same memory, counted in bytes.
        assembly ("memory-safe") {
            packed := words
            mstore(packed, shl(5, mload(words)))
        }
    }

    /// @notice The mandate behind the words of `pack`.
    function unpack(bytes memory words) internal pure returns (Mandate memory m) {
        m.oracle = oracle(words);
        m.sequencer = Sequencer({feed: address(uint160(_word(words, 3))), grace: uint32(_word(words, 3) >> 160)});
        m.trigger = trigger(words);
        m.destination = destination(words);
        m.limits = limits(words);
        m.fees = fees(words);
        m.spread = spread(words);
        m.timelock = timelock(words);
        m.venues = new address[](venueCount(words));
        for (uint256 i; i < m.venues.length; ++i) {
            m.venues[i] = venue(words, i);
        }
        m.assets = _unpackAssets(words);
        m.path = new Knot[](knotCount(words));
        for (uint256 i; i < m.path.length; ++i) {
            (uint256 time, uint256 weights) = knot(words, i);
            m.path[i] = Knot({time: uint40(time), weights: unpackWeights(weights, m.assets.length)});
        }
        uint256 last = words.length / 32;
        m.name = name(words);
        m.symbol = symbol(words);
        m.fileHash = bytes32(_word(words, last - 1));
    }

    /// @notice Weights of at most 16 assets in one word, asset 0 lowest.
    function packWeights(uint16[] memory weights) internal pure returns (uint256 packed) {
        for (uint256 i; i < weights.length; ++i) {
            packed |= uint256(weights[i]) << (16 * i);
        }
    }

    function unpackWeights(uint256 packed, uint256 count) internal pure returns (uint16[] memory weights) {
        weights = new uint16[](count);
        for (uint256 i; i < count; ++i) {
            weights[i] = uint16(packed >> (16 * i));
        }
    }

    // ---- parts, for calls that need no more; narrowing casts drop the neighbouring fields on purpose, and counts and
    //      indices have 8 bits each, so that no position wraps

    function assetCount(bytes memory words) internal pure returns (uint256) {
        return uint8(_word(words, 0));
    }

    function venueCount(bytes memory words) internal pure returns (uint256) {
        return uint8(_word(words, 0) >> 8);
    }

    function knotCount(bytes memory words) internal pure returns (uint256) {
        return uint8(_word(words, 0) >> 16);
    }

    function oracle(bytes memory words) internal pure returns (address) {
        return address(uint160(_word(words, 0) >> 88));
    }

    /// @return feed 160 and grace 32, as the oracle wants them
    function sequencer(bytes memory words) internal pure returns (uint256) {
        return uint192(_word(words, 3));
    }

    function trigger(bytes memory words) internal pure returns (Trigger memory t) {
        uint256 w = _word(words, 0);
        t.kind = TriggerKind(uint8(w >> 72));
        t.period = Period(uint8(w >> 64));
        t.band = uint16(w >> 48);
        t.relativeBand = uint16(w >> 32);
        w = _word(words, 1);
        t.cooldown = uint32(w >> 96);
        t.every = uint16(w);
        t.anchor = uint40(_word(words, 2) >> 192);
    }

    /// @return {s}
    function cooldown(bytes memory words) internal pure returns (uint32) {
        return uint32(_word(words, 1) >> 96);
    }

    function destination(bytes memory words) internal pure returns (Destination memory d) {
        d.scope = Scope(uint8(_word(words, 0) >> 80));
        uint256 w = _word(words, 1);
        d.drift = uint16(w >> 80);
        d.relativeDrift = uint16(w >> 64);
        d.window = uint32(_word(words, 2) >> 96);
    }

    /// @return {s} in which a rebalance may be finished in further parts
    function window(bytes memory words) internal pure returns (uint32) {
        return uint32(_word(words, 2) >> 96);
    }

    function maxTrades(bytes memory words) internal pure returns (uint256) {
        return uint8(_word(words, 0) >> 24);
    }

    /// @return D18{quote}
    function minTrade(bytes memory words) internal pure returns (uint256) {
        return _word(words, 1) >> 128;
    }

    /// @return {bps}
    function maxSlippage(bytes memory words) internal pure returns (uint256) {
        return uint16(_word(words, 1) >> 48);
    }

    /// @return {bps}
    function maxLoss(bytes memory words) internal pure returns (uint256) {
        return uint16(_word(words, 1) >> 32);
    }

    /// @return {bps}
    function lossBudget(bytes memory words) internal pure returns (uint256) {
        return uint16(_word(words, 1) >> 16);
    }

    /// @return {bps}
    function turnoverBudget(bytes memory words) internal pure returns (uint256) {
        return uint32(_word(words, 2) >> 128);
    }

    /// @return {s}
    function budgetWindow(bytes memory words) internal pure returns (uint256) {
        return uint32(_word(words, 2) >> 160);
    }

    function limits(bytes memory words) internal pure returns (Limits memory l) {
        l.maxTrades = uint8(_word(words, 0) >> 24);
        uint256 w = _word(words, 1);
        l.minTrade = uint128(w >> 128);
        l.maxSlippage = uint16(w >> 48);
        l.maxLoss = uint16(w >> 32);
        l.lossBudget = uint16(w >> 16);
        w = _word(words, 2);
        l.budgetWindow = uint32(w >> 160);
        l.turnoverBudget = uint32(w >> 128);
        l.maxStep = uint16(w >> 80);
        l.stepDelay = uint32(w >> 48);
    }

    function fees(bytes memory words) internal pure returns (Fees memory f) {
        uint256 w = _word(words, 3);
        f.management = uint16(w >> 208);
        f.performance = uint16(w >> 192);
        f.recipient = address(uint160(_word(words, 4)));
    }

    /// @return {bps per year}
    function managementFee(bytes memory words) internal pure returns (uint256) {
        return uint16(_word(words, 3) >> 208);
    }

    /// @return {bps}
    function spread(bytes memory words) internal pure returns (uint16) {
        return uint16(_word(words, 2));
    }

    /// @return {s}
    function timelock(bytes memory words) internal pure returns (uint32) {
        return uint32(_word(words, 2) >> 16);
    }

    /// @dev The caller has checked the index.
    function venue(bytes memory words, uint256 index) internal pure returns (address) {
        unchecked {
            return address(uint160(_word(words, HEADER + index)));
        }
    }

    /// @dev The caller has checked the index.
    function token(bytes memory words, uint256 index) internal pure returns (address found) {
        uint256 from = _assets(words);
        assembly ("memory-safe") {
            found := shr(96, shl(96, mload(add(from, mul(index, 96))))) // PER_ASSET words
        }
    }

    function tokens(bytes memory words) internal pure returns (address[] memory list) {
        list = new address[](assetCount(words));
        uint256 from = _assets(words);
        assembly ("memory-safe") {
            let to := add(list, 32)
            for { let end := add(to, shl(5, mload(list))) } lt(to, end) { to := add(to, 32) } {
                mstore(to, shr(96, shl(96, mload(from))))
                from := add(from, 96) // PER_ASSET words
            }
        }
    }

    /// @notice Where in memory the word of the first asset's token stands, whose low 160 bits it is; the next are PER_ASSET
    ///         words apart.
    function tokensAt(bytes memory words) internal pure returns (uint256 from, uint256 count) {
        return (_assets(words), assetCount(words));
    }

    /// @notice The three words of each asset, as the oracle wants them.
    function feeds(bytes memory words) internal pure returns (uint256[] memory list) {
        list = new uint256[](PER_ASSET * assetCount(words));
        uint256 from = _assets(words);
        assembly ("memory-safe") {
            let to := add(list, 32)
            for { let end := add(to, shl(5, mload(list))) } lt(to, end) { to := add(to, 32) } {
                mstore(to, mload(from))
                from := add(from, 32)
            }
        }
    }

    /// @notice Where in memory those words begin, and how many they are.
    /// @return from at least HEADER words into the memory of `words`
    function feedsAt(bytes memory words) internal pure returns (uint256 from, uint256 count) {
        return (_assets(words), PER_ASSET * assetCount(words));
    }

    /// @dev The caller has checked the index.
    /// @return time {s}
    /// @return weights packed
    function knot(bytes memory words, uint256 index) internal pure returns (uint256 time, uint256 weights) {
        unchecked {
            uint256 k = HEADER + venueCount(words) + PER_ASSET * assetCount(words) + PER_KNOT * index;
            return (_word(words, k), _word(words, k + 1));
        }
    }

    /// @return time {s}
    /// @return weights packed
    function lastKnot(bytes memory words) internal pure returns (uint256 time, uint256 weights) {
        assembly ("memory-safe") {
            // Only FOOTER words stand behind it.
            let end := add(words, mload(words))
            time := mload(sub(end, 0x80))
            weights := mload(sub(end, 0x60))
        }
    }

    function name(bytes memory words) internal pure returns (bytes32) {
        return bytes32(_word(words, words.length / 32 - 3));
    }

    function symbol(bytes memory words) internal pure returns (bytes32) {
        return bytes32(_word(words, words.length / 32 - 2));
    }

    // ---- inside

    function _packHeader(Mandate memory m, uint256[] memory words) private pure {
        Trigger memory t = m.trigger;
        Limits memory l = m.limits;
        words[0] = uint256(uint160(m.oracle)) << 88 | uint256(m.destination.scope) << 80 | uint256(t.kind) << 72
            | uint256(t.period) << 64 | uint256(t.band) << 48 | uint256(t.relativeBand) << 32 | uint256(l.maxTrades)
            << 24 | m.path.length << 16 | m.venues.length << 8 | m.assets.length;
        words[1] = uint256(l.minTrade) << 128 | uint256(t.cooldown) << 96 | uint256(m.destination.drift) << 80
            | uint256(m.destination.relativeDrift) << 64 | uint256(l.maxSlippage) << 48 | uint256(l.maxLoss) << 32
            | uint256(l.lossBudget) << 16 | t.every;
        words[2] = uint256(t.anchor) << 192 | uint256(l.budgetWindow) << 160 | uint256(l.turnoverBudget) << 128
            | uint256(m.destination.window) << 96 | uint256(l.maxStep) << 80 | uint256(l.stepDelay) << 48
            | uint256(m.timelock) << 16 | m.spread;
        words[3] = uint256(m.fees.management) << 208 | uint256(m.fees.performance) << 192 | uint256(m.sequencer.grace)
            << 160 | uint160(m.sequencer.feed);
        words[4] = uint160(m.fees.recipient);
    }

    function _packAsset(Asset memory a) private pure returns (uint256, uint256, uint256) {
        Feed memory f = a.feed;
        Twap memory t = f.twap;
        return (
            uint256(f.heartbeat) << 224 | uint256(f.deviation) << 208 | uint256(f.decimals) << 200 | uint256(a.decimals)
                << 192 | uint256(a.minWeight) << 176 | uint256(a.maxWeight) << 160 | uint160(a.token),
            uint256(t.base) << 224 | uint256(t.maxDeviation) << 208 | uint256(t.window) << 184 | uint256(t.fee) << 160
                | uint160(f.source),
            uint256(f.maxAnswer) << 128 | f.minAnswer
        );
    }

    /// @dev A list of structs is one of pointers. The compiler's own would first be filled with structs of zeros.
    function _unpackAssets(bytes memory words) private pure returns (Asset[] memory assets) {
        uint256[] memory pointers = new uint256[](assetCount(words));
        uint256 k = HEADER + venueCount(words);
        for (uint256 i; i < pointers.length; ++i) {
            uint256 w = _word(words, k);
            uint256 source = _word(words, k + 1);
            uint256 bounds = _word(words, k + 2);
            Asset memory a = Asset({
                token: address(uint160(w)),
                decimals: uint8(w >> 192),
                minWeight: uint16(w >> 176),
                maxWeight: uint16(w >> 160),
                feed: Feed({
                    source: address(uint160(source)),
                    heartbeat: uint32(w >> 224),
                    decimals: uint8(w >> 200),
                    deviation: uint16(w >> 208),
                    minAnswer: uint128(bounds),
                    maxAnswer: uint128(bounds >> 128),
                    twap: Twap({
                        window: uint24(source >> 184),
                        fee: uint24(source >> 160),
                        maxDeviation: uint16(source >> 208),
                        base: uint8(source >> 224)
                    })
                })
            });
            assembly ("memory-safe") {
                mstore(add(add(pointers, 32), shl(5, i)), a)
            }
            k += PER_ASSET;
        }
        assembly ("memory-safe") {
            assets := pointers
        }
    }

    function _assets(bytes memory words) private pure returns (uint256 from) {
        assembly ("memory-safe") {
            // venueCount, the last byte but one of the first word
            let venues := byte(30, mload(add(words, 32)))
            from := add(add(words, 32), shl(5, add(HEADER, venues)))
        }
    }

    /// @dev No bounds check: `words` is what `pack` wrote, and the counts in its first word say how long that is.
    function _word(bytes memory words, uint256 index) private pure returns (uint256 w) {
        assembly ("memory-safe") {
            w := mload(add(add(words, 32), shl(5, index)))
        }
    }
}
