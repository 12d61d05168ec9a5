"""From a profile to the target path of a mandate: its risk aversion says how much is at risk, its goals until when, its
exclusions of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from controller.errors import InputError, Mistake
from controller.model import Knot
from controller.planning.glide import knots
from controller.strategy.profile import YEAR, Profile, glide
from controller.wealth.household import rounded_weights


@dataclass(frozen=True, slots=True)
class Prescription:
    """What the mandate is to say."""

    assets: tuple[str, ...]  # those that are not excluded, in the mandate's order
    path: tuple[Knot, ...]
    years: int  # until the money is needed
    turnover: int | None  # {bps per year} sold at most; None: the mandate's own
    notes: tuple[str, ...]


def prescribe(
    profile: Profile, weights: Mapping[str, int], risky: Sequence[str], *, now: int, steps: int
) -> Prescription:
    """The path of a profile over the assets of a mandate.

    Parameters
    ----------
    weights : {bps} by asset as the mandate has them: how the assets at risk, and the others, are spread among
        themselves.
    risky : which of them are at risk, the stocks of the profile.
    now : {s} at which it begins.
    steps : parts of the glide.

    Raises
    ------
    InputError
        When an asset is not in the mandate, or what is left are not assets of both kinds.
    """
    excluded = {each.token for each in profile.exclusions}
    assets = tuple(asset for asset in weights if asset not in excluded)
    mistakes = [Mistake(asset, "is not in the mandate") for asset in risky if asset not in weights]
    for kind, own in (("at risk", set(assets) & set(risky)), ("safe", set(assets) - set(risky))):
        if not own:
            mistakes.append(Mistake("mandate", f"no asset that is {kind} is left; the profile needs one"))
    if mistakes:
        raise InputError("The profile does not fit the mandate.", "Name the assets at risk: --risky.", tuple(mistakes))
    years, notes = _years(profile, now)
    answers = replace(profile.answers, years=years)
    points = glide(replace(profile, answers=answers), now, steps if years else 1)
    mixes = [
        rounded_weights([(weights[asset] or 1) if (asset in risky) is side else 0 for asset in assets])
        for side in (True, False)
    ]
    unknown = sorted(excluded - set(weights))
    if unknown:
        notes.append(f"{', '.join(unknown)} is excluded, and not in the mandate anyway")
    kept = [name for name, until in profile.tax.keep if name in assets and until > now]
    if kept:
        notes.append(
            f"no mandate keeps {', '.join(kept)} from being sold: evenkeel profile strategy and tax plan --profile do"
        )
    if profile.tax.method:
        notes.append(f"lot method {profile.tax.method}: in force from when evenkeel tax rule is declared on chain")
    if profile.tax.residence:
        notes.append(f"tax residence {profile.tax.residence}: reports by evenkeel tax report, which is no advice")
    return Prescription(assets, knots(points, *mixes), years, profile.tax.turnover, tuple(notes))


def _years(profile: Profile, now: int) -> tuple[int, list[str]]:
    """Whole years until the last goal; those of the questions where there is none."""
    if not profile.goals:
        return profile.answers.years, []
    last = max(profile.goals, key=lambda goal: goal.at)
    years = max((last.at - now) // YEAR, 0)
    if years == profile.answers.years:
        return years, []
    return years, [
        f"the last goal, {last.name}, is {years} years away: that counts, not the {profile.answers.years} years"
    ]
