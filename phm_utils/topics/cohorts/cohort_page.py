"""The cohort report: frames for its figures and its sentences, one for all cohorts together."""

from collections.abc import Iterable, Mapping

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.cohort_definitions import Cohort, load_cohort
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.measures.usual_variation import marked
from phm_utils.methods.comparisons import shares_against
from phm_utils.reports.comparisons import Family, out_of, people
from phm_utils.reports.findings import finding
from phm_utils.reports.notebook import Run
from phm_utils.reports.segment_headings import SHORT, per_1000
from phm_utils.topics.cohorts.cohort_releases import NEEDS, PART
from phm_utils.wording import all_lacking, joined


def load(run: Run, names: Iterable[str]) -> dict[str, Cohort]:
    """The cohorts that a report shows, as this run defined them.

    Raises InputError for a name that the run did not count, or a file that has changed since.
    """
    for name in names:
        run.definition(f"parameters/cohorts/{name}.yml")
    return {name: load_cohort(name) for name in names}


def counted_names(sizes: pd.DataFrame) -> list[str]:
    """The cohorts that the run counted, in alphabetical order; none where it counted none."""
    return [] if isinstance(sizes, Absent) else sorted(sizes["cohort"].unique())


def left_out(absent: pd.DataFrame, cohorts: dict[str, Cohort]) -> pd.DataFrame:
    """The chosen cohorts that this run cannot count, and why; they are taken out of `cohorts`."""
    rows = absent[absent["cohort"].isin(list(cohorts))]
    rows_left_out = [(cohorts.pop(row.cohort).title, _why_left_out(row.needs)) for row in rows.itertuples()]
    return pd.DataFrame(rows_left_out, columns=["Cohort left out", "Why"])


def _why_left_out(needs: str) -> str:
    """A sentence: of a rule of another year that of its definition, else what the run lacks."""
    if needs.startswith(("its rule", "it refers")):
        return f"{needs[:1].upper()}{needs[1:]}."
    return f"This run lacks {all_lacking([needs])}."


