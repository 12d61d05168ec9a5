// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IUniswapV2Pair} from "../interfaces/IUniswapV2.sol";
import {IPayer, IVenue} from "../interfaces/IVenue.sol";
import {PoolAddress} from "../libraries/PoolAddress.sol";

/// @title UniswapV2Venue
/// @notice Trades on Uniswap V2 pairs directly, over one pair or two.
///
/// ROUTE. Packed bytes: nothing for one pair, `middle token` (20) for two.
///
/// ROLES. None, and nothing to steal: the venue has no allowance of anybody, it asks its own caller to pay. No pair calls
/// back, because none is given data.
///
/// TOKEN REQUIREMENTS. A token that takes a fee on transfer fails by name: each pair must have received what it is to
/// trade. Tokens that somebody has left in a pair count towards that and are otherwise the pair's.
///
/// LIVENESS. Nothing is held, not even within a call: the caller pays the first pair, the first pair pays the second, the
/// last one pays the caller.
///
/// ROUNDING. Outputs are rounded down, so that the product of a pair's reserves never falls.
///
/// KNOWN LIMITS. The fee is Uniswap's 0.3%: pairs of a factory with another fee are not served well. The caller's floor on
/// the output is the only one. A trade too small to buy one unit reverts in the pair.
contract UniswapV2Venue is IVenue {
    using SafeTransferLib for address;

    /// @notice The pair got less than it is to trade: the token takes a fee on transfer.
    error InputMissing(address pair, uint256 amountIn, uint256 received);
    /// @notice A pair counts in 112 bits.
    error AmountTooLarge(uint256 amountIn);

    uint256 private constant MIDDLE_BYTES = 20;

    /// @dev {1/1000} of the input that is traded; the rest is the fee.
    uint256 private constant TRADED = 997;
    uint256 private constant THOUSAND = 1000;

    /// @notice Deployer of the pairs.
    address public immutable factory;
    /// @notice keccak256 of the pairs' creation code.
    bytes32 public immutable pairInitCodeHash;

    constructor(address factory_, bytes32 pairInitCodeHash_) {
        factory = factory_;
        pairInitCodeHash = pairInitCodeHash_;
    }

    /// @inheritdoc IVenue
    function swap(address sell, address buy, uint256 amountIn, bytes calldata route) external {
        if (amountIn > type(uint112).max) revert AmountTooLarge(amountIn);
        if (route.length == 0) {
            address pair = _existing(sell, buy, route);
            IPayer(msg.sender).pay(pair, amountIn);
            _swap(pair, sell, buy, amountIn, msg.sender, route);
        } else {
            address middle = _middle(route);
            address first = _existing(sell, middle, route);
            address second = _existing(middle, buy, route);
            IPayer(msg.sender).pay(first, amountIn);
            uint256 received = _swap(first, sell, middle, amountIn, second, route);
            _swap(second, middle, buy, received, msg.sender, route);
        }
    }

    /// @inheritdoc IVenue
    function spot(address sell, address buy, uint256 amountIn, bytes calldata route)
        external
        view
        returns (uint256 amountOut)
    {
        if (route.length == 0) return _spot(sell, buy, amountIn, route);
        address middle = _middle(route);
        return _spot(middle, buy, _spot(sell, middle, amountIn, route), route);
    }

    /// @dev Trades what the pair has been paid.
    /// @return amountOut {qTok of buy} sent to `recipient`
    function _swap(address pair, address sell, address buy, uint256 amountIn, address recipient, bytes calldata route)
        private
        returns (uint256 amountOut)
    {
        (uint256 reserveIn, uint256 reserveOut) = _reserves(pair, sell, buy, route);
        uint256 received = FixedPointMathLib.zeroFloorSub(sell.balanceOf(pair), reserveIn);
        if (received < amountIn) revert InputMissing(pair, amountIn, received);
        // No overflow: amounts and reserves have 112 bits.
        unchecked {
            uint256 traded = amountIn * TRADED;
            // {qTok of buy} = {qTok of sell} * {qTok of buy} / {qTok of sell}, which keeps the product of the reserves
            amountOut = traded * reserveOut / (reserveIn * THOUSAND + traded);
        }
        (uint256 out0, uint256 out1) = sell < buy ? (uint256(0), amountOut) : (amountOut, uint256(0));
        IUniswapV2Pair(pair).swap(out0, out1, recipient, "");
    }

    /// @return {qTok of buy}, rounded down
    function _spot(address sell, address buy, uint256 amountIn, bytes calldata route) private view returns (uint256) {
        (uint256 reserveIn, uint256 reserveOut) = _reserves(_existing(sell, buy, route), sell, buy, route);
        // {qTok of buy} = {qTok of sell} * {qTok of buy} / {qTok of sell}
        return FixedPointMathLib.fullMulDiv(amountIn, reserveOut, reserveIn);
    }

    /// @return reserveIn {qTok of sell} not zero
    /// @return reserveOut {qTok of buy} not zero
    function _reserves(address pair, address sell, address buy, bytes calldata route)
        private
        view
        returns (uint256 reserveIn, uint256 reserveOut)
    {
        // When it was last traded does not matter.
        // slither-disable-next-line unused-return
        (uint256 reserve0, uint256 reserve1,) = IUniswapV2Pair(pair).getReserves();
        if (reserve0 == 0 || reserve1 == 0) revert RouteInvalid(route);
        return sell < buy ? (reserve0, reserve1) : (reserve1, reserve0);
    }

    /// @dev Without code no call would say what is wrong.
    function _existing(address sell, address buy, bytes calldata route) private view returns (address pair) {
        pair = PoolAddress.v2(factory, pairInitCodeHash, sell, buy);
        if (pair.code.length == 0) revert RouteInvalid(route);
    }

    function _middle(bytes calldata route) private pure returns (address) {
        if (route.length != MIDDLE_BYTES) revert RouteInvalid(route);
        return address(bytes20(route));
    }
}
