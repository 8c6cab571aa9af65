"""Use by segment: contacts and cost of 12 months, in total and by setting."""

from collections.abc import Collection

import duckdb
import numpy as np
import pandas as pd

from phm_utils.measures.segments import NEEDED_RULES
from phm_utils.methods.rates import with_rates, with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, count, counts, derived, estimate, keys
from phm_utils.rules.columns import ACTIVITIES, COSTS, cost_column

EVENTS = tuple(f"{name}_12m" for name in ACTIVITIES)
ALL = "cost_pence_12m"


def _with_size(shown: pd.DataFrame) -> pd.DataFrame:
    shown = with_rates(with_shares(shown), events=EVENTS)
    return shown.assign(cost_share=shown["cost_gbp"] / shown["cost_all_gbp"]) if "cost_gbp" in shown else shown


EVENT_COUNTS = tuple(count(name, "events", people=f"{name}_people", optional=True) for name in EVENTS)
# Standard error of the rate's logarithm, from how contacts vary between people: a few have many.
EVENT_ERRORS = tuple(estimate(f"{name}_error", name, people=f"{name}_people", optional=True) for name in EVENTS)
EVENT_RATES = tuple(derived(f"{name}_per_1000", optional=True) for name in EVENTS)
# Each kind by itself: the run may lack some of them.
EVENTS_ADD_UP = tuple(AcrossAreas((name,)) for name in EVENTS)
SIZE = Release(
    "segment_size",
    "People, contacts and cost by segment, 12 months; rates per 1,000 people; one row per segment",
    (
        *(AREA, PLACE, *keys("segment"), *counts("people", "registered"), *EVENT_COUNTS, *EVENT_ERRORS),
        estimate("cost_gbp", "costed_people", optional=True),
        estimate("cost_all_gbp", "costed_registered", optional=True),
        estimate("cost_per_person_gbp", "costed_people", optional=True),
        *(*SHARES, *EVENT_RATES, derived("cost_share", optional=True)),
    ),
    relations=(
        *(AcrossAreas(("people", "registered")), *EVENTS_ADD_UP),
        *(Parts("people", ("segment",), "registered"), AtMost("people", "registered")),
    ),
    derive=_with_size,
    part="Segments",
    needs=NEEDED_RULES,
)
COST = Release(
    "segment_cost",
    "Cost of 12 months by segment and setting, at national average prices, GBP",
    (
        *(AREA, PLACE, *keys("segment", "setting"), *counts("people")),
        *(estimate("cost_gbp", "costed_people"), estimate("cost_per_person_gbp", "costed_people")),
    ),
    relations=(AcrossAreas(("people",)),),
    part="Cost by setting",
    needs=NEEDED_RULES,
    one_of=tuple(cost_column(setting) for setting in COSTS),
)


def contact_sums(missing: Collection[str]) -> list[str]:
    """As SQL: the contacts of each kind that this run has, the distinct people behind them, and the sum of squares.

    missing: columns of `person` that are null throughout.
    """
    known = [name for name in EVENTS if name not in missing]
    return [
        sql
        for name in known
        for sql in (
            f"sum({name}) AS {name}",
            f"count(*) FILTER (WHERE {name} > 0) AS {name}_people",
            f"sum({name} * {name}) AS {name}_squares",
        )
    ]


def sizes(
    con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, missing: Collection[str]
) -> pd.DataFrame:
    """The true figures of SIZE."""
    costed = ALL not in missing
    costs = [f"sum({ALL}) AS {ALL}", f"{_with_cost(ALL)} AS costed_people"] if costed else []
    summed = ["count(*) AS people", *contact_sums(missing), *costs]
    frame = counted(
        con,
        f"SELECT pcn_code, segment, {', '.join(summed)} "
        "FROM segment INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
    )
    frame = by_area(frame, segments, areas)
    frame["registered"] = frame.groupby("area_code")["people"].transform("sum")
    frame = frame.assign(**_errors(frame))
    if costed:
        frame["cost_gbp"] = frame[ALL] / 100
        whole = frame.groupby("area_code")
        frame["cost_all_gbp"] = whole["cost_gbp"].transform("sum")
        frame["costed_registered"] = whole["costed_people"].transform("sum")
        frame["cost_per_person_gbp"] = frame["cost_gbp"] / frame["people"]
        frame = _behind_no_cost(frame)
    return frame


def _errors(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """The standard error of the logarithm of each rate: people are given, and each has a number of contacts."""
    found = {}
    for name in (name for name in EVENTS if name in frame):
        total, people = frame[name].astype(float), frame["people"].astype(float)
        spread = frame[f"{name}_squares"].astype(float) - total**2 / people.where(people > 0)
        found[f"{name}_error"] = np.sqrt(spread.clip(lower=0)) / total.where(total > 0)
    return found


def costs(
    con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, missing: Collection[str]
) -> pd.DataFrame | None:
    """The true figures of COST; None where no setting is costed.

    Pounds are estimates and not counts: national average prices of what was counted. Behind them stand the people
    who had a cost, not all of the segment: one person's stay would else be shown.
    """
    settings = {cost_column(name): title for name, (title, _) in COSTS.items() if cost_column(name) not in missing}
    if not settings:
        return None
    summed = [f"sum({c}) AS {c}, {_with_cost(c)} AS {c}_people" for c in settings]
    frame = counted(
        con,
        f"SELECT pcn_code, segment, count(*) AS people, {', '.join(summed)} "
        "FROM segment INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
    )
    group = ["pcn_code", "segment", "people"]
    parts = [
        frame[group].assign(setting=title, pence=frame[c], costed_people=frame[f"{c}_people"])
        for c, title in settings.items()
    ]
    long = pd.concat(parts, ignore_index=True)
    levels = segments.merge(pd.DataFrame({"setting": list(settings.values())}), how="cross")
    rows = by_area(long, levels, areas)
    rows["cost_gbp"] = rows["pence"] / 100
    rows["cost_per_person_gbp"] = rows["cost_gbp"] / rows["people"]
    return _behind_no_cost(rows)


def _with_cost(column: str) -> str:
    """The distinct people behind a cost, as SQL."""
    return f"count(*) FILTER (WHERE {column} > 0)"


def _behind_no_cost(rows: pd.DataFrame) -> pd.DataFrame:
    """Where nobody has a cost, everybody stands behind that."""
    return rows.assign(costed_people=rows["costed_people"].where(rows["costed_people"] > 0, rows["people"]))
