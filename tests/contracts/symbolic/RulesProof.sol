// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Rules} from "../../../contracts/libraries/Rules.sol";
import {BPS} from "../../../contracts/types/Types.sol";

/// @notice Proofs about drift, band and destination. What is proven for all inputs and what within bounds:
///         docs/INVARIANTS.md.
contract RulesProof is Test {
    /// The deviation is the exact difference, on the side that `side` says.
    function check_deviation__is_exact(uint256 value, uint256 target, uint256 total) public pure {
        uint256 off = Rules.deviation(value, target, total);
        int256 side = Rules.side(value, target, total);
        if (side > 0) assertEq(value * BPS, target * total + off);
        else assertEq(value * BPS + off, target * total);
        assertEq(side == 0, off == 0);
    }

    /// A breach is exactly: the drift is not below the absolute band, or not below the relative one.
    function check_isBreach__is_the_exact_statement(
        uint256 off,
        uint256 total,
        uint16 target,
        uint16 band,
        uint16 relativeBand
    ) public pure {
        bool breach = Rules.isBreach(Rules.Bands(band, relativeBand, 0, 0, 0), off, target, total);
        bool absolute = band > 0 && off >= band * total;
        bool relative = relativeBand > 0 && target > 0 && off * BPS >= uint256(relativeBand) * target * total;
        assertEq(breach, absolute || relative);
    }

    /// Inside is exactly: at most the destination of each band there is, and the smallest trade more.
    function check_isInside__is_the_exact_statement(
        uint128 off,
        uint128 total,
        uint16 target,
        bool hasBand,
        bool hasRelativeBand,
        uint16 drift,
        uint16 relativeDrift,
        uint128 tolerance
    ) public pure {
        Rules.Bands memory bands =
            Rules.Bands(hasBand ? 1 : 0, hasRelativeBand ? 1 : 0, drift, relativeDrift, tolerance);
        bool absolute = uint256(off) <= uint256(drift) * total + tolerance;
        bool relative = uint256(off) * BPS <= uint256(relativeDrift) * target * total + uint256(tolerance) * BPS;
        bool expected = (absolute || (!hasBand && hasRelativeBand)) && (relative || !hasRelativeBand);
        assertEq(Rules.isInside(bands, off, target, total), expected);
    }

    /// With destinations below their bands, what has arrived is not due again.
    function check_isInside__destination_below_the_band__no_breach(
        uint128 off,
        uint128 total,
        uint16 target,
        uint16[4] calldata b
    ) public pure {
        vm.assume(total != 0);
        vm.assume((b[0] == 0 || b[2] < b[0]) && (b[1] == 0 || b[3] < b[1]));
        Rules.Bands memory bands = Rules.Bands(b[0], b[1], b[2], b[3], 0);
        bool inside = Rules.isInside(bands, off, target, total);
        assertFalse(inside && Rules.isBreach(bands, off, target, total));
    }

    /// What was traded and not crossed was away from its target, moved towards it, and is not past it.
    function check_isCrossed__never_past_the_target(
        bool sold,
        bool bought,
        uint256 before,
        uint256 target,
        uint256 total,
        uint256 afterwards,
        uint256 totalAfter
    ) public pure {
        vm.assume(sold || bought);
        int256 start = Rules.side(before, target, total);
        int256 end = Rules.side(afterwards, target, totalAfter);
        if (Rules.isCrossed(sold, bought, start, end)) return;
        assertTrue(sold != bought);
        if (sold) assertTrue(before * BPS > target * total && afterwards * BPS >= target * totalAfter);
        else assertTrue(before * BPS < target * total && afterwards * BPS <= target * totalAfter);
    }

    /// The drift that is shown is never more than the true one, and less than one unit below it.
    function check_drift__rounds_down(uint160 off, uint128 total) public pure {
        vm.assume(total != 0);
        uint256 shown = Rules.drift(off, total);
        assertLe(shown * total * BPS, uint256(off) * 1e18);
        assertLt(uint256(off) * 1e18, (shown + 1) * total * BPS);
    }

    /// Judging a trade without dividing is the same as asking for the floor, which is rounded up.
    function check_isOutputTooLow__is_below_the_floor(
        uint112 amountIn,
        uint112 amountOut,
        uint112 priceSell,
        uint112 priceBuy,
        uint16 maxSlippage
    ) public pure {
        vm.assume(maxSlippage < BPS && priceBuy != 0);
        uint256 floor = Rules.floorUp(amountIn, priceSell, priceBuy, maxSlippage);
        bool low = Rules.isOutputTooLow(uint256(amountIn) * priceSell, uint256(amountOut) * priceBuy, maxSlippage);
        assertEq(low, amountOut < floor);
    }

    /// A loss is too high exactly above the limit.
    function check_isLossTooHigh__is_the_exact_statement(uint256 loss, uint256 total, uint256 maxLoss) public pure {
        assertEq(Rules.isLossTooHigh(loss, total, maxLoss), loss * BPS > maxLoss * total);
    }
}
