// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pairing} from "../../contracts/interfaces/IMandateChecker.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Mandate, Trade} from "../../contracts/types/Types.sol";
import {OddVaults} from "./hostile/OddVaults.sol";
import {OddVenue} from "./hostile/OddVenue.sol";

/// @notice The rolling budgets of losses and of turnover: what `status` says is used, what is refused, and that no window
///         of their length ever sees more than the budget (T-05, T-16, T-18).
contract VaultBudgetsTest is OddVaults {
    uint256 private constant D14 = 1e14; // the whole vault
    uint256 private constant TEN_BPS = 1e11; // D14{1} a quarter of the budget
    uint32 private constant BUDGET_WINDOW = 10_000; // {s}
    uint16 private constant LOSS_BUDGET = 40; // {bps}
    uint32 private constant TURNOVER_BUDGET = 8_000; // {bps}

    IVault private v;
    uint256 private start;

    function setUp() public override {
        super.setUp();
        v = filled(_mandate(), 600_000, 250_000, 150_000);
        start = block.timestamp;
    }

    // ---- capacity, boundaries

    /// Half of the budget at once, to the unit of D14{1}.
    function test_lossBudget__half_at_once__inclusive_to_the_unit() public {
        part(v, _losing(1_000 * ONE));
        assertEq(v.status().lossUsed, TEN_BPS, "VLT-16 used");
        // Ten of what is left after the first ten.
        uint256 left = totalOf(v) / 1_000;
        uint256 snapshot = vm.snapshotState();
        part(v, _losing(left));
        assertEq(v.status().lossUsed, 2 * TEN_BPS, "VLT-16 full");
        bytes memory full = abi.encodeWithSelector(IVaultCore.LossBudgetExceeded.selector, 2 * TEN_BPS + 1, 2 * TEN_BPS);
        refusePart(v, _losing(1), full);
        vm.revertToStateAndDelete(snapshot);
        part(v, _losing(left / 2));
        uint256 rest = totalOf(v) * (2 * TEN_BPS - v.status().lossUsed) / D14;
        refusePart(v, _losing(rest + 1), full);
        part(v, _losing(rest));
        assertEq(v.status().lossUsed, 2 * TEN_BPS, "VLT-16 full");
    }

    function test_turnoverBudget__half_at_once__inclusive_to_the_unit() public {
        // 40% of the vault at once
        Mandate memory m = _mandate();
        m.limits.turnoverBudget = 1_000; // 5% at once
        v = filled(m, 600_000, 250_000, 150_000);
        part(v, dollars1(0, 1, 30_000));
        assertEq(v.status().turnoverUsed, D14 * 3 / 100, "VLT-16 used");
        uint256 snapshot = vm.snapshotState();
        part(v, dollars1(0, 2, 20_000));
        assertEq(v.status().turnoverUsed, D14 * 5 / 100, "VLT-16 full");
        vm.revertToStateAndDelete(snapshot);
        refusePart(
            v,
            trades1(oddTrade(0, 2, 20_000 * ONE + 1)),
            abi.encodeWithSelector(IVaultCore.TurnoverBudgetExceeded.selector, D14 * 5 / 100 + 1, D14 * 5 / 100)
        );
    }

    // ---- the leak

    /// Half of the budget leaks in each window, evenly, rounded against the keeper; there is no moment of reset.
    function test_lossBudget__leaks_evenly_and_never_resets(uint256 elapsed) public {
        _fill();
        uint256 full = v.status().lossUsed;
        elapsed = bound(elapsed, 0, 2 * BUDGET_WINDOW);
        vm.warp(start + elapsed);
        uint256 gone = D14 * 20 * elapsed / 10_000 / BUDGET_WINDOW;
        uint256 left = full > gone ? full - gone : 0;
        assertEq(v.status().lossUsed, left, "VLT-16 an even leak");
        if (elapsed > 0) {
            vm.warp(start + elapsed - 1);
            assertLe(v.status().lossUsed - left, D14 * 20 / 10_000 / BUDGET_WINDOW + 1, "VLT-16 no jump");
        }
    }

    function test_turnoverBudget__leaks_evenly_and_never_resets(uint256 elapsed) public {
        part(v, dollars1(0, 1, 40_000));
        uint256 used = v.status().turnoverUsed;
        elapsed = bound(elapsed, 0, 2 * BUDGET_WINDOW);
        vm.warp(start + elapsed);
        uint256 gone = D14 * 4_000 * elapsed / 10_000 / BUDGET_WINDOW;
        assertEq(v.status().turnoverUsed, used > gone ? used - gone : 0, "VLT-16 an even leak");
    }

    /// T-18: a budget that counts by the day gives twice its size around midnight; this one gives what has leaked.
    function test_T18_lossBudget__just_around_a_round_time__gives_what_has_leaked(uint256 wait) public {
        vm.warp((block.timestamp / 1 days + 1) * 1 days - 1);
        setPrice(DOLLAR, 1e8);
        _fill();
        wait = bound(wait, 1, BUDGET_WINDOW / 2 - 10);
        warpTo(block.timestamp + wait);
        uint256 leaked = D14 * 20 * wait / 10_000 / BUDGET_WINDOW;
        uint256 room = 2 * TEN_BPS - (v.status().lossUsed);
        assertApproxEqAbs(room, leaked, 1, "VLT-16 what has leaked");
        uint256 allowed = totalOf(v) * room / D14;
        (bool ok, bytes4 name) = probe(v, _losing(allowed + totalOf(v) / D14 + 1), true);
        assertFalse(ok, "VLT-16 no more than has leaked");
        assertEq(name, IVaultCore.LossBudgetExceeded.selector, "VLT-16 by name");
        part(v, _losing(allowed));
    }

    // ---- losses only

    /// T-18: gains give nothing back, neither in the same plan nor later.
    function test_T18_lossBudget__gains__never_offset(uint256 gain) public {
        gain = bound(gain, 0, 5_000) * ONE;
        uint256 amount = 35_000 * ONE;
        Trade[] memory list = trades2(
            oddTrade(0, 1, amount, OddVenue.Script(amount, amount - 350 * ONE, address(0), "")),
            oddTrade(0, 2, amount, OddVenue.Script(amount, amount + gain, address(0), ""))
        );
        part(v, list);
        assertEq(v.status().lossUsed, D14 * 350 / 1_000_000, "VLT-16 of the losing trade alone");
        part(v, trades1(oddTrade(0, 2, ONE, OddVenue.Script(ONE, ONE + gain, address(0), ""))));
        assertEq(v.status().lossUsed, D14 * 350 / 1_000_000, "VLT-16 gains give nothing back");
    }

    /// The limit of one plan is on the losses, too: a gain in it makes no room.
    function test_maxLoss__gain_in_the_same_plan__does_not_offset() public {
        Trade memory winning = oddTrade(0, 2, 10_000 * ONE, OddVenue.Script(10_000 * ONE, 12_000 * ONE, address(0), ""));
        refusePart(
            v,
            trades2(winning, losing(0, 1, 12_000, 1_001)),
            abi.encodeWithSelector(IVaultCore.LossTooHigh.selector, 1_001 * DOLLAR36, 1_000 * DOLLAR36)
        );
        refusePart(
            v,
            trades2(losing(0, 1, 12_000, 601), losing(0, 2, 12_000, 400)),
            abi.encodeWithSelector(IVaultCore.LossTooHigh.selector, 1_001 * DOLLAR36, 1_000 * DOLLAR36)
        );
        part(v, trades2(winning, losing(0, 1, 12_000, 1_000)));
    }

    /// NAV based: the same loss is a larger part of a smaller vault.
    function test_T18_lossBudget__after_a_redeem__is_of_what_is_there() public {
        vm.prank(owner);
        v.redeem(SEED_SHARES / 2, all(0), owner, owner, 0);
        part(v, _losing(250 * ONE));
        assertEq(v.status().lossUsed, D14 * 5 / 10_000, "VLT-16 250 of 500,000");
    }

    // ---- across rebalances, and across mandates

    /// The levels go on from one rebalance to the next, cool-down or not.
    function test_lossBudget__across_rebalances__adds_up() public {
        rebalance(v, trades2(losing(0, 1, 50_000, 500), losing(0, 2, 49_000, 490)));
        uint256 used = v.status().lossUsed;
        assertEq(used, D14 * 990 / 1_000_000, "VLT-16 used");
        // A tenth of the window: a tenth of the capacity has leaked.
        warpTo(start + 1_000);
        refill(v, 600_000, 250_000, 150_000);
        rebalance(v, trades2(losing(0, 1, 50_000, 500), losing(0, 2, 49_000, 490)));
        assertEq(v.status().lossUsed, D14 * (990 - 200 + 990) / 1_000_000, "VLT-16 adds up");
        warpTo(start + 2_000);
        refill(v, 600_000, 250_000, 150_000);
        bytes memory over = abi.encodeWithSelector(
            IVaultCore.LossBudgetExceeded.selector,
            D14 * (990 - 200 + 990 - 200 + 990) / 1_000_000,
            D14 * 2_000 / 1_000_000
        );
        expectRebalanceRevert(v, trades2(losing(0, 1, 50_000, 500), losing(0, 2, 49_000, 490)), over);
        rebalance(v, toTargets(v));
        assertEq(v.status().lossUsed, D14 * (990 - 200 + 990 - 200) / 1_000_000, "VLT-16 without a loss it only leaks");
    }

    /// A tighter mandate does not forgive what has been lost, and holds at once.
    function test_budgets__another_mandate__levels_survive() public {
        _fill();
        uint256 turnover = v.status().turnoverUsed;
        Mandate memory m = v.mandate();
        (m.limits.lossBudget, m.limits.maxLoss) = (20, 10);
        vm.prank(owner);
        v.setMandate(m, new Pairing[](0));
        assertEq(v.status().lossUsed, D14 * 20 / 10_000, "VLT-16 level");
        assertEq(v.status().turnoverUsed, turnover, "VLT-16 level");
        refill(v, 600_000, 250_000, 150_000);
        bytes memory over =
            abi.encodeWithSelector(IVaultCore.LossBudgetExceeded.selector, D14 * 20 / 10_000 + 1, D14 * 10 / 10_000);
        refusePart(v, _losing(1), over);
        // 10 bps leak in each window now: at the end of one there is still no room for a loss.
        warpTo(start + BUDGET_WINDOW);
        refill(v, 600_000, 250_000, 150_000);
        assertEq(v.status().lossUsed, D14 * 10 / 10_000, "VLT-16 leaks at the new pace");
        (bool ok, bytes4 name) = probe(v, _losing(1), true);
        assertFalse(ok, "VLT-16 full");
        assertEq(name, IVaultCore.LossBudgetExceeded.selector, "VLT-16 by name");
    }

    /// A looser one, after its timelock, gives no more than its own budget, with what was lost before counted in.
    function test_budgets__looser_mandate__counts_what_was_lost_before() public {
        Mandate memory m = _mandate();
        m.limits.budgetWindow = 30 days;
        v = filled(m, 600_000, 250_000, 150_000);
        _fill();
        m.limits.lossBudget = 80;
        m.fileHash = keccak256("looser");
        loosenMandate(v, m);
        uint256 leaked = D14 * 40 * (block.timestamp - start) / 10_000 / 30 days;
        assertEq(v.status().lossUsed, D14 * 20 / 10_000 - leaked, "VLT-16 level");
    }

    // ---- any window

    /// VLT-16: the worst that any sequence of plans can do, at any times: in no window is more lost or sold than the budget.
    function test_T16_budgets__any_sequence__no_window_sees_more(uint256 seed) public {
        uint256[24] memory times;
        uint256[24] memory losses; // D14{1} measured on balances
        uint256[24] memory turnovers;
        for (uint256 k; k < 24; ++k) {
            uint256 roll = uint256(keccak256(abi.encode(seed, k)));
            if (roll % 3 == 0) warpTo(block.timestamp + (roll >> 8) % BUDGET_WINDOW / 3);
            if (roll % 5 == 0) {
                uint256 shares = sharesOf(v, owner) / 4 + 1;
                vm.prank(owner);
                v.redeem(shares, all(0), owner, owner, 0);
            }
            _skew();
            uint256 total = totalOf(v);
            uint256 amount = total * (20 + (roll >> 16) % 30) / 1_000;
            uint256 given = amount - total * ((roll >> 32) % 11) / 10_000;
            Trade memory worst = oddTrade(0, 1, amount, OddVenue.Script(amount, given, address(0), ""));
            (bool ok,) = _try(trades1(worst));
            if (!ok) continue;
            times[k] = block.timestamp;
            losses[k] = (total - totalOf(v)) * D14 / total;
            turnovers[k] = amount * D14 / total;
        }
        for (uint256 i; i < 24; ++i) {
            uint256 lost;
            uint256 sold;
            for (uint256 j = i; j < 24 && times[i] != 0; ++j) {
                if (times[j] == 0 || times[j] > times[i] + BUDGET_WINDOW) continue;
                lost += losses[j];
                sold += turnovers[j];
            }
            assertLe(lost, D14 * LOSS_BUDGET / 10_000, "VLT-16 lost in any window");
            assertLe(sold, D14 * TURNOVER_BUDGET / 10_000, "VLT-16 sold in any window");
        }
    }

    /// The bound is met, so it is no empty promise: half at once, and what leaks meanwhile, in one window.
    function test_lossBudget__the_worst_window__reaches_the_budget() public {
        uint256 lost = _drain(); // D14{1}
        for (uint256 k; k < 100; ++k) {
            warpTo(block.timestamp + BUDGET_WINDOW / 100);
            lost += _drain();
        }
        assertLe(lost, D14 * LOSS_BUDGET / 10_000, "VLT-16 lost in one window");
        assertGe(lost, D14 * LOSS_BUDGET / 10_000 * 999 / 1_000, "VLT-16 and the bound is reached");
    }

    // ---- helpers

    /// @dev 50/30/20 on a band of 5%, in parts, no cool-down; 10 bps of loss in one plan, 40 in a window.
    function _mandate() private view returns (Mandate memory m) {
        m = bandMandate(500, 100, weights(5_000, 3_000, 2_000));
        m.destination.window = 1 days;
        m.trigger.cooldown = 0;
        // Slippage is not what these tests are about.
        (m.limits.maxSlippage, m.limits.maxLoss, m.limits.lossBudget) = (1_000, 10, LOSS_BUDGET);
        (m.limits.turnoverBudget, m.limits.budgetWindow) = (TURNOVER_BUDGET, BUDGET_WINDOW);
    }

    /// @dev 60/25/15 of what there is.
    function _skew() private {
        uint256 total = totalOf(v) / ONE;
        refill(v, total * 60 / 100, total * 25 / 100, total * 15 / 100);
    }

    /// @dev One trade that loses so much.
    /// @param loss {qTok} at most 1,200
    function _losing(uint256 loss) private pure returns (Trade[] memory) {
        uint256 amount = 12_000 * ONE;
        return trades1(oddTrade(0, 1, amount, OddVenue.Script(amount, amount - loss, address(0), "")));
    }

    /// @dev All that may be lost at once.
    function _fill() private {
        part(v, _losing(totalOf(v) / 1_000));
        part(v, _losing(totalOf(v) / 1_000));
    }

    function _try(Trade[] memory list) private returns (bool ok, bytes memory answer) {
        bytes memory call = abi.encodeCall(v.rebalance, (partOf(v, list)));
        vm.prank(keeper);
        (ok, answer) = address(v).call(call);
    }

    /// @dev As much as the mandate allows, now.
    /// @return lost D14{1}
    function _drain() private returns (uint256 lost) {
        for (uint256 k; k < 3; ++k) {
            _skew();
            uint256 total = totalOf(v);
            uint256 room = 2 * TEN_BPS - v.status().lossUsed; // D14{1}
            uint256 loss = total * (room < TEN_BPS ? room : TEN_BPS) / D14;
            if (loss == 0) return lost;
            uint256 amount = loss * 12 + ONE;
            part(v, trades1(oddTrade(0, 1, amount, OddVenue.Script(amount, amount - loss, address(0), ""))));
            lost += (total - totalOf(v)) * D14 / total;
        }
    }
}
