// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";

import {IUniswapV2Pair} from "../../../contracts/interfaces/IUniswapV2.sol";
import {IUniswapV3Pool, IUniswapV3SwapCallback} from "../../../contracts/interfaces/IUniswapV3.sol";
import {IVaultFlows} from "../../../contracts/interfaces/IVaultFlows.sol";
import {IPayer, IVenue} from "../../../contracts/interfaces/IVenue.sol";

/// @notice Whoever has got hold of a key: an account with deep pockets that trades the pools to any price, calls anything,
///         and is a venue of its own, which gives for what is sold exactly what the route says.
/// @dev All that it gains is in its own balances. As a venue it can also be greedy: it then asks for all that the vault has
///      of what is sold, tries to use it, and gives back what the trade does not owe.
contract Thief is IVenue, IUniswapV3SwapCallback {
    /// @notice Calls in its own name.
    function exec(address target, bytes calldata data) external returns (bool ok, bytes memory answer) {
        (ok, answer) = target.call(data);
    }

    /// @notice Trades a Uniswap V3 pool to a price.
    /// @param sqrtPrice sqrt({qTok1/qTok0}) * 2^96
    function moveV3(address pool, uint160 sqrtPrice) external {
        (uint160 current,,,,,,) = IUniswapV3Pool(pool).slot0();
        if (current == sqrtPrice) return;
        // More than any pool takes: the price limit ends the swap.
        IUniswapV3Pool(pool).swap(address(this), sqrtPrice < current, type(int256).max, sqrtPrice, "");
    }

    /// @notice Trades a Uniswap V2 pair until it holds this much of a token.
    function moveV2(address pair, address token0, address token1, uint256 reserve0) external {
        (uint256 held0, uint256 held1,) = IUniswapV2Pair(pair).getReserves();
        if (held0 == reserve0) return;
        // Pays 0.3% of what comes in, and keeps the product.
        if (reserve0 > held0) {
            uint256 paid = (reserve0 - held0) * 997;
            uint256 out = paid * held1 / (held0 * 1_000 + paid);
            if (out == 0) return;
            ERC20(token0).transfer(pair, reserve0 - held0);
            IUniswapV2Pair(pair).swap(0, out, address(this), "");
        } else {
            // {qTok1} = {qTok1} * {qTok0} / {qTok0}
            uint256 paid = held1 * (held0 - reserve0) * 1_000 / (reserve0 * 997) + 1;
            ERC20(token1).transfer(pair, paid);
            IUniswapV2Pair(pair).swap(held0 - reserve0, 0, address(this), "");
        }
    }

    /// @inheritdoc IVenue
    function swap(address sell, address buy, uint256 amountIn, bytes calldata route) external {
        (uint256 give, bool greedy) = abi.decode(route, (uint256, bool));
        uint256 taken = greedy ? ERC20(sell).balanceOf(msg.sender) : amountIn;
        IPayer(msg.sender).pay(address(this), taken);
        if (greedy) {
            (bool ok,) = msg.sender.call(abi.encodeCall(IVaultFlows.takeFees, ()));
            require(!ok, "the vault is open in the middle of a trade");
            ERC20(sell).transfer(msg.sender, taken - amountIn);
        }
        ERC20(buy).transfer(msg.sender, give);
    }

    /// @inheritdoc IVenue
    function spot(address, address, uint256 amountIn, bytes calldata) external pure returns (uint256) {
        return amountIn;
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        if (amount0Delta > 0) ERC20(IUniswapV3Pool(msg.sender).token0()).transfer(msg.sender, uint256(amount0Delta));
        if (amount1Delta > 0) ERC20(IUniswapV3Pool(msg.sender).token1()).transfer(msg.sender, uint256(amount1Delta));
    }
}
