// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibCall} from "solady/utils/LibCall.sol";

import {ILedger} from "../interfaces/ILedger.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {IVault} from "../interfaces/IVault.sol";
import {IVaultFactory} from "../interfaces/IVaultFactory.sol";
import {IVaultLens, PriceView, VaultView} from "../interfaces/IVaultLens.sol";
import {MandateCodec} from "../libraries/MandateCodec.sol";
import {Cause, Mandate} from "../types/Types.sol";

/// @notice The one word about shares that the lens needs.
interface IShares {
    function totalSupply() external view returns (uint256);
}

/// @title VaultLens
/// @notice Reads everything that a tick needs of many vaults in one call.
///
/// LIVENESS. Each vault is read in a call of its own with an even share of the remaining gas, and each price in one with
/// PRICE_GAS; what is copied back is limited. An address without code, a foreign contract, a vault that is locked or a
/// feed that burns all gas or answers megabytes therefore shows as its own failure and leaves the others whole.
///
/// ROLES. None: views only.
///
/// KNOWN LIMITS. The node's gas limit for a call bounds the number of vaults: about 300,000 for each of 4 assets, and twice
/// that for one alone. A vault that gets too little fails as a whole, by GasTooLow or VaultUnreadable; a good price is never
/// shown as a bad one.
contract VaultLens is IVaultLens {
    using MandateCodec for bytes;

    /// @notice The address gave nothing readable: no vault, or out of gas.
    error VaultUnreadable(address vault);
    /// @notice Too little gas is left to read a price: ask for fewer vaults at once.
    error GasTooLow(uint256 available, uint256 needed);

    /// @notice {gas} that the oracle gets for one price.
    uint256 public constant PRICE_GAS = 150_000;
    /// @dev {gas} that must be left, because a call gets at most 63 of 64 parts, and encoding it costs some too.
    uint256 private constant GAS_NEEDED = PRICE_GAS + PRICE_GAS / 16;

    /// @dev {bytes} more than any vault of 16 assets needs, and the most that LibCall takes.
    uint16 private constant MAX_VIEW = type(uint16).max;
    /// @dev {bytes} longest reason that is shown.
    uint16 private constant MAX_REASON = 1024;

    /// @inheritdoc IVaultLens
    address public immutable factory;

    constructor(address factory_) {
        factory = factory_;
    }

    /// @inheritdoc IVaultLens
    function snapshots(address[] calldata vaults) external view returns (VaultView[] memory views) {
        views = new VaultView[](vaults.length);
        for (uint256 i = 0; i < vaults.length; ++i) {
            (bool success, bool cut, bytes memory data) = LibCall.tryStaticCall(
                address(this), gasleft() / (vaults.length - i + 1), MAX_VIEW, abi.encodeCall(this.snapshot, (vaults[i]))
            );
            if (success && !cut) views[i] = abi.decode(data, (VaultView));
            else views[i].failure = _reason(data, abi.encodeWithSelector(VaultUnreadable.selector, vaults[i]));
            views[i].vault = vaults[i];
            views[i].registered = IVaultFactory(factory).isVault(vaults[i]);
        }
    }

    /// @notice One vault, or the revert of the first read that failed.
    function snapshot(address vault) external view returns (VaultView memory result) {
        result.status = IVault(vault).status();
        result.mandate = IVault(vault).mandate();
        result.targets = IVault(vault).targets();
        result.balances = IVault(vault).balances();
        result.supply = IShares(vault).totalSupply();
        (result.ledgerHead, result.ledgerCount) = ILedger(IVault(vault).ledger()).chain(vault);
        bytes memory failure;
        (result.prices, failure) = _prices(result.mandate);
        if (failure.length == 0) {
            result.due = IVault(vault).due();
            // Each price was good a moment ago: only too little gas, or an oracle that lies, makes them bad.
            require(result.due.cause != Cause.PRICE_UNUSABLE, GasTooLow(gasleft(), GAS_NEEDED));
        } else if (result.status.paused) {
            result.due.cause = Cause.PAUSED;
        } else {
            // Not asked of the vault: a feed that burns gas would take all that is left.
            (result.due.cause, result.due.failure) = (Cause.PRICE_UNUSABLE, failure);
        }
    }

    /// @inheritdoc IVaultLens
    function rolesOf(address vault, address account)
        external
        view
        returns (bool owner, bool strategist, bool guardian, bool keeper)
    {
        owner = IVault(vault).owner() == account;
        strategist = IVault(vault).strategist() == account;
        guardian = IVault(vault).guardian() == account;
        keeper = IVault(vault).isKeeper(account);
    }

    /// @return views one for each asset
    /// @return failure of the first that is bad, empty when all are good
    function _prices(Mandate memory mandate) private view returns (PriceView[] memory views, bytes memory failure) {
        views = new PriceView[](mandate.assets.length);
        bytes memory words = MandateCodec.pack(mandate);
        uint256 sequencer = words.sequencer();
        uint256[] memory feeds = words.feeds();
        for (uint256 i = 0; i < views.length; ++i) {
            uint256 available = gasleft();
            require(available >= GAS_NEEDED, GasTooLow(available, GAS_NEEDED));
            // A price has three words, so whether more was cut off does not matter.
            // slither-disable-next-line unused-return
            (bool success,, bytes memory data) = LibCall.tryStaticCall(
                mandate.oracle, PRICE_GAS, MAX_REASON, abi.encodeCall(IPriceOracle.price, (sequencer, feeds, i))
            );
            bool readable;
            if (success) (readable, views[i]) = _decode(data);
            if (readable) continue;
            bytes memory unreadable =
                abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, mandate.assets[i].feed.source);
            views[i].failure = success ? unreadable : _reason(data, unreadable);
            if (failure.length == 0) failure = views[i].failure;
        }
    }

    /// @dev By hand, because `abi.decode` would revert on an oracle's rubbish.
    function _decode(bytes memory data) private pure returns (bool readable, PriceView memory result) {
        if (data.length != 96) return (false, result);
        (uint256 price, uint256 roundId, uint256 updatedAt) = abi.decode(data, (uint256, uint256, uint256));
        if (roundId > type(uint80).max || updatedAt > type(uint40).max) return (false, result);
        return (true, PriceView({price: price, roundId: uint80(roundId), updatedAt: uint40(updatedAt), failure: ""}));
    }

    /// @dev Never empty, because an empty failure means that all is well; never long.
    function _reason(bytes memory data, bytes memory fallback_) private pure returns (bytes memory) {
        if (data.length == 0) return fallback_;
        if (data.length > MAX_REASON) {
            uint256 length = MAX_REASON;
            assembly ("memory-safe") {
                mstore(data, length)
            }
        }
        return data;
    }
}
