"""What is wrong with one key of a mandate file, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from controller.config.mandate_tables import EXAMPLES, LISTED, MAX_ASSETS, MAX_KNOTS, MIN_ASSETS, TABLES, FileTable
from controller.errors import Mistake

_WANTED = {
    "string_type": "text in quotes",
    "list_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
    "int_type": "a whole number without quotes",
}


def mistake(item: ErrorDetails, document: Mapping[str, Any]) -> Mistake:
    """What pydantic found."""
    location, key = item["loc"], str(item["loc"][-1])
    at, kind = where(location, document), item["type"]
    if kind == "missing":
        return Mistake(at, f"is missing{_example(key)}")
    if kind == "extra_forbidden":
        return Mistake(at, f"is no key of a mandate file{_suggestion(key, location)}")
    if kind == "value_error":
        return Mistake(at, str(item["ctx"]["error"]))
    if kind == "literal_error":
        return Mistake(at, f"is {item['input']!r}, must be {item['ctx']['expected']}")
    if kind in ("too_short", "too_long"):
        many = f"{MIN_ASSETS} to {MAX_ASSETS}" if key == "assets" else f"1 to {MAX_KNOTS}"
        return Mistake(at, f"has {len(document[key])} of them, a vault holds {many}")
    return Mistake(at, f"must be {_WANTED.get(kind, item['msg'])}")


def where(location: Sequence[int | str], document: Mapping[str, Any]) -> str:
    """``trigger.band``, ``assets[2].weight (GOLD)``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    if len(location) > 1 and location[0] == "assets" and isinstance(location[1], int):
        row = document["assets"][location[1]]
        return f"{path} ({row['token']})" if isinstance(row, dict) and isinstance(row.get("token"), str) else path
    return path


def heading(table: str) -> str:
    """A table as a file writes it."""
    return f"[[{table}]]" if table in LISTED else f"[{table}]"


def _example(key: str) -> str:
    if key in EXAMPLES:
        return f", for example {key} = {EXAMPLES[key]}"
    return f"; write {heading(key)}{' for each asset' if key == 'assets' else ''}"


def _suggestion(key: str, location: Sequence[int | str]) -> str:
    inside = [part for part in location[:-1] if part in TABLES]
    table = TABLES[str(inside[-1])] if inside else FileTable
    near = get_close_matches(key, table.model_fields, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    home = [name for name, other in TABLES.items() if key in other.model_fields]
    if home:
        return f" here; it belongs under {heading(home[0])}"
    return f"; known here are {', '.join(table.model_fields)}"
