// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {Pairing} from "../../contracts/interfaces/IMandateChecker.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Kind, Mandate} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

contract VaultMintTest is VaultTest {
    // ---- the first mint

    function test_mint__first__locks_min_supply_and_takes_exactly_what_was_given() public {
        IVault fresh = newVault(oddMandate());
        uint256[] memory amounts = amounts3(5 * ONE, 3 * ONE, 2 * ONE);
        fundOdd(owner, fresh, amounts);
        expectEntry(fresh, Kind.MINTED, abi.encode(owner, stranger, 10e18, amounts));
        vm.prank(owner);
        uint256[] memory paid = fresh.mint(10e18, amounts, stranger);
        assertEq(paid, amounts, "VLT-6 paid");
        assertEq(fresh.balances(), amounts, "VLT-6 held");
        assertEq(sharesOf(fresh, stranger), 10e18 - MIN_SUPPLY, "VLT-6 receiver");
        assertEq(sharesOf(fresh, DEAD), MIN_SUPPLY, "VLT-6 locked for good");
        assertEq(supplyOf(fresh), 10e18, "VLT-6 supply");
    }

    /// T-03: nobody can be the first depositor but the owner.
    function test_T03_mint__first_by_another__reverts(address caller) public {
        vm.assume(caller != owner);
        IVault fresh = newVault(oddMandate());
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller));
        vm.prank(caller);
        fresh.mint(10e18, all(ONE), stranger);
    }

    function test_mint__first_not_above_min_supply__reverts(uint256 shares) public {
        shares = bound(shares, 1, MIN_SUPPLY);
        IVault fresh = newVault(oddMandate());
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.FirstMintTooSmall.selector, shares, MIN_SUPPLY));
        vm.prank(owner);
        fresh.mint(shares, all(ONE), owner);
    }

    function test_mint__first_for_nothing__reverts() public {
        IVault fresh = newVault(oddMandate());
        vm.expectRevert(IVaultCore.NoValue.selector);
        vm.prank(owner);
        fresh.mint(10e18, all(0), owner);
    }

    /// What was set before the first mint stays in force, and the state is never an empty slot again.
    function test_mint__first__after_another_mandate__keeps_it() public {
        Mandate memory m = oddMandate();
        IVault fresh = newVault(m);
        --m.limits.maxSlippage;
        vm.prank(owner);
        fresh.setMandate(m, new Pairing[](0));
        seedOdd(fresh);
        assertEq(abi.encode(fresh.mandate()), abi.encode(m), "VLT-11 in force");
        fresh = newVault(oddMandate());
        assertEq(vm.load(address(fresh), 0), 0, "nothing yet");
        seedOdd(fresh);
        assertNotEq(vm.load(address(fresh), 0), 0, "no later call pays for filling it");
    }

    function test_previewMint__before_the_first__reverts() public {
        IVault fresh = newVault(oddMandate());
        vm.expectRevert(IVaultCore.NoValue.selector);
        fresh.previewMint(1e18);
        vm.expectRevert(IVaultCore.NoValue.selector);
        fresh.previewRedeem(1e18, 0);
    }

    // ---- later mints

    function test_mint__takes_its_part_rounded_up(uint256 shares) public {
        shares = bound(shares, 1, 1e30);
        uint256[] memory held = vault.balances();
        uint256 supply = supplyOf(vault);
        uint256[] memory expected = vault.previewMint(shares);
        fundAll(stranger, expected);
        expectEntry(vault, Kind.MINTED, abi.encode(stranger, stranger, shares, expected));
        vm.prank(stranger);
        uint256[] memory paid = vault.mint(shares, expected, stranger);

        assertEq(paid, expected, "VLT-6 preview");
        assertEq(sharesOf(vault, stranger), shares, "VLT-6 shares");
        for (uint256 i; i < 3; ++i) {
            assertEq(paid[i], FixedPointMathLib.fullMulDivUp(held[i], shares, supply), "VLT-6 rounded up");
            assertEq(vault.balances()[i], held[i] + paid[i], "VLT-6 received");
            // held'/supply' >= held/supply, cross-multiplied
            assertGe((held[i] + paid[i]) * supply, held[i] * (supply + shares), "VLT-6 nobody is diluted");
        }
    }

    function test_mint__works_without_any_price() public {
        vm.warp(block.timestamp + 365 days);
        vm.mockCallRevert(address(oracle), "", "dead");
        uint256[] memory amounts = vault.previewMint(1e18);
        fundAll(stranger, amounts);
        vm.prank(stranger);
        vault.mint(1e18, amounts, stranger);
        assertEq(sharesOf(vault, stranger), 1e18, "VLT-6 shares");
    }

    /// T-13: the most that a minter pays is named by the minter.
    function test_T13_mint__amount_above_maximum__reverts(uint256 asset) public {
        asset = bound(asset, 0, 2);
        uint256[] memory amounts = vault.previewMint(1_000e18);
        amounts[asset] -= 1;
        vm.expectRevert(
            abi.encodeWithSelector(IVaultCore.AmountAboveMaximum.selector, asset, amounts[asset] + 1, amounts[asset])
        );
        vm.prank(stranger);
        vault.mint(1_000e18, amounts, stranger);
    }

    function test_mint__zero_shares__reverts() public {
        vm.expectRevert(IVaultCore.ZeroShares.selector);
        vault.mint(0, all(0), stranger);
    }

    function test_mint__wrong_length__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 2));
        vault.mint(1e18, new uint256[](2), stranger);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 4));
        vault.mint(1e18, new uint256[](4), stranger);
    }

    function test_mint__to_nobody_or_the_vault__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(0)));
        vault.mint(1e18, all(0), address(0));
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(vault)));
        vault.mint(1e18, all(0), address(vault));
    }

    function test_mint__paused__reverts() public {
        vm.prank(guardian);
        vault.pause();
        vm.expectRevert(IVaultCore.Paused.selector);
        vault.mint(1e18, all(0), stranger);
    }

    /// The least that a share can cost is one unit of each token that is held: never nothing.
    function test_T03_mint__one_unit_of_shares__is_paid() public {
        uint256[] memory amounts = vault.previewMint(1);
        assertEq(amounts, all(1), "VLT-6 rounded up to a unit");
    }

    // ---- T-20, odd tokens

    function test_T20_mint__fee_on_transfer__reverts(uint256 fee) public {
        fee = bound(fee, 1, 10_000);
        oddTokens[1].setFee(fee);
        uint256[] memory amounts = odd.previewMint(1e18);
        fundOdd(stranger, odd, amounts);
        uint256 received = amounts[1] - amounts[1] * fee / 10_000;
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.TransferMismatch.selector, 1, amounts[1], received));
        vm.prank(stranger);
        odd.mint(1e18, amounts, stranger);
    }

    function test_T20_mint__token_returns_false__reverts() public {
        uint256[] memory amounts = odd.previewMint(1e18);
        fundOdd(stranger, odd, amounts);
        oddTokens[1].setReturnsFalse(true);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        vm.prank(stranger);
        odd.mint(1e18, amounts, stranger);
    }

    function test_T20_mint__token_returns_nothing__works() public {
        uint256[] memory amounts = odd.previewMint(1e18);
        fundOdd(stranger, odd, amounts);
        oddTokens[1].setReturnsNothing(true);
        vm.prank(stranger);
        odd.mint(1e18, amounts, stranger);
        assertEq(sharesOf(odd, stranger), 1e18, "VLT-6 shares");
    }

    /// A token that is not held is not asked for, so one that refuses a transfer of nothing does no harm.
    function test_mint__nothing_of_a_token_held__is_not_transferred() public {
        oddTokens[2].burn(address(odd), 200_000 * ONE);
        oddTokens[2].setRefusesZero(true);
        uint256[] memory amounts = odd.previewMint(1e18);
        assertEq(amounts[2], 0, "VLT-6 nothing of the third");
        fundOdd(stranger, odd, amounts);
        vm.prank(stranger);
        odd.mint(1e18, amounts, stranger);
        assertEq(sharesOf(odd, stranger), 1e18, "VLT-6 shares");
    }

    /// Only a token that moves by itself can empty a vault; then there are no shares for nothing.
    function test_T06_mint__nothing_held__reverts() public {
        oddTokens[0].burn(address(odd), 500_000 * ONE);
        oddTokens[1].burn(address(odd), 300_000 * ONE);
        oddTokens[2].burn(address(odd), 200_000 * ONE);
        vm.expectRevert(IVaultCore.NoValue.selector);
        vm.prank(stranger);
        odd.mint(1e18, all(0), stranger);
    }

    /// A token of an absurd supply makes nothing overflow: redeeming goes on, minting as far as amounts go.
    function test_T20_mint_and_redeem__huge_supply__do_not_overflow() public {
        oddTokens[0].mint(address(odd), type(uint256).max - oddTokens[0].totalSupply());
        uint256[] memory amounts = odd.previewRedeem(SEED_SHARES / 2, 0);
        assertApproxEqAbs(amounts[0], type(uint256).max / 2, 1e18, "VLT-8 half");
        vm.prank(owner);
        odd.redeem(SEED_SHARES / 2, all(0), owner, owner, 0);
        odd.previewMint(SEED_SHARES / 2);
    }

    // ---- donations (T-02, T-03)

    /// A donation belongs to all shares: it costs the donor, and a later minter pays for what there is.
    function test_T02_mint__after_a_donation__costs_the_donor(uint256 donation, uint256 shares) public {
        donation = bound(donation, 1, 1e30);
        shares = bound(shares, 1, 1e27);
        oddTokens[0].mint(address(odd), donation);
        uint256[] memory amounts = odd.previewMint(shares);
        fundOdd(stranger, odd, amounts);
        vm.prank(stranger);
        odd.mint(shares, amounts, stranger);
        vm.prank(stranger);
        uint256[] memory back = odd.redeem(shares, all(0), stranger, stranger, 0);
        for (uint256 i; i < 3; ++i) {
            assertLe(back[i], amounts[i], "VLT-7 a round trip gains nothing");
            assertLe(amounts[i] - back[i], 1, "VLT-7 and loses at most a unit");
        }
    }

    /// T-03, T-06: at the smallest supply there is, the first minter's donation cannot take from the next.
    function test_T03_mint__smallest_supply_and_donation__next_minter_is_safe(uint256 donation, uint256 shares) public {
        IVault fresh = newVault(oddMandate());
        fundOdd(owner, fresh, all(1));
        vm.prank(owner);
        fresh.mint(MIN_SUPPLY + 1, all(1), owner);
        donation = bound(donation, 1, 1e30);
        for (uint256 i; i < 3; ++i) {
            oddTokens[i].mint(address(fresh), donation);
        }

        shares = bound(shares, 1, 1e24);
        uint256[] memory amounts = fresh.previewMint(shares);
        fundOdd(stranger, fresh, amounts);
        vm.prank(stranger);
        fresh.mint(shares, amounts, stranger);
        vm.prank(owner);
        uint256[] memory attackers = fresh.redeem(1, all(0), owner, owner, 0);
        vm.prank(stranger);
        uint256[] memory back = fresh.redeem(shares, all(0), stranger, stranger, 0);
        for (uint256 i; i < 3; ++i) {
            assertGe(back[i] + 1, amounts[i], "VLT-7 the minter loses at most a unit");
            assertLe(attackers[i], 1 + donation, "VLT-7 the donor gains nothing");
            assertGe(fresh.balances()[i], 1, "VLT-7 what is locked stays");
        }
    }

    /// Any sequence of minting and redeeming never lowers what stands behind one share.
    function test_mint_and_redeem__many_times__never_lower_the_share(uint256 seed) public {
        for (uint256 k; k < 8; ++k) {
            uint256 shares = 1 + uint256(keccak256(abi.encode(seed, k))) % 1e24;
            uint256[] memory held = odd.balances();
            uint256 supply = supplyOf(odd);
            if (k % 2 == 0) {
                uint256[] memory amounts = odd.previewMint(shares);
                fundOdd(stranger, odd, amounts);
                vm.prank(stranger);
                odd.mint(shares, amounts, stranger);
            } else {
                shares = FixedPointMathLib.min(shares, sharesOf(odd, stranger));
                vm.prank(stranger);
                odd.redeem(shares, all(0), stranger, stranger, 0);
            }
            for (uint256 i; i < 3; ++i) {
                assertGe(odd.balances()[i] * supply, held[i] * supplyOf(odd), "VLT-6 share");
            }
        }
    }
}
