// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IPayer, IVenue} from "../../../contracts/interfaces/IVenue.sol";

/// @notice Trades on one venue, in the vault's place: pays it, and nobody else, while it asks.
contract Payer is IPayer {
    error Unauthorised(address caller);

    IVenue private immutable _venue;
    address private _selling;

    constructor(IVenue venue) {
        _venue = venue;
    }

    function swap(address sell, address buy, uint256 amountIn, bytes calldata route) external {
        open(sell);
        _venue.swap(sell, buy, amountIn, route);
        open(address(0));
    }

    /// @notice Lets the venue ask for this token from now on.
    function open(address selling) public {
        _selling = selling;
    }

    /// @inheritdoc IPayer
    function pay(address to, uint256 amount) external {
        require(msg.sender == address(_venue) && _selling != address(0), Unauthorised(msg.sender));
        SafeTransferLib.safeTransfer(_selling, to, amount);
    }
}
