// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {console} from "forge-std/console.sol";

import {HostileToken} from "./HostileToken.sol";

/// @notice T-17, T-20: what the issuer of one token of a basket can do to it in any sequence of steps (docs/THREATS.md, TOK).
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
contract HostileTokenInvariants is Test {
    HostileToken private handler;

    function setUp() public {
        handler = new HostileToken();
        handler.start();
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = HostileToken.rob.selector;
        selectors[1] = HostileToken.issue.selector;
        selectors[2] = HostileToken.misbehave.selector;
        selectors[3] = HostileToken.mint.selector;
        selectors[4] = HostileToken.redeem.selector;
        selectors[5] = HostileToken.wait.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_T17_T20_hostile_token() public view {}

    function afterInvariant() public view {
        console.log("honest tokens sold, worst window, D14{1}: %d of %d", handler.worst(), handler.TURNOVER());
        console.log("last run: %d rebalances", handler.rebalances());
    }
}
