"""One programme's evaluation: balance, gates, effect, trend and return, as tables."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.effects import RateRatio, before_after, doubly_robust_rate_ratio, weighted_rate_ratio
from phm_utils.methods.weighting import entropy_balance, standardised_differences
from phm_utils.topics.evaluation import gates
from phm_utils.topics.evaluation.gates import Check
from phm_utils.topics.evaluation.interventions import HISTORY_MONTHS, Intervention
from phm_utils.topics.evaluation.panel import Panel
from phm_utils.topics.evaluation.returns import return_table
from phm_utils.topics.evaluation.trend import trend
from phm_utils.topics.evaluation.trials import Trials, build_trials
from phm_utils.topics.evaluation.users import fewest_users, users_before_and_after

MIN_TREATED = 10  # fewer cannot be balanced, nor shown
MIN_USERS = 10  # people of each group who had the outcome: fewer cannot carry a ratio
LABELS = {
    "doubly_robust": "Doubly robust (headline)",
    "entropy_balance": "Entropy balance alone",
    "before_after": "Before and after, not evidence",
    "before_after_controls": "Before and after in people like them, no programme",
    "before_after_elsewhere": "Before and after in all eligible elsewhere, no programme",
    "negative_control": "Negative control",
}
# Columns of every table, also for a programme without a result.
COLUMNS = {
    "effect": {
        "position": "int64", "estimator": "str", "label": "str", "evidence": "bool", "rate_ratio": "float64",
        "lower": "float64", "upper": "float64", "log_se": "float64", "events": "int64", "expected": "float64",
        "users": "int64", "treated": "int64", "control_people": "int64", "control_months": "int64", "reason": "str",
    },
    "check": {
        "position": "int64", "check_name": "str", "gate": "bool", "requirement": "str", "value": "float64",
        "passed": "bool", "sentence": "str",
    },
    "balance": {"position": "int64", "covariate": "str", "smd_before": "float64", "smd_after": "float64"},
    "trend": {"month": "int64", "people_group": "str", "rate": "float64", "events": "int64", "users": "int64",
              "people": "int64"},
    "people": {"pcn_code": "str", "step": "int64", "criterion": "str", "people": "int64"},
    "contacts": {
        "pcn_code": "str", "people": "int64", "before": "int64", "after": "int64", "before_people": "int64",
        "after_people": "int64", "months": "float64",
    },
    "return": {
        "position": "int64", "part": "str", "measure": "str", "definition": "str", "unit": "str",
        "value": "float64", "lower": "float64", "upper": "float64", "events": "int64",
        "users": "int64",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Fit:
    """Differences between the groups, and the weights and estimates if there are any."""

    balance: pd.DataFrame
    weights: np.ndarray | None = None
    doubly_robust: RateRatio | None = None
    entropy: RateRatio | None = None
    negative: RateRatio | None = None


def analyse(panel: Panel, programme: Intervention, unit_cost_gbp: float) -> dict[str, pd.DataFrame]:
    """The evaluation of one programme, fitted once for the whole ICS: the tables of `COLUMNS`, by name.

    Where a gate fails the effect, and what follows from it, is missing and
    `reason` gives the cause; before/after is still there.
    """
    everyone = build_trials(panel, programme)
    reason = _too_few(everyone, programme)
    trials = everyone if reason else everyone.with_controls()
    fitted, found = (Fit(pd.DataFrame()), []) if reason else _fit(everyone, trials, programme)
    reason = reason or _failed(found)
    effect = None if reason else fitted.doubly_robust
    tables = {
        "effect": _effects(trials, programme, fitted, reason),
        "check": _check_rows(found, _later_checks(fitted, programme, reason)),
        "balance": fitted.balance,
        "trend": trend(panel, trials, programme, None if reason else fitted.weights),
        "people": trials.flow,
        "contacts": _contacts(trials),
        "return": pd.DataFrame() if effect is None else return_table(effect, trials, programme, unit_cost_gbp),
    }
    return {name: typed(table, name) for name, table in tables.items()}


def typed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """A table with the columns and types of `COLUMNS`, empty or not.

    Rounded to six places: the last bits of a sum depend on the machine.
    """
    rounded = table.reindex(columns=list(COLUMNS[name])).astype(COLUMNS[name]).round(6)
    floats = rounded.select_dtypes("float64").columns
    rounded[floats] += 0.0  # no minus zero
    return rounded


def _too_few(trials: Trials, programme: Intervention) -> str:
    """Why nothing can be fitted; empty where it can."""
    treated = int(trials.rows["treated"].sum())
    if treated < MIN_TREATED:
        return (
            f"Fewer than {MIN_TREATED} people enrolled in {programme.title} could be analysed: they must be eligible "
            f"by the rule in the month of enrolment, with {HISTORY_MONTHS} months of history before it."
        )
    if treated == len(trials.rows):
        return f"No network is without a programme of the kind of {programme.title}, so there are no controls."
    return ""


def _fit(everyone: Trials, trials: Trials, programme: Intervention) -> tuple[Fit, list[Check]]:
    """Weights and estimates if the gates pass; the gates in order.

    trials: those of `everyone` in months that have controls.
    """
    found = [gates.overlap_gate(everyone, programme)]
    if not found[0].passed:
        return Fit(pd.DataFrame()), found
    balance, weights = _balance(trials)
    if weights is None:
        return Fit(balance), [*found, gates.impossible_balance(balance)]
    found += gates.weight_gates(trials, weights, balance, programme)
    try:
        treated, controls = trials.arms()
        headline = doubly_robust_rate_ratio(treated, controls, weights)
        entropy = weighted_rate_ratio(treated, controls, weights)
    except InputError:
        return Fit(balance, weights), [*found, gates.no_estimate()]
    if fewest_users(trials.rows) < MIN_USERS:
        return Fit(balance, weights), [*found, gates.few_users(MIN_USERS)]
    found.append(gates.power_gate(headline, programme))
    return Fit(balance, weights, headline, entropy, _negative(trials, weights)), found


def _balance(trials: Trials) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Differences between the groups before and after weighting, and the weights; None where there are none."""
    treated, controls = trials.arms()
    chosen = trials.rows["treated"]
    groups = trials.covariates[chosen], trials.covariates[~chosen]
    try:
        weights = entropy_balance(
            controls.covariates,
            treated.covariates,
            control_stratum=controls.stratum,
            treated_stratum=treated.stratum,
        )
        table = standardised_differences(*groups, weights)
    except InputError:
        weights = None
        table = standardised_differences(*groups, np.ones(len(controls))).assign(smd_after=np.nan)
    return table.assign(position=range(1, len(table) + 1)), weights


