// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMandateChecker, Pairing} from "../../contracts/interfaces/IMandateChecker.sol";
import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Asset, Kind, Mandate, Power, Status} from "../../contracts/types/Types.sol";
import {OddToken} from "./hostile/OddToken.sol";
import {OddVaults} from "./hostile/OddVaults.sol";

/// @notice Another mandate for a running vault: what goes at once, what waits, what is refused, and what it leaves alone.
contract VaultMandateTest is OddVaults {
    // ---- at once or after the timelock

    /// What only tightens goes at once, and needs no pairings: no part is new.
    function test_setMandate__tightening__at_once(uint16 maxSlippage, uint32 cooldown) public {
        Mandate memory m = mandate6030();
        m.limits.maxSlippage = uint16(bound(maxSlippage, 0, m.limits.maxSlippage));
        m.trigger.cooldown = uint32(bound(cooldown, m.trigger.cooldown, type(uint32).max));
        m.fileHash = keccak256("another file");
        expectEntry(vault, Kind.MANDATE_SET, abi.encode(m));
        _set(vault, m);
        assertEq(abi.encode(vault.mandate()), abi.encode(m), "VLT-11 in force");
    }

    function test_T22_setMandate__loosening_at_once__reverts() public {
        Mandate memory m = mandate6030();
        ++m.limits.maxSlippage;
        bytes memory call = abi.encodeCall(IVaultAdmin.setMandate, (m, pairings(m)));
        _reverts(vault, call, abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(call)));
    }

    function test_setMandate__loosening_after_the_timelock__once() public {
        Mandate memory m = mandate6030();
        m.limits.maxSlippage = 200;
        m.name = "Another name";
        loosenMandate(vault, m);
        assertEq(abi.encode(vault.mandate()), abi.encode(m), "VLT-11 in force");
        assertEq(OddToken(address(vault)).name(), "Another name", "the share's name, too");
        _set(vault, _tighter(m));
        bytes memory call = abi.encodeCall(IVaultAdmin.setMandate, (m, pairings(m)));
        _reverts(vault, call, abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(call)));
    }

    /// From the clone's own words to a data contract, and from one of those to another.
    function test_setMandate__several_times__the_last_one_holds(uint8 times) public {
        Mandate memory m = mandate6030();
        for (uint256 i; i < times % 5; ++i) {
            --m.limits.maxSlippage;
            _set(vault, m);
            assertEq(vault.mandate().limits.maxSlippage, m.limits.maxSlippage, "VLT-11 this one");
        }
        uint256[] memory amounts = vault.previewMint(1e18);
        fundAll(stranger, amounts);
        vm.startPrank(stranger);
        vault.mint(1e18, amounts, stranger);
        vault.redeem(1e18, new uint256[](3), stranger, stranger, 0);
    }

    // ---- T-13: fees

    function test_T13_setMandate__higher_fee__waits(uint16 management, uint16 performance) public {
        Mandate memory m = mandate6030();
        management = uint16(bound(management, 0, 500));
        performance = uint16(bound(performance, management == 0 ? 1 : 0, 3_000));
        setFees(m, stranger, management, performance);
        bytes memory call = abi.encodeCall(IVaultAdmin.setMandate, (m, pairings(m)));
        _reverts(vault, call, abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(call)));
        vm.prank(owner);
        uint256 readyAt = vault.submit(call);
        vm.warp(readyAt - 1);
        _reverts(vault, call, abi.encodeWithSelector(IVaultAdmin.TimelockRunning.selector, readyAt, readyAt - 1));
    }

    function test_T13_setMandate__another_recipient__waits() public {
        IVault paid = _withFees(100, 1_000);
        Mandate memory m = paid.mandate();
        m.fees.recipient = address(this);
        bytes memory call = abi.encodeCall(IVaultAdmin.setMandate, (m, pairings(m)));
        _reverts(paid, call, abi.encodeWithSelector(IVaultAdmin.NotSubmitted.selector, keccak256(call)));
    }

    /// What was earned at the old rate is taken at the old rate, even by a mandate without any.
    function test_T13_setMandate__lower_fee__old_rate_until_now(uint16 rate, uint16 next, uint256 time) public {
        rate = uint16(bound(rate, 1, 500));
        next = uint16(bound(next, 0, rate));
        time = bound(time, 1, 365 days);
        IVault paid = _withFees(rate, 0);
        warpTo(block.timestamp + time);
        uint256 supply = supplyOf(paid);
        Mandate memory m = paid.mandate();
        setFees(m, stranger, next, 0);
        _set(paid, m);
        // {qShare} = {qShare} * {bps * s} / {bps * s}
        uint256 owed = uint256(rate) * time;
        assertEq(sharesOf(paid, stranger), supply * owed / (10_000 * 365 days - owed), "the old rate's part");
        assertEq(paid.status().lastFee, block.timestamp, "until now");
        (uint256 more,) = paid.takeFees();
        assertEq(more, 0, "nothing twice");
    }

    /// T-13: years without a fee are not charged when one begins.
    function test_T13_setMandate__first_fee__counts_from_now(uint256 time) public {
        IVault free = newVault(oddMandate());
        seedOdd(free);
        warpTo(block.timestamp + bound(time, 1, 3_650 days));
        Mandate memory m = oddMandate();
        setFees(m, stranger, 500, 0);
        loosenMandate(free, m);
        (uint256 shares,) = free.takeFees();
        assertEq(shares, 0, "nothing for the time before");
        assertEq(free.status().lastFee, block.timestamp, "from now");
    }

    function test_setMandate__higher_performance_fee__keeps_the_mark() public {
        IVault paid = _withFees(0, 1_000);
        paid.takeFees();
        uint256 mark = paid.status().highWaterMark;
        assertGt(mark, 0, "a mark");
        Mandate memory m = paid.mandate();
        m.fees.performance = 2_000;
        loosenMandate(paid, m);
        assertEq(paid.status().highWaterMark, mark, "the mark stays");
    }

    // ---- what it leaves alone, and what it closes

    function test_setMandate__open_rebalance__is_closed_and_the_rest_stays() public {
        Mandate memory m = bandMandate(500, 100, weights(5_000, 3_000, 2_000));
        m.destination.window = 6 hours;
        IVault open = filled(m, 600_000, 250_000, 150_000);
        part(open, trades1(losing(0, 1, 10_000, 50)));
        Status memory expected = open.status();
        assertGt(expected.openUntil, block.timestamp, "open");
        assertGt(expected.breaches, 0, "breaches");
        assertGt(expected.lossUsed, 0, "budget in use");
        m.fileHash = keccak256("another file");
        _set(open, m);
        (expected.openUntil, expected.breaches) = (0, 0);
        assertEq(abi.encode(open.status()), abi.encode(expected), "nonce, times and budgets stay");
        refusePart(
            open,
            dollars1(0, 1, 10_000),
            abi.encodeWithSelector(
                IVaultCore.CoolingDown.selector, block.timestamp + m.trigger.cooldown, block.timestamp
            )
        );
    }

    // ---- refused as such

    function test_setMandate__unsound__reverts_by_its_rule() public {
        Mandate memory m = mandate6030();
        m.limits.minTrade = 0;
        _reverts(vault, _call(m), abi.encodeWithSelector(MandateRules.MinTradeZero.selector));
        m = mandate6030();
        m.assets[1].token = address(vault);
        _reverts(vault, _call(m), abi.encodeWithSelector(MandateRules.TokenInvalid.selector, 1, address(vault)));
    }

    /// A list too long for the codec would spill into another one.
    function test_setMandate__lists_too_long__revert_before_they_are_packed() public {
        Mandate memory m = mandate6030();
        Pairing[] memory none = new Pairing[](0);
        m.venues = new address[](256);
        _reverts(
            vault,
            abi.encodeCall(IVaultAdmin.setMandate, (m, none)),
            abi.encodeWithSelector(MandateRules.VenueCountInvalid.selector, 256, 255)
        );
        m = mandate6030();
        m.path[0].weights = weights(6_000, 3_000, 1_000, 0);
        _reverts(
            vault,
            abi.encodeCall(IVaultAdmin.setMandate, (m, none)),
            abi.encodeWithSelector(MandateRules.WeightCountInvalid.selector, 0, 3, 4)
        );
    }

    function test_setMandate__locked_vault__cannot_be_reached_from_a_token() public {
        oddTokens[0].setHook(address(odd), abi.encodeCall(IVaultAdmin.setMandate, (oddMandate(), new Pairing[](0))));
        makeOddDue();
        rebalance(odd, oddPlan());
        assertEq(oddTokens[0].hookResult(), abi.encodeWithSelector(IVaultCore.Locked.selector), "locked");
    }

    // ---- T-04: new parts

    function test_T04_setMandate__new_parts__are_checked_as_at_creation() public {
        Mandate memory m = mandate6030();
        m.oracle = makeAddr("nothing here");
        _refusedAfterTimelock(m, abi.encodeWithSelector(IMandateChecker.NotAContract.selector, m.oracle));
        m = mandate6030();
        m.assets[1].decimals = 9;
        _refusedAfterTimelock(m, abi.encodeWithSelector(IMandateChecker.TokenDecimalsMismatch.selector, 1, 9, 8));
        m = mandate6030();
        (m.assets[0].feed, m.assets[1].feed) = (m.assets[1].feed, m.assets[0].feed);
        bytes memory call = _call(m);
        vm.prank(owner);
        vm.warp(vault.submit(call));
        refreshFeeds();
        vm.prank(owner);
        vm.expectPartialRevert(IMandateChecker.PriceImplausible.selector);
        vault.setMandate(m, pairings(m));
    }

    function test_T04_setMandate__new_parts_without_pairings__reverts() public {
        Mandate memory m = fourAssetMandate();
        bytes memory call = abi.encodeCall(IVaultAdmin.setMandate, (m, new Pairing[](0)));
        vm.prank(owner);
        vm.warp(vault.submit(call));
        refreshFeeds();
        _reverts(vault, call, abi.encodeWithSelector(IMandateChecker.PairingsMismatch.selector, 3, 0));
    }

    /// A stale feed does not keep an owner from tightening.
    function test_setMandate__tightening_while_a_feed_is_dead__goes_through() public {
        vm.warp(block.timestamp + 30 days);
        Mandate memory m = mandate6030();
        m.limits.maxSlippage = 0;
        _set(vault, m);
        assertEq(vault.mandate().limits.maxSlippage, 0, "tightened");
    }

    // ---- assets come and go

    function test_setMandate__asset_added__after_the_timelock() public {
        Mandate memory m = fourAssetMandate();
        loosenMandate(vault, m);
        assertEq(vault.balances().length, 4, "four");
        assertEq(vault.balances()[DOLLAR], 0, "to be bought");
        assertEq(abi.encode(vault.targets()), abi.encode(weights(5_000, 3_000, 1_000, 1_000)), "targets");
    }

    /// A hostile owner cannot take what the holders have out of their reach (the timelock notwithstanding).
    function test_setMandate__held_asset_dropped__reverts(uint256 left) public {
        left = bound(left, 100 * ONE + 1, 200_000 * ONE);
        oddTokens[2].burn(address(odd), 200_000 * ONE - left);
        Mandate memory m = _withoutThird();
        m.limits.minTrade = type(uint128).max; // the one in force counts
        bytes memory call = _call(m);
        vm.prank(owner);
        vm.warp(odd.submit(call));
        refreshFeeds();
        _reverts(
            odd,
            call,
            abi.encodeWithSelector(IVaultAdmin.AssetStillHeld.selector, oddTokens[2], left * 1e18, 100 * ONE * 1e18)
        );
    }

    /// A balance that cannot be read is none that can be judged.
    function test_setMandate__asset_dropped_that_cannot_be_read__reverts() public {
        bytes memory call = _call(_withoutThird());
        vm.prank(owner);
        vm.warp(odd.submit(call));
        refreshFeeds();
        oddTokens[2].setBalanceBroken(true);
        _reverts(odd, call, abi.encodeWithSelector(IVaultCore.TokenUnreadable.selector, oddTokens[2]));
    }

    /// T-10: what an outsider may send blocks nothing, up to the smallest trade, inclusive.
    function test_T10_setMandate__dust_dropped__goes_through(uint256 dust, bool isMost) public {
        oddTokens[2].burn(address(odd), 200_000 * ONE);
        oddTokens[2].mint(address(odd), isMost ? 100 * ONE : bound(dust, 0, 100 * ONE));
        loosenMandate(odd, _withoutThird());
        assertEq(odd.balances().length, 2, "two");
    }

    /// The value is what the oracle in force says, also where the new mandate trusts another one.
    function test_setMandate__held_asset_dropped_under_another_oracle__reverts() public {
        Mandate memory m = _withoutThird();
        IPriceOracle other =
            IPriceOracle(deployCode("ChainlinkOracle.sol:ChainlinkOracle", abi.encode(uniswap, poolInitCodeHash)));
        m.oracle = address(other);
        vm.mockCall(address(other), abi.encodeWithSelector(IPriceOracle.price.selector), abi.encode(0, 0, 0));
        bytes memory call = _call(m);
        vm.prank(owner);
        vm.warp(odd.submit(call));
        refreshFeeds();
        _reverts(
            odd,
            call,
            abi.encodeWithSelector(
                IVaultAdmin.AssetStillHeld.selector, oddTokens[2], 200_000 * ONE * 1e18, 100 * ONE * 1e18
            )
        );
    }

    function test_setMandate__absurdly_much_dropped__reverts_by_name() public {
        oddTokens[2].mint(address(odd), type(uint256).max - oddTokens[2].totalSupply());
        bytes memory call = _call(_withoutThird());
        vm.prank(owner);
        vm.warp(odd.submit(call));
        refreshFeeds();
        _reverts(
            odd,
            call,
            abi.encodeWithSelector(
                IVaultAdmin.AssetStillHeld.selector, oddTokens[2], type(uint256).max, 100 * ONE * 1e18
            )
        );
    }

    /// A dead feed keeps an asset of which anything is left, and lets an empty one go.
    function test_setMandate__asset_with_a_dead_feed_dropped__only_when_empty(bool isEmpty) public {
        Mandate memory m = mandate6030();
        m.assets[GOLD].feed.maxAnswer = 1_900e8; // the gold feed gives no acceptable price any more
        _set(vault, m);
        if (isEmpty) deal(address(tokens[GOLD]), address(vault), 0);
        Asset[] memory two = new Asset[](2);
        (two[0], two[1]) = (m.assets[0], m.assets[1]);
        m.assets = two;
        uint16[] memory w = new uint16[](2);
        (w[0], w[1]) = (6_000, 4_000);
        setWeights(m, w);
        bytes memory call = _call(m);
        vm.prank(owner);
        vm.warp(vault.submit(call));
        refreshFeeds();
        if (isEmpty) {
            vm.prank(owner);
            vault.setMandate(m, pairings(m));
            assertEq(vault.balances().length, 2, "dropped");
        } else {
            _reverts(
                vault,
                call,
                abi.encodeWithSelector(IPriceOracle.PriceOutOfBounds.selector, feeds[GOLD], 2_000e8, 200e8, 1_900e8)
            );
        }
    }

    /// What is left of it stays in the vault, and counts again when the asset comes back.
    function test_setMandate__asset_dropped_and_back__finds_its_dust() public {
        oddTokens[2].burn(address(odd), 200_000 * ONE - 7);
        loosenMandate(odd, _withoutThird());
        loosenMandate(odd, oddMandate());
        assertEq(odd.balances()[2], 7, "still there");
    }

    // ---- renouncing

    function test_renounce__mandate__ends_even_tightening() public {
        Mandate memory m = mandate6030();
        vm.prank(owner);
        vault.renounce(Power.MANDATE);
        _reverts(vault, _call(m), abi.encodeWithSelector(IVaultAdmin.PowerRenounced.selector, Power.MANDATE));
        --m.limits.maxLoss;
        _reverts(vault, _call(m), abi.encodeWithSelector(IVaultAdmin.PowerRenounced.selector, Power.MANDATE));
    }

    /// The path is locked, also against other tokens under the same weights; the rest of the mandate is not.
    function test_renounce__targets__locks_path_and_tokens() public {
        vm.prank(owner);
        vault.renounce(Power.TARGETS);
        bytes memory reason = abi.encodeWithSelector(IVaultAdmin.PowerRenounced.selector, Power.TARGETS);
        Mandate memory m = mandate6030();
        setWeights(m, weights(5_999, 3_001, 1_000));
        _reverts(vault, _call(m), reason);
        m = mandate6030();
        (m.assets[0], m.assets[1]) = (m.assets[1], m.assets[0]);
        _reverts(vault, _call(m), reason);
        _reverts(vault, _call(fourAssetMandate()), reason);
        m = mandate6030();
        m.limits.maxSlippage = 200;
        loosenMandate(vault, m);
        assertEq(vault.mandate().limits.maxSlippage, 200, "the rest moves");
    }

    // ---- helpers

    /// @dev A tightening of `m`, so that the vault moves on.
    function _tighter(Mandate memory m) private pure returns (Mandate memory tighter) {
        tighter = abi.decode(abi.encode(m), (Mandate));
        --tighter.limits.maxSlippage;
    }

    function _withFees(uint16 management, uint16 performance) private returns (IVault created) {
        Mandate memory m = oddMandate();
        setFees(m, stranger, management, performance);
        created = newVault(m);
        seedOdd(created);
    }

    function _withoutThird() private view returns (Mandate memory m) {
        m = oddMandate();
        onlyTwo(m, 6_000, 4_000);
    }

    function _call(Mandate memory m) private view returns (bytes memory) {
        return abi.encodeCall(IVaultAdmin.setMandate, (m, pairings(m)));
    }

    function _set(IVault of_, Mandate memory m) private {
        vm.prank(owner);
        of_.setMandate(m, new Pairing[](0));
    }

    function _refusedAfterTimelock(Mandate memory m, bytes memory reason) private {
        bytes memory call = _call(m);
        vm.prank(owner);
        vm.warp(vault.submit(call));
        refreshFeeds();
        _reverts(vault, call, reason);
    }

    function _reverts(IVault of_, bytes memory call, bytes memory reason) private {
        vm.prank(owner);
        (bool ok, bytes memory answer) = address(of_).call(call);
        assertFalse(ok, "went through");
        assertEq(answer, reason, "reason");
    }
}
