// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IUniswapV3MintCallback, IUniswapV3Pool, IUniswapV3SwapCallback} from "../interfaces/IUniswapV3.sol";
import {TestFeed} from "./TestFeed.sol";

/// @title TestMarket
/// @notice NOT FOR PRODUCTION. The rest of the market in demos and tests: owns the feeds, provides the pools' liquidity
///         and trades them to the price that its owner names, all from its own inventory.
contract TestMarket is IUniswapV3SwapCallback, IUniswapV3MintCallback {
    using SafeTransferLib for address;

    error Unauthorised(address caller);
    error LengthMismatch(uint256 expected, uint256 given);

    address public immutable owner;

    /// @dev The pool that is being traded with, the only one that is paid.
    address private _active;

    modifier onlyOwner() {
        require(msg.sender == owner, Unauthorised(msg.sender));
        _;
    }

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice One step of history: every feed gets its answer, every pool its price.
    /// @param sqrtPrices sqrt({qTok1/qTok0}) * 2^96
    function step(
        TestFeed[] calldata feeds,
        int256[] calldata answers,
        address[] calldata pools,
        uint160[] calldata sqrtPrices
    ) external onlyOwner {
        require(feeds.length == answers.length, LengthMismatch(feeds.length, answers.length));
        for (uint256 i = 0; i < feeds.length; ++i) {
            feeds[i].push(answers[i]);
        }
        _arbitrage(pools, sqrtPrices);
    }

    /// @notice Trades every pool exactly to its price.
    function arbitrage(address[] calldata pools, uint160[] calldata sqrtPrices) external onlyOwner {
        _arbitrage(pools, sqrtPrices);
    }

    /// @notice Adds liquidity that belongs to this contract.
    function provide(address pool, int24 tickLower, int24 tickUpper, uint128 liquidity) external onlyOwner {
        _active = pool;
        IUniswapV3Pool(pool).mint(address(this), tickLower, tickUpper, liquidity, "");
        _active = address(0);
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        _pay(amount0Delta > 0 ? uint256(amount0Delta) : 0, amount1Delta > 0 ? uint256(amount1Delta) : 0);
    }

    /// @inheritdoc IUniswapV3MintCallback
    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata) external {
        _pay(amount0Owed, amount1Owed);
    }

    function _arbitrage(address[] calldata pools, uint160[] calldata sqrtPrices) private {
        require(pools.length == sqrtPrices.length, LengthMismatch(pools.length, sqrtPrices.length));
        for (uint256 i = 0; i < pools.length; ++i) {
            (uint160 current,,,,,,) = IUniswapV3Pool(pools[i]).slot0();
            if (current == sqrtPrices[i]) continue;
            _active = pools[i];
            // More than any pool takes: the price limit ends the swap.
            IUniswapV3Pool(pools[i]).swap(address(this), sqrtPrices[i] < current, type(int256).max, sqrtPrices[i], "");
        }
        _active = address(0);
    }

    /// @param amount0 {qTok of token0}
    /// @param amount1 {qTok of token1}
    function _pay(uint256 amount0, uint256 amount1) private {
        require(msg.sender == _active, Unauthorised(msg.sender));
        if (amount0 > 0) IUniswapV3Pool(msg.sender).token0().safeTransfer(msg.sender, amount0);
        if (amount1 > 0) IUniswapV3Pool(msg.sender).token1().safeTransfer(msg.sender, amount1);
    }
}
