// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pairing} from "../../contracts/interfaces/IMandateChecker.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {Mandate, Power, Roles, Trade} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";
import {OddVenue} from "./hostile/OddVenue.sol";

/// @notice T-08 and its kin: while the vault is locked nothing of it can be changed, and nothing half done can be read.
contract VaultReentrancyTest is VaultTest {
    /// A venue calls back in the middle of a rebalance.
    function test_T08_rebalance__venue_calls_back__meets_a_locked_vault(uint256 which) public {
        makeOddDue();
        uint256 amount = 45_000 * ONE;
        bytes memory call = _call(which);
        Trade memory evil = oddTrade(0, 1, amount, OddVenue.Script(amount, amount, address(odd), call));
        rebalance(odd, trades2(evil, oddTrade(0, 2, 30_000 * ONE)));
        assertEq(oddVenue.result(), abi.encodeWithSelector(IVaultCore.Locked.selector), "VLT-10 locked");
    }

    /// A token calls back while a redeemer or a minter is being served.
    function test_T08_mint_and_redeem__token_calls_back__meets_a_locked_vault(uint256 which, bool minting) public {
        uint256[] memory amounts = odd.previewMint(1e18);
        fundOdd(owner, odd, amounts);
        oddTokens[1].setHook(address(odd), _call(which));
        vm.prank(owner);
        if (minting) odd.mint(1e18, amounts, owner);
        else odd.redeem(1e18, all(0), owner, owner, 0);
        assertEq(oddTokens[1].hookResult(), abi.encodeWithSelector(IVaultCore.Locked.selector), "VLT-10 locked");
    }

    /// A guardian that is also a venue cannot have its pause overwritten at the end: it is refused meanwhile.
    function test_T08_pause__inside_a_rebalance__is_refused_and_nothing_is_lost() public {
        Mandate memory m = oddMandate();
        Roles memory r = roles();
        r.guardian = address(oddVenue);
        odd = newClone(m);
        odd.initialize(r);
        seedOdd(odd);
        makeOddDue();
        uint256 amount = 45_000 * ONE;
        bytes memory call = abi.encodeCall(odd.pause, ());
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

    /// @dev Everything that changes or shows what a call changes. That nothing is missing here is a test of its own, over
    ///      the vault's ABI (threats/EveryFunction.t.sol).
    function _call(uint256 which) private view returns (bytes memory) {
        bytes[29] memory calls = [
            abi.encodeCall(odd.balances, ()),
            abi.encodeCall(odd.previewMint, (1e18)),
            abi.encodeCall(odd.previewRedeem, (1e18, 0)),
            abi.encodeCall(odd.previewDeposit, (all(ONE))),
            abi.encodeCall(odd.previewWithdraw, (all(ONE))),
            abi.encodeCall(odd.routeDeposit, (1e36)),
            abi.encodeCall(odd.routeWithdraw, (1e36)),
            abi.encodeCall(odd.due, ()),
            abi.encodeCall(odd.status, ()),
            abi.encodeCall(odd.mint, (1e18, all(type(uint256).max), stranger)),
            abi.encodeCall(odd.redeem, (1e18, all(0), stranger, owner, 0)),
            abi.encodeCall(odd.deposit, (all(ONE), 0, stranger)),
            abi.encodeCall(odd.withdraw, (all(ONE), 1e18, stranger, owner)),
            abi.encodeCall(odd.takeFees, ()),
            abi.encodeCall(odd.rebalance, (planFor(odd, oddPlan()))),
            abi.encodeCall(odd.pause, ()),
            abi.encodeCall(odd.unpause, ()),
            abi.encodeCall(odd.submit, ("call")),
            abi.encodeCall(odd.revoke, ("call")),
            abi.encodeCall(odd.setMandate, (oddMandate(), new Pairing[](0))),
            abi.encodeCall(odd.setTargets, (weights(5_000, 3_000, 2_000), 0)),
            abi.encodeCall(odd.setKeeper, (stranger, true)),
            abi.encodeCall(odd.setStrategist, (stranger)),
            abi.encodeCall(odd.setGuardian, (stranger)),
            abi.encodeCall(odd.renounce, (Power.MANDATE)),
            abi.encodeCall(odd.proposeOwner, (stranger)),
            abi.encodeCall(odd.acceptOwner, ()),
            abi.encodeCall(odd.declare, ("statement")),
            abi.encodeCall(odd.redeem, (1, all(0), stranger, stranger, 7))
        ];
        return calls[which % 29];
    }
}
