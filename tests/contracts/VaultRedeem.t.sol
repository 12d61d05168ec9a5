// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Kind} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";
import {OddToken} from "./hostile/OddToken.sol";

contract VaultRedeemTest is VaultTest {
    function test_redeem__pays_its_part_rounded_down(uint256 shares) public {
        shares = bound(shares, 1, SEED_SHARES - MIN_SUPPLY);
        uint256[] memory held = vault.balances();
        uint256[] memory expected = vault.previewRedeem(shares, 0);
        expectEntry(vault, Kind.REDEEMED, abi.encode(owner, stranger, owner, shares, expected, 0));
        vm.prank(owner);
        uint256[] memory paid = vault.redeem(shares, expected, stranger, owner, 0);

        assertEq(paid, expected, "VLT-8 preview");
        assertEq(supplyOf(vault), SEED_SHARES - shares, "VLT-8 burnt");
        for (uint256 i; i < 3; ++i) {
            assertEq(paid[i], held[i] * shares / SEED_SHARES, "VLT-8 rounded down");
            assertEq(tokens[i].balanceOf(stranger), paid[i], "VLT-8 delivered");
            assertEq(vault.balances()[i], held[i] - paid[i], "VLT-8 the rest stays");
        }
    }

    /// Neither pause nor prices nor time can keep anybody in.
    function test_T17_redeem__paused_and_without_prices__works() public {
        vm.prank(guardian);
        vault.pause();
        vm.warp(block.timestamp + 3650 days);
        vm.mockCallRevert(address(oracle), "", "dead");
        for (uint256 i; i < 4; ++i) {
            vm.mockCallRevert(address(feeds[i]), "", "dead");
        }
        vm.prank(owner);
        uint256[] memory paid = vault.redeem(SEED_SHARES - MIN_SUPPLY, all(0), owner, owner, 0);
        for (uint256 i; i < 3; ++i) {
            assertGt(paid[i], 0, "VLT-8 paid");
        }
    }

    /// The supply never reaches zero: what was locked with the first mint cannot leave (T-06).
    function test_T06_redeem__everything__leaves_the_locked_shares() public {
        vm.prank(owner);
        vault.redeem(SEED_SHARES - MIN_SUPPLY, all(0), owner, owner, 0);
        assertEq(supplyOf(vault), MIN_SUPPLY, "VLT-6 supply");
        for (uint256 i; i < 3; ++i) {
            assertGe(vault.balances()[i], 1, "VLT-6 something stands behind them");
        }
        vm.expectRevert(ERC20.InsufficientAllowance.selector);
        vault.redeem(1, all(0), stranger, DEAD, 0);
    }

    function test_redeem__more_than_owned__reverts() public {
        giveShares(vault, stranger, 1e18);
        vm.expectRevert(ERC20.InsufficientBalance.selector);
        vm.prank(stranger);
        vault.redeem(1e18 + 1, all(0), stranger, stranger, 0);
    }

    function test_redeem__below_minimum__reverts(uint256 asset) public {
        asset = bound(asset, 0, 2);
        uint256[] memory minimum = vault.previewRedeem(1_000e18, 0);
        uint256 amount = minimum[asset]++;
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.AmountBelowMinimum.selector, asset, amount, amount + 1));
        vm.prank(owner);
        vault.redeem(1_000e18, minimum, owner, owner, 0);
    }

    function test_redeem__zero_shares__reverts() public {
        vm.expectRevert(IVaultCore.ZeroShares.selector);
        vault.redeem(0, all(0), stranger, stranger, 0);
    }

    function test_redeem__wrong_length__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 2));
        vm.prank(owner);
        vault.redeem(1, new uint256[](2), owner, owner, 0);
    }

    function test_redeem__to_nobody_or_the_vault__reverts() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(0)));
        vault.redeem(1, all(0), address(0), owner, 0);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(vault)));
        vault.redeem(1, all(0), address(vault), owner, 0);
    }

    // ---- for another

    function test_redeem__for_another__spends_the_allowance(uint256 allowed, uint256 shares) public {
        allowed = bound(allowed, 1, SEED_SHARES - MIN_SUPPLY);
        shares = bound(shares, 1, allowed);
        vm.prank(owner);
        OddToken(address(vault)).approve(stranger, allowed);
        vm.prank(stranger);
        vault.redeem(shares, all(0), stranger, owner, 0);
        assertEq(OddToken(address(vault)).allowance(owner, stranger), allowed - shares, "VLT-8 allowance");
    }

    function test_redeem__for_another_without_allowance__reverts(address caller) public {
        vm.assume(caller != owner);
        vm.expectRevert(ERC20.InsufficientAllowance.selector);
        vm.prank(caller);
        vault.redeem(1, all(0), stranger, owner, 0);
    }

    /// Permit2 has no allowance but one that the holder gives.
    function test_allowance__permit2__starts_at_nothing() public view {
        address permit2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
        assertEq(OddToken(address(vault)).allowance(owner, permit2), 0, "no standing allowance");
    }

    // ---- T-17, one bad token

    /// Whatever a token does, it can be skipped: a skipped token is not even asked for its balance.
    function test_T17_redeem__any_token_broken__can_be_skipped(uint256 broken, uint256 kind) public {
        broken = bound(broken, 0, 2);
        kind = bound(kind, 0, 4);
        OddToken bad = oddTokens[broken];
        if (kind == 0) bad.setTransfersPaused(true);
        if (kind == 1) bad.setBlacklisted(address(odd), true);
        if (kind == 2) bad.setReturnsFalse(true);
        if (kind == 3) bad.setBalanceBroken(true);
        if (kind == 4) vm.etch(address(bad), hex"fe"); // burns all the gas it is given

        vm.startPrank(owner);
        vm.expectRevert();
        odd.redeem{gas: 5_000_000}(1_000e18, all(0), stranger, owner, 0);
        uint256[] memory expected = odd.previewRedeem(1_000e18, 1 << broken);
        expectEntry(odd, Kind.REDEEMED, abi.encode(owner, stranger, owner, 1_000e18, expected, 1 << broken));
        vm.startPrank(owner);
        uint256[] memory paid = odd.redeem(1_000e18, all(0), stranger, owner, 1 << broken);
        for (uint256 i; i < 3; ++i) {
            if (i == broken) {
                assertEq(paid[i], 0, "VLT-8 skipped");
            } else {
                assertEq(oddTokens[i].balanceOf(stranger), paid[i], "VLT-8 paid");
                assertGt(paid[i], 0, "VLT-8 paid something");
            }
        }
    }

    function test_T20_redeem__token_returns_false__reverts_by_name() public {
        oddTokens[1].setReturnsFalse(true);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        vm.prank(owner);
        odd.redeem(1e18, all(0), owner, owner, 0);
    }

    function test_T20_redeem__token_returns_nothing__works() public {
        oddTokens[1].setReturnsNothing(true);
        vm.prank(owner);
        odd.redeem(1e18, all(0), stranger, owner, 0);
        assertEq(oddTokens[1].balanceOf(stranger), ONE * 3 / 10, "VLT-8 paid");
    }

    /// A token that cannot answer is never taken for an empty balance: the redeemer must say that it is to be skipped.
    function test_redeem__balance_unreadable_and_not_skipped__reverts() public {
        oddTokens[1].setBalanceBroken(true);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.TokenUnreadable.selector, oddTokens[1]));
        vm.prank(owner);
        odd.redeem(1e18, all(0), owner, owner, 0);
    }

    /// A fee on the way out is the token's word with the redeemer; it blocks nobody.
    function test_T20_redeem__fee_on_transfer__works() public {
        oddTokens[0].setFee(100);
        vm.prank(owner);
        odd.redeem(1e18, all(0), stranger, owner, 0);
        assertEq(oddTokens[0].balanceOf(stranger), ONE / 2 * 99 / 100, "VLT-8 paid less the fee");
    }

    function test_redeem__nothing_to_pay__is_not_transferred() public {
        oddTokens[2].setRefusesZero(true);
        vm.prank(owner);
        uint256[] memory paid = odd.redeem(1, all(0), owner, owner, 0);
        assertEq(paid, all(0), "VLT-8 rounded down to nothing");
    }

    /// What was skipped stays for the remaining shares, and the redeemer has no claim left.
    function test_T17_redeem__skipped_part__belongs_to_the_rest(uint256 shares, uint256 skip) public {
        shares = bound(shares, 1, SEED_SHARES - MIN_SUPPLY);
        skip = bound(skip, 0, 7);
        uint256[] memory held = odd.balances();
        vm.prank(owner);
        uint256[] memory paid = odd.redeem(shares, all(0), stranger, owner, skip);
        for (uint256 i; i < 3; ++i) {
            bool skipped = skip >> i & 1 == 1;
            assertEq(paid[i], skipped ? 0 : held[i] * shares / SEED_SHARES, "VLT-8 amounts");
            assertEq(odd.balances()[i], held[i] - paid[i], "VLT-8 the rest stays");
            assertGe(odd.balances()[i] * SEED_SHARES, held[i] * (SEED_SHARES - shares), "VLT-6 share");
        }
    }

    function test_redeem__skipped_with_a_minimum__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.AmountBelowMinimum.selector, 2, 0, 1));
        vm.prank(owner);
        odd.redeem(1e18, amounts3(0, 0, 1), owner, owner, 4);
    }

    // ---- donations (T-02)

    /// Whoever donates and then leaves takes out less than was put in.
    function test_T02_redeem__donation_before__gains_nothing(uint256 donation, uint256 shares) public {
        donation = bound(donation, 1, 1e30);
        shares = bound(shares, 1, SEED_SHARES - MIN_SUPPLY);
        giveShares(odd, stranger, shares);
        uint256 without = odd.previewRedeem(shares, 0)[0];
        oddTokens[0].mint(address(odd), donation);
        vm.prank(stranger);
        uint256[] memory paid = odd.redeem(shares, all(0), stranger, stranger, 0);
        assertLe(paid[0], without + donation, "VLT-7 the donor gains nothing");
    }
}
