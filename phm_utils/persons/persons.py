"""The persons stage: everybody registered, what is recorded about them, and what they used."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, quote
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.persons.recorded import recorded_sql
from phm_utils.persons.sources import (
    FOLLOW_MONTHS,
    Source,
    Window,
    check_index_date,
    empty_table,
    left_out,
    months_before,
    present,
    window_table,
    windows,
)
from phm_utils.rules.codelists import load
from phm_utils.rules.columns import ACTIVITIES
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.rules.person import person_columns
from phm_utils.runs import project_root
from phm_utils.tables import EMERGENCY_ADMIMETH

USED = (
    *("gp_event", "gp_medication", "gp_appointment", "apc_episode", "ecds_attendance", "op_attendance"),
    *("csds_contact", "mhsds_contact", "asc_event", "partner_list", "death", "area"),
)
# Where each activity's contacts come from: an SQL file of that name, kept as a table where read twice.
KEPT = {"ed_attendances": "ed_attendances", "emergency_admissions": "emergency_spell"}
EMPTY_HOUSEHOLD = (
    "SELECT NULL::VARCHAR AS household_token, NULL::BIGINT AS people, NULL::BOOLEAN AS probable_care_home WHERE false"
)


def persons(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `person`, `person_concept`, `person_follow_up`, `person_month`, and what they rest on.

    Also `activity_window`: the days counted, by source; and
    `person_left_out`: the columns that are null because a table is absent.
    Raises InputError for an index date that the extracts cannot be counted at.
    """
    sources = present(con)
    check_index_date(con, workbook.index_date, sources)
    spans = windows(sources, workbook.index_date)
    known = concepts()
    work = _Work(con, _values(sources, spans, workbook.index_date))
    try:
        work.stand_in(sources)
        yield Model("activity_window", ("source",), frame=window_table(spans))
        yield Model(
            "person_left_out", ("table_name", "column_name"), frame=left_out(sources, spans, person_columns(known))
        )
        _prepare(work, known, spans, "gp_event" in sources, workbook.index_date)
        yield work.model("person_concept", ("concept", "first_date", "last_date", "person_id"))
        yield work.model("person", ("practice_code", "lsoa", "age", "person_id"))
        yield work.model("person_follow_up", ("practice_code", "start_date", "end_date", "person_id"))
        yield work.model("person_month", ("month", "person_id"))
    finally:
        work.clear()


