// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {IVaultFlows} from "../../contracts/interfaces/IVaultFlows.sol";
import {Kind, Mandate, Status} from "../../contracts/types/Types.sol";
import {FlowTest} from "./base/FlowTest.sol";

contract VaultDepositTest is FlowTest {
    // ---- shares

    function test_deposit__mints_its_value_less_the_spread_rounded_down(uint256 x, uint256 y, uint256 z) public {
        // Along the targets any amount is allowed; each a little off uses up the tolerance.
        uint256 base = bound(x, 1, 1e24);
        uint256[] memory amounts =
            amounts3(5 * base + y % (50 * ONE), 3 * base + z % (30 * ONE), 2 * base + (y ^ z) % (20 * ONE));
        (, uint256 total) = valuesOf(odd);
        uint256 value = worth(odd, amounts);
        uint256 expected = FixedPointMathLib.fullMulDiv(value * (BPS - SPREAD), SEED_SHARES, total * BPS);
        vm.assume(expected > 0);
        assertEq(odd.previewDeposit(amounts), expected, "preview");
        uint256[] memory held = odd.balances();

        fundOdd(stranger, odd, amounts);
        (uint256[] memory prices, uint80[] memory rounds) = _pricesOfOdd();
        expectEntry(odd, Kind.DEPOSITED, abi.encode(stranger, guardian, expected, amounts, prices, rounds));
        vm.prank(stranger);
        uint256 shares = odd.deposit(amounts, expected, guardian);

        assertEq(shares, expected, "shares");
        assertEq(sharesOf(odd, guardian), expected, "receiver");
        assertEq(supplyOf(odd), SEED_SHARES + expected, "supply");
        for (uint256 i; i < 3; ++i) {
            assertEq(odd.balances()[i], held[i] + amounts[i], "received exactly");
        }
        // total'/supply' >= total/supply, cross-multiplied
        assertGe((total + value) * SEED_SHARES, total * supplyOf(odd), "VLT-6 nobody is diluted");
    }

    function test_deposit__tokens_of_other_decimals(uint256 asset, uint256 amount) public {
        asset = bound(asset, 0, 2);
        pushPrice(EQUITY, asset == EQUITY ? int256(400e8) : int256(600e8));
        if (asset == EQUITY) pushPrice(BOND, 110e8);
        uint256 room = roomIn(vault, asset);
        vm.assume(room > 0);
        amount = bound(amount, 1, room);
        (, uint256 total) = valuesOf(vault);
        uint256[] memory amounts = only(asset, amount);
        uint256 expected =
            FixedPointMathLib.fullMulDiv(amount * priceOf(asset) * (BPS - SPREAD), SEED_SHARES, total * BPS);
        vm.assume(expected > 0);
        assertEq(deposit(vault, stranger, amounts), expected, "shares");
    }

    function test_deposit__leaves_plans_triggers_and_budgets_alone() public {
        donate(odd, 1, 100_000 * ONE);
        Status memory before = odd.status();
        deposit(odd, stranger, only(0, 10_000 * ONE));
        assertEq(abi.encode(odd.status()), abi.encode(before), "status");
    }

    /// T-13: the least that a depositor gets is named by the depositor.
    function test_deposit__T13_below_minimum__reverts(uint256 minShares) public {
        uint256[] memory amounts = only(0, 100 * ONE);
        uint256 shares = odd.previewDeposit(amounts);
        minShares = bound(minShares, shares + 1, type(uint256).max);
        fundOdd(stranger, odd, amounts);
        vm.expectRevert(abi.encodeWithSelector(IVaultFlows.SharesBelowMinimum.selector, shares, minShares));
        vm.prank(stranger);
        odd.deposit(amounts, minShares, stranger);
    }

    // ---- towards the targets

    /// The edge is exact: one unit more ends above the target by more than the smallest trade.
    function test_deposit__to_the_edge_of_the_target_and_not_a_unit_further(uint256 asset, uint256 extra) public {
        asset = bound(asset, 0, 2);
        donate(odd, (asset + 1) % 3, bound(extra, 0, 1_000_000 * ONE));
        uint256 room = roomIn(odd, asset);
        uint256[] memory amounts = only(asset, room + 1);
        (uint256[] memory values, uint256 total) = valuesOf(odd);
        uint256 added = worth(odd, amounts);
        uint256 target = odd.targets()[asset];
        fundOdd(stranger, odd, amounts);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVaultFlows.FlowAwayFromTarget.selector, asset, values[asset] + added, target, total + added
            )
        );
        vm.prank(stranger);
        odd.deposit(amounts, 0, stranger);

        amounts[asset] = room;
        vm.prank(stranger);
        odd.deposit(amounts, 0, stranger);
        assertEq(roomIn(odd, asset), 0, "full to the last unit");
    }

    /// One asset in excess is not excused by others that are not.
    function test_deposit__one_of_several_above_its_target__reverts(uint256 asset) public {
        asset = bound(asset, 0, 2);
        uint256[] memory amounts = amounts3(5_000 * ONE, 3_000 * ONE, 2_000 * ONE);
        amounts[asset] += 1_000 * ONE;
        fundOdd(stranger, odd, amounts);
        vm.expectPartialRevert(IVaultFlows.FlowAwayFromTarget.selector);
        vm.prank(stranger);
        odd.deposit(amounts, 0, stranger);
    }

    function test_routeDeposit__is_accepted_and_reduces_the_drift(uint256 value, uint256 extra, uint256 asset) public {
        asset = bound(asset, 0, 2);
        donate(odd, asset, bound(extra, 10_000 * ONE, 1_000_000 * ONE));
        value = bound(value, DOLLARS, 1e7 * DOLLARS);
        uint256[] memory amounts = odd.routeDeposit(value);
        assertLe(worth(odd, amounts), value, "not more than the value");
        assertGe(worth(odd, amounts) + 4 * 1e18, value, "short by a unit of each token at most");
        uint256 before = odd.due().turnoverDrift;
        deposit(odd, stranger, amounts);
        assertLt(odd.due().turnoverDrift, before, "closer to the targets");
    }

    function test_routeDeposit__tokens_of_other_decimals__is_accepted(uint256 value, int256 price) public {
        pushPrice(EQUITY, bound(price, 100e8, 2_000e8));
        value = bound(value, 1_000 * DOLLARS, 1e7 * DOLLARS);
        uint256[] memory amounts = vault.routeDeposit(value);
        assertLe(worth(vault, amounts), value, "not more than the value");
        deposit(vault, stranger, amounts);
    }

    // ---- refusals

    function test_deposit__no_spread__reverts() public {
        Mandate memory m = oddMandate();
        m.spread = 0;
        IVault closed = newVault(m);
        seedOdd(closed);
        fundOdd(stranger, closed, only(0, ONE));
        vm.expectRevert(IVaultFlows.FlowsNotAllowed.selector);
        vm.prank(stranger);
        closed.deposit(only(0, ONE), 0, stranger);
        vm.expectRevert(IVaultFlows.FlowsNotAllowed.selector);
        closed.previewDeposit(only(0, ONE));
        vm.expectRevert(IVaultFlows.FlowsNotAllowed.selector);
        closed.routeDeposit(DOLLARS);
    }

    function test_deposit__paused__reverts() public {
        vm.prank(guardian);
        odd.pause();
        vm.expectRevert(IVaultCore.Paused.selector);
        odd.deposit(only(0, ONE), 0, stranger);
    }

    function test_deposit__to_nobody_or_the_vault__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(0)));
        odd.deposit(only(0, ONE), 0, address(0));
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.InvalidReceiver.selector, address(odd)));
        odd.deposit(only(0, ONE), 0, address(odd));
    }

    function test_deposit__wrong_length__reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 2));
        odd.deposit(new uint256[](2), 0, stranger);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 4));
        odd.deposit(new uint256[](4), 0, stranger);
    }

    function test_deposit__nothing__reverts() public {
        vm.expectRevert(IVaultFlows.NoAmounts.selector);
        odd.deposit(all(0), 0, stranger);
    }

    function test_deposit__price_unusable__reverts_by_name() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT + 1);
        bytes memory reason =
            abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[DOLLAR], updatedAt, HEARTBEAT);
        vm.expectRevert(reason);
        odd.deposit(only(0, ONE), 0, stranger);
        vm.expectRevert(reason);
        odd.previewDeposit(only(0, ONE));
        vm.expectRevert(reason);
        odd.routeDeposit(DOLLARS);
    }

    /// T-20: what was not received is not credited.
    function test_deposit__T20_fee_on_transfer__reverts(uint256 fee) public {
        fee = bound(fee, 1, 10_000);
        oddTokens[1].setFee(fee);
        uint256[] memory amounts = amounts3(500 * ONE, 300 * ONE, 200 * ONE);
        fundOdd(stranger, odd, amounts);
        uint256 received = amounts[1] - amounts[1] * fee / 10_000;
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.TransferMismatch.selector, 1, amounts[1], received));
        vm.prank(stranger);
        odd.deposit(amounts, 0, stranger);
    }

    /// T-08: while a token calls back, nothing can be read from the vault and nothing done to it.
    function test_deposit__T08_token_calls_back__meets_a_locked_vault() public {
        bytes[7] memory calls = [
            abi.encodeCall(odd.deposit, (only(0, ONE), 0, stranger)),
            abi.encodeCall(odd.withdraw, (only(0, ONE), 0, stranger, stranger)),
            abi.encodeCall(odd.takeFees, ()),
            abi.encodeCall(odd.due, ()),
            abi.encodeCall(odd.previewDeposit, (only(0, ONE))),
            abi.encodeCall(odd.previewWithdraw, (only(0, ONE))),
            abi.encodeCall(odd.routeDeposit, (DOLLARS))
        ];
        for (uint256 k; k < calls.length; ++k) {
            hookOdd(0, calls[k]);
            deposit(odd, stranger, only(0, ONE));
            assertEq(oddTokens[0].hookResult(), abi.encodeWithSelector(IVaultCore.Locked.selector), "T-08 locked");
        }
    }

    // ---- T-03, T-06: empty, worthless and dust vaults

    /// T-03: nobody comes into an empty vault by value; its first shares are the owner's, in kind.
    function test_deposit__T03_empty_vault__reverts(address caller, uint256 donation) public {
        vm.assume(caller != address(0));
        IVault fresh = newVault(oddMandate());
        oddTokens[0].mint(address(fresh), bound(donation, 0, 1e30));
        vm.expectRevert(IVaultCore.NoValue.selector);
        vm.prank(caller);
        fresh.deposit(only(0, ONE), 0, stranger);
        vm.expectRevert(IVaultCore.NoValue.selector);
        fresh.previewDeposit(only(0, ONE));
    }

    function test_deposit__T06_worthless_vault__reverts() public {
        oddTokens[0].burn(address(odd), 500_000 * ONE);
        oddTokens[1].burn(address(odd), 300_000 * ONE);
        oddTokens[2].burn(address(odd), 200_000 * ONE);
        vm.expectRevert(IVaultCore.NoValue.selector);
        odd.deposit(only(0, ONE), 0, stranger);
    }

    /// T-03: at the smallest supply there is, a donation cannot round a depositor's shares away to the donor's gain.
    function test_deposit__T03_smallest_supply_and_donation__depositor_is_safe(uint256 donation, uint256 base) public {
        IVault fresh = newVault(oddMandate());
        uint256[] memory first = amounts3(5, 3, 2);
        fundOdd(owner, fresh, first);
        vm.prank(owner);
        fresh.mint(MIN_SUPPLY + 1, first, owner);
        donation = bound(donation, 1, 1e26);
        for (uint256 i; i < 3; ++i) {
            donate(fresh, i, first[i] * donation);
        }

        base = bound(base, 1, 1e26);
        uint256[] memory amounts = amounts3(5 * base, 3 * base, 2 * base);
        fundOdd(stranger, fresh, amounts);
        vm.prank(stranger);
        try fresh.deposit(amounts, 0, stranger) {}
        catch (bytes memory reason) {
            // Shares for a value below that of the smallest unit are refused, not kept.
            assertEq(reason, abi.encodePacked(IVaultCore.ZeroShares.selector), "T-03 refused by name");
            return;
        }
        uint256 total = totalOf(fresh);
        uint256 unit = total / supplyOf(fresh) + 1;
        uint256 attackers = redeemAll(fresh, owner);
        assertLe(attackers, worth(fresh, first) * (donation + 1), "T-03 the donor gains nothing");
        uint256 paid = worth(fresh, amounts);
        assertGe(
            redeemAll(fresh, stranger) + paid * SPREAD / BPS + 2 * unit + 6e18,
            paid,
            "T-03 a unit and the spread at most"
        );
    }

    /// T-03: a value below that of the smallest unit of shares is refused, not kept.
    function test_deposit__T03_worth_less_than_a_unit_of_shares__reverts(uint256 base) public {
        IVault fresh = newVault(oddMandate());
        uint256[] memory first = amounts3(5 * ONE, 3 * ONE, 2 * ONE);
        fundOdd(owner, fresh, first);
        vm.prank(owner);
        fresh.mint(MIN_SUPPLY + 1, first, owner);
        // 10^19 units of value behind 10^6 + 1 shares, and the spread
        base = bound(base, 1, 1e12);
        uint256[] memory amounts = amounts3(5 * base, 3 * base, 2 * base);
        fundOdd(stranger, fresh, amounts);
        vm.expectRevert(IVaultCore.ZeroShares.selector);
        vm.prank(stranger);
        fresh.deposit(amounts, 0, stranger);
    }

    // ---- T-15: price lag

    /// T-15: who knows every next price cannot gain, whatever the feeds do within their deviations. The fixture's spread is
    /// the sum of two deviations.
    function test_deposit__T15_all_prices_move_within_their_deviation__no_profit(
        uint256 asset,
        uint256 amount,
        int256[3] memory moves,
        int256 drifted
    ) public {
        asset = bound(asset, 0, 2);
        // Room to play with: the equity has moved before.
        pushPrice(EQUITY, bound(drifted, 250e8, 1_000e8));
        uint256 room = roomIn(vault, asset);
        vm.assume(room > 0);
        uint256[] memory amounts = only(asset, bound(amount, 1 + room / 2, room));
        vm.assume(vault.previewDeposit(amounts) > 0);
        deposit(vault, stranger, amounts);
        for (uint256 i; i < 3; ++i) {
            pushPrice(i, _moved(answers[i], bound(moves[i], -50, 50)));
        }
        uint256 paid = worth(vault, amounts);
        assertLe(redeemAll(vault, stranger), paid, "T-15 in late, out in kind");
    }

    /// T-15: with the spread of one deviation, against one feed that lags.
    function test_deposit__T15_one_price_moves_by_the_spread__no_profit(uint256 amount, int256 move, bool own) public {
        IVault narrow = _oneMovingFeed();
        donate(narrow, own ? 1 : 0, 500_000 * ONE);
        uint256 asset = own ? 0 : 1;
        uint256[] memory amounts = only(asset, bound(amount, ONE, roomIn(narrow, asset)));
        deposit(narrow, stranger, amounts);
        move = bound(move, -100, 100);
        pushPrice(GOLD, _moved(answers[GOLD], move));
        uint256 paid = _worthAt(amounts, move);
        uint256 shares = sharesOf(narrow, stranger);
        vm.prank(stranger);
        uint256[] memory back = narrow.redeem(shares, all(0), stranger, stranger, 0);
        assertLe(_worthAt(back, move), paid, "T-15 in late, out in kind");
    }

    // ---- helpers

    function _pricesOfOdd() private view returns (uint256[] memory prices, uint80[] memory rounds) {
        prices = new uint256[](3);
        rounds = new uint80[](3);
        (uint80 round,,,,) = feeds[DOLLAR].latestRoundData();
        for (uint256 i; i < 3; ++i) {
            (prices[i], rounds[i]) = (1e18, round);
        }
    }

    /// @dev The first token is priced by gold's feed, at a dollar as well, and its deviation is the whole spread; the others
    ///      never move.
    function _oneMovingFeed() private returns (IVault) {
        Mandate memory m = oddMandate();
        pushPrice(GOLD, 1e8);
        m.assets[0].feed = feedOf(GOLD);
        m.assets[0].feed.deviation = uint16(SPREAD);
        m.assets[1].feed.deviation = 0;
        m.assets[2].feed.deviation = 0;
        return oddVault(m, amounts3(500_000 * ONE, 300_000 * ONE, 200_000 * ONE));
    }

    /// @param move {bps} of the first token's price
    function _worthAt(uint256[] memory amounts, int256 move) private pure returns (uint256) {
        return amounts[0] * uint256(int256(BPS) + move) + (amounts[1] + amounts[2]) * BPS;
    }

    function _moved(int256 answer, int256 move) private pure returns (int256) {
        return answer * (int256(BPS) + move) / int256(BPS);
    }
}
