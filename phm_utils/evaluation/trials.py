"""Target trials: who was eligible in each month, who enrolled in it, and who could have but had no service.

Everything is known on the first day of the trial's month except the outcome.
Source: Hernan and Robins 2016, doi:10.1093/aje/kwv254.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.evaluation.definitions import HISTORY_MONTHS, Intervention
from phm_utils.methods.effects import Arm

NEVER = np.inf
# Windows of history, first and last month, counted back from the trial (1 is last month).
WINDOWS = {
    "1 month before": (1, 1),
    "2 months before": (2, 2),
    "3 months before": (3, 3),
    "4-6 months before": (6, 4),
    "7-9 months before": (9, 7),
    "10-12 months before": (12, 10),
    "13-24 months before": (24, 13),
}
KEY_COLUMNS = ("person_id", "pcn_code", "joins", "leaves", "palliative", "enrolled", "enrolled_any")
CONDITIONS = ("smi", "alcohol_problems", "depression")  # each balanced for itself, beside the number of conditions
SINCE, ADMISSIONS = "months in a row eligible", "emergency admissions, 12 months"


@dataclass(frozen=True)
class Panel:
    """People and their monthly activity. Time is in months from the panel's first; 24.5 is halfway through month 24.

    people: one row per person: `person_id`, `pcn_code`; `joins`, `leaves`
        (first and last moment observed), `palliative`, `enrolled` (whole month of
        first enrolment in the programme) and `enrolled_any` (in any of its kind),
        all inf where it never happened; then one column per covariate
        that stays as it is (`birth` is a time, from which age follows).
    counts: people x months of each monthly count.
    since: people x long-term conditions: the time of the first record, inf if none.
    months: first day of each month.
    unmatched: enrolled identities who are nobody's in the GP extract.
    """

    people: pd.DataFrame
    counts: dict[str, np.ndarray]
    months: pd.DatetimeIndex
    since: pd.DataFrame = field(default_factory=pd.DataFrame)
    unmatched: int = 0


@dataclass(frozen=True)
class Trials:
    """All trials of one programme, pooled.

    rows: one row per person and trial: `person` (position in the panel),
        `pcn_code`, `month`, `treated`, `events`, `exposure` (months), `rule_count`
        (what made them eligible), `before` (events in as many months before
        the trial as follow it), `negative` (where a negative control is counted).
    covariates: the same rows; counts as they are.
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
        held = self.rows["month"].isin(self.rows.loc[~self.rows["treated"], "month"])
        parts = (t[held].reset_index(drop=True) for t in (self.rows, self.covariates, self.logged))
        return Trials(*parts, self.flow, self.sites)

    def arms(self, outcome: str = "events") -> tuple[Arm, Arm]:
        """Treated and controls, ready for the methods.

        Counts are balanced as they are and as logarithms: equal means alone
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
        "Enrolled in the programme": np.isfinite(enrolled),
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
    return Trials(*(t[keep].reset_index(drop=True) for t in (rows, covariates, logged)), flow, sites)


def eligible_by_rule(panel: Panel, programme: Intervention) -> np.ndarray:
    """People x months: does the rule hold, counting only months before? False where history is short."""
    rule = programme.eligibility
    total = _window(panel.counts[rule.column], rule.from_month, rule.to_month)
    held = total >= rule.minimum
    held[:, : rule.from_month] = False
    return held


def sites_of(panel: Panel, programme: Intervention, eligible: np.ndarray) -> tuple[str, ...]:
    """PCNs in which more than `site_share` of the people ever eligible enrolled: they have the service.

    A few people enrolled elsewhere and moved; they do not make their new PCN a site.
    """
    ever = panel.people[eligible[:, HISTORY_MONTHS:].any(axis=1) | np.isfinite(panel.people["enrolled_any"])]
    share = np.isfinite(ever["enrolled_any"]).groupby(ever["pcn_code"]).mean()
    return tuple(share.index[share > programme.site_share].sort_values())


def _present(panel: Panel) -> np.ndarray:
    """People x months: registered, alive and not end-of-life on the first day."""
    start = np.arange(len(panel.months))
    joins, leaves, palliative = (panel.people[c].to_numpy(float)[:, None] for c in ("joins", "leaves", "palliative"))
    return (joins <= start) & (leaves > start) & (palliative > start)


def _window(counts: np.ndarray, from_month: int, to_month: int) -> np.ndarray:
    """People x months: events from `from_month` to `to_month` before each month (fewer where history is short)."""
    total = np.concatenate([np.zeros((len(counts), 1), int), counts.cumsum(axis=1, dtype=int)], axis=1)
    at = np.arange(counts.shape[1])
    return total[:, np.maximum(at - to_month + 1, 0)] - total[:, np.maximum(at - from_month, 0)]


def _rows(panel: Panel, programme: Intervention, person, when, treated) -> pd.DataFrame:
    people, months = panel.people.iloc[person], programme.follow_up_months
    joined_later = np.where(treated, NEVER, people["enrolled_any"].to_numpy(float))
    end = np.minimum(np.minimum(people["leaves"].to_numpy(float), joined_later), len(panel.months))
    rows = pd.DataFrame(
        {"person": person, "pcn_code": people["pcn_code"].to_numpy(), "month": when, "treated": treated}
    )
    rows["exposure"] = np.clip(end - when, 0, months)
    rows["events"] = _after(panel.counts[programme.outcome], person, when, end, months)
    rows["rule_count"] = _window(
        panel.counts[programme.eligibility.column], programme.eligibility.from_month, programme.eligibility.to_month
    )[person, when]
    rows["before"] = _window(panel.counts[programme.outcome], months, 1)[person, when]
    if programme.negative_control in panel.counts:
        rows["negative"] = _after(panel.counts[programme.negative_control], person, when, end, months)
    return rows


def _after(counts: np.ndarray, person, when, end, months: int) -> np.ndarray:
    """Events from the trial's month on, while observed."""
    total = np.zeros(len(person), int)
    for ahead in range(months):
        seen = when + ahead < end
        total[seen] += counts[person[seen], when[seen] + ahead]
    return total


