"""Load a panel from the store: people who may take part, and their monthly counts."""

from collections.abc import Sequence
from datetime import date

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import guarded, present_tables, quote, read_sql
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.rules.columns import ACTIVITIES, COSTED
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import columns_missing
from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.panel import NEVER, Panel

FOLLOW_MONTHS = 48  # of person_month and person_follow_up
NEEDED = ("person_month", "person_follow_up", "programme_enrolment", "person_index")
COUNTS = ("ed_attendances", "emergency_admissions")
COUNTED_FROM = ("ecds_attendance", "apc_episode")  # the sources of COUNTS


def absent_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables without which no programme can be evaluated."""
    return [name for name in NEEDED if name not in present_tables(con)]


def uncounted(con: duckdb.DuckDBPyConnection, programme: Intervention) -> list[str]:
    """Tables or fields that this run lacks for the contacts by which a programme chooses people and is judged."""
    missing = columns_missing(con)
    asked = dict.fromkeys(f"{name}_12m" for name in (programme.eligibility.column, programme.outcome))
    return list(dict.fromkeys(missing[name] for name in asked if name in missing))


def calendar(con: duckdb.DuckDBPyConnection, index_date: date) -> pd.DatetimeIndex:
    """First days of the panel's months: whole months only, up to the last that every source covers."""
    last = index_date
    if "activity_window" in present_tables(con):
        ends = read_sql(con, "SELECT source, to_date FROM activity_window").set_index("source")["to_date"]
        last = min([last, *(pd.Timestamp(day).date() for day in ends.reindex(COUNTED_FROM).dropna())])
    after = pd.Period(index_date, "M") + 1
    end = pd.Timestamp(last) + pd.Timedelta(days=1)
    months = pd.period_range(after - FOLLOW_MONTHS, after - 1, freq="M")
    return pd.DatetimeIndex([m.to_timestamp() for m in months if (m + 1).to_timestamp() <= end])


def load_panel(
    con: duckdb.DuckDBPyConnection, programme: Intervention, same_kind: Sequence[str], months: pd.DatetimeIndex
) -> Panel:
    """Everybody who ever met the rule, or enrolled in the programme or another of its kind.

    same_kind: codes of all programmes of the kind, this one's among them.
    months: from `calendar`. Reads the store's tables; changes none.
    """
    last_day = (months[-1] + pd.offsets.MonthEnd(0)).date()
    rule = programme.eligibility
    with guarded(f"Reading the people of {programme.code}"):
        enrolment = sql_file("topics/evaluation", "enrolment", last_day=last_day)
        con.execute(f"CREATE OR REPLACE TEMP TABLE evaluation_enrolment AS {enrolment}")
        candidates = sql_file(
            "topics/evaluation",
            "candidate",
            column=raw(rule.column),
            window_before=rule.from_month - rule.to_month,
            minimum=rule.minimum,
            last_day=last_day,
            programme=programme.programme,
            same_kind=tuple(same_kind),
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE evaluation_candidate AS {candidates}")
        people = read_sql(con, "SELECT * FROM evaluation_candidate ORDER BY panel_no")
        counts = {name: _counts(con, name, len(people), months) for name in _columns(con, programme)}
        since = _first_records(con, len(people), months[0])
        unmatched = _unmatched(con, programme)
        con.execute("DROP TABLE evaluation_candidate")
        con.execute("DROP TABLE evaluation_enrolment")
    return Panel(_timed(people, months[0]), counts, months, since, unmatched, _silent(con, programme, months))


def _silent(con: duckdb.DuckDBPyConnection, programme: Intervention, months: pd.DatetimeIndex) -> tuple[int, ...]:
    """Numbers of the months in which a source of the outcome, or of the negative control, holds next to nothing."""
    counted = [(ACTIVITIES[c][1],) if c in ACTIVITIES else COSTED for c in (programme.outcome,
               programme.negative_control) if c]  # fmt: skip
    tables = ", ".join(sorted({quote(table) for sources in counted for table in sources}))
    found = read_sql(con, f"SELECT DISTINCT month FROM silent_month WHERE unit = '' AND table_name IN ({tables})")
    silent = months.get_indexer(pd.DatetimeIndex(found["month"]))
    return tuple(sorted(int(number) for number in silent if number >= 0))


def _timed(people: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """The panel's people: dates as months since the panel's start."""
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "pcn_code": people["pcn_code"],
            "joins": _time(people["start_date"], start).fillna(-NEVER),
            "leaves": _time(people["end_date"] + pd.Timedelta(days=1), start),
            "palliative": _time(people["palliative_from"], start).fillna(NEVER),
            "enrolled": np.floor(_time(people["enrolled"], start)).fillna(NEVER),
            "enrolled_any": np.floor(_time(people["enrolled_any"], start)).fillna(NEVER),
            "birth": _time(people["birth_month"], start),
            "female": people["sex"].map({"Female": 1.0, "Male": 0.0}),
            "deprivation quintile": people["imd_quintile"].astype("Float64").astype(float),
        }
    )


