"""Several conditions by age and deprivation: the released counts, and the age at which each fifth reaches a burden."""

import pandas as pd
import pytest
from released_tables import protected

from phm_utils.privacy.blocks import areas_of
from phm_utils.privacy.release import aggregate
from phm_utils.reports.findings import Finding
from phm_utils.topics.segmentation import multimorbidity_page
from phm_utils.topics.segmentation.multimorbidity import BANDS, MULTIMORBIDITY, multimorbidity


def people_of(quintile: int | None, age: int, ill: int, well: int) -> list[dict]:
    about = {"imd_quintile": quintile, "age": age}
    return [{**about, "n_conditions": 2, "count": ill}, {**about, "n_conditions": 1, "count": well}]


# The most deprived fifth: 10% at 40-49, 50% at 50-59. The least deprived: 10% at 50-59, 50% at 60-69.
ROWS = [
    *people_of(1, 45, 20, 180),
    *people_of(1, 55, 100, 100),
    *people_of(5, 55, 20, 180),
    *people_of(5, 65, 100, 100),
    *people_of(None, 65, 10, 10),
    {"age": 19, "n_conditions": 3, "count": 50},
]


@pytest.fixture
def lines(people):
    def of(rows=ROWS):
        people.are(rows)
        model = aggregate(MULTIMORBIDITY, multimorbidity(people.con, areas_of(people.con, "QZZ")))
        shown = protected([model], [MULTIMORBIDITY])[MULTIMORBIDITY.name]
        return shown[shown["area_code"] == "QZZ"].reset_index(drop=True)

    return of


def test_people_under_twenty_and_of_unknown_age_are_not_counted(lines):
    assert lines()["registered"].sum() == 820
    assert lines([*ROWS, {"age": None, "n_conditions": 4, "count": 30}])["registered"].sum() == 820


def test_bands_are_complete_and_end_open():
    assert next(iter(BANDS.items())) == ("20-29", 25)
    assert list(BANDS.items())[-1] == ("80+", 85)


def test_small_counts_are_hidden(lines):
    frame = lines([*people_of(1, 45, 3, 200)]).set_index(["quintile", "band"])
    assert pd.isna(frame.loc[("1 (most deprived)", "40-49"), "people"])
    assert frame.loc[("1 (most deprived)", "40-49"), "registered"] == 205


def test_the_age_of_each_fifth_and_the_sentence(lines):
    ages = multimorbidity_page.burden_ages(multimorbidity_page.burden_lines(lines()), 0.3)
    by = ages.set_index("quintile")
    # Halfway from 10% at the middle of one band to 50% at that of the next.
    assert by.loc["1 (most deprived)", "age"] == pytest.approx(50)
    assert by.loc["5 (least deprived)", "age"] == pytest.approx(60)
    text = str(multimorbidity_page.burden_gap(ages, 0.3))
    assert text.startswith("In the most deprived fifth 30% have two or more conditions at age 50 (")
    assert text.endswith("10 years earlier.")


def test_people_of_unknown_deprivation_are_released_and_have_no_line(lines):
    frame = lines()
    assert frame.set_index(["quintile", "band"]).loc[("Not known", "60-69"), "people"] == 10
    assert "Not known" not in set(multimorbidity_page.burden_lines(frame)["quintile"])


def test_ages_whose_ranges_overlap_are_not_called_different(lines):
    rows = [
        *people_of(1, 45, 20, 180),
        *people_of(1, 55, 100, 100),
        *people_of(5, 45, 20, 180),
        *people_of(5, 55, 98, 102),
    ]
    ages = multimorbidity_page.burden_ages(multimorbidity_page.burden_lines(lines(rows)), 0.3)
    assert str(multimorbidity_page.burden_gap(ages, 0.3)).endswith("the ranges overlap, so they cannot be told apart.")


def test_a_fifth_that_does_not_reach_the_burden_is_said_to(lines):
    rows = [*ROWS[:4], *people_of(5, 55, 20, 180), *people_of(5, 85, 50, 200)]
    text = str(
        multimorbidity_page.burden_gap(
            multimorbidity_page.burden_ages(multimorbidity_page.burden_lines(lines(rows)), 0.3), 0.3
        )
    )
    assert "least deprived not reached" in str(text)


def test_sentences_hold_where_all_is_suppressed(lines):
    ages = multimorbidity_page.burden_ages(multimorbidity_page.burden_lines(lines(people_of(1, 45, 2, 3))), 0.3)
    assert isinstance(multimorbidity_page.burden_gap(ages, 0.3), Finding)
    assert set(multimorbidity_page.burden_table(ages)["says"]) <= {
        "numbers are too small to say",
        "not reached",
        "not reached by 75",
    } | set(ages["says"])


def test_in_a_pcn_the_icss_ages_stand_in_the_same_row(lines):
    own = multimorbidity_page.burden_lines(lines())
    whole = own.assign(**{f"ics_{c}": own[c] for c in ("people", "registered", "share", "lower", "upper")})
    ages = multimorbidity_page.burden_ages(whole, 0.3)
    assert ages["says"].tolist() == ages["ics_says"].tolist()
    assert str(multimorbidity_page.burden_gap(ages, 0.3)).endswith(
        "10 years earlier. In the ICS: most deprived fifth 50 (49 to 51), least deprived 60 (59 to 61)."
    )
