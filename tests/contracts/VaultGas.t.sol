// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Mandate, Plan, Trade} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @notice Gas of the calls that people pay for, committed in snapshots/ and compared on every run: whole transactions,
///         each starting with nothing touched, refunds taken off.
/// forge-config: default.isolate = true
contract VaultGasTest is VaultFixture {
    function test_gas__mint_3() public {
        uint256[] memory amounts = vault.previewMint(1_000e18);
        for (uint256 i; i < amounts.length; ++i) {
            fund(stranger, address(vault), i, amounts[i] * 2);
        }
        vm.prank(stranger);
        vault.mint(1_000e18, amounts, stranger);
        vm.snapshotGasLastCall("Vault", "mint.3");
    }

    function test_gas__redeem_3() public {
        uint256[] memory none = new uint256[](3);
        for (uint256 i; i < 3; ++i) {
            tokens[i].mint(stranger, 1);
        }
        vm.prank(owner);
        vault.redeem(1_000e18, none, stranger, owner, 0);
        vm.snapshotGasLastCall("Vault", "redeem.3");
    }

    /// Two pools: the vault holds no dollar.
    function test_gas__rebalance_3x1() public {
        _rebalance(mandate6030(), trade(EQUITY, BOND, 50e18), "rebalance.3x1");
    }

    /// One pool.
    function test_gas__rebalance_4x1() public {
        _rebalance(fourAssetMandate(), trade(EQUITY, DOLLAR, 16e18), "rebalance.4x1");
    }

    function test_gas__create_4() public {
        Mandate memory m = fourAssetMandate();
        factory.create(m, roles(), pairings(m), "four");
        vm.snapshotGasLastCall("Vault", "create.4");
    }

    /// @dev A destination just inside the band, so that one trade arrives.
    function _rebalance(Mandate memory m, Trade memory single, string memory name) private {
        m.destination.drift = m.trigger.band - 1;
        IVault created = createVault(m, "gas");
        seed(created, SEED_SHARES);
        setPrice(EQUITY, 620e8);
        Trade[] memory trades = new Trade[](1);
        trades[0] = single;
        Plan memory sent = planFor(created, trades);
        vm.prank(keeper);
        created.rebalance(sent);
        vm.snapshotGasLastCall("Vault", name);
    }
}
