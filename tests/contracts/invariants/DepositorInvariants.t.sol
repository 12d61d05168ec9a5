// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {DepositorHandler} from "./DepositorHandler.sol";

/// @notice No sequence of minting, redeeming, depositing, withdrawing and donating, at prices that lag as it suits him,
///         leaves a depositor with more than he put in, or the others with less.
contract DepositorInvariants is Test {
    DepositorHandler internal handler;
    uint256 internal startTotal; // D36{quote}
    uint256 internal startSupply; // {qShare}

    function setUp() public {
        handler = new DepositorHandler();
        handler.start();
        (startTotal, startSupply) = handler.share();
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = handler.lag.selector;
        selectors[1] = handler.depositSome.selector;
        selectors[2] = handler.depositRouted.selector;
        selectors[3] = handler.withdrawSome.selector;
        selectors[4] = handler.withdrawRouted.selector;
        selectors[5] = handler.mintSome.selector;
        selectors[6] = handler.redeemSome.selector;
        selectors[7] = handler.donateSome.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// VLT-7, T-02, T-03, T-13, T-15
    function invariant_T02_T03_T13_T15_a_depositor_never_gains() public view {
        (uint256 wealth, uint256 spent) = handler.balance();
        assertLe(wealth, spent, "VLT-7 he has no more than he put in");
    }

    /// VLT-6: what stands behind a share, at true prices, never falls.
    function invariant_a_share_never_loses() public view {
        (uint256 total, uint256 supply) = handler.share();
        // total / supply >= startTotal / startSupply, cross-multiplied; totals are below 2^150, supplies below 2^100
        assertGe(total * startSupply, startTotal * supply, "VLT-6 nobody is diluted");
    }
}
