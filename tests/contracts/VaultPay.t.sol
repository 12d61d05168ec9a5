// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {ERC20} from "solady/tokens/ERC20.sol";

import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {IPayer} from "../../contracts/interfaces/IVenue.sol";
import {Mandate, Plan, Trade} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";
import {OddVenue} from "./hostile/OddVenue.sol";

/// @notice T-19: what is sold leaves the vault when the venue of the trade under way asks for it, once, and never otherwise.
///         Nobody has an allowance.
contract VaultPayTest is VaultTest {
    uint256 private constant FIRST = 45_000 * 1e18; // {qTok} of the plan's first trade

    OddVenue private other; // the second venue of `odd`

    function setUp() public override {
        super.setUp();
        other = new OddVenue();
        Mandate memory m = oddMandate();
        m.venues = new address[](2);
        (m.venues[0], m.venues[1]) = (address(oddVenue), address(other));
        odd = newVault(m);
        seedOdd(odd);
        makeOddDue();
    }

    // ---- no allowance

    /// On the real pools, over one pool and two.
    function test_T19_rebalance__when_it_trades__then_no_allowance_is_given() public {
        setPrice(EQUITY, 650e8);
        Trade[] memory list = trades2(trade(EQUITY, BOND, 82e18), trade(EQUITY, GOLD, 27e18));
        vm.recordLogs();
        rebalance(vault, list);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertGt(logs.length, 6, "transfers are among the logs");
        for (uint256 k; k < logs.length; ++k) {
            assertNotEq(logs[k].topics[0], ERC20.Approval.selector, "VLT-2 approval");
        }
        for (uint256 i; i < 3; ++i) {
            assertEq(tokens[i].allowance(address(vault), address(venue)), 0, "VLT-2 allowance of the venue");
            assertEq(tokens[i].allowance(address(vault), pools[i]), 0, "VLT-2 allowance of the pool");
        }
    }

    // ---- outside of a trade

    function test_T19_pay__when_no_trade_is_under_way__then_unauthorised(address caller, address to, uint256 amount)
        public
    {
        _refused(caller, to, amount);
        _refused(address(oddVenue), to, amount);
        _refused(address(other), to, amount);
        rebalance(odd, oddPlan());
        _refused(address(oddVenue), to, amount);
        _refused(keeper, to, amount);
    }

    /// The implementation holds nothing, and pays nobody either.
    function test_T19_pay__when_asked_of_the_implementation__then_unauthorised(address caller) public {
        address implementation = factory.implementation();
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller));
        vm.prank(caller);
        IPayer(implementation).pay(caller, 1);
    }

    // ---- by somebody else

    /// The venue is asked to trade, and calls somebody who asks in its place before it has asked itself.
    function test_T19_pay__when_not_the_venue_of_the_trade__then_unauthorised() public {
        bytes memory call = abi.encodeCall(other.ask, (IPayer(address(odd)), stranger, FIRST));
        // Nothing is taken by the venue itself, so that its payment is still open.
        Trade memory evil = oddTrade(0, 1, FIRST, OddVenue.Script(0, FIRST, address(other), call));
        expectRebalanceRevert(odd, trades1(evil), _mismatch(0, 0));
    }

    /// The same with the trade gone through: what the other venue asks for in between is refused.
    function test_T19_pay__when_another_venue_asks_in_between__then_unauthorised(bool swapped, uint256 amount) public {
        (OddVenue one, OddVenue two) = swapped ? (other, oddVenue) : (oddVenue, other);
        bytes memory call = abi.encodeCall(two.ask, (IPayer(address(odd)), stranger, amount));
        Trade memory evil = oddTrade(0, 1, FIRST, OddVenue.Script(FIRST, FIRST, address(two), call));
        evil.venue = swapped ? 1 : 0;
        rebalance(odd, trades2(evil, oddTrade(0, 2, 30_000 * ONE)));
        assertEq(one.result(), _unauthorised(address(two)), "VLT-2 asked by another venue");
    }

    /// The venue of the first trade asks once more while the second is under way at another, before or after that has
    /// been paid.
    function test_T19_pay__when_the_trade_is_over__then_unauthorised(bool before) public {
        bytes memory call = abi.encodeCall(oddVenue.ask, (IPayer(address(odd)), stranger, 30_000 * ONE));
        uint256 take = before ? 0 : 30_000 * ONE;
        Trade memory second = oddTrade(0, 2, 30_000 * ONE, OddVenue.Script(take, 30_000 * ONE, address(oddVenue), call));
        second.venue = 1;
        Trade[] memory list = trades2(oddTrade(0, 1, FIRST), second);
        if (before) {
            expectRebalanceRevert(
                odd, list, abi.encodeWithSelector(IVaultCore.AmountInMismatch.selector, 1, 30_000 * ONE, 0)
            );
        } else {
            rebalance(odd, list);
            assertEq(other.result(), _unauthorised(address(oddVenue)), "VLT-2 asked after the trade");
        }
    }

    /// The token that is sold asks while it is moved.
    function test_T19_pay__when_a_token_asks__then_unauthorised(uint256 amount) public {
        oddTokens[0].setHook(address(odd), abi.encodeCall(odd.pay, (stranger, amount)));
        rebalance(odd, oddPlan());
        assertEq(oddTokens[0].hookResult(), _unauthorised(address(oddTokens[0])), "VLT-2 asked by the sold token");
    }

    // ---- by the venue itself

    /// What it asks for a second time in one trade it does not get, not even in the middle of the first payment.
    function test_T19_pay__when_asked_twice__then_unauthorised(uint256 amount, bool inside) public {
        bytes memory call = abi.encodeCall(oddVenue.ask, (IPayer(address(odd)), stranger, amount));
        Trade memory evil =
            oddTrade(0, 1, FIRST, OddVenue.Script(FIRST, FIRST, address(oddVenue), inside ? bytes("") : call));
        if (inside) oddTokens[0].setHook(address(oddVenue), call);
        rebalance(odd, trades2(evil, oddTrade(0, 2, 30_000 * ONE)));
        bytes memory result = inside ? oddTokens[0].hookResult() : oddVenue.result();
        assertEq(result, _unauthorised(address(oddVenue)), "VLT-2 asked twice");
        assertEq(oddTokens[0].balanceOf(stranger), 0, "VLT-2 nothing but the trades' amounts left");
    }

    function test_T19_pay__when_another_amount_is_asked__then_the_trade_fails(uint256 amount) public {
        amount = bound(amount, 0, 650_000 * ONE);
        vm.assume(amount != FIRST);
        Trade memory evil = oddTrade(0, 1, FIRST, OddVenue.Script(amount, FIRST, address(0), ""));
        expectRebalanceRevert(odd, trades1(evil), _mismatch(0, amount));
    }

    /// A payment to the vault itself is none.
    function test_T19_pay__when_asked_for_the_vault_itself__then_the_trade_fails() public {
        bytes memory call = abi.encodeCall(oddVenue.ask, (IPayer(address(odd)), address(odd), FIRST));
        Trade memory evil = oddTrade(0, 1, FIRST, OddVenue.Script(0, FIRST, address(oddVenue), call));
        expectRebalanceRevert(odd, trades1(evil), _mismatch(0, 0));
    }

    /// It may be sent anywhere: what counts is that exactly the trade's amount is gone and that enough came back.
    function test_T19_pay__when_asked_for_another__then_the_trades_token_goes_there(uint256 sell, uint256 venueIndex)
        public
    {
        (sell, venueIndex) = (sell % 3, venueIndex % 2);
        oddTokens[sell].mint(address(odd), 600_000 * ONE);
        OddVenue evil = venueIndex == 0 ? oddVenue : other;
        bytes memory call = abi.encodeCall(evil.ask, (IPayer(address(odd)), stranger, FIRST));
        Trade memory single = oddTrade(sell, (sell + 1) % 3, FIRST, OddVenue.Script(0, FIRST, address(evil), call));
        single.venue = uint8(venueIndex);
        // Far from its destination: what is asked here is what happens before that is judged.
        vm.expectCall(address(oddTokens[sell]), abi.encodeCall(ERC20.transfer, (stranger, FIRST)));
        Plan memory sent = planFor(odd, trades1(single));
        vm.prank(keeper);
        try odd.rebalance(sent) {}
        catch (bytes memory reason) {
            assertTrue(
                bytes4(reason) == IVaultCore.DestinationMissed.selector
                    || bytes4(reason) == IVaultCore.TargetCrossed.selector,
                "VLT-2 paid, and judged later"
            );
        }
    }

    // ---- helpers

    function _refused(address caller, address to, uint256 amount) private {
        vm.expectRevert(_unauthorised(caller));
        vm.prank(caller);
        odd.pay(to, amount);
    }

    function _unauthorised(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller);
    }

    function _mismatch(uint256 trade_, uint256 taken) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVaultCore.AmountInMismatch.selector, trade_, FIRST, taken);
    }
}
