"""What every report says of its run: which practices lack data, how many people, under whose permission."""

from datetime import date

import pandas as pd
import pytest

from phm_utils.batch import facts
from phm_utils.engine import session


@pytest.fixture
def con(workbook):
    tables = {
        "check_practice": pd.DataFrame(
            {
                "practice_code": ["A1", "A2", "A3", "A4"],
                "pcn_code": ["U99001", "U99001", "U99001", "U99002"],
                "practice_name": ["Fresh", "Stale", "Silent", "Empty"],
                "last_event_date": pd.to_datetime(["2025-04-30", "2025-01-31", None, "2025-04-30"]),
                "registered": [9000, 8000, 7000, 0],
                "published_list_size": [9000, 8000, 7000, 500],
            }
        ),
        "person": pd.DataFrame({"pcn_code": ["U99001"] * 123 + ["U99002"] * 6}),
        "check_table": pd.DataFrame(
            {
                "table_name": ["gp_event", "practice", "death"],
                "state": ["present", "present", "absent"],
                "last_date": [pd.Timestamp("2025-04-30"), pd.NaT, pd.NaT],
            }
        ),
        "governance_source": pd.DataFrame(
            {
                "source": ["gp_extract"],
                "controller": ["The practices"],
                "processor": [None],
                "expires": [date(2035, 3, 31)],
            }
        ),
    }
    with session() as con:
        for name, frame in tables.items():
            con.register(name, frame)
        yield con


def test_practices_without_data_and_with_old_data_are_named_by_area(con, workbook):
    practices = facts.person_level(con, workbook)["practices"]
    assert practices["U99001"] == {"total": 3, "missing": ["Silent"], "stale": ["Stale"]}
    assert practices["U99002"] == {"total": 1, "missing": ["Empty"], "stale": []}
    assert practices["QZZ"]["total"] == 4


def test_the_limit_of_staleness_is_the_data_quality_notebooks(con, workbook):
    patient = workbook.model_copy(update={"notebooks": {"00_data_quality": {"stale_days": 90}}})
    assert facts.person_level(con, patient)["practices"]["QZZ"]["stale"] == []


def test_people_are_counted_as_they_may_be_shown(con, workbook):
    assert facts.person_level(con, workbook)["people"] == {"QZZ": 130, "U99001": 125, "U99002": None}


def test_dated_extracts_and_absent_ones_are_listed(con, workbook):
    assert facts.person_level(con, workbook)["sources"] == [
        {"name": "Deaths", "state": "absent", "last_date": None},
        {"name": "GP coded events", "state": "present", "last_date": "2025-04-30"},
    ]


def test_permissions_are_plain_text(con, workbook):
    assert facts.person_level(con, workbook)["governance"] == [
        {"source": "gp_extract", "controller": "The practices", "processor": "", "expires": "2035-03-31"}
    ]


def test_published_figures_are_shown_as_published(workbook):
    practices = {
        "pcn_code": ["U1", "U1", "U2", None],
        "registered": [5, 6, 7, 100],
        "in_practices": [True] * 3 + [False],
    }
    with session() as con:
        con.register("published_source", pd.DataFrame({"input": ["a"], "short_name": ["QOF 2020-21"]}))
        con.register("published_practice", pd.DataFrame(practices))
        found = facts.published(con, workbook)
    assert found["people"] == {"U1": 11, "U2": 7, "QZZ": 18}
    assert found["sources"] == [{"name": "QOF 2020-21", "state": "present", "last_date": None}]
