// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibClone} from "solady/utils/LibClone.sol";

import {IMandateChecker, Pairing} from "./interfaces/IMandateChecker.sol";
import {IVault} from "./interfaces/IVault.sol";
import {IVaultFactory} from "./interfaces/IVaultFactory.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {MandateRules} from "./libraries/MandateRules.sol";
import {Mandate, Roles} from "./types/Types.sol";

/// @title VaultFactory
/// @notice Creates vaults as minimal clones of one implementation, and only ones whose parts fit together
///         (MandateChecker.sol). A clone carries its mandate as part of its code.
///
/// ADDRESS. Of implementation, creator, salt and mandate. Nobody can take the address that another one was told, and who
/// sends tokens or trust ahead to a predicted address knows the mandate that it will have. The same creator may use a salt
/// again for another mandate.
///
/// ROLES. None: no owner, no setters. Anybody creates. `isVault` says that the parts fitted at creation, not that the
/// owner's numbers are wise.
contract VaultFactory is IVaultFactory {
    /// @inheritdoc IVaultFactory
    address public immutable implementation;
    /// @inheritdoc IVaultFactory
    address public immutable checker;
    /// @inheritdoc IVaultFactory
    address public immutable ledger;
    /// @inheritdoc IVaultFactory
    mapping(address account => bool) public isVault;

    constructor(address vaultImplementation, address ledger_, address checker_) {
        _requireCode(vaultImplementation);
        _requireCode(ledger_);
        _requireCode(checker_);
        address actual = IVault(vaultImplementation).ledger();
        require(actual == ledger_, LedgerMismatch(ledger_, actual));
        implementation = vaultImplementation;
        checker = checker_;
        ledger = ledger_;
    }

    /// @inheritdoc IVaultFactory
    function create(Mandate calldata mandate, Roles calldata roles, Pairing[] calldata pairings, bytes32 salt)
        external
        returns (address vault)
    {
        bytes memory words = _pack(mandate);
        bytes32 bound = _salt(msg.sender, salt);
        address predicted = _predict(words, bound);
        // Without this check the deployment itself would fail, after burning all gas.
        require(!isVault[predicted], SaltUsed(predicted));
        vault = LibClone.cloneDeterministic(implementation, words, bound);
        isVault[vault] = true;
        emit VaultCreated(vault, msg.sender, salt);
        // First, because the vault checks the mandate as such; the checker relies on a sound one.
        IVault(vault).initialize(roles);
        IMandateChecker(checker).check(words, pairings);
    }

    /// @inheritdoc IVaultFactory
    function predict(address creator, bytes32 salt, Mandate calldata mandate) external view returns (address vault) {
        return _predict(_pack(mandate), _salt(creator, salt));
    }

    /// @dev A list too long for the codec would spill into another one: what is checked here and what the vault reads would
    ///      be two mandates.
    function _pack(Mandate memory mandate) private pure returns (bytes memory) {
        MandateRules.validateCounts(mandate);
        return MandateCodec.pack(mandate);
    }

    function _predict(bytes memory words, bytes32 bound) private view returns (address) {
        return LibClone.predictDeterministicAddress(implementation, words, bound, address(this));
    }

    function _requireCode(address account) private view {
        require(account.code.length != 0, NotAContract(account));
    }

    function _salt(address creator, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(creator, salt));
    }
}
