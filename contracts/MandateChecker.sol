// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IMandateChecker, Pairing} from "./interfaces/IMandateChecker.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {MandateChange} from "./libraries/MandateChange.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {MandateRules} from "./libraries/MandateRules.sol";
import {BPS, Mandate} from "./types/Types.sol";

/// @title MandateChecker
/// @notice Judges mandates for vaults and their factory: soundness and change by the rules of the libraries, and whether the
///         parts are real and fit together, at creation and whenever new parts come in.
///
/// WHAT IS CHECKED. Oracle, uptime feed, venues, tokens and feeds are contracts; the stated decimals are the real ones;
/// every feed gives an acceptable price now, its second source included; and for each asset after the first, a venue of
/// the mandate prices it within PLAUSIBLE of what the oracle says. One wrong token, feed or pool therefore has to be wrong
/// twice, in the same way, to pass. The first asset needs no check of its own: it is one side of all the others.
///
/// TOKEN REQUIREMENTS. Not seen here, because only a transfer shows it: a fee on transfer, a false return, rebasing, a
/// blacklist. Such a token passes, and is bounded by the vault, which measures every transfer it pays for.
///
/// ROLES. None: no owner, no state.
///
/// KNOWN LIMITS. A pool's price can be moved within one block. That lets somebody create a vault with bad parts for
/// himself, or delay a creation or a change; it cannot alter the vault of anybody else.
contract MandateChecker is IMandateChecker {
    using MandateCodec for bytes;

    /// @notice {bps} how far a venue may be from the oracle, inclusive.
    uint256 public constant PLAUSIBLE = 1_000;

    /// @dev D36{quote} about what pairings are compared at: a thousand million. `spot` knows no price impact, so the
    ///      amount is chosen for precision alone, also for tokens of few decimals.
    uint256 private constant COMPARED = 1e9 * 1e36;

    /// @inheritdoc IMandateChecker
    function validate(bytes calldata words, address vault) external pure {
        MandateRules.validate(MandateCodec.unpack(words), vault);
    }

    /// @inheritdoc IMandateChecker
    function compare(bytes calldata words, bytes calldata next)
        external
        pure
        returns (bool isSamePath, bool isTightening, bool hasNewParts)
    {
        Mandate memory a = MandateCodec.unpack(words);
        Mandate memory b = MandateCodec.unpack(next);
        return (MandateChange.isSamePath(a, b), MandateChange.isTightening(a, b), MandateChange.hasNewParts(a, b));
    }

    /// @inheritdoc IMandateChecker
    function check(bytes calldata words, Pairing[] calldata pairings) external view {
        bytes memory m = words;
        uint256[] memory feeds = m.feeds();
        _checkParts(m, feeds);
        // A feed that gives no acceptable price reverts by the oracle's name for it. Round ids are for the record of a
        // rebalance.
        // slither-disable-next-line unused-return
        (uint256[] memory prices,) = IPriceOracle(m.oracle()).prices(m.sequencer(), feeds);
        _checkPairings(m, pairings, prices);
    }

    // ---- inside

    /// @param feeds three words for each asset, as MandateCodec lays them out
    function _checkParts(bytes memory words, uint256[] memory feeds) private view {
        _requireCode(words.oracle());
        address uptime = address(uint160(words.sequencer()));
        if (uptime != address(0)) _requireCode(uptime);
        for (uint256 i; i < words.venueCount(); ++i) {
            _requireCode(words.venue(i));
        }
        for (uint256 i; i < feeds.length / MandateCodec.PER_ASSET; ++i) {
            uint256 word = feeds[MandateCodec.PER_ASSET * i];
            address token = address(uint160(word));
            address source = address(uint160(feeds[MandateCodec.PER_ASSET * i + 1]));
            _requireCode(token);
            _requireCode(source);
            uint256 stated = uint8(word >> 192);
            uint256 actual = _decimals(token);
            require(actual == stated, TokenDecimalsMismatch(i, stated, actual));
            stated = uint8(word >> 200);
            actual = _decimals(source);
            require(actual == stated, FeedDecimalsMismatch(i, stated, actual));
        }
    }

    /// @param prices D36{quote/qTok}
    function _checkPairings(bytes memory words, Pairing[] calldata pairings, uint256[] memory prices) private view {
        address[] memory tokens = words.tokens();
        uint256 expected = tokens.length - 1;
        require(pairings.length == expected, PairingsMismatch(expected, pairings.length));
        // {qTok of asset 0} = D36{quote} / D36{quote/qTok}
        uint256 amount = FixedPointMathLib.max(COMPARED / prices[0], 1);
        // D36{quote} = {qTok} * D36{quote/qTok}
        uint256 oracleValue = amount * prices[0];
        // D36{quote} = D36{quote} * {bps} / {bps}
        uint256 allowed = FixedPointMathLib.fullMulDiv(oracleValue, PLAUSIBLE, BPS);
        for (uint256 i = 1; i <= expected; ++i) {
            Pairing calldata pairing = pairings[i - 1];
            require(pairing.venue < words.venueCount(), PairingUnknownVenue(i, pairing.venue));
            uint256 amountOut = IVenue(words.venue(pairing.venue)).spot(tokens[0], tokens[i], amount, pairing.route);
            // Saturating, so that an absurd price is called implausible and not an overflow.
            uint256 venueValue = FixedPointMathLib.saturatingMul(amountOut, prices[i]);
            require(
                FixedPointMathLib.dist(venueValue, oracleValue) <= allowed, PriceImplausible(i, oracleValue, venueValue)
            );
        }
    }

    /// @dev A typed call would revert without a name where there is nothing readable.
    /// @return actual what `decimals()` says, or the highest number where it says nothing readable
    function _decimals(address account) private view returns (uint256 actual) {
        bytes4 selector = IAggregatorV3.decimals.selector;
        assembly ("memory-safe") {
            mstore(0, selector)
            actual := staticcall(gas(), account, 0, 4, 0, 0x20)
            switch and(actual, gt(returndatasize(), 0x1f))
            case 0 { actual := not(0) }
            default { actual := mload(0) }
        }
    }

    function _requireCode(address account) private view {
        require(account.code.length != 0, NotAContract(account));
    }
}
