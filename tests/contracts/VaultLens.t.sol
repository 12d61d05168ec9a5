// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../../contracts/interfaces/IAggregatorV3.sol";
import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {PriceView, VaultView} from "../../contracts/interfaces/IVaultLens.sol";
import {VaultLens} from "../../contracts/lens/VaultLens.sol";
import {Cause, Due} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @dev Burns all the gas that it gets.
contract GasBurner {
    fallback() external {
        while (true) {}
    }
}

/// @dev Reverts, or answers, with a megabyte.
contract Bomb {
    bool internal immutable reverts;

    constructor(bool reverts_) {
        reverts = reverts_;
    }

    fallback() external {
        if (reverts) {
            assembly {
                revert(0, 0x100000)
            }
        }
        assembly {
            return(0, 0x100000)
        }
    }
}

contract VaultLensTest is VaultFixture {
    IVault internal second;

    function setUp() public override {
        super.setUp();
        second = createVault(fourAssetMandate(), "50/30/10/10");
    }

    // ---- good vaults

    function test_snapshots__when_vaults_are_good__then_all_that_a_tick_needs() public {
        vm.prank(guardian);
        second.pause();
        VaultView[] memory views = lens.snapshots(_list(address(vault), address(second)));
        _assertSame(views[0], vault);
        _assertSame(views[1], second);
        assertTrue(views[1].status.paused, "paused");
        assertEq(views[0].supply, SEED_SHARES, "supply");
        assertEq(views[0].ledgerCount, 2, "created and minted");
    }

    function test_snapshots__when_none_is_asked_for__then_empty() public view {
        assertEq(lens.snapshots(new address[](0)).length, 0, "empty");
    }

    // ---- bad vaults

    function test_snapshots__when_one_is_bad__then_the_others_are_whole() public {
        address[6] memory bad = [
            makeAddr("nothing here"),
            address(tokens[0]),
            address(ledger),
            address(new GasBurner()),
            address(new Bomb(true)),
            address(new Bomb(false))
        ];
        for (uint256 i = 0; i < 3 * bad.length; ++i) {
            uint256 position = i % 3;
            address[] memory list = new address[](3);
            (list[0], list[1], list[2]) = (address(vault), address(vault), address(vault));
            list[position] = bad[i / 3];
            VaultView[] memory views = lens.snapshots{gas: 30_000_000}(list);
            for (uint256 k = 0; k < 3; ++k) {
                if (k == position) _assertFailed(views[k], bad[i / 3]);
                else _assertSame(views[k], vault);
            }
        }
    }

    function test_snapshots__when_address_gives_no_reason__then_unreadable() public {
        address nothing = makeAddr("nothing here");
        VaultView[] memory views = lens.snapshots(_list(nothing, address(vault)));
        assertEq(views[0].failure, abi.encodeWithSelector(VaultLens.VaultUnreadable.selector, nothing), "reason");
    }

    function test_snapshots__when_a_vault_is_locked__then_its_error_is_shown() public {
        vm.mockCallRevert(
            address(second), abi.encodeCall(second.balances, ()), abi.encodeWithSelector(IVaultCore.Locked.selector)
        );
        VaultView[] memory views = lens.snapshots(_list(address(second), address(vault)));
        assertEq(views[0].failure, abi.encodeWithSelector(IVaultCore.Locked.selector), "reason");
        assertTrue(views[0].registered, "known all the same");
        _assertSame(views[1], vault);
    }

    function test_snapshots__when_vault_is_of_nobody__then_not_registered() public {
        VaultLens other = new VaultLens(
            deployCode("VaultFactory.sol:VaultFactory", abi.encode(factory.implementation(), ledger, factory.checker()))
        );
        VaultView[] memory views = other.snapshots(_list(address(vault), address(second)));
        assertFalse(views[0].registered, "another factory's");
        assertEq(views[0].failure, "", "readable all the same");
    }

    // ---- bad prices

    function test_snapshots__when_one_feed_is_stale__then_only_its_price_is_missing() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT + 1);
        setPrice(EQUITY, answers[EQUITY]);
        setPrice(BOND, answers[BOND]);
        VaultView memory view_ = lens.snapshots(_list(address(vault), address(second)))[0];
        assertEq(view_.failure, "", "the vault is whole");
        assertEq(view_.prices[EQUITY].price, priceOf(EQUITY), "equity");
        assertEq(view_.prices[EQUITY].failure, "", "equity is good");
        assertEq(
            view_.prices[GOLD].failure,
            abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[GOLD], updatedAt, HEARTBEAT),
            "gold's reason"
        );
        assertEq(view_.prices[GOLD].price, 0, "no price of gold");
        Due memory due = vault.due();
        assertEq(uint8(view_.due.cause), uint8(Cause.PRICE_UNUSABLE), "no rebalance");
        assertEq(view_.due.failure, due.failure, "for the same reason");
        assertFalse(view_.due.due, "not due");
    }

    function test_snapshots__when_a_feed_is_stale_and_the_vault_paused__then_paused() public {
        vm.prank(guardian);
        vault.pause();
        vm.warp(block.timestamp + HEARTBEAT + 1);
        VaultView[] memory views = lens.snapshots(_list(address(vault), address(second)));
        assertEq(uint8(views[0].due.cause), uint8(vault.due().cause), "paused");
        assertEq(views[0].due.failure, "", "no other reason");
        assertEq(uint8(views[1].due.cause), uint8(second.due().cause), "price unusable");
    }

    function test_snapshots__when_a_feed_burns_gas_or_bombs__then_only_its_price_is_missing() public {
        bytes memory unreadable = abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, feeds[EQUITY]);
        bytes[2] memory codes = [address(new GasBurner()).code, address(new Bomb(true)).code];
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(address(feeds[EQUITY]), codes[i]);
            VaultView[] memory views = lens.snapshots{gas: 30_000_000}(_list(address(vault), address(second)));
            for (uint256 k = 0; k < 2; ++k) {
                assertEq(views[k].failure, "", "the vault is whole");
                assertEq(views[k].prices[EQUITY].failure, unreadable, "equity's reason");
                assertEq(views[k].prices[GOLD].price, priceOf(GOLD), "gold");
            }
        }
    }

    /// @dev Too little gas is never mistaken for a bad feed.
    function test_snapshots__when_gas_is_short__then_whole_or_failed_as_a_whole(uint256 gas) public {
        gas = bound(gas, 300_000, 3_000_000);
        address[] memory list = new address[](4);
        for (uint256 i = 0; i < 4; ++i) {
            list[i] = address(second);
        }
        try lens.snapshots{gas: gas}(list) returns (VaultView[] memory views) {
            for (uint256 i = 0; i < 4; ++i) {
                bytes4 reason = bytes4(views[i].failure);
                if (reason == 0) _assertSame(views[i], second);
                else assertTrue(_isGasReason(reason), "out of gas");
            }
        } catch (bytes memory reason) {
            assertEq(reason, "", "out of gas altogether");
        }
    }

    function test_snapshots__when_gas_is_ample__then_whole(uint256 gas) public view {
        gas = bound(gas, 2 * 600_000, 30_000_000);
        VaultView[] memory views = lens.snapshots{gas: gas}(_list(address(vault), address(second)));
        _assertSame(views[0], vault);
        _assertSame(views[1], second);
    }

    function test_snapshots__when_the_oracle_is_hostile__then_the_other_vaults_are_whole() public {
        address[3] memory hostile = [address(new GasBurner()), address(new Bomb(true)), address(new Bomb(false))];
        for (uint256 i = 0; i < hostile.length; ++i) {
            vm.mockFunction(address(oracle), hostile[i], abi.encodeWithSelector(IPriceOracle.price.selector));
            VaultView[] memory views = lens.snapshots{gas: 30_000_000}(_list(address(vault), address(second)));
            assertGt(views[0].prices[EQUITY].failure.length, 0, "a reason");
            assertLe(views[0].prices[EQUITY].failure.length, 1024, "not a long one");
            assertEq(views[1].balances, second.balances(), "the other vault is read to its end");
        }
    }

    /// @dev What is good one by one and bad all at once is a lie, or too little gas: the vault fails, and no other.
    function test_snapshots__when_the_oracle_contradicts_itself__then_the_other_vaults_are_whole() public {
        address[3] memory hostile = [address(new GasBurner()), address(new Bomb(true)), address(new Bomb(false))];
        for (uint256 i = 0; i < hostile.length; ++i) {
            vm.mockFunction(address(oracle), hostile[i], abi.encodeWithSelector(IPriceOracle.prices.selector));
            VaultView[] memory views = lens.snapshots{gas: 30_000_000}(_list(address(vault), address(second)));
            for (uint256 k = 0; k < 2; ++k) {
                assertTrue(_isGasReason(bytes4(views[k].failure)), "fails as a whole");
                assertEq(views[k].prices.length, 0, "nothing else");
            }
        }
    }

    function test_snapshots__when_the_oracle_answers_rubbish__then_unreadable(uint256 roundId, uint256 updatedAt)
        public
    {
        roundId = bound(roundId, uint256(type(uint80).max) + 1, type(uint256).max);
        updatedAt = bound(updatedAt, uint256(type(uint40).max) + 1, type(uint256).max);
        bytes[3] memory rubbish = [abi.encode(1, roundId, 0), abi.encode(1, 1, updatedAt), abi.encode(1, 1)];
        for (uint256 i = 0; i < rubbish.length; ++i) {
            vm.mockCall(address(oracle), abi.encodeWithSelector(IPriceOracle.price.selector), rubbish[i]);
            PriceView memory price = lens.snapshots(_list(address(vault), address(second)))[0].prices[BOND];
            assertEq(price.failure, abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, feeds[BOND]), "reason");
            assertEq(price.price, 0, "no price");
        }
    }

    // ---- roles

    function test_rolesOf__when_asked__then_the_roles_of_the_account() public {
        _assertRoles(owner, true, false, false, false);
        _assertRoles(strategist, false, true, false, false);
        _assertRoles(guardian, false, false, true, false);
        _assertRoles(keeper, false, false, false, true);
        _assertRoles(stranger, false, false, false, false);
        loosen(vault, abi.encodeCall(vault.setKeeper, (owner, true)));
        _assertRoles(owner, true, false, false, true);
    }

    function test_factory__when_deployed__then_as_told() public view {
        assertEq(lens.factory(), address(factory), "factory");
    }

    // ---- helpers

    function _assertSame(VaultView memory view_, IVault expected) private view {
        assertEq(view_.vault, address(expected), "vault");
        assertEq(view_.failure, "", "no failure");
        assertTrue(view_.registered, "registered");
        assertEq(abi.encode(view_.status), abi.encode(expected.status()), "status");
        assertEq(abi.encode(view_.targets), abi.encode(expected.targets()), "targets");
        assertEq(abi.encode(view_.due), abi.encode(expected.due()), "due");
        assertEq(keccak256(abi.encode(view_.mandate)), keccak256(abi.encode(expected.mandate())), "mandate");
        assertEq(view_.balances, expected.balances(), "balances");
        (bytes27 head, uint40 count) = ledger.chain(address(expected));
        assertEq(bytes32(view_.ledgerHead), bytes32(head), "head");
        assertEq(view_.ledgerCount, count, "count");
        for (uint256 i = 0; i < view_.prices.length; ++i) {
            (, int256 answer,, uint256 updatedAt, uint80 round) =
                IAggregatorV3(view_.mandate.assets[i].feed.source).latestRoundData();
            assertEq(answer, answers[i], "answer");
            assertEq(view_.prices[i].price, priceOf(i), "price");
            assertEq(view_.prices[i].roundId, round, "round");
            assertEq(view_.prices[i].updatedAt, updatedAt, "updatedAt");
            assertEq(view_.prices[i].failure, "", "price is good");
        }
    }

    function _assertFailed(VaultView memory view_, address bad) private pure {
        assertEq(view_.vault, bad, "vault");
        assertGt(view_.failure.length, 0, "a reason");
        assertLe(view_.failure.length, 1024, "not a long one");
        assertFalse(view_.registered, "not registered");
        assertEq(view_.mandate.assets.length + view_.balances.length + view_.prices.length, 0, "nothing else");
    }

    function _assertRoles(address account, bool owner_, bool strategist_, bool guardian_, bool keeper_) private view {
        (bool isOwner, bool isStrategist, bool isGuardian, bool isKeeper) = lens.rolesOf(address(vault), account);
        assertEq(isOwner, owner_, "owner");
        assertEq(isStrategist, strategist_, "strategist");
        assertEq(isGuardian, guardian_, "guardian");
        assertEq(isKeeper, keeper_, "keeper");
    }

    function _isGasReason(bytes4 reason) private pure returns (bool) {
        return reason == VaultLens.GasTooLow.selector || reason == VaultLens.VaultUnreadable.selector;
    }

    function _list(address a, address b) private pure returns (address[] memory list) {
        list = new address[](2);
        (list[0], list[1]) = (a, b);
    }
}
