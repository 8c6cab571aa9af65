"""What a source may not tell: whatever it says of people, who is listed and what the list says of them is the same."""

import random
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from person_table import People
from rule_answers import OTHER, cohort_of, make
from small_runs import IDS, LISTED, edge_days, rule, small_run

from phm_utils import engine
from phm_utils.inputs.governance import Permission
from phm_utils.measures import id_files
from phm_utils.measures.cohort_query import CohortQuery
from phm_utils.measures.cohort_run import run_words
from phm_utils.requests.people import Question
from phm_utils.requests.reasons import last_contacts, put_listed, reasons
from phm_utils.requests.telling import Recipient, telling_words
from phm_utils.requests.timeline import contacts
from phm_utils.rules.forms import list_of

DAY = date(2025, 4, 1)
WARM, OTHER_LIST = LISTED["partner_list"]
BANDS, HOMES = "energy_band", "it's 10% of homes"  # lists of addresses
TABLE_OF = {
    "ed_attendances": "ecds_attendance",
    "stay_fall": "apc_episode",
    "emergency_admissions": "apc_episode",
    "mental_health_contacts": "mhsds_contact",
    "programme": "programme_enrolment",
}
SOURCE_OF = {
    "ecds_attendance": "ecds",
    "apc_episode": "sus_apc",
    "mhsds_contact": "mhsds",
    "programme_enrolment": "programme",
}
ADMITTED = "emergency_admissions_12m"  # a column of person from hospital episodes
UNTOLD = (*SOURCE_OF.values(), f"partner_list/{OTHER_LIST}", f"address_list/{BANDS}")
ENTRY = {
    "controller": "made up",
    "processor": "made up",
    "legal_basis": "made up",
    "purposes": ("direct_care",),
    "agreement": "made up",
    "expires": date(2030, 1, 1),
    "type_1_opt_out": {"applied": "not_applicable", "how": "made up"},
    "national_data_opt_out": {"applied": "not_applicable", "how": "made up"},
}
ALSO = (
    {"column": ADMITTED, "op": "at least", "value": 1},
    {"column": ADMITTED, "op": "is missing"},
    {"events": "partner_list", "op": "at least", "value": 1},
    {"has not": "partner_list"},
    {"has": "diabetes", "within": {"after": "partner_list", "months": 6}},
    {"has": ["diabetes", "partner_list"], "says": "Diabetes or on some list"},
    {"has": ["diabetes", "mental_health_contacts"], "within": {"before": "ed_attendances", "months": 12}},
    {"list": [WARM, OTHER_LIST], "says": "On one of two lists"},
    {"address": [BANDS, f"{HOMES}/a/b"], "says": "At an address on one of two lists"},
    {"has": ["diabetes", "address_list"], "within": {"months": 12}},
    {"has": "emergency_admissions", "within": {"months": 12}},
    {"latest": "stay_fall", "op": "at least", "value": 1},
    {"household": {"any": [{"list": OTHER_LIST}, {"has": "diabetes"}]}},
    {"segment": "Ill"},
    {"ids": IDS},
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("untold")
    with pytest.MonkeyPatch.context() as patch, engine.session(folder) as con:
        patch.setattr(id_files, "resolve", lambda file: folder / file)
        made = People(con, folder)
        made.are([{}])
        yield made


def source_of(event: dict) -> str:
    """The source of an event, as `UNTOLD` names it; of what is always told, nothing."""
    if event["concept"] == "partner_list":
        return f"partner_list/{event['code']}"
    if event["concept"] == "address_list":
        return f"address_list/{list_of(event['code'])}"
    return SOURCE_OF.get(TABLE_OF.get(event["concept"], ""), "")


def with_activities(rng: random.Random, run: dict) -> dict:
    """The run with contacts of several services, a column from hospital episodes, and a file of people."""
    days = edge_days(run["index_date"])
    more = [
        {"concept": rng.choice(["emergency_admissions", "mental_health_contacts", "ed_attendances"]),
         "person": rng.randint(1, len(run["people"])), "day": rng.choice(days), "value": rng.choice([None, 0, 3])}
        for _ in range(rng.randint(0, 12))
    ]  # fmt: skip
    admitted = [rng.choice([None, 0, 1]) for _ in run["people"]]
    named = [n for n in range(len(run["people"])) if rng.random() < 0.5]
    return run | {"events": run["events"] + more, "admitted": admitted, "named": named}


def otherwise(rng: random.Random, run: dict, other: dict, untold: set[str]) -> dict:
    """The same run where the sources that are not told say something else: what `other` has of them."""
    people = len(run["people"])
    events = [event for event in run["events"] if source_of(event) not in untold]
    events += [event | {"person": (event["person"] - 1) % people + 1} for event in other["events"]
               if source_of(event) in untold]  # fmt: skip
    sources = dict(run["sources"])
    for table, source in SOURCE_OF.items():
        if source in untold:
            sources[table] = {"first_date": rng.choice([None, run["index_date"] - timedelta(days=200)])}
    changed = {"admitted": [rng.choice([None, 0, 2]) for _ in range(people)]} if "sus_apc" in untold else {}
    named = [n for n in range(people) if rng.random() < 0.5]  # whose source is never known
    rng.shuffle(events)
    return run | {"events": events, "sources": sources, "named": named} | changed


def listed(tables: People, run: dict, contents: list[dict], untold: set[str], segments: list[str]) -> dict:
    """Who is listed, and of each the reasons, the last contact and the timeline."""
    make(tables, run)
    con = tables.con
    con.register("_admitted", pd.DataFrame({"n": range(1, len(run["people"]) + 1), "admitted": run["admitted"]}))
    con.execute(
        f"CREATE OR REPLACE TABLE person AS SELECT person.*, CAST(admitted AS INTEGER) AS {ADMITTED} "
        "FROM person INNER JOIN _admitted ON n = person_no"
    )
    con.unregister("_admitted")
    people = pd.DataFrame({"person_id": [person["person_id"] for person in run["people"]], "segment": segments})
    con.register("_placed", people)
    con.execute("CREATE OR REPLACE TABLE segment AS SELECT * FROM _placed WHERE segment IS NOT NULL")
    ids = "".join(f"person-{n:04d}\n" for n in run["named"])
    (tables.folder / IDS).write_text(f"person_id\n{ids}", encoding="utf-8")
    names = {
        *SOURCE_OF.values(),
        "gp_extract",
        "deaths",
        "sus_op",
        "csds",
        "partner_list",
        f"partner_list/{OTHER_LIST}",
        "address_list",
        f"address_list/{BANDS}",
    }
    told = {name: Permission(**ENTRY, may_be_told_to=() if name in untold else ("practice",)) for name in names}
    recipient = Recipient(("practice", "DC"), "direct_care", DAY, told)
    words = telling_words(run_words(con, tables.workbook, {"other": cohort_of(OTHER)}), tables.workbook, recipient)
    cohort = cohort_of(contents)
    question = Question(con, tables.workbook, None, cohort, CohortQuery(con, words), words, "")
    tokens = question.members()["token"]
    put_listed(question, tokens)
    shown = contacts(question, run["index_date"])
    why = reasons(question) if len(tokens) else pd.Series(dtype=object)
    return {
        "people": list(tokens),
        "why": why.sort_index().to_dict(),
        "last contact": last_contacts(question).sort_index().to_dict(),
        "timeline": shown.to_dict("records"),
        "kept back": words.lacking(cohort.criteria),
    }


@pytest.mark.full
@given(seed=st.integers(0, 2**32))
def test_what_a_source_that_may_not_be_told_says_changes_nothing_on_a_list(tables, seed):
    rng = random.Random(seed)
    run = with_activities(rng, small_run(seed))
    untold = {name for name in UNTOLD if rng.random() < 0.6} or {"sus_apc"}
    changed = otherwise(rng, run, with_activities(rng, small_run(seed + 1)), untold)
    size = len(run["people"])
    placed = [[rng.choice(["Ill", "Well", None]) for _ in range(size)] for _ in range(2)]
    if "sus_apc" not in untold:  # the segments of the demo rest on hospital episodes among others
        placed[1] = placed[0]
    parts = [rng.choice([*ALSO, rule(rng, run["index_date"]), rule(rng, run["index_date"])]) for _ in range(3)]
    contents = [rng.choice([{"any": parts}, {"all": parts}, {"count": parts, "op": "at least", "value": 2},
                            {"any": [parts[0], {"not": parts[1]}, parts[2]]}])]  # fmt: skip
    found = [listed(tables, given, contents, untold, segments) for given, segments in
             ((run, placed[0]), (changed, placed[1]))]  # fmt: skip
    assert found[0] == found[1], (contents, untold)
    for source, name in ((f"partner_list/{OTHER_LIST}", OTHER_LIST), (f"address_list/{BANDS}", BANDS)):
        if source in untold:
            assert not any(name in why for why in found[0]["why"].values()), contents
