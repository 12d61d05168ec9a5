// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IVaultCore} from "../../../contracts/interfaces/IVaultCore.sol";
import {RebalanceCodec} from "../../../contracts/libraries/RebalanceCodec.sol";
import {Kind, Plan, Rebalance, Status} from "../../../contracts/types/Types.sol";

/// @notice A vault that holds nothing: the plan checks and the ledger of the real one, and reverts on demand, so that
///         sending is tested without a market.
contract PlanVault {
    address public immutable ledger;
    uint40 private _nonce;
    bool private _paused;

    constructor(address ledger_) {
        ledger = ledger_;
    }

    function status() external view returns (Status memory found) {
        (found.nonce, found.paused) = (_nonce, _paused);
    }

    function setPaused(bool paused) external {
        _paused = paused;
    }

    function record(Kind kind, bytes calldata payload) external {
        ILedger(ledger).append(kind, payload);
    }

    function rebalance(Plan calldata plan) external returns (bytes32 planHash) {
        require(!_paused, IVaultCore.Paused());
        require(plan.nonce == _nonce, IVaultCore.NonceMismatch(_nonce, plan.nonce));
        require(block.timestamp <= plan.deadline, IVaultCore.DeadlinePassed(plan.deadline, block.timestamp));
        bytes32 known = blockhash(plan.referenceBlock);
        require(
            known != 0 && known == plan.referenceHash,
            IVaultCore.ReferenceBlockMismatch(plan.referenceBlock, known, plan.referenceHash)
        );
        planHash = keccak256(abi.encode(plan));
        Rebalance memory entry;
        entry.keeper = msg.sender;
        entry.nonce = _nonce++;
        entry.planHash = planHash;
        entry.journalHead = plan.journalHead;
        ILedger(ledger).append(Kind.REBALANCED, RebalanceCodec.pack(entry));
    }

    function panic(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }

    function complain(string calldata reason) external pure {
        revert(reason);
    }
}
