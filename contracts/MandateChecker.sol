// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IMandateChecker, Pairing} from "./interfaces/IMandateChecker.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {BPS, Mandate} from "./types/Types.sol";

/// @title MandateChecker
/// @notice Lets a mandate pass only when its parts are real and fit together: at creation, and whenever new parts come in.
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
    function check(Mandate calldata mandate, Pairing[] calldata pairings) external view {
        _checkParts(mandate);
        bytes memory words = MandateCodec.pack(mandate);
        // A feed that gives no acceptable price reverts by the oracle's name for it. Round ids are for the record of a
        // rebalance.
        // slither-disable-next-line unused-return
        (uint256[] memory prices,) = IPriceOracle(mandate.oracle).prices(words.sequencer(), words.feeds());
        _checkPairings(mandate, pairings, prices);
    }

    function _checkParts(Mandate calldata mandate) private view {
        _requireCode(mandate.oracle);
        if (mandate.sequencer.feed != address(0)) _requireCode(mandate.sequencer.feed);
        for (uint256 i; i < mandate.venues.length; ++i) {
            _requireCode(mandate.venues[i]);
        }
        for (uint256 i; i < mandate.assets.length; ++i) {
            address token = mandate.assets[i].token;
            address source = mandate.assets[i].feed.source;
            _requireCode(token);
            _requireCode(source);
            uint256 stated = mandate.assets[i].decimals;
            uint256 actual = _decimals(token);
            require(actual == stated, TokenDecimalsMismatch(i, stated, actual));
            stated = mandate.assets[i].feed.decimals;
            actual = _decimals(source);
            require(actual == stated, FeedDecimalsMismatch(i, stated, actual));
        }
    }

    /// @param prices D36{quote/qTok}
    function _checkPairings(Mandate calldata mandate, Pairing[] calldata pairings, uint256[] memory prices)
        private
        view
    {
        uint256 expected = mandate.assets.length - 1;
        require(pairings.length == expected, PairingsMismatch(expected, pairings.length));
        // {qTok of asset 0} = D36{quote} / D36{quote/qTok}
        uint256 amount = FixedPointMathLib.max(COMPARED / prices[0], 1);
        // D36{quote} = {qTok} * D36{quote/qTok}
        uint256 oracleValue = amount * prices[0];
        for (uint256 i = 1; i <= expected; ++i) {
            Pairing calldata pairing = pairings[i - 1];
            require(pairing.venue < mandate.venues.length, PairingUnknownVenue(i, pairing.venue));
            uint256 amountOut = IVenue(mandate.venues[pairing.venue])
                .spot(mandate.assets[0].token, mandate.assets[i].token, amount, pairing.route);
            // Saturating, so that an absurd price is called implausible and not an overflow.
            uint256 venueValue = FixedPointMathLib.saturatingMul(amountOut, prices[i]);
            require(
                FixedPointMathLib.dist(venueValue, oracleValue)
                    <= FixedPointMathLib.fullMulDiv(oracleValue, PLAUSIBLE, BPS),
                PriceImplausible(i, oracleValue, venueValue)
            );
        }
    }

    /// @return what `decimals()` says, or the highest number where it says nothing readable
    function _decimals(address account) private view returns (uint256) {
        // A typed call would revert without a name where there is nothing readable.
        // slither-disable-next-line low-level-calls
        (bool success, bytes memory data) = account.staticcall(abi.encodeWithSignature("decimals()"));
        if (!success || data.length < 32) return type(uint256).max;
        return abi.decode(data, (uint256));
    }

    function _requireCode(address account) private view {
        require(account.code.length != 0, NotAContract(account));
    }
}
