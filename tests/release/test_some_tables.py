"""Every subset of an extract's tables runs to its reports, in which what is missing is a sentence, not a 0."""

import re
from itertools import takewhile
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag
from some_tables import landing_of, made_stages, page_of, without_field, workbook_of

from phm_utils.batch.batch import Batch
from phm_utils.batch.route import route_of
from phm_utils.cli import main
from phm_utils.engine import parquet_source
from phm_utils.rules.derived import person_columns
from phm_utils.synthetic import simulate

ALWAYS = ("gp_registration",)  # without it a run is refused
OTHERS = (
    *("gp_event", "gp_medication", "gp_appointment", "apc_episode", "ecds_attendance", "op_attendance"),
    *("csds_contact", "mhsds_contact", "asc_event", "partner_list", "address_list", "programme_enrolment", "death"),
    *("practice", "practice_register", "area", "boundary"),
)
SUBSETS = {"registrations": (), "alone": ("practice",), "area": ("practice", "area"), "all": OTHERS}
SUBSETS |= {f"only {table}": ("practice", table) for table in OTHERS if table not in ("area", "practice")}
SUBSETS |= {f"area, {table}": ("practice", "area", table) for table in ("gp_event", "apc_episode")}
SUBSETS |= {f"without {table}": tuple(t for t in OTHERS if t != table) for table in OTHERS}
QUICK_STAGES = ("registrations", "alone")
QUICK_PAGES = ("registrations", "alone")
# Fields without which an extract is refused unless they are accepted, and others that people's columns rest on.
FIELDS = (
    *(("gp_registration", field) for field in ("sex", "birth_month", "lsoa", "ethnicity", "household_token")),
    *(("gp_event", field) for field in ("snomed_code", "value_num", "practice_code")),
    *(("apc_episode", field) for field in ("token_person_id", "admimeth", "diag_01")),
    *(("ecds_attendance", "department_type"), ("asc_event", "service_type"), ("partner_list", "flag")),
    *(("area", "imd_decile"), ("death", "token_person_id"), ("gp_medication", "bnf_code")),
)
AREAS = ("QZZ", "U99001")
NOTEBOOKS = route_of("person_level").notebooks
# Sections of words alone: that on practices in the ICS's report, and balance where too few people enrolled.
WORDS_ALONE = ("Method and sources", "And within the network?", "Are the people compared alike?", "What to do next")
NO_WORDS = re.compile(
    r"\bnan\b|\bNaN\b|\bNaT\b|<NA>|\bNone\b(?! of | outside|: no | on record| is )|\b0 of 0\b|: \. |\. \."
)


def some(names, quick):
    """Names, of which all but the quick ones are left to `make test-subsets`."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.subsets) for name in names]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The extracts of two PCNs of 400 people, among whom some are enrolled in a programme: no table is empty."""
    folder = tmp_path_factory.mktemp("whole")
    return simulate(folder / "demoshire", pcns=2, people_per_pcn=400, seed=12, workers=1) / "pseudonymised"


@pytest.fixture(scope="module")
def run_of(whole, tmp_path_factory):
    """The stages of a subset, run once."""
    made: dict[str, Batch] = {}

    def run(name: str) -> Batch:
        if name not in made:
            folder = tmp_path_factory.mktemp("subset")
            landing = landing_of(whole, folder / "landing", (*ALWAYS, *SUBSETS[name]))
            made[name] = made_stages(workbook_of(landing, folder))
        return made[name]

    return run


