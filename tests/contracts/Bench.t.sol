// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestFeedProxy} from "../../contracts/dev/TestFeedProxy.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Mandate, Plan, Trade} from "../../contracts/types/Types.sol";
import {ISwapRouter} from "./base/UniswapV3Fixture.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @notice Gas of a rebalance and of the same swap through Uniswap's own router, on the same pool in the same state.
/// @dev Whole transactions, each on its own, with calldata, less refunds; committed in snapshots/Bench.json and diffed.
/// forge-config: default.isolate = true
contract BenchTest is VaultFixture {
    IVault internal direct; // 4 assets, feeds read directly
    IVault internal proxied; // 4 assets, feeds behind proxies, as on a live network

    function setUp() public override {
        super.setUp();
        direct = createVault(fourAssetMandate(), "direct");
        _seedOff(direct);
        proxied = createVault(_proxied(fourAssetMandate()), "proxied");
        _seedOff(proxied);
        // A pool that has been traded both ways, so that nobody pays for its first fee.
        skewPool(EQUITY, 510e8);
        skewPool(EQUITY, 500e8);
        vm.warp(block.timestamp + 60);
        vm.roll(block.number + 5);
    }

    function test_gas_rebalance__when_4_assets_and_1_swap__then_measured_beside_the_router() public {
        uint256 snapshot = vm.snapshotState();
        uint256 theirs = _routed(_amount());
        vm.revertToState(snapshot);
        uint256 oursDirect = _rebalance(direct, "rebalance.4x1.direct");
        vm.revertToState(snapshot);
        uint256 oursProxied = _rebalance(proxied, "rebalance.4x1.proxied");
        emit log_named_uint("router", theirs);
        emit log_named_uint("direct", oursDirect);
        emit log_named_decimal_uint("direct over router", oursDirect * 1e4 / theirs, 4);
        emit log_named_uint("proxied", oursProxied);
        emit log_named_decimal_uint("proxied over router", oursProxied * 1e4 / theirs, 4);
        assertLt(oursProxied, theirs * 3, "less than three bare swaps");
    }

    function test_gas_snapshots__when_vaults_have_4_assets__then_measured_per_vault() public {
        address[] memory list = new address[](20);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = address(direct);
        }
        lens.snapshots(list);
        vm.snapshotGasLastCall("Bench", "lens.20x4");
    }

    // ---- helpers

    /// @dev 6% too much equity and as much too little dollar: one trade mends both.
    function _seedOff(IVault to) private {
        uint16[4] memory weights = [uint16(5_600), 3_000, 1_000, 400];
        uint256[] memory amounts = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            amounts[i] = SEED_SHARES * weights[i] / 10_000 * 1e18 / priceOf(i);
            fund(owner, address(to), i, amounts[i]);
        }
        vm.prank(owner);
        to.mint(SEED_SHARES, amounts, owner);
    }

    function _rebalance(IVault to, string memory name) private returns (uint256) {
        Trade[] memory trades = new Trade[](1);
        trades[0] = trade(EQUITY, DOLLAR, _amount(), 1);
        Plan memory built = planFor(to, trades);
        vm.prank(keeper);
        to.rebalance(built);
        return vm.snapshotGasLastCall("Bench", name);
    }

    /// @dev The sender has traded before, so that neither side pays for an account's first token.
    function _routed(uint256 amountIn) private returns (uint256) {
        fund(keeper, address(router), EQUITY, amountIn * 2);
        tokens[DOLLAR].mint(keeper, 1e6);
        vm.prank(keeper);
        router.exactInputSingle(
            ISwapRouter.ExactInputSingleParams(
                address(tokens[EQUITY]), address(tokens[DOLLAR]), FEE, keeper, block.timestamp, amountIn, 1, 0
            )
        );
        return vm.snapshotGasLastCall("Bench", "router.exactInputSingle");
    }

    /// @return {qTok of equity} 5.9% of the vault's value
    function _amount() private view returns (uint256) {
        return SEED_SHARES * 590 / 10_000 * 1e18 / priceOf(EQUITY);
    }

    function _proxied(Mandate memory mandate) private returns (Mandate memory) {
        for (uint256 i = 0; i < mandate.assets.length; ++i) {
            mandate.assets[i].feed.source = address(new TestFeedProxy(mandate.assets[i].feed.source));
        }
        return mandate;
    }
}
