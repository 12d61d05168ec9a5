// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {BPS} from "../../../contracts/types/Types.sol";

/// @notice Proofs about the conversion of shares, with the expressions of Vault and VaultFlows. What is proven for all inputs
///         and what within bounds: docs/INVARIANTS.md.
contract SharesProof is Test {
    /// Minting and redeeming at once pays back at most what was taken.
    function check_mint_then_redeem__never_gains(uint120 held, uint120 shares, uint120 supply) public pure {
        vm.assume(supply != 0);
        uint256 paid = FixedPointMathLib.fullMulDivUp(held, shares, supply);
        vm.assume(paid <= type(uint120).max);
        uint256 back = FixedPointMathLib.fullMulDiv(held + paid, shares, uint256(supply) + shares);
        assertLe(back, paid);
    }

    /// What stands behind a share never falls by minting.
    function check_mint__a_share_never_holds_less(uint120 held, uint120 shares, uint120 supply) public pure {
        vm.assume(supply != 0);
        uint256 paid = FixedPointMathLib.fullMulDivUp(held, shares, supply);
        vm.assume(paid <= type(uint120).max);
        assertGe((held + paid) * supply, held * (uint256(supply) + shares));
    }

    /// Nor by redeeming.
    function check_redeem__a_share_never_holds_less(uint120 held, uint120 shares, uint120 supply) public pure {
        vm.assume(shares <= supply && supply != 0);
        uint256 given = FixedPointMathLib.fullMulDiv(held, shares, supply);
        assertLe(given, held);
        assertGe((held - given) * supply, held * (uint256(supply) - shares));
    }

    /// Depositing a value and withdrawing it burns at least the shares that it minted.
    function check_deposit_then_withdraw__never_gains(uint128 value, uint128 total, uint96 supply, uint16 spread)
        public
        pure
    {
        vm.assume(total != 0 && spread < BPS);
        uint256 minted = FixedPointMathLib.fullMulDiv(uint256(value) * (BPS - spread), supply, uint256(total) * BPS);
        vm.assume(minted <= type(uint96).max);
        uint256 burnt = FixedPointMathLib.fullMulDivUp(
            uint256(value) * BPS, supply + minted, (uint256(total) + value) * (BPS - spread)
        );
        assertGe(burnt, minted);
    }
}
