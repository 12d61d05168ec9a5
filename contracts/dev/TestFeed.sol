// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title TestFeed
/// @notice NOT FOR PRODUCTION. A feed that says what its owner pushes and remembers every round, for demos and tests.
contract TestFeed is IAggregatorV3 {
    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    error Unauthorised(address caller);
    /// @notice No such round.
    error NoData(uint256 roundId);

    struct Round {
        int192 answer;
        uint64 updatedAt; // {s}
    }

    uint256 public constant version = 1;

    address public immutable owner;
    uint8 public immutable decimals;
    string public description;

    /// @notice Id of the newest round; the first one is 1.
    uint80 public latestRound;
    mapping(uint80 roundId => Round) private _rounds;

    constructor(string memory description_, uint8 decimals_, address owner_) {
        description = description_;
        decimals = decimals_;
        owner = owner_;
    }

    /// @notice Stores a round dated now.
    function push(int256 answer) external {
        require(msg.sender == owner, Unauthorised(msg.sender));
        uint80 roundId = ++latestRound;
        _rounds[roundId] = Round(int192(answer), uint64(block.timestamp));
        emit AnswerUpdated(answer, roundId, block.timestamp);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _data(latestRound);
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        return _data(roundId);
    }

    function _data(uint80 roundId) private view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[roundId];
        require(round.updatedAt != 0, NoData(roundId));
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }
}
