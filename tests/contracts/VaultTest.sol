// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibClone} from "solady/utils/LibClone.sol";

import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {MandateCodec} from "../../contracts/libraries/MandateCodec.sol";
import {Kind, Mandate, Plan, Trade} from "../../contracts/types/Types.sol";
import {VaultFixture} from "./base/VaultFixture.sol";
import {OddToken} from "./hostile/OddToken.sol";
import {OddVenue} from "./hostile/OddVenue.sol";

/// @notice What the vault's tests share: the next ledger entry, and a second vault, `odd`, of tokens and a venue that
///         misbehave on demand.
/// @dev `odd` holds 50/30/20 of three tokens at $1 each, one million in all, with 18 decimals.
abstract contract VaultTest is VaultFixture {
    uint256 internal constant MIN_SUPPLY = 1e6;
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;
    uint256 internal constant ONE = 1e18; // {qTok} of an odd token, worth one dollar

    OddToken[3] internal oddTokens;
    OddVenue internal oddVenue;
    IVault internal odd;

    function setUp() public virtual override {
        super.setUp();
        oddVenue = new OddVenue();
        for (uint256 i; i < 3; ++i) {
            oddTokens[i] = new OddToken(18);
        }
        odd = newVault(oddMandate());
        seedOdd(odd);
    }

    // ---- vaults

    function oddMandate() internal view returns (Mandate memory m) {
        m = mandate6030();
        m.venues[0] = address(oddVenue);
        for (uint256 i; i < 3; ++i) {
            m.assets[i].token = address(oddTokens[i]);
            m.assets[i].decimals = 18;
            m.assets[i].feed = feedOf(DOLLAR);
        }
        setWeights(m, weights(5_000, 3_000, 2_000));
    }

    /// @notice A clone without the factory, so that any mandate can be tried.
    function newClone(Mandate memory m) internal returns (IVault) {
        return IVault(LibClone.clone(factory.implementation(), MandateCodec.pack(m)));
    }

    function newVault(Mandate memory m) internal returns (IVault created) {
        created = newClone(m);
        created.initialize(roles());
    }

    function seedOdd(IVault to) internal {
        uint256[] memory amounts = amounts3(500_000 * ONE, 300_000 * ONE, 200_000 * ONE);
        fundOdd(owner, to, amounts);
        vm.prank(owner);
        to.mint(SEED_SHARES, amounts, owner);
    }

    function fundOdd(address account, IVault spender, uint256[] memory amounts) internal {
        for (uint256 i; i < 3; ++i) {
            oddTokens[i].mint(account, amounts[i]);
            vm.prank(account);
            oddTokens[i].approve(address(spender), type(uint256).max);
        }
    }

    /// @notice Gives `account` tokens of the 60/30/10 vault and lets the vault take them.
    function fundAll(address account, uint256[] memory amounts) internal {
        for (uint256 i; i < amounts.length; ++i) {
            fund(account, address(vault), i, amounts[i]);
        }
    }

    function sharesOf(IVault of_, address account) internal view returns (uint256) {
        return OddToken(address(of_)).balanceOf(account);
    }

    function supplyOf(IVault of_) internal view returns (uint256) {
        return OddToken(address(of_)).totalSupply();
    }

    function giveShares(IVault of_, address to, uint256 shares) internal {
        vm.prank(owner);
        OddToken(address(of_)).transfer(to, shares);
    }

    // ---- trades of `odd`

    /// @notice 650,000 of 1,150,000 in the first token: 56.5%, 26.1%, 17.4%.
    function makeOddDue() internal {
        oddTokens[0].mint(address(odd), 150_000 * ONE);
    }

    /// @notice One trade that does what it says, at the oracle's price.
    function oddTrade(uint256 sell, uint256 buy, uint256 amount) internal pure returns (Trade memory) {
        return oddTrade(sell, buy, amount, OddVenue.Script(amount, amount, address(0), ""));
    }

    function oddTrade(uint256 sell, uint256 buy, uint256 amountIn, OddVenue.Script memory script)
        internal
        pure
        returns (Trade memory)
    {
        return Trade({
            sell: uint8(sell),
            buy: uint8(buy),
            venue: 0,
            amountIn: uint128(amountIn),
            minOut: 0,
            route: abi.encode(script)
        });
    }

    function trades2(Trade memory first, Trade memory second) internal pure returns (Trade[] memory list) {
        list = new Trade[](2);
        (list[0], list[1]) = (first, second);
    }

    function trades1(Trade memory first) internal pure returns (Trade[] memory list) {
        list = new Trade[](1);
        list[0] = first;
    }

    /// @notice The plan that takes a due `odd` to its targets.
    function oddPlan() internal pure returns (Trade[] memory) {
        return trades2(oddTrade(0, 1, 45_000 * ONE), oddTrade(0, 2, 30_000 * ONE));
    }

    function rebalance(IVault of_, Trade[] memory trades) internal returns (bytes32) {
        Plan memory sent = planFor(of_, trades);
        vm.prank(keeper);
        return of_.rebalance(sent);
    }

    /// @dev Expects the revert from the vault itself: the plan is made before.
    function expectRebalanceRevert(IVault of_, Trade[] memory trades, bytes memory reason) internal {
        bytes memory call = abi.encodeCall(of_.rebalance, (planFor(of_, trades)));
        vm.prank(keeper);
        (bool ok, bytes memory answer) = address(of_).call(call);
        assertFalse(ok, "rebalance went through");
        assertEq(answer, reason, "revert data");
    }

    // ---- the ledger

    /// @notice Expects exactly this entry next, with the head that follows from the present one.
    function expectEntry(IVault of_, Kind kind, bytes memory payload) internal {
        (bytes27 head, uint40 count) = ledger.chain(address(of_));
        vm.expectEmit(address(ledger));
        emit ILedger.Entry(address(of_), count, kind, foldOne(head, count, kind, payload), payload);
    }

    function foldOne(bytes27 head, uint40 seq, Kind kind, bytes memory payload) internal pure returns (bytes27) {
        return bytes27(keccak256(abi.encode(head, seq, uint8(kind), keccak256(payload))));
    }

    // ---- lists

    function amounts3(uint256 a, uint256 b, uint256 c) internal pure returns (uint256[] memory list) {
        list = new uint256[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function all(uint256 amount) internal pure returns (uint256[] memory) {
        return amounts3(amount, amount, amount);
    }
}