def known(batch: Batch, table: str) -> dict[str, int]:
    """By column of a table of the store: the rows that have a value."""
    with duckdb.connect() as con:
        source = parquet_source(batch.store.files(table))
        names = [name for name, *_ in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        counts = con.execute(f"SELECT {', '.join(f'count({name})' for name in names)} FROM {source}").fetchone()
    return dict(zip(names, counts, strict=True))


@pytest.mark.full
@pytest.mark.parametrize("name", some(SUBSETS, QUICK_STAGES))
def test_stages_end_well_and_nobody_has_a_value_from_a_table_that_is_absent(run_of, name):
    batch = run_of(name)
    absent = set(OTHERS) - set(SUBSETS[name])
    person, left = known(batch, "person"), batch.store.read("person_left_out")
    assert person["person_id"] > 700
    for column in person_columns().values():
        # Outpatients have no price, so they are in no total.
        needs = set(column.needs) - ({"op_attendance"} if column.name == "cost_pence_12m" else set())
        if lacking := absent & needs:
            assert person[column.name] == 0, column.name
            assert lacking <= set(left.loc[left["column_name"] == column.name, "table_name"])
    followed = known(batch, "person_follow_up")
    assert followed["died"] == (0 if "death" in absent else followed["person_id"])


def unsaid(page: BeautifulSoup) -> list[str]:
    """Headings of sections that show neither a figure nor a table, and do not say why."""
    found = []
    for heading in page.select(".body h2"):
        section: list[Tag] = list(takewhile(lambda part: part.name != "h2", heading.find_next_siblings()))
        shows = any(part.name == "figure" or part.select_one("table") for part in section)
        says = any({"noted", "left-out"} & set(part.get("class", [])) for part in section)
        if not (shows or says) and heading.get_text() not in WORDS_ALONE:
            found.append(heading.get_text())
    return found


def check_page(html: str) -> None:
    page = BeautifulSoup(html, "html.parser")
    assert unsaid(page) == [], page.title
    assert NO_WORDS.findall(page.select_one(".findings").get_text(" ") + page.select_one(".body").get_text(" ")) == []


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("name", some(SUBSETS, QUICK_PAGES))
def test_every_page_is_made_and_says_what_it_leaves_out(run_of, name, area):
    if area != "QZZ" and "practice" not in SUBSETS[name]:
        pytest.skip("without practices there are no networks")
    for notebook in NOTEBOOKS:
        check_page(page_of(run_of(name), notebook, area))


def findings(html: str) -> str:
    return BeautifulSoup(html, "html.parser").select_one(".findings").get_text(" ")


def test_registrations_alone_say_what_is_lacking_and_conclude_only_from_what_is_there(run_of):
    batch = run_of("alone")
    lacks = {
        "00_data_quality": "this run lacks GP coded events that name their practice",
        "01_linkage": "The linkage of records: left out",
        "02_segmentation": "so nobody is placed in a segment",
        "02_segmentation_annex": "Conditions: left out, because this run lacks GP coded events.",
        "03_cohorts": "The chosen cohorts: left out, because this run lacks what their criteria ask for.",
        "04_inequalities": "Emergency admissions: left out, because this run lacks admitted patient care episodes.",
        "05_evaluation": "this run lacks enrolments in a programme and emergency department attendances.",
        "06_vulnerable_households": "Asked without what this run lacks, so households are missing: Severe heart",
    }
    assert set(lacks) == set(NOTEBOOKS)
    pages = {name: page_of(batch, name, "QZZ") for name in NOTEBOOKS}
    for name, words in lacks.items():
        assert words in findings(pages[name]), name
    said = " ".join(findings(html) for html in pages.values())
    for untrue in ("largest segment", "no event in the last", "joined or were born", "no data from", "Live well:"):
        assert untrue not in said
    assert "Ethnicity is recorded for" in findings(pages["04_inequalities"])
    card = BeautifulSoup(pages["00_data_quality"], "html.parser").select_one(".card").get_text(" ")
    assert "how recent their data are is not known without GP coded events" in card
    assert "no data from" not in card


@pytest.mark.subsets
@pytest.mark.parametrize(("table", "field"), FIELDS, ids=[f"{t}.{f}" for t, f in FIELDS])
def test_pages_of_an_extract_with_a_field_without_values_say_so(whole, tmp_path, table, field):
    landing = landing_of(whole, tmp_path / "landing", (*ALWAYS, *OTHERS))
    without_field(landing, table, field)
    accept = [f"{table}.{field}:{kind}" for kind in ("empty", "one_value")]
    batch = made_stages(workbook_of(landing, tmp_path, accept=accept))
    left = batch.store.read("person_left_out")
    lost = set(left.loc[left["table_name"] == f"{table}.{field}", "column_name"]) - {""}
    assert bool(lost) == ((table, field) not in (("gp_event", "practice_code"), ("death", "token_person_id")))
    person = known(batch, "person")
    assert {column: person[column] for column in lost if person[column]} == {}
    for notebook in NOTEBOOKS:
        for area in AREAS:
            check_page(page_of(batch, notebook, area))


def test_an_extract_without_registrations_is_refused_at_the_check(whole, tmp_path, capsys, monkeypatch):
    landing = landing_of(whole, tmp_path / "landing", ("practice", "area", "gp_event"))
    parameters = tmp_path / "none.yml"
    content = workbook_of(landing, tmp_path).model_dump(mode="json", exclude_defaults=True)
    parameters.write_text(pd.Series(content).to_json(), encoding="utf-8")
    for command in (["check", str(parameters)], ["run", str(parameters), "--areas", "all"]):
        assert main(command) == 2
        assert "gp_registration: absent, and every report counts the people registered" in capsys.readouterr().err
