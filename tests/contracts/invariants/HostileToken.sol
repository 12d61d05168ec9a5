// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandate, Plan, Trade} from "../../../contracts/types/Types.sol";
import {OddToken} from "../hostile/OddToken.sol";
import {OddVaults} from "../hostile/OddVaults.sol";
import {OddVenue} from "../hostile/OddVenue.sol";

/// @notice The third token of a basket is the thief's: he mints and burns it wherever he likes, also in the middle of a call,
///         makes it lie, refuse, keep fees and call back, and has the keeper's key and the venue as well. The other two are
///         honest. No single assets come and go: OddTokens.t.sol says why.
contract HostileToken is OddVaults {
    uint256 private constant D14 = 1e14;
    uint256 public constant TURNOVER = 40e12; // D14{1} that may be sold in any window
    uint32 private constant BUDGET_WINDOW = 10 days;

    address private thief = makeAddr("thief");
    address private ann = makeAddr("ann");

    uint40[] private _times;
    uint256[] private _sold; // D14{1}
    uint256 private _first;
    uint256 private _sum;
    uint256 public worst; // D14{1} sold of honest tokens in any window so far
    uint256 public rebalances;

    /// @dev Honest tokens behind a share.
    modifier harmless() {
        uint256[] memory before = _honest();
        uint256 supply = supplyOf(odd);
        _;
        uint256[] memory now_ = _honest();
        for (uint256 i; i < 2; ++i) {
            assertGe(
                now_[i] * supply, before[i] * supplyOf(odd), "TOK-1 only a rebalance lowers a share's honest tokens"
            );
        }
        _leave();
    }

    function start() external {
        setUp();
        Mandate memory m = bandMandate(500, 400, weights(5_000, 3_000, 2_000));
        (m.trigger.cooldown, m.destination.window, m.spread) = (1 hours, 6 hours, 0);
        (m.limits.turnoverBudget, m.limits.budgetWindow) = (4_000, BUDGET_WINDOW);
        m.assets[0].feed.heartbeat = type(uint32).max;
        (m.assets[1].feed.heartbeat, m.assets[2].feed.heartbeat) = (type(uint32).max, type(uint32).max);
        odd = filled(m, 500_000, 300_000, 200_000);
        giveShares(odd, ann, SEED_SHARES / 2);
        fundOdd(thief, odd, all(1e12 * ONE));
    }

    // ---- what the thief does

    function issue(uint256 roll) external harmless {
        _issue(roll);
    }

    function misbehave(uint256 roll) external harmless {
        OddToken bad = oddTokens[2];
        bad.setFee((roll & 7) == 0 ? (roll >> 8) % 10_001 : 0);
        bad.setReturnsFalse((roll >> 32) & 7 == 0);
        bad.setReturnsNothing((roll >> 36) & 7 == 0);
        bad.setTransfersPaused((roll >> 40) & 7 == 0);
        bad.setBlacklisted(address(odd), (roll >> 44) & 7 == 0);
        bad.setBalanceBroken((roll >> 48) & 7 == 0);
        bad.setRefusesZero((roll >> 52) & 7 == 0);
    }

    function mint(uint256 roll) external harmless {
        vm.prank(thief);
        try odd.mint(1 + roll % SEED_SHARES, all(type(uint256).max), thief) {} catch {}
    }

    function redeem(uint256 roll) external harmless {
        uint256 shares = sharesOf(odd, thief);
        if (shares == 0) return;
        vm.prank(thief);
        try odd.redeem(1 + roll % shares, all(0), thief, thief, roll >> 128 & 7) {} catch {}
    }

    function wait(uint256 roll) external {
        vm.warp(block.timestamp + 1 + roll % 2 days);
        vm.roll(block.number + 1);
    }

    /// @notice Has as much of his token in the vault as suits him, and sells honest tokens for more of it.
    function rob(uint256 roll) external {
        if (roll & 7 != 0 && !oddTokens[2].balanceBroken()) {
            (bool ok,) = address(oddTokens[2]).call(abi.encodeCall(OddToken.burn, (address(odd), odd.balances()[2])));
            assertTrue(ok, "burnt");
        }
        uint256[] memory before = _honest();
        uint256 total = before[0] + before[1] + _bad();
        _try(1 + (roll >> 8) % 100);
        uint256[] memory now_ = _honest();
        uint256 sold;
        for (uint256 i; i < 2; ++i) {
            if (now_[i] < before[i]) sold += before[i] - now_[i];
        }
        if (sold != 0) _use(sold * D14 / total);
        assertLe(worst, TURNOVER, "TOK-2 honest tokens sold in any window: at most the turnover budget");
        _leave();
    }

    // ---- inside

    function _try(uint256 percent) private {
        if (oddTokens[2].balanceBroken()) return;
        uint256 room = (TURNOVER / 2 - odd.status().turnoverUsed) * 5 / 1e12; // {percent} of the fifth that is missing
        Trade[] memory list = towards(odd, percent < room ? percent : room, 0);
        if (list.length == 0) return;
        Plan memory p = partOf(odd, list);
        vm.prank(keeper);
        try odd.rebalance(p) {
            ++rebalances;
        } catch {}
    }

    /// @dev Some more or less of his token in the vault, now or when it is next moved; or a call to the vault then.
    function _issue(uint256 roll) private {
        uint256 amount = (roll >> 8) % (1_000_000 * ONE);
        bytes memory data = roll & 1 == 0 || oddTokens[2].balanceBroken() || amount > _bad()
            ? abi.encodeCall(OddToken.mint, (address(odd), amount))
            : abi.encodeCall(OddToken.burn, (address(odd), amount));
        if (roll & 2 == 0) {
            (bool ok,) = address(oddTokens[2]).call(data);
            assertTrue(ok, "issued");
        } else if (roll & 4 == 0) {
            oddTokens[2].setHook(address(oddTokens[2]), data);
        } else {
            oddTokens[2].setHook(address(odd), abi.encodeCall(odd.redeem, (1, all(0), thief, thief, 7)));
        }
    }

    /// @dev TOK-3: an honest holder leaves with her part of the honest tokens, whatever the third one does.
    function _leave() private {
        uint256[] memory held = _honest();
        uint256[] memory least = all(0);
        uint256 supply = supplyOf(odd);
        (least[0], least[1]) = (held[0] * 1e12 / supply, held[1] * 1e12 / supply);
        vm.prank(ann);
        odd.redeem(1e12, least, ann, ann, 4);
    }

    function _honest() private view returns (uint256[] memory held) {
        held = all(0);
        (held[0], held[1]) = (oddTokens[0].balanceOf(address(odd)), oddTokens[1].balanceOf(address(odd)));
    }

    function _bad() private view returns (uint256) {
        return oddTokens[2].balanceBroken() ? 0 : oddTokens[2].balanceOf(address(odd));
    }

    function _use(uint256 amount) private {
        _times.push(uint40(block.timestamp));
        _sold.push(amount);
        _sum += amount;
        while (_times[_first] + BUDGET_WINDOW < block.timestamp) _sum -= _sold[_first++];
        if (_sum > worst) worst = _sum;
    }
}
