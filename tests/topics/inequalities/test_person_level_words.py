"""What the person-level report says in words, and the frames that it draws."""

import pandas as pd
import pytest

from phm_utils.topics.inequalities import emergency_rates_page, prevalence_page, small_areas_page
from phm_utils.topics.inequalities.inequality_headings import HEADINGS


def units(**changes):
    columns = {
        "unit_name": ["Ash", "Elm", "Oak"],
        "people": pd.Series([4000, 5000, 6000], dtype="Int64"),
        "admissions": pd.Series([600, 500, None], dtype="Int64"),
        "value": [150.0, 100.0, float("nan")],
        "lower": [120.0, 80.0, float("nan")],
        "upper": [180.0, 110.0, float("nan")],
        "crude": [90.0, 110.0, float("nan")],
    }
    return pd.DataFrame(columns | changes)


def test_the_gap_is_given_in_people_only_where_it_is_clear():
    found = emergency_rates_page.compared(units(), 100.0)
    assert found["clearly"].tolist() == ["above", "neither", "neither"]
    assert found["fewer"].tolist()[:2] == [200, 0]  # 600 x (1 - 100 / 150)
    sentence = str(emergency_rates_page.units(found, 100.0, "practice"))
    assert "1 of 3 practices is clearly above the ICS average of 100" in sentence
    assert "about 200 fewer admissions" in sentence
    assert "None of 3 practices" in str(
        emergency_rates_page.units(emergency_rates_page.compared(units(), 500.0), 500.0, "practice")
    )


def test_a_network_is_placed_and_a_withheld_one_is_not():
    found = emergency_rates_page.compared(units(), 100.0)
    assert "150 emergency admissions" in str(emergency_rates_page.pcn_rate(found, "Ash", 100.0))
    assert "Closing that gap would mean about 200 fewer a year." in str(
        emergency_rates_page.pcn_rate(found, "Ash", 100.0)
    )
    assert "not clearly different" in str(emergency_rates_page.pcn_rate(found, "Elm", 100.0))
    assert str(emergency_rates_page.pcn_rate(found, "Oak", 100.0)) == "Oak has too few admissions for a rate."


def test_ranks_change_with_age_standardisation():
    ranks = emergency_rates_page.ranked(units())
    assert ranks["unit_name"].tolist() == ["Ash", "Elm"]
    assert ranks["crude_rank"].tolist() == [2, 1]
    assert str(emergency_rates_page.rank_change(ranks, "practice")) == (
        "Elm ranks highest by crude rate, Ash by age-standardised rate; 2 of 2 practices change rank."
    )
    assert "ranks cannot be compared" in str(emergency_rates_page.rank_change(ranks.iloc[:1], "practice"))


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ((2.0, 1.5, 2.5), "2.0 times (1.5 to 2.5) as high among the most deprived as among the least"),
        ((0.5, 0.4, 0.8), "2.0 times (1.2 to 2.5) as high among the least deprived as among the most"),
        ((1.1, 0.9, 1.3), "no clear difference"),
        ((float("nan"),) * 3, "the gradient is not shown"),
    ],
)
def test_a_gradient_in_words(index, words):
    row = pd.DataFrame([index], columns=["rii", "rii_lower", "rii_upper"])
    assert words in str(emergency_rates_page.gradient(row, "Admissions"))
    assert "the gradient is not shown" in str(emergency_rates_page.gradient(row.iloc[:0], "Admissions"))


def excess_sentence(here: pd.DataFrame, ics: pd.DataFrame) -> str:
    index = pd.DataFrame([(1.1, 0.9, 1.3)], columns=["rii", "rii_lower", "rii_upper"])
    return str(emergency_rates_page.by_deprivation(index, here, ics))


def test_the_least_deprived_rate_is_the_icss_own():
    here = pd.DataFrame(
        {"imd_quintile": ["1", "5", "Not known"], "value": [100.0, 50.0, 200.0], "admissions": [300, 100, 50]}
    )
    ics = pd.DataFrame({"imd_quintile": ["1", "5"], "value": [90.0, 50.0], "admissions": [900, 400]})
    # 300 x (1 - 50/100) + 0 = 150, of 400.
    assert "about 150 fewer emergency admissions a year, 38% of all" in excess_sentence(here, ics)
    assert "too few" in excess_sentence(here, ics.assign(value=float("nan")))


def test_a_pcn_is_followed_next_to_the_ics_and_the_ics_alone():
    columns = ["people", "person_years", "people_admitted", "admissions", "died", "crude"]
    here, ics = (pd.DataFrame([[number] * 6], columns=columns) for number in (10, 90))
    both = emergency_rates_page.follow_up(here, ics, "Ash PCN", is_ics=False)
    assert both[["area", "people"]].values.tolist() == [["Ash PCN", 10], ["Whole ICS", 90]]
    assert emergency_rates_page.follow_up(ics, ics, "Demo ICS", is_ics=True)["area"].tolist() == ["Demo ICS"]


def test_small_areas_with_clearly_more_are_counted_among_those_that_can_be_judged():
    areas = pd.DataFrame(
        {
            "against_age": ["More than expected", "Not clearly different", None, "More than expected"],
            "imd_decile": [1, 5, 1, 7],
        }
    )
    assert str(small_areas_page.small_areas(areas)).startswith("2 of 3 small areas have clearly more")
    assert "1 of these" in str(small_areas_page.small_areas(areas))
    assert str(small_areas_page.small_areas(areas.iloc[1:2])).startswith("None of 1")


def test_conditions_and_ethnicity_in_words():
    rows = pd.DataFrame(
        {
            "condition": "diabetes", "title": "Diabetes", "unit_name": ["Ash", "Elm"],
            "people": pd.Series([1000, 1000], dtype="Int64"), "with_condition": pd.Series([100, None], dtype="Int64"),
            "share": [0.1, float("nan")], "lower": [0.08, float("nan")], "upper": [0.12, float("nan")],
        }
    )  # fmt: skip
    ics = rows.assign(with_condition=pd.Series([60, 40], dtype="Int64"))
    found = prevalence_page.condition_units(rows, ics, "diabetes")
    assert found["difference"].tolist() == [50, pd.NA]
    assert "10.0% of people, against 5.0% in the ICS; about 50 people more" in str(
        prevalence_page.condition(found, {"ICS": 0.05}, "practice")
    )
    groups = pd.DataFrame(
        {
            "category": ["White", "Asian", "Not stated", "Not known"], "adjusted": [0.05, 0.12, 0.06, 0.07],
            "people": pd.Series([800, 100, 40, 60], dtype="Int64"),
        }
    )  # fmt: skip
    sentence = str(prevalence_page.ethnicity(groups, "Diabetes"))
    assert "12.0% in the Asian group, 5.0% in the White group" in sentence
    assert "10.0% of people have no ethnic group recorded" in sentence


def test_a_group_that_is_not_known_is_drawn_only_where_it_has_a_rate():
    rows = pd.DataFrame(
        {"category": ["1", "5", "Not known or outside England"], "value": [1.0, float("nan"), float("nan")]}
    )
    assert emergency_rates_page.with_rate(rows, "value")["category"].tolist() == ["1", "5"]


def test_readable_columns_are_in_percent_and_under_readers_headings():
    shown = HEADINGS.table(pd.DataFrame({"unit_name": ["Ash"], "share": [0.1234]}), "unit_name", "share")
    assert shown.to_dict("list") == {"Practice or PCN": ["Ash"], "Crude prevalence (%)": [12.3]}
