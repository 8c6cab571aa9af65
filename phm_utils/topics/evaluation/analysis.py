"""One programme's evaluation: balance, gates, effect, trend and return, as tables."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.counterfactual import error_without_effect, without_programme
from phm_utils.methods.effects import ratio_to, weighted_rate_ratio
from phm_utils.methods.weighting import entropy_balance, standardised_differences
from phm_utils.topics.evaluation import gates
from phm_utils.topics.evaluation.checks import checks_of
from phm_utils.topics.evaluation.effect_table import Fit, effect_table
from phm_utils.topics.evaluation.gates import Check
from phm_utils.topics.evaluation.interventions import HISTORY_MONTHS, Intervention
from phm_utils.topics.evaluation.networks import Effect, networks_of
from phm_utils.topics.evaluation.panel import Panel
from phm_utils.topics.evaluation.returns import return_table
from phm_utils.topics.evaluation.trend import trend
from phm_utils.topics.evaluation.trials import Trials, build_trials
from phm_utils.topics.evaluation.users import fewest_users

MIN_TREATED = 10  # fewer cannot be balanced, nor shown
MIN_USERS = 10  # people of each group who had the outcome: fewer cannot carry a ratio
# Columns of every table, also for a programme without a result.
COLUMNS = {
    "effect": {
        "position": "int64", "estimator": "str", "label": "str", "evidence": "bool", "rate_ratio": "float64",
        "lower": "float64", "upper": "float64", "log_se": "float64", "events": "int64", "expected": "float64",
        "users": "int64", "treated": "int64", "control_people": "int64", "control_months": "int64", "reason": "str",
        "people_lower": "float64", "people_upper": "float64", "tau": "float64", "overturning_tau": "float64",
        "networks": "int64", "control_networks": "int64",
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


def analyse(panel: Panel, programme: Intervention, unit_cost_gbp: float) -> dict[str, pd.DataFrame]:
    """The evaluation of one programme, fitted once for the whole ICS: the tables of `COLUMNS`, by name.

    Where a gate fails the effect, and what follows from it, is missing and
    `reason` gives the cause; before/after is still there. With too few control networks
    for a verdict the effect has no limits but those of people alone, and no return follows from it.
    """
    everyone = build_trials(panel, programme)
    reason = _too_few(everyone, programme)
    trials = everyone if reason else everyone.with_controls()
    fitted, found = (Fit(pd.DataFrame()), []) if reason else _fit(everyone, trials, programme)
    reason = reason or _failed(found)
    effect = None if reason else fitted.doubly_robust
    tables = {
        "effect": effect_table(trials, programme, fitted, reason),
        "check": _check_rows(found, _later_checks(fitted, programme, reason)),
        "balance": fitted.balance,
        "trend": trend(panel, trials, programme, None if reason else fitted.weights),
        "people": trials.flow,
        "contacts": _contacts(trials),
        "return": pd.DataFrame()
        if effect is None or not effect.networks.verdict
        else return_table(effect, trials, programme, unit_cost_gbp),
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
    treated, controls = trials.arms()
    try:
        expected = without_programme(treated, controls, weights)
    except InputError:
        return Fit(balance, weights), [*found, gates.no_estimate()]
    found.append(gates.power_gate(error_without_effect(expected, controls), programme))
    if fewest_users(trials.rows) < MIN_USERS:
        return Fit(balance, weights), [*found, gates.few_users(MIN_USERS)]
    networks = networks_of(expected, controls, *trials.networks())
    headline = networks.allow(ratio_to(expected, treated, controls))
    entropy = networks.allow(weighted_rate_ratio(treated, controls, weights))
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


def _negative(trials: Trials, weights: np.ndarray) -> Effect | None:
    """The rate ratio of an outcome that the programme cannot change, where one is counted."""
    if "negative" not in trials.rows or fewest_users(trials.rows, "negative") < MIN_USERS:
        return None
    treated, controls = trials.arms("negative")
    try:
        expected = without_programme(treated, controls, weights)
    except InputError:
        return None  # too few of these events to say anything
    return networks_of(expected, controls, *trials.networks()).allow(ratio_to(expected, treated, controls))


def _failed(found: Iterable[Check]) -> str:
    return " ".join(check.sentence for check in found if not check.passed)


def _later_checks(fitted: Fit, programme: Intervention, reason: str) -> list[Check]:
    if reason or fitted.doubly_robust is None or fitted.entropy is None:
        return []
    return checks_of(fitted.doubly_robust, fitted.entropy, fitted.negative, programme)


def _check_rows(found: list[Check], later: list[Check]) -> pd.DataFrame:
    rows = [
        {"position": n, "check_name": c.name, "gate": n <= len(found), "requirement": c.requirement,
         "value": c.value, "passed": c.passed, "sentence": c.sentence}
        for n, c in enumerate([*found, *later], 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


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
