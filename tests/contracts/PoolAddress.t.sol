// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {PoolAddress} from "../../contracts/libraries/PoolAddress.sol";

/// @notice Addresses of pools against Uniswap's own formula. That they are those of the real factories is tested with the
///         venues.
contract PoolAddressTest is Test {
    function test_v2__when_any_tokens__then_as_uniswap_computes(address factory, bytes32 hash, address a, address b)
        public
        pure
    {
        (address token0, address token1) = a < b ? (a, b) : (b, a);
        bytes32 salt = keccak256(abi.encodePacked(token0, token1));
        address expected = _create2(factory, hash, salt);
        assertEq(PoolAddress.v2(factory, hash, a, b), expected, "pair");
        assertEq(PoolAddress.v2(factory, hash, b, a), expected, "in either order");
    }

    function test_v3__when_any_tokens__then_as_uniswap_computes(
        address factory,
        bytes32 hash,
        address a,
        address b,
        uint24 fee
    ) public pure {
        (address token0, address token1) = a < b ? (a, b) : (b, a);
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        address expected = _create2(factory, hash, salt);
        assertEq(PoolAddress.v3(factory, hash, a, b, fee), expected, "pool");
        assertEq(PoolAddress.v3(factory, hash, b, a, fee), expected, "in either order");
    }

    /// @dev A narrowing cast leaves the rest of the word on the stack.
    function test_both__when_words_are_full__then_the_rest_is_dropped(
        uint256 factory,
        bytes32 hash,
        uint256 a,
        uint256 b,
        uint256 fee
    ) public pure {
        (address f, address ta, address tb) = (address(uint160(factory)), address(uint160(a)), address(uint160(b)));
        (address token0, address token1) = ta < tb ? (ta, tb) : (tb, ta);
        assertEq(
            PoolAddress.v2(address(uint160(factory)), hash, address(uint160(a)), address(uint160(b))),
            _create2(f, hash, keccak256(abi.encodePacked(token0, token1))),
            "pair"
        );
        assertEq(
            PoolAddress.v3(address(uint160(factory)), hash, address(uint160(a)), address(uint160(b)), uint24(fee)),
            _create2(f, hash, keccak256(abi.encode(token0, token1, uint24(fee)))),
            "pool"
        );
    }

    /// @dev The words of the formula are written over the free memory pointer and what follows it.
    function test_both__when_called__then_memory_is_as_before(address factory, bytes32 hash, address a, address b)
        public
        pure
    {
        bytes memory before = abi.encode(factory, hash, a, b);
        bytes32 digest = keccak256(before);
        (uint256 free, uint256 zero) = _pointers();
        PoolAddress.v2(factory, hash, a, b);
        PoolAddress.v3(factory, hash, a, b, 500);
        (uint256 freeAfter, uint256 zeroAfter) = _pointers();
        assertEq(freeAfter, free, "free memory pointer");
        assertEq(zeroAfter, zero, "zero slot");
        assertEq(keccak256(before), digest, "memory");
    }

    function _pointers() private pure returns (uint256 free, uint256 zero) {
        assembly {
            free := mload(0x40)
            zero := mload(0x60)
        }
    }

    function _create2(address factory, bytes32 hash, bytes32 salt) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", factory, salt, hash)))));
    }
}
