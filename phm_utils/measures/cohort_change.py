"""Who came into each cohort and who left it since an earlier run that is kept, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import guarded, parquet_source, present_tables, read_sql
from phm_utils.kept import ADVICE, FOLDER, Snapshot, newest_before
from phm_utils.measures.topic import KEPT
from phm_utils.params import Workbook
from phm_utils.runs import resolve

FEWEST_KNOWN = 0.5  # share of the people kept: with fewer known again, the pseudonyms are others
SAME, CHANGED = "the same", "changed"  # the definition
STAYED = "stayed"
# Why somebody is a member now and was none.
JOINED, NOT_THEN, MET, KNOWN, REDEFINED_IN = "joined", "not_then", "met", "known", "redefined_in"
# Why somebody was a member and is none now. ENDED is DIED or GONE, where deaths are not known.
ENDED, DIED, GONE, NOT_NOW, UNMET, UNKNOWN, REDEFINED_OUT = (
    *("ended", "died", "gone", "not_now"),
    *("unmet", "unknown", "redefined_out"),
)
BY_CRITERION = (MET, KNOWN, UNMET, UNKNOWN)  # those of which the criterion is told


@dataclass(frozen=True)
class Comparison:
    """Two runs compared.

    earlier: the index date of the earlier one. cohorts: one row per cohort that both could count, with `definition`,
        SAME or CHANGED. criteria: one row per cohort and `step`, with `criterion`, in words.
    outcomes: everybody who is a member now or was then, counted: one row per `cohort`, `pcn_then`, `pcn_now`,
        `outcome` and `step`, with `people`.
    deaths_known: does this run know who has died?

    outcome: STAYED (a member at both dates); of new members JOINED (not registered then), NOT_THEN (of a practice with
    nobody in the earlier run, as where its data had stopped, so that it is not known), MET or KNOWN (the first
    criterion that they did not meet then, or that was not known, is `step`) or REDEFINED_IN; of those who left DIED,
    GONE (no longer registered, or no longer in the extracts), ENDED (one of both), NOT_NOW (of a practice with nobody
    in this run), UNMET or UNKNOWN (`step` is the
    first criterion that is not met now, or not known) or REDEFINED_OUT. `step` is null where the definition changed.
    pcn_then: of the practice then, as practices are grouped now; as they were then if the practice is gone.
    """

    earlier: date
    cohorts: pd.DataFrame
    criteria: pd.DataFrame
    outcomes: pd.DataFrame
    deaths_known: bool


_SAME = f"CASE WHEN same THEN '{SAME}' ELSE '{CHANGED}' END"
_DEFINITIONS = """
    SELECT cohort, current.steps AS steps_now, former.steps AS steps_then, current.digest = former.digest AS same
    FROM (SELECT cohort, count(*) AS steps, min(digest) AS digest FROM cohort_definition GROUP BY cohort) AS current
    INNER JOIN (
        SELECT cohort, count(*) AS steps, min(digest) AS digest FROM cohort_definition_then GROUP BY cohort
    ) AS former USING (cohort)"""


# Everybody registered at either date, whose numbers are of one run only: `person` is one for both.
PEOPLE_OF_BOTH = """people AS MATERIALIZED (
    SELECT
        coalesce(place_now.person_no, -place_then.person_no) AS person,
        place_now.person_no AS no_now,
        place_then.person_no AS no_then,
        place_now.practice_code AS practice_now,
        place_then.practice_code AS practice_then,
        place_now.pcn_code AS pcn_now,
        coalesce(practice.pcn_code, place_then.pcn_code) AS pcn_then,
        dead.person_id IS NOT NULL AS has_died
    FROM person_place AS place_now
    FULL JOIN person_place_then AS place_then ON place_then.person_id = place_now.person_id
    LEFT JOIN practice ON practice.practice_code = place_then.practice_code
    LEFT JOIN (SELECT DISTINCT person_id FROM person_follow_up WHERE died) AS dead
        ON dead.person_id = place_then.person_id
)"""


def earlier_run(workbook: Workbook, tables: Sequence[str] = KEPT) -> Snapshot | None:
    """What is kept of the newest run of an earlier index date that has some tables, if anything is."""
    folder = resolve(workbook.outputs) / workbook.name / FOLDER
    return newest_before(folder, workbook.index_date, tables)


def earlier_files(workbook: Workbook, tables: Sequence[str] = KEPT) -> list[Path]:
    """The files that a comparison depends on: those of the earlier run that is kept."""
    kept = earlier_run(workbook, tables)
    return [] if kept is None else [path for table in tables for path in kept.files(table)]


def known_again(con: duckdb.DuckDBPyConnection, kept: Snapshot, tables: Sequence[str]) -> bool:
    """Make a view of each table that is kept, `<table>_then`; are its people those of this run?

    At least half of them must be in follow-up now, which goes back 48 months: else they have other pseudonyms.
    tables: `person_place` among them. Raises InputError where what is kept cannot be read.
    """
    with guarded(f"Comparing with the run of {kept.index_date} that is kept", ADVICE):
        for table in tables:
            source = parquet_source(kept.files(table))
            con.execute(f"CREATE OR REPLACE TEMP VIEW {table}_then AS SELECT * FROM {source}")
        return _known_again(con)


def compared(con: duckdb.DuckDBPyConnection, kept: Snapshot) -> Comparison | None:
    """This run against an earlier one. con: reads the tables of KEPT, `person_follow_up` and `practice`.

    None where this run counted no cohort, or knows fewer than half of the people kept: they have other pseudonyms.
    Raises InputError where what is kept cannot be read.
    """
    if not set(KEPT) <= present_tables(con):
        return None
    if not known_again(con, kept, KEPT):
        return None
    with guarded(f"Comparing with the run of {kept.index_date} that is kept", ADVICE):
        [(deaths,)] = con.execute("SELECT count(died) FROM person_follow_up").fetchall()
        outcomes = read_sql(con, _outcomes(deaths > 0)).astype({"people": "int64", "step": "Int32"})
        cohorts = read_sql(con, f"SELECT cohort, {_SAME} AS definition FROM ({_DEFINITIONS}) ORDER BY cohort")
        criteria = read_sql(con, "SELECT cohort, step, criterion FROM cohort_definition ORDER BY cohort, step")
    return Comparison(kept.index_date, cohorts, criteria, outcomes, deaths > 0)


def _known_again(con: duckdb.DuckDBPyConnection) -> bool:
    [(people, known)] = con.execute(
        "SELECT count(*), count(followed.person_id) FROM person_place_then LEFT JOIN "
        "(SELECT DISTINCT person_id FROM person_follow_up) AS followed "
        "ON followed.person_id = person_place_then.person_id"
    ).fetchall()
    return known >= FEWEST_KNOWN * people > 0


def _outcomes(deaths_known: bool) -> str:
    """A SELECT of people by cohort, networks, outcome and step. See `Comparison`."""
    ended = f"CASE WHEN people.has_died THEN '{DIED}' ELSE '{GONE}' END" if deaths_known else f"'{ENDED}'"
    not_now = f"counted_now.practice_code IS NULL AND NOT people.has_died THEN '{NOT_NOW}'"
    return f"""
