"""Estimators and optimisers by the names of a strategy file, and anybody's own by ``package.module:Class``.

Nothing of it is imported before it is asked for: most of it needs the extra `research`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from controller.errors import Mistake

_HERE: Final = "controller.strategy"
RETURNS: Final = {
    "historical": f"{_HERE}.returns:Historical",
    "exponential": f"{_HERE}.returns:Exponential",
    "momentum": f"{_HERE}.returns:Momentum",
    "james_stein": f"{_HERE}.returns:JamesStein",
    "bayes_stein": f"{_HERE}.returns:BayesStein",
}
COVARIANCES: Final = {
    "sample": f"{_HERE}.covariance:Sample",
    "exponential": f"{_HERE}.covariance:Exponential",
    "semi": f"{_HERE}.covariance:SemiCovariance",
    "ledoit_wolf": f"{_HERE}.covariance:LedoitWolf",
    "oas": f"{_HERE}.covariance:Oas",
    "denoised": f"{_HERE}.covariance:Denoised",
    "stress_switch": f"{_HERE}.covariance:StressSwitch",
}
OPTIMISERS: Final = {
    "mean_variance": f"{_HERE}.optimisers.mean_variance:MeanVariance",
    "minimum_variance": f"{_HERE}.optimisers.mean_variance:MinimumVariance",
    "target_return": f"{_HERE}.optimisers.mean_variance:TargetReturn",
    "target_risk": f"{_HERE}.optimisers.mean_variance:TargetRisk",
    "robust_mean_variance": f"{_HERE}.optimisers.mean_variance:RobustMeanVariance",
    "maximum_sharpe": f"{_HERE}.optimisers.ratio:MaximumSharpe",
    "maximum_diversification": f"{_HERE}.optimisers.ratio:MaximumDiversification",
    "risk_budgeting": f"{_HERE}.optimisers.risk:RiskBudgeting",
    "equal_weight": f"{_HERE}.optimisers.risk:EqualWeight",
    "inverse_volatility": f"{_HERE}.optimisers.risk:InverseVolatility",
    "hierarchical_risk_parity": f"{_HERE}.optimisers.hierarchical:HierarchicalRiskParity",
    "minimum_cvar": f"{_HERE}.optimisers.tail:MinimumCVaR",
    "kelly": f"{_HERE}.optimisers.tail:KellyGrowth",
    "chosen_holdings": f"{_HERE}.optimisers.genetic:ChosenHoldings",
}
_PROTOCOLS: Final = {
    "returns": ("mean", f"{_HERE}.returns:FromLibrary"),
    "covariance": ("covariance", f"{_HERE}.covariance:FromLibrary"),
    "optimiser": ("solve", f"{_HERE}.optimisers.library:FromLibrary"),
}
"""By kind, the method that its protocol asks for, and what makes one of a library's estimator."""
STRATEGIES: Final = {"fixed": f"{_HERE}.fixed:FixedTargets"}


def make(names: Mapping[str, str], table: str, method: str, parameters: Mapping[str, Any]) -> Any | list[Mistake]:
    """What a table of a file names, made with its parameters; or what is wrong with them.

    Parameters
    ----------
    names : the catalogue of that table.
    method : one of them, or ``package.module:Class``.
    """
    place = names.get(method, method)
    module, separator, name = place.partition(":")
    if not separator:
        near = get_close_matches(method, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}, or your own package.module:Class"
        return [Mistake(f"{table}.method", f"{method!r} is unknown; {hint}")]
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        return [Mistake(f"{table}.method", f"{place} cannot be loaded: {error}")]
    if not is_dataclass(kind):
        return _called(kind, table, parameters)
    known = [each.name for each in fields(kind) if each.init]
    mistakes = [
        Mistake(f"{table}.{key}", f"is no parameter of {method}; it takes {', '.join(known) or 'none'}")
        for key in parameters
        if key not in known
    ]
    if mistakes:
        return mistakes
    try:
        return TypeAdapter(kind).validate_python(dict(parameters))
    except ValidationError as error:
        return [Mistake(f"{table}.{item['loc'][0]}", item["msg"]) for item in error.errors(include_url=False)]
    except PydanticUserError:  # it has a field of a type that pydantic does not know
        return _called(kind, table, parameters)


def adapted(key: str, table: str, made: Any) -> Any | list[Mistake]:
    """What `make` made, as what the protocol of its kind asks for: anything of scikit-learn's or skfolio's kind, which
    has `fit`, is wrapped.

    Parameters
    ----------
    key : returns, covariance or optimiser; anything else stays as it is.
    """
    if isinstance(made, list) or key not in _PROTOCOLS:
        return made
    wanted, wrapper = _PROTOCOLS[key]
    if callable(getattr(made, wanted, None)):
        return made
    if not callable(getattr(made, "fit", None)):
        return [Mistake(f"{table}.method", f"{type(made).__name__} has neither {wanted} nor fit")]
    module, _, name = wrapper.partition(":")
    return getattr(import_module(module), name)(made)


def _called(kind: Any, table: str, parameters: Mapping[str, Any]) -> Any | list[Mistake]:
    """Of some classes only their own constructor knows what they take."""
    try:
        return kind(**parameters)
    except TypeError as error:
        return [Mistake(table, str(error))]
