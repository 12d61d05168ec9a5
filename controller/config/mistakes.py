"""What pydantic finds wrong with a file of tables, in words that say what to do."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.errors import InputError, Mistake

T = TypeVar("T", bound=BaseModel)

_WANTED: Final = {
    "string_type": "text in quotes",
    "list_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
    "int_type": "a whole number without quotes",
    "float_type": "a number without quotes",
    "bool_type": "true or false",
    "too_short": "a list with something in it",
}


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of file."""

    what: str  # "profile" of "The profile file has mistakes."
    root: type[BaseModel]
    tables: Mapping[str, type[BaseModel]]  # by their names in the file
    examples: Mapping[str, str]  # by key


def read(source: bytes, form: Form) -> dict[str, Any]:
    """The document, whatever it says.

    Raises
    ------
    InputError
        When it is no TOML.
    """
    try:
        return tomllib.loads(source.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        mistake = Mistake("file", str(error))
        raise InputError(f"The {form.what} file is no TOML text.", "Correct what is named.", (mistake,)) from None


def validate(table: type[T], document: Mapping[str, Any], form: Form, mistakes: list[Mistake]) -> T | None:
    """The document as the form wants it; None with every one of its `mistakes` noted."""
    try:
        return table.model_validate(document)
    except ValidationError as error:
        mistakes += [mistake(item, form) for item in error.errors(include_url=False)]
        return None


def parse(source: bytes, form: Form, table: type[T], together: Callable[[T], Iterable[Mistake]]) -> T:
    """The file as the form wants it; `together` finds what no key alone shows.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    mistakes: list[Mistake] = []
    file = validate(table, read(source, form), form, mistakes)
    if file is not None:
        mistakes += together(file)
    if file is None or mistakes:
        raise refuse(form, mistakes)
    return file


def refuse(form: Form, mistakes: Sequence[Mistake]) -> InputError:
    return InputError(f"The {form.what} file has mistakes.", "Correct them and try again.", tuple(mistakes))


def mistake(item: ErrorDetails, form: Form) -> Mistake:
    """What pydantic found at one key."""
    location, kind = item["loc"], item["type"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    key = str(location[-1]) if location else "file"
    if kind == "missing":
        example = f", for example {key} = {form.examples[key]}" if key in form.examples else f"; write [{key}]"
        return Mistake(where, f"is missing{example}")
    if kind == "extra_forbidden":
        return Mistake(where, f"is no key of a {form.what} file{_suggestion(key, location, form)}")
    if kind == "value_error":
        return Mistake(where or "file", str(item["ctx"]["error"]))
    if kind == "literal_error":
        return Mistake(where, f"is {item['input']!r}, must be {item['ctx']['expected']}")
    return Mistake(where or "file", f"must be {_WANTED.get(kind, item['msg'])}")


def _suggestion(key: str, location: Sequence[int | str], form: Form) -> str:
    inside = [part for part in location[:-1] if part in form.tables]
    table = form.tables[str(inside[-1])] if inside else form.root
    near = get_close_matches(key, table.model_fields, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    home = [name for name, other in form.tables.items() if key in other.model_fields]
    return f" here; it belongs under [{home[0]}]" if home else f"; known here are {', '.join(table.model_fields)}"
