// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Who trades on a venue, and pays for it when asked.
interface IPayer {
    /// @notice Sends what is sold in the trade under way. Called back by the venue at most once in each trade: what it has
    ///         taken is measured when it is done.
    /// @param to who is to have it, a pool as a rule
    /// @param amount {qTok of sell}
    function pay(address to, uint256 amount) external;
}

/// @notice One place to trade, behind the smallest interface that a vault needs. Holds nothing between calls.
interface IVenue {
    /// @notice The route cannot be read or names no pool of this venue.
    error RouteInvalid(bytes route);
    /// @notice A callback came from something that is not a pool of this venue.
    error CallbackUnauthorised(address caller);

    /// @notice Sells `amountIn` of `sell` and delivers `buy` to the caller, an IPayer, whom it asks to pay meanwhile.
    /// @dev The caller measures what it gave and got and enforces its own floor; a venue is not trusted with either. It needs
    ///      no allowance of anybody, ever.
    /// @param amountIn {qTok of sell}
    /// @param route the venue's own words
    function swap(address sell, address buy, uint256 amountIn, bytes calldata route) external;

    /// @notice What `amountIn` is worth in `buy` at the current marginal price, without fee and impact. Manipulable in
    ///         one transaction: for plausibility checks at creation, never for sizes or limits.
    /// @return amountOut {qTok of buy}, rounded down
    function spot(address sell, address buy, uint256 amountIn, bytes calldata route)
        external
        view
        returns (uint256 amountOut);
}
