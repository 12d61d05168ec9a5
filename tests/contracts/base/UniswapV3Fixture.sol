// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {TestMarket} from "../../../contracts/dev/TestMarket.sol";
import {TestToken} from "../../../contracts/dev/TestToken.sol";
import {IUniswapV3Factory, IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3.sol";

/// @notice What the tests use of Uniswap's router and quoter.
interface ISwapRouter {
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    struct ExactInputParams {
        bytes path;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
    }

    function exactInputSingle(ExactInputSingleParams calldata params) external payable returns (uint256 amountOut);
    function exactInput(ExactInputParams calldata params) external payable returns (uint256 amountOut);
}

interface IQuoterV2 {
    function quoteExactInput(bytes memory path, uint256 amountIn)
        external
        returns (uint256 amountOut, uint160[] memory prices, uint32[] memory ticks, uint256 gasEstimate);
}

/// @notice The real Uniswap V3, deployed from the bytecode that its npm packages carry.
abstract contract UniswapV3Fixture is Test {
    string private constant CORE = "node_modules/@uniswap/v3-core/artifacts/contracts/";
    string private constant PERIPHERY = "node_modules/@uniswap/v3-periphery/artifacts/contracts/";

    uint24 internal constant FEE = 500; // {1e-6}
    /// @dev Full range at the tick spacing of 10 that belongs to FEE.
    int24 internal constant FULL_RANGE = 887_270;

    IUniswapV3Factory internal uniswap;
    ISwapRouter internal router;
    IQuoterV2 internal quoter;
    bytes32 internal poolInitCodeHash;
    TestMarket internal market;

    function setUpUniswap() internal {
        uniswap =
            IUniswapV3Factory(_deployArtifact(string.concat(CORE, "UniswapV3Factory.sol/UniswapV3Factory.json"), ""));
        poolInitCodeHash = keccak256(_bytecode(string.concat(CORE, "UniswapV3Pool.sol/UniswapV3Pool.json")));
        // Neither contract touches its wrapped ether in a swap between tokens.
        address weth = address(new TestToken("Wrapped Ether", "WETH", 18, address(this)));
        bytes memory args = abi.encode(uniswap, weth);
        router = ISwapRouter(_deployArtifact(string.concat(PERIPHERY, "SwapRouter.sol/SwapRouter.json"), args));
        quoter = IQuoterV2(_deployArtifact(string.concat(PERIPHERY, "lens/QuoterV2.sol/QuoterV2.json"), args));
        market = new TestMarket(address(this));
    }

    /// @notice A pool where `amountA` of `tokenA` is worth `amountB` of `tokenB`, with about as much of each in it.
    /// @dev Full range, so the price impact of a trade is about its share of the reserves.
    /// @param amountA {qTok of tokenA}
    /// @param amountB {qTok of tokenB}
    function createPool(TestToken tokenA, TestToken tokenB, uint256 amountA, uint256 amountB)
        internal
        returns (address pool)
    {
        pool = uniswap.createPool(address(tokenA), address(tokenB), FEE);
        IUniswapV3Pool(pool).initialize(sqrtPrice(address(tokenA), address(tokenB), amountA, amountB));
        tokenA.mint(address(market), amountA * 100);
        tokenB.mint(address(market), amountB * 100);
        // liquidity = sqrt(reserve0 * reserve1)
        uint256 liquidity = FixedPointMathLib.sqrt(amountA * amountB);
        market.provide(pool, -FULL_RANGE, FULL_RANGE, uint128(liquidity));
    }

    /// @notice Has the pool remember as many observations, so that it can be asked for a mean.
    function remember(address pool, uint16 observations) internal {
        IUniswapV3Pool(pool).increaseObservationCardinalityNext(observations);
    }

    /// @notice The pool price at which `amountA` of `tokenA` is worth `amountB` of `tokenB`.
    /// @return sqrt({qTok1/qTok0}) * 2^96, rounded down
    function sqrtPrice(address tokenA, address tokenB, uint256 amountA, uint256 amountB)
        internal
        pure
        returns (uint160)
    {
        (uint256 amount0, uint256 amount1) = tokenA < tokenB ? (amountA, amountB) : (amountB, amountA);
        return uint160(FixedPointMathLib.sqrt(FixedPointMathLib.fullMulDiv(amount1, 1 << 192, amount0)));
    }

    function _deployArtifact(string memory path, bytes memory args) private returns (address deployed) {
        bytes memory code = bytes.concat(_bytecode(path), args);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        assertTrue(deployed != address(0), path);
    }

    function _bytecode(string memory path) private view returns (bytes memory) {
        return vm.parseJsonBytes(vm.readFile(path), ".bytecode");
    }
}
