"""The cohort report: frames for its figures and its sentences, one for all cohorts together."""

from collections.abc import Iterable, Mapping

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.definitions import Cohort, load_cohort
from phm_utils.reports.findings import finding, shown
from phm_utils.reports.notebook import Run
from phm_utils.reports.segment_headings import SHORT, per_1000
from phm_utils.topics.cohorts.cohort_tables import NEEDS, PART
from phm_utils.wording import all_lacking, in_sentence


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


@if_present
def use_ratios(use: pd.DataFrame) -> pd.DataFrame | Absent:
    """One row per cohort and kind of contact: both rates per 1,000, and the cohort's as a multiple of everybody's."""
    cohort, everybody = (use[use["compared"].str.startswith(word)].set_index("short") for word in ("In", "Everybody"))
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m_per_1000"
        if column in use:
            rates = pd.DataFrame({"per_1000": cohort[column], "per_1000_all": everybody[column]}).astype("Float64")
            some = rates["per_1000_all"].mask(rates["per_1000_all"] == 0)
            parts.append(rates.assign(times=rates["per_1000"] / some, activity=title).reset_index())
    if not parts:
        return Absent("Contacts of the cohorts' members", "a source of contacts")
    return pd.concat(parts, ignore_index=True)


@if_present
def by_group(profile: pd.DataFrame) -> pd.DataFrame:
    """Cohort members per 1,000 people of each group; groups named with what they divide by.

    A group of nobody is left out: it has no rate, which is not the same as one that is suppressed.
    """
    some = profile[profile["registered"].ne(0).fillna(True)]
    return per_1000(some.assign(level=some["dimension"] + ": " + some["level"]))


PER = 1_000  # people
FEW = "numbers too small to show"


@finding
def cohort_sizes(sizes: pd.DataFrame) -> str:
    """How large each cohort is here and, in a PCN's report, its rate in the ICS."""
    return _each(_size(row, row.get("ics_share")) for _, row in sizes.iterrows())


def _size(row: pd.Series, ics_share: float | None) -> str:
    if pd.isna(row["people"]) or pd.isna(row["share"]):
        return f"{row['short']}: number too small to show"
    text = f"{row['short']}: about {row['people']:,} people, {row['share'] * PER:.1f} per 1,000 registered"
    if ics_share is None or pd.isna(ics_share):
        return text
    word = (
        "clearly above" if row["lower"] > ics_share else "clearly below" if row["upper"] < ics_share else "similar to"
    )
    return f"{text}, {word} the ICS's {ics_share * PER:.1f}"


@finding
def narrowest_step(attrition: pd.DataFrame) -> str:
    """For each cohort the criterion after which the smallest part of the people before it is left."""
    return "Most restrictive criterion. " + _each(
        _narrowest(steps) for _, steps in attrition.groupby("cohort", sort=False)
    )


def _narrowest(steps: pd.DataFrame) -> str:
    if (hidden := steps["people"].isna()).any():
        return f"{steps['short'].iloc[0]}: “{steps.loc[hidden, 'criterion'].iloc[0]}”, number too small to show"
    known = steps.assign(before=steps["people"].shift())
    known = known[known["people"].notna() & (known["before"].fillna(0) > 0)]
    if known.empty:
        return f"{steps['short'].iloc[0]}: {FEW}"
    row = known.loc[(known["people"] / known["before"]).astype(float).idxmin()]
    return f"{row['short']}: “{row['criterion']}”, {row['people'] / row['before']:.1%} remain"


@finding
def cohort_spread(units: pd.DataFrame, kind: str) -> str:
    """How far each cohort's rate differs between practices, or PCNs."""
    return f"By {kind}. " + _each(_spread(part) for _, part in units.groupby("cohort", sort=False))


def _spread(part: pd.DataFrame) -> str:
    known = shown(part, "share")
    hidden = len(part) - len(known)
    note = f"; {hidden} of {len(part)} not shown" if hidden else ""
    if len(known) < 2:
        return f"{part['short'].iloc[0]}: too few to compare{note}"
    low, high = known.loc[known["share"].idxmin()], known.loc[known["share"].idxmax()]
    if high["share"] == 0:
        return f"{low['short']}: nobody{note}"
    lowest, highest = (f"{row['share'] * PER:.1f}" for row in (low, high))
    if low["upper"] >= high["lower"]:
        return f"{low['short']}: {lowest} to {highest} per 1,000, their limits overlap{note}"
    return f"{low['short']}: {lowest} ({low['unit_name']}) to {highest} per 1,000 ({high['unit_name']}){note}"


@finding
def group_gap(groups: pd.DataFrame) -> str:
    """For each cohort the group of people in which it is most frequent, of those that can be shown."""
    return "Group with the highest rate. " + _each(
        _most_frequent(part) for _, part in groups.groupby("cohort", sort=False)
    )


def _most_frequent(part: pd.DataFrame) -> str:
    known = shown(part, "share")
    known = known[known["share"] > 0]
    if known.empty:
        return f"{part['short'].iloc[0]}: {FEW}"
    row = known.loc[known["share"].idxmax()]
    return f"{row['short']}: {_group(row)}, {row['share'] * PER:.1f} per 1,000"


def _group(row: pd.Series) -> str:
    dimension, group = row["level"].split(": ", 1)
    return f"{dimension.lower()} {group}"


@finding
def overlap(also: pd.DataFrame) -> str:
    """For each cohort what is most often also true of its members, unless it is true of all by definition."""
    return "Most frequent other characteristics. " + _each(
        _also(part) for _, part in also.groupby("cohort", sort=False)
    )


def _also(part: pd.DataFrame) -> str:
    known = shown(part, "share")
    known = known[(known["share"] > 0) & (known["share"] < 1)].nlargest(2, "share")
    parts = [f"{in_sentence(r.also)} {r.share:.0%}" for r in known.itertuples()]
    return f"{part['short'].iloc[0]}: {' and '.join(parts) or FEW}"


@finding
def use(ratios: pd.DataFrame) -> str:
    """For each cohort the contact that its members have most above everybody's rate."""
    return "Contacts furthest above everybody's rate. " + _each(
        _use(part) for _, part in ratios.groupby("short", sort=False)
    )


def _use(part: pd.DataFrame) -> str:
    known = shown(part, "times")
    if known.empty:
        return f"{part['short'].iloc[0]}: {FEW}"
    row = known.loc[known["times"].idxmax()]
    return f"{row['short']}: {in_sentence(row['activity'])}, {row['times']:.1f} times"


@finding
def alternatives(frame: pd.DataFrame) -> str:
    """Each cohort's size as defined, and the range over its other thresholds."""
    return "Other thresholds. " + _each(_alternatives(part) for _, part in frame.groupby("cohort", sort=False))


def _alternatives(part: pd.DataFrame) -> str:
    known = part[part["people"].notna()].set_index("alternative")["people"]
    others = known.drop("As defined", errors="ignore")
    if "As defined" not in known or others.empty:
        return f"{part['short'].iloc[0]}: {FEW}"
    name, defined, low, high = part["short"].iloc[0], known["As defined"], others.min(), others.max()
    return f"{name}: {defined:,} people as defined, {low:,}{f' to {high:,}' if high > low else ''} under others"


def _each(parts: Iterable[str]) -> str:
    """One short sentence for each cohort."""
    return ". ".join(parts) + "."
