"""Target trials: who was eligible in each month, who enrolled in it, and who was a control.

Everything is known on the first day of the trial's month except the outcome.
Source: Hernan and Robins 2016, doi:10.1093/aje/kwv254.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.counterfactual import Arm
from phm_utils.topics.evaluation.covariates import covariates_of
from phm_utils.topics.evaluation.interventions import HISTORY_MONTHS, Intervention
from phm_utils.topics.evaluation.panel import NEVER, Panel, window

ENROLLED = "Enrolled in the programme"  # a step from eligible to analysed


@dataclass(frozen=True)
class Trials:
    """All trials of one programme, pooled.

    rows: one row per person and trial: `person` (position in the panel),
        `pcn_code`, `month`, `treated`, `end` (of observation, in months of the panel), `events`, `exposure` (months
        observed, silent ones not among them), `rule_count`
        (what made them eligible), `before` (events in as many months before
        the trial as follow it), `negative` (where a negative control is counted).
    covariates: the same rows; counts untransformed.
    logged: the same rows; log(1 + count) of those columns that are counts.
    flow: `pcn_code`, `step` (order), `criterion`, `people`.
    sites: PCNs that have the programme or another of its kind.
    """

    rows: pd.DataFrame
    covariates: pd.DataFrame
    logged: pd.DataFrame
    flow: pd.DataFrame
    sites: tuple[str, ...]

    def with_controls(self) -> "Trials":
        """Without the months in which nobody could be a control."""
        has_control = self.rows["month"].isin(self.rows.loc[~self.rows["treated"], "month"])
        rows, covariates, logged = (
            t[has_control].reset_index(drop=True) for t in (self.rows, self.covariates, self.logged)
        )
        return Trials(rows, covariates, logged, self.flow, self.sites)

    def arms(self, outcome: str = "events") -> tuple[Arm, Arm]:
        """Treated and controls, ready for the methods.

        Counts are balanced untransformed and as logarithms: equal means alone
        let a few controls with very many attendances stand for many with
        some. The outcome model takes the logarithms: a rate does not grow
        e-fold with one more attendance.
        """
        balanced = pd.concat([self.covariates, self.logged.add_prefix("log ")], axis=1).to_numpy(float)
        model = self.covariates.assign(**self.logged).to_numpy(float)
        number = {c: self.rows[c].to_numpy(float) for c in (outcome, "exposure")}
        whole = {c: self.rows[c].to_numpy(int) for c in ("month", "person")}
        treated = self.rows["treated"].to_numpy(bool)
        first, second = (
            Arm(number[outcome][k], number["exposure"][k], balanced[k], whole["month"][k], whole["person"][k], model[k])
            for k in (treated, ~treated)
        )
        return first, second

    def networks(self) -> tuple[pd.Series, pd.Series]:
        """The network of each row of the two arms."""
        treated = self.rows["treated"]
        return self.rows.loc[treated, "pcn_code"], self.rows.loc[~treated, "pcn_code"]


def build_trials(panel: Panel, programme: Intervention) -> Trials:
    """Pool the trials of every month in which somebody eligible enrolled.

    Raises InputError where the panel is shorter than the history needed or
    lacks the counts that the definition names.
    """
    _check(panel, programme)
    eligible = eligible_by_rule(panel, programme)
    present = _present(panel)
    sites = sites_of(panel, programme, eligible & present)
    enrolled = panel.people["enrolled"].to_numpy(float)
    first = panel.people["enrolled_any"].to_numpy(float)
    month = np.where(np.isfinite(enrolled), enrolled, 0).astype(int)
    everyone = np.arange(len(month))
    steps = {
        ENROLLED: np.isfinite(enrolled),
        "with two years of history before and follow-up after": (enrolled >= HISTORY_MONTHS)
        & (enrolled < len(panel.months)),
        "in no programme of this kind before": first >= enrolled,
        "registered, alive and not at the end of life that month": present[everyone, month],
        "eligible by the rule that month: analysed": eligible[everyone, month],
    }
    reached = np.logical_and.accumulate(np.array(list(steps.values())))
    treated = reached[-1]
    trial_months = np.unique(month[treated])
    at_site = panel.people["pcn_code"].isin(sites).to_numpy()
    free = first[:, None] > np.arange(len(panel.months))
    pool = eligible & present & free & ~at_site[:, None]
    person, when = np.nonzero(pool[:, trial_months])
    person = np.concatenate([everyone[treated], person])
    when = np.concatenate([month[treated], trial_months[when]]).astype(int)
    rows = _rows(panel, programme, person, when, np.arange(len(person)) < treated.sum())
    flow = _flow(panel, dict(zip(steps, reached, strict=True)), eligible & present, rows)
    covariates, logged = covariates_of(panel, programme, eligible, person, when)
    keep = rows["exposure"] > 0
    rows, covariates, logged = (t[keep].reset_index(drop=True) for t in (rows, covariates, logged))
    return Trials(rows, covariates, logged, flow, sites)


def eligible_by_rule(panel: Panel, programme: Intervention) -> np.ndarray:
    """People x months: does the rule hold, counting only months before? False where history is short."""
    rule = programme.eligibility
    total = window(panel.counts[rule.column], rule.from_month, rule.to_month)
    holds = total >= rule.minimum
    holds[:, : rule.from_month] = False
    return holds


def sites_of(panel: Panel, programme: Intervention, eligible: np.ndarray) -> tuple[str, ...]:
    """PCNs in which more than `site_share` of the people ever eligible enrolled: they have the service.

    A few people enrolled elsewhere and moved: their new PCN is not a site.
    """
    ever = panel.people[eligible[:, HISTORY_MONTHS:].any(axis=1) | np.isfinite(panel.people["enrolled_any"])]
    share = np.isfinite(ever["enrolled_any"]).groupby(ever["pcn_code"]).mean()
    return tuple(share.index[share > programme.site_share].sort_values())


def _present(panel: Panel) -> np.ndarray:
    """People x months: registered, alive and not end-of-life on the first day."""
    start = np.arange(len(panel.months))
    joins, leaves, palliative = (panel.people[c].to_numpy(float)[:, None] for c in ("joins", "leaves", "palliative"))
    return (joins <= start) & (leaves > start) & (palliative > start)


def _rows(panel: Panel, programme: Intervention, person, when, treated) -> pd.DataFrame:
    people, months = panel.people.iloc[person], programme.follow_up_months
    joined_later = np.where(treated, NEVER, people["enrolled_any"].to_numpy(float))
    end = np.minimum(np.minimum(people["leaves"].to_numpy(float), joined_later), len(panel.months))
    end = np.minimum(end, when + months)
    rows = pd.DataFrame(
        {"person": person, "pcn_code": people["pcn_code"].to_numpy(), "month": when, "treated": treated}
    )
    rows["end"] = end
    rows["exposure"] = _exposure(panel, when, end, months)
    rows["events"] = _after(panel, programme.outcome, person, when, end, months)
    rows["rule_count"] = window(
        panel.counts[programme.eligibility.column], programme.eligibility.from_month, programme.eligibility.to_month
    )[person, when]
    rows["before"] = window(panel.counts[programme.outcome], months, 1)[person, when]
    if programme.negative_control in panel.counts:
        rows["negative"] = _after(panel, programme.negative_control, person, when, end, months)
    return rows


def _exposure(panel: Panel, when, end, months: int) -> np.ndarray:
    """Months observed from the trial's month on: not those in which the source fell silent."""
    total = np.zeros(len(when))
    for ahead in range(months):
        total += np.clip(end - when - ahead, 0, 1) * ~np.isin(when + ahead, panel.silent)
    return total


