// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a Uniswap factory deploys the pool of two tokens, by CREATE2. Whatever has code there is that pool.
/// @dev In assembly because it runs twice in every swap. The order of the tokens does not matter, and whatever stands
///      beside an argument in its word is dropped.
library PoolAddress {
    /// @param initCodeHash keccak256 of the pairs' creation code
    function v2(address factory, bytes32 initCodeHash, address tokenA, address tokenB)
        internal
        pure
        returns (address pair)
    {
        bytes32 salt;
        assembly ("memory-safe") {
            let a := shl(96, tokenA)
            let b := shl(96, tokenB)
            let swapped := mul(xor(a, b), gt(a, b))
            // keccak256(abi.encodePacked(token0, token1))
            mstore(0x00, xor(a, swapped))
            mstore(0x14, xor(b, swapped))
            salt := keccak256(0x00, 0x28)
        }
        return _create2(factory, initCodeHash, salt);
    }

    /// @param initCodeHash keccak256 of the pools' creation code
    /// @param fee {1e-6}
    function v3(address factory, bytes32 initCodeHash, address tokenA, address tokenB, uint24 fee)
        internal
        pure
        returns (address pool)
    {
        bytes32 salt;
        assembly ("memory-safe") {
            let a := shl(96, tokenA)
            let b := shl(96, tokenB)
            let swapped := mul(xor(a, b), gt(a, b))
            // keccak256(abi.encode(token0, token1, fee)), over the free memory pointer, which is put back
            let free := mload(0x40)
            mstore(0x00, shr(96, xor(a, swapped)))
            mstore(0x20, shr(96, xor(b, swapped)))
            mstore(0x40, and(fee, 0xffffff))
            salt := keccak256(0x00, 0x60)
            mstore(0x40, free)
        }
        return _create2(factory, initCodeHash, salt);
    }

    /// @dev The last 20 bytes of keccak256(0xff ++ factory ++ salt ++ initCodeHash)
    function _create2(address factory, bytes32 initCodeHash, bytes32 salt) private pure returns (address deployed) {
        assembly ("memory-safe") {
            // over the free memory pointer, which is put back
            let free := mload(0x40)
            mstore(0x00, or(shl(160, 0xff), shr(96, shl(96, factory))))
            mstore(0x20, salt)
            mstore(0x40, initCodeHash)
            deployed := shr(96, shl(96, keccak256(0x0b, 0x55)))
            mstore(0x40, free)
        }
    }
}
