"""The standing lot rule: one way to write it, in force from its declaration, and followed by the books."""

from __future__ import annotations

import pytest
from eth_utils import keccak
from tax_pieces import at, bought, sold

from controller.errors import InputError
from controller.tax.booking import Method, book
from controller.tax.check import differences, undeclared
from controller.tax.standing import Order, StandingRule, in_force, read_rule, recognised

VAULT = "0x" + "11" * 20
HIFO, LIFO = StandingRule(VAULT, Method.HIFO), StandingRule(VAULT, Method.LIFO)


def test_rule__written_and_read__then_the_same_and_its_hash_is_of_its_bytes() -> None:
    source = HIFO.canonical()
    assert source == b'{"method":"hifo","rule":"evenkeel standing lot rule 1","vault":"' + VAULT.encode() + b'"}\n'
    assert read_rule(source, "rule.json") == HIFO
    assert HIFO.statement == keccak(source)


@pytest.mark.parametrize(
    "source",
    [
        b"no json",
        b"[]",
        b'{"method":"hifo"}',
        HIFO.canonical().replace(b"hifo", b"specific"),
        HIFO.canonical().replace(b"hifo", b"guess"),
        HIFO.canonical().replace(b",", b", "),
        HIFO.canonical().rstrip(),
        HIFO.canonical().replace(b"rule 1", b"rule 9"),
    ],
)
def test_rule__that_is_not_canonical__then_refused(source: bytes) -> None:
    with pytest.raises(InputError, match=r"rule\.json"):
        read_rule(source, "rule.json")


def test_recognised__of_hashes__then_the_rules_of_this_vault_without_a_file() -> None:
    other = StandingRule("0x" + "22" * 20, Method.FIFO)
    declared = [(3, 100, LIFO.statement), (4, 200, b"?" * 32), (5, 300, other.statement), (6, 400, HIFO.statement)]
    assert set(recognised(declared, VAULT)) == {HIFO, LIFO}


def test_in_force__of_declared_rules__then_by_their_entries() -> None:
    declared = [(9, 90, LIFO.statement), (3, 30, HIFO.statement), (5, 50, b"\0" * 32), (12, 120, HIFO.statement)]
    assert in_force([HIFO, LIFO], declared, VAULT) == (Order(HIFO, 3, 30), Order(LIFO, 9, 90), Order(HIFO, 12, 120))
    assert undeclared(declared, in_force([HIFO, LIFO], declared, VAULT)) == [
        "entry 5 declares 0x" + "00" * 32 + ", which is no standing lot rule that is known here"
    ]


def test_in_force__of_a_rule_that_nobody_declared_or_of_another_vault__then_both_are_named() -> None:
    with pytest.raises(InputError) as caught:
        in_force([HIFO, StandingRule("0x" + "22" * 20, Method.LIFO)], [], VAULT)
    assert [mistake.where for mistake in caught.value.mistakes] == ["hifo", "lifo"]


def test_book__under_orders__then_each_sale_by_the_one_that_was_there_before_it() -> None:
    movements = [
        bought("2023-01-10", 10, 1_000, name="first"),
        bought("2023-05-02", 10, 1_400, name="dear"),
        bought("2023-11-20", 10, 900, name="last"),
        sold("2024-01-01", 2, 300),
        sold("2024-03-01", 2, 300),
        sold("2024-05-01", 2, 300),
        sold("2024-05-01", 2, 300, hour=13),
    ]
    orders = [(at("2024-02-01"), Method.HIFO), (at("2024-05-01"), Method.LIFO)]
    matches = book(movements, Method.FIFO, orders=orders).matches
    assert [match.lot.id for match in matches if match.lot] == ["first", "dear", "dear", "last"]


def test_differences__of_two_documents__then_the_line_and_what_is_wrong() -> None:
    lot = {"id": "a"}
    line = {
        "asset": "A", "quantity": "1", "acquired": "x", "disposed": "y", "term": "long", "method": "hifo", "lot": lot,
        "proceeds": {}, "cost": {}, "disallowed": {}, "gain": {}, "disposal": {"where": "entry 7, fill 0"},
    }  # fmt: skip
    right = {"standing_rules": [{"hash": "0x01"}], "lines": [line], "figures": [{"value": "1"}]}
    orders = [Order(HIFO, 3, 30)]
    assert differences(right, right, orders) == []
    other = {**line, "lot": {"id": "b"}}
    assert differences({**right, "lines": [other]}, right, orders) == [
        "line 1 (entry 7, fill 0): it names the lot b, the rule in force takes a"
    ]
    (found,) = differences({**right, "lines": [{**line, "method": "fifo"}]}, right, orders)
    assert "in force was hifo, as entry 3 orders" in found
    (found,) = differences({**right, "lines": [{**line, "gain": 5}]}, right, orders)
    assert "gain differ" in found
    found_all = differences({"lines": [], "figures": []}, right, orders)
    assert len(found_all) == 3
