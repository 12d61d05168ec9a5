// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {Pairing} from "../../contracts/interfaces/IMandateChecker.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Cause, Mandate, Period, Plan, Rebalance, Scope, Status, Trade} from "../../contracts/types/Types.sol";
import {Entries} from "./base/Entries.sol";
import {OddVaults} from "./hostile/OddVaults.sol";
import {OddVenue} from "./hostile/OddVenue.sol";

/// @notice A rebalance that is finished in several plans: who opens it, how long it stays open, and that every plan obeys
///         every limit.
contract VaultPartsTest is OddVaults {
    uint32 private constant WINDOW = 6 hours;

    IVault private v;
    uint256 private start;

    function setUp() public override {
        super.setUp();
        v = filled(_mandate(), 600_000, 250_000, 150_000);
        start = block.timestamp;
    }

    // ---- opened, continued, closed

    function test_parts__first_plan__opens_for_the_window_and_says_so() public {
        vm.recordLogs();
        part(v, dollars1(0, 1, 10_000));
        Rebalance memory r = _recorded();
        Status memory s = v.status();
        assertEq(s.openUntil, start + WINDOW, "VLT-4 until");
        assertEq(s.breaches, 7, "VLT-4 breaches");
        assertTrue(r.open, "VLT-4 recorded");
        assertEq(uint256(r.cause), uint256(Cause.THRESHOLD), "VLT-4 why it was opened");
        assertDue(v, Cause.OPEN, "VLT-4 due");
        assertEq(v.due().next, start + WINDOW + 1, "VLT-4 due until");
    }

    /// Below the band and inside the cool-down: what was begun may be finished.
    function test_parts__below_the_band__goes_on_and_closes_at_the_destination() public {
        part(v, dollars1(0, 1, 49_900)); // 55.01 / 29.99 / 15
        part(v, dollars1(0, 2, 10_000)); // 54.01: in the band of the first
        refill(v, 520_000, 298_000, 182_000); // every drift is far below the band
        vm.recordLogs();
        part(v, dollars1(0, 2, 5_000));
        Rebalance memory r = _recorded();
        assertEq(uint256(r.cause), uint256(Cause.OPEN), "VLT-4 goes on");
        assertTrue(r.open, "VLT-4 still");
        vm.recordLogs();
        part(v, dollars1(0, 2, 5_000)); // 51 / 29.8 / 19.2: all inside 1%
        assertFalse(_recorded().open, "VLT-4 closed");
        assertEq(v.status().openUntil, 0, "VLT-4 closed");
        assertEq(v.status().breaches, 0, "VLT-4 nothing left");
    }

    /// A plan that is no part has to arrive, also in an open rebalance; then it closes it.
    function test_parts__whole_plan_in_an_open_rebalance__must_arrive_and_closes() public {
        part(v, dollars1(0, 1, 10_000));
        bytes memory missed = abi.encodeWithSelector(IVaultCore.DestinationMissed.selector, 0, 0.05e18, 5_000);
        expectRebalanceRevert(v, trades2(oddTrade(0, 1, 20_000 * ONE), oddTrade(0, 2, 20_000 * ONE)), missed);
        rebalance(v, toTargets(v));
        assertEq(v.status().openUntil, 0, "VLT-4 closed");
        assertDue(v, Cause.COOLING_DOWN, "VLT-4 cooling down");
    }

    /// Once closed the trigger and the cool-down are asked again, though the window is not over.
    function test_parts__closed_before_the_window_ends__cools_down_and_waits_for_the_band() public {
        part(v, dollars1(0, 1, 10_000));
        part(v, toTargets(v));
        refill(v, 600_000, 250_000, 150_000);
        bytes memory cooling = abi.encodeWithSelector(IVaultCore.CoolingDown.selector, start + 1 days, start);
        refusePart(v, dollars1(0, 1, 10_000), cooling);
        warpTo(start + 1 days);
        refill(v, 540_000, 270_000, 190_000);
        refusePart(
            v, dollars1(0, 1, 10_000), abi.encodeWithSelector(IVaultCore.NotDue.selector, Cause.IN_BAND, 0.04e18)
        );
    }

    /// The last second of the window is in it; then trigger and cool-down are asked.
    function test_parts__window__to_the_second() public {
        part(v, dollars1(0, 1, 1_000));
        warpTo(start + WINDOW);
        part(v, dollars1(0, 1, 1_000));
        warpTo(start + WINDOW + 1);
        uint256 until = start + WINDOW + 1 days;
        bytes memory cooling = abi.encodeWithSelector(IVaultCore.CoolingDown.selector, until, block.timestamp);
        refusePart(v, dollars1(0, 1, 1_000), cooling);
        expectRebalanceRevert(v, toTargets(v), cooling);
        assertDue(v, Cause.COOLING_DOWN, "VLT-4 over");
        warpTo(until - 1);
        assertDue(v, Cause.COOLING_DOWN, "VLT-4 the cool-down begins with the last part");
        warpTo(until);
        part(v, dollars1(0, 1, 1_000));
        assertEq(v.status().openUntil, until + WINDOW, "VLT-4 a new one, by the trigger");
    }

    /// Below the band when the window has ended: nothing goes on.
    function test_parts__window_over_and_below_the_band__is_not_due() public {
        part(v, trades2(oddTrade(0, 1, 40_000 * ONE), oddTrade(0, 2, 20_000 * ONE))); // 54 / 29 / 17
        warpTo(start + WINDOW + 1 days);
        bytes memory notDue = abi.encodeWithSelector(IVaultCore.NotDue.selector, Cause.IN_BAND, 0.04e18);
        refusePart(v, dollars1(0, 2, 1_000), notDue);
    }

    /// Going on never moves the end.
    function test_parts__many_parts__never_extend_the_window(uint256[8] memory waits) public {
        part(v, dollars1(0, 1, 1_000));
        for (uint256 k; k < waits.length; ++k) {
            uint256 left = start + WINDOW - block.timestamp;
            warpTo(block.timestamp + bound(waits[k], 0, left / 2));
            part(v, dollars1(0, k % 2 + 1, 1_000));
            assertEq(v.status().openUntil, start + WINDOW, "VLT-4 the end stays");
            assertEq(v.status().lastRebalance, block.timestamp, "VLT-4 the cool-down begins anew");
        }
        warpTo(start + WINDOW + 1);
        assertDue(v, Cause.COOLING_DOWN, "VLT-4 over");
    }

    function test_parts__mandate_without_a_window__refused() public {
        Mandate memory m = _mandate();
        m.destination.window = 0;
        v = filled(m, 600_000, 250_000, 150_000);
        refusePart(v, dollars1(0, 1, 10_000), abi.encodeWithSelector(IVaultCore.PartsNotAllowed.selector));
        // Not even when it arrives.
        refusePart(v, toTargets(v), abi.encodeWithSelector(IVaultCore.PartsNotAllowed.selector));
        rebalance(v, toTargets(v));
    }

    /// What is not due cannot be opened.
    function test_parts__not_due__cannot_be_opened() public {
        refill(v, 549_999, 270_000, 180_001);
        bytes memory notDue = abi.encodeWithSelector(IVaultCore.NotDue.selector, Cause.IN_BAND, 0.049999e18);
        refusePart(v, dollars1(0, 1, 1_000), notDue);
        assertEq(v.status().openUntil, 0, "VLT-4 not open");
    }

    /// A part has to do something for the assets that the rebalance is about.
    function test_parts__trades_only_what_is_not_concerned__no_progress() public {
        Mandate memory m = _mandate();
        setWeights(m, weights(5_000, 4_000, 1_000));
        setRelativeBand(m, 2_000, 500);
        m.destination.scope = Scope.BREACH;
        // The third is 25% above its target, the others are inside their bands.
        v = filled(m, 510_000, 365_000, 125_000);
        refusePart(v, dollars1(0, 1, 10_000), abi.encodeWithSelector(IVaultCore.NoProgress.selector, 4));
        part(v, dollars1(2, 1, 10_000));
        refusePart(v, dollars1(0, 1, 10_000), abi.encodeWithSelector(IVaultCore.NoProgress.selector, 4));
        // What has to arrive is remembered: the third is no longer in breach.
        assertEq(v.due().breaches, 4, "VLT-4 remembered");
        assertDue(v, Cause.OPEN, "VLT-4 still open");
    }

    /// What reaches its band while a rebalance is open joins it.
    function test_parts__another_asset_reaches_its_band__joins() public {
        Mandate memory m = _mandate();
        m.destination.scope = Scope.BREACH;
        v = filled(m, 549_000, 250_000, 201_000);
        part(v, dollars1(0, 1, 1_000));
        assertEq(v.status().breaches, 2, "VLT-4 the second alone");
        refill(v, 560_000, 270_000, 170_000);
        part(v, dollars1(0, 1, 1_000));
        assertEq(v.status().breaches, 3, "VLT-4 and the first");
    }

    /// An opening consumes its period.
    function test_parts__by_calendar__once_a_period() public {
        Mandate memory m = _mandate();
        setCalendar(m, Period.MONTH, 1, uint40(start), 100);
        v = filled(m, 600_000, 250_000, 150_000);
        part(v, dollars1(0, 1, 1_000));
        warpTo(start + WINDOW + 1 days);
        uint256 drift = v.due().largestDrift;
        refusePart(
            v, dollars1(0, 1, 1_000), abi.encodeWithSelector(IVaultCore.NotDue.selector, Cause.BEFORE_PERIOD, drift)
        );
    }

    // ---- every limit on every part

    function test_parts__second_part__obeys_every_limit() public {
        part(v, dollars1(0, 1, 10_000));
        // slippage
        OddVenue.Script memory script = OddVenue.Script(10_000 * ONE, 9_900 * ONE - 1, address(0), "");
        refusePart(
            v,
            trades1(oddTrade(0, 1, 10_000 * ONE, script)),
            abi.encodeWithSelector(IVaultCore.OutputTooLow.selector, 0, 9_900 * ONE - 1, 9_900 * ONE)
        );
        // the smallest trade
        refusePart(
            v,
            trades1(oddTrade(0, 1, ONE - 1)),
            abi.encodeWithSelector(IVaultCore.TradeTooSmall.selector, 0, (ONE - 1) * 1e18, DOLLAR36)
        );
        // number of trades
        Trade[] memory nine = new Trade[](9);
        for (uint256 k; k < 9; ++k) {
            nine[k] = oddTrade(0, 1, 1_000 * ONE);
        }
        refusePart(v, nine, abi.encodeWithSelector(IVaultCore.TooManyTrades.selector, 9, 8));
        // targets: 40,000 are missing in the second
        refusePart(
            v,
            trades1(oddTrade(0, 1, 40_000 * ONE + 1)),
            abi.encodeWithSelector(
                IVaultCore.TargetCrossed.selector, 1, 260_000 * DOLLAR36, 300_000 * DOLLAR36 + 1e18, 3_000
            )
        );
        // loss: 5 bps of a million
        Trade[] memory lossy = trades2(losing(0, 1, 35_000, 350), losing(0, 2, 35_000, 151));
        refusePart(v, lossy, abi.encodeWithSelector(IVaultCore.LossTooHigh.selector, 501 * DOLLAR36, 500 * DOLLAR36));
        // caller, pause, nonce
        Plan memory p = partOf(v, dollars1(0, 1, 1_000));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, stranger));
        v.rebalance(p);
        p.nonce = 0;
        refuse(v, p, abi.encodeWithSelector(IVaultCore.NonceMismatch.selector, 1, 0));
        vm.prank(guardian);
        v.pause();
        refusePart(v, dollars1(0, 1, 1_000), abi.encodeWithSelector(IVaultCore.Paused.selector));
        vm.prank(owner);
        v.unpause();
        part(v, dollars1(0, 1, 1_000));
    }

    /// Each part takes every traded asset strictly closer to its target, whatever it loses.
    function test_parts__any_sizes_and_losses__always_closer(uint256 seed) public {
        for (uint256 k; k < 6; ++k) {
            uint256 roll = uint256(keccak256(abi.encode(seed, k)));
            uint256 buy = roll % 2 + 1;
            uint256 amount = (1 + (roll >> 8) % 40_000) * ONE;
            uint256 give = amount * (9_890 + (roll >> 64) % 130) / 10_000;
            uint256[] memory before = v.balances();
            uint256 total = totalOf(v);
            Plan memory p = partOf(v, trades1(oddTrade(0, buy, amount, OddVenue.Script(amount, give, address(0), ""))));
            vm.prank(keeper);
            try v.rebalance(p) {
                uint256[] memory now_ = v.balances();
                // weights, cross-multiplied
                assertLt(now_[0] * total, before[0] * totalOf(v), "VLT-4 the sold one is closer");
                assertGe(now_[0] * 2, totalOf(v), "VLT-3 not past the target");
                assertGt(now_[buy] * total, before[buy] * totalOf(v), "VLT-4 the bought one is closer");
                assertLe(now_[buy] * 10, totalOf(v) * (4 - buy), "VLT-3 not past the target");
                assertGe(totalOf(v) * 10_000, total * 9_995, "VLT-5 loss of each part");
            } catch {}
        }
    }

    // ---- nothing that an outsider can open or hold open (T-11)

    /// Any sequence of what outsiders can do, before and while it is open, changes nothing about when it ends.
    function test_T11_parts__whatever_outsiders_do__opens_and_holds_open_nothing(uint256 seed) public {
        _outsiders(seed);
        assertEq(v.status().openUntil, 0, "VLT-4 outsiders open nothing");
        refill(v, 600_000, 250_000, 150_000);
        part(v, dollars1(0, 1, 1_000));
        for (uint256 k; k < 5; ++k) {
            warpTo(block.timestamp + WINDOW / 5);
            _outsiders(uint256(keccak256(abi.encode(seed, k))));
            assertEq(v.status().openUntil, start + WINDOW, "VLT-4 nor move its end");
            assertEq(v.status().breaches, 7, "VLT-4 nor what it is about");
        }
        warpTo(start + WINDOW + 1);
        _outsiders(seed);
        assertTrue(v.due().cause != Cause.OPEN, "VLT-4 nor hold it open");
    }

    /// A unit donated at the last moment neither keeps the destination away nor makes a part fail.
    function test_T11_parts__donation_before_the_last_part__closes_all_the_same(uint256 donation, uint256 asset)
        public
    {
        part(v, dollars1(0, 1, 10_000));
        Trade[] memory last = towards(v, 97, 0);
        oddTokens[asset % 3].mint(address(v), bound(donation, 1, ONE));
        part(v, last);
        assertEq(v.status().openUntil, 0, "VLT-4 closed");
    }

    /// T-12: the whole vault shrinks between two parts; the second is judged on what is there.
    function test_T12_parts__redeem_in_between__next_part_is_judged_on_what_is_there() public {
        part(v, dollars1(0, 1, 10_000));
        Trade[] memory stale = toTargets(v);
        vm.prank(owner);
        v.redeem(SEED_SHARES / 2, all(0), owner, owner, 0);
        (bool ok, bytes4 name) = probe(v, stale, true);
        assertFalse(ok, "VLT-3 sized for twice the vault");
        assertEq(name, IVaultCore.TargetCrossed.selector, "VLT-3 by name");
        part(v, toTargets(v));
        assertEq(v.status().openUntil, 0, "VLT-4 closed");
    }

    // ---- what else can happen in between

    function test_parts__mandate_set_in_between__closes() public {
        part(v, dollars1(0, 1, 10_000));
        Mandate memory m = v.mandate();
        m.limits.maxLoss = 4;
        vm.prank(owner);
        v.setMandate(m, new Pairing[](0));
        assertEq(v.status().openUntil, 0, "VLT-4 closed");
        assertEq(v.status().breaches, 0, "VLT-4 nothing left");
        refusePart(
            v, dollars1(0, 1, 10_000), abi.encodeWithSelector(IVaultCore.CoolingDown.selector, start + 1 days, start)
        );
    }

    /// Targets that have moved bind the next part.
    function test_parts__targets_moved_in_between__bind_the_next() public {
        part(v, dollars1(0, 1, 10_000));
        vm.prank(strategist);
        v.setTargets(weights(5_500, 2_700, 1_800), 0);
        // 59 / 26 / 15: to 55 it is 40,000, no more
        (bool ok, bytes4 name) = probe(v, trades2(oddTrade(0, 1, 10_000 * ONE), oddTrade(0, 2, 30_001 * ONE)), true);
        assertFalse(ok, "VLT-3 past the new target");
        assertEq(name, IVaultCore.TargetCrossed.selector, "VLT-3 by name");
        part(v, trades2(oddTrade(0, 1, 10_000 * ONE), oddTrade(0, 2, 30_000 * ONE)));
        assertEq(v.status().openUntil, 0, "VLT-4 closed");
    }

    // ---- helpers

    /// @dev 50/30/20, band 5%, destination 1%, five basis points of loss in each plan.
    function _mandate() private view returns (Mandate memory m) {
        m = bandMandate(500, 100, weights(5_000, 3_000, 2_000));
        (m.limits.maxLoss, m.destination.window) = (5, WINDOW);
    }

    /// @dev Some of everything that needs no role.
    function _outsiders(uint256 seed) private {
        for (uint256 k; k < 4; ++k) {
            uint256 roll = uint256(keccak256(abi.encode(seed, k)));
            uint256 what = roll % 6;
            uint256 amount = 1 + (roll >> 8) % (20_000 * ONE);
            uint256 asset = (roll >> 128) % 3;
            uint256[] memory amounts = all(0);
            amounts[asset] = amount;
            if (what == 0) oddTokens[asset].mint(address(v), amount);
            if (what == 1) _mint(amount);
            if (what == 2 && sharesOf(v, stranger) > 0) {
                uint256 owned = sharesOf(v, stranger);
                vm.prank(stranger);
                v.redeem(1 + amount % owned, all(0), stranger, stranger, roll >> 200 & 7);
            }
            if (what == 3) {
                fundOdd(stranger, v, amounts);
                vm.prank(stranger);
                try v.deposit(amounts, 0, stranger) {} catch {}
            }
            if (what == 4) {
                vm.prank(stranger);
                try v.withdraw(amounts, type(uint256).max, stranger, stranger) {} catch {}
            }
            if (what == 5) v.takeFees();
        }
    }

    function _mint(uint256 shares) private {
        uint256[] memory amounts = v.previewMint(shares);
        fundOdd(stranger, v, amounts);
        vm.prank(stranger);
        v.mint(shares, amounts, stranger);
    }

    function _recorded() private returns (Rebalance memory) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (, bytes memory payload) = abi.decode(logs[logs.length - 1].data, (bytes27, bytes));
        return Entries.rebalance(payload);
    }
}
