"""Options that several commands share, gathered in dataclasses: typer wants every option as a parameter of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def gathered(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with each parameter that is a dataclass replaced by that dataclass's fields, in their order."""
    given = inspect.signature(command, eval_str=True).parameters
    parts: dict[str, Any] = {name: one.annotation for name, one in given.items() if is_dataclass(one.annotation)}
    spread = [
        option
        for name, one in given.items()
        for option in (_options(parts[name]) if name in parts else [one.replace(kind=inspect.Parameter.KEYWORD_ONLY)])
    ]

    def run(**values: Any) -> Any:
        whole = {name: kind(**{one.name: values.pop(one.name) for one in fields(kind)}) for name, kind in parts.items()}
        return command(**whole, **values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in spread}
    run.__signature__ = inspect.Signature(spread)  # type: ignore[attr-defined]  # what inspect.signature looks at first
    return run


def _options(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if one.default is MISSING else one.default,
            annotation=hints[one.name],
        )
        for one in fields(kind)
    ]
