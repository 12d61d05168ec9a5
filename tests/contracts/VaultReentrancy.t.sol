// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Trade} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";
import {OddVenue} from "./hostile/OddVenue.sol";

/// @notice T-08 and its kin: while the vault is locked nothing of it can be changed, and nothing half done can be read.
contract VaultReentrancyTest is VaultTest {
    /// A venue calls back in the middle of a rebalance.
    function test_rebalance__venue_calls_back__meets_a_locked_vault(uint256 which) public {
        makeOddDue();
        uint256 amount = 45_000 * ONE;
        bytes memory call = _call(which);
        Trade memory evil = oddTrade(0, 1, amount, OddVenue.Script(amount, amount, address(odd), call));
        rebalance(odd, trades2(evil, oddTrade(0, 2, 30_000 * ONE)));
        assertEq(oddVenue.result(), abi.encodeWithSelector(IVaultCore.Locked.selector), "VLT-10 locked");
    }

    /// A token calls back while a redeemer or a minter is being served.
    function test_mint_and_redeem__token_calls_back__meets_a_locked_vault(uint256 which, bool minting) public {
        uint256[] memory amounts = odd.previewMint(1e18);
        fundOdd(owner, odd, amounts);
        oddTokens[1].setHook(address(odd), _call(which));
        vm.prank(owner);
        if (minting) odd.mint(1e18, amounts, owner);
        else odd.redeem(1e18, all(0), owner, owner, 0);
        assertEq(oddTokens[1].hookResult(), abi.encodeWithSelector(IVaultCore.Locked.selector), "VLT-10 locked");
    }

    /// A guardian that is also a venue cannot have its pause overwritten at the end: it is refused meanwhile.
    function test_pause__inside_a_rebalance__is_refused_and_nothing_is_lost() public {
        vm.prank(owner);
        odd.setGuardian(address(oddVenue));
        makeOddDue();
        uint256 amount = 45_000 * ONE;
        bytes memory call = abi.encodeCall(IVault.pause, ());
        Trade memory evil = oddTrade(0, 1, amount, OddVenue.Script(amount, amount, address(odd), call));
        rebalance(odd, trades2(evil, oddTrade(0, 2, 30_000 * ONE)));
        assertEq(oddVenue.result(), abi.encodeWithSelector(IVaultCore.Locked.selector), "VLT-10 locked");
        bool paused = odd.status().paused;
        assertFalse(paused, "VLT-10 not paused");
    }

    function test_lock__is_open_again_after_every_call() public {
        makeOddDue();
        rebalance(odd, oddPlan());
        odd.balances();
        vm.prank(owner);
        odd.redeem(1e18, all(0), owner, owner, 0);
        odd.balances();
        uint256[] memory amounts = odd.previewMint(1e18);
        fundOdd(owner, odd, amounts);
        vm.prank(owner);
        odd.mint(1e18, amounts, owner);
        odd.balances();
    }

    /// @dev Everything that changes or shows what a call changes.
    function _call(uint256 which) private view returns (bytes memory) {
        bytes[12] memory calls = [
            abi.encodeCall(IVault.balances, ()),
            abi.encodeCall(IVault.previewMint, (1e18)),
            abi.encodeCall(IVault.previewRedeem, (1e18, 0)),
            abi.encodeCall(IVault.mint, (1e18, all(type(uint256).max), stranger)),
            abi.encodeCall(IVault.redeem, (1e18, all(0), stranger, owner, 0)),
            abi.encodeCall(IVault.rebalance, (planFor(odd, oddPlan()))),
            abi.encodeCall(IVault.pause, ()),
            abi.encodeCall(IVault.unpause, ()),
            abi.encodeCall(IVault.setKeeper, (stranger, true)),
            abi.encodeCall(IVault.setGuardian, (stranger)),
            abi.encodeCall(IVault.proposeOwner, (stranger)),
            abi.encodeCall(IVault.acceptOwner, ())
        ];
        return calls[which % 12];
    }
}
