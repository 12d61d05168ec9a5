// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {MandateCodec} from "../../contracts/libraries/MandateCodec.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {
    Asset,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    MAX_ASSETS,
    MIN_ASSETS,
    Mandate,
    Period,
    Scope,
    Sequencer,
    Trigger,
    TriggerKind,
    Twap
} from "../../contracts/types/Types.sol";

contract MandateCodecTest is Test {
    using MandateCodec for bytes;

    /// @dev Each call takes the next one, so that neighbouring fields differ.
    uint256 private _seed;

    /// VLT-11: what is read back is what was written, field by field, for every shape.
    function test_pack__any_mandate__unpacks_to_itself(uint256 seed, uint256 assets, uint256 venues, uint256 knots)
        public
    {
        Mandate memory m = _any(seed, assets, venues, knots);
        Mandate memory back = MandateCodec.unpack(MandateCodec.pack(m));
        assertEq(abi.encode(back), abi.encode(m), "VLT-11 round trip");
    }

    /// No field spills into its neighbour.
    function test_pack__every_field_at_its_largest__unpacks_to_itself() public pure {
        Mandate memory m = _largest();
        assertEq(abi.encode(MandateCodec.unpack(MandateCodec.pack(m))), abi.encode(m), "VLT-11 largest");
    }

    /// What the hot paths read alone agrees with the whole.
    function test_parts__any_mandate__agree_with_the_whole(uint256 seed, uint256 assets, uint256 venues, uint256 knots)
        public
    {
        Mandate memory m = _any(seed, assets, venues, knots);
        bytes memory words = MandateCodec.pack(m);
        assertEq(words.assetCount(), m.assets.length, "VLT-11 assets");
        assertEq(words.venueCount(), m.venues.length, "VLT-11 venues");
        assertEq(words.knotCount(), m.path.length, "VLT-11 knots");
        assertEq(words.oracle(), m.oracle, "VLT-11 oracle");
        uint256 uptime = uint256(m.sequencer.grace) << 160 | uint160(m.sequencer.feed);
        assertEq(words.sequencer(), uptime, "VLT-11 sequencer");
        assertEq(abi.encode(words.trigger()), abi.encode(m.trigger), "VLT-11 trigger");
        assertEq(words.cooldown(), m.trigger.cooldown, "VLT-11 cool-down");
        assertEq(abi.encode(words.destination()), abi.encode(m.destination), "VLT-11 destination");
        assertEq(words.window(), m.destination.window, "VLT-11 window");
        assertEq(abi.encode(words.limits()), abi.encode(m.limits), "VLT-11 limits");
        assertEq(abi.encode(words.fees()), abi.encode(m.fees), "VLT-11 fees");
        assertEq(words.managementFee(), m.fees.management, "VLT-11 management fee");
        assertEq(words.spread(), m.spread, "VLT-11 spread");
        assertEq(words.timelock(), m.timelock, "VLT-11 timelock");
        assertEq(words.name(), m.name, "VLT-11 name");
        assertEq(words.symbol(), m.symbol, "VLT-11 symbol");
        address[] memory tokens = words.tokens();
        for (uint256 i; i < m.assets.length; ++i) {
            assertEq(tokens[i], m.assets[i].token, "VLT-11 tokens");
            assertEq(words.token(i), m.assets[i].token, "VLT-11 token");
        }
        for (uint256 i; i < m.venues.length; ++i) {
            assertEq(words.venue(i), m.venues[i], "VLT-11 venue");
        }
        for (uint256 i; i < m.path.length; ++i) {
            (uint256 time, uint256 weights) = words.knot(i);
            assertEq(time, m.path[i].time, "VLT-11 time");
            assertEq(weights, MandateCodec.packWeights(m.path[i].weights), "VLT-11 weights");
        }
    }

    /// What the oracle is given: token and feed as they are documented.
    function test_feeds__any_mandate__three_words_for_each_asset(uint256 seed, uint256 assets) public {
        Mandate memory m = _any(seed, assets, 3, 2);
        uint256[] memory feeds = MandateCodec.pack(m).feeds();
        assertEq(feeds.length, 3 * m.assets.length, "VLT-11 length");
        for (uint256 i; i < m.assets.length; ++i) {
            Asset memory a = m.assets[i];
            Feed memory f = a.feed;
            assertEq(address(uint160(feeds[3 * i])), a.token, "VLT-11 token");
            assertEq(uint8(feeds[3 * i] >> 192), a.decimals, "VLT-11 token decimals");
            assertEq(uint8(feeds[3 * i] >> 200), f.decimals, "VLT-11 feed decimals");
            assertEq(feeds[3 * i] >> 224, f.heartbeat, "VLT-11 heartbeat");
            assertEq(address(uint160(feeds[3 * i + 1])), f.source, "VLT-11 source");
            assertEq(uint128(feeds[3 * i + 2]), f.minAnswer, "VLT-11 lowest answer");
            assertEq(feeds[3 * i + 2] >> 128, f.maxAnswer, "VLT-11 highest answer");
        }
    }

    function test_feedsAt__any_mandate__is_where_they_lie(uint256 seed, uint256 assets, uint256 venues) public {
        bytes memory words = MandateCodec.pack(_any(seed, assets, venues, 1));
        (uint256 from, uint256 count) = words.feedsAt();
        uint256[] memory found = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            assembly ("memory-safe") {
                mstore(add(add(found, 32), shl(5, i)), mload(add(from, shl(5, i))))
            }
        }
        assertEq(abi.encode(found), abi.encode(words.feeds()), "VLT-11 the same words");
    }

    function test_lastKnot__any_path__is_the_last(uint256 seed, uint256 assets, uint256 knots) public {
        bytes memory words = MandateCodec.pack(_any(seed, assets, 2, knots));
        (uint256 time, uint256 weights) = words.lastKnot();
        (uint256 expectedTime, uint256 expectedWeights) = words.knot(words.knotCount() - 1);
        assertEq(time, expectedTime, "VLT-11 time");
        assertEq(weights, expectedWeights, "VLT-11 weights");
    }

    /// @dev Five words of header, one for each venue, three for each asset, two for each knot, three at the end.
    function test_pack__has_the_documented_size(uint256 assets, uint256 venues, uint256 knots) public {
        Mandate memory m = _any(1, assets, venues, knots);
        uint256 expected = 8 + m.venues.length + 3 * m.assets.length + 2 * m.path.length;
        assertEq(MandateCodec.pack(m).length, 32 * expected, "VLT-11 size");
    }

    /// The largest sound mandate stays far below what code can hold, and a clone has its own 45 bytes.
    function test_pack__largest__fits_the_code_size_limit() public pure {
        assertLt(MandateCodec.pack(_largest()).length + 45, uint256(24_576) * 6 / 10, "VLT-11 code size");
    }

    // ---- mandates

    function _any(uint256 seed, uint256 assets, uint256 venues, uint256 knots) private returns (Mandate memory m) {
        _seed = uint256(keccak256(abi.encode(seed)));
        assets = bound(assets, MIN_ASSETS, MAX_ASSETS);
        m.name = bytes32(_next());
        m.symbol = bytes32(_next());
        m.fileHash = bytes32(_next());
        m.oracle = address(uint160(_next()));
        m.sequencer = Sequencer(address(uint160(_next())), uint32(_next()));
        m.trigger = Trigger(
            TriggerKind(_next() % 4),
            uint16(_next()),
            uint16(_next()),
            Period(_next() % 5),
            uint16(_next()),
            uint40(_next()),
            uint32(_next())
        );
        m.destination = Destination(uint16(_next()), uint16(_next()), Scope(_next() % 2), uint32(_next()));
        m.limits = Limits(
            uint16(_next()),
            uint16(_next()),
            uint16(_next()),
            uint32(_next()),
            uint32(_next()),
            uint128(_next()),
            uint8(_next()),
            uint16(_next()),
            uint32(_next())
        );
        m.fees = Fees(address(uint160(_next())), uint16(_next()), uint16(_next()));
        m.spread = uint16(_next());
        m.timelock = uint32(_next());
        m.venues = new address[](bound(venues, 1, MandateRules.MAX_VENUES));
        for (uint256 i; i < m.venues.length; ++i) {
            m.venues[i] = address(uint160(_next()));
        }
        m.assets = new Asset[](assets);
        for (uint256 i; i < assets; ++i) {
            m.assets[i] = _anyAsset();
        }
        m.path = new Knot[](bound(knots, 1, MandateRules.MAX_KNOTS));
        for (uint256 i; i < m.path.length; ++i) {
            m.path[i] = Knot(uint40(_next()), new uint16[](assets));
            for (uint256 j; j < assets; ++j) {
                m.path[i].weights[j] = uint16(_next());
            }
        }
    }

    function _anyAsset() private returns (Asset memory) {
        Twap memory twap = Twap(uint24(_next()), uint24(_next()), uint16(_next()), uint8(_next()));
        Feed memory feed = Feed(
            address(uint160(_next())),
            uint32(_next()),
            uint8(_next()),
            uint16(_next()),
            uint128(_next()),
            uint128(_next()),
            twap
        );
        return Asset(address(uint160(_next())), uint8(_next()), uint16(_next()), uint16(_next()), feed);
    }

    function _largest() private pure returns (Mandate memory m) {
        address last = address(type(uint160).max);
        (uint16 a, uint32 b, uint128 c) = (type(uint16).max, type(uint32).max, type(uint128).max);
        (m.name, m.symbol, m.fileHash) = (~bytes32(0), ~bytes32(0), ~bytes32(0));
        m.oracle = last;
        m.sequencer = Sequencer(last, b);
        m.trigger = Trigger(TriggerKind.BOTH, a, a, Period.YEAR, a, type(uint40).max, b);
        m.destination = Destination(a, a, Scope.BREACH, b);
        m.limits = Limits(a, a, a, b, b, c, 255, a, b);
        m.fees = Fees(last, a, a);
        (m.spread, m.timelock) = (a, b);
        m.venues = new address[](MandateRules.MAX_VENUES);
        for (uint256 i; i < m.venues.length; ++i) {
            m.venues[i] = last;
        }
        m.assets = new Asset[](MAX_ASSETS);
        for (uint256 i; i < MAX_ASSETS; ++i) {
            Twap memory twap = Twap(type(uint24).max, type(uint24).max, a, 255);
            m.assets[i] = Asset(last, 255, a, a, Feed(last, b, 255, a, c, c, twap));
        }
        m.path = new Knot[](MandateRules.MAX_KNOTS);
        for (uint256 i; i < m.path.length; ++i) {
            m.path[i] = Knot(type(uint40).max, new uint16[](MAX_ASSETS));
            for (uint256 j; j < MAX_ASSETS; ++j) {
                m.path[i].weights[j] = a;
            }
        }
    }

    function _next() private returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return _seed;
    }
}