@if_present
def described(cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """One row per cohort: its question, what it is for, and whose definition it is."""
    rows = [(c.short, c.question, c.use, f"{c.owner or 'not stated'}; {c.sponsor}", c.source) for c in cohorts.values()]
    return pd.DataFrame(
        rows, columns=["Cohort", "Question", "What could be offered", "Owner; clinical sponsor", "Definition"]
    )


def limits(cohorts: Mapping[str, Cohort]) -> pd.DataFrame | Absent:
    """One row per cohort and known limit of its definition."""
    if not cohorts:
        return Absent(PART, NEEDS)
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
    """One row per cohort and kind of contact: both rates per 1,000, and the cohort's as a multiple of everybody's.

    error, error_all: standard errors of both rates' logarithms.
    """
    cohort, everybody = (use[use["compared"].str.startswith(word)].set_index("short") for word in ("In", "Everybody"))
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m_per_1000"
        if column in use:
            columns = {"per_1000": (cohort, column), "per_1000_all": (everybody, column)}
            columns |= {
                name: (of, f"{activity}_12m_error") for name, of in (("error", cohort), ("error_all", everybody))
            }
            rates = pd.DataFrame({name: of[source] for name, (of, source) in columns.items()}).astype("Float64")
            some = rates["per_1000_all"].mask(rates["per_1000_all"] == 0)
            parts.append(rates.assign(times=rates["per_1000"] / some, activity=title, counted=activity).reset_index())
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
SIZE = Family("per 1,000 registered", "cohort", "cohorts", "the ICS average", out_of(PER), counted="people")


@finding
def cohort_sizes(sizes: pd.DataFrame) -> str:
    """How large each cohort is here and, in a PCN's report, its rate against the ICS's."""
    comparator = sizes["ics_share"] if "ics_share" in sizes else pd.Series(float("nan"), index=sizes.index)
    judged = shares_against(sizes["people"], sizes["registered"], comparator.astype(float))
    rows = judged.assign(unit=sizes["short"], events=sizes["people"])
    return " ".join(_size(row) for _, row in rows.iterrows())


def _size(row: pd.Series) -> str:
    if pd.isna(row["value"]):
        return f"{row['unit']}: number too small to show."
    if pd.notna(row["comparator"]):
        return SIZE.own(row)
    rate, low, high = (SIZE.form(row[name]) for name in ("value", "lower", "upper"))
    return f"{row['unit']}: {rate} ({low} to {high}; {people(int(row['events']))}) per 1,000 registered."


def flow(steps: pd.DataFrame) -> str:
    """The people of one cohort left after each criterion, in words: the alternative text of its figure."""
    left = "; ".join(f"{row.criterion} {_number(row.people)}" for row in steps.itertuples())
    return f"People left after each criterion: {left}."


def _number(count: int) -> str:
    return "too few to show" if pd.isna(count) else f"{count:,}"


MOST_STARS = 0.5  # share of a cohort's units: with more of them suppressed a figure by unit shows nothing


@if_present
def enough_units(units: pd.DataFrame) -> pd.DataFrame | Absent:
    """The rows of cohorts of which at least half of the units have a number that can be shown."""
    stars = units["people"].isna().groupby(units["cohort"]).transform("mean")
    kept = units[stars <= MOST_STARS].reset_index(drop=True)
    return kept if len(kept) else Absent("Members by place", "enough members in each place to show a number")


@finding
def too_few_by_unit(units: pd.DataFrame, kind: str) -> str | None:
    """The cohorts that are not shown by unit, because most of their units have too few members; None where all are."""
    stars = units["people"].isna().groupby(units["short"], sort=False).mean()
    few = [short for short, share in stars.items() if share > MOST_STARS]
    if not few:
        return None
    return f"Not shown by {kind}, because most {kind}s have fewer than 8 members: {joined(few)}."


@if_present
def by_unit(units: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> pd.DataFrame | Absent:
    """Members per 1,000 registered of each practice, or PCN; a dagger after the name of one that is not compared."""
    return marked(per_1000(named(units, cohorts))) if cohorts else Absent(PART, NEEDS)


def alternatives(part: pd.DataFrame) -> str:
    """One cohort's size as defined and under each other threshold, in words: the alternative text of its figure."""
    listed = "; ".join(f"{row.alternative} {_number(row.people)}" for row in part.itertuples())
    return f"People in the cohort: {listed}."


@finding
def thresholds_said(frame: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> str:
    """For each cohort the fewest and the most people that any of its thresholds gives, and what was not counted."""
    parts = dict(list(frame.groupby("cohort", sort=False)))
    text = "Under the other thresholds. " + _each(_range_of(part) for part in parts.values())
    left = {
        cohorts[name].short: [
            other.says for other in cohorts[name].alternatives if other.says not in set(part["alternative"])
        ]
        for name, part in parts.items()
    }
    without = [f"{short}: {joined(says)}" for short, says in left.items() if says]
    return text + (f" Not counted, because this run lacks what they ask for. {_each(without)}" if without else "")


def _range_of(part: pd.DataFrame) -> str:
    """A cohort's size as defined, and the range over its alternatives."""
    short, own = part["short"].iloc[0], part.loc[part["alternative"] == AS_DEFINED, "people"].iloc[0]
    others = part.loc[part["alternative"] != AS_DEFINED, "people"]
    if others.empty:
        return f"{short}: no other threshold is given"
    known = others.dropna()
    if known.empty or pd.isna(own):
        return f"{short}: too few to show"
    fewest = "too few to show" if len(known) < len(others) else f"{int(known.min()):,}"
    return f"{short}: {fewest} to {people(int(known.max()))}, as defined {int(own):,}"


def _each(parts: Iterable[str]) -> str:
    """One short sentence for each cohort."""
    return ". ".join(parts) + "."
