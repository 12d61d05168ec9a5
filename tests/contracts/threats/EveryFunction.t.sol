// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";

import {Pairing} from "../../../contracts/interfaces/IMandateChecker.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IVaultAdmin} from "../../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultCore} from "../../../contracts/interfaces/IVaultCore.sol";
import {IVaultFlows} from "../../../contracts/interfaces/IVaultFlows.sol";
import {IPayer} from "../../../contracts/interfaces/IVenue.sol";
import {Mandate, Plan, Power} from "../../../contracts/types/Types.sol";
import {VaultTest} from "../VaultTest.sol";
import {OddVenue} from "../hostile/OddVenue.sol";

/// @notice What must hold of every public function of a vault. The functions are read from the compiled contracts, so that a
///         new one cannot be forgotten: it fails here until somebody says how it is called.
contract EveryFunctionTest is VaultTest {
    /// @dev The largest and the smallest price that the pools are moved to, in parts of the true one.
    uint256 private constant LARGEST = 20;

    IVault private v;
    bytes private _planCall;

    function setUp() public override {
        super.setUp();
        Mandate memory m = mandate6030();
        setFees(m, makeAddr("fees"), 100, 1_000);
        v = createVault(m, "every function");
        seed(v, SEED_SHARES);
        v.takeFees();
        // Equity up: 65% of 60%, due, with something for every fee.
        vm.warp(block.timestamp + 30 days);
        refreshFeeds();
        setPrice(EQUITY, 650e8);
        _prepare(v);
        for (uint256 i; i < 3; ++i) {
            fund(owner, address(v), i, 1_000 * 10 ** tokens[i].decimals());
        }
    }

    /// The calls below are real ones: all of them go through, but for those that nobody can make just so.
    function test_every_function__as_called_here__goes_through() public {
        bytes4[] memory all_ = _functions();
        for (uint256 k; k < all_.length; ++k) {
            (address caller, bytes memory call) = _callOf(v, all_[k]);
            uint256 snapshot = vm.snapshotState();
            vm.prank(caller);
            (bool ok,) = address(v).call(call);
            vm.revertToStateAndDelete(snapshot);
            bool cannot = all_[k] == IVaultAdmin.initialize.selector || all_[k] == ERC20.permit.selector
                || all_[k] == IVaultAdmin.setGuardian.selector || all_[k] == IPayer.pay.selector;
            assertEq(ok, !cannot, vm.toString(abi.encodePacked(all_[k])));
        }
    }

    // ---- T-01

    /// Somebody trades every pool to any price within one transaction, and then calls each public function: what it does and
    /// what it answers is what it would have been.
    /// forge-config: default.fuzz.runs = 8
    /// forge-config: deep.fuzz.runs = 500
    function test_T01_every_function__pools_skewed_by_a_flash_loan__does_what_it_would_have_done(uint256[3] memory prices)
        public
    {
        bytes4[] memory all_ = _functions();
        for (uint256 k; k < all_.length; ++k) {
            (address caller, bytes memory call) = _callOf(v, all_[k]);
            if (all_[k] == IVaultCore.rebalance.selector) continue; // below: it trades there
            bytes32 calm = _effect(caller, call, new uint256[](0));
            uint256[] memory skew = new uint256[](3);
            for (uint256 i; i < 3; ++i) {
                // a twentieth to twenty times
                skew[i] = bound(prices[i], uint256(answers[i]) / LARGEST, uint256(answers[i]) * LARGEST);
            }
            assertEq(_effect(caller, call, skew), calm, vm.toString(abi.encodePacked(all_[k])));
        }
    }

    /// A rebalance meets the skewed pools, and is bounded by the oracle: refused, or within its loss limit.
    function test_T01_rebalance__pools_skewed_by_a_flash_loan__refused_or_within_its_limit(uint256[3] memory prices)
        public
    {
        for (uint256 i; i < 3; ++i) {
            skewPool(i, int256(bound(prices[i], uint256(answers[i]) * 97 / 100, uint256(answers[i]) * 103 / 100)));
        }
        uint256 before = valueOf(v);
        (address caller, bytes memory call) = _callOf(v, IVaultCore.rebalance.selector);
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(v).call(call);
        if (ok) {
            assertGe(valueOf(v) * 10_000, before * (10_000 - v.mandate().limits.maxLoss), "VLT-5 loss");
        } else {
            bytes4 name = bytes4(answer);
            assertTrue(
                name == IVaultCore.OutputTooLow.selector || name == IVaultCore.LossTooHigh.selector
                    || name == IVaultCore.DestinationMissed.selector || name == IVaultCore.TargetCrossed.selector,
                "refused by the name of a limit"
            );
            assertEq(valueOf(v), before, "VLT-5 nothing moved");
        }
    }

    /// New parts are held against the pools as they are: whoever skews them can delay a change, not bring in a wrong part.
    function test_T01_setMandate__pools_skewed__new_parts_are_refused() public {
        Mandate memory m = fourAssetMandate();
        bytes memory call = abi.encodeCall(v.setMandate, (m, pairings(m)));
        vm.prank(owner);
        vm.warp(v.submit(call));
        refreshFeeds();
        uint256 snapshot = vm.snapshotState();
        skewPool(EQUITY, answers[EQUITY] * 3);
        vm.prank(owner);
        (bool ok,) = address(v).call(call);
        assertFalse(ok, "implausible");
        vm.revertToStateAndDelete(snapshot);
        vm.prank(owner);
        (ok,) = address(v).call(call);
        assertTrue(ok, "and goes through when they are back");
    }

    // ---- T-08

    /// In the middle of a rebalance every function that changes or values anything reverts by name; what answers all the
    /// same says nothing that a trade changes.
    function test_T08_every_function__in_the_middle_of_a_rebalance__is_locked() public {
        bytes4[] memory all_ = _functions();
        uint256 locked;
        for (uint256 k; k < all_.length; ++k) {
            if (_isOpen(all_[k])) continue;
            (, bytes memory call) = _callOf(odd, all_[k]);
            uint256 snapshot = vm.snapshotState();
            makeOddDue();
            uint256 amount = 45_000 * ONE;
            OddVenue.Script memory script = OddVenue.Script(amount, amount, address(odd), call);
            rebalance(odd, trades2(oddTrade(0, 1, amount, script), oddTrade(0, 2, 30_000 * ONE)));
            assertEq(
                oddVenue.result(),
                abi.encodeWithSelector(IVaultCore.Locked.selector),
                string.concat("VLT-10 locked: ", vm.toString(abi.encodePacked(all_[k])))
            );
            vm.revertToStateAndDelete(snapshot);
            ++locked;
        }
        assertGe(locked, 27, "VLT-10 most of them");
    }

    // ---- helpers

    /// @dev What a call does, undone afterwards.
    /// @param skew {quote/tok in feed decimals} of the pools; none: as they are
    function _effect(address caller, bytes memory call, uint256[] memory skew) private returns (bytes32 effect) {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < skew.length; ++i) {
            skewPool(i, int256(skew[i]));
        }
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(v).call(call);
        (bytes27 head,) = ledger.chain(address(v));
        effect = keccak256(abi.encode(ok, answer, head, v.balances(), v.status(), supplyOf(v), sharesOf(v, caller)));
        vm.revertToStateAndDelete(snapshot);
    }

    /// @return list every function of the three contracts, once
    function _functions() private view returns (bytes4[] memory list) {
        string[3] memory names = ["Vault", "VaultFlows", "VaultAdmin"];
        list = new bytes4[](200);
        uint256 found;
        for (uint256 n; n < 3; ++n) {
            string memory json = vm.readFile(string.concat("out/", names[n], ".sol/", names[n], ".json"));
            string[] memory signatures = vm.parseJsonKeys(json, ".methodIdentifiers");
            for (uint256 k; k < signatures.length; ++k) {
                bytes4 selector = bytes4(keccak256(bytes(signatures[k])));
                bool known;
                for (uint256 i; i < found; ++i) {
                    known = known || list[i] == selector;
                }
                if (!known) list[found++] = selector;
            }
        }
        assertGt(found, 50, "the artifacts are there");
        assembly ("memory-safe") {
            mstore(list, found)
        }
    }

    /// @dev Answers while the vault is locked: the share as a token, what never changes, and who holds which role. Nothing of
    ///      it speaks of what the vault holds.
    function _isOpen(bytes4 s) private pure returns (bool) {
        return _isShare(s) || s == bytes4(keccak256("MIN_SUPPLY()")) || s == bytes4(keccak256("SUBMISSION_LIFE()"))
            || s == bytes4(keccak256("next()")) || s == IVaultCore.ledger.selector || s == IVaultCore.owner.selector
            || s == IVaultCore.pendingOwner.selector || s == IVaultCore.guardian.selector
            || s == IVaultCore.strategist.selector || s == IVaultCore.isKeeper.selector
            || s == IVaultAdmin.mandate.selector || s == IVaultAdmin.targets.selector
            || s == IVaultAdmin.executableAt.selector
            // refused by names of their own, whenever it is not their turn
            || s == IVaultAdmin.initialize.selector || s == IPayer.pay.selector;
    }

    function _isShare(bytes4 s) private pure returns (bool) {
        return s == ERC20.name.selector || s == ERC20.symbol.selector || s == ERC20.decimals.selector
            || s == ERC20.totalSupply.selector || s == ERC20.balanceOf.selector || s == ERC20.allowance.selector
            || s == ERC20.approve.selector || s == ERC20.transfer.selector || s == ERC20.transferFrom.selector
            || s == ERC20.permit.selector || s == ERC20.nonces.selector || s == ERC20.DOMAIN_SEPARATOR.selector;
    }

    /// @dev What takes no part in `_callOf` because it needs the state of the moment: made before anything is skewed.
    function _prepare(IVault of_) private {
        Plan memory p = plan(trade(EQUITY, BOND, 82e18), trade(EQUITY, GOLD, 27e18));
        p.nonce = of_.status().nonce;
        _planCall = abi.encodeCall(of_.rebalance, (p));
        bytes memory call = abi.encodeCall(of_.setKeeper, (stranger, true));
        vm.prank(owner);
        of_.submit(call);
        call = abi.encodeCall(of_.setStrategist, (stranger));
        vm.prank(owner);
        vm.warp(of_.submit(call));
        vm.prank(owner);
        of_.proposeOwner(stranger);
        refreshFeeds();
        p.deadline = uint40(block.timestamp);
        _planCall = abi.encodeCall(of_.rebalance, (p));
    }

    /// @dev A call of each function that goes through where one can, and who makes it.
    function _callOf(IVault of_, bytes4 s) private view returns (address caller, bytes memory call) {
        (caller, call) = _shareCall(s);
        if (call.length == 0) (caller, call) = _coreCall(of_, s);
        if (call.length == 0) (caller, call) = _flowCall(s);
        if (call.length == 0) (caller, call) = _adminCall(of_, s);
        require(call.length != 0, string.concat("say how it is called: ", vm.toString(abi.encodePacked(s))));
    }

    function _shareCall(bytes4 s) private view returns (address, bytes memory call) {
        if (!_isShare(s)) return (owner, call);
        if (s == ERC20.balanceOf.selector || s == ERC20.nonces.selector) call = abi.encode(owner);
        if (s == ERC20.allowance.selector) call = abi.encode(owner, stranger);
        if (s == ERC20.approve.selector || s == ERC20.transfer.selector) call = abi.encode(stranger, 1e18);
        if (s == ERC20.transferFrom.selector) call = abi.encode(owner, stranger, 0);
        if (s == ERC20.permit.selector) call = abi.encode(owner, stranger, 1, block.timestamp, 27, 0, 0);
        return (owner, abi.encodePacked(s, call));
    }

    function _coreCall(IVault of_, bytes4 s) private view returns (address, bytes memory call) {
        if (s == IVaultCore.mint.selector) {
            call = abi.encodeCall(IVaultCore.mint, (1e18, all(type(uint256).max), owner));
        }
        if (s == IVaultCore.redeem.selector) call = abi.encodeCall(IVaultCore.redeem, (1e18, all(0), owner, owner, 0));
        if (s == IVaultCore.rebalance.selector) return (keeper, _planCall);
        if (s == IPayer.pay.selector) call = abi.encodeCall(IPayer.pay, (owner, 1));
        if (s == IVaultCore.balances.selector) call = abi.encodePacked(s);
        if (s == IVaultCore.previewMint.selector) call = abi.encodeCall(IVaultCore.previewMint, (1e18));
        if (s == IVaultCore.previewRedeem.selector) call = abi.encodeCall(IVaultCore.previewRedeem, (1e18, 0));
        if (s == IVaultCore.isKeeper.selector) call = abi.encodeCall(of_.isKeeper, (keeper));
        if (
            s == IVaultCore.owner.selector || s == IVaultCore.pendingOwner.selector || s == IVaultCore.guardian.selector
                || s == IVaultCore.strategist.selector || s == IVaultCore.ledger.selector
                || s == bytes4(keccak256("MIN_SUPPLY()")) || s == bytes4(keccak256("next()"))
        ) call = abi.encodePacked(s);
        return (owner, call);
    }

    /// @dev Bonds are short and equity is over.
    function _flowCall(bytes4 s) private view returns (address, bytes memory call) {
        uint256[] memory in_ = amounts3(0, 10e8, 0);
        uint256[] memory out = amounts3(1e18, 0, 0);
        if (s == IVaultFlows.deposit.selector) call = abi.encodeCall(IVaultFlows.deposit, (in_, 0, owner));
        if (s == IVaultFlows.withdraw.selector) {
            call = abi.encodeCall(IVaultFlows.withdraw, (out, type(uint256).max, owner, owner));
        }
        if (s == IVaultFlows.takeFees.selector || s == IVaultFlows.due.selector) call = abi.encodePacked(s);
        if (s == IVaultFlows.previewDeposit.selector) call = abi.encodeCall(IVaultFlows.previewDeposit, (in_));
        if (s == IVaultFlows.previewWithdraw.selector) call = abi.encodeCall(IVaultFlows.previewWithdraw, (out));
        if (s == IVaultFlows.routeDeposit.selector) call = abi.encodeCall(IVaultFlows.routeDeposit, (1e40));
        if (s == IVaultFlows.routeWithdraw.selector) call = abi.encodeCall(IVaultFlows.routeWithdraw, (1e40));
        return (owner, call);
    }

    function _adminCall(IVault of_, bytes4 s) private view returns (address caller, bytes memory call) {
        caller = owner;
        if (s == IVaultAdmin.initialize.selector) call = abi.encodeCall(IVaultAdmin.initialize, (roles()));
        if (s == IVaultAdmin.submit.selector) call = abi.encodeCall(IVaultAdmin.submit, ("anything"));
        if (s == IVaultAdmin.revoke.selector) {
            call = abi.encodeCall(IVaultAdmin.revoke, (abi.encodeCall(IVaultAdmin.setKeeper, (stranger, true))));
        }
        if (s == IVaultAdmin.setMandate.selector) {
            Mandate memory m = of_.mandate();
            m.limits.maxLoss = 1;
            call = abi.encodeCall(IVaultAdmin.setMandate, (m, new Pairing[](0)));
        }
        if (s == IVaultAdmin.setTargets.selector) {
            (caller, call) = (strategist, abi.encodeCall(IVaultAdmin.setTargets, (weights(6_100, 2_900, 1_000), 0)));
        }
        if (s == IVaultAdmin.setKeeper.selector) call = abi.encodeCall(IVaultAdmin.setKeeper, (stranger, true));
        if (s == IVaultAdmin.setStrategist.selector) call = abi.encodeCall(IVaultAdmin.setStrategist, (stranger));
        if (s == IVaultAdmin.setGuardian.selector) call = abi.encodeCall(IVaultAdmin.setGuardian, (stranger));
        if (s == IVaultAdmin.proposeOwner.selector) call = abi.encodeCall(IVaultAdmin.proposeOwner, (stranger));
        if (s == IVaultAdmin.acceptOwner.selector) (caller, call) = (stranger, abi.encodePacked(s));
        if (s == IVaultAdmin.renounce.selector) call = abi.encodeCall(IVaultAdmin.renounce, (Power.TARGETS));
        if (s == IVaultAdmin.declare.selector) call = abi.encodeCall(IVaultAdmin.declare, ("statement"));
        if (s == IVaultAdmin.executableAt.selector) call = abi.encodeCall(IVaultAdmin.executableAt, (keccak256("x")));
        if (
            s == IVaultAdmin.pause.selector || s == IVaultAdmin.unpause.selector || s == IVaultAdmin.mandate.selector
                || s == IVaultAdmin.targets.selector || s == IVaultAdmin.status.selector
                || s == bytes4(keccak256("SUBMISSION_LIFE()"))
        ) call = abi.encodePacked(s);
    }
}
