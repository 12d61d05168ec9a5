// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPayer, IVenue} from "../../../contracts/interfaces/IVenue.sol";
import {OddToken} from "./OddToken.sol";

/// @notice A venue that does as it likes, whatever the keeper has asked for: it asks for more or less than it is owed, once or
///         several times, gives what it wants, and calls somebody in the middle.
contract RogueVenue is IVenue {
    /// @notice What it does in its next trades.
    struct Mood {
        uint256 take; // {bps} of what is sold, each time it asks
        uint256 give; // {bps} of what is sold
        uint256 asks; // how often it asks to be paid; it goes on when it is refused
        address payee;
        address target; // called in between, unless zero
        bytes data;
    }

    Mood private _mood;

    bool public called;
    bool public went; // whether that call went through
    bytes public answer; // and what it returned or reverted with

    function set(Mood calldata mood) external {
        _mood = mood;
        called = false;
    }

    /// @notice Calls in its own name.
    function exec(address target, bytes calldata data) external returns (bool ok, bytes memory returned) {
        return target.call(data);
    }

    /// @inheritdoc IVenue
    function swap(address, address buy, uint256 amountIn, bytes calldata) external {
        Mood memory mood = _mood;
        for (uint256 k; k < mood.asks; ++k) {
            try IPayer(msg.sender).pay(mood.payee, amountIn * mood.take / 10_000) {} catch {}
        }
        if (mood.target != address(0)) {
            (went, answer) = mood.target.call(mood.data);
            called = true;
        }
        OddToken(buy).mint(msg.sender, amountIn * mood.give / 10_000);
    }

    /// @inheritdoc IVenue
    function spot(address, address, uint256 amountIn, bytes calldata) external pure returns (uint256) {
        return amountIn;
    }
}
