"""Why each person is on a list, when they were last in contact, in words that the recipient may read."""

import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.measures.evidence import evidence_sql
from phm_utils.requests.people import Question
from phm_utils.rules.columns import ACTIVITIES

LISTED = "listed"  # the table of the people on the list
AND = "; "


def put_listed(question: Question, tokens: pd.Series) -> None:
    """Make the table LISTED: `person_no` and `token` of the people on the list who are in this run."""
    question.con.register("_tokens", pd.DataFrame({"token": tokens.astype("str")}))
    question.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {LISTED} AS SELECT person.person_no, _tokens.token FROM _tokens "
        "INNER JOIN person ON person.person_id = _tokens.token"
    )
    question.con.unregister("_tokens")


def reasons(question: Question) -> pd.Series:
    """Of each person of LISTED, by `token`: every criterion that holds, with the day and value of its record.

    Only of sources that may be told to the recipient.
    """
    people = f"SELECT person_no FROM {LISTED}"
    evidence = evidence_sql(question.cohort, question.query, people, ["person_no"], met_only=True)
    # Of what is not recorded in a window, the day is that of the last record before it.
    day = "CASE WHEN day < window_from THEN ', last on ' ELSE ', ' END || strftime(day, '%-d %b %Y')"
    day = f"CASE WHEN day IS NOT NULL THEN {day} ELSE '' END"
    value = "CASE WHEN TRY_CAST(value AS DOUBLE) IS NOT NULL THEN ' (' || value || ')' ELSE '' END"
    rows = read_sql(
        question.con,
        f"SELECT token, string_agg(criterion || {value} || {day}, '{AND}' ORDER BY step, place) AS why "
        f"FROM ({evidence}) INNER JOIN {LISTED} USING (person_no) GROUP BY token",
    )
    return rows.set_index("token")["why"]


def last_contacts(question: Question) -> pd.Series:
    """Of each person of LISTED, by `token`: the last contact with a service, of sources that may be told."""
    told = [name for name, (_, table) in ACTIVITIES.items() if question.words.recipient.may_read(table)]
    titles = pd.DataFrame({"concept": told, "title": [ONE_OF[name] for name in told]}).astype("str")
    question.con.register("_titles", titles)
    rows = read_sql(
        question.con,
        f"SELECT token, strftime(max(day), '%-d %b %Y') || ', ' || arg_max(title, (day, title)) AS last_contact "
        f"FROM person_event INNER JOIN {LISTED} USING (person_no) INNER JOIN _titles USING (concept) GROUP BY token",
    )
    question.con.unregister("_titles")
    return rows.set_index("token")["last_contact"]


ONE_OF = {  # one event of each activity
    "gp_appointments": "GP appointment",
    "ed_attendances": "emergency department",
    "emergency_admissions": "emergency admission",
    "other_admissions": "planned or other admission",
    "op_attendances": "outpatient appointment",
    "community_contacts": "community care",
    "mental_health_contacts": "mental health care",
}
