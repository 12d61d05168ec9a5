// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IUniswapV3Pool, IUniswapV3SwapCallback} from "../interfaces/IUniswapV3.sol";
import {IVenue} from "../interfaces/IVenue.sol";

/// @title UniswapV3Venue
/// @notice Trades on Uniswap V3 pools directly, over one pool or two.
///
/// ROUTE. Packed bytes: `fee` (3) for one pool, `fee, middle token, fee` (26) for two.
///
/// ROLES. None, and nothing to steal: a call spends the allowance of its own caller only, because the payer is written
/// by this contract and comes back through a pool that is authenticated by its CREATE2 address.
///
/// TOKEN REQUIREMENTS. The pools' own: a token that takes a fee on transfer fails in the pool, which measures its pay.
///
/// LIVENESS. Nothing is held between calls. A swap that a pool cannot fill whole reverts, so that the middle token of
/// two pools is always spent to the last unit.
///
/// KNOWN LIMITS. No price limit here: the caller's floor on the output is the only one. A trade too small to buy one
/// unit of the middle token reverts in the second pool.
contract UniswapV3Venue is IVenue, IUniswapV3SwapCallback {
    using SafeTransferLib for address;

    /// @notice The pools did not take the whole amount.
    error PartialFill(uint256 amountIn, uint256 taken);
    /// @notice A pool counts in signed 256 bits.
    error AmountTooLarge(uint256 amountIn);

    uint256 private constant FEE_BYTES = 3;
    uint256 private constant TWO_POOL_BYTES = 26;

    /// @dev The pool's price range, exclusive, so one inside it: no limit other than the end of the curve.
    uint160 private constant LOWEST_SQRT_PRICE = 4_295_128_739 + 1;
    uint160 private constant HIGHEST_SQRT_PRICE = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342 - 1;

    uint256 private constant Q128 = 1 << 128;
    uint256 private constant Q192 = 1 << 192;

    /// @notice Deployer of the pools.
    address public immutable factory;
    /// @notice keccak256 of the pools' creation code.
    bytes32 public immutable poolInitCodeHash;

    /// @dev What a swap over one pool needs, in memory and, but for the amount, in the callback's data.
    struct Hop {
        address payer; // who pays the pool; this contract for a second pool
        address sell;
        address buy;
        uint24 fee; // {1e-6}
    }

    constructor(address factory_, bytes32 poolInitCodeHash_) {
        factory = factory_;
        poolInitCodeHash = poolInitCodeHash_;
    }

    /// @inheritdoc IVenue
    function swap(address sell, address buy, uint256 amountIn, bytes calldata route) external {
        // A negative amount would mean exact output to the pool.
        require(amountIn <= uint256(type(int256).max), AmountTooLarge(amountIn));
        if (route.length == FEE_BYTES) {
            _swap(Hop(msg.sender, sell, buy, _firstFee(route)), msg.sender, amountIn, route);
        } else {
            (address middle, uint24 secondFee) = _second(route);
            uint256 received = _swap(Hop(msg.sender, sell, middle, _firstFee(route)), address(this), amountIn, route);
            _swap(Hop(address(this), middle, buy, secondFee), msg.sender, received, route);
        }
    }

    /// @inheritdoc IUniswapV3SwapCallback
    /// @dev A genuine pool calls back its own caller only, with the data of that call: a caller with a pool's address
    ///      proves that this contract wrote `data`.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        Hop memory hop = abi.decode(data, (Hop));
        require(msg.sender == _pool(hop), CallbackUnauthorised(msg.sender));
        // The cast is safe: of the two, a pool is owed the one that is sold, which it never reports as negative.
        uint256 owed = uint256(hop.sell < hop.buy ? amount0Delta : amount1Delta);
        if (hop.payer == address(this)) hop.sell.safeTransfer(msg.sender, owed);
        // The payer is who called `swap`: see above.
        // slither-disable-next-line arbitrary-send-erc20
        else hop.sell.safeTransferFrom(hop.payer, msg.sender, owed);
    }

    /// @inheritdoc IVenue
    function spot(address sell, address buy, uint256 amountIn, bytes calldata route)
        external
        view
        returns (uint256 amountOut)
    {
        if (route.length == FEE_BYTES) return _spot(Hop(address(0), sell, buy, _firstFee(route)), amountIn, route);
        (address middle, uint24 secondFee) = _second(route);
        amountOut = _spot(Hop(address(0), sell, middle, _firstFee(route)), amountIn, route);
        return _spot(Hop(address(0), middle, buy, secondFee), amountOut, route);
    }

    /// @return received {qTok of buy} by `recipient`
    function _swap(Hop memory hop, address recipient, uint256 amountIn, bytes calldata route)
        private
        returns (uint256 received)
    {
        bool zeroForOne = hop.sell < hop.buy;
        (int256 amount0, int256 amount1) = _existing(hop, route)
            .swap(
                recipient,
                zeroForOne,
                int256(amountIn),
                zeroForOne ? LOWEST_SQRT_PRICE : HIGHEST_SQRT_PRICE,
                abi.encode(hop)
            );
        (int256 taken, int256 given) = zeroForOne ? (amount0, amount1) : (amount1, amount0);
        require(taken == int256(amountIn), PartialFill(amountIn, uint256(taken)));
        return uint256(-given);
    }

    /// @return {qTok of buy}, rounded down
    function _spot(Hop memory hop, uint256 amountIn, bytes calldata route) private view returns (uint256) {
        // The other six are the pool's own business.
        // slither-disable-next-line unused-return
        (uint160 sqrtPriceX96,,,,,,) = _existing(hop, route).slot0();
        require(sqrtPriceX96 != 0, RouteInvalid(route));
        // {qTok1/qTok0} = (sqrtPriceX96 / 2^96)^2, kept at 192 fractional bits where the square fits, else at 128
        bool wide = sqrtPriceX96 > type(uint128).max;
        uint256 ratio = wide
            ? FixedPointMathLib.fullMulDiv(sqrtPriceX96, sqrtPriceX96, 1 << 64)
            : uint256(sqrtPriceX96) * sqrtPriceX96;
        uint256 one = wide ? Q128 : Q192;
        return hop.sell < hop.buy
            ? FixedPointMathLib.fullMulDiv(amountIn, ratio, one)
            : FixedPointMathLib.fullMulDiv(amountIn, one, ratio);
    }

    function _existing(Hop memory hop, bytes calldata route) private view returns (IUniswapV3Pool pool) {
        pool = IUniswapV3Pool(_pool(hop));
        require(address(pool).code.length != 0, RouteInvalid(route));
    }

    /// @dev The address at which `factory` deploys the pool of these tokens and this fee.
    function _pool(Hop memory hop) private view returns (address) {
        (address token0, address token1) = hop.sell < hop.buy ? (hop.sell, hop.buy) : (hop.buy, hop.sell);
        bytes32 salt = keccak256(abi.encode(token0, token1, hop.fee));
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", factory, salt, poolInitCodeHash)))));
    }

    /// @dev Callers have checked the length.
    function _firstFee(bytes calldata route) private pure returns (uint24) {
        return uint24(bytes3(route[:FEE_BYTES]));
    }

    function _second(bytes calldata route) private pure returns (address middle, uint24 fee) {
        require(route.length == TWO_POOL_BYTES, RouteInvalid(route));
        return (address(bytes20(route[3:23])), uint24(bytes3(route[23:26])));
    }
}
