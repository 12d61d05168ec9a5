// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Kind, Mandate} from "../../contracts/types/Types.sol";
import {FlowTest} from "./base/FlowTest.sol";

/// @dev `paid` is a vault of odd tokens with a management fee of 2% a year and a performance fee of 20%; one million of
///      shares at a dollar.
contract VaultFeesTest is FlowTest {
    uint256 internal constant MANAGEMENT = 200; // {bps per year}
    uint256 internal constant PERFORMANCE = 2_000; // {bps}
    uint256 internal constant YEAR = 365 days;

    address internal recipient = makeAddr("recipient");
    IVault internal paid;

    function setUp() public override {
        super.setUp();
        paid = _withFees(uint16(MANAGEMENT), uint16(PERFORMANCE));
    }

    // ---- management

    /// Closed form: after minting, the recipient owns rate * time / year of all shares.
    function test_takeFees__management__recipient_owns_the_fees_part(uint16 rate, uint256 time) public {
        rate = uint16(bound(rate, 1, 500));
        time = bound(time, 1, YEAR);
        IVault other = _withFees(rate, 0);
        pass(time);
        (uint256 managementShares, uint256 performanceShares) = other.takeFees();
        assertEq(performanceShares, 0, "no performance fee");
        assertEq(sharesOf(other, recipient), managementShares, "minted");
        // part = shares / supply, cross-multiplied; the next share would be too many
        uint256 supply = supplyOf(other);
        assertLe(managementShares * BPS * YEAR, rate * time * supply, "VLT-15 not more than its part");
        assertGe((managementShares + 1) * BPS * YEAR, rate * time * (supply + 1) - 1, "nor less");
        assertEq(other.status().lastFee, block.timestamp, "until now");
    }

    function test_takeFees__management_for_many_years__is_capped_at_one(uint256 time) public {
        IVault other = _withFees(500, 0);
        pass(bound(time, YEAR, 50 * YEAR));
        (uint256 managementShares,) = other.takeFees();
        assertLe(managementShares * BPS, 500 * supplyOf(other), "VLT-15 a year of it at most");
        (managementShares,) = other.takeFees();
        assertEq(managementShares, 0, "VLT-15 and no second year at once");
    }

    /// In steps or at once: never more than the rate over the time.
    function test_takeFees__management_in_steps__holders_keep_the_same(uint256 seed) public {
        IVault stepped = _withFees(uint16(MANAGEMENT), 0);
        IVault once = _withFees(uint16(MANAGEMENT), 0);
        for (uint256 k; k < 6; ++k) {
            pass(1 + uint256(keccak256(abi.encode(seed, k))) % 30 days);
            stepped.takeFees();
        }
        once.takeFees();
        // (1 - a) * (1 - b) is above 1 - (a + b) by less than their product
        assertLe(supplyOf(stepped), supplyOf(once), "VLT-15 not more in steps");
        assertApproxEqRel(supplyOf(stepped), supplyOf(once), 1e15, "and hardly less");
    }

    /// A mere management fee needs no price.
    function test_takeFees__management_alone__works_without_any_price() public {
        IVault other = _withFees(uint16(MANAGEMENT), 0);
        vm.warp(block.timestamp + 10 days);
        vm.mockCallRevert(address(oracle), "", "dead");
        (uint256 managementShares,) = other.takeFees();
        assertGt(managementShares, 0, "taken");
    }

    /// Whoever leaves in kind pays for his time, whoever comes pays for none before.
    function test_takeFees__before_mint_and_redeem(uint256 time) public {
        pass(bound(time, 1 days, YEAR));
        uint256[] memory cost = paid.previewMint(1_000e18);
        fundOdd(stranger, paid, cost);
        uint256 before = supplyOf(paid);
        vm.prank(stranger);
        paid.mint(1_000e18, cost, stranger);
        assertGt(supplyOf(paid), before + 1_000e18, "VLT-15 the fee is in the supply");
        assertGe(redeemAll(paid, stranger) + 6e18, worth(paid, cost), "VLT-15 a second later nothing is owed");
    }

    /// In kind, too, what is owed until now is in what a preview says: to the unit.
    function test_previews_in_kind__fees_owed__are_what_the_calls_then_do(uint256 time, uint256 shares) public {
        pass(bound(time, 1, 2 * YEAR));
        shares = bound(shares, 1, SEED_SHARES / 2);
        fundOdd(stranger, paid, all(1_000_000 * ONE));
        uint256 snapshot = vm.snapshotState();
        uint256[] memory said = paid.previewMint(shares);
        vm.prank(stranger);
        assertEq(paid.mint(shares, all(type(uint256).max), stranger), said, "mint");
        assertGt(sharesOf(paid, recipient), 0, "the fee was owed");
        vm.revertToState(snapshot);
        said = paid.previewRedeem(shares, 0);
        vm.prank(owner);
        assertEq(paid.redeem(shares, all(0), owner, owner, 0), said, "redeem");
    }

    // ---- performance

    /// The first call marks what a share is worth; nothing earned before is charged.
    function test_takeFees__first__sets_the_mark_and_charges_no_performance(uint256 gain) public {
        IVault other = _withFees(0, uint16(PERFORMANCE));
        donate(other, 0, bound(gain, 0, 1_000_000 * ONE));
        uint256 mark = _valueOfShareUp(other);
        expectEntry(other, Kind.FEES_TAKEN, abi.encode(recipient, 0, 0, mark));
        other.takeFees();
        assertEq(other.status().highWaterMark, mark, "mark");
        assertEq(sharesOf(other, recipient), 0, "no shares");
    }

    /// Closed form: the fee is rate * rise of each share, in value; the holders keep the rest of the rise.
    function test_takeFees__performance__is_the_rate_of_the_rise(uint16 rate, uint256 gain) public {
        rate = uint16(bound(rate, 1, 3_000));
        IVault other = _withFees(0, rate);
        other.takeFees();
        gain = bound(gain, 1 * ONE, 3_000_000 * ONE);
        donate(other, 1, gain);
        uint256 total = totalOf(other);
        // D36{quote}; all holders together at the first mark: the seed
        uint256 fee = gain * 1e18 * rate / BPS;
        uint256 expected = FixedPointMathLib.fullMulDiv(SEED_SHARES, fee, total - fee);

        (, uint256 shares) = other.takeFees();
        assertApproxEqAbs(shares, expected, 1e6, "VLT-15 shares of the closed form");
        // worth = shares * total / supply
        uint256 value = FixedPointMathLib.fullMulDiv(shares, total, supplyOf(other));
        assertLe(value, fee, "VLT-15 worth the fee at most");
        assertApproxEqAbs(value, fee, 1e31, "and hardly less");
        assertEq(other.status().highWaterMark, _valueOfShareUp(other), "VLT-15 mark: a share after the fee");
    }

    /// Never twice: at once again, or after a fall and a recovery to where the holders were.
    function test_takeFees__again_without_a_rise__takes_nothing(uint256 gain, uint256 fall) public {
        paid.takeFees();
        donate(paid, 1, bound(gain, 0, 1_000_000 * ONE));
        paid.takeFees();
        uint256 supply = supplyOf(paid);
        uint256 mark = paid.status().highWaterMark;
        _assertNothingTaken(supply, mark);

        uint256[] memory held = paid.balances();
        fall = bound(fall, 0, held[1] - 1);
        oddTokens[1].burn(address(paid), fall);
        _assertNothingTaken(supply, mark);
        oddTokens[1].mint(address(paid), fall);
        _assertNothingTaken(supply, mark);
    }

    /// However a path is cut up: each call charges its rate of what lies above the mark, and nothing of what lies below.
    function test_takeFees__performance_in_steps__each_rise_is_charged_once(uint256 seed) public {
        IVault other = _withFees(0, uint16(PERFORMANCE));
        other.takeFees();
        for (uint256 k; k < 8; ++k) {
            uint256 word = uint256(keccak256(abi.encode(seed, k)));
            if (word % 3 == 0) oddTokens[0].burn(address(other), word % (50_000 * ONE));
            else donate(other, 0, word % (100_000 * ONE));
            uint256 mark = other.status().highWaterMark;
            uint256 gross = _valueOfShareUp(other);
            other.takeFees();
            // D36{quote/share} what the holders keep
            uint256 kept = gross <= mark ? gross : mark + (gross - mark) * (BPS - PERFORMANCE) / BPS;
            assertApproxEqAbs(_valueOfShareUp(other), kept, 1e18, "a share afterwards");
            assertEq(other.status().highWaterMark, FixedPointMathLib.max(mark, _valueOfShareUp(other)), "mark");
        }
    }

    /// A fee taken earlier makes no later one dearer: a mark never falls.
    function test_takeFees__mark_never_falls(uint256 seed) public {
        uint256 mark;
        for (uint256 k; k < 8; ++k) {
            uint256 word = uint256(keccak256(abi.encode(seed, k)));
            pass(word % 10 days + 1);
            if (word % 2 == 0) oddTokens[0].burn(address(paid), word % (50_000 * ONE));
            else donate(paid, 0, word % (50_000 * ONE));
            paid.takeFees();
            assertGe(paid.status().highWaterMark, mark, "mark");
            mark = paid.status().highWaterMark;
        }
    }

    /// The rate at its cap and a rise of any size still leave the holders the rest.
    function test_takeFees__performance_at_its_cap__holders_keep_seven_tenths(uint256 gain) public {
        IVault other = _withFees(0, 3_000);
        other.takeFees();
        gain = bound(gain, ONE, 1e15 * ONE);
        donate(other, 1, gain);
        other.takeFees();
        uint256 holders = redeemAll(other, owner);
        assertGe(holders + 1e31 + gain * 1e6, 1_000_000 * DOLLARS + gain * 1e18 * 7 / 10, "VLT-15 seven tenths");
    }

    /// What was earned while the mandate had no performance fee is not charged by a later one.
    function test_takeFees__rate_taken_away__mark_still_rises() public {
        paid.takeFees();
        Mandate memory m = paid.mandate();
        setFees(m, recipient, uint16(MANAGEMENT), 0);
        vm.prank(owner);
        paid.setMandate(m, pairings(m));
        donate(paid, 0, 1_000_000 * ONE);
        (, uint256 shares) = paid.takeFees();
        assertEq(shares, 0, "VLT-15 no rate, no fee");
        assertEq(paid.status().highWaterMark, _valueOfShareUp(paid), "marked all the same");
    }

    // ---- both

    function test_takeFees__both__one_entry_and_the_numbers_returned(uint256 time, uint256 gain) public {
        paid.takeFees();
        pass(bound(time, 1, YEAR));
        gain = bound(gain, 200_000 * ONE, 1_000_000 * ONE);
        donate(paid, 1, gain);
        uint256 supply = supplyOf(paid);
        uint256 owed = MANAGEMENT * (block.timestamp - paid.status().lastFee);
        uint256 management = FixedPointMathLib.fullMulDiv(supply, owed, BPS * YEAR - owed);
        // performance: of what each share is worth once the other fee is in the supply
        uint256 total = totalOf(paid);
        uint256 value = FixedPointMathLib.fullMulDiv(total, 1e18, supply + management);
        uint256 rise = value - paid.status().highWaterMark;
        uint256 fee = FixedPointMathLib.fullMulDiv(rise * PERFORMANCE, supply + management, 1e18 * BPS);
        uint256 performance = FixedPointMathLib.fullMulDiv(supply + management, fee, total - fee);
        uint256 mark = FixedPointMathLib.fullMulDivUp(total, 1e18, supply + management + performance);
        expectEntry(paid, Kind.FEES_TAKEN, abi.encode(recipient, management, performance, mark));
        (uint256 managementShares, uint256 performanceShares) = paid.takeFees();

        assertEq(managementShares, management, "management");
        assertEq(performanceShares, performance, "performance");
        assertEq(sharesOf(paid, recipient), management + performance, "minted");
        assertEq(paid.status().highWaterMark, mark, "mark");
    }

    function test_takeFees__no_fees__does_nothing() public {
        (, uint40 count) = ledger.chain(address(odd));
        pass(30 days);
        odd.takeFees();
        (, uint40 after_) = ledger.chain(address(odd));
        assertEq(after_, count, "no entry");
        assertEq(odd.status().highWaterMark, 0, "no mark");
    }

    /// A depositor pays for no time and no rise before him: both fees are taken first.
    function test_deposit__takes_both_fees_first(uint256 time, uint256 gain) public {
        paid.takeFees();
        pass(bound(time, 1 days, YEAR));
        donate(paid, 1, bound(gain, 50_000 * ONE, 1_000_000 * ONE));
        uint256[] memory amounts = only(0, 1_000 * ONE);
        uint256 shares = paid.previewDeposit(amounts);
        assertEq(deposit(paid, stranger, amounts), shares, "preview");
        assertGt(sharesOf(paid, recipient), 0, "taken");
        // The spread of ten dollars is a rise, of all shares; nothing else is left to charge.
        uint256 before = supplyOf(paid);
        paid.takeFees();
        assertLe(supplyOf(paid) - before, 10e18 * PERFORMANCE / BPS, "VLT-15 nothing left of the past");
    }

    function test_withdraw__takes_both_fees_first(uint256 time, uint256 gain) public {
        paid.takeFees();
        pass(bound(time, 1 days, YEAR));
        donate(paid, 1, bound(gain, 50_000 * ONE, 1_000_000 * ONE));
        uint256[] memory amounts = only(1, 1_000 * ONE);
        uint256 shares = paid.previewWithdraw(amounts);
        assertEq(withdraw(paid, owner, amounts), shares, "preview");
        assertGt(sharesOf(paid, recipient), 0, "taken");
    }

    // ---- refusals and emptiness

    function test_takeFees__paused__reverts() public {
        vm.prank(guardian);
        paid.pause();
        vm.expectRevert(IVaultCore.Paused.selector);
        paid.takeFees();
    }

    function test_takeFees__price_unusable__reverts_by_name() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT + 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[DOLLAR], updatedAt, HEARTBEAT));
        paid.takeFees();
    }

    function test_takeFees__T06_no_shares_yet__does_nothing(uint256 time, uint256 donation) public {
        Mandate memory m = oddMandate();
        setFees(m, recipient, uint16(MANAGEMENT), uint16(PERFORMANCE));
        IVault fresh = newVault(m);
        oddTokens[0].mint(address(fresh), bound(donation, 0, 1e30));
        pass(bound(time, 0, 10 * YEAR));
        (, uint40 count) = ledger.chain(address(fresh));
        (uint256 managementShares, uint256 performanceShares) = fresh.takeFees();
        assertEq(managementShares + performanceShares, 0, "T-06 nothing");
        assertEq(supplyOf(fresh), 0, "T-06 no supply");
        assertEq(fresh.status().highWaterMark, 0, "T-06 no mark");
        (, uint40 after_) = ledger.chain(address(fresh));
        assertEq(after_, count, "T-06 no entry");
        assertEq(fresh.status().lastFee, block.timestamp, "T-06 nothing is owed for the time without shares");
    }

    function test_takeFees__T06_worthless_vault__does_nothing() public {
        IVault other = _withFees(0, uint16(PERFORMANCE));
        other.takeFees();
        oddTokens[0].burn(address(other), 500_000 * ONE);
        oddTokens[1].burn(address(other), 300_000 * ONE);
        oddTokens[2].burn(address(other), 200_000 * ONE);
        (, uint256 shares) = other.takeFees();
        assertEq(shares, 0, "T-06 nothing");
    }

    // ---- helpers

    function _withFees(uint16 management, uint16 performance) private returns (IVault) {
        Mandate memory m = oddMandate();
        setFees(m, recipient, management, performance);
        return oddVault(m, amounts3(500_000 * ONE, 300_000 * ONE, 200_000 * ONE));
    }

    /// @return D36{quote/share}
    function _valueOfShareUp(IVault of_) private view returns (uint256) {
        return FixedPointMathLib.fullMulDivUp(totalOf(of_), 1e18, supplyOf(of_));
    }

    function _assertNothingTaken(uint256 supply, uint256 mark) private {
        (, uint40 count) = ledger.chain(address(paid));
        (uint256 managementShares, uint256 performanceShares) = paid.takeFees();
        assertEq(managementShares + performanceShares, 0, "nothing");
        assertEq(supplyOf(paid), supply, "supply");
        assertEq(paid.status().highWaterMark, mark, "mark");
        (, uint40 after_) = ledger.chain(address(paid));
        assertEq(after_, count, "no entry");
    }
}
