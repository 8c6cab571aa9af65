"""What came of the people of each list: who is still there, and every event since that says something was done.

Events come from codes of the extracts (a cohort's `follow_up` names them) and from lists that were sent back. Events of
`person_event` are of people registered on the index date; those of people who have died or left are read from
`gp_event`, so that nobody seems untried because they are gone.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, quote
from phm_utils.measures.named_cohorts import files_of_name, follow_up_of
from phm_utils.measures.outreach import TAKEN, held_outreach, requests_folder
from phm_utils.params import Workbook
from phm_utils.privacy.request_file import HEAD, PEOPLE, RequestFolder, requests_of
from phm_utils.rules.concepts import concepts

HERE, DIED, MOVED, NOT_FOUND = "here", "died", "moved", "not found"  # on the index date, of a person on a list
CODE, RETURNED = "code", "returned list"  # where an event is known from
FEWEST_KNOWN = 0.5  # share of a list's people: with fewer known again, the pseudonyms are others
LISTED = ["request", "reference", "cohort", "token", "practice_code", "listed_on"]
MEMBER_KEY = ("request", "reference")


def follow_up_files(workbook: Workbook) -> list[Path]:
    """The files that the stage depends on: every request, what came back of it, and the files of their cohorts."""
    found = requests_of(requests_folder(workbook))
    parts = [path for request in found for name in (HEAD, PEOPLE, TAKEN) if (path := request.path / name).is_file()]
    definitions = [path for name in sorted({r.head.cohort for r in found}) for path in files_of_name(name)]
    return [*parts, *dict.fromkeys(definitions)]


def follow_up(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `list_request`, one row per request; `list_member`, one per request and person; `outreach_event`.

    `list_request`: with `left_out`, why a request is not counted (made after the index date, of another run, with
    pseudonyms of another key); empty of those that are.
    `list_member`: `state` on the index date, of the practice that the list was made for or its successor, and
    `ended_on`, the day of death or of leaving. Somebody who is not in the extracts at all is NOT_FOUND.
    `outreach_event`: one row per request, person, day, status and source; codes after the day of the list, returned
    lists from it, both up to the index date.
    """
    found = requests_of(requests_folder(workbook))
    requests = _requests(con, found, workbook)
    counted = [request for request, why in zip(found, requests["left_out"], strict=True) if not why]
    yield Model("list_request", ("request",), frame=requests)
    con.register("_listed", _listed(counted))
    con.register("_returned", _returned(counted))
    con.register("_says", _says({request.head.cohort for request in counted}))
    day = f"DATE {quote(str(workbook.index_date))}"
    yield Model("list_member", MEMBER_KEY, sql=_members(day))
    yield Model("outreach_event", (*MEMBER_KEY, "day", "status", "source"), sql=_events(con, day))


def _requests(con: duckdb.DuckDBPyConnection, found: Sequence[RequestFolder], workbook: Workbook) -> pd.DataFrame:
    rows = [
        (h.request, h.cohort, h.title, h.made, h.expires, h.people, ", ".join(h.practices), _left_out(con, r, workbook))
        for r in found
        for h in [r.head]
    ]
    texts = ["request", "cohort", "title", "practices", "left_out"]
    frame = pd.DataFrame(rows, columns=[*texts[:3], "made", "expires", "people", *texts[3:]])
    days = dict.fromkeys(("made", "expires"), "datetime64[s]")
    return frame.astype(dict.fromkeys(texts, "str") | days | {"people": "int64"})


def _left_out(con: duckdb.DuckDBPyConnection, request: RequestFolder, workbook: Workbook) -> str:
    """Why a request is not counted in this run; empty where it is."""
    head = request.head
    if head.run != workbook.name:
        return f"it was made of the run {head.run}"
    if head.made > workbook.index_date:
        return f"it was made on {head.made}, after the index date {workbook.index_date}"
    con.register("_people", request.people())
    [(known,)] = con.execute(
        "SELECT count(*) FROM _people SEMI JOIN person_follow_up ON person_follow_up.person_id = _people.token"
    ).fetchall()
    con.unregister("_people")
    return "its people have other pseudonyms than this run" if known < FEWEST_KNOWN * head.people else ""


def _listed(counted: Sequence[RequestFolder]) -> pd.DataFrame:
    """One row per request and person."""
    parts = [
        r.people().assign(request=r.head.request, cohort=r.head.cohort, listed_on=str(r.head.made)) for r in counted
    ]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=LISTED)
    return frame[LISTED].astype("str")


