// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IUniswapV3Pool, IUniswapV3SwapCallback} from "../interfaces/IUniswapV3.sol";
import {IPayer, IVenue} from "../interfaces/IVenue.sol";
import {PoolAddress} from "../libraries/PoolAddress.sol";

/// @title UniswapV3Venue
/// @notice Trades on Uniswap V3 pools directly, over one pool or two.
///
/// ROUTE. Packed bytes: `fee` (3) for one pool, `fee, middle token, fee` (26) for two.
///
/// ROLES. None, and nothing to steal: the venue has no allowance of anybody. Only its own caller is asked to pay, because
/// the payer is written by this contract and comes back through a pool that is authenticated by its CREATE2 address.
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

    constructor(address factory_, bytes32 poolInitCodeHash_) {
        factory = factory_;
        poolInitCodeHash = poolInitCodeHash_;
    }

    /// @inheritdoc IVenue
    function swap(address sell, address buy, uint256 amountIn, bytes calldata route) external {
        // A negative amount would mean exact output to the pool.
        if (amountIn > uint256(type(int256).max)) revert AmountTooLarge(amountIn);
        uint24 fee = _firstFee(route);
        if (route.length == FEE_BYTES) {
            _swap(msg.sender, sell, buy, fee, msg.sender, amountIn, route);
        } else {
            (address middle, uint24 secondFee) = _second(route);
            uint256 received = _swap(msg.sender, sell, middle, fee, address(this), amountIn, route);
            _swap(address(this), middle, buy, secondFee, msg.sender, received, route);
        }
    }

    /// @inheritdoc IUniswapV3SwapCallback
    /// @dev A genuine pool calls back its own caller only, with the data of that call: a caller with a pool's address
    ///      proves that this contract wrote `data`. It is read unchecked because what is no such data names no pool.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        address payer;
        address sell;
        address buy;
        uint24 fee;
        assembly ("memory-safe") {
            payer := calldataload(data.offset)
            sell := calldataload(add(data.offset, 0x20))
            buy := calldataload(add(data.offset, 0x40))
            fee := calldataload(add(data.offset, 0x60))
        }
        if (msg.sender != _pool(sell, buy, fee)) revert CallbackUnauthorised(msg.sender);
        // The cast is safe: of the two, a pool is owed the one that is sold, which it never reports as negative.
        uint256 owed = uint256(sell < buy ? amount0Delta : amount1Delta);
        if (payer == address(this)) sell.safeTransfer(msg.sender, owed);
        // The payer is who called `swap`: see above.
        else _ask(payer, owed);
    }

    /// @inheritdoc IVenue
    function spot(address sell, address buy, uint256 amountIn, bytes calldata route)
        external
        view
        returns (uint256 amountOut)
    {
        if (route.length == FEE_BYTES) {
            return _spot(_existing(sell, buy, _firstFee(route), route), amountIn, sell < buy, route);
        }
        (address middle, uint24 secondFee) = _second(route);
        amountOut = _spot(_existing(sell, middle, _firstFee(route), route), amountIn, sell < middle, route);
        return _spot(_existing(middle, buy, secondFee, route), amountOut, middle < buy, route);
    }

    /// @dev Asks for the pay of the pool that calls. Who has no code pays nothing, which the pool sees.
    function _ask(address payer, uint256 owed) private {
        bytes4 selector = IPayer.pay.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), caller())
            mstore(add(m, 0x24), owed)
            if iszero(call(gas(), payer, 0, m, 0x44, 0, 0)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
        }
    }

    /// @dev Encoded by hand, for half of the gas: the five arguments of the pool, the last of which is what the callback
    ///      reads. What does not answer in two words has no code.
    /// @param payer who pays the pool; this contract for a second pool
    /// @return received {qTok of buy} by `recipient`
    function _swap(
        address payer,
        address sell,
        address buy,
        uint24 fee,
        address recipient,
        uint256 amountIn,
        bytes calldata route
    ) private returns (uint256 received) {
        address pool = _pool(sell, buy, fee);
        bytes4 selector = IUniswapV3Pool.swap.selector;
        bool answered;
        uint256 taken; // {qTok of sell}
        assembly ("memory-safe") {
            let zeroForOne := lt(sell, buy)
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), recipient)
            mstore(add(m, 0x24), zeroForOne)
            mstore(add(m, 0x44), amountIn)
            mstore(add(m, 0x64), HIGHEST_SQRT_PRICE)
            if zeroForOne { mstore(add(m, 0x64), LOWEST_SQRT_PRICE) }
            mstore(add(m, 0x84), 0xa0)
            mstore(add(m, 0xa4), 0x80)
            mstore(add(m, 0xc4), payer)
            mstore(add(m, 0xe4), sell)
            mstore(add(m, 0x104), buy)
            mstore(add(m, 0x124), fee)
            if iszero(call(gas(), pool, 0, m, 0x144, 0, 0x40)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            answered := gt(returndatasize(), 0x3f)
            // amount0 and amount1: what the pool got is positive, what it gave is negative
            taken := mload(shl(5, iszero(zeroForOne)))
            received := sub(0, mload(shl(5, zeroForOne)))
        }
        if (!answered) revert RouteInvalid(route);
        if (taken != amountIn) revert PartialFill(amountIn, taken);
    }

    /// @return {qTok of buy}, rounded down
    function _spot(IUniswapV3Pool pool, uint256 amountIn, bool zeroForOne, bytes calldata route)
        private
        view
        returns (uint256)
    {
        // The other six are the pool's own business.
        // slither-disable-next-line unused-return
        (uint160 sqrtPriceX96,,,,,,) = pool.slot0();
        if (sqrtPriceX96 == 0) revert RouteInvalid(route);
        // {qTok1/qTok0} = (sqrtPriceX96 / 2^96)^2, kept at 192 fractional bits where the square fits, else at 128
        bool wide = sqrtPriceX96 > type(uint128).max;
        uint256 ratio = wide
            ? FixedPointMathLib.fullMulDiv(sqrtPriceX96, sqrtPriceX96, 1 << 64)
            : uint256(sqrtPriceX96) * sqrtPriceX96;
        uint256 one = wide ? Q128 : Q192;
        return zeroForOne
            ? FixedPointMathLib.fullMulDiv(amountIn, ratio, one)
            : FixedPointMathLib.fullMulDiv(amountIn, one, ratio);
    }

    /// @dev Without code no call would say what is wrong.
    function _existing(address sell, address buy, uint24 fee, bytes calldata route)
        private
        view
        returns (IUniswapV3Pool pool)
    {
        pool = IUniswapV3Pool(_pool(sell, buy, fee));
        if (address(pool).code.length == 0) revert RouteInvalid(route);
    }

    function _pool(address tokenA, address tokenB, uint24 fee) private view returns (address) {
        return PoolAddress.v3(factory, poolInitCodeHash, tokenA, tokenB, fee);
    }

    /// @dev Callers have checked the length.
    function _firstFee(bytes calldata route) private pure returns (uint24 fee) {
        assembly ("memory-safe") {
            fee := shr(232, calldataload(route.offset))
        }
    }

    function _second(bytes calldata route) private pure returns (address middle, uint24 fee) {
        if (route.length != TWO_POOL_BYTES) revert RouteInvalid(route);
        assembly ("memory-safe") {
            middle := shr(96, calldataload(add(route.offset, 3)))
            fee := shr(232, calldataload(add(route.offset, 23)))
        }
    }
}
