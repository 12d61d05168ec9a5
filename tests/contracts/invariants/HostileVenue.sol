// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pairing} from "../../../contracts/interfaces/IMandateChecker.sol";
import {IVaultCore} from "../../../contracts/interfaces/IVaultCore.sol";
import {IPayer} from "../../../contracts/interfaces/IVenue.sol";
import {Mandate, Plan, Power, Trade} from "../../../contracts/types/Types.sol";
import {OddToken} from "../hostile/OddToken.sol";
import {OddVaults} from "../hostile/OddVaults.sol";
import {RogueVenue} from "../hostile/RogueVenue.sol";

/// @notice The mandate's only venue is a thief's, who also holds shares and tokens; the keeper is honest and says with each
///         trade what it has to return.
contract HostileVenue is OddVaults {
    uint256 private constant BPS = 10_000;
    uint256 public constant KEEPERS_FLOOR = 20; // {bps} by which a trade may be worse than the oracle, to the keeper
    uint256 private constant CALLS = 24;

    RogueVenue private rogue;
    address private ann = makeAddr("ann");

    uint256 public worst; // D14{1} of what a plan sold, lost in it
    uint256 public rebalances;
    uint256 public refused;

    /// @dev What stands behind a share. All tokens cost a dollar.
    modifier harmless() {
        uint256 total = totalOf(odd);
        uint256 supply = supplyOf(odd);
        _;
        assertGe(totalOf(odd) * supply, total * supplyOf(odd), "VEN-3 only a rebalance lowers a share");
        _leave();
    }

    function start() external {
        setUp();
        rogue = new RogueVenue();
        Mandate memory m = bandMandate(500, 400, weights(5_000, 3_000, 2_000));
        (m.trigger.cooldown, m.destination.window) = (1 hours, 6 hours);
        (m.limits.lossBudget, m.limits.turnoverBudget) = (10_000, 1_000_000);
        m.venues[0] = address(rogue);
        for (uint256 i; i < 3; ++i) {
            m.assets[i].feed.heartbeat = type(uint32).max;
        }
        odd = filled(m, 500_000, 300_000, 200_000);
        giveShares(odd, ann, SEED_SHARES / 4);
        giveShares(odd, address(rogue), SEED_SHARES / 4);
        fundOdd(address(rogue), odd, all(MILLION));
    }

    // ---- what happens

    /// @notice The market: one asset becomes more or less of the vault.
    function move(uint256 roll) public {
        uint256 i = roll % 3;
        uint256 amount = odd.balances()[i] * (10 + (roll >> 8) % 50) / 100;
        if (roll >> 64 & 1 == 0) oddTokens[i].mint(address(odd), amount);
        else oddTokens[i].burn(address(odd), amount);
    }

    function wait(uint256 roll) external {
        vm.warp(block.timestamp + 1 + roll % 2 days);
        vm.roll(block.number + 1);
    }

    /// @notice The keeper's good plan, or one part of it, and what the venue makes of it.
    function rebalance(uint256 roll) external {
        vm.warp(block.timestamp + 1 hours);
        for (uint256 k; k < 3 && !odd.due().due; ++k) {
            move(roll >> 64 * k);
        }
        Trade[] memory list = towards(odd, roll & 1 == 0 ? 100 : 1 + (roll >> 8) % 100, 0);
        if (list.length == 0) return;
        uint256 sold; // {qTok}
        for (uint256 k; k < list.length; ++k) {
            list[k].minOut = uint128(list[k].amountIn * (BPS - KEEPERS_FLOOR) / BPS);
            sold += list[k].amountIn;
        }
        Plan memory p = planFor(odd, list);
        p.part = roll & 1 != 0;
        rogue.set(_mood(roll >> 16));
        uint256 total = totalOf(odd);
        uint256 supply = supplyOf(odd);
        vm.prank(keeper);
        try odd.rebalance(p) {
            ++rebalances;
            uint256 left = totalOf(odd);
            uint256 lost = left < total ? total - left : 0;
            if (lost * 1e14 / sold > worst) worst = lost * 1e14 / sold;
            assertLe(
                lost * BPS, sold * KEEPERS_FLOOR + list.length * BPS, "VEN-1 no trade is worse than the keeper's floor"
            );
            if (rogue.called()) {
                assertFalse(rogue.went(), "VEN-2 in the middle of a trade nothing of the vault is open");
            }
        } catch {
            ++refused;
            assertEq(totalOf(odd), total, "VEN-1 a plan that fails moves nothing");
        }
        assertEq(supplyOf(odd), supply, "VEN-2 no shares come or go in a rebalance");
        _leave();
    }

    /// @notice The venue asks to be paid while there is no trade.
    function ask(uint256 roll) external harmless {
        (bool ok,) = rogue.exec(address(odd), abi.encodeCall(IPayer.pay, (address(rogue), roll % MILLION)));
        assertFalse(ok, "VEN-4 paid without a trade");
    }

    /// @notice The venue does what every holder may do, or tries what only others may.
    function act(uint256 roll) external harmless {
        rogue.exec(address(odd), _call(roll));
    }

    // ---- inside

    /// @dev Mostly what passes by a hair, so that there are trades; else too much, too little, too often.
    function _mood(uint256 roll) private view returns (RogueVenue.Mood memory mood) {
        mood = RogueVenue.Mood(BPS, BPS - KEEPERS_FLOOR, 1, address(rogue), address(0), "");
        if (roll & 7 == 0) mood.take = BPS - 50 + (roll >> 16) % 100;
        if (roll >> 3 & 7 == 0) mood.give = BPS - (roll >> 40) % (5 * KEEPERS_FLOOR);
        if (roll >> 6 & 3 == 0) mood.asks = (roll >> 64) % 4;
        if (roll >> 8 & 15 == 0) mood.payee = address(odd);
        if (roll >> 12 & 1 == 0) (mood.target, mood.data) = (address(odd), _call(roll >> 72));
    }

    /// @dev Everything that a lock has to stop.
    function _call(uint256 roll) private view returns (bytes memory) {
        uint256 amount = (roll >> 8) % (100_000 * ONE);
        uint256 shares = 1 + (roll >> 8) % SEED_SHARES;
        uint256[] memory single = all(0);
        single[(roll >> 128) % 3] = amount;
        bytes[24] memory calls = [
            abi.encodeCall(odd.mint, (shares, all(type(uint256).max), address(rogue))),
            abi.encodeCall(odd.redeem, (shares, all(0), address(rogue), address(rogue), roll >> 136 & 7)),
            abi.encodeCall(odd.deposit, (single, 0, address(rogue))),
            abi.encodeCall(odd.withdraw, (single, type(uint256).max, address(rogue), address(rogue))),
            abi.encodeCall(odd.takeFees, ()),
            abi.encodeCall(odd.rebalance, (planFor(odd, new Trade[](0)))),
            abi.encodeCall(IPayer.pay, (address(rogue), amount)),
            abi.encodeCall(odd.balances, ()),
            abi.encodeCall(odd.due, ()),
            abi.encodeCall(odd.status, ()),
            abi.encodeCall(odd.previewMint, (shares)),
            abi.encodeCall(odd.previewRedeem, (shares, 0)),
            abi.encodeCall(odd.previewDeposit, (single)),
            abi.encodeCall(odd.routeDeposit, (amount)),
            abi.encodeCall(odd.pause, ()),
            abi.encodeCall(odd.unpause, ()),
            abi.encodeCall(odd.submit, ("call")),
            abi.encodeCall(odd.setMandate, (odd.mandate(), new Pairing[](0))),
            abi.encodeCall(odd.setTargets, (weights(5_000, 3_000, 2_000), 0)),
            abi.encodeCall(odd.setKeeper, (address(rogue), true)),
            abi.encodeCall(odd.setStrategist, (address(rogue))),
            abi.encodeCall(odd.proposeOwner, (address(rogue))),
            abi.encodeCall(odd.renounce, (Power.PAUSE)),
            abi.encodeCall(odd.declare, (bytes32(amount)))
        ];
        return calls[roll % CALLS];
    }

    /// @dev VEN-5: an honest holder leaves with her part, whatever the venue did.
    function _leave() private {
        uint256[] memory least = odd.balances();
        uint256 supply = supplyOf(odd);
        for (uint256 i; i < 3; ++i) {
            least[i] = least[i] * 1e12 / supply;
        }
        vm.prank(ann);
        odd.redeem(1e12, least, ann, ann, 0);
    }
}
