// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {IVaultFlows} from "../../contracts/interfaces/IVaultFlows.sol";
import {Kind, Mandate, Status} from "../../contracts/types/Types.sol";
import {FlowTest} from "./base/FlowTest.sol";

contract VaultWithdrawTest is FlowTest {
    function setUp() public override {
        super.setUp();
        giveShares(odd, stranger, SEED_SHARES / 2);
        giveShares(vault, stranger, SEED_SHARES / 2);
    }

    // ---- shares

    function test_withdraw__burns_its_value_plus_the_spread_rounded_up(uint256 x, uint256 y, uint256 z) public {
        uint256 base = bound(x, 1, 48_000 * ONE);
        uint256[] memory amounts =
            amounts3(5 * base + y % (50 * ONE), 3 * base + z % (30 * ONE), 2 * base + (y ^ z) % (20 * ONE));
        (, uint256 total) = valuesOf(odd);
        uint256 value = worth(odd, amounts);
        uint256 expected = FixedPointMathLib.fullMulDivUp(value * BPS, SEED_SHARES, total * (BPS - SPREAD));
        assertEq(odd.previewWithdraw(amounts), expected, "preview");
        uint256[] memory held = odd.balances();

        (uint256[] memory prices, uint80[] memory rounds) = _pricesOfOdd();
        expectEntry(odd, Kind.WITHDRAWN, abi.encode(stranger, guardian, stranger, expected, amounts, prices, rounds));
        vm.prank(stranger);
        uint256 shares = odd.withdraw(amounts, expected, guardian, stranger);

        assertEq(shares, expected, "shares");
        assertEq(sharesOf(odd, stranger), SEED_SHARES / 2 - expected, "burnt");
        assertEq(supplyOf(odd), SEED_SHARES - expected, "supply");
        for (uint256 i; i < 3; ++i) {
            assertEq(odd.balances()[i], held[i] - amounts[i], "left");
            assertEq(oddTokens[i].balanceOf(guardian), amounts[i], "paid");
        }
        // total'/supply' >= total/supply, cross-multiplied
        assertGe((total - value) * SEED_SHARES, total * supplyOf(odd), "VLT-6 nobody is diluted");
    }

    function test_withdraw__tokens_of_other_decimals(uint256 asset, uint256 amount) public {
        asset = bound(asset, 0, 2);
        pushPrice(EQUITY, asset == EQUITY ? int256(600e8) : int256(400e8));
        amount = bound(amount, 1, roomOut(vault, asset));
        (, uint256 total) = valuesOf(vault);
        uint256 expected =
            FixedPointMathLib.fullMulDivUp(amount * priceOf(asset) * BPS, SEED_SHARES, total * (BPS - SPREAD));
        assertEq(withdraw(vault, stranger, only(asset, amount)), expected, "shares");
    }

    function test_withdraw__leaves_plans_triggers_and_budgets_alone() public {
        donate(odd, 0, 100_000 * ONE);
        Status memory before = odd.status();
        withdraw(odd, stranger, only(0, 10_000 * ONE));
        assertEq(abi.encode(odd.status()), abi.encode(before), "status");
    }

    /// T-13: the most that is burnt is named by the holder.
    function test_withdraw__T13_above_maximum__reverts(uint256 maxShares) public {
        uint256[] memory amounts = only(0, 100 * ONE);
        uint256 shares = odd.previewWithdraw(amounts);
        maxShares = bound(maxShares, 0, shares - 1);
        vm.expectRevert(abi.encodeWithSelector(IVaultFlows.SharesAboveMaximum.selector, shares, maxShares));
        vm.prank(stranger);
        odd.withdraw(amounts, maxShares, stranger, stranger);
    }

    function test_withdraw__by_another__needs_and_uses_an_allowance(uint256 allowance) public {
        uint256[] memory amounts = only(0, 100 * ONE);
        uint256 shares = odd.previewWithdraw(amounts);
        allowance = bound(allowance, 0, shares - 1);
        vm.prank(stranger);
        ERC20(address(odd)).approve(keeper, allowance);
        vm.expectRevert(ERC20.InsufficientAllowance.selector);
        vm.prank(keeper);
        odd.withdraw(amounts, shares, keeper, stranger);

        vm.prank(stranger);
        ERC20(address(odd)).approve(keeper, shares + 7);
        vm.prank(keeper);
        odd.withdraw(amounts, shares, keeper, stranger);
        assertEq(ERC20(address(odd)).allowance(stranger, keeper), 7, "used");
        assertEq(oddTokens[0].balanceOf(keeper), 100 * ONE, "paid");
    }

    function test_withdraw__more_shares_than_owned__reverts() public {
        vm.expectRevert(ERC20.InsufficientBalance.selector);
        withdraw(odd, guardian, only(0, 100 * ONE));
    }

    // ---- towards the targets

    /// The edge is exact: one unit more ends below the target by more than the smallest trade.
    function test_withdraw__to_the_edge_of_the_target_and_not_a_unit_further(uint256 asset, uint256 extra) public {
        asset = bound(asset, 0, 2);
        donate(odd, asset, bound(extra, 0, 300_000 * ONE));
        uint256 room = roomOut(odd, asset);
        uint256[] memory amounts = only(asset, room + 1);
        (uint256[] memory values, uint256 total) = valuesOf(odd);
        uint256 taken = worth(odd, amounts);
        uint256 target = odd.targets()[asset];
        vm.expectRevert(
            abi.encodeWithSelector(
                IVaultFlows.FlowAwayFromTarget.selector, asset, values[asset] - taken, target, total - taken
            )
        );
        withdraw(odd, stranger, amounts);

        amounts[asset] = room;
        withdraw(odd, stranger, amounts);
        assertEq(roomOut(odd, asset), 0, "used to the last unit");
    }

    function test_withdraw__one_of_several_below_its_target__reverts(uint256 asset) public {
        asset = bound(asset, 0, 2);
        uint256[] memory amounts = amounts3(5_000 * ONE, 3_000 * ONE, 2_000 * ONE);
        amounts[asset] += 1_000 * ONE;
        vm.expectPartialRevert(IVaultFlows.FlowAwayFromTarget.selector);
        withdraw(odd, stranger, amounts);
    }

    function test_routeWithdraw__is_accepted_and_reduces_the_drift(uint256 value, uint256 extra, uint256 asset) public {
        asset = bound(asset, 0, 2);
        donate(odd, asset, bound(extra, 10_000 * ONE, 1_000_000 * ONE));
        value = bound(value, DOLLARS, 400_000 * DOLLARS);
        uint256[] memory amounts = odd.routeWithdraw(value);
        assertLe(worth(odd, amounts), value, "not more than the value");
        assertGe(worth(odd, amounts) + 4 * 1e18, value, "short by a unit of each token at most");
        uint256 before = odd.due().turnoverDrift;
        withdraw(odd, stranger, amounts);
        assertLt(odd.due().turnoverDrift, before, "closer to the targets");
    }

    function test_routeWithdraw__tokens_of_other_decimals__is_accepted(uint256 value, int256 price) public {
        pushPrice(EQUITY, bound(price, 100e8, 2_000e8));
        value = bound(value, 1_000 * DOLLARS, totalOf(vault) * 48 / 100);
        uint256[] memory amounts = vault.routeWithdraw(value);
        assertLe(worth(vault, amounts), value, "not more than the value");
        withdraw(vault, stranger, amounts);
    }

    // ---- refusals

    function test_withdraw__no_spread__reverts() public {
        Mandate memory m = oddMandate();
        m.spread = 0;
        IVault closed = newVault(m);
        seedOdd(closed);
        vm.expectRevert(IVaultFlows.FlowsNotAllowed.selector);
        withdraw(closed, owner, only(0, ONE));
        vm.expectRevert(IVaultFlows.FlowsNotAllowed.selector);
        closed.previewWithdraw(only(0, ONE));
        vm.expectRevert(IVaultFlows.FlowsNotAllowed.selector);
        closed.routeWithdraw(DOLLARS);
    }

    /// A pause stops what needs a price, and leaving in kind stays.
    function test_withdraw__paused__reverts_and_redeem_does_not() public {
        vm.prank(guardian);
        odd.pause();
        vm.expectRevert(IVaultCore.Paused.selector);
        withdraw(odd, stranger, only(0, ONE));
        assertGt(redeemAll(odd, stranger), 0, "out in kind");
    }

    function test_withdraw__to_nobody_or_the_vault__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(0)));
        odd.withdraw(only(0, ONE), 0, address(0), stranger);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(odd)));
        odd.withdraw(only(0, ONE), 0, address(odd), stranger);
    }

    function test_withdraw__wrong_length__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 2));
        odd.withdraw(new uint256[](2), 0, stranger, stranger);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 4));
        odd.withdraw(new uint256[](4), 0, stranger, stranger);
    }

    function test_withdraw__nothing__reverts() public {
        vm.expectRevert(IVaultFlows.NoAmounts.selector);
        withdraw(odd, stranger, all(0));
    }

    /// More than the vault has is called so, also of an asset without a target, which may be taken whole.
    function test_withdraw__more_than_is_held__reverts(uint256 beyond) public {
        Mandate memory m = oddMandate();
        setWeights(m, weights(6_000, 4_000, 0));
        IVault rest = oddVault(m, amounts3(600_000 * ONE, 400_000 * ONE, 1_000 * ONE));
        beyond = bound(beyond, 1, 100_000 * ONE);
        vm.expectRevert(
            abi.encodeWithSelector(IVaultCore.AmountAboveMaximum.selector, 2, 1_000 * ONE + beyond, 1_000 * ONE)
        );
        withdraw(rest, owner, only(2, 1_000 * ONE + beyond));
        withdraw(rest, owner, only(2, 1_000 * ONE));
        assertEq(rest.balances()[2], 0, "taken whole");
    }

    /// Whoever has all shares but those locked for good still cannot take all there is.
    function test_withdraw__as_much_as_there_is__reverts(uint256 short) public {
        vm.prank(stranger);
        ERC20(address(odd)).transfer(owner, SEED_SHARES / 2);
        // All but less than the spread would pay with more shares than exist.
        uint256 total = totalOf(odd);
        short = bound(short, 0, 100_000) * 1e17;
        uint256[] memory amounts = amounts3(500_000 * ONE - short / 2, 300_000 * ONE, 200_000 * ONE);
        uint256 value = worth(odd, amounts);
        vm.expectRevert(abi.encodeWithSelector(IVaultFlows.WithdrawalTooLarge.selector, value, total));
        withdraw(odd, owner, amounts);
        vm.expectRevert(abi.encodeWithSelector(IVaultFlows.WithdrawalTooLarge.selector, value, total));
        odd.previewWithdraw(amounts);
    }

    function test_routeWithdraw__all_or_more__reverts(uint256 value) public {
        uint256 total = totalOf(odd);
        value = bound(value, total, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IVaultFlows.WithdrawalTooLarge.selector, value, total));
        odd.routeWithdraw(value);
    }

    /// The dead shares stay: leaving by value with everything is refused by the balance of who leaves.
    function test_withdraw__the_locked_shares_stay() public {
        vm.prank(stranger);
        ERC20(address(odd)).transfer(owner, SEED_SHARES / 2);
        uint256 mine = sharesOf(odd, owner);
        assertEq(mine, SEED_SHARES - MIN_SUPPLY, "all but the locked ones");
        uint256[] memory amounts = amounts3(494_999 * ONE, 296_999 * ONE, 197_999 * ONE);
        withdraw(odd, owner, amounts);
        assertGe(supplyOf(odd), MIN_SUPPLY, "T-06 the supply never returns to zero");
        assertEq(sharesOf(odd, DEAD), MIN_SUPPLY, "T-06 locked for good");
    }

    function test_withdraw__price_unusable__reverts_by_name() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT + 1);
        bytes memory reason =
            abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[DOLLAR], updatedAt, HEARTBEAT);
        vm.expectRevert(reason);
        withdraw(odd, stranger, only(0, ONE));
        vm.expectRevert(reason);
        odd.previewWithdraw(only(0, ONE));
        vm.expectRevert(reason);
        odd.routeWithdraw(DOLLARS);
    }

    /// T-17: a token that does not move stops a withdrawal of itself, and no other.
    function test_withdraw__T17_one_token_paused__others_are_paid() public {
        donate(odd, 0, 100_000 * ONE);
        oddTokens[1].setTransfersPaused(true);
        withdraw(odd, stranger, only(0, 10_000 * ONE));
        assertEq(oddTokens[0].balanceOf(stranger), 10_000 * ONE, "paid");
    }

    /// T-08: while a token calls back, nothing can be read from the vault and nothing done to it.
    function test_withdraw__T08_token_calls_back__meets_a_locked_vault() public {
        bytes[4] memory calls = [
            abi.encodeCall(odd.deposit, (only(0, ONE), 0, stranger)),
            abi.encodeCall(odd.withdraw, (only(0, ONE), 0, stranger, stranger)),
            abi.encodeCall(odd.due, ()),
            abi.encodeCall(odd.routeWithdraw, (DOLLARS))
        ];
        for (uint256 k; k < calls.length; ++k) {
            hookOdd(0, calls[k]);
            withdraw(odd, stranger, only(0, ONE));
            assertEq(oddTokens[0].hookResult(), abi.encodeWithSelector(IVaultCore.Locked.selector), "T-08 locked");
        }
    }

    // ---- there and back

    /// What comes in by value and leaves by value has paid the spread twice; in kind once.
    function test_withdraw__after_a_deposit__never_returns_more(uint256 amount, uint256 part) public {
        donate(odd, 1, 200_000 * ONE);
        amount = bound(amount, ONE, roomIn(odd, 0));
        uint256 shares = deposit(odd, keeper, only(0, amount));
        // What was brought may be taken back, as far as it leads to the target.
        uint256 room = FixedPointMathLib.min(amount, roomOut(odd, 0));
        if (room > 0) {
            uint256 taken = bound(part, 1, room);
            uint256 price = odd.previewWithdraw(only(0, taken));
            if (price <= shares) withdraw(odd, keeper, only(0, taken));
        }
        uint256 back = oddTokens[0].balanceOf(keeper) * 1e18;
        back += redeemAll(odd, keeper);
        assertLt(back, amount * 1e18, "VLT-7 a round trip costs");
    }

    // ---- T-15: price lag

    /// T-15: who knows every next price cannot gain by taking out what is about to rise.
    function test_withdraw__T15_all_prices_move_within_their_deviation__no_profit(
        uint256 asset,
        uint256 amount,
        int256[3] memory moves,
        int256 drifted
    ) public {
        asset = bound(asset, 0, 2);
        pushPrice(EQUITY, bound(drifted, 250e8, 1_000e8));
        uint256 room = roomOut(vault, asset);
        vm.assume(room > 0);
        uint256[] memory amounts = only(asset, bound(amount, 1 + room / 2, room));
        // In, in kind: exactly the shares that the withdrawal takes.
        uint256[] memory paid = _mintFor(amounts);
        withdraw(vault, keeper, amounts);
        for (uint256 i; i < 3; ++i) {
            pushPrice(i, _moved(answers[i], bound(moves[i], -50, 50)));
        }
        uint256 back = worth(vault, amounts) + redeemAll(vault, keeper);
        assertLe(back, worth(vault, paid), "T-15 in in kind, out early");
    }

    /// T-15: with the spread of one deviation, against one feed that lags.
    function test_withdraw__T15_one_price_moves_by_the_spread__no_profit(uint256 amount, int256 move, bool own) public {
        Mandate memory m = oddMandate();
        pushPrice(GOLD, 1e8);
        m.assets[0].feed = feedOf(GOLD);
        m.assets[0].feed.deviation = uint16(SPREAD);
        m.assets[1].feed.deviation = 0;
        m.assets[2].feed.deviation = 0;
        uint256 asset = own ? 0 : 1;
        IVault narrow = oddVault(m, amounts3(500_000 * ONE, 300_000 * ONE, 200_000 * ONE));
        donate(narrow, asset, 500_000 * ONE);

        uint256[] memory amounts = only(asset, bound(amount, ONE, roomOut(narrow, asset)));
        uint256 shares = narrow.previewWithdraw(amounts);
        uint256[] memory paid = narrow.previewMint(shares);
        fundOdd(keeper, narrow, paid);
        vm.prank(keeper);
        narrow.mint(shares, paid, keeper);
        withdraw(narrow, keeper, amounts);
        uint256 rest = sharesOf(narrow, keeper);
        uint256[] memory back = all(0);
        // Rounding in kind may leave a few shares over.
        if (rest > 0) {
            vm.prank(keeper);
            back = narrow.redeem(rest, all(0), keeper, keeper, 0);
        }
        back[asset] += amounts[asset];
        move = bound(move, -100, 100);
        assertLe(_worthAt(back, move), _worthAt(paid, move), "T-15 in in kind, out early");
    }

    // ---- helpers

    function _mintFor(uint256[] memory amounts) private returns (uint256[] memory paid) {
        uint256 shares = vault.previewWithdraw(amounts);
        paid = vault.previewMint(shares);
        fundAll(keeper, paid);
        vm.prank(keeper);
        vault.mint(shares, paid, keeper);
    }

    function _pricesOfOdd() private view returns (uint256[] memory prices, uint80[] memory rounds) {
        prices = new uint256[](3);
        rounds = new uint80[](3);
        (uint80 round,,,,) = feeds[DOLLAR].latestRoundData();
        for (uint256 i; i < 3; ++i) {
            (prices[i], rounds[i]) = (1e18, round);
        }
    }

    /// @param move {bps} of the first token's price
    function _worthAt(uint256[] memory amounts, int256 move) private pure returns (uint256) {
        return amounts[0] * uint256(int256(BPS) + move) + (amounts[1] + amounts[2]) * BPS;
    }

    function _moved(int256 answer, int256 move) private pure returns (int256) {
        return answer * (int256(BPS) + move) / int256(BPS);
    }
}
