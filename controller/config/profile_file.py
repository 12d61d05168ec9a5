"""The profile file: TOML in which a person chooses, every mistake reported at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from controller.config import mistakes as wrong
from controller.config import quantities
from controller.config.files import read_file
from controller.errors import Mistake
from controller.strategy.profile import Answers, Exclusion, Goal, Market, Profile, TaxHints
from controller.units import BPS


def _between(low: int, high: int, words: str) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"must be {words}")
        return value

    return AfterValidator(check)


def _country(value: str) -> str:
    if not (len(value) == len("GB") and value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError(f'{value!r} is no country; write its two letters, "GB"')
    return value


Share = Annotated[int, BeforeValidator(quantities.share)]
Ratio = Annotated[int, BeforeValidator(quantities.ratio)]
Moment = Annotated[int, BeforeValidator(quantities.moment)]
Money = Annotated[int, BeforeValidator(quantities.money)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class QuestionsTable(Table):
    """The five questions; what each answer implies stands in controller/strategy/profile.py."""

    bad_year: Annotated[Share, _between(100, 9_000, "1% to 90%")]
    fee: Annotated[Share, _between(10, 1_900, "0.1% to 19%")]
    stocks: Annotated[Share, _between(100, BPS, "1% to 100%")]
    savings: Annotated[Ratio, _between(0, 10 * BPS, "0% to 1000%")]
    years: Annotated[int, Field(strict=True), _between(0, 80, "0 to 80 years")]


class MarketTable(Table):
    """Numbers as a person estimates them, in parts of one."""

    sharpe: Annotated[float, Field(gt=0, le=1.5)] = Market().sharpe
    volatility: Annotated[float, Field(gt=0, le=1)] = Market().volatility
    rate: Annotated[float, Field(ge=0, le=0.2)] = Market().rate


class GoalTable(Table):
    name: Annotated[str, Field(min_length=1)]
    amount: Money
    at: Moment


class ExclusionTable(Table):
    token: Annotated[str, Field(min_length=1)]
    reason: str = ""


class TaxTable(Table):
    residence: Annotated[str, AfterValidator(_country)] | None = None
    method: str = ""
    turnover: Ratio | None = None
    keep: dict[str, Moment] = Field(default_factory=dict)


class FileTable(Table):
    name: Annotated[str, Field(min_length=1)]
    questions: QuestionsTable
    market: MarketTable = MarketTable()
    goals: list[GoalTable] = Field(default_factory=list)
    exclusions: list[ExclusionTable] = Field(default_factory=list)
    tax: TaxTable = TaxTable()


FORM: Final = wrong.Form(
    "profile",
    FileTable,
    {
        "questions": QuestionsTable,
        "market": MarketTable,
        "goals": GoalTable,
        "exclusions": ExclusionTable,
        "tax": TaxTable,
    },
    {
        "name": '"Ada"', "bad_year": '"20%"', "fee": '"4%"', "stocks": '"60%"', "savings": '"5%"', "years": "20",
        "amount": '"500000 USD"', "at": "2046-01-01", "token": '"COAL"',
    },
)  # fmt: skip

QUESTIONS: Final = {
    "bad_year": "The largest loss that you could bear in one bad year of twenty, e.g. 20%",
    "fee": "What you would pay, of everything, to be spared an even chance of 20% more or 20% less, e.g. 4%",
    "stocks": "The share of stocks that feels right for everything you own, e.g. 60%",
    "savings": "What you add every year until you need the money, of today's portfolio, e.g. 5%",
    "years": "Years until you need the money, e.g. 20",
}
"""In the order in which they are asked."""

_TEMPLATE: Final = """\
# Everything that a person chose. What follows from it: evenkeel profile show FILE
name = {name}

[questions]                     # how each is scored stands in docs/STRATEGIES.md, "Personal"
bad_year = {bad_year}                # the largest loss that is bearable in one bad year of twenty
fee = {fee}                      # of everything, paid to be spared an even chance of 20% more or 20% less
stocks = {stocks}                  # the share of stocks that feels right for everything
savings = {savings}                  # of today's portfolio that is added every year until the money is needed
years = {years}                      # until the money is needed

# [market]                      # what the scores assume of stocks, a year
# sharpe = 0.35                 # expected excess return by volatility
# volatility = 0.16
# rate = 0.02                   # real and safe

# [[goals]]
# name = "House"
# amount = "500000 USD"
# at = 2046-01-01

# [[exclusions]]                # never held, whatever it would earn
# token = "COAL"
# reason = "climate"

# [tax]                         # hints that a strategy may take as constraints; nothing here computes a tax
# residence = "GB"
# method = "fifo"               # which lots a sale uses
# turnover = "20%"              # of the portfolio that is sold in a year, at most
# keep = {{GOLD = 2027-01-01}}    # not to be sold before
"""


def load(path: Path) -> Profile:
    """Reads the profile file at `path`; raises as `parse`, and when it cannot be read."""
    return parse(read_file(path))


def parse(source: bytes) -> Profile:
    """Reads a profile file.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    document = wrong.read(source, FORM)
    mistakes: list[Mistake] = []
    file = wrong.validate(FileTable, document, FORM, mistakes)
    mistakes += _together(document)
    if file is None or mistakes:
        raise wrong.refuse(FORM, mistakes)
    questions, market, tax = file.questions, file.market, file.tax
    return Profile(
        name=file.name,
        answers=Answers(questions.bad_year, questions.fee, questions.stocks, questions.savings, questions.years),
        market=Market(market.sharpe, market.volatility, market.rate),
        goals=tuple(Goal(goal.name, goal.amount, goal.at) for goal in file.goals),
        exclusions=tuple(Exclusion(each.token, each.reason) for each in file.exclusions),
        tax=TaxHints(tax.residence or "", tax.method, tax.turnover, tuple(sorted(tax.keep.items()))),
    )


def render(name: str, answers: Mapping[str, str]) -> str:
    """A commented file with the answers to the `QUESTIONS`; `parse` says what is wrong with them."""
    texts = {key: json.dumps(answer, ensure_ascii=False) for key, answer in answers.items() if key != "years"}
    years = answers["years"] if answers["years"].isdecimal() else json.dumps(answers["years"], ensure_ascii=False)
    return _TEMPLATE.format(name=json.dumps(name, ensure_ascii=False), years=years, **texts)


def _together(document: Mapping[str, Any]) -> Iterator[Mistake]:
    """What no key alone shows: a thing named twice, an asset both kept and excluded."""
    excluded = _names(document, "exclusions", "token")
    for table, key, names in (("exclusions", "token", excluded), ("goals", "name", _names(document, "goals", "name"))):
        for index, name in enumerate(names):
            if name in names[:index]:
                yield Mistake(f"{table}[{index}].{key}", f"names {name} a second time")
    tax = document.get("tax")
    keep = tax.get("keep") if isinstance(tax, dict) else None
    for name in keep if isinstance(keep, dict) else ():
        if name in excluded:
            yield Mistake(f"tax.keep.{name}", "is to be kept, and excluded as well; decide for one of them")


def _names(document: Mapping[str, Any], table: str, key: str) -> list[str]:
    rows = document.get(table)
    found = [row.get(key) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [name for name in found if isinstance(name, str)]
