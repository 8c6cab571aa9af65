"""The estimates of one programme as a table: those that count, and before against after, which does not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.effects import RateRatio, before_after
from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.networks import Effect
from phm_utils.topics.evaluation.trials import Trials
from phm_utils.topics.evaluation.users import fewest_users, users_before_and_after

LABELS = {
    "doubly_robust": "Doubly robust (headline)",
    "entropy_balance": "Entropy balance alone",
    "before_after": "Before and after, not evidence",
    "before_after_controls": "Before and after in people like them, no programme",
    "before_after_elsewhere": "Before and after in all eligible elsewhere, no programme",
    "negative_control": "Negative control",
}


@dataclass(frozen=True)
class Fit:
    """Differences between the groups, and the weights and estimates if there are any."""

    balance: pd.DataFrame
    weights: np.ndarray | None = None
    doubly_robust: Effect | None = None
    entropy: Effect | None = None
    negative: Effect | None = None


def effect_table(trials: Trials, programme: Intervention, fitted: Fit, reason: str) -> pd.DataFrame:
    """One row per estimator; figures are missing where a gate failed, never for before/after."""
    rows, enrolled, controls = trials.rows, trials.rows[trials.rows["treated"]], trials.rows[~trials.rows["treated"]]
    found: dict[str, RateRatio | Effect | None] = {"doubly_robust": None, "entropy_balance": None}
    if not reason:
        found |= {"doubly_robust": fitted.doubly_robust, "entropy_balance": fitted.entropy}
    found["before_after"] = _before_after(enrolled, programme, None)
    # Weights that failed a gate are not used: then everybody eligible elsewhere is compared.
    like, weights = ("elsewhere", None) if reason else ("controls", fitted.weights)
    found[f"before_after_{like}"] = _before_after(controls, programme, weights)
    if fitted.negative and not reason:
        found["negative_control"] = fitted.negative
    users = dict.fromkeys(found, fewest_users(rows))
    users |= {
        "before_after": users_before_and_after(enrolled),
        f"before_after_{like}": users_before_and_after(controls),
    }
    if "negative_control" in found:
        users["negative_control"] = fewest_users(rows, "negative")
    people = {
        "treated": len(rows) - len(controls),
        "control_people": controls["person"].nunique(),
        "control_months": len(controls),
    }
    lines = []
    for position, (name, result) in enumerate(found.items(), 1):
        evidence = name in ("doubly_robust", "entropy_balance")
        shown = {"position": position, "estimator": name, "label": LABELS[name], "evidence": evidence}
        figures = _figures(result) | people | {"users": users[name], "reason": reason if evidence else ""}
        lines.append(shown | figures)
    return pd.DataFrame(lines)


def _figures(result: RateRatio | Effect | None) -> dict[str, float]:
    """The columns of one estimate: with networks where they were allowed for, with people alone for before/after."""
    none = dict.fromkeys(["rate_ratio", "lower", "upper", "log_se", "expected", "tau", "overturning_tau"], np.nan)
    none |= {"people_lower": np.nan, "people_upper": np.nan, "events": 0, "networks": 0, "control_networks": 0}
    if result is None:
        return none
    if isinstance(result, RateRatio):
        return none | vars(result) | {"people_lower": result.lower, "people_upper": result.upper}
    people, networks = result.people, result.networks
    return vars(people) | {
        "lower": networks.lower, "upper": networks.upper, "people_lower": people.lower, "people_upper": people.upper,
        "tau": networks.tau, "overturning_tau": networks.overturning_tau, "networks": result.treated_networks,
        "control_networks": networks.controls,
    }  # fmt: skip


def _before_after(rows: pd.DataFrame, programme: Intervention, weights: np.ndarray | None) -> RateRatio | None:
    try:
        return before_after(
            rows["before"].to_numpy(float),
            np.full(len(rows), float(programme.follow_up_months)),
            rows["events"].to_numpy(float),
            rows["exposure"].to_numpy(float),
            rows["person"].to_numpy(int),
            weights=weights,
        )
    except InputError:
        return None  # nobody, or no events
