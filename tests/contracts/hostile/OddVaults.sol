// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Asset, Cause, Due, Mandate, Plan, Trade} from "../../../contracts/types/Types.sol";
import {VaultTest} from "../VaultTest.sol";
import {OddVenue} from "./OddVenue.sol";

/// @notice Vaults of odd tokens at a dollar each, so that every weight, loss and level is a number that can be written
///         down, and the plans for them.
abstract contract OddVaults is VaultTest {
    uint256 internal constant DOLLAR36 = 1e36; // D36{quote}
    uint256 internal constant MILLION = 1_000_000 * 1e18; // {qTok} worth a million

    // ---- vaults

    /// @notice Absolute band and destination, to the dollar: the smallest trade, and with it the tolerance, is $1.
    function bandMandate(uint16 band, uint16 drift, uint16[] memory targets) internal view returns (Mandate memory m) {
        m = oddMandate();
        m.limits.minTrade = 1e18;
        setBand(m, band, drift);
        setWeights(m, targets);
    }

    /// @notice Leaves out the third asset.
    function onlyTwo(Mandate memory m, uint16 a, uint16 b) internal pure {
        Asset[] memory two = new Asset[](2);
        (two[0], two[1]) = (m.assets[0], m.assets[1]);
        m.assets = two;
        uint16[] memory targets = new uint16[](2);
        (targets[0], targets[1]) = (a, b);
        setWeights(m, targets);
    }

    /// @notice A vault that holds these dollars.
    function filled(Mandate memory m, uint256 a, uint256 b, uint256 c) internal returns (IVault) {
        return filledExactly(m, a * ONE, b * ONE, c * ONE);
    }

    /// @param a {qTok} and so on; what is beyond the mandate's assets is left out
    function filledExactly(Mandate memory m, uint256 a, uint256 b, uint256 c) internal returns (IVault created) {
        created = newVault(m);
        uint256[] memory amounts = amounts3(a, b, c);
        fundOdd(owner, created, amounts);
        uint256 count = m.assets.length;
        assembly ("memory-safe") {
            mstore(amounts, count)
        }
        vm.prank(owner);
        created.mint(SEED_SHARES, amounts, owner);
    }

    /// @notice What the vault holds becomes this, by donations and by burning, as prices would do it.
    function refill(IVault of_, uint256 a, uint256 b, uint256 c) internal {
        uint256[] memory wanted = amounts3(a * ONE, b * ONE, c * ONE);
        uint256[] memory held = of_.balances();
        for (uint256 i; i < held.length; ++i) {
            oddTokens[i].burn(address(of_), held[i]);
            oddTokens[i].mint(address(of_), wanted[i]);
        }
    }

    /// @return total {qTok} of all assets, a dollar each
    function totalOf(IVault of_) internal view returns (uint256 total) {
        uint256[] memory held = of_.balances();
        for (uint256 i; i < held.length; ++i) {
            total += held[i];
        }
    }

    // ---- time

    /// @notice Another block at `time`, with fresh prices.
    function warpTo(uint256 time) internal {
        vm.warp(time);
        vm.roll(block.number + 1);
        setPrice(DOLLAR, answers[DOLLAR]);
    }

    // ---- plans

    /// @notice A trade of dollars at the oracle's price less `loss` dollars.
    function losing(uint256 sell, uint256 buy, uint256 dollars, uint256 loss) internal pure returns (Trade memory) {
        uint256 amount = dollars * ONE;
        return oddTrade(sell, buy, amount, OddVenue.Script(amount, amount - loss * ONE, address(0), ""));
    }

    function dollars1(uint256 sell, uint256 buy, uint256 dollars) internal pure returns (Trade[] memory) {
        return trades1(oddTrade(sell, buy, dollars * ONE));
    }

    /// @notice The trades that take every asset to its target, without a loss.
    function toTargets(IVault of_) internal view returns (Trade[] memory) {
        return towards(of_, 100, 0);
    }

    /// @param percent of the way
    /// @param loss {bps} of each trade
    function towards(IVault of_, uint256 percent, uint256 loss) internal view returns (Trade[] memory trades) {
        uint256[] memory held = of_.balances();
        uint16[] memory targets = of_.targets();
        uint256 total = totalOf(of_);
        int256[] memory gaps = new int256[](held.length); // {qTok} above the target
        for (uint256 i; i < held.length; ++i) {
            gaps[i] = (int256(held[i]) - int256(total * targets[i] / 10_000)) * int256(percent) / 100;
        }
        trades = new Trade[](held.length * held.length);
        uint256 found;
        for (uint256 i; i < held.length; ++i) {
            for (uint256 j; j < held.length; ++j) {
                if (gaps[i] <= 0 || gaps[j] >= 0) continue;
                int256 amount = gaps[i] < -gaps[j] ? gaps[i] : -gaps[j];
                (gaps[i], gaps[j]) = (gaps[i] - amount, gaps[j] + amount);
                if (uint256(amount) < ONE) continue;
                uint256 given = uint256(amount) - uint256(amount) * loss / 10_000;
                trades[found++] =
                    oddTrade(i, j, uint256(amount), OddVenue.Script(uint256(amount), given, address(0), ""));
            }
        }
        assembly ("memory-safe") {
            mstore(trades, found)
        }
    }

    function partOf(IVault of_, Trade[] memory trades) internal view returns (Plan memory sent) {
        sent = planFor(of_, trades);
        sent.part = true;
    }

    /// @notice One part of a rebalance.
    function part(IVault of_, Trade[] memory trades) internal {
        Plan memory sent = partOf(of_, trades);
        vm.prank(keeper);
        of_.rebalance(sent);
    }

    function refusePart(IVault of_, Trade[] memory trades, bytes memory reason) internal {
        refuse(of_, partOf(of_, trades), reason);
    }

    /// @notice Expects exactly this revert of the vault itself.
    function refuse(IVault of_, Plan memory sent, bytes memory reason) internal {
        vm.prank(keeper);
        (bool ok, bytes memory answer) = address(of_).call(abi.encodeCall(of_.rebalance, (sent)));
        assertFalse(ok, "rebalance went through");
        assertEq(answer, reason, "revert data");
    }

    /// @notice Whether a plan would go through, without leaving a trace, and by which name it fails.
    function probe(IVault of_, Trade[] memory trades, bool isPart) internal returns (bool ok, bytes4 name) {
        Plan memory sent = planFor(of_, trades);
        sent.part = isPart;
        uint256 snapshot = vm.snapshotState();
        bytes memory answer;
        vm.prank(keeper);
        (ok, answer) = address(of_).call(abi.encodeCall(of_.rebalance, (sent)));
        if (!ok) name = bytes4(answer);
        vm.revertToStateAndDelete(snapshot);
    }

    // ---- what `due` says

    function assertDue(IVault of_, Cause cause, string memory label) internal view {
        Due memory d = of_.due();
        assertEq(uint256(d.cause), uint256(cause), label);
        assertEq(d.due, cause <= Cause.OPEN, label);
    }
}
