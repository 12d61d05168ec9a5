// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {console} from "forge-std/console.sol";

import {HostileVenue} from "./HostileVenue.sol";

/// @notice T-05, T-08, T-19: what the only venue of a mandate can do in any sequence of steps (docs/THREATS.md, VEN).
/// forge-config: default.invariant.runs = 5
/// forge-config: default.invariant.depth = 200
/// forge-config: default.invariant.dictionary_weight = 0
/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
/// forge-config: deep.invariant.runs = 3000
/// forge-config: deep.invariant.depth = 200
/// forge-config: deep.invariant.dictionary_weight = 0
/// forge-config: deep.invariant.include_storage = false
/// forge-config: deep.invariant.include_push_bytes = false
contract HostileVenueInvariants is Test {
    HostileVenue private handler;

    function setUp() public {
        handler = new HostileVenue();
        handler.start();
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = HostileVenue.rebalance.selector;
        selectors[1] = HostileVenue.move.selector;
        selectors[2] = HostileVenue.wait.selector;
        selectors[3] = HostileVenue.ask.selector;
        selectors[4] = HostileVenue.act.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_T05_T08_T19_hostile_venue() public view {}

    function afterInvariant() public view {
        console.log("lost of what was sold, worst plan, D14{1}: %d", handler.worst());
        console.log("last run: %d rebalances, %d refused", handler.rebalances(), handler.refused());
    }
}