def _negative(trials: Trials, weights: np.ndarray) -> RateRatio | None:
    """The rate ratio of an outcome that the programme cannot change, where one is counted."""
    if "negative" not in trials.rows or fewest_users(trials.rows, "negative") < MIN_USERS:
        return None
    try:
        return doubly_robust_rate_ratio(*trials.arms("negative"), weights)
    except InputError:
        return None  # too few of these events to say anything


def _failed(found: Iterable[Check]) -> str:
    return " ".join(check.sentence for check in found if not check.passed)


def _later_checks(fitted: Fit, programme: Intervention, reason: str) -> list[Check]:
    if reason or fitted.doubly_robust is None or fitted.entropy is None:
        return []
    return gates.checks_of(fitted.doubly_robust, fitted.entropy, fitted.negative, programme)


def _check_rows(found: list[Check], later: list[Check]) -> pd.DataFrame:
    rows = [
        {"position": n, "check_name": c.name, "gate": n <= len(found), "requirement": c.requirement,
         "value": c.value, "passed": c.passed, "sentence": c.sentence}
        for n, c in enumerate([*found, *later], 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _effects(trials: Trials, programme: Intervention, fitted: Fit, reason: str) -> pd.DataFrame:
    """One row per estimator; figures are missing where a gate failed, never for before/after."""
    rows, enrolled, controls = trials.rows, trials.rows[trials.rows["treated"]], trials.rows[~trials.rows["treated"]]
    found: dict[str, RateRatio | None] = {"doubly_robust": None, "entropy_balance": None}
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
    nothing = {"rate_ratio": np.nan, "lower": np.nan, "upper": np.nan, "log_se": np.nan, "expected": np.nan}
    lines = []
    for position, (name, result) in enumerate(found.items(), 1):
        figures = nothing | {"events": 0} if result is None else vars(result)
        evidence = name in ("doubly_robust", "entropy_balance")
        shown = {"position": position, "estimator": name, "label": LABELS[name], "evidence": evidence}
        lines.append(shown | figures | people | {"users": users[name], "reason": reason if evidence else ""})
    return pd.DataFrame(lines)


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


def _contacts(trials: Trials) -> pd.DataFrame:
    """Each PCN's enrolled and analysed people: contacts before and after, and people with any. Not an effect."""
    treated = trials.rows[trials.rows["treated"]]
    users = {"user_before": treated["before"] > 0, "user_after": treated["events"] > 0}
    treated = treated.assign(**{name: treated["person"].where(used) for name, used in users.items()})
    table = treated.groupby("pcn_code").agg(
        people=("person", "nunique"),
        before=("before", "sum"),
        after=("events", "sum"),
        before_people=("user_before", "nunique"),
        after_people=("user_after", "nunique"),
        months=("exposure", "sum"),
    )
    return table.reset_index()