def _after(panel: Panel, count: str, person, when, end, months: int) -> np.ndarray:
    """Events from the trial's month on, while observed."""
    counts, total = panel.counts[count], np.zeros(len(person), int)
    for ahead in range(months):
        seen = (when + ahead < end) & ~np.isin(when + ahead, panel.silent)
        total[seen] += counts[person[seen], when[seen] + ahead]
    return total


def _flow(panel: Panel, reached: dict[str, np.ndarray], eligible: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
    """People of each PCN at each step; PCNs without anybody have 0."""
    pcn = panel.people["pcn_code"]
    ever = eligible[:, HISTORY_MONTHS:].any(axis=1)
    control = np.zeros(len(pcn), bool)
    control[rows.loc[~rows["treated"], "person"].unique()] = True
    steps = {"Eligible by the rule in at least one month": ever, **reached, "Controls in at least one month": control}
    tables = [
        pd.Series(reached).groupby(pcn.to_numpy()).sum().rename_axis("pcn_code").reset_index(name="people").assign(
            step=step, criterion=name
        )
        for step, (name, reached) in enumerate(steps.items(), 1)
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)[["pcn_code", "step", "criterion", "people"]]


def _check(panel: Panel, programme: Intervention) -> None:
    if len(panel.months) <= HISTORY_MONTHS:
        raise InputError(
            f"{len(panel.months)} months of activity; an evaluation needs {HISTORY_MONTHS} before the first trial and "
            "follow-up after it. Give a longer extract."
        )
    absent = [c for c in (programme.eligibility.column, programme.outcome) if c not in panel.counts]
    if absent:
        raise InputError(
            f"{programme.code}: no monthly count is called {absent[0]}. There are: {', '.join(panel.counts)}."
        )
