"""What other accounts hold: a CSV file, or a journal of beancount or hledger, read for its balances and prices.

Of a journal the plain core is understood: transactions with their postings, costs and prices, price directives. What
would change balances and is not understood here is named with its row, and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from controller.errors import InputError, Mistake
from controller.tax.prices import exact, read_rows

COLUMNS = ("account", "asset", "quantity", "price")
"""Of the CSV file; `price` {currency} of one, empty for the currency itself."""
_DATED = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2})(?:=\S+)?\s*(.*)")
_KEPT_OUT = {"pad", "include", "alias", "apply", "plugin", "~", "="}
"""Directives that change balances in ways that are not followed here."""
_NUMBER = r"[+-]?\s*(?:\d[\d,]*\.?\d*|\.\d+)"
_COMMODITY = r'(?:"[^"]+"|[^\W\d][\w.\'-]*|[$€£¥])'
_AMOUNT = re.compile(rf"(?:(?P<n1>{_NUMBER})\s*(?P<c1>{_COMMODITY})|(?P<c2>{_COMMODITY})\s*(?P<n2>{_NUMBER}))")
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}


@dataclass(frozen=True, slots=True)
class Amount:
    number: Fraction
    commodity: str


@dataclass
class Balances:
    """What a file comes to."""

    held: dict[tuple[str, str], Fraction] = field(default_factory=dict)  # by account and commodity
    rows: dict[tuple[str, str], str] = field(default_factory=dict)  # where each was last touched
    prices: dict[str, tuple[str, Amount]] = field(default_factory=dict)  # the latest by commodity, with its day

    def add(self, account: str, amount: Amount, where: str) -> None:
        key = account, amount.commodity
        self.held[key] = self.held.get(key, Fraction(0)) + amount.number
        self.rows[key] = where

    def quote(self, commodity: str, day: str, price: Amount) -> None:
        if commodity not in self.prices or self.prices[commodity][0] <= day:
            self.prices[commodity] = day, price


@dataclass(frozen=True, slots=True)
class Held:
    """One line of an account, in the household's currency."""

    account: str
    asset: str
    quantity: Fraction
    value: Fraction  # {currency}, below zero for what is owed


def read_account(source: bytes, name: str, currency: str) -> list[Held]:
    """The balances of a file, by the end of its name: ``.csv``, else a journal.

    Raises
    ------
    InputError
        With every row that cannot be read, and everything without a price.
    """
    balances = _read_csv(source, name, currency) if name.endswith(".csv") else read_journal(source, name)
    mistakes, found = [], []
    for (account, asset), quantity in balances.held.items():
        if not quantity or not _is_held(account, journal=not name.endswith(".csv")):
            continue
        price = Amount(Fraction(1), currency) if asset == currency else balances.prices.get(asset, ("", None))[1]
        if price is None or price.commodity != currency:
            mistakes.append(Mistake(balances.rows[account, asset], f"there is no price of {asset} in {currency}"))
            continue
        found.append(Held(account, asset, quantity, quantity * price.number))
    if mistakes:
        raise InputError(f"Prices are missing in {name}.", "Add them to the file.", tuple(mistakes))
    return found


def _is_held(account: str, *, journal: bool) -> bool:
    """Whether an account of a journal is something that one owns or owes."""
    return not journal or account.split(":")[0].lower() in ("assets", "liabilities")


def _read_csv(source: bytes, name: str, currency: str) -> Balances:
    balances, mistakes = Balances(), []
    for where, row in read_rows(source, name, COLUMNS):
        try:
            balances.add(row["account"], Amount(exact(row["quantity"]), row["asset"]), where)
            if row["price"].strip():
                balances.quote(row["asset"], "", Amount(exact(row["price"]), currency))
        except (ValueError, ZeroDivisionError):
            mistakes.append(Mistake(where, f"{row['quantity']} at {row['price']}: write numbers, 12.5"))
    if mistakes:
        raise InputError(f"{name} has mistakes.", f"Its first row: {','.join(COLUMNS)}", tuple(mistakes))
    return balances


# ---- journals


@dataclass(frozen=True, slots=True)
class _Posting:
    account: str
    amount: Amount | None  # None: whatever balances the transaction
    weight: Amount | None  # what it counts for in the balance; None: not known
    where: str


def read_journal(source: bytes, name: str) -> Balances:
    """Balances and prices of a journal.

    Raises
    ------
    InputError
        With every row that is not understood.
    """
    try:
        lines = source.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no text: {error}.") from None
    balances, mistakes = Balances(), []
    postings: list[_Posting] = []
    for number, line in enumerate([*lines, ""], start=1):
        where, text = f"{name}, row {number}", _uncommented(line)
        try:
            if line[:1] in (" ", "\t") and text.strip():
                posting = _posting(text.strip(), where, postings)
                postings += posting
                continue
            _close(postings, balances)
            postings = []
            if text:
                _directive(text, balances)
        except ValueError as error:
            mistakes.append(Mistake(where, str(error)))
            postings = []
    if mistakes:
        raise InputError(
            f"{name} is not understood everywhere.", "Correct the rows, or leave them out.", tuple(mistakes)
        )
    return balances


