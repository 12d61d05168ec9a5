// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPayer, IVenue} from "../../../contracts/interfaces/IVenue.sol";
import {OddToken} from "./OddToken.sol";

/// @notice A venue that does what the route tells it to: it takes and gives any amounts, and calls anything in between.
contract OddVenue is IVenue {
    struct Script {
        uint256 take; // {qTok of sell}
        uint256 give; // {qTok of buy}
        address target; // called after taking and before giving, unless zero
        bytes data;
    }

    /// @notice What the last scripted call returned or reverted with.
    bytes public result;

    /// @inheritdoc IVenue
    function swap(address, address buy, uint256, bytes calldata route) external {
        Script memory script = abi.decode(route, (Script));
        if (script.take != 0) ask(IPayer(msg.sender), address(this), script.take);
        if (script.target != address(0)) (, result) = script.target.call(script.data);
        OddToken(buy).mint(msg.sender, script.give);
    }

    /// @notice Asks `payer` to pay, also when nothing is owed.
    function ask(IPayer payer, address to, uint256 amount) public {
        payer.pay(to, amount);
    }

    /// @inheritdoc IVenue
    function spot(address, address, uint256 amountIn, bytes calldata) external pure returns (uint256) {
        return amountIn;
    }
}
