"""A mandate file with other targets: its text is kept, comments too, but for the lines that must change."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*\[+\s*([A-Za-z_.]+)\s*\]+")


def rewrite(source: str, keep: Sequence[str], path: str, limits: Sequence[tuple[str, str]] = ()) -> str:
    """The file with the assets `keep`, in which the targets stand in `path`, tables of ``[[path]]``.

    Parameters
    ----------
    limits : keys and values of ``[limits]`` that take the place of its own.
    """
    sections = _sections(source)
    if limits and not any(_name(section) == "limits" for section in sections):
        sections.append(["[limits]"])
    kept = [
        _changed(section, limits)
        for section in sections
        if _name(section) != "path" and (_name(section) != "assets" or _token(section) in keep)
    ]
    return "\n".join("\n".join(section) for section in kept).rstrip() + "\n\n" + path


def _sections(source: str) -> list[list[str]]:
    """The lines before the first table, and those of each; comments right above a table belong to it."""
    sections: list[list[str]] = [[]]
    for line in source.splitlines():
        if _HEADER.match(line):
            above: list[str] = []
            while sections[-1] and sections[-1][-1].lstrip().startswith("#"):
                above.insert(0, sections[-1].pop())
            sections.append([*above, line])
        else:
            sections[-1].append(line)
    return sections


def _name(section: Sequence[str]) -> str:
    found = next((match for line in section if (match := _HEADER.match(line))), None)
    return found[1] if found else ""


def _token(section: Sequence[str]) -> str:
    found = next((match for line in section if (match := re.match(r'\s*token\s*=\s*"([^"]*)"', line))), None)
    return found[1] if found else ""


def _changed(section: list[str], limits: Sequence[tuple[str, str]]) -> list[str]:
    if _name(section) == "assets":
        return [line for line in section if not re.match(r"\s*weight\s*=", line)]
    if _name(section) == "limits" and limits:
        keys = "|".join(key for key, _ in limits)
        rest = [line for line in section if not re.match(rf"\s*(?:{keys})\s*=", line)]
        end = len(rest)
        while end and not rest[end - 1].strip():
            end -= 1
        return [*rest[:end], *(f'{key} = "{value}"' for key, value in limits), *rest[end:]]
    return section