WITH definition AS ({_DEFINITIONS}
),
{PEOPLE_OF_BOTH},
members_now AS (
    SELECT cohort, people.person
    FROM cohort_step
    INNER JOIN definition USING (cohort)
    INNER JOIN people ON people.no_now = cohort_step.person_no
    WHERE cohort_step.met = definition.steps_now
),
members_then AS (
    SELECT cohort, people.person
    FROM cohort_step_then
    INNER JOIN definition USING (cohort)
    INNER JOIN people ON people.no_then = cohort_step_then.person_no
    WHERE cohort_step_then.met = definition.steps_then
),
everybody AS (
    SELECT cohort, person, members_now.cohort IS NOT NULL AS is_now, members_then.cohort IS NOT NULL AS was_then
    FROM members_now
    FULL JOIN members_then USING (cohort, person)
),
judged AS (
    SELECT
        everybody.cohort,
        CASE WHEN everybody.was_then THEN people.pcn_then END AS pcn_then,
        CASE WHEN everybody.is_now THEN people.pcn_now END AS pcn_now,
        CASE
            WHEN everybody.is_now AND everybody.was_then THEN '{STAYED}'
            WHEN everybody.is_now AND people.no_then IS NULL AND counted_then.practice_code IS NULL THEN '{NOT_THEN}'
            WHEN everybody.is_now AND people.no_then IS NULL THEN '{JOINED}'
            WHEN everybody.is_now AND NOT definition.same THEN '{REDEFINED_IN}'
            WHEN everybody.is_now THEN CASE WHEN step_then.unknown THEN '{KNOWN}' ELSE '{MET}' END
            WHEN people.no_now IS NULL AND {not_now}
            WHEN people.no_now IS NULL THEN {ended}
            WHEN NOT definition.same THEN '{REDEFINED_OUT}'
            ELSE CASE WHEN step_now.unknown THEN '{UNKNOWN}' ELSE '{UNMET}' END
        END AS outcome,
        coalesce(CASE WHEN everybody.is_now THEN step_then.met ELSE step_now.met END, 0) + 1 AS step
    FROM everybody
    INNER JOIN definition ON definition.cohort = everybody.cohort
    INNER JOIN people ON people.person = everybody.person
    LEFT JOIN (SELECT DISTINCT practice_code FROM person_place) AS counted_now
        ON counted_now.practice_code = people.practice_then
    LEFT JOIN (SELECT DISTINCT practice_code FROM person_place_then) AS counted_then
        ON counted_then.practice_code = people.practice_now
    LEFT JOIN cohort_step AS step_now ON step_now.cohort = everybody.cohort AND step_now.person_no = people.no_now
    LEFT JOIN cohort_step_then AS step_then
        ON step_then.cohort = everybody.cohort AND step_then.person_no = people.no_then
)
SELECT
    cohort,
    pcn_then,
    pcn_now,
    outcome,
    CASE WHEN outcome IN ({", ".join(f"'{name}'" for name in BY_CRITERION)}) THEN step END AS step,
    count(*) AS people
FROM judged
GROUP BY ALL
ORDER BY ALL"""
