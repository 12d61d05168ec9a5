// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";

/// @notice A token that misbehaves on demand, one way at a time or several. Anybody mints.
contract OddToken is ERC20 {
    error TransfersPaused();
    error Blacklisted(address account);
    error ZeroTransfer();
    error BalanceUnreadable();

    uint8 private immutable _decimals;

    uint256 public fee; // {bps} kept from every transfer
    bool public returnsFalse; // instead of moving anything
    bool public returnsNothing; // as USDT does
    bool public transfersPaused;
    bool public refusesZero; // reverts on a transfer of nothing
    bool public balanceBroken;
    mapping(address account => bool) public isBlacklisted;

    address public hook; // called on every transfer, as ERC-777 calls its receivers
    bytes public hookData;
    bytes public hookResult; // what the last call of the hook returned or reverted with

    constructor(uint8 decimals_) {
        _decimals = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function setReturnsFalse(bool value) external {
        returnsFalse = value;
    }

    function setReturnsNothing(bool value) external {
        returnsNothing = value;
    }

    function setTransfersPaused(bool value) external {
        transfersPaused = value;
    }

    function setRefusesZero(bool value) external {
        refusesZero = value;
    }

    function setBalanceBroken(bool value) external {
        balanceBroken = value;
    }

    function setBlacklisted(address account, bool value) external {
        isBlacklisted[account] = value;
    }

    function setHook(address hook_, bytes calldata data) external {
        (hook, hookData) = (hook_, data);
    }

    function name() public pure override returns (string memory) {
        return "Odd";
    }

    function symbol() public pure override returns (string memory) {
        return "ODD";
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function balanceOf(address account) public view override returns (uint256) {
        require(!balanceBroken, BalanceUnreadable());
        return super.balanceOf(account);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (returnsFalse) return false;
        _check(msg.sender, to, amount);
        _transfer(msg.sender, to, amount);
        _afterMove(to, amount);
        return _answer();
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (returnsFalse) return false;
        _check(from, to, amount);
        _spendAllowance(from, msg.sender, amount);
        _transfer(from, to, amount);
        _afterMove(to, amount);
        return _answer();
    }

    function _givePermit2InfiniteAllowance() internal pure override returns (bool) {
        return false;
    }

    function _check(address from, address to, uint256 amount) private view {
        require(!transfersPaused, TransfersPaused());
        require(!isBlacklisted[from], Blacklisted(from));
        require(!isBlacklisted[to], Blacklisted(to));
        require(amount > 0 || !refusesZero, ZeroTransfer());
    }

    function _afterMove(address to, uint256 amount) private {
        if (fee > 0) _burn(to, amount * fee / 10_000);
        if (hook != address(0)) (, hookResult) = hook.call(hookData);
    }

    function _answer() private view returns (bool) {
        if (returnsNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}
