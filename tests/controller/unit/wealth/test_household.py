"""One view: sums, and the targets that make the whole match, or the reason why none do."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from planning_pieces import DOLLAR

from controller.wealth.household import Debt, Position, Scheduled, VaultPart, rounded_weights, view

TARGET = {"EQUITY": 6_000, "BOND": 3_000, "GOLD": 1_000}
GROUPS = tuple(TARGET)


def vault(*dollars: int, groups: tuple[str, ...] = GROUPS, most: int = 10_000, name: str = "0x1") -> VaultPart:
    values = tuple(each * DOLLAR for each in dollars)
    weights = rounded_weights(values)
    return VaultPart(name, groups, groups, values, weights, (0,) * len(values), (most,) * len(values))


def elsewhere(**dollars: int) -> list[Position]:
    return [Position("broker", group, group, each * DOLLAR) for group, each in dollars.items()]


def test_view__of_everything__then_its_sums() -> None:
    found = view(
        elsewhere(EQUITY=500, CASH=100),
        [vault(300, 100, 0)],
        [Debt("Mortgage", 250 * DOLLAR)],
        [Scheduled("Rent", -15 * DOLLAR, (1, 2, 3)), Scheduled("Salary", 40 * DOLLAR, (1, 2))],
        TARGET,
    )
    assert [found.assets // DOLLAR, found.debt // DOLLAR, found.net_worth // DOLLAR] == [1_000, 250, 750]
    assert found.coming == 35 * DOLLAR
    weights = {share.group: share.weight for share in found.shares}
    assert weights == {"EQUITY": Fraction(4, 5), "BOND": Fraction(1, 10), "GOLD": 0, "CASH": Fraction(1, 10)}


def test_advice__when_much_equity_lies_elsewhere__then_the_vault_makes_up_for_it() -> None:
    (advice,) = view(elsewhere(EQUITY=500), [vault(300, 150, 50)], [], [], TARGET).advice
    assert advice.targets == (2_000, 6_000, 2_000)
    assert advice.reasons == ()


def test_advice__when_more_lies_elsewhere_than_the_whole_wants__then_the_reason_and_the_nearest() -> None:
    (advice,) = view(elsewhere(EQUITY=900), [vault(300, 150, 50)], [], [], TARGET).advice
    assert advice.targets == (0, 7_500, 2_500), "equal fractional deviation of what is left"
    (reason,) = advice.reasons
    assert reason == "900.00 of EQUITY lie elsewhere, more than the 840.00 that the whole wants"


def test_advice__without_an_asset_of_a_group__then_said_what_is_missing() -> None:
    (advice,) = view([], [vault(300, 100, groups=("EQUITY", "BOND"))], [], [], TARGET).advice
    assert advice.targets == (6_667, 3_333)
    assert advice.reasons == ("40.00 of GOLD are missing, and the vault has no asset of that kind",)


def test_advice__beyond_the_mandates_limits__then_said() -> None:
    (advice,) = view(elsewhere(BOND=300, GOLD=100), [vault(300, 200, 100, most=9_500)], [], [], TARGET).advice
    assert advice.targets == (10_000, 0, 0)
    assert advice.reasons == ("EQUITY would need 100.00% of the vault, its mandate allows 0.00% to 95.00%",)


def test_advice__for_several_vaults__then_together_they_match() -> None:
    parts = [vault(100, 100, groups=("EQUITY", "BOND")), vault(100, 100, groups=("GOLD", "EQUITY"), name="0x2")]
    found = view(elsewhere(BOND=100), parts, [], [], {"EQUITY": 6_000, "BOND": 3_000, "GOLD": 1_000})
    sums = {"EQUITY": 0, "BOND": 100 * DOLLAR, "GOLD": 0}
    for advice, part in zip(found.advice, parts, strict=True):
        for group, target in zip(part.groups, advice.targets, strict=True):
            sums[group] += sum(part.values) * target // 10_000
    assert [round(sums[group] / DOLLAR, 1) for group in TARGET] == [300, 150, 50]
    assert [advice.reasons for advice in found.advice] == [(), ()]


def test_advice__with_two_assets_of_a_group__then_as_the_targets_spread_them_now() -> None:
    part = VaultPart(
        "0x1",
        ("A", "B", "C"),
        ("EQUITY", "EQUITY", "BOND"),
        (100 * DOLLAR,) * 3,
        (4_000, 2_000, 4_000),
        (0,) * 3,
        (10_000,) * 3,
    )
    (advice,) = view([], [part], [], [], {"EQUITY": 7_500, "BOND": 2_500}).advice
    assert advice.targets == (5_000, 2_500, 2_500)


@given(
    st.lists(st.integers(0, 10**6), min_size=3, max_size=3),
    st.lists(st.integers(0, 10**6), min_size=3, max_size=3),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_advice__for_any_household__then_feasible_exactly_when_the_whole_matches(
    inside: list[int], outside: list[int], first: int, second: int
) -> None:
    low, high = sorted((first, second))
    target = dict(zip(GROUPS, (low, high - low, 10_000 - high), strict=True))
    part = vault(*inside) if sum(inside) else None
    if part is None:
        return
    (advice,) = view(elsewhere(**dict(zip(GROUPS, outside, strict=True))), [part], [], [], target).advice
    whole = (sum(inside) + sum(outside)) * DOLLAR
    assert sum(advice.targets) == 10_000
    desired = [weight * whole - 10_000 * held * DOLLAR for weight, held in zip(target.values(), outside, strict=True)]
    # what is less than a hundredth of a basis point of the vault off does not count
    assert (not advice.reasons) is all(100 * -each <= sum(inside) * DOLLAR for each in desired)
    if not advice.reasons:
        for weight, value in zip(advice.targets, desired, strict=True):
            assert abs(weight * sum(inside) * DOLLAR - value) <= 2 * sum(inside) * DOLLAR
