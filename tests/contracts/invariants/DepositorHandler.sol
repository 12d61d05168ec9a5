// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FlowTest} from "../base/FlowTest.sol";

/// @notice A hostile depositor who knows the true prices, chooses what the feeds say of them within their deviations, and
///         comes and goes by every door.
/// @dev True prices are fixed; a feed is off by at most 50 bps, the deviation of the fixture's feeds, in whatever direction
///      suits. Wealth is counted at the true prices. Every call is tried with sizes that are allowed, so that few revert.
contract DepositorHandler is FlowTest {
    address public mallory;

    int256[3] private _truth; // {quote/tok in feed decimals}
    uint256 private _spent; // D36{quote} at true prices

    /// @dev VLT-6 call by call: what one call took would otherwise hide behind the spread that another one paid.
    modifier fair() {
        (uint256 total, uint256 supply) = share();
        _;
        (uint256 totalAfter, uint256 supplyAfter) = share();
        // total'/supply' >= total/supply, cross-multiplied
        assertGe(totalAfter * supply, total * supplyAfter, "VLT-6 nobody is diluted");
    }

    function start() external {
        setUp();
        mallory = makeAddr("mallory");
        // Room for flows in both directions: 65/25/10 against 60/30/10.
        pushPrice(EQUITY, 620e8);
        for (uint256 i; i < 3; ++i) {
            _truth[i] = answers[i];
        }
    }

    // ---- what he can do

    function lag(uint256 asset, int256 move) external {
        asset = asset % 3;
        // Rounded towards the truth: never off by more than the deviation.
        pushPrice(asset, _truth[asset] + _truth[asset] * bound(move, -49, 49) / 10_000);
    }

    function depositSome(uint256 asset, uint256 amount) external fair {
        asset = asset % 3;
        uint256 room = roomIn(vault, asset);
        if (room == 0) return;
        uint256[] memory amounts = only(asset, bound(amount, 1, room));
        if (vault.previewDeposit(amounts) == 0) return;
        _spent += trueWorth(amounts);
        deposit(vault, mallory, amounts);
    }

    function depositRouted(uint256 value) external fair {
        uint256[] memory amounts = vault.routeDeposit(bound(value, 1_000 * DOLLARS, 1e6 * DOLLARS));
        _spent += trueWorth(amounts);
        deposit(vault, mallory, amounts);
    }

    function withdrawSome(uint256 asset, uint256 amount) external fair {
        asset = asset % 3;
        uint256 room = roomOut(vault, asset);
        if (room == 0) return;
        uint256[] memory amounts = only(asset, bound(amount, 1, room));
        if (vault.previewWithdraw(amounts) > sharesOf(vault, mallory)) return;
        withdraw(vault, mallory, amounts);
    }

    function withdrawRouted(uint256 value) external fair {
        uint256[] memory amounts = vault.routeWithdraw(bound(value, DOLLARS, totalOf(vault) / 2));
        if (vault.previewWithdraw(amounts) > sharesOf(vault, mallory)) return;
        withdraw(vault, mallory, amounts);
    }

    function mintSome(uint256 shares) external fair {
        shares = bound(shares, 1, 1_000_000e18);
        uint256[] memory amounts = vault.previewMint(shares);
        fundAll(mallory, amounts);
        _spent += trueWorth(amounts);
        vm.prank(mallory);
        vault.mint(shares, amounts, mallory);
    }

    function redeemSome(uint256 shares) external fair {
        uint256 mine = sharesOf(vault, mallory);
        if (mine == 0) return;
        vm.prank(mallory);
        vault.redeem(bound(shares, 1, mine), all(0), mallory, mallory, 0);
    }

    function donateSome(uint256 asset, uint256 amount) external fair {
        uint256[] memory amounts = only(asset % 3, bound(amount, 0, 1_000_000));
        _spent += trueWorth(amounts);
        donate(vault, asset % 3, amounts[asset % 3]);
    }

    // ---- what is asked of it

    /// @return wealth D36{quote} what he has taken out and could take out in kind, rounded down
    /// @return spent D36{quote} what he has put in
    function balance() external view returns (uint256 wealth, uint256 spent) {
        uint256[] memory amounts = vault.balances();
        uint256 mine = sharesOf(vault, mallory);
        uint256 supply = supplyOf(vault);
        for (uint256 i; i < 3; ++i) {
            amounts[i] = amounts[i] * mine / supply + tokens[i].balanceOf(mallory);
        }
        return (trueWorth(amounts), _spent);
    }

    /// @return total D36{quote} of the vault at true prices
    /// @return supply {qShare}
    function share() public view returns (uint256 total, uint256 supply) {
        return (trueWorth(vault.balances()), supplyOf(vault));
    }

    function trueWorth(uint256[] memory amounts) public view returns (uint256 value) {
        for (uint256 i; i < 3; ++i) {
            value += amounts[i] * uint256(_truth[i]) * 10 ** (36 - tokens[i].decimals() - FEED_DECIMALS);
        }
    }
}
