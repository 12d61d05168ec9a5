// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset, Feed, Mandate, Scope} from "../types/Types.sol";

/// @notice A mandate as 32-byte words, to be stored as the code of a data contract and read back with few instructions.
/// @dev Words, in order; within a word the first field stands highest:
///      0        oracle 160, scope 8, band 16, destination 16, maxSlippage 16, maxLoss 16, venues 8, assets 8
///      1        cooldown 32, minTrade 128
///      then     one word for each venue: venue 160
///      then     three words for each asset:
///                 heartbeat 32, feed decimals 8, target 16, token decimals 8, token 160
///                 feed source 160
///                 maxAnswer 128, minAnswer 128
///      the last name, symbol, fileHash
library MandateCodec {
    uint256 private constant HEADER = 2;
    uint256 private constant PER_ASSET = 3;
    uint256 private constant FOOTER = 3;

    /// @notice The words of a mandate that `MandateRules.validate` has passed.
    function pack(Mandate memory m) internal pure returns (bytes memory) {
        uint256 venues = m.venues.length;
        uint256 assets = m.assets.length;
        uint256[] memory words = new uint256[](HEADER + venues + PER_ASSET * assets + FOOTER);
        words[0] = uint256(uint160(m.oracle)) << 96 | uint256(m.scope) << 80 | uint256(m.band) << 64
            | uint256(m.destination) << 48 | uint256(m.maxSlippage) << 32 | uint256(m.maxLoss) << 16 | venues << 8
            | assets;
        words[1] = uint256(m.cooldown) << 128 | m.minTrade;

        uint256 k = HEADER;
        for (uint256 i; i < venues; ++i) {
            words[k++] = uint160(m.venues[i]);
        }
        for (uint256 i; i < assets; ++i) {
            Asset memory a = m.assets[i];
            words[k++] = uint256(a.feed.heartbeat) << 192 | uint256(a.feed.decimals) << 184 | uint256(a.target) << 168
                | uint256(a.decimals) << 160 | uint160(a.token);
            words[k++] = uint160(a.feed.source);
            words[k++] = uint256(a.feed.maxAnswer) << 128 | a.feed.minAnswer;
        }
        words[k++] = uint256(m.name);
        words[k++] = uint256(m.symbol);
        words[k] = uint256(m.fileHash);
        return abi.encodePacked(words);
    }

    /// @notice The mandate behind the words of `pack`.
    /// @dev Narrowing casts drop the neighbouring fields on purpose.
    function unpack(bytes memory data) internal pure returns (Mandate memory m) {
        uint256 w = _word(data, 0);
        m.oracle = address(uint160(w >> 96));
        m.scope = Scope(uint8(w >> 80));
        m.band = uint16(w >> 64);
        m.destination = uint16(w >> 48);
        m.maxSlippage = uint16(w >> 32);
        m.maxLoss = uint16(w >> 16);
        m.venues = new address[](uint8(w >> 8));
        m.assets = new Asset[](uint8(w));
        w = _word(data, 1);
        m.cooldown = uint32(w >> 128);
        m.minTrade = uint128(w);

        uint256 k = HEADER;
        for (uint256 i; i < m.venues.length; ++i) {
            m.venues[i] = address(uint160(_word(data, k++)));
        }
        for (uint256 i; i < m.assets.length; ++i) {
            _unpackAsset(data, k, m.assets[i]);
            k += PER_ASSET;
        }
        m.name = bytes32(_word(data, k++));
        m.symbol = bytes32(_word(data, k++));
        m.fileHash = bytes32(_word(data, k));
    }

    /// @notice The tokens alone, for calls that need no more of the mandate.
    function tokens(bytes memory data) internal pure returns (address[] memory list) {
        uint256 w = _word(data, 0);
        list = new address[](uint8(w));
        uint256 k = HEADER + uint8(w >> 8);
        for (uint256 i; i < list.length; ++i) {
            list[i] = address(uint160(_word(data, k)));
            k += PER_ASSET;
        }
    }

    function name(bytes memory data) internal pure returns (bytes32) {
        return bytes32(_word(data, data.length / 32 - 3));
    }

    function symbol(bytes memory data) internal pure returns (bytes32) {
        return bytes32(_word(data, data.length / 32 - 2));
    }

    function _unpackAsset(bytes memory data, uint256 k, Asset memory a) private pure {
        uint256 w = _word(data, k);
        a.token = address(uint160(w));
        a.decimals = uint8(w >> 160);
        a.target = uint16(w >> 168);
        Feed memory f = a.feed;
        f.decimals = uint8(w >> 184);
        f.heartbeat = uint32(w >> 192);
        f.source = address(uint160(_word(data, k + 1)));
        w = _word(data, k + 2);
        f.minAnswer = uint128(w);
        f.maxAnswer = uint128(w >> 128);
    }

    /// @dev No bounds check: `data` is what `pack` wrote, and the counts in its first word say how long that is.
    function _word(bytes memory data, uint256 index) private pure returns (uint256 w) {
        assembly ("memory-safe") {
            w := mload(add(add(data, 32), shl(5, index)))
        }
    }
}
