// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Plan} from "../../contracts/types/Types.sol";
import {ISwapRouter} from "./base/UniswapV3Fixture.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @notice T-09, T-01, T-05: somebody trades on the real pools around a rebalance.
contract SandwichTest is VaultFixture {
    address internal attacker = makeAddr("attacker");

    Plan internal due;

    function setUp() public override {
        super.setUp();
        // Equity up by a third: 66.7% of 60%, and gold and bond short.
        setPrice(EQUITY, 666.66e8);
        due.trades.push(trade(EQUITY, BOND, _share(BOND)));
        due.trades.push(trade(EQUITY, GOLD, _share(GOLD)));
        Plan memory built = plan(due.trades);
        (due.nonce, due.deadline, due.journalHead) = (built.nonce, built.deadline, built.journalHead);
        (due.referenceBlock, due.referenceHash) = (built.referenceBlock, built.referenceHash);
    }

    function test_T09_sandwich__when_any_size__then_the_vaults_loss_is_within_its_bound(uint256 dollars) public {
        // About a third of the attacks are small enough for the vault to trade after them.
        dollars = bound(dollars, 1e6, 500_000e6);
        uint256 before = valueOf(vault);
        uint256 equity = _frontRun(dollars);
        Plan memory attacked = due;
        vm.prank(keeper);
        try vault.rebalance(attacked) {
            _backRun(equity);
            uint256 lost = before - valueOf(vault);
            assertLe(lost * 10_000, before * vault.mandate().limits.maxLoss, "loss within maxLoss");
        } catch (bytes memory reason) {
            // Refused whole: nothing was traded.
            assertTrue(
                bytes4(reason) == IVaultCore.OutputTooLow.selector || bytes4(reason) == IVaultCore.LossTooHigh.selector
                    || bytes4(reason) == IVaultCore.DestinationMissed.selector,
                "a named refusal"
            );
            assertEq(valueOf(vault), before, "untouched");
        }
    }

    /// @dev The largest front-run that the vault still trades after, found by bisection, and what it cost the vault.
    function test_T09_sandwich__when_as_large_as_the_vault_bears__then_measured() public {
        uint256 before = valueOf(vault);
        (uint256 low, uint256 high) = (0, 40_000_000e6);
        while (high - low > 1_000e6) {
            uint256 middle = (low + high) / 2;
            (bool executed,,) = _attack(middle);
            if (executed) low = middle;
            else high = middle;
        }
        (, uint256 calm,) = _attack(0);
        (, uint256 lost, int256 gained) = _attack(low);
        emit log_named_decimal_uint("value of the vault {quote}", before, 36);
        emit log_named_decimal_uint("loss without an attacker {quote}", calm, 36);
        emit log_named_decimal_uint("largest front-run that still trades {quote}", low, 6);
        emit log_named_decimal_uint("loss in the worst sandwich {quote}", lost, 36);
        emit log_named_decimal_int("attacker's gain {quote}", gained, 6);
        assertLe(lost * 10_000, before * vault.mandate().limits.maxLoss, "loss within maxLoss");
        assertLt(gained, int256(lost / 1e30), "the attacker gains less than the vault loses");
    }

    /// @dev Prices come from the oracle alone: no pool makes a rebalance due, or moves what shares cost.
    function test_T01_skewedPools__when_market_stands_still__then_nothing_due_and_shares_as_before(uint256 factor)
        public
    {
        setPrice(EQUITY, 500e8);
        uint256[] memory mintBefore = vault.previewMint(1e18);
        uint256[] memory redeemBefore = vault.previewRedeem(1e18, 0);
        factor = bound(factor, 0.2e6, 5e6);
        skewPool(EQUITY, answers[EQUITY] * int256(factor) / 1e6);
        Plan memory attempt = due;
        vm.prank(keeper);
        vm.expectPartialRevert(IVaultCore.NotDue.selector);
        vault.rebalance(attempt);
        assertEq(vault.previewMint(1e18), mintBefore, "mint");
        assertEq(vault.previewRedeem(1e18, 0), redeemBefore, "redeem");
    }

    /// @dev The same bad price cannot be met twice: what one rebalance leaves is not due, and the cool-down runs.
    function test_T05_secondRebalance__when_at_once__then_cooling_down() public {
        Plan memory first = due;
        vm.prank(keeper);
        vault.rebalance(first);
        Plan memory again = plan(due.trades);
        vm.prank(keeper);
        vm.expectPartialRevert(IVaultCore.CoolingDown.selector);
        vault.rebalance(again);
    }

    // ---- helpers

    /// @dev One whole attack, undone afterwards.
    /// @return executed whether the vault traded
    /// @return lost D36{quote} by the vault
    /// @return gained {qTok of dollar} by the attacker
    function _attack(uint256 dollars) private returns (bool executed, uint256 lost, int256 gained) {
        uint256 snapshot = vm.snapshotState();
        uint256 before = valueOf(vault);
        uint256 equity = _frontRun(dollars);
        Plan memory attacked = due;
        vm.prank(keeper);
        try vault.rebalance(attacked) {
            executed = true;
            _backRun(equity);
            lost = before - valueOf(vault);
            gained = int256(tokens[DOLLAR].balanceOf(attacker)) - int256(dollars);
        } catch {}
        vm.revertToStateAndDelete(snapshot);
    }

    /// @dev Sells equity that the attacker borrows at the oracle's price, so that the vault sells cheaper.
    /// @return equity {qTok} sold; has to be bought back
    function _frontRun(uint256 dollars) private returns (uint256 equity) {
        equity = dollars * 1e30 / priceOf(EQUITY);
        tokens[DOLLAR].mint(attacker, dollars);
        if (equity == 0) return 0;
        tokens[EQUITY].mint(attacker, equity);
        _route(EQUITY, DOLLAR, equity);
    }

    /// @dev Spends the proceeds on equity and values what is over or short at the oracle's price.
    function _backRun(uint256 equity) private {
        if (equity == 0) return;
        uint256 start = equity * priceOf(EQUITY) / 1e30;
        uint256 proceeds = tokens[DOLLAR].balanceOf(attacker) - start;
        _route(DOLLAR, EQUITY, proceeds);
        uint256 bought = tokens[EQUITY].balanceOf(attacker);
        if (bought >= equity) tokens[DOLLAR].mint(attacker, (bought - equity) * priceOf(EQUITY) / 1e30);
        else deal(address(tokens[DOLLAR]), attacker, start - (equity - bought) * priceOf(EQUITY) / 1e30);
    }

    function _route(uint256 sell, uint256 buy, uint256 amountIn) private {
        vm.startPrank(attacker);
        tokens[sell].approve(address(router), amountIn);
        router.exactInputSingle(
            ISwapRouter.ExactInputSingleParams(
                address(tokens[sell]), address(tokens[buy]), FEE, attacker, block.timestamp, amountIn, 0, 0
            )
        );
        vm.stopPrank();
    }

    /// @return {qTok of equity} whose value asset `i` lacks
    function _share(uint256 i) private view returns (uint256) {
        uint256 value = valueOf(vault);
        uint256 missing = value * vault.mandate().path[0].weights[i] / 10_000 - vault.balances()[i] * priceOf(i);
        return missing / priceOf(EQUITY);
    }
}
