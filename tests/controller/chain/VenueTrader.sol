// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPayer, IVenue} from "../../../contracts/interfaces/IVenue.sol";

interface IToken {
    function transfer(address to, uint256 amount) external returns (bool);
}

/// @notice Trades at a venue as a vault does, paying what it asks for, and nothing else.
contract VenueTrader is IPayer {
    IToken private _sell;

    function trade(address venue, address sell, address buy, uint256 amountIn, bytes calldata route) external {
        _sell = IToken(sell);
        IVenue(venue).swap(sell, buy, amountIn, route);
    }

    /// @inheritdoc IPayer
    function pay(address to, uint256 amount) external {
        _sell.transfer(to, amount);
    }
}
