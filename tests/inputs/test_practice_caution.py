"""Practices that are compared with no other: each by a declared rule, with why, and never for its figures."""

import pandas as pd
import pytest
from released_tables import protected

from phm_utils import engine
from phm_utils.inputs.practice_caution import AGES, CAUTION, cautions, days_behind, practice_caution

YOUNG, OLD = AGES


def practices(**columns) -> pd.DataFrame:
    """Three practices like any other, with changes by column."""
    plain = {
        "practice_code": ["A1", "A2", "A3"], "practice_name": ["Elm", None, "Oak"], "pcn_code": ["U1", "U1", "U2"],
        "last_event_date": pd.to_datetime(["2025-03-30"] * 3), "registered": [1_000, 1_000, 1_000],
        "published_list_size": [1_000.0, 1_000.0, 1_000.0],
    }  # fmt: skip
    return pd.DataFrame(plain | columns)


def ages(young=(80, 80, 80), old=(90, 90, 90), people=(1_000, 1_000, 1_000)) -> pd.DataFrame:
    return pd.DataFrame({"practice_code": ["A1", "A2", "A3"], "people": people, YOUNG: young, OLD: old})


@pytest.fixture
def workbook(landing):
    def of(**run):
        return landing.workbook(notebooks={"00_data_quality": run})

    return of


def why(found: pd.DataFrame) -> dict[str, str]:
    return dict(zip(found["practice_code"], found["why"], strict=True))


def test_practices_like_any_other_are_not_listed(workbook):
    assert cautions(practices(), ages(), workbook()).empty


def test_an_old_extract_is_listed_by_days_and_one_without_any_event_too(workbook):
    late = practices(last_event_date=pd.to_datetime(["2025-03-30", "2025-02-01", None]))
    found = cautions(late, ages(), workbook())
    reason = "no GP event in the last 45 days of the extract"
    assert why(found) == {"A2": reason, "A3": reason}
    assert found["practice_name"].tolist() == ["A2", "Oak"]  # a code stands for a name that is missing
    assert why(cautions(late, ages(), workbook(stale_days=90))) == {"A3": reason.replace("45", "90")}
    nobody = practices(last_event_date=pd.to_datetime([None] * 3))
    assert cautions(nobody, ages(), workbook()).empty  # without GP events nobody's extract is known to be old


def test_a_list_unlike_the_published_one_is_listed_on_either_side(workbook):
    found = cautions(practices(registered=[940, 960, 1_060]), ages(), workbook())
    assert why(found) == {
        "A1": "its list is over 5% shorter than the published one",
        "A3": "its list is over 5% longer than the published one",
    }
    unknown = practices(registered=pd.array([10, None, 1_000], "Int64"), published_list_size=[None, 500.0, 0.0])
    assert cautions(unknown, ages(), workbook()).empty


def test_a_practice_of_another_kind_is_listed_by_age_or_by_declaration(workbook):
    found = cautions(practices(), ages(young=(500, 499, 80), old=(0, 0, 700)), workbook())
    assert why(found) == {
        "A1": "half or more of its patients are aged 18 to 24",
        "A3": "half or more of its patients are aged 75 or over",
    }
    assert why(cautions(practices(), ages(), workbook(other_kind=("A2",)))) == {
        "A2": "it is for a special group of patients"
    }


def test_ages_of_a_few_people_are_not_told(workbook):
    few = cautions(practices(), ages(young=(60, 0, 0), people=(99, 0, 1_000)), workbook())
    assert few.empty


def test_several_reasons_are_one_row(workbook):
    both = practices(
        last_event_date=pd.to_datetime(["2025-03-30", "2025-03-30", "2024-01-01"]), registered=[1_000, 1_000, 500]
    )
    assert why(cautions(both, ages(), workbook())) == {
        "A3": "no GP event in the last 45 days of the extract and its list is over 5% shorter than the published one"
    }


def test_days_are_counted_to_the_index_date_where_events_go_on_after_it(workbook):
    last = pd.Series(pd.to_datetime(["2025-04-30", "2025-03-01", None]))
    assert days_behind(last, workbook()).tolist() == [0, 30, pd.NA]


def test_a_listed_practice_is_released_in_its_networks_block_and_the_ics(workbook):
    late = practices(last_event_date=pd.to_datetime(["2025-03-30", "2024-02-01", "2025-03-30"]))
    with engine.session() as con:
        con.register("check_practice", late)
        con.execute("CREATE TABLE person AS SELECT 'A1' AS practice_code, 20 AS age FROM range(300)")
        listed, aggregate = practice_caution(con, workbook())
    assert why(listed.frame) == {
        "A1": "half or more of its patients are aged 18 to 24",
        "A2": "no GP event in the last 45 days of the extract",
    }
    released = protected([aggregate], [CAUTION])["practice_caution"]
    assert sorted(zip(released["area_code"], released["unit_name"], strict=True)) == [
        ("QZZ", "A2"), ("QZZ", "Elm"), ("U1", "A2"), ("U1", "Elm"),
    ]  # fmt: skip
