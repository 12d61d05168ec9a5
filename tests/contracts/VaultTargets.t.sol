// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVaultAdmin} from "../../contracts/interfaces/IVaultAdmin.sol";
import {IVaultCore} from "../../contracts/interfaces/IVaultCore.sol";
import {MandateRules} from "../../contracts/libraries/MandateRules.sol";
import {Kind, Knot, Mandate, Power} from "../../contracts/types/Types.sol";
import {VaultTest} from "./VaultTest.sol";

/// @notice The strategist moves targets inside the mandate. The vault: 60/30/10, each within 20 percentage points of that
///         (gold 0 to 30), by 5 points a day.
contract VaultTargetsTest is VaultTest {
    uint16 private constant STEP = 500; // {bps}
    uint32 private constant DELAY = 1 days;
    uint16[3] private _min = [4_000, 1_000, 0];
    uint16[3] private _max = [8_000, 5_000, 3_000];

    function setUp() public override {
        super.setUp();
        vault = createVault(_mandate(), "bounded");
        seed(vault, SEED_SHARES);
    }

    // ---- within the mandate

    function test_setTargets__at_once__one_knot(uint16 a, uint16 b) public {
        uint16[] memory to = _near(a, b);
        Knot[] memory path = pathOf(to);
        path[0].time = uint40(block.timestamp);
        expectEntry(vault, Kind.TARGETS_SET, abi.encode(strategist, path));
        vm.prank(strategist);
        vault.setTargets(to, 0);
        assertEq(abi.encode(vault.targets()), abi.encode(to), "at once");
        assertEq(vault.status().lastTargetChange, block.timestamp, "when");

        Mandate memory expected = _mandate();
        expected.path = path;
        assertEq(abi.encode(vault.mandate()), abi.encode(expected), "nothing but the path");
    }

    function test_setTargets__gliding__two_knots(uint16 a, uint16 b, uint32 duration) public {
        duration = uint32(bound(duration, 1, type(uint32).max));
        uint16[] memory to = _near(a, b);
        uint256 start = block.timestamp;
        Knot[] memory path = pathOf(weights(6_000, 3_000, 1_000), start, to, start + duration);
        expectEntry(vault, Kind.TARGETS_SET, abi.encode(strategist, path));
        vm.prank(strategist);
        vault.setTargets(to, duration);
        assertEq(abi.encode(vault.targets()), abi.encode(weights(6_000, 3_000, 1_000)), "begins where they were");
        vm.warp(start + duration);
        assertEq(abi.encode(vault.targets()), abi.encode(to), "ends where they shall be");
    }

    function test_setTargets__on_the_way__from_where_they_are() public {
        vm.startPrank(strategist);
        vault.setTargets(weights(5_600, 3_200, 1_200), 4 days);
        vm.warp(block.timestamp + 1 days);
        uint16[] memory halfway = weights(5_900, 3_050, 1_050);
        assertEq(abi.encode(vault.targets()), abi.encode(halfway), "a quarter of the way");
        vault.setTargets(weights(6_400, 2_600, 1_000), 1 days);
        assertEq(abi.encode(vault.mandate().path[0]), abi.encode(Knot(uint40(block.timestamp), halfway)), "from there");
        assertEq(vault.mandate().path.length, 2, "the old way is gone");
    }

    /// The owner's own glide path goes on until the strategist moves away from it.
    function test_setTargets__on_the_owners_path__from_where_it_is() public {
        Mandate memory m = _mandate();
        uint16[] memory end = weights(4_000, 5_000, 1_000);
        m.path = pathOf(weights(6_000, 3_000, 1_000), block.timestamp, end, block.timestamp + 100 days);
        vault = createVault(m, "gliding");
        vm.warp(block.timestamp + 50 days);
        vm.prank(strategist);
        vault.setTargets(weights(5_500, 3_500, 1_000), 0);
        assertEq(abi.encode(vault.targets()), abi.encode(weights(5_500, 3_500, 1_000)), "5 points from 50/40/10");
    }

    function test_setTargets__while_paused__goes_through() public {
        vm.prank(guardian);
        vault.pause();
        vm.prank(strategist);
        vault.setTargets(weights(5_800, 3_200, 1_000), 0);
        assertEq(vault.targets()[0], 5_800, "targets trade nothing");
        assertTrue(vault.status().paused, "still paused");
    }

    function test_setTargets__trades_nothing() public {
        uint256[] memory held = vault.balances();
        vm.prank(strategist);
        vault.setTargets(weights(5_500, 3_500, 1_000), 0);
        assertEq(abi.encode(vault.balances()), abi.encode(held), "held as before");
    }

    /// The first move waits for nothing, however long the delay.
    function test_setTargets__first__needs_no_delay() public {
        Mandate memory m = _mandate();
        m.limits.stepDelay = type(uint32).max;
        vault = createVault(m, "slow");
        vm.prank(strategist);
        vault.setTargets(weights(5_800, 3_200, 1_000), 0);
        uint256 next = block.timestamp + type(uint32).max;
        _refused(
            weights(5_700, 3_300, 1_000),
            0,
            abi.encodeWithSelector(IVaultAdmin.TargetStepTooSoon.selector, next, block.timestamp)
        );
    }

    // ---- outside of it

    function test_setTargets__by_another__reverts(address caller, uint256 which) public {
        vm.assume(caller != strategist);
        which = bound(which, 0, 3);
        if (which == 1) caller = owner;
        if (which == 2) caller = keeper;
        if (which == 3) caller = guardian;
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, caller));
        vm.prank(caller);
        vault.setTargets(weights(5_800, 3_200, 1_000), 0);
    }

    function test_setTargets__without_strategist__nobody() public {
        vm.prank(owner);
        vault.setStrategist(address(0));
        vm.expectRevert(abi.encodeWithSelector(IVaultCore.Unauthorised.selector, strategist));
        vm.prank(strategist);
        vault.setTargets(weights(5_800, 3_200, 1_000), 0);
    }

    function test_setTargets__step_too_large__reverts(uint16 step, uint32 duration) public {
        step = uint16(bound(step, STEP + 1, 2_000));
        uint16[] memory to = weights(6_000 + step, 3_000 - step, 1_000);
        _refused(to, duration, abi.encodeWithSelector(IVaultAdmin.TargetStepTooLarge.selector, 0, 6_000, to[0], STEP));
        to = weights(6_000 - STEP, 3_000 + STEP, 1_000);
        vm.prank(strategist);
        vault.setTargets(to, duration);
    }

    function test_setTargets__too_soon__reverts(uint256 early) public {
        uint256 start = block.timestamp;
        vm.prank(strategist);
        vault.setTargets(weights(5_800, 3_200, 1_000), 0);
        vm.warp(bound(early, start, start + DELAY - 1));
        bytes memory reason =
            abi.encodeWithSelector(IVaultAdmin.TargetStepTooSoon.selector, start + DELAY, block.timestamp);
        _refused(weights(5_700, 3_300, 1_000), 0, reason);
        vm.warp(start + DELAY);
        vm.prank(strategist);
        vault.setTargets(weights(5_700, 3_300, 1_000), 0);
    }

    function test_setTargets__outside_the_assets_bounds__reverts() public {
        for (uint256 day; day < 2; ++day) {
            vm.prank(strategist);
            vault.setTargets(weights(6_000, uint16(3_500 + 500 * day), uint16(500 - 500 * day)), 0);
            vm.warp(block.timestamp + DELAY);
        }
        vm.prank(strategist);
        vault.setTargets(weights(5_500, 4_500, 0), 0);
        vm.warp(block.timestamp + DELAY);
        vm.prank(strategist);
        vault.setTargets(weights(5_000, 5_000, 0), 0);
        vm.warp(block.timestamp + DELAY);
        _refused(
            weights(4_999, 5_001, 0),
            0,
            abi.encodeWithSelector(MandateRules.TargetOutOfBounds.selector, 0, 1, 5_001, 1_000, 5_000)
        );
        _refused(
            weights(4_999, 5_001, 0),
            1 days,
            abi.encodeWithSelector(MandateRules.TargetOutOfBounds.selector, 1, 1, 5_001, 1_000, 5_000)
        );
    }

    function test_setTargets__not_summing_to_10000__reverts(uint16 a, uint16 b, uint16 c) public {
        uint16[] memory to = weights(_between(a, 5_500, 6_500), _between(b, 2_500, 3_500), _between(c, 500, 1_500));
        uint256 sum = uint256(to[0]) + to[1] + to[2];
        vm.assume(sum != 10_000);
        _refused(to, 0, abi.encodeWithSelector(MandateRules.TargetsInvalid.selector, 0, sum));
        _refused(to, 1, abi.encodeWithSelector(MandateRules.TargetsInvalid.selector, 1, sum));
    }

    function test_setTargets__another_number_of_assets__reverts() public {
        _refused(weights(6_000, 3_000, 1_000, 0), 0, abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 4));
        _refused(new uint16[](0), 0, abi.encodeWithSelector(IVaultCore.LengthMismatch.selector, 3, 0));
    }

    function test_setTargets__renounced__reverts() public {
        vm.prank(owner);
        vault.renounce(Power.TARGETS);
        _refused(
            weights(5_800, 3_200, 1_000), 0, abi.encodeWithSelector(IVaultAdmin.PowerRenounced.selector, Power.TARGETS)
        );
    }

    // ---- a hostile strategist

    /// Whatever a strategist tries, and whenever: targets sum up, stay in their bounds, and have moved no farther than a
    /// step for each delay and one more.
    function test_T16_hostile_strategist__stays_inside_the_mandate(uint256 seed) public {
        uint256 start = block.timestamp;
        uint256 made;
        for (uint256 k; k < 12; ++k) {
            uint256 r = uint256(keccak256(abi.encode(seed, k)));
            vm.warp(block.timestamp + r % (2 * DELAY));
            uint16[] memory from = vault.targets();
            // Most of the time towards one corner, a little farther than allowed now and then.
            uint16 step = uint16(r >> 32) % (STEP + STEP / 8);
            uint16[] memory to = weights(from[0], from[1], from[2]);
            (uint256 up, uint256 down) = ((r >> 64) % 3, (r >> 96) % 3);
            if (to[down] < step) step = to[down];
            (to[up], to[down]) = (to[up] + step, to[down]);
            to[down] -= step;
            vm.prank(strategist);
            try vault.setTargets(to, r % 2 == 0 ? 0 : uint32(r >> 128) % (3 * DELAY)) {
                ++made;
            } catch {}
            _assertInside(start);
        }
        assertGt(made, 0, "some of it went through");
        assertLe(made, 1 + (block.timestamp - start) / DELAY, "one for each delay");
    }

    // ---- helpers

    function _mandate() private view returns (Mandate memory m) {
        m = mandate6030();
        for (uint256 i; i < 3; ++i) {
            (m.assets[i].minWeight, m.assets[i].maxWeight) = (_min[i], _max[i]);
        }
        (m.limits.maxStep, m.limits.stepDelay) = (STEP, DELAY);
    }

    /// @dev Anything within a step of 60/30/10.
    function _near(uint16 a, uint16 b) private pure returns (uint16[] memory) {
        a = _between(a, 5_750, 6_250);
        b = _between(b, 2_750, 3_250);
        return weights(a, b, 10_000 - a - b);
    }

    function _between(uint16 x, uint16 low, uint16 high) private pure returns (uint16) {
        return uint16(bound(x, low, high));
    }

    function _assertInside(uint256 start) private view {
        uint16[] memory now_ = vault.targets();
        uint16[3] memory first = [6_000, 3_000, 1_000];
        uint256 sum;
        for (uint256 i; i < 3; ++i) {
            sum += now_[i];
            assertGe(now_[i], _min[i], "not below its minimum");
            assertLe(now_[i], _max[i], "not above its maximum");
            uint256 moved = now_[i] > first[i] ? now_[i] - first[i] : first[i] - now_[i];
            assertLe(moved, uint256(STEP) * (1 + (block.timestamp - start) / DELAY), "a step for each delay");
        }
        assertEq(sum, 10_000, "sum");
    }

    function _refused(uint16[] memory to, uint32 duration, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(strategist);
        vault.setTargets(to, duration);
    }
}
