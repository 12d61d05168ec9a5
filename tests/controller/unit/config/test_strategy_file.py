"""What a strategy file may say, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.config import catalogue, strategy_file, strategy_template
from controller.errors import InputError
from controller.planning.slicing import Slicing
from controller.planning.worth import Worth
from controller.strategy.fixed import FixedTargets
from controller.strategy.optimised import Optimised
from controller.strategy.profile import Answers, Exclusion, Profile, TaxHints, assess
from controller.units import D18

OWN = """
name = "Own"
[strategy]
method = "test_strategy_file:Halves"
first = 6_000
"""
RULES = """
[rule]
risk_aversion = 2.5
volatility = "15%"
[slices]
interval = "1 hour"
half_life = "6 hours"
"""


@dataclass(frozen=True)
class Halves:
    """A strategy of one's own."""

    first: int

    def target(self, snapshot: object, past: object) -> tuple[int, ...]:
        return self.first, 10_000 - self.first


class Loose:
    def __init__(self, only: int) -> None:
        self.only = only


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)


def mistakes(source: str) -> dict[str, str]:
    with pytest.raises(InputError) as raised:
        strategy_file.parse(source.encode())
    return {mistake.where: mistake.what for mistake in raised.value.mistakes}


def test_parse__a_strategy_of_ones_own__then_it_decides() -> None:
    built = strategy_file.parse(OWN.encode()).build(["A", "B"])
    assert built.target(None, None) == (6_000, 4_000)  # type: ignore[arg-type]  # it looks at neither


def test_parse__the_mandates_own_targets__then_no_parameters() -> None:
    source = 'name = "Fixed"\n[strategy]\nmethod = "fixed"\n'
    assert isinstance(strategy_file.parse(source.encode()).build(["A"]), FixedTargets)
    assert mistakes(source + "window = 3\n") == {"strategy.window": "is no parameter of fixed; it takes none"}


def test_hash__the_same_said_in_another_order__then_equal() -> None:
    one = strategy_file.parse((OWN + RULES).encode()).hash
    other = strategy_file.parse((OWN.replace("first = 6_000", "first = 6000  # so much") + RULES).encode()).hash
    assert one == other != strategy_file.parse(OWN.encode()).hash


def test_terms__of_rule_and_slices__then_integers_of_the_plan() -> None:
    terms = strategy_file.parse((OWN + RULES).encode()).terms(2, 5, 3)
    assert terms.worth == Worth(25 * D18 // 10, ((15**2 * D18 // 10**4, 0), (0, 15**2 * D18 // 10**4)), 90 * 86_400)
    assert isinstance(terms.slicing, Slicing)
    assert terms.slicing.interval == 3_600
    assert terms.slicing.urgency / D18 == pytest.approx(0.6931471805599453 / (6 * 3_600), rel=1e-12)
    assert (terms.plan_cost, terms.trade_cost) == (5, 3)
    bare = strategy_file.parse(OWN.encode()).terms(2)
    assert (bare.worth, bare.slicing) == (None, None)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ('method = "test_strategy_file:Halves"', {"strategy.first": "Field required"}),
        (
            'method = "test_strategy_file:Halves"\nfirst = "much"',
            {"strategy.first": "Input should be a valid integer, unable to parse string as an integer"},
        ),
        ('method = "test_strategy_file:None_"', None),
        ('method = "fixd"', {"strategy.method": "'fixd' is unknown; did you mean fixed?"}),
        ("first = 3", {"strategy.method": 'is missing, for example method = "mean_variance"'}),
        ('method = "test_strategy_file:Loose"\nother = 1', None),
    ],
)
def test_parse__a_strategy_that_cannot_be_made__then_said_at_its_key(table: str, found: dict[str, str] | None) -> None:
    said = mistakes(f'name = "X"\n[strategy]\n{table}\n')
    assert said == found if found else len(said) == 1


def test_parse__many_mistakes__then_all_of_them() -> None:
    said = mistakes(
        '[strategy]\nmethod = "fixed"\n[past]\nwindow = 1\nevry = "1 day"\n[rule]\nvolatility = 15\n'
        '[slices]\ninterval = "0 days"\n[constraints]\nexclud = []\n'
    )
    assert set(said) == {
        "name",
        "past.window",
        "past.evry",
        "rule.risk_aversion",
        "rule.volatility",
        "slices.interval",
        "constraints.exclud",
    }
    assert said["past.evry"].endswith("did you mean every?")


def test_parse__neither_or_both_ways_to_decide__then_said() -> None:
    assert set(mistakes('name = "X"\n')) == {"file"}
    assert set(mistakes(OWN + '[optimiser]\nmethod = "equal_weight"\n')) == {"file"}


ADA = Profile(
    'Ada "of old"',
    Answers(2_000, 400, 6_000, 500, 20),
    exclusions=(Exclusion("COAL", "climate"), Exclusion("OIL", "")),
    tax=TaxHints("US", "hifo", 2_000, (("GOLD", 1_900_000_000), ("LAND", 1_900_000_000))),
)


def test_by_profile__then_a_file_that_decides_by_its_risk_exclusions_and_what_it_keeps() -> None:
    symbols = ["EQUITY", "COAL", "GOLD"]
    text = strategy_template.by_profile(ADA, symbols)
    file = strategy_file.parse(text.encode())
    assert ADA.hash.hex() in text
    assert file.table.name == ADA.name
    built = file.build(symbols)
    assert isinstance(built, Optimised)
    assert built.constraints is not None
    assert built.constraints.excluded == {1}
    assert built.keep == ((2, 1_900_000_000),)
    aversion = assess(ADA.answers).aversion
    assert built.optimiser.risk_aversion == pytest.approx(aversion, abs=0.005)  # type: ignore[attr-defined]
    worth = file.terms(3).worth
    assert worth is not None
    assert worth.aversion / D18 == pytest.approx(aversion, abs=0.005)


def test_keep__of_what_is_excluded_or_not_held__then_said() -> None:
    source = strategy_template.by_profile(ADA, ["COAL", "GOLD"])
    said = mistakes(source.replace('["COAL"]', '["COAL", "GOLD"]'))
    assert said == {"constraints.keep.GOLD": "is to be kept, and excluded as well"}
    with pytest.raises(InputError, match="GOLD, which the vault does not hold"):
        strategy_file.parse(source.encode()).build(["COAL", "EQUITY"])


def test_parse__what_a_library_has__then_wrapped_for_our_protocols() -> None:
    source = """
name = "Theirs"
[optimiser]
method = "skfolio.optimization:NestedClustersOptimization"
[returns]
method = "skfolio.moments:ShrunkMu"
[covariance]
method = "skfolio.moments:GerberCovariance"
"""
    built = strategy_file.parse(source.encode()).build(["A", "B", "C"])
    assert isinstance(built, Optimised)
    assert type(built.optimiser.optimiser).__name__ == "NestedClustersOptimization"  # type: ignore[attr-defined]
    wrong = source.replace("skfolio.moments:GerberCovariance", "fractions:Fraction")
    assert mistakes(wrong) == {"covariance.method": "Fraction has neither covariance nor fit"}


def test_load__no_file__then_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        strategy_file.load(tmp_path / "none.toml")


@pytest.mark.parametrize("names", [catalogue.COVARIANCES, catalogue.RETURNS])
def test_catalogue__every_estimator__then_it_is_there_under_its_name(names: dict[str, str]) -> None:
    for method in names:
        made = catalogue.make(names, "t", method, {"half_life": 20.0} if method == "exponential" else {})
        assert not isinstance(made, list), made
