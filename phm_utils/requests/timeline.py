"""The contacts of one listed person over 36 months, for the clinician: of sources that may be told, on screen only."""

from dataclasses import dataclass
from datetime import date
from html import escape

import pandas as pd

from phm_utils.engine import present_tables, read_sql
from phm_utils.errors import InputError
from phm_utils.figures.svg import encoded
from phm_utils.figures.theograph import theograph
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import OTHER
from phm_utils.privacy.audit_log import AuditLog
from phm_utils.privacy.request_file import RequestHead
from phm_utils.requests.list_files import says
from phm_utils.requests.people import Question
from phm_utils.requests.reasons import LISTED, ONE_OF, put_listed
from phm_utils.requests.reidentify import Opened, ReadKey, opened, used
from phm_utils.requests.terms import refuse_unless_named
from phm_utils.rules.columns import ACTIVITIES
from phm_utils.rules.event_concepts import NIGHTS
from phm_utils.rules.months import months_after

MONTHS = 36
COLUMNS = ["service", "first", "last"]
SOCIAL_CARE = "asc_event"
STYLE = """
body{font:16px/1.5 Verdana,Arial,sans-serif;color:#212B32;max-width:60rem;margin:1rem auto;padding:0 1rem}
img{max-width:100%;height:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #D8DDE0}
.warn{border-left:6px solid #D55E00;padding:.4rem .8rem;background:#FFF4EC}
.paper{display:none}@media print{main{display:none}.paper{display:block}}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Timeline:
    """One person's page."""

    html: str
    contacts: int


def timeline(
    workbook: Workbook, name: str, reference: str, key: ReadKey, log: AuditLog, day: date | None, requester: str
) -> Timeline:
    """The page of one person on the list of a request that is for direct care.

    The audit has the intent before the vault is opened, and the outcome before the page is given out.
    Raises InputError where the request may not be used today, is not for direct care, or the person is not on its list.
    """
    with log.recorded("timeline", used(workbook, name, requester)) as entry:
        refuse_unless_named(requester)
        with opened(workbook, name, key, log, day) as request:
            head = request.request.head
            if request.question.terms.agreement.kind == OTHER or head.purpose != "direct_care":
                raise InputError(f"A timeline is for direct care; {head.request} is for {head.purpose}.")
            person = request.people[request.people["reference"] == reference]
            if person.empty:
                raise InputError(f"{head.request} lists nobody today by the reference given. It stands on the list.")
            put_listed(request.question, person["token"])
            rows = contacts(request.question, workbook.index_date)
            page = _page(request, person.iloc[0], rows, workbook.index_date)
        entry.outcome({"recipient": head.recipient, "agreement": head.agreement, "cohort": head.cohort,
                       "role": head.role, "purpose": head.purpose, "people": 1, "granted": 1})  # fmt: skip
    return Timeline(page, len(rows))


def contacts(question: Question, index_date: date) -> pd.DataFrame:
    """Of the one person of LISTED, a row per contact in the 36 months to the index date: `service`, `first`, `last`.

    Stays in hospital and services of social care from their first to their last day; only of sources that may be told.
    """
    recipient = question.words.recipient
    begin = months_after(index_date, -MONTHS)
    parts = [_activities(question, [n for n, (_, t) in ACTIVITIES.items() if recipient.may_read(t)], begin)]
    if recipient.may_read(SOCIAL_CARE) and SOCIAL_CARE in present_tables(question.con):
        parts.append(_social_care(question, index_date, begin))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _activities(question: Question, told: list[str], begin: date) -> pd.DataFrame:
    """Contacts of the activities, in their order."""
    nights = f"CASE WHEN concept IN ({', '.join(repr(name) for name in NIGHTS)}) THEN coalesce(value, 0) ELSE 0 END"
    rows = read_sql(
        question.con,
        f"SELECT concept, day AS first, day + CAST({nights} AS INTEGER) AS last FROM person_event "
        f"INNER JOIN {LISTED} USING (person_no) WHERE list_contains($told, concept) AND day > $begin ORDER BY ALL",
        {"told": told, "begin": begin},
    )
    order = {name: place for place, name in enumerate(told)}
    rows = rows.sort_values("concept", key=lambda names: names.map(order), kind="stable")
    return _timed(rows.assign(service=rows["concept"].map({n: t[0].upper() + t[1:] for n, t in ONE_OF.items()})))