def covariates_of(
    panel: Panel, programme: Intervention, eligible: np.ndarray, person, when
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is known of each row before its trial, and log(1 + count) of those columns that are counts."""
    counts = panel.counts[programme.outcome]
    past = {name: _window(counts, *window)[person, when] for name, window in WINDOWS.items()}
    if "emergency_admissions" in panel.counts:
        past[ADMISSIONS] = _window(panel.counts["emergency_admissions"], 12, 1)[person, when]
    past[SINCE] = _months_in_a_row(eligible)[person, when]
    fixed = _fixed(panel, person, when)
    raw = pd.concat([pd.DataFrame(past), fixed], axis=1).astype(float)
    raw = raw.loc[:, raw.nunique() > 1]
    return raw, np.log1p(raw[[c for c in raw if c in past and c != SINCE]])


def _fixed(panel: Panel, person, when) -> pd.DataFrame:
    """Age at the trial, sex, deprivation and the conditions recorded before it."""
    fixed = panel.people.iloc[person].drop(columns=list(KEY_COLUMNS)).reset_index(drop=True)
    if "birth" in fixed:
        fixed.insert(0, "age", (when - fixed.pop("birth")) / 12)
    if len(panel.since.columns):
        known = panel.since.to_numpy(float)[person] <= when[:, None]
        fixed["long-term conditions"] = known.sum(axis=1)
        for condition in CONDITIONS:
            fixed[condition.replace("_", " ")] = known[:, panel.since.columns.get_loc(condition)]
    for column in fixed.columns[fixed.isna().any()]:
        fixed[f"{column} not known"] = fixed[column].isna()
        fixed[column] = fixed[column].fillna(fixed[column].mean())
    return fixed


def _months_in_a_row(eligible: np.ndarray) -> np.ndarray:
    """People x months: for how many months up to this one the rule has held without a break, at most 12."""
    run = np.zeros(eligible.shape, int)
    for month in range(1, eligible.shape[1]):
        run[:, month] = np.where(eligible[:, month], np.minimum(run[:, month - 1] + 1, 12), 0)
    return run


def _flow(panel: Panel, reached: dict[str, np.ndarray], eligible: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
    """People of each PCN at each step; PCNs without anybody stand with 0."""
    pcn = panel.people["pcn_code"]
    ever = eligible[:, HISTORY_MONTHS:].any(axis=1)
    control = np.zeros(len(pcn), bool)
    control[rows.loc[~rows["treated"], "person"].unique()] = True
    steps = {"Eligible by the rule in at least one month": ever, **reached, "Controls in at least one month": control}
    tables = [
        pd.Series(held).groupby(pcn.to_numpy()).sum().rename_axis("pcn_code").reset_index(name="people").assign(
            step=step, criterion=name
        )
        for step, (name, held) in enumerate(steps.items(), 1)
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
