// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title TestFeedProxy
/// @notice NOT FOR PRODUCTION. Stands before an aggregator as Chainlink's proxy does, at the same cost in kind: one
///         storage read for aggregator and phase, one more call, and the phase in the high bits of each round id.
contract TestFeedProxy is IAggregatorV3 {
    uint256 private constant PHASE_OFFSET = 64;

    struct Phase {
        uint16 id;
        IAggregatorV3 aggregator;
    }

    Phase private _phase;

    constructor(address aggregator) {
        _phase = Phase(1, IAggregatorV3(aggregator));
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        Phase memory phase = _phase;
        (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
            phase.aggregator.latestRoundData();
        return (_add(phase.id, id), answer, startedAt, updatedAt, _add(phase.id, answeredIn));
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        Phase memory phase = _phase;
        (, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
            phase.aggregator.getRoundData(uint64(roundId));
        return (roundId, answer, startedAt, updatedAt, _add(phase.id, answeredIn));
    }

    /// @inheritdoc IAggregatorV3
    function decimals() external view returns (uint8) {
        return _phase.aggregator.decimals();
    }

    /// @inheritdoc IAggregatorV3
    function description() external view returns (string memory) {
        return _phase.aggregator.description();
    }

    /// @inheritdoc IAggregatorV3
    function version() external view returns (uint256) {
        return _phase.aggregator.version();
    }

    function _add(uint16 phaseId, uint80 roundId) private pure returns (uint80) {
        return uint80(uint256(phaseId) << PHASE_OFFSET | roundId);
    }
}