class _Work:
    """The tables made on the way, in DuckDB's own memory, and dropped at the end."""

    def __init__(self, con: duckdb.DuckDBPyConnection, values: Mapping[str, Any]) -> None:
        self.con, self.values = con, dict(values)
        self.made: list[tuple[str, str]] = []

    def make(self, name: str, sql: str, kind: str = "TABLE") -> None:
        with guarded(f"Making {name.replace('_', ' ')}"):
            self.con.execute(f"CREATE OR REPLACE TEMP {kind} {name} AS {sql}")
        self.made.append((kind, name))

    def make_from_file(self, name: str, kind: str = "TABLE", **values: Any) -> None:
        self.make(name, model_sql(name, **self.values, **values), kind)

    def stand_in(self, sources: Mapping[str, Source]) -> None:
        """Let the SQL files read an empty table where the run has none."""
        for name in USED:
            if name not in sources:
                self.make(name, empty_table(name), "VIEW")
        readable = {n for (n,) in self.con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
        if "household" not in readable:
            self.make("household", EMPTY_HOUSEHOLD, "VIEW")

    def model(self, name: str, key: tuple[str, ...]) -> Model:
        return Model(name, key, sql=model_sql(name, **self.values), partition_by="pcn_code")

    def clear(self) -> None:
        for kind, name in reversed(self.made):
            self.con.execute(f"DROP {kind} IF EXISTS {name}")
        self.made.clear()


def _prepare(work: _Work, known: tuple[Concept, ...], spans: Mapping[str, Window], gp: bool, index_date: date) -> None:
    """Make every table that person.sql and its neighbours join."""
    work.make_from_file("registered")
    work.make_from_file("identity")
    _register_codes(work, known)
    work.make_from_file("concept")
    work.make("recorded", recorded_sql(known, index_date, gp))
    work.make_from_file("no_fixed_abode", from_date=months_before(index_date, 12))
    for name in ("medicines", "partner_lists", "social_care"):
        work.make_from_file(name)
    for activity in ACTIVITIES:
        contacts = KEPT.get(activity, activity)
        work.make_from_file(contacts, "TABLE" if activity in KEPT else "VIEW")
        span = _days(spans.get(activity), index_date)
        work.make("contact", f"SELECT * FROM {contacts}", "VIEW")
        work.make(f"{activity}_count", model_sql("activity", **span))
    work.make_from_file("emergency_stay", **_days(spans.get("emergency_admissions"), index_date))


def _register_codes(work: _Work, known: tuple[Concept, ...]) -> None:
    """Tables `code` (code, concept_no, is_value, low, high) and `concept_name` (concept_no, concept, is_value)."""
    names = pd.DataFrame(
        {
            "concept_no": range(len(known)),
            "concept": [c.concept for c in known],
            "is_value": [c.kind == "value" for c in known],
            "low": [float("-inf") if c.low is None else c.low for c in known],
            "high": [float("inf") if c.high is None else c.high for c in known],
            "code": [load(c.concept) for c in known],
        }
    ).astype({"concept_no": "int16"})
    work.con.register("concept_frame", names.explode("code"))
    work.make("code", "SELECT code::VARCHAR AS code, concept_no, is_value, low, high FROM concept_frame")
    work.make("concept_name", "SELECT DISTINCT concept_no, concept::VARCHAR AS concept, is_value FROM concept_frame")
    work.con.unregister("concept_frame")


def _days(span: Window | None, index_date: date) -> dict[str, date]:
    """A window's days for an SQL file; where the source is absent, days over an empty table."""
    if span is None:
        return {"from_date": index_date, "to_date": index_date, "prior_from": index_date}
    return {"from_date": span.from_date, "to_date": span.to_date, "prior_from": span.prior_from}


def _values(sources: Mapping[str, Source], spans: Mapping[str, Window], index_date: date) -> dict[str, Any]:
    """What the SQL files call by name: dates, what is available, and unit costs in whole pence."""
    follow_from = months_before(index_date, FOLLOW_MONTHS)
    return {
        "index_date": index_date,
        "follow_from": follow_from,
        "first_day": min([follow_from, *(w.prior_from for w in spans.values())]),
        "emergency_admimeth": EMERGENCY_ADMIMETH,
        **{f"has_{name}": name in sources for name in USED},
        **{f"{a}_12m": a in spans and spans[a].covers_12m for a in ACTIVITIES},
        **{f"{a}_prior_12m": a in spans and spans[a].covers_prior for a in ACTIVITIES},
        **{f"pence_{item}": pence for item, pence in unit_costs().items()},
    }


def unit_costs(path: Path | None = None) -> dict[str, int]:
    """Whole pence per item, from parameters/reference/unit_costs.csv."""
    path = path or project_root() / "parameters" / "reference" / "unit_costs.csv"
    costs = pd.read_csv(path).set_index("item")["pence"]
    if not pd.api.types.is_integer_dtype(costs) or (costs < 0).any():
        raise InputError(f"{path.name}: `pence` must be whole numbers of 0 or more.")
    return {item: int(pence) for item, pence in costs.items()}


def model_sql(name: str, **values: Any) -> str:
    """An SQL file of this room with its named values, `$index_date` and the like, written in."""
    text = files("phm_utils.persons").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"\$([a-z_0-9]+)", lambda match: _literal(values[match[1]]), text)


def _literal(value: date | bool | int | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return ", ".join(quote(v) for v in value)
    return f"DATE '{value}'" if isinstance(value, date) else str(value).lower()