def _social_care(question: Question, index_date: date, begin: date) -> pd.DataFrame:
    rows = read_sql(
        question.con,
        "SELECT 'Social care: ' || coalesce(asc_event.service_type, 'service') AS service, event_start AS first, "
        "least(coalesce(event_end, $end), $end) AS last FROM asc_event "
        f"INNER JOIN {LISTED} AS listed ON listed.token = asc_event.token_person_id "
        "WHERE event_type = 'Service' AND event_start <= $end AND coalesce(event_end, $end) > $begin "
        "AND NOT contains(coalesce(nulled_fields, ''), 'event_end:') ORDER BY ALL",
        {"end": index_date, "begin": begin},
    )
    return _timed(rows)


def _timed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(first=pd.to_datetime(rows["first"]), last=pd.to_datetime(rows["last"]))[COLUMNS]


def _page(request: Opened, person: pd.Series, rows: pd.DataFrame, index_date: date) -> str:
    head = request.request.head
    begin, end = pd.Timestamp(months_after(index_date, -MONTHS)), pd.Timestamp(index_date)
    names = [person[name] for name in ("forename", "surname") if isinstance(person[name], str)]
    names = names if {"forename", "surname"} <= set(request.fields) else []
    shown = " ".join(names) or f"Reference {person['reference']}"
    body = _figure(rows, begin, end) if len(rows) else "<p>No contact is recorded in these 36 months.</p>"
    sources = ", ".join(_told_titles(request.question))
    return (
        f'<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{POLICY}"><title>Timeline</title><style>{STYLE}</style></head><body>'
        f'<p class="paper">This timeline is not for printing.</p><main><h1>{escape(shown)}</h1>'
        f'<p class="warn">{escape(_warning(head))}</p>'
        f"<p>Contacts from {begin:%d %B %Y} to {end:%d %B %Y}. Shown: {escape(sources)}. Other records exist that this "
        f"recipient may not be told or this run does not have: no mark means none of these, not none at all.</p>"
        f"{body}</main></body></html>"
    )


def _warning(head: RequestHead) -> str:
    return f"{says(head)} On screen only: close the page when you have read it."


def _told_titles(question: Question) -> list[str]:
    """What is drawn: the titles of activities and of social care that may be told and that the run has."""
    words = question.words
    known = {name: activity for name, activity in ACTIVITIES.items() if f"events of {name}" not in words.missing}
    told = [title for title, table in known.values() if words.recipient.may_read(table)]
    if words.recipient.may_read(SOCIAL_CARE) and SOCIAL_CARE in present_tables(question.con):
        told.append("Services of adult social care")
    return [title[0].lower() + title[1:] if title[1].islower() else title for title in told]


def _figure(rows: pd.DataFrame, begin: pd.Timestamp, end: pd.Timestamp) -> str:
    kind, picture = encoded(theograph(rows, "service", "first", "last", begin=begin, end=end))
    counted = rows.groupby("service", sort=False).size()
    alt = "One row per service over 36 months. " + "; ".join(f"{name}: {n}" for name, n in counted.items())
    days = rows.sort_values("first", ascending=False)
    lines = "".join(
        f"<tr><td>{row.first:%d %B %Y}</td><td>{'' if row.first == row.last else f'{row.last:%d %B %Y}'}</td>"
        f"<td>{escape(row.service)}</td></tr>"
        for row in days.itertuples()
    )
    return (
        f'<img alt="{escape(alt)}" src="data:{kind};base64,{picture}">'
        '<h2>The same as a table, latest first</h2><table><thead><tr><th scope="col">Day</th><th scope="col">Until</th>'
        f'<th scope="col">Service</th></tr></thead><tbody>{lines}</tbody></table>'
    )
