// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Cause, Mandate} from "../../contracts/types/Types.sol";
import {FlowTest} from "./base/FlowTest.sol";

/// @dev T-02 on every entry point: whoever sends tokens to a vault gives them away. `mallory` has a part of all shares and
///      the tokens that he donates; whatever he calls before and after, he ends with less than he had.
contract VaultDonationTest is FlowTest {
    address internal mallory = makeAddr("mallory");

    function setUp() public override {
        super.setUp();
        giveShares(odd, mallory, SEED_SHARES / 10);
    }

    /// In kind, what he donates is shared out.
    function test_T02_donation__then_redeem__costs_the_donor(uint256 asset, uint256 amount, uint256 shares) public {
        giveShares(odd, mallory, bound(shares, 0, SEED_SHARES * 8 / 10));
        uint256 before = _worthOf(odd, mallory);
        uint256 given = _donate(asset, amount);
        uint256 back = redeemAll(odd, mallory);
        assertLt(back, before + given, "T-02 the donor loses");
    }

    /// A later minter pays for what he gets.
    function test_T02_donation__then_another_mints__is_not_his_loss(uint256 asset, uint256 amount) public {
        _donate(asset, amount);
        uint256[] memory cost = odd.previewMint(1_000e18);
        fundOdd(stranger, odd, cost);
        vm.prank(stranger);
        odd.mint(1_000e18, cost, stranger);
        assertGe(redeemAll(odd, stranger) + 6e18, worth(odd, cost), "T-02 a unit of each at most");
    }

    /// A later depositor loses the spread, and no more, however swollen the shares.
    function test_T02_donation__then_another_deposits__he_loses_the_spread(uint256 asset, uint256 amount, uint256 x)
        public
    {
        asset = _donateTo(asset, amount);
        uint256 other = (asset + 1) % 3;
        uint256[] memory amounts = only(other, bound(x, ONE, roomIn(odd, other)));
        deposit(odd, stranger, amounts);
        uint256 paid = worth(odd, amounts);
        uint256 unit = totalOf(odd) / supplyOf(odd) + 1;
        assertGe(redeemAll(odd, stranger) + unit + 3e18 + 1, paid * (BPS - SPREAD) / BPS, "T-02 the spread");
    }

    /// Deposit at the present value, swell it, leave: the gift exceeds the gain.
    function test_T02_donation__between_deposit_and_redeem__costs_the_donor(uint256 asset, uint256 amount, uint256 x)
        public
    {
        uint256 before = _worthOf(odd, mallory);
        uint256[] memory amounts = only(0, bound(x, ONE, roomIn(odd, 0)));
        deposit(odd, mallory, amounts);
        uint256 given = _donate(asset, amount);
        assertLt(redeemAll(odd, mallory), before + given + worth(odd, amounts), "T-02 the donor loses");
    }

    /// Make room for a withdrawal of what he donated himself: he pays for it with shares, and with the spread.
    function test_T02_donation__then_withdraw__costs_the_donor(uint256 asset, uint256 amount, uint256 x) public {
        uint256 before = _worthOf(odd, mallory);
        asset = asset % 3;
        amount = bound(amount, 1_000 * ONE, 10_000_000 * ONE);
        donate(odd, asset, amount);
        uint256 room = roomOut(odd, asset);
        uint256 taken = bound(x, ONE, room < 90_000 * ONE ? room : 90_000 * ONE);
        uint256 shares = odd.previewWithdraw(only(asset, taken));
        vm.assume(shares <= sharesOf(odd, mallory));
        withdraw(odd, mallory, only(asset, taken));
        uint256 back = oddTokens[asset].balanceOf(mallory) * 1e18;
        back += redeemAll(odd, mallory);
        assertLt(back, before + amount * 1e18, "T-02 the donor loses");
    }

    /// Donate in one asset, fill the room that this makes in another, leave with both.
    function test_T02_donation__then_deposit_into_the_room_it_made__costs_the_donor(
        uint256 asset,
        uint256 amount,
        uint256 x
    ) public {
        uint256 before = _worthOf(odd, mallory);
        asset = asset % 3;
        amount = bound(amount, 1_000 * ONE, 10_000_000 * ONE);
        donate(odd, asset, amount);
        uint256 other = (asset + 1) % 3;
        uint256[] memory amounts = only(other, bound(x, ONE, roomIn(odd, other)));
        deposit(odd, mallory, amounts);
        uint256 spent = amount * 1e18 + worth(odd, amounts);
        assertLt(redeemAll(odd, mallory), before + spent, "T-02 the donor loses");
    }

    /// A donation is a rise, so it is charged: the recipient of the fees gets back less than he gave.
    function test_T02_donation__then_takeFees__costs_the_recipient(uint256 asset, uint256 amount) public {
        Mandate memory m = oddMandate();
        setFees(m, mallory, 500, 3_000);
        IVault paid = oddVault(m, amounts3(500_000 * ONE, 300_000 * ONE, 200_000 * ONE));
        paid.takeFees();
        uint256 holders = _worthOf(paid, owner);
        amount = bound(amount, 1, 1e30);
        donate(paid, asset % 3, amount);
        paid.takeFees();
        assertGe(_worthOf(paid, owner) + 1e31, holders, "T-02 the holders gain");
        assertLt(redeemAll(paid, mallory), amount * 1e18 * 3 / 10 + 1, "T-02 the rate of it at most");
    }

    /// A donation may make a rebalance due, and a rebalance of it takes nothing from anybody.
    function test_T02_donation__then_rebalance__costs_the_donor() public {
        uint256 before = _worthOf(odd, mallory);
        assertFalse(odd.due().due, "in band");
        makeOddDue();
        assertTrue(odd.due().due, "due");
        rebalance(odd, oddPlan());
        assertLt(redeemAll(odd, mallory), before + 150_000 * DOLLARS, "T-02 the donor loses");
    }

    /// A donation cannot hold up what is due: it can only move drifts as any price would, and costs as much.
    function test_T02_donation__due_counts_it_as_held(uint256 amount) public {
        amount = bound(amount, 1, 1e30);
        donate(odd, 0, amount);
        uint256 total = (1_000_000 * ONE + amount) * 1e18;
        assertEq(odd.due().total, total, "T-02 total");
        uint256 off = (500_000 * ONE + amount) * 1e18 * BPS - 5_000 * total;
        assertEq(odd.due().largestDrift, off / 1e4 / (total / 1e18), "T-02 drift");
        assertEq(uint8(odd.due().cause), uint8(off >= 500 * total ? Cause.THRESHOLD : Cause.IN_BAND), "T-02 cause");
    }

    /// Previews answer as the calls do: a donation just before a call changes both alike, and minimums stop the rest.
    function test_T02_donation__between_preview_and_deposit__is_caught_by_the_minimum(uint256 amount) public {
        uint256[] memory amounts = only(1, 1_000 * ONE);
        donate(odd, 0, 100_000 * ONE);
        uint256 shares = odd.previewDeposit(amounts);
        donate(odd, 0, bound(amount, 1_000 * ONE, 1e30));
        assertLt(odd.previewDeposit(amounts), shares, "T-02 fewer shares, each worth more");
        fundOdd(stranger, odd, amounts);
        vm.expectRevert();
        vm.prank(stranger);
        odd.deposit(amounts, shares, stranger);
    }

    // ---- helpers

    /// @return D36{quote} of what he gave
    function _donate(uint256 asset, uint256 amount) private returns (uint256) {
        amount = bound(amount, ONE, 1e30);
        donate(odd, asset % 3, amount);
        return amount * 1e18;
    }

    /// @return the asset
    function _donateTo(uint256 asset, uint256 amount) private returns (uint256) {
        _donate(asset, amount);
        return asset % 3;
    }

    /// @return D36{quote} what an account's shares are worth, rounded up
    function _worthOf(IVault of_, address account) private view returns (uint256) {
        return sharesOf(of_, account) * (totalOf(of_) / 1e18) / (supplyOf(of_) / 1e18) + 1e18;
    }
}
