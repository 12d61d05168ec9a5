"""Pages: made from the templates of this package, and on disk whole or not at all."""

from __future__ import annotations

import os
import secrets
from importlib import resources
from pathlib import Path
from typing import Any

from controller.errors import MissingExtraError, StorageError


def write_page(path: Path, text: str) -> None:
    """Writes a page whole or not at all.

    Raises
    ------
    StorageError
        When the file cannot be written; an older one is then untouched.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"The report cannot be written to {path}: {error.strerror or error}.",
            "Free some space or name another file.",
        ) from error


def rendered(template: str, **values: Any) -> str:
    """A page of this package's style; `values` are escaped unless they are `Markup`.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("report", "jinja2") from error
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=FunctionLoader(part)
    )
    style = Markup(part("page.css"))  # noqa: S704 a file of this package
    return environment.get_template(template).render(style=style, **values)


def part(name: str) -> str:
    """A file of this package that pages are made of."""
    return resources.files("controller.report").joinpath(name).read_text(encoding="utf-8")
