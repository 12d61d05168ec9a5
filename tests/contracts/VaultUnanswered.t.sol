// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {VaultTest} from "./VaultTest.sol";

/// @notice Others whom a vault asks and who give no answer, or none that can be read: it stops by name, and nothing is half
///         done.
contract VaultUnansweredTest is VaultTest {
    /// What cannot be recorded does not happen. The ledger has no owner and does not revert; if it ever did, nothing moves.
    function test_ledger__dead__nothing_happens_unrecorded() public {
        vm.mockCallRevert(address(ledger), "", "dead");
        fundOdd(stranger, odd, all(ONE));
        bytes[4] memory calls = [
            abi.encodeCall(odd.mint, (1e12, all(ONE), stranger)),
            abi.encodeCall(odd.redeem, (1e12, all(0), owner, owner, 0)),
            abi.encodeCall(odd.pause, ()),
            abi.encodeCall(odd.submit, (abi.encodeCall(odd.setKeeper, (stranger, true))))
        ];
        address[4] memory callers = [stranger, owner, guardian, owner];
        bytes32 before = keccak256(abi.encode(odd.balances(), supplyOf(odd), odd.status()));
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(callers[i]);
            (bool ok, bytes memory reason) = address(odd).call(calls[i]);
            assertFalse(ok, "unrecorded");
            assertEq(reason, abi.encodeWithSelector(IVaultCore.LedgerFailed.selector), "by name");
        }
        assertEq(keccak256(abi.encode(odd.balances(), supplyOf(odd), odd.status())), before, "nothing happened");

        makeOddDue();
        expectRebalanceRevert(odd, oddPlan(), abi.encodeWithSelector(IVaultCore.LedgerFailed.selector));
    }

    /// An answer of another shape is no price.
    function test_T14_oracle__answers_anything_else__nothing_is_valued(bytes memory answer) public {
        vm.assume(keccak256(answer) != keccak256(_good()));
        bytes memory refusal = abi.encodeWithSelector(IVaultCore.PricesUnreadable.selector, oracle);
        fundOdd(stranger, odd, all(ONE));
        makeOddDue();
        vm.mockCall(address(oracle), abi.encodeWithSelector(IPriceOracle.prices.selector), answer);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        odd.deposit(amounts3(0, ONE, 0), 1, stranger);
        expectRebalanceRevert(odd, oddPlan(), refusal);
    }

    /// The right length alone is not enough: places and counts are looked at.
    function test_T14_oracle__one_word_of_the_shape_wrong__nothing_is_valued(uint256 place, uint256 word) public {
        bytes memory answer = _good();
        // the two places, and the two counts
        place = [uint256(0), 1, 2, 6][place % 4];
        uint256 right;
        assembly ("memory-safe") {
            let at := add(add(answer, 0x20), shl(5, place))
            right := mload(at)
            mstore(at, word)
        }
        vm.assume(word != right);
        fundOdd(stranger, odd, all(ONE));
        vm.mockCall(address(oracle), abi.encodeWithSelector(IPriceOracle.prices.selector), answer);
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.PricesUnreadable.selector, oracle));
        vm.prank(stranger);
        odd.deposit(amounts3(0, ONE, 0), 1, stranger);
    }

    function _good() private pure returns (bytes memory) {
        uint256[] memory prices = new uint256[](3);
        uint80[] memory rounds = new uint80[](3);
        for (uint256 i; i < 3; ++i) {
            (prices[i], rounds[i]) = (1e18, 1);
        }
        return abi.encode(prices, rounds);
    }
}
