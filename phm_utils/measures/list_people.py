"""Everybody who was on a list of a cohort, once: where they are, what was done, and when they were first met."""

from collections.abc import Iterable

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.measures.follow_up import DIED, HERE, MOVED
from phm_utils.measures.outreach_status import CONTACT, REACHED, TRIED

THRICE = 3  # days on which somebody tried
NOT_COUNTED = "Not counted now (died, moved, no GP records)"  # in place of a group
HAD = ("offered", "declined", "food_parcel", "hub_support")  # statuses that are counted by themselves
WORKED = "_worked"  # the table that `worked` makes
CENSORED, FIRST_CONTACT, DEATH, MOVE = 0, 1, 2, 3  # how the time to the first contact ends


def worked(con: duckdb.DuckDBPyConnection, index_date: str, cohorts: Iterable[str]) -> None:
    """Make WORKED: one row per person and cohort, of the cohorts, or models of vulnerability, that are given.

    `person`: their number, or the reference of somebody who is in no extract. Place and state are those of the last
    list; `first_on` is the day of the first. `tried_days`: on which somebody tried. `contact_on`: of the first contact.
    A column for each of HAD: did the person ever have that status?
    """
    con.register("_of_cohorts", pd.DataFrame({"cohort": sorted(cohorts)}).astype("str"))
    had = "".join(f",\n        bool_or(status = '{status}') AS {status}" for status in HAD)
    kept = "".join(f",\n    coalesce(done.{status}, false) AS {status}" for status in HAD)
    con.execute(f"""
CREATE OR REPLACE TEMP TABLE {WORKED} AS
WITH members AS (
    SELECT *, coalesce(CAST(person_no AS VARCHAR), reference) AS person FROM list_member
    SEMI JOIN _of_cohorts USING (cohort)
),
people AS (
    SELECT
        cohort, person, min(listed_on) AS first_on, max(person_no) AS person_no,
        arg_max(practice_code, (listed_on, request)) AS practice_code,
        arg_max(coalesce(pcn_code, ''), (listed_on, request)) AS pcn_code,
        arg_max(state, (listed_on, request)) AS state,
        max(ended_on) AS ended_on
    FROM members
    GROUP BY cohort, person
),
done AS (
    SELECT
        cohort, coalesce(CAST(person_no AS VARCHAR), reference) AS person,
        count(DISTINCT day) FILTER (WHERE {_among(TRIED)}) AS tried_days,
        bool_or({_among(REACHED)}) AS reached,
        min(day) FILTER (WHERE {_among(CONTACT)}) AS contact_on,
        bool_or({_among(CONTACT)} AND date_trunc('month', day) = date_trunc('month', DATE '{index_date}'))
            AS this_month{had}
    FROM outreach_event
    GROUP BY cohort, person
)
SELECT
    people.cohort, people.person, people.person_no, people.practice_code, nullif(people.pcn_code, '') AS pcn_code,
    people.first_on, people.state, CASE WHEN people.state <> '{HERE}' THEN people.ended_on END AS ended_on,
    coalesce(done.tried_days, 0) AS tried_days, coalesce(done.reached, false) AS reached, done.contact_on,
    coalesce(done.this_month, false) AS this_month{kept}
FROM people
LEFT JOIN done ON done.cohort = people.cohort AND done.person = people.person
ORDER BY people.cohort, people.person_no, people.person""")
    con.unregister("_of_cohorts")


def _among(statuses: tuple[str, ...]) -> str:
    return f"status IN ({', '.join(repr(status) for status in statuses)})"


# SQL on WORKED: what `list_people` counts.
CASES = {
    "listed": "true",
    "here": f"state = '{HERE}'",
    "ended": f"state <> '{HERE}'",
    "tried": "tried_days > 0",
    "not_tried": f"tried_days = 0 AND state = '{HERE}'",
    "ended_untried": f"tried_days = 0 AND state <> '{HERE}'",
    "contacted": "contact_on IS NOT NULL",
    "reached": "reached",
    "thrice": f"tried_days >= {THRICE} AND NOT reached AND state = '{HERE}'",
    "this_month": "this_month",
} | {status: status for status in HAD}


def counted_sql(*names: str) -> str:
    """SQL: the columns that count people of WORKED by the cases of some names."""
    return ", ".join(f"count(*) FILTER (WHERE {CASES[name]}) AS {name}" for name in names)


def first_contacts(con: duckdb.DuckDBPyConnection, index_date: str) -> pd.DataFrame:
    """One row per cohort and person: `pcn_code`, `days` from the first list, how that time ended, and `followed`.

    Whoever died or moved before a contact cannot have a first one; whoever has none is followed to the index date.
    followed: days from the first list to the index date. Somebody in no extract is followed for no day.
    """
    return read_sql(
        con,
        f"""
SELECT
    cohort, pcn_code, date_diff('day', first_on, DATE '{index_date}') AS followed,
    CASE
        WHEN contact_on <= coalesce(ended_on, contact_on) THEN {FIRST_CONTACT}
        WHEN state = '{DIED}' THEN {DEATH}
        WHEN state = '{MOVED}' THEN {MOVE}
        ELSE {CENSORED}
    END AS cause,
    greatest(0, date_diff('day', first_on, coalesce(
        CASE WHEN contact_on <= coalesce(ended_on, contact_on) THEN contact_on END, ended_on,
        CASE WHEN state = '{HERE}' THEN DATE '{index_date}' ELSE first_on END
    ))) AS days
FROM {WORKED}
ORDER BY ALL""",
    )
