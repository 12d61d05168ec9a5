"""A mandate file as it stands, without a network: for what only needs its weights and rules."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from controller.config.mandate_file import Deployed, parse
from controller.config.networks import Token
from controller.model import ZERO_ADDRESS, Mandate, Roles, Sequencer

_NOBODY = Roles(ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, ())


@dataclass(frozen=True, slots=True)
class Outline:
    """The mandate of a file, its tokens unknown.

    Parameters
    ----------
    names : of the assets, as the file has them.
    mandate : its addresses stand for nothing.
    """

    names: tuple[str, ...]
    mandate: Mandate


def outline(source: bytes) -> Outline:
    """Reads and checks a mandate file; every token that it names is taken for a good one.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    names = _names(source)
    tokens = {
        name: Token(address=f"0x{number:040x}", decimals=18, feed=f"0x{number + 2**32:040x}", feed_decimals=8)
        for number, name in enumerate(names, start=1)
    }
    parsed = parse(source, tokens, Deployed(ZERO_ADDRESS, (), Sequencer()), roles=_NOBODY)
    return Outline(names, parsed.mandate)


def _names(source: bytes) -> tuple[str, ...]:
    """Whatever can be read; what cannot is `parse`'s to say."""
    try:
        assets = tomllib.loads(source.decode()).get("assets")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return ()
    rows = assets if isinstance(assets, list) else []
    names = (row.get("token") for row in rows if isinstance(row, dict))
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))
