"""A page of tables and pictures in the style of `report.html`, for what is no run of one vault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from controller.errors import MissingExtraError
from controller.report.files import rendered, write_page


@dataclass(frozen=True, slots=True)
class SheetTable:
    """The first cell of a row names it."""

    title: str
    note: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """The text of an SVG file, see `report.figure`, and what it shows."""

    note: str
    svg: str


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    subtitle: str
    paragraphs: Sequence[str]
    tables: Sequence[SheetTable]
    pictures: Sequence[Picture]
    footer: str = ""


def write_sheet(path: Path, sheet: Sheet) -> None:
    """Writes the page whole or not at all; it loads nothing.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    StorageError
        When the file cannot be written; an older one is then untouched.
    """
    try:
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("report", "jinja2") from error
    pictures = [Picture(one.note, Markup(one.svg)) for one in sheet.pictures]  # noqa: S704 our own drawing, escaped there
    write_page(path, rendered("sheet.html", sheet=replace(sheet, pictures=pictures)))
