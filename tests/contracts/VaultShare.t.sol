// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";

import {VaultTest} from "./VaultTest.sol";

/// @notice EIP-2612 on the share: an allowance by signature. Ours are the domain (name of the mandate, address of the clone)
///         and what the state of a vault leaves free; the rest is Solady's.
contract VaultShareTest is VaultTest {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    address private holder;
    uint256 private key;
    ERC20 private share;

    function setUp() public override {
        super.setUp();
        (holder, key) = makeAddrAndKey("holder");
        share = ERC20(address(vault));
    }

    function test_permit__signed_by_the_holder__then_the_spender_may_redeem_for_him(uint256 shares) public {
        shares = bound(shares, 1, 1e18);
        giveShares(vault, holder, shares);
        _permit(share, shares, 0, block.timestamp, key);
        assertEq(share.allowance(holder, stranger), shares, "allowance");
        assertEq(share.nonces(holder), 1, "nonce");

        vm.prank(stranger);
        vault.redeem(shares, all(0), stranger, holder, 0);
        assertEq(share.allowance(holder, stranger), 0, "used up");
        assertEq(share.balanceOf(holder), 0, "redeemed");
    }

    /// What Permit binds: the value, the spender and the time.
    function test_permit__anything_else_than_what_was_signed__reverts(uint256 value, uint256 late) public {
        value = bound(value, 0, type(uint256).max - 1);
        uint256 deadline = block.timestamp;
        (uint8 v, bytes32 r, bytes32 s) = _signed(share, value, 0, deadline, key);
        vm.expectRevert(ERC20.InvalidPermit.selector);
        share.permit(holder, stranger, value + 1, deadline, v, r, s);
        vm.expectRevert(ERC20.InvalidPermit.selector);
        share.permit(holder, owner, value, deadline, v, r, s);
        vm.expectRevert(ERC20.InvalidPermit.selector);
        share.permit(holder, stranger, value, deadline + 1, v, r, s);
        vm.warp(deadline + bound(late, 1, 365 days));
        vm.expectRevert(ERC20.PermitExpired.selector);
        share.permit(holder, stranger, value, deadline, v, r, s);
        assertEq(share.allowance(holder, stranger), 0, "nothing allowed");
    }

    function test_permit__signed_by_somebody_else__reverts(uint256 other) public {
        other = bound(other, 1, 1e70);
        vm.assume(vm.addr(other) != holder);
        (uint8 v, bytes32 r, bytes32 s) = _signed(share, 1, 0, block.timestamp, other);
        vm.expectRevert(ERC20.InvalidPermit.selector);
        share.permit(holder, stranger, 1, block.timestamp, v, r, s);
    }

    function test_permit__twice__reverts() public {
        _permit(share, 1, 0, block.timestamp, key);
        (uint8 v, bytes32 r, bytes32 s) = _signed(share, 1, 0, block.timestamp, key);
        vm.expectRevert(ERC20.InvalidPermit.selector);
        share.permit(holder, stranger, 1, block.timestamp, v, r, s);
        _permit(share, 2, 1, block.timestamp, key);
        assertEq(share.allowance(holder, stranger), 2, "the next nonce");
    }

    /// Clones of one implementation do not take each other's signatures, and neither does the implementation.
    function test_permit__signed_for_another_vault__reverts() public {
        ERC20 other = ERC20(address(newVault(oddMandate())));
        assertNotEq(other.DOMAIN_SEPARATOR(), share.DOMAIN_SEPARATOR(), "domains");
        (uint8 v, bytes32 r, bytes32 s) = _signed(share, 1, 0, block.timestamp, key);
        vm.expectRevert(ERC20.InvalidPermit.selector);
        other.permit(holder, stranger, 1, block.timestamp, v, r, s);
        _permit(other, 1, 0, block.timestamp, key);
        assertEq(other.allowance(holder, stranger), 1, "its own");
    }

    function test_domain__is_the_mandates_name_and_the_clones_address() public view {
        bytes32 expected = keccak256(
            abi.encode(DOMAIN, keccak256(bytes(share.name())), keccak256("1"), block.chainid, address(vault))
        );
        assertEq(share.DOMAIN_SEPARATOR(), expected, "EIP-712");
    }

    /// A paused vault keeps nobody in, and so not from letting somebody else redeem for him.
    function test_permit__while_paused__works() public {
        vm.prank(guardian);
        vault.pause();
        _permit(share, 5, 0, block.timestamp, key);
        assertEq(share.allowance(holder, stranger), 5, "allowance");
    }

    function _permit(ERC20 of_, uint256 value, uint256 nonce, uint256 deadline, uint256 by) private {
        (uint8 v, bytes32 r, bytes32 s) = _signed(of_, value, nonce, deadline, by);
        of_.permit(holder, stranger, value, deadline, v, r, s);
    }

    function _signed(ERC20 of_, uint256 value, uint256 nonce, uint256 deadline, uint256 by)
        private
        view
        returns (uint8, bytes32, bytes32)
    {
        bytes32 call = keccak256(abi.encode(PERMIT, holder, stranger, value, nonce, deadline));
        return vm.sign(by, keccak256(abi.encodePacked(hex"1901", of_.DOMAIN_SEPARATOR(), call)));
    }
}
