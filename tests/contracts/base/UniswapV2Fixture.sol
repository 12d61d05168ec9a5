// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {TestToken} from "../../../contracts/dev/TestToken.sol";
import {IUniswapV2Factory, IUniswapV2Pair} from "../../../contracts/interfaces/IUniswapV2.sol";

/// @notice The real Uniswap V2, deployed from the bytecode that its npm package carries.
abstract contract UniswapV2Fixture is Test {
    string private constant CORE = "node_modules/@uniswap/v2-core/build/";

    IUniswapV2Factory internal uniswapV2;
    bytes32 internal pairInitCodeHash;

    function setUpUniswapV2() internal {
        bytes memory code = bytes.concat(_bytecodeV2("UniswapV2Factory.json"), abi.encode(address(0)));
        address deployed;
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        assertTrue(deployed != address(0), "UniswapV2Factory");
        uniswapV2 = IUniswapV2Factory(deployed);
        pairInitCodeHash = keccak256(_bytecodeV2("UniswapV2Pair.json"));
    }

    /// @notice A pair with these reserves.
    /// @param amountA {qTok of tokenA}
    /// @param amountB {qTok of tokenB}
    function createPair(TestToken tokenA, TestToken tokenB, uint256 amountA, uint256 amountB)
        internal
        returns (address pair)
    {
        pair = uniswapV2.createPair(address(tokenA), address(tokenB));
        tokenA.mint(pair, amountA);
        tokenB.mint(pair, amountB);
        IUniswapV2Pair(pair).mint(address(this));
    }

    function _bytecodeV2(string memory name) private view returns (bytes memory) {
        return
            vm.parseBytes(string.concat("0x", vm.parseJsonString(vm.readFile(string.concat(CORE, name)), ".bytecode")));
    }
}