def _returned(counted: Sequence[RequestFolder]) -> pd.DataFrame:
    """One row per request, reference, day and status of the lists that came back."""
    parts = [held_outreach(r.path).assign(request=r.head.request) for r in counted]
    columns = ["request", "reference", "day", "status"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return frame[columns].astype("str")


def _says(cohorts: set[str]) -> pd.DataFrame:
    """One row per cohort and concept that says something: the `status`, and the concept's code list."""
    lists = {concept.concept: concept.codes_from for concept in concepts()}
    defined = {name: said for name in sorted(cohorts) if (said := follow_up_of(name)) is not None}
    rows = [
        (name, status, concept, lists.get(concept, ""))
        for name, said in defined.items()
        for status, concept in said.pairs()
    ]
    return pd.DataFrame(rows, columns=["cohort", "status", "concept", "list_name"]).astype("str")


def _members(index_date: str) -> str:
    return f"""
WITH listed AS (
    SELECT
        _listed.request, _listed.reference, _listed.cohort, _listed.token, _listed.practice_code, practice.pcn_code,
        CAST(_listed.listed_on AS DATE) AS listed_on,
        CASE WHEN practice.close_date <= {index_date} THEN practice.successor_code END AS successor
    FROM _listed
    LEFT JOIN practice ON practice.practice_code = _listed.practice_code
),
-- The last day with the practice of the list, or the one that it became part of.
last_there AS (
    SELECT
        listed.request, listed.reference,
        max(coalesce(gp_registration.registered_to, DATE '9999-12-31')) AS last_day
    FROM listed
    INNER JOIN gp_registration ON gp_registration.token_person_id = listed.token
    WHERE
        gp_registration.practice_code IN (listed.practice_code, listed.successor)
        AND gp_registration.registered_from <= {index_date}
    GROUP BY listed.request, listed.reference
),
ends AS (
    SELECT
        listed.*,
        followed.person_no,
        last_there.last_day IS NOT NULL
        OR followed.practice_code IN (listed.practice_code, listed.successor) AS known_there,
        CASE WHEN followed.died THEN followed.end_date END AS died_on,
        CASE
            WHEN last_there.last_day < {index_date} THEN last_there.last_day
            WHEN last_there.last_day IS NULL AND followed.end_date < {index_date} THEN followed.end_date
        END AS left_on
    FROM listed
    LEFT JOIN person_follow_up AS followed ON followed.person_id = listed.token
    LEFT JOIN last_there ON last_there.request = listed.request AND last_there.reference = listed.reference
),
states AS (
    SELECT
        ends.*,
        CASE
            WHEN person_no IS NULL THEN '{NOT_FOUND}'
            WHEN died_on <= coalesce(left_on, died_on) THEN '{DIED}'
            WHEN left_on IS NOT NULL OR NOT coalesce(known_there, false) THEN '{MOVED}'
            ELSE '{HERE}'
        END AS state
    FROM ends
)
SELECT
    request, reference, cohort, person_no, practice_code, pcn_code, listed_on, state,
    CASE state
        WHEN '{DIED}' THEN greatest(died_on, listed_on)
        WHEN '{MOVED}' THEN greatest(coalesce(left_on, listed_on), listed_on)
    END AS ended_on
FROM states"""


def _events(con: duckdb.DuckDBPyConnection, index_date: str) -> str:
    """One row per request, person, day, status and source. con: which tables of events there are."""
    present = present_tables(con)
    columns = "member.request, member.reference, member.cohort, member.person_no"
    parts = [
        f"""
    SELECT {columns}, CAST(_returned.day AS DATE) AS day, _returned.status, '{RETURNED}' AS source
    FROM list_member AS member
    INNER JOIN _returned ON _returned.request = member.request AND _returned.reference = member.reference
    WHERE CAST(_returned.day AS DATE) BETWEEN member.listed_on AND {index_date}"""
    ]
    if "person_event" in present:
        parts.append(f"""
    SELECT {columns}, person_event.day, _says.status, '{CODE}' AS source
    FROM list_member AS member
    INNER JOIN _says ON _says.cohort = member.cohort
    INNER JOIN person_event ON person_event.person_no = member.person_no AND person_event.concept = _says.concept
    WHERE person_event.day > member.listed_on AND person_event.day <= {index_date}""")
    if {"gp_event", "code_list"} <= present:
        parts.append(f"""
    SELECT {columns}, gp_event.event_date AS day, _says.status, '{CODE}' AS source
    FROM list_member AS member
    INNER JOIN _listed ON _listed.request = member.request AND _listed.reference = member.reference
    INNER JOIN _says ON _says.cohort = member.cohort
    INNER JOIN code_list ON code_list.list_name = _says.list_name
    INNER JOIN gp_event ON gp_event.token_person_id = _listed.token AND gp_event.snomed_code = code_list.code
    ANTI JOIN person ON person.person_no = member.person_no
    WHERE gp_event.event_date > member.listed_on AND gp_event.event_date <= {index_date}""")
    return f"SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}\n)"
