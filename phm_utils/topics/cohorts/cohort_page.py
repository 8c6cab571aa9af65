"""Which cohorts, how large they are, how they come about and where they live; one sentence for all together."""

from collections.abc import Iterable, Mapping

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.definitions import AS_DEFINED, Cohort, load_cohort
from phm_utils.measures.usual_variation import judged
from phm_utils.methods.comparisons import shares_against
from phm_utils.reports.comparisons import Family, people
from phm_utils.reports.findings import finding
from phm_utils.reports.notebook import Run
from phm_utils.topics.cohorts.cohort_tables import NEEDS, PART
from phm_utils.wording import all_lacking


def load(run: Run, names: Iterable[str]) -> dict[str, Cohort]:
    """The cohorts that a report shows, as this run defined them.

    Raises InputError for a name that the run did not count, or a file that has changed since.
    """
    for name in names:
        run.definition(f"parameters/cohorts/{name}.yml")
    return {name: load_cohort(name) for name in names}


def left_out(absent: pd.DataFrame, cohorts: dict[str, Cohort]) -> pd.DataFrame:
    """The chosen cohorts that this run cannot count, and what each needs; they are taken out of `cohorts`."""
    rows = absent[absent["cohort"].isin(list(cohorts))]
    rows_left_out = [(cohorts.pop(row.cohort).title, all_lacking([row.needs])) for row in rows.itertuples()]
    return pd.DataFrame(rows_left_out, columns=["Cohort left out", "This run lacks"])


@if_present
def described(cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """One row per cohort: its question, what it is for, and whose definition it is."""
    rows = [(c.short, c.question, c.use, c.source) for c in cohorts.values()]
    return pd.DataFrame(rows, columns=["Cohort", "Question", "What could be offered", "Definition"])


def limits(cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """One row per cohort and known limit of its definition."""
    rows = [(c.short, limit) for c in cohorts.values() for limit in c.limits]
    return pd.DataFrame(rows, columns=["Cohort", "Limit of the definition"])


@if_present
def named(frame: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> pd.DataFrame | Absent:
    """The rows of the chosen cohorts, in their order, with each one's short name as `short`."""
    if not cohorts:
        return Absent(PART, NEEDS)
    order = {name: place for place, name in enumerate(cohorts)}
    chosen = frame[frame["cohort"].isin(order)].assign(short=lambda f: f["cohort"].map(lambda c: cohorts[c].short))
    return chosen.sort_values("cohort", key=lambda c: c.map(order), kind="stable").reset_index(drop=True)


PER = 1_000  # people
MEMBERS = "members per 1,000 registered"
FEW = "numbers too small to show"


def rate(share: float) -> str:
    """A share as members per 1,000 people.

    >>> rate(0.0124)
    '12.4'
    """
    return f"{share * PER:.1f}"


@finding
def cohort_sizes(sizes: pd.DataFrame) -> str:
    """How large each cohort is here and, in a PCN's report, against the ICS's rate. All cohorts are one family."""
    if "ics_share" not in sizes:
        return each(_size(row) for _, row in sizes.iterrows())
    found = shares_against(sizes["people"], sizes["registered"], sizes["ics_share"])
    rows = sizes.drop(columns=[name for name in found if name in sizes]).join(found).assign(events=sizes["people"])
    family = Family(MEMBERS, "cohort", "cohorts", "the ICS", rate, counted="people")
    return each(family.own(row, "short").rstrip(".") for _, row in rows.iterrows())


def _size(row: pd.Series) -> str:
    if pd.isna(row["people"]) or pd.isna(row["share"]):
        return f"{row['short']}: number too small to show"
    limits = f"{rate(row['lower'])} to {rate(row['upper'])}"
    return f"{row['short']}: about {people(row['people'])}, {rate(row['share'])} per 1,000 registered ({limits})"


@finding
def steps_in_words(attrition: pd.DataFrame) -> str:
    """For each cohort how many people are left after each of its criteria, in their order."""
    return each(_steps(steps) for _, steps in attrition.groupby("cohort", sort=False))


def _steps(steps: pd.DataFrame) -> str:
    first, *rest = (row for _, row in steps.iterrows())
    if pd.isna(first["people"]):
        return f"{first['short']}: {FEW}"
    left = [f"{_left(row['people'])} after “{row['criterion']}”" for row in rest]
    return f"{first['short']}: of {first['people']:,} people registered are left {', '.join(left)}"


def _left(count: int) -> str:
    return "too few to show" if pd.isna(count) else "nobody" if count == 0 else f"{count:,}"


@finding
def cohort_spread(units: pd.DataFrame, kind: str) -> str:
    """Practices, or PCNs, where each cohort's rate differs from what the others of the ICS predict."""
    family = Family(
        MEMBERS, kind, f"{kind}s", "what the others predict", rate, among_others=True, counted="members",
    )  # fmt: skip
    said = []
    for _, part in units.groupby("cohort", sort=False):
        found = judged(part.reset_index(drop=True), value="share", events="people")
        said.append(f"{part['short'].iloc[0]}: {family.standing_out(found)}")
    return f"{' '.join(said)} Not adjusted for age."


@finding
def alternatives(frame: pd.DataFrame) -> str:
    """Each cohort's size as defined, and the range over its other thresholds."""
    return "Other thresholds. " + each(_alternatives(part) for _, part in frame.groupby("cohort", sort=False))


def _alternatives(part: pd.DataFrame) -> str:
    name, all_others = part["short"].iloc[0], part[part["alternative"] != AS_DEFINED]["people"]
    defined = part.set_index("alternative")["people"].get(AS_DEFINED)
    others = all_others.dropna()
    if pd.isna(defined) or others.empty:
        return f"{name}: {FEW}"
    low, high = others.min(), others.max()
    hidden = len(all_others) - len(others)
    note = f" ({hidden} other{'s' if hidden > 1 else ''} too small to show)" if hidden else ""
    return f"{name}: {people(defined)} as defined, {low:,}{f' to {high:,}' if high > low else ''} under others{note}"


def each(parts: Iterable[str]) -> str:
    """One short sentence for each cohort."""
    return ". ".join(parts) + "."
