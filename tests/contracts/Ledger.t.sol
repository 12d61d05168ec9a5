// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {Vm} from "forge-std/Test.sol";

import {Ledger} from "../../contracts/Ledger.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {Kind} from "../../contracts/types/Types.sol";
import {VectorTest} from "./base/VectorTest.sol";

/// @notice The fold of the hash chain: done anew here, and as the shared vectors have it (tests/vectors/ledger.json, folded
///         by hand with another library, asserted by pytest too).
contract LedgerTest is VectorTest {
    using stdJson for string;

    Ledger internal ledger;

    function setUp() public {
        ledger = new Ledger();
    }

    function test_append__when_first__then_head_and_count_and_event(address vault, uint8 kind, bytes calldata payload)
        public
    {
        Kind kind_ = _kind(kind);
        bytes27 head = _fold(bytes27(0), 0, kind_, payload);
        vm.expectEmit(address(ledger));
        emit ILedger.Entry(vault, 0, kind_, head, payload);
        vm.prank(vault);
        ledger.append(kind_, payload);
        _assertChain(vault, head, 1);
    }

    function test_vectors__entries() public {
        string[] memory rows = _rows("tests/vectors/ledger.json", '{"kind"');
        assertEq(rows.length, 100, "vectors");
        bytes27 head;
        for (uint256 k; k < rows.length; ++k) {
            Kind kind = Kind(rows[k].readUint(".kind"));
            bytes memory payload = rows[k].readBytes(".payload");
            ledger.append(kind, payload);
            bytes memory expected = rows[k].readBytes(".head");
            assertEq(expected.length, 27, "LED-1 head");
            _assertChain(address(this), bytes27(expected), uint40(k + 1));
            head = _fold(head, uint40(k), kind, payload);
            assertEq(bytes32(head), bytes32(bytes27(expected)), "LED-1 fold");
        }
    }

    /// @dev The fold of the emitted events, done anew as an auditor does it, is the stored head.
    function test_append__when_many__then_head_is_the_fold_of_the_events(bytes[] calldata payloads, uint256 seed)
        public
    {
        vm.recordLogs();
        for (uint256 i = 0; i < payloads.length; ++i) {
            ledger.append(_kind(uint8(uint256(keccak256(abi.encode(seed, i))))), payloads[i]);
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, payloads.length, "one event each");
        bytes27 head;
        for (uint256 i = 0; i < logs.length; ++i) {
            assertEq(logs[i].topics[0], ILedger.Entry.selector, "event");
            assertEq(logs[i].topics[1], bytes32(uint256(uint160(address(this)))), "vault");
            assertEq(uint256(logs[i].topics[2]), i, "seq");
            (bytes27 emitted, bytes memory payload) = abi.decode(logs[i].data, (bytes27, bytes));
            assertEq(payload, payloads[i], "payload");
            head = _fold(head, uint40(i), Kind(uint8(uint256(logs[i].topics[3]))), payload);
            assertEq(bytes32(emitted), bytes32(head), "emitted head");
        }
        _assertChain(address(this), head, uint40(payloads.length));
    }

    function test_append__when_two_vaults__then_chains_are_apart(address a, address b, bytes calldata payload) public {
        vm.assume(a != b);
        vm.prank(a);
        ledger.append(Kind.MINTED, payload);
        (bytes27 head, uint40 count) = ledger.chain(a);
        _assertChain(b, bytes27(0), 0);
        vm.prank(b);
        ledger.append(Kind.PAUSED, payload);
        _assertChain(a, head, count);
    }

    /// @dev Any difference in order, kind or payload gives another head.
    function test_append__when_order_kind_or_payload_differs__then_head_differs(bytes calldata x, bytes calldata y)
        public
    {
        vm.assume(keccak256(x) != keccak256(y));
        bytes27 reference_ = _headAfter(Kind.MINTED, x, Kind.MINTED, y);
        assertNotEq(bytes32(_headAfter(Kind.MINTED, y, Kind.MINTED, x)), bytes32(reference_), "order");
        assertNotEq(bytes32(_headAfter(Kind.REDEEMED, x, Kind.MINTED, y)), bytes32(reference_), "kind");
        assertNotEq(bytes32(_headAfter(Kind.MINTED, x, Kind.MINTED, x)), bytes32(reference_), "payload");
    }

    function test_append__when_kind_is_unknown__then_reverts(uint8 kind, bytes calldata payload) public {
        kind = uint8(bound(kind, uint8(type(Kind).max) + 1, type(uint8).max));
        (bool success,) = address(ledger).call(abi.encodeWithSelector(ILedger.append.selector, kind, payload));
        assertFalse(success, "refused");
    }

    /// @dev Storage proofs read keccak256(abi.encode(vault, 0)): head << 40 | count.
    function test_chain__when_read_from_storage__then_one_slot_says_all(address vault, bytes calldata payload) public {
        vm.startPrank(vault);
        ledger.append(Kind.CREATED, payload);
        ledger.append(Kind.PAUSED, payload);
        vm.stopPrank();
        bytes32 slot = vm.load(address(ledger), keccak256(abi.encode(vault, uint256(0))));
        (bytes27 head, uint40 count) = ledger.chain(vault);
        assertEq(bytes32(bytes27(slot)), bytes32(head), "head");
        assertEq(uint40(uint256(slot)), count, "count");
        assertEq(count, 2, "two entries");
    }

    function test_append__when_count_is_near_its_end__then_head_is_untouched_by_it(bytes calldata payload) public {
        bytes27 head = bytes27(keccak256("head"));
        uint40 count = type(uint40).max - 1;
        bytes32 slot = keccak256(abi.encode(address(this), uint256(0)));
        vm.store(address(ledger), slot, bytes32(head) | bytes32(uint256(count)));
        ledger.append(Kind.MINTED, payload);
        _assertChain(address(this), _fold(head, count, Kind.MINTED, payload), type(uint40).max);
    }

    // ---- helpers

    function _headAfter(Kind k1, bytes calldata p1, Kind k2, bytes calldata p2) private returns (bytes27 head) {
        Ledger fresh = new Ledger();
        fresh.append(k1, p1);
        fresh.append(k2, p2);
        (head,) = fresh.chain(address(this));
    }

    function _fold(bytes27 head, uint40 seq, Kind kind, bytes memory payload) private pure returns (bytes27) {
        return bytes27(keccak256(abi.encode(head, seq, uint8(kind), keccak256(payload))));
    }

    function _kind(uint8 raw) private pure returns (Kind) {
        return Kind(raw % (uint8(type(Kind).max) + 1));
    }

    function _assertChain(address vault, bytes27 head, uint40 count) private view {
        (bytes27 actualHead, uint40 actualCount) = ledger.chain(vault);
        assertEq(bytes32(actualHead), bytes32(head), "head");
        assertEq(actualCount, count, "count");
    }
}
