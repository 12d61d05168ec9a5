// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {OddToken} from "../hostile/OddToken.sol";
import {VaultHandler} from "./VaultHandler.sol";

/// @notice What holds after any sequence of calls (docs/INVARIANTS.md).
contract VaultInvariantsTest is Test {
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;

    VaultHandler private handler;
    IVault private vault;
    ILedger private ledger;
    address[] private tokens;
    address[] private venues;

    function setUp() public {
        handler = new VaultHandler();
        handler.setUp();
        (vault, ledger) = (handler.theVault(), handler.theLedger());
        for (uint256 i; i < 3; ++i) {
            tokens.push(vault.mandate().assets[i].token);
        }
        venues = vault.mandate().venues;

        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = VaultHandler.mint.selector;
        selectors[1] = VaultHandler.redeem.selector;
        selectors[2] = VaultHandler.donate.selector;
        selectors[3] = VaultHandler.moveMarket.selector;
        selectors[4] = VaultHandler.movePool.selector;
        selectors[5] = VaultHandler.moveFeed.selector;
        selectors[6] = VaultHandler.warp.selector;
        selectors[7] = VaultHandler.setPaused.selector;
        selectors[8] = VaultHandler.setKeeper.selector;
        selectors[9] = VaultHandler.rebalanceHostile.selector;
        selectors[10] = VaultHandler.rebalanceNearly.selector;
        selectors[11] = VaultHandler.rebalanceHonestly.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    /// One function for all of them: forge runs a whole campaign for each.
    function invariant_vault_and_ledger() public view {
        _checkAllowances();
        _checkSupply();
        _checkLedger();
        (uint40 nonce, uint40 last) = (vault.status().nonce, vault.status().lastRebalance);
        assertEq(nonce, handler.rebalances(), "VLT-13 nonce counts the rebalances");
        assertEq(last, handler.lastRebalance(), "VLT-13 last rebalance");
    }

    /// After all of it everybody leaves, at the worst of times: paused, prices and pools dead, one token broken.
    function afterInvariant() public {
        vm.prank(vault.owner());
        vault.pause();
        vm.mockCallRevert(vault.mandate().oracle, "", "dead");
        vm.mockCallRevert(tokens[1], "", "dead");
        address[4] memory holders = [handler.actors(0), handler.actors(1), handler.actors(2), vault.owner()];
        for (uint256 k; k < holders.length; ++k) {
            uint256 shares = OddToken(address(vault)).balanceOf(holders[k]);
            if (shares == 0) continue;
            vm.prank(holders[k]);
            vault.redeem(shares, new uint256[](3), holders[k], holders[k], 1 << 1);
        }
        assertEq(OddToken(address(vault)).totalSupply(), 1e6, "VLT-8 everybody has left");
    }

    function _checkAllowances() private view {
        for (uint256 i; i < tokens.length; ++i) {
            for (uint256 k; k < venues.length; ++k) {
                assertEq(OddToken(tokens[i]).allowance(address(vault), venues[k]), 0, "VLT-2 allowance");
            }
        }
    }

    function _checkSupply() private view {
        assertEq(OddToken(address(vault)).balanceOf(DEAD), 1e6, "VLT-6 locked shares");
        assertGe(OddToken(address(vault)).totalSupply(), 1e6, "VLT-6 supply");
    }

    function _checkLedger() private view {
        (bytes27 head, uint40 count) = ledger.chain(address(vault));
        assertEq(count, handler.count(), "LED-1 count");
        assertEq(head, handler.head(), "LED-1 head is the fold of the events");
        // Reading the balances also shows that no call has left the vault locked.
        uint256[] memory held = vault.balances();
        for (uint256 i; i < held.length; ++i) {
            assertEq(held[i], handler.explained(i), "LED-2 entries and donations explain the balances");
        }
    }
}
