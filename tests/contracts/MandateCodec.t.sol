// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {MandateCodec} from "../../contracts/libraries/MandateCodec.sol";
import {Asset, Feed, MAX_ASSETS, MIN_ASSETS, Mandate, Scope} from "../../contracts/types/Types.sol";

contract MandateCodecTest is Test {
    /// VLT-11: what is read back is what was written, field by field, for every shape.
    function test_pack__any_mandate__unpacks_to_itself(uint256 seed, uint256 assets, uint256 venues) public pure {
        Mandate memory m = _mandate(seed, bound(assets, MIN_ASSETS, MAX_ASSETS), bound(venues, 1, 255));
        Mandate memory back = MandateCodec.unpack(MandateCodec.pack(m));
        assertEq(abi.encode(back), abi.encode(m), "VLT-11 round trip");
    }

    function test_pack__every_field_at_its_largest__unpacks_to_itself() public pure {
        Mandate memory m = _mandate(0, MAX_ASSETS, 255);
        m.oracle = address(type(uint160).max);
        m.scope = Scope.BREACH;
        (m.band, m.destination, m.maxSlippage, m.maxLoss) = (65_535, 65_535, 65_535, 65_535);
        (m.cooldown, m.minTrade) = (type(uint32).max, type(uint128).max);
        (m.name, m.symbol, m.fileHash) = (~bytes32(0), ~bytes32(0), ~bytes32(0));
        for (uint256 i; i < MAX_ASSETS; ++i) {
            m.assets[i] = Asset({
                token: address(type(uint160).max),
                decimals: 255,
                target: 65_535,
                feed: Feed({
                    source: address(type(uint160).max),
                    heartbeat: type(uint32).max,
                    decimals: 255,
                    minAnswer: type(uint128).max,
                    maxAnswer: type(uint128).max
                })
            });
        }
        assertEq(abi.encode(MandateCodec.unpack(MandateCodec.pack(m))), abi.encode(m), "VLT-11 largest");
    }

    function test_tokens_name_symbol__agree_with_the_whole(uint256 seed, uint256 assets, uint256 venues) public pure {
        Mandate memory m = _mandate(seed, bound(assets, MIN_ASSETS, MAX_ASSETS), bound(venues, 1, 255));
        bytes memory data = MandateCodec.pack(m);
        address[] memory tokens = MandateCodec.tokens(data);
        assertEq(tokens.length, m.assets.length, "VLT-11 number of tokens");
        for (uint256 i; i < tokens.length; ++i) {
            assertEq(tokens[i], m.assets[i].token, "VLT-11 token");
        }
        assertEq(MandateCodec.name(data), m.name, "VLT-11 name");
        assertEq(MandateCodec.symbol(data), m.symbol, "VLT-11 symbol");
    }

    /// @dev Two words of header, one for each venue, three for each asset, three at the end.
    function test_pack__has_the_documented_size(uint256 assets, uint256 venues) public pure {
        assets = bound(assets, MIN_ASSETS, MAX_ASSETS);
        venues = bound(venues, 1, 255);
        assertEq(MandateCodec.pack(_mandate(1, assets, venues)).length, 32 * (5 + venues + 3 * assets), "VLT-11 size");
    }

    function _mandate(uint256 seed, uint256 assets, uint256 venues) private pure returns (Mandate memory m) {
        m.name = bytes32(_word(seed, 1));
        m.symbol = bytes32(_word(seed, 2));
        m.fileHash = bytes32(_word(seed, 3));
        m.oracle = address(uint160(_word(seed, 4)));
        m.scope = Scope(_word(seed, 5) % 2);
        m.band = uint16(_word(seed, 6));
        m.destination = uint16(_word(seed, 7));
        m.maxSlippage = uint16(_word(seed, 8));
        m.maxLoss = uint16(_word(seed, 9));
        m.cooldown = uint32(_word(seed, 10));
        m.minTrade = uint128(_word(seed, 11));
        m.venues = new address[](venues);
        for (uint256 i; i < venues; ++i) {
            m.venues[i] = address(uint160(_word(seed, 100 + i)));
        }
        m.assets = new Asset[](assets);
        for (uint256 i; i < assets; ++i) {
            uint256 salt = 1_000 + 10 * i;
            m.assets[i].token = address(uint160(_word(seed, salt)));
            m.assets[i].decimals = uint8(_word(seed, salt + 1));
            m.assets[i].target = uint16(_word(seed, salt + 2));
            m.assets[i].feed = Feed({
                source: address(uint160(_word(seed, salt + 3))),
                heartbeat: uint32(_word(seed, salt + 4)),
                decimals: uint8(_word(seed, salt + 5)),
                minAnswer: uint128(_word(seed, salt + 6)),
                maxAnswer: uint128(_word(seed, salt + 7))
            });
        }
    }

    function _word(uint256 seed, uint256 salt) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt)));
    }
}
