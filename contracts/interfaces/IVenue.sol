// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One place to trade, behind the smallest interface that a vault needs. Holds nothing between calls.
interface IVenue {
    /// @notice The route cannot be read or names no pool of this venue.
    error RouteInvalid(bytes route);
    /// @notice A callback came from something that is not a pool of this venue.
    error CallbackUnauthorised(address caller);

    /// @notice Pulls at most `amountIn` of `sell` from the caller, by allowance, and delivers `buy` to the caller.
    /// @dev The caller measures what it got and enforces its own floor; a venue is not trusted with either.
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
