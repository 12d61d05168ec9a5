// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IPriceOracle} from "../../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../../contracts/interfaces/IVaultCore.sol";
import {Fill, Kind, Mandate, Plan, Trade} from "../../../contracts/types/Types.sol";
import {Entries} from "../base/Entries.sol";
import {VaultFixture} from "../base/VaultFixture.sol";
import {OddToken} from "../hostile/OddToken.sol";

/// @notice Everything that can happen to a vault on a living market, with hostile plans among it. Rules that bind one
///         call are asserted here, where both sides of the call are known; the others in VaultInvariants.t.sol.
contract VaultHandler is VaultFixture {
    uint256 private constant ASSETS = 3;
    uint256 private constant LARGEST_SUPPLY = 1_500_000e18; // {qShare} keeps the pools' impact within the mandate

    address[3] public actors = [makeAddr("ann"), makeAddr("bob"), makeAddr("eve")];

    // what the ledger's events say
    bytes27 public head;
    uint40 public count;
    /// @notice {qTok} what the entries and the donations add up to
    uint256[3] public explained;

    uint256 public rebalances; // that went through
    uint256 public refused; // hostile plans that did not
    uint256 public lastRebalance; // {s}
    bool public paused;

    /// @dev Folds the entries of the call, and lets no call but a rebalance lower what stands behind a share.
    modifier observed() {
        uint256[] memory held = vault.balances();
        uint256 supply = supplyNow();
        vm.recordLogs();
        _;
        _fold(vm.getRecordedLogs());
        uint256[] memory now_ = vault.balances();
        for (uint256 i; i < ASSETS; ++i) {
            assertGe(now_[i] * supply, held[i] * supplyNow(), "VLT-6 a share never holds less");
        }
    }

    function setUp() public override {
        setUpMarket();
        setUpVaults();
        vm.recordLogs();
        Mandate memory m = mandate6030();
        m.limits.maxLoss = 10; // narrow enough for some plans to meet it
        vault = createVault(m, "invariants");
        seed(vault, SEED_SHARES);
        _fold(vm.getRecordedLogs());
    }

    // ---- holders

    function mint(uint256 who, uint256 shares) external observed {
        if (paused) return;
        shares = bound(shares, 1, 200_000e18);
        if (supplyNow() + shares > LARGEST_SUPPLY) return;
        address actor = actors[who % actors.length];
        uint256[] memory amounts = vault.previewMint(shares);
        for (uint256 i; i < ASSETS; ++i) {
            fund(actor, address(vault), i, amounts[i]);
        }
        vm.prank(actor);
        vault.mint(shares, amounts, actor);
    }

    /// @dev Never caught: redeeming always works, whatever the handler did before.
    function redeem(uint256 who, uint256 shares, uint256 skip) external observed {
        address actor = actors[who % actors.length];
        uint256 owned = OddToken(address(vault)).balanceOf(actor);
        if (owned == 0) return;
        shares = bound(shares, 1, owned);
        skip = skip % 8;
        uint256[] memory expected = vault.previewRedeem(shares, skip);
        vm.prank(actor);
        vault.redeem(shares, expected, actor, actor, skip);
    }

    /// @dev A donation joined by a mint and a redeem of the donor's: nothing comes out that was not put in.
    function donate(uint256 asset, uint256 amount, uint256 shares) external observed {
        asset = asset % ASSETS;
        amount = bound(amount, 1, vault.balances()[asset] / 100 + 1);
        shares = bound(shares, 1, 1_000e18);
        address eve = actors[2];
        tokens[asset].mint(address(vault), amount);
        explained[asset] += amount;
        if (paused) return;
        uint256[] memory paid = vault.previewMint(shares);
        for (uint256 i; i < ASSETS; ++i) {
            fund(eve, address(vault), i, paid[i]);
        }
        vm.startPrank(eve);
        vault.mint(shares, paid, eve);
        uint256[] memory back = vault.redeem(shares, new uint256[](ASSETS), eve, eve, 0);
        vm.stopPrank();
        for (uint256 i; i < ASSETS; ++i) {
            assertLe(back[i], paid[i], "VLT-7 a round trip gains nothing");
        }
    }

    // ---- market and time

    function moveMarket(uint256 asset, uint256 percent) external observed {
        asset = asset % ASSETS;
        setPrice(asset, _moved(asset, percent));
    }

    function movePool(uint256 asset, uint256 percent) external observed {
        asset = asset % ASSETS;
        skewPool(asset, _moved(asset, percent));
    }

    function moveFeed(uint256 asset, uint256 percent) external observed {
        asset = asset % ASSETS;
        answers[asset] = _moved(asset, percent);
        vm.prank(address(market));
        feeds[asset].push(answers[asset]);
    }

    function warp(uint256 time) external observed {
        vm.warp(block.timestamp + bound(time, 1, 2 days));
        vm.roll(block.number + 1 + time % 300);
    }

    // ---- roles

    function setPaused(bool value) public observed {
        vm.prank(owner);
        if (value) vault.pause();
        else vault.unpause();
        paused = value;
    }

    function setKeeper(uint256 who, bool allowed) external observed {
        bytes memory call = abi.encodeCall(vault.setKeeper, (actors[who % actors.length], allowed));
        if (allowed) {
            vm.prank(owner);
            vm.warp(vault.submit(call));
        }
        vm.prank(owner);
        (bool ok,) = address(vault).call(call);
        assertTrue(ok, "VLT-14 the owner's announced call goes through");
    }

    // ---- rebalances

    /// @notice Any assets, any sizes, at any state of the pools.
    function rebalanceHostile(uint256 seed, uint256 number, uint256 portion) external {
        if (seed % 4 > 0) _prepare(seed);
        number = bound(number, 1, 3);
        Trade[] memory trades = new Trade[](number);
        uint256[] memory held = vault.balances();
        for (uint256 k; k < number; ++k) {
            uint256 roll = uint256(keccak256(abi.encode(seed, k)));
            uint256 sell = roll % ASSETS;
            // up to 120% of what is held
            uint256 amount = held[sell] * bound(portion, 0, 120) * (roll >> 8 & 0xff) / 100 / 255;
            trades[k] = trade(sell, (sell + 1 + (roll >> 16) % 2) % ASSETS, amount);
        }
        _rebalance(trades);
    }

    /// @notice The right trades at sizes near the right ones, at a price near the right one.
    function rebalanceNearly(uint256 seed, uint256 sizes) external {
        if (seed % 4 > 0) _prepare(seed);
        Trade[] memory trades = _towardsTargets(bound(sizes, 75, 105));
        if (trades.length == 0) return;
        uint256 asset = seed % ASSETS;
        if (sizes % 2 == 0) skewPool(asset, answers[asset] * int256(bound(seed, 98, 102)) / 100);
        _rebalance(trades);
    }

    /// @notice What a good keeper would do.
    function rebalanceHonestly(uint256 seed) external {
        _prepare(seed);
        Trade[] memory trades = _towardsTargets(98);
        if (trades.length == 0) return;
        _rebalance(trades);
    }

    function theVault() external view returns (IVault) {
        return vault;
    }

    function theLedger() external view returns (ILedger) {
        return ledger;
    }

    function supplyNow() public view returns (uint256) {
        return OddToken(address(vault)).totalSupply();
    }

    // ---- inside

    /// @dev Later, one price is far from where it began, so that the vault is mostly due, and all prices are fresh.
    function _prepare(uint256 seed) private {
        // one time in four still paused, and one in four too early
        if (paused && (seed >> 32) % 4 > 0) setPaused(false);
        vm.warp(block.timestamp + ((seed >> 24) % 4 == 0 ? 1 hours : 1 days));
        vm.roll(block.number + 1);
        uint256 asset = (seed >> 8) % ASSETS;
        answers[asset] = _first(asset) * int256([uint256(55), 75, 140, 190][(seed >> 16) % 4]) / 100;
        refreshFeeds();
    }

    function _rebalance(Trade[] memory trades) private {
        Plan memory sent = plan(trades);
        uint256[] memory before = vault.balances();
        uint256 supply = supplyNow();
        vm.recordLogs();
        vm.prank(keeper);
        try vault.rebalance(sent) {
            _fold(vm.getRecordedLogs());
            _judge(before, vault.balances(), trades);
            assertEq(supplyNow(), supply, "VLT-6 supply unchanged");
            assertTrue(
                lastRebalance == 0 || block.timestamp >= lastRebalance + vault.mandate().trigger.cooldown,
                "VLT-1 cool-down kept"
            );
            assertFalse(paused, "VLT-9 not while paused");
            lastRebalance = block.timestamp;
            ++rebalances;
        } catch (bytes memory reason) {
            _fold(vm.getRecordedLogs());
            assertEq(keccak256(abi.encode(vault.balances())), keccak256(abi.encode(before)), "VLT-5 nothing moved");
            assertTrue(_isNamed(bytes4(reason)), string.concat("refused by name: ", vm.toString(reason)));
            ++refused;
        }
    }

    /// @dev The mandate, judged again on measured balances: fractions worked out apart from the vault's own code.
    function _judge(uint256[] memory before, uint256[] memory afterwards, Trade[] memory trades) private view {
        Mandate memory m = vault.mandate();
        uint256 start = _total(before);
        uint256 end = _total(afterwards);
        if (end < start) assertLe((start - end) * 10_000, start * m.limits.maxLoss, "VLT-5 loss");
        bool due;
        for (uint256 i; i < ASSETS; ++i) {
            uint256 target = m.path[0].weights[i];
            uint256 was = before[i] * priceOf(i) * 10_000;
            uint256 is_ = afterwards[i] * priceOf(i) * 10_000;
            due = due || FixedPointMathLib.dist(was, target * start) >= m.trigger.band * start;
            for (uint256 k; k < trades.length; ++k) {
                if (trades[k].sell == i) {
                    assertGt(was, target * start, "VLT-3 sold from above");
                    assertGe(is_, target * end, "VLT-3 not sold past the target");
                }
                if (trades[k].buy == i) {
                    assertLt(was, target * start, "VLT-3 bought from below");
                    assertLe(is_, target * end, "VLT-3 not bought past the target");
                }
            }
            uint256 room = m.destination.drift * end + 10_000 * uint256(m.limits.minTrade) * 1e18;
            assertLe(FixedPointMathLib.dist(is_, target * end), room, "VLT-4 inside the destination");
        }
        assertTrue(due, "VLT-1 was due");
    }

    /// @dev Sells what is above for what is below, `percent` of the smaller gap, pair by pair.
    function _towardsTargets(uint256 percent) private view returns (Trade[] memory trades) {
        Mandate memory m = vault.mandate();
        uint256[] memory held = vault.balances();
        uint256 total = _total(held);
        int256[] memory gaps = new int256[](ASSETS); // D36{quote} above target
        for (uint256 i; i < ASSETS; ++i) {
            gaps[i] = int256(held[i] * priceOf(i)) - int256(total * m.path[0].weights[i] / 10_000);
        }
        trades = new Trade[](4);
        uint256 found;
        for (uint256 i; i < ASSETS; ++i) {
            for (uint256 j; j < ASSETS; ++j) {
                if (gaps[i] <= 0 || gaps[j] >= 0) continue;
                int256 value = gaps[i] < -gaps[j] ? gaps[i] : -gaps[j];
                (gaps[i], gaps[j]) = (gaps[i] - value, gaps[j] + value);
                uint256 amount = uint256(value) * percent / 100 / priceOf(i);
                if (amount * priceOf(i) >= uint256(m.limits.minTrade) * 1e18) trades[found++] = trade(i, j, amount);
            }
        }
        assembly ("memory-safe") {
            mstore(trades, found)
        }
    }

    function _fold(Vm.Log[] memory logs) private {
        for (uint256 k; k < logs.length; ++k) {
            if (logs[k].emitter != address(ledger) || logs[k].topics[0] != ILedger.Entry.selector) continue;
            assertEq(address(uint160(uint256(logs[k].topics[1]))), address(vault), "LED-1 vault");
            Kind kind = Kind(uint256(logs[k].topics[3]));
            (, bytes memory payload) = abi.decode(logs[k].data, (bytes27, bytes));
            assertEq(uint256(logs[k].topics[2]), count, "LED-1 sequence");
            head = bytes27(keccak256(abi.encode(head, count, uint8(kind), keccak256(payload))));
            ++count;
            _explain(kind, payload);
        }
    }

    function _explain(Kind kind, bytes memory payload) private {
        if (kind == Kind.MINTED) {
            (,,, uint256[] memory paid) = abi.decode(payload, (address, address, uint256, uint256[]));
            for (uint256 i; i < ASSETS; ++i) {
                explained[i] += paid[i];
            }
        }
        if (kind == Kind.REDEEMED) {
            (,,,, uint256[] memory paid,) =
                abi.decode(payload, (address, address, address, uint256, uint256[], uint256));
            for (uint256 i; i < ASSETS; ++i) {
                explained[i] -= paid[i];
            }
        }
        if (kind == Kind.REBALANCED) {
            Fill[] memory fills = Entries.rebalance(payload).fills;
            uint256 least = 10_000 - vault.mandate().limits.maxSlippage;
            for (uint256 k; k < fills.length; ++k) {
                Fill memory fill = fills[k];
                explained[fill.sell] -= fill.amountIn;
                explained[fill.buy] += fill.amountOut;
                assertGe(
                    fill.amountOut * priceOf(fill.buy) * 10_000,
                    fill.amountIn * priceOf(fill.sell) * least,
                    "VLT-2 output at the oracle's price"
                );
            }
        }
    }

    /// @return {quote/tok in feed decimals} up to 30% away, and always between half and twice the first price
    function _moved(uint256 asset, uint256 percent) private view returns (int256) {
        int256 answer = answers[asset] * int256(bound(percent, 70, 130)) / 100;
        if (answer < _first(asset) / 2) return _first(asset) / 2;
        return answer > _first(asset) * 2 ? _first(asset) * 2 : answer;
    }

    /// @return {quote/tok in feed decimals} as the fixture begins
    function _first(uint256 asset) private pure returns (int256) {
        return [int256(500e8), 100e8, 2_000e8][asset];
    }

    function _total(uint256[] memory held) private view returns (uint256 total) {
        for (uint256 i; i < ASSETS; ++i) {
            total += held[i] * priceOf(i);
        }
    }

    /// @dev What may refuse a plan: the vault, the oracle, and a transfer of more than there is.
    function _isNamed(bytes4 name) private pure returns (bool) {
        return name == IVaultCore.Paused.selector || name == IVaultCore.CoolingDown.selector
            || name == IVaultCore.NotDue.selector || name == IVaultCore.TradeTooSmall.selector
            || name == IVaultCore.OutputTooLow.selector || name == IVaultCore.TargetCrossed.selector
            || name == IVaultCore.DestinationMissed.selector || name == IVaultCore.LossTooHigh.selector
            || name == IPriceOracle.PriceStale.selector || name == SafeTransferLib.TransferFailed.selector
            || name == IVaultCore.AmountInMismatch.selector;
    }
}
