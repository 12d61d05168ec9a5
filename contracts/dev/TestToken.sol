// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";

/// @title TestToken
/// @notice NOT FOR PRODUCTION. An ERC-20 with any decimals that its minter mints at will, for demos and tests.
contract TestToken is ERC20 {
    error Unauthorised(address caller);

    address public immutable minter;
    uint8 private immutable _decimals;
    string private _name;
    string private _symbol;

    constructor(string memory name_, string memory symbol_, uint8 decimals_, address minter_) {
        _name = name_;
        _symbol = symbol_;
        _decimals = decimals_;
        minter = minter_;
    }

    /// @param amount {qTok}
    function mint(address to, uint256 amount) external {
        require(msg.sender == minter, Unauthorised(msg.sender));
        _mint(to, amount);
    }

    function name() public view override returns (string memory) {
        return _name;
    }

    function symbol() public view override returns (string memory) {
        return _symbol;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}
