// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibClone} from "solady/utils/LibClone.sol";

import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVault} from "./interfaces/IVault.sol";
import {IVaultFactory, Pairing} from "./interfaces/IVaultFactory.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {BPS, Feed, Mandate, Roles} from "./types/Types.sol";

/// @title VaultFactory
/// @notice Creates vaults as minimal clones of one implementation, and only ones whose parts fit together.
///
/// WHAT IS CHECKED. Oracle, venues, tokens and feeds are contracts; the stated decimals are the real ones; every feed
/// gives an acceptable price now; and for each asset after the first, a venue of the mandate prices it within PLAUSIBLE of
/// what the oracle says. One wrong token, feed or pool therefore has to be wrong twice, in the same way, to pass. The
/// first asset needs no check of its own: it is one side of all the others.
///
/// TOKEN REQUIREMENTS. Not seen here, because only a transfer shows it: a fee on transfer, a false return, rebasing, a
/// blacklist. Such a token passes, and is bounded by the vault, which measures every transfer it pays for.
///
/// ROLES. None: no owner, no setters. Anybody creates; the address is bound to the creator, so that nobody can take it.
///
/// KNOWN LIMITS. A pool's price can be moved within one block. That lets somebody create a vault with bad parts for
/// himself, or delay a creation; it cannot alter the vault of anybody else.
contract VaultFactory is IVaultFactory {
    /// @notice The implementation writes to another ledger.
    error LedgerMismatch(address expected, address actual);

    /// @notice The creator has used this salt before.
    error SaltUsed(address vault);

    /// @notice {bps} how far a venue may be from the oracle at creation, inclusive.
    uint256 public constant PLAUSIBLE = 1_000;

    /// @dev D36{quote} about what pairings are compared at: a thousand million. `spot` knows no price impact, so the
    ///      amount is chosen for precision alone, also for tokens of few decimals.
    uint256 private constant COMPARED = 1e9 * 1e36;

    /// @inheritdoc IVaultFactory
    address public immutable implementation;
    /// @inheritdoc IVaultFactory
    address public immutable ledger;
    /// @inheritdoc IVaultFactory
    mapping(address account => bool) public isVault;

    constructor(address vaultImplementation, address ledger_) {
        _requireCode(vaultImplementation);
        _requireCode(ledger_);
        address actual = IVault(vaultImplementation).ledger();
        require(actual == ledger_, LedgerMismatch(ledger_, actual));
        implementation = vaultImplementation;
        ledger = ledger_;
    }

    /// @inheritdoc IVaultFactory
    function create(Mandate calldata mandate, Roles calldata roles, Pairing[] calldata pairings, bytes32 salt)
        external
        returns (address vault)
    {
        address predicted = predict(msg.sender, salt);
        // Without this check the deployment itself would fail, after burning all gas.
        require(!isVault[predicted], SaltUsed(predicted));
        vault = LibClone.cloneDeterministic(implementation, _salt(msg.sender, salt));
        isVault[vault] = true;
        emit VaultCreated(vault, msg.sender, salt);
        // First, because the vault checks the mandate as such; the checks below rely on a sound one.
        IVault(vault).initialize(mandate, roles);
        _checkParts(mandate);
        _checkPairings(mandate, pairings, _readPrices(mandate));
    }

    /// @inheritdoc IVaultFactory
    function predict(address creator, bytes32 salt) public view returns (address vault) {
        return LibClone.predictDeterministicAddress(implementation, _salt(creator, salt), address(this));
    }

    function _checkParts(Mandate calldata mandate) private view {
        _requireCode(mandate.oracle);
        for (uint256 i = 0; i < mandate.venues.length; ++i) {
            _requireCode(mandate.venues[i]);
        }
        for (uint256 i = 0; i < mandate.assets.length; ++i) {
            address token = mandate.assets[i].token;
            Feed calldata feed = mandate.assets[i].feed;
            _requireCode(token);
            _requireCode(feed.source);
            uint256 actual = _decimals(token);
            require(actual == mandate.assets[i].decimals, TokenDecimalsMismatch(i, mandate.assets[i].decimals, actual));
            actual = _decimals(feed.source);
            require(actual == feed.decimals, FeedDecimalsMismatch(i, feed.decimals, actual));
        }
    }

    /// @return prices D36{quote/qTok}; a feed that gives no acceptable one reverts by the oracle's name for it
    function _readPrices(Mandate calldata mandate) private view returns (uint256[] memory prices) {
        Feed[] memory feeds = new Feed[](mandate.assets.length);
        uint8[] memory decimals = new uint8[](mandate.assets.length);
        for (uint256 i = 0; i < feeds.length; ++i) {
            feeds[i] = mandate.assets[i].feed;
            decimals[i] = mandate.assets[i].decimals;
        }
        // Round ids are for the record of a rebalance.
        // slither-disable-next-line unused-return
        (prices,) = IPriceOracle(mandate.oracle).prices(feeds, decimals);
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

    function _salt(address creator, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(creator, salt));
    }
}
