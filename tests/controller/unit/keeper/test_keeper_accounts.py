"""Who sends for whom: one flight for each account and vault, in a fair order. F-01, F-07"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.keeper.accounts import Account, Assignment, Waiting, assign, order


def test_order__when_vaults_wait__then_the_most_drifted_first_then_the_longest_waiting() -> None:
    drifted, early, late = Waiting("a", 9, 50), Waiting("b", 5, 10), Waiting("c", 5, 20)
    assert order([late, early, drifted]) == [drifted, early, late]


def test_order__when_a_vaults_plans_keep_failing__then_it_goes_last() -> None:
    """F-27: however far it has drifted, it keeps no account from the others."""
    failing, calm = Waiting("a", 10**18, 0, failures=1), Waiting("b", 1, 99)
    assert order([failing, calm]) == [calm, failing]


def test_assign__when_an_account_is_in_flight__then_the_others_go_on() -> None:
    """F-01: a stuck transaction holds its own account and nothing else."""
    accounts = [Account("one"), Account("two")]
    found = assign([Waiting("b", 2, 0), Waiting("c", 1, 0)], accounts, {"a": "one"})
    assert found.now == (Assignment("b", "two"),)
    assert found.later == ("c",)


def test_assign__when_a_vault_is_in_flight__then_no_second_plan_of_it() -> None:
    found = assign([Waiting("a", 9, 0)], [Account("one"), Account("two")], {"a": "one"})
    assert (found.now, found.later, found.unserved) == ((), (), ())


def test_assign__when_one_account_serves_few__then_those_get_it_and_not_the_one_that_serves_all() -> None:
    accounts = [Account("every"), Account("few", frozenset({"a", "b"})), Account("one", frozenset({"a"}))]
    found = assign([Waiting("a", 9, 0), Waiting("b", 8, 0), Waiting("c", 7, 0)], accounts, {})
    assert found.now == (Assignment("a", "one"), Assignment("b", "few"), Assignment("c", "every"))


def test_assign__when_no_account_serves_a_vault__then_that_is_said_apart() -> None:
    found = assign([Waiting("a", 9, 0)], [Account("one", frozenset({"b"}))], {})
    assert (found.now, found.later, found.unserved) == ((), (), ("a",))


NAMES = "abcdefgh"
ACCOUNTS = st.lists(
    st.builds(Account, st.sampled_from("uvwxyz"), st.none() | st.frozensets(st.sampled_from(NAMES))),
    unique_by=lambda account: account.address,
)
WAITING = st.lists(
    st.builds(Waiting, st.sampled_from(NAMES), st.integers(0, 5), st.integers(0, 5), st.integers(0, 2)),
    unique_by=lambda waiting: waiting.vault,
)


@given(waiting=WAITING, accounts=ACCOUNTS, flights=st.dictionaries(st.sampled_from(NAMES), st.sampled_from("uvwxyz")))
def test_assign__when_anybody_waits__then_each_flies_once_and_nobody_waits_for_a_free_account(
    waiting: list[Waiting], accounts: list[Account], flights: dict[str, str]
) -> None:
    """F-07: an account never has two flights, so its nonces have no gap of this keeper's making."""
    found = assign(waiting, accounts, flights)
    by_name = {account.address: account for account in accounts}
    used = [*flights.values(), *(each.account for each in found.now)]
    assert len({each.account for each in found.now}) == len(found.now)
    assert not {each.account for each in found.now} & set(flights.values())
    assert all(by_name[each.account].serves(each.vault) for each in found.now)
    placed = [*(each.vault for each in found.now), *found.later, *found.unserved]
    assert sorted(placed) == sorted(each.vault for each in waiting if each.vault not in flights)
    for vault in found.later:
        serving = [account.address for account in accounts if account.serves(vault)]
        assert serving
        assert set(serving) <= set(used)
    assert not any(account.serves(vault) for account in accounts for vault in found.unserved)
