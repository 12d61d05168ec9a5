// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestFeed} from "../../../contracts/dev/TestFeed.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Mandate} from "../../../contracts/types/Types.sol";
import {VaultTest} from "../VaultTest.sol";

/// @notice What the tests of single-asset flows, fees and `due` share.
/// @dev In `odd` every token is worth a dollar and has 18 decimals, so a {qTok} is a {quote} of 18 decimals.
abstract contract FlowTest is VaultTest {
    uint256 internal constant BPS = 10_000;
    uint256 internal constant SPREAD = 100; // {bps} of the fixture's mandates
    uint256 internal constant DOLLARS = 1e36; // D36{quote}
    uint256 internal constant TOLERANCE = BPS * 100 * DOLLARS; // D36{quote * bps} the smallest trade

    /// @dev Prices and pools of the fixture move together; flows look at feeds alone, and this is quicker.
    function pushPrice(uint256 i, int256 answer) internal {
        TestFeed[] memory feedList = new TestFeed[](1);
        int256[] memory answerList = new int256[](1);
        (feedList[0], answerList[0]) = (feeds[i], answer);
        answers[i] = answer;
        market.step(feedList, answerList, new address[](0), new uint160[](0));
    }

    /// @notice Time goes by, and the feeds keep up with it.
    function pass(uint256 time) internal {
        vm.warp(block.timestamp + time);
        for (uint256 i; i < 4; ++i) {
            pushPrice(i, answers[i]);
        }
    }

    /// @return values D36{quote} of each asset
    /// @return total D36{quote}
    function valuesOf(IVault of_) internal view returns (uint256[] memory values, uint256 total) {
        values = of_.balances();
        for (uint256 i; i < values.length; ++i) {
            values[i] *= of_ == vault ? priceOf(i) : priceOf(DOLLAR) / 1e12;
            total += values[i];
        }
    }

    function totalOf(IVault of_) internal view returns (uint256 total) {
        (, total) = valuesOf(of_);
    }

    /// @notice A vault of odd tokens with these holdings, whatever its targets, and a million shares.
    function oddVault(Mandate memory m, uint256[] memory held) internal returns (IVault created) {
        created = newVault(m);
        fundOdd(owner, created, held);
        vm.prank(owner);
        created.mint(SEED_SHARES, held, owner);
    }

    /// @dev Bought out of nowhere, so that whoever gives them has no part in it.
    function donate(IVault to, uint256 asset, uint256 amount) internal {
        if (to == vault) tokens[asset].mint(address(to), amount);
        else oddTokens[asset].mint(address(to), amount);
    }

    function fundFor(address account, IVault of_, uint256[] memory amounts) internal {
        if (of_ == vault) fundAll(account, amounts);
        else fundOdd(account, of_, amounts);
    }

    function deposit(IVault to, address account, uint256[] memory amounts) internal returns (uint256 shares) {
        fundFor(account, to, amounts);
        vm.prank(account);
        return to.deposit(amounts, 0, account);
    }

    function withdraw(IVault from, address account, uint256[] memory amounts) internal returns (uint256 shares) {
        vm.prank(account);
        return from.withdraw(amounts, type(uint256).max, account, account);
    }

    /// @notice Leaves in kind with everything.
    /// @return value D36{quote} of it
    function redeemAll(IVault from, address account) internal returns (uint256 value) {
        uint256 shares = sharesOf(from, account);
        if (shares == 0) return 0;
        vm.prank(account);
        uint256[] memory amounts = from.redeem(shares, all(0), account, account, 0);
        return worth(from, amounts);
    }

    /// @return value D36{quote} of tokens at the present prices
    function worth(IVault of_, uint256[] memory amounts) internal view returns (uint256 value) {
        for (uint256 i; i < amounts.length; ++i) {
            value += amounts[i] * (of_ == vault ? priceOf(i) : priceOf(DOLLAR) / 1e12);
        }
    }

    /// @return {qTok} the most of one asset that a deposit may bring
    function roomIn(IVault of_, uint256 asset) internal view returns (uint256) {
        (uint256[] memory values, uint256 total) = valuesOf(of_);
        uint256 target = of_.targets()[asset];
        uint256 edge = target * total + TOLERANCE;
        if (edge <= values[asset] * BPS) return 0;
        // (value + x) * BPS <= target * (total + x) + tolerance
        uint256 x = (edge - values[asset] * BPS) / (BPS - target);
        return x / (of_ == vault ? priceOf(asset) : priceOf(DOLLAR) / 1e12);
    }

    /// @return {qTok} the most of one asset that a withdrawal may take
    function roomOut(IVault of_, uint256 asset) internal view returns (uint256) {
        (uint256[] memory values, uint256 total) = valuesOf(of_);
        uint256 target = of_.targets()[asset];
        if (values[asset] * BPS + TOLERANCE <= target * total) return 0;
        // (value - x) * BPS + tolerance >= target * (total - x)
        uint256 x = (values[asset] * BPS + TOLERANCE - target * total) / (BPS - target);
        if (x > values[asset]) x = values[asset];
        return x / (of_ == vault ? priceOf(asset) : priceOf(DOLLAR) / 1e12);
    }

    function only(uint256 asset, uint256 amount) internal pure returns (uint256[] memory amounts) {
        amounts = new uint256[](3);
        amounts[asset] = amount;
    }

    /// @dev Makes the tokens of `odd` call `data` at the vault whenever they move.
    function hookOdd(uint256 asset, bytes memory data) internal {
        oddTokens[asset].setHook(address(odd), data);
    }
}