def _time(days: pd.Series, start: pd.Timestamp) -> pd.Series:
    """Months from `start` to the beginning of each day; NaN where there is none."""
    days = pd.to_datetime(days)
    whole = (days.dt.year - start.year) * 12 + days.dt.month - start.month
    return whole + (days.dt.day - 1) / days.dt.days_in_month


def _columns(con: duckdb.DuckDBPyConnection, programme: Intervention) -> list[str]:
    """The monthly counts that the programme's definition and the covariates need, of those that this run has."""
    wanted = (programme.eligibility.column, programme.outcome, programme.negative_control, *COUNTS)
    missing = columns_missing(con)
    there = {row[0] for row in con.execute("DESCRIBE person_month").fetchall() if f"{row[0]}_12m" not in missing}
    return [name for name in dict.fromkeys(wanted) if name and name in there]


def _counts(con: duckdb.DuckDBPyConnection, column: str, people: int, months: pd.DatetimeIndex) -> np.ndarray:
    found = read_sql(
        con,
        f"SELECT c.panel_no, m.month, m.{column} AS events FROM person_month AS m "
        "JOIN person_follow_up AS f USING (person_no) JOIN evaluation_candidate AS c ON c.person_id = f.person_id "
        f"WHERE m.{column} > 0 AND m.month BETWEEN {_day(months[0])} AND {_day(months[-1])}",
    )
    grid = np.zeros((people, len(months)), dtype=int)
    place = months.get_indexer(pd.DatetimeIndex(pd.to_datetime(found["month"])))
    np.add.at(grid, (found["panel_no"].to_numpy(int), place), found["events"].fillna(0).to_numpy(int))
    return grid


def _first_records(con: duckdb.DuckDBPyConnection, people: int, start: pd.Timestamp) -> pd.DataFrame:
    """People x long-term conditions: when each was first recorded, never after it was known."""
    if "person_concept" not in present_tables(con):
        return pd.DataFrame(index=range(people))
    names = [c.concept for c in concepts() if c.kind == "condition" and c.long_term_condition]
    found = read_sql(
        con,
        "SELECT c.panel_no, p.concept, min(p.first_date) AS first_date FROM person_concept AS p "
        "JOIN person_follow_up AS f USING (person_no) JOIN evaluation_candidate AS c ON c.person_id = f.person_id "
        f"WHERE p.concept IN ({', '.join(map(quote, names))}) "
        "GROUP BY ALL",
    )
    found["time"] = _time(found["first_date"], start)
    wide = found.pivot(index="panel_no", columns="concept", values="time")
    return wide.reindex(index=range(people), columns=names).fillna(NEVER).astype(float)


def _unmatched(con: duckdb.DuckDBPyConnection, programme: Intervention) -> int:
    """Enrolled identities without a person in the GP extract."""
    [(unmatched,)] = con.execute(
        "SELECT coalesce(sum(identities), 0) FROM evaluation_enrolment "
        f"WHERE person_id IS NULL AND programme = {quote(programme.programme)}"
    ).fetchall()
    return int(unmatched)


def _day(day: pd.Timestamp) -> str:
    return f"DATE '{day:%Y-%m-%d}'"
