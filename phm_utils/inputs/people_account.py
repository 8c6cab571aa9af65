"""The account of people: everybody registered in the extract is counted in a unit of the ICS, or has a named reason.

Registrations in the extract come down to people registered on the index date, and these to people counted.
"""

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, quote, read_sql
from phm_utils.inputs.practices import CLOSED, ELSEWHERE, MERGED, NO_PCN, UNLISTED
from phm_utils.inputs.silence import LEFT_OUT
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

REGISTRATIONS, PEOPLE, UNITS, AMONG = "registrations", "people", "counted", "among those counted"
TYPES = {"place": "int64", "part": "str", "unit_code": "str", "what": "str", "people": "int64"}
IN_EXTRACT, REGISTERED, COUNTED = "registrations in the extract", "people registered on the index date", "counted"
NOT_CURRENT = "of another time: ended before the index date, or not begun"
# Reasons why somebody registered is not counted, in the order in which they are looked for.
DIED = "died by the index date, still on a list"
SILENT_PRACTICE = "practice whose GP records fell silent"
NO_TOKEN = "no pseudonym"
END_UNKNOWN = "registration ended on an unknown day"
REASONS = (NO_TOKEN, END_UNKNOWN, DIED, f"practice {ELSEWHERE}", SILENT_PRACTICE)
NOTES = {
    NO_PCN: "practice in no network", UNLISTED: "practice not in the practice table",
    MERGED: "practice merged: counted in the network of its successor", CLOSED: "practice closed by the index date",
}  # fmt: skip


def people_account(con: duckdb.DuckDBPyConnection, workbook: Workbook, tables: pd.DataFrame) -> Model:
    """`people_account`: one row per step, reason, unit and note.

    con: with the validated tables and `silent_practice`. tables: `check_table`.

    part `registrations`: rows, down to `people registered on the index date`. part `people`: reasons why some of
    them are not counted. part `counted`: people by network. part `among those counted`: those whose practice is out
    of the ordinary. Registrations in the extract = the other registrations + people registered, and these = reasons +
    networks.
    """
    if "gp_registration" not in present_tables(con):
        return Model("people_account", ("place",), frame=pd.DataFrame(columns=list(TYPES)).astype(TYPES))
    found = read_sql(con, _account_sql(con, workbook))
    row = tables.set_index("table_name").loc["gp_registration"]
    people = found.groupby("outcome")["people"].sum()
    rows, registered = int(row["rows_kept"]), int(people.sum())
    now = int(found["registrations"].sum())
    steps = [
        (IN_EXTRACT, int(row["rows_in"])),
        ("of people who opted out: withheld", int(row["rows_withheld"])),
        ("cannot be used: quarantined", int(row["rows_quarantined"] - row["rows_withheld"])),
        (NOT_CURRENT, rows - now),
        ("further registrations of the same people", now - registered),
        (REGISTERED, registered),
    ]
    lines = [(REGISTRATIONS, "", what, n) for what, n in steps]
    lines += [(PEOPLE, "", reason, int(people.get(reason, 0))) for reason in REASONS]
    counted = found[found["outcome"] == COUNTED]
    units = counted.groupby(["pcn_code", "pcn_name"])["people"].sum().reset_index()
    lines += [(UNITS, u.pcn_code, u.pcn_name, int(u.people)) for u in units.itertuples()]
    by_standing = counted.groupby("standing")["people"].sum()
    lines += [(AMONG, "", words, int(by_standing[s])) for s, words in NOTES.items() if s in by_standing]
    frame = pd.DataFrame([(n, *line) for n, line in enumerate(lines, 1)], columns=list(TYPES))
    return Model("people_account", ("place",), frame=frame.astype(TYPES))


def _account_sql(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> str:
    """SQL: registrations and people by outcome, network and standing of the practice.

    A person is counted by the registration open on the index date that began last, of two the larger id, as in
    `registered`. A death counts unless its sex and month of birth both contradict the person's, as in `identity_link`.
    """
    person = "token_person_id" if workbook.form == "pseudonymised" else "nhs_number"
    born = "birth_month" if workbook.form == "pseudonymised" else "date_of_birth"
    day = f"DATE {quote(workbook.index_date.isoformat())}"
    deaths = "death" if "death" in present_tables(con) else f"({TABLES['death'].empty_sql(workbook.form)})"
    unread = "contains(coalesce(nulled_fields, ''), 'registered_to:')"
    return f"""
WITH registration AS (
    SELECT
        coalesce({person}, '#' || registration_id) AS person, {person} IS NOT NULL AS known, registration_id,
        practice_code, sex, {born} AS born, registered_from, NOT {unread} AS open
    FROM gp_registration
    WHERE registered_from <= {day} AND (registered_to >= {day} OR registered_to IS NULL)
),
ranked AS (
    SELECT
        registration.*, practice.pcn_code, practice.pcn_name, practice.standing, practice.of_ics,
        open AND practice.of_ics AS usable
    FROM registration INNER JOIN practice ON practice.practice_code = registration.practice_code
),
one AS (
    SELECT
        person, any_value(known) AS known, bool_or(usable) AS usable, bool_or(open) AS open, count(*) AS registrations,
        arg_max(practice_code, (usable, registered_from, registration_id)) AS practice_code,
        arg_max(pcn_code, (usable, registered_from, registration_id)) AS pcn_code,
        arg_max(standing, (usable, registered_from, registration_id)) AS standing
    FROM ranked GROUP BY person
),
holder AS (
    SELECT
        {person} AS person, arg_max(sex, (registered_from, registration_id)) AS sex,
        arg_max({born}, (registered_from, registration_id)) AS born
    FROM gp_registration WHERE {person} IN (SELECT {person} FROM {deaths} AS death) GROUP BY {person}
),
dead AS (
    SELECT DISTINCT holder.person
    FROM holder INNER JOIN {deaths} AS death ON death.{person} = holder.person
    WHERE death.date_of_death <= {day} AND NOT (
        coalesce(death.sex <> holder.sex AND death.sex IN ('1', '2') AND holder.sex IN ('1', '2'), false)
        AND coalesce(death.{born} <> holder.born, false)
    )
),
outcomes AS (
    SELECT
        one.*,
        CASE
            WHEN NOT known THEN {quote(NO_TOKEN)}
            WHEN NOT open THEN {quote(END_UNKNOWN)}
            WHEN person IN (SELECT person FROM dead) THEN {quote(DIED)}
            WHEN NOT usable THEN {quote(f"practice {ELSEWHERE}")}
            WHEN practice_code IN ({LEFT_OUT}) THEN {quote(SILENT_PRACTICE)}
            ELSE {quote(COUNTED)}
        END AS outcome
    FROM one
)
SELECT
    outcome, pcn_code, standing,
    coalesce((SELECT min(pcn_name) FROM practice WHERE practice.pcn_code = outcomes.pcn_code), pcn_code) AS pcn_name,
    count(*) AS people, sum(registrations)::BIGINT AS registrations
FROM outcomes GROUP BY ALL ORDER BY ALL"""
