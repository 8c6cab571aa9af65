"""Exact combinations of conditions: each person in one row, the same rows for every area, nothing small listed."""

import pandas as pd
import pytest
from released_tables import protected, table_of

from phm_utils.params import Disclosure
from phm_utils.privacy.blocks import areas_of
from phm_utils.privacy.release import aggregate
from phm_utils.reports.findings import TOO_FEW
from phm_utils.rules.concepts import long_term_conditions
from phm_utils.topics.segmentation import combinations_page
from phm_utils.topics.segmentation.combinations import NONE, ONE, OTHERS, OVERLAP, combinations

SOUTH = {"pcn_code": "U99002", "practice_code": "A99003"}
TWO, THREE = "Diabetes + Hypertension", "Diabetes + Heart failure + Hypertension"
BOTH = {"diabetes": True, "hypertension": True}
ROWS = [
    {"count": 500},
    {**BOTH, "count": 40},
    {**BOTH, "heart_failure": True, "count": 20},
    {"asthma": True, "count": 60},
    {"asthma": True, "copd": True, "count": 5},
    {**SOUTH, "count": 300},
    {**SOUTH, **BOTH, "count": 6},
]


@pytest.fixture
def overlap(people):
    def of(rows=ROWS):
        people.are(rows)
        areas = areas_of(people.con, "QZZ")
        model = aggregate(OVERLAP, combinations(people.con, areas, long_term_conditions(), Disclosure()))
        return model.frame, protected([model], [OVERLAP])[OVERLAP.name]

    return of


def area(shown: pd.DataFrame, code: str) -> pd.DataFrame:
    return shown[shown["area_code"] == code].drop(columns="area_code").reset_index(drop=True)


def test_everybody_stands_in_one_row_with_exactly_their_conditions(overlap):
    true, _ = overlap()
    north = true[true["area_code"] == "U99001"].set_index("combination")["people"]
    # The 20 with heart failure besides are not among the 40; asthma with COPD is too rare to be listed.
    assert north.to_dict() == {TWO: 40, THREE: 20, OTHERS: 5, ONE: 60, NONE: 500}
    assert true.groupby("area_code")["people"].sum().to_dict() == {"U99001": 625, "U99002": 306, "QZZ": 931}


def test_areas_have_the_same_rows_and_small_counts_are_hidden(overlap):
    _, shown = overlap()
    south = area(shown, "U99002").set_index("combination")
    assert list(south.index) == list(area(shown, "QZZ")["combination"])
    assert pd.isna(south.loc[TWO, "people"])  # six people
    assert south.loc[THREE, "people"] == 0
    assert pd.isna(area(shown, "QZZ").set_index("combination").loc[OTHERS, "people"])  # five


def test_a_combination_too_small_in_the_ics_is_never_named(overlap):
    assert not overlap()[1]["combination"].str.contains("COPD").any()


def test_equal_rounded_counts_stand_in_the_order_of_their_names_so_that_places_tell_no_more(overlap):
    rows = [{"count": 100}, {**BOTH, "count": 21}, {"asthma": True, "copd": True, "count": 19}]
    listed = area(overlap(rows)[1], "QZZ")["combination"].tolist()
    assert listed[:2] == ["Asthma + COPD", TWO]  # 19 and 21 are both shown as 20


def test_combinations_are_compared_with_the_ics_and_the_ics_says_how_many_people_they_hold(overlap):
    _, shown = overlap()
    mine = table_of({OVERLAP.name: shown}, OVERLAP, "U99001")
    # 40 of 625 is 64 per 1,000; in the ICS 46 of 931, shown as 45 of 930, is 48.4: within chance.
    assert str(combinations_page.combination_gap(combinations_page.combinations(mine))) == (
        "Of 2 combinations compared, none differs from the whole ICS (per 1,000 people) beyond chance. Not "
        "adjusted for age."
    )
    whole = combinations_page.combinations(area(shown, "QZZ"))
    assert str(combinations_page.combination_gap(whole)) == (
        "The 2 combinations shown hold about 65 people, 92.9% of those with two or more long-term conditions on record."
    )
    several = combinations_page.how_many(mine)
    assert several["people"].tolist() == [500, 60, 65]
    assert several["ics_share"].notna().all()


def test_sentences_hold_where_no_combination_may_be_named(overlap):
    _, shown = overlap([{"count": 100}, {**BOTH, "count": 4}])
    mine = area(shown, "QZZ")
    text = str(combinations_page.combination_gap(combinations_page.combinations(mine)))
    assert text == TOO_FEW
