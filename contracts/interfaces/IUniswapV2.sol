// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What this project uses of a Uniswap V2 pair.
interface IUniswapV2Pair {
    /// @return reserve0 {qTok of token0}
    /// @return reserve1 {qTok of token1}
    /// @return updatedAt {s} modulo 2^32
    function getReserves() external view returns (uint112 reserve0, uint112 reserve1, uint32 updatedAt);

    /// @dev Pays out first and then asks that the product of the reserves, less the fee, has not fallen.
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;

    /// @return liquidity minted for what has been sent to the pair
    function mint(address to) external returns (uint256 liquidity);
}

/// @notice What this project uses of the pairs' factory.
interface IUniswapV2Factory {
    function createPair(address tokenA, address tokenB) external returns (address pair);
    function getPair(address tokenA, address tokenB) external view returns (address pair);
}