def _uncommented(line: str) -> str:
    """A line without its comment; whole lines of comments become empty."""
    if line[:1] in ("*", "#", "%", "|"):
        return ""
    outside, quoted = [], False
    for letter in line:
        quoted ^= letter == '"'
        if letter == ";" and not quoted:
            break
        outside.append(letter)
    return "".join(outside).rstrip()


def _directive(text: str, balances: Balances) -> None:
    """A line that begins at the margin."""
    word = text.split()[0]
    if word in _KEPT_OUT or text[0] in "~=":
        raise ValueError(f"{word} is not followed here")
    if word == "P":
        _, day, *rest = text.split(maxsplit=2)
        commodity, _, price = rest[0].partition(" ") if rest else ("", "", "")
        if re.match(r"\d{1,2}:\d{2}", commodity):
            commodity, _, price = price.strip().partition(" ")
        balances.quote(_name(commodity), _day(day), _amount(price.strip()))
        return
    dated = _DATED.fullmatch(text)
    if dated is None:
        return  # options, accounts, commodities: nothing that moves a balance
    kind, _, rest_ = dated[2].partition(" ")
    if kind in _KEPT_OUT:
        raise ValueError(f"{kind} is not followed here")
    if kind == "price":
        commodity, _, price = rest_.strip().partition(" ")
        balances.quote(_name(commodity), _day(dated[1]), _amount(price.strip()))


def _posting(text: str, where: str, before: Sequence[_Posting]) -> list[_Posting]:
    """A line below a transaction's first: a posting, or something that says nothing of balances."""
    if re.match(r"[a-z][\w-]*:(\s|$)", text) or text[0] in "#^":
        return []
    text = re.sub(r"^[*!]\s+", "", text)
    account, _, rest = re.sub(r"\s{2,}|\t+", "\0", text, count=1).partition("\0")
    if not rest and (single := re.fullmatch(r"([A-Z][\w:-]*)\s+(.*)", text)) and _AMOUNT.match(single[2]):
        account, rest = single[1], single[2]  # one space is enough for beancount
    if account[0] in "([":
        raise ValueError(f"the virtual posting {account} is not followed here")
    rest = rest.split("=")[0].strip()
    if not rest:
        if any(posting.amount is None for posting in before):
            raise ValueError("two postings of one transaction have no amount")
        return [_Posting(account, None, None, where)]
    found = _AMOUNT.match(rest)
    if found is None:
        raise ValueError(f"the amount {rest!r} is not understood")
    amount = _amount(found[0])
    return [_Posting(account, amount, _weight(amount, rest[found.end() :].strip()), where)]


def _weight(amount: Amount, rest: str) -> Amount | None:
    """What a posting counts for: at its cost, else at its price, else as it is; None for a cost that it does not
    say."""
    cost = re.search(r"\{\{?([^}]*)\}", rest)
    price = re.search(r"(@@?)\s*(.*)$", re.sub(r"\{.*\}", "", rest))
    said = _AMOUNT.search(cost[1]) if cost else None
    if cost and not said and not price:
        return None
    if said and not (price and '"' in rest.split("{")[0]):
        each = _amount(said[0])
        total = cost is not None and cost[0].startswith("{{")
        number = abs(each.number) * (1 if amount.number > 0 else -1) if total else amount.number * each.number
        return Amount(number, each.commodity)
    if price:
        each = _amount(price[2].strip())
        sign = 1 if amount.number > 0 else -1
        number = sign * each.number if price[1] == "@@" else amount.number * each.number
        return Amount(number, each.commodity)
    return amount


def _close(postings: Sequence[_Posting], balances: Balances) -> None:
    """A transaction is over: the posting without an amount gets what the others leave."""
    for posting in postings:
        if posting.amount is not None:
            balances.add(posting.account, posting.amount, posting.where)
    elided = next((posting for posting in postings if posting.amount is None), None)
    if elided is None:
        return
    others = [posting for posting in postings if posting is not elided]
    if any(posting.weight is None for posting in others):
        if _is_held(elided.account, journal=True):
            raise ValueError(f"the amount of {elided.account} rests on a cost that its transaction does not say")
        return
    for amount in _sums(posting.weight for posting in others if posting.weight is not None):
        balances.add(elided.account, Amount(-amount.number, amount.commodity), elided.where)


def _sums(weights: Iterator[Amount]) -> list[Amount]:
    sums: dict[str, Fraction] = {}
    for weight in weights:
        sums[weight.commodity] = sums.get(weight.commodity, Fraction(0)) + weight.number
    return [Amount(number, commodity) for commodity, number in sums.items() if number]


def _amount(text: str) -> Amount:
    found = _AMOUNT.match(text)
    if found is None:
        raise ValueError(f"the amount {text!r} is not understood")
    number, commodity = found["n1"] or found["n2"], found["c1"] or found["c2"]
    return Amount(Fraction(re.sub(r"[,\s]", "", number)), _name(commodity))


def _name(commodity: str) -> str:
    return _SYMBOLS.get(commodity, commodity.strip('"'))


def _day(text: str) -> str:
    """A day that sorts."""
    year, month, day = re.split(r"[-/.]", text)
    return f"{year}-{int(month):02d}-{int(day):02d}"
