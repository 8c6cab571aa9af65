"""What people of each segment use: contacts and cost of 12 months, all together and by setting."""

from functools import partial

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_rates, with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.release import Release
from phm_utils.rules.columns import ACTIVITIES, COSTS, cost_column

ALL = "cost_pence_12m"


def use_releases(
    con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, missing: set[str]
) -> list[Release]:
    """`segment_size`, and `segment_cost` where any setting is costed. missing: columns null throughout this run."""
    return [_size(con, areas, segments, missing), *_cost(con, areas, segments, missing)]


def available(missing: set[str]) -> tuple[str, ...]:
    """The activity counts of `person` that this run has."""
    return tuple(f"{a}_12m" for a in ACTIVITIES if f"{a}_12m" not in missing)


def _size(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, missing: set[str]) -> Release:
    events = available(missing)
    costed = "cost_pence_12m" not in missing
    summed = [f"sum({c}) AS {c}" for c in (*events, *(["cost_pence_12m"] if costed else []))]
    frame = counted(
        con,
        f"SELECT pcn_code, segment, count(*) AS people{''.join(', ' + s for s in summed)} "
        "FROM segment INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
    )
    frame = by_area(frame, segments, areas)
    frame["registered"] = frame.groupby("area_code")["people"].transform("sum")
    estimates = {}
    if costed:
        frame["cost_gbp"] = frame["cost_pence_12m"] / 100
        frame["cost_all_gbp"] = frame.groupby("area_code")["cost_gbp"].transform("sum")
        frame["cost_per_person_gbp"] = frame["cost_gbp"] / frame["people"]
        estimates = {"cost_gbp": "people", "cost_all_gbp": "registered", "cost_per_person_gbp": "people"}
    return Release(
        "segment_size",
        "People, contacts and cost by segment, 12 months; rates per 1,000 people; one row per segment",
        frame,
        ("area_code", "place", "segment"),
        counts=("people", "registered", *events),
        estimates=estimates,
        derive=partial(_with_size, events=events),
    )


def _with_size(shown: pd.DataFrame, *, events: tuple[str, ...]) -> pd.DataFrame:
    shown = with_rates(with_shares(shown), events=events)
    return shown.assign(cost_share=shown["cost_gbp"] / shown["cost_all_gbp"]) if "cost_gbp" in shown else shown


def _cost(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, missing: set[str]) -> list[Release]:
    """Pounds are estimates and not counts: national average prices of what was counted."""
    settings = {cost_column(name): title for name, (title, _) in COSTS.items() if cost_column(name) not in missing}
    if not settings:
        return []
    frame = counted(
        con,
        f"SELECT pcn_code, segment, count(*) AS people, {', '.join(f'sum({c}) AS {c}' for c in settings)} "
        "FROM segment INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
    )
    long = frame.melt(["pcn_code", "segment", "people"], var_name="setting", value_name="pence")
    long["setting"] = long["setting"].map(settings)
    levels = segments.merge(pd.DataFrame({"setting": list(settings.values())}), how="cross")
    rows = by_area(long, levels, areas)
    rows["cost_gbp"] = rows["pence"] / 100
    rows["cost_per_person_gbp"] = rows["cost_gbp"] / rows["people"]
    return [
        Release(
            "segment_cost",
            "Cost of 12 months by segment and setting, at national average prices, GBP",
            rows,
            ("area_code", "place", "segment", "setting"),
            counts=("people",),
            estimates={"cost_gbp": "people", "cost_per_person_gbp": "people"},
        )
    ]
