"""What tax laws make of gains: each jurisdiction in a file of its own, each rule with its source and the day it was
known."""

from __future__ import annotations

from controller.errors import UsageError
from controller.tax.laws import germany, united_kingdom, united_states
from controller.tax.laws.law import Law

LAWS = {law.code: law for law in (united_states.LAW, united_kingdom.LAW, germany.LAW)}
US = united_states.LAW.code
_RESIDENCES = {"US": US, "GB": united_kingdom.LAW.code, "DE": germany.LAW.code}


def law_of(code: str) -> Law:
    """A jurisdiction by its code.

    Raises
    ------
    UsageError
        When there is none of that code.
    """
    if code not in LAWS:
        known = ", ".join(f"{law.code} ({law.name})" for law in LAWS.values())
        raise UsageError(f"The jurisdiction {code!r} is not known.", f"Known: {known}.")
    return LAWS[code]


def code_of_residence(country: str) -> str:
    """The jurisdiction of who lives in a country, by its two letters.

    Raises
    ------
    UsageError
        When none is known here.
    """
    if country not in _RESIDENCES:
        known = ", ".join(_RESIDENCES)
        raise UsageError(f"No law of the residence {country} is known here.", f"Known: {known}. Or name one: -j us.")
    return _RESIDENCES[country]
