"""What the person-level report says in words, and the frames that it draws."""

import pandas as pd
import pytest

from phm_utils.topics.inequalities import emergency_rates_page, prevalence_page, small_areas_page
from phm_utils.topics.inequalities.inequality_headings import HEADINGS
from phm_utils.topics.inequalities.standard import INDICES


def units(**changes):
    columns = {
        "unit_name": ["Ash", "Elm", "Oak"],
        "people": pd.Series([4000, 5000, 6000], dtype="Int64"),
        "admissions": pd.Series([600, 500, None], dtype="Int64"),
        "value": [150.0, 100.0, float("nan")],
        "lower": [120.0, 80.0, float("nan")],
        "upper": [180.0, 110.0, float("nan")],
        "crude": [90.0, 110.0, float("nan")],
        "usual_lower": [80.0, 82.0, 83.0],
        "usual_upper": [125.0, 122.0, 121.0],
        "p_adjusted": [0.01, 0.8, 0.9],
        "pooled": [140.0, 101.0, 102.0],
    }
    return pd.DataFrame(columns | changes)


UNJUDGED = dict.fromkeys(("usual_lower", "usual_upper", "p_adjusted", "pooled"), float("nan"))


def test_a_unit_is_named_with_its_limits_where_the_others_predict_something_else():
    found = emergency_rates_page.compared(units(), 100.0)
    assert found["verdict"].tolist()[:2] == ["above", "cannot tell"]
    assert found["fewer"].tolist()[:2] == [200, 0]  # 600 x (1 - 100 / 150)
    sentence = str(emergency_rates_page.units(found, "practice"))
    assert "above it Ash (150, 120 to 180; the others predict 80 to 125; 600 admissions; 140 drawn" in sentence
    assert "Elm" not in sentence
    alike = emergency_rates_page.compared(units(p_adjusted=0.5), 100.0)
    sentence = str(emergency_rates_page.units(alike, "practice"))
    assert "none differs from what the others predict" in sentence
    assert not any(name in sentence for name in ("Ash", "Elm", "Oak"))


def test_of_few_units_none_is_named():
    sentence = str(emergency_rates_page.units(emergency_rates_page.compared(units(**UNJUDGED), 100.0), "practice"))
    assert sentence == (
        "2 practices, 100 to 150 emergency admissions per 1,000 people a year, age-standardised: "
        "how much practices usually differ cannot be told from 2, so none is named."
    )


def test_a_network_is_placed_and_a_withheld_one_is_not():
    found = emergency_rates_page.compared(units(), 100.0)
    above = str(emergency_rates_page.pcn_rate(found, "Ash", 100.0))
    assert above.startswith(
        "Ash: 150 emergency admissions per 1,000 people a year, age-standardised (120 to 180; 600 admissions), more"
    )
    assert "more than the ICS average (100). At the ICS average there would be about 200 fewer" in above
    assert above.endswith("The other PCNs predict 80 to 125.")
    assert "cannot be told apart" in str(emergency_rates_page.pcn_rate(found, "Elm", 100.0))
    assert "too few" in str(emergency_rates_page.pcn_rate(found, "Oak", 100.0))
    assert "no emergency admissions" in str(emergency_rates_page.pcn_rate(found, "Yew", 100.0))


def test_ranks_change_with_age_standardisation_and_name_nobody():
    ranks = emergency_rates_page.ranked(units())
    assert ranks["unit_name"].tolist() == ["Ash", "Elm"]
    assert ranks["crude_rank"].tolist() == [2, 1]
    sentence = str(emergency_rates_page.rank_change(ranks, "practice"))
    assert sentence.startswith("2 of 2 practices change rank once rates are age-standardised.")
    assert "Ash" not in sentence
    assert "ranks cannot be compared" in str(emergency_rates_page.rank_change(ranks.iloc[:1], "practice"))


@pytest.mark.parametrize(
    ("sii", "rii", "words"),
    [
        (
            (9, 5, 13),
            (2.0, 1.5, 2.5),
            "higher among the most deprived than the least, age-standardised: 2.00 times (1.50",
        ),
        ((-9, -13, -5), (0.5, 0.4, 0.8), "least deprived than the most, age-standardised: 2.00 times (1.25 to 2.50)"),
        ((1, -3, 5), (1.1, 0.9, 1.3), "cannot be told apart, age-standardised (ratio 1.10 times (0.90 to 1.30))"),
        # A ratio without meaning is not printed; what is clear is decided by the difference.
        ((9, 5, 13), (float("nan"),) * 3, "higher among the most deprived than the least, age-standardised."),
        ((float("nan"),) * 3, (float("nan"),) * 3, "the gradient is not shown"),
    ],
)
def test_a_gradient_in_words(sii, rii, words):
    row = pd.DataFrame([[*sii, *rii]], columns=INDICES)
    assert words in str(emergency_rates_page.gradient(row, "Admissions"))
    assert "the gradient is not shown" in str(emergency_rates_page.gradient(row.iloc[:0], "Admissions"))


def excess_sentence(here: pd.DataFrame, ics: pd.DataFrame) -> str:
    index = pd.DataFrame([(1, -3, 5, 1.1, 0.9, 1.3)], columns=INDICES)
    return str(emergency_rates_page.by_deprivation(index, here, ics))


def test_the_least_deprived_rate_is_the_icss_own_and_the_excess_has_limits():
    here = pd.DataFrame(
        {"imd_quintile": ["1", "5", "Not known"], "value": [100.0, 50.0, 200.0], "lower": [90.0, 41.0, 150.0],
         "upper": [111.0, 61.0, 260.0], "admissions": [300, 100, 50]}
    )  # fmt: skip
    ics = pd.DataFrame(
        {"imd_quintile": ["1", "5"], "value": [90.0, 50.0], "lower": [84.0, 45.0], "upper": [96.0, 55.0],
         "admissions": [900, 400]}
    )  # fmt: skip
    sentence = excess_sentence(here, ics)
    # 300 x (1 - 50/100) + 0 = 150, of 400.
    assert "about 150 fewer emergency admissions a year (" in sentence
    assert "37.5% of all (" in sentence
    assert "too few" in excess_sentence(here, ics.assign(value=float("nan")))


def test_a_gap_is_told_in_parts_with_limits():
    rows = pd.DataFrame(
        {"part": ["gap", "age", "deprivation", "rest"], "value": [40.0, 30, 6, 4], "lower": [30.0, 25, 2, -5],
         "upper": [50.0, 35, 10, 13]}
    )  # fmt: skip
    parts = emergency_rates_page.gap_parts(rows.sample(frac=1, random_state=1))
    assert parts["part"].tolist()[0] == "All of the gap"
    assert str(emergency_rates_page.gap(parts, "Ash")) == (
        "Ash's crude rate is 40 (30 to 50) per 1,000 people a year above that of the rest of the ICS: "
        "+30 (+25 to +35) by age, +6 (+2 to +10) by deprivation, +4 (-5 to +13) by what neither "
        "explains."
    )
    near = emergency_rates_page.gap_parts(rows.assign(value=[-0.2, 30, -30, -0.2], lower=-60))
    assert "cannot be told apart from that of the rest of the ICS (0, -60 to +50)" in str(
        emergency_rates_page.gap(near, "Ash")
    )


def test_a_pcn_is_followed_next_to_the_ics_and_the_ics_alone():
    columns = ["people", "person_years", "people_admitted", "admissions", "died", "crude"]
    here, ics = (pd.DataFrame([[number] * 6], columns=columns) for number in (10, 90))
    both = emergency_rates_page.follow_up(here, ics, "Ash PCN", is_ics=False)
    assert both[["area", "people"]].values.tolist() == [["Ash PCN", 10], ["Whole ICS", 90]]
    assert emergency_rates_page.follow_up(ics, ics, "Demo ICS", is_ics=True)["area"].tolist() == ["Demo ICS"]


def test_small_areas_with_probably_more_are_counted_among_those_that_can_be_judged():
    more, cannot = "Probably more than expected", "Cannot be told"
    areas = pd.DataFrame({"against_age": [more, cannot, None, more], "imd_decile": [1, 5, 1, 7]})
    sentence = str(small_areas_page.small_areas(areas))
    assert sentence.startswith("In 2 of 3 small areas emergency admissions are probably (90% or more) above")
    assert "1 of these is in the most deprived fifth of England, against 33.3% of all compared" in sentence
    assert "In none of 1 small area " in str(small_areas_page.small_areas(areas.iloc[1:2]))
    assert str(small_areas_page.small_areas(areas.iloc[2:3])).startswith("Too few small areas")


def test_a_conditions_share_is_said_and_no_practice_of_few():
    rows = pd.DataFrame(
        {
            "condition": "diabetes", "title": "Diabetes", "unit_name": ["Ash", "Elm"],
            "people": pd.Series([1000, 1000], dtype="Int64"), "with_condition": pd.Series([100, None], dtype="Int64"),
            "share": [0.1, float("nan")], "lower": [0.08, float("nan")], "upper": [0.12, float("nan")], **UNJUDGED,
        }
    )  # fmt: skip
    ics = rows.assign(with_condition=pd.Series([60, 40], dtype="Int64"))
    found = prevalence_page.condition_units(rows, ics, "diabetes")
    assert found["difference"].tolist() == [50, pd.NA]
    sentence = str(prevalence_page.condition(found, {"PCN": 0.1, "ICS": 0.05}, "practice"))
    assert sentence == (
        "Diabetes is recorded for 10.0% of people in the PCN and 5.0% of people in the ICS. "
        "1 practice, 10.0% of people with diabetes recorded: how much practices usually differ cannot be told from 1, "
        "so none is named. Not adjusted for age."
    )


def ethnic_groups(**changes):
    columns = {
        "category": ["White", "Asian", "Black", "Not stated", "Not known"],
        "adjusted": [0.05, 0.12, 0.055, 0.06, 0.07],
        "adjusted_lower": [0.045, 0.09, 0.03, 0.02, 0.04],
        "adjusted_upper": [0.055, 0.155, 0.09, 0.12, 0.11],
        "least": [0.04, 0.08, 0.03, None, None],
        "greatest": [0.07, 0.2, 0.3, None, None],
        "people": pd.Series([8000, 1000, 300, 400, 600], dtype="Int64"),
        "with_condition": pd.Series([400, 110, 16, 20, 40], dtype="Int64"),
    }
    return pd.DataFrame(columns | changes)


def test_ethnic_groups_are_compared_with_the_most_numerous_and_the_unrecorded_are_said():
    sentence = str(prevalence_page.ethnicity(ethnic_groups(), "Diabetes"))
    assert "above it Asian (12.0%, " in sentence
    assert "110 people" in sentence
    assert "Black (" not in sentence
    assert "9.7% of people have no ethnic group recorded" in sentence
    assert "The difference holds whichever group these people belong to." in sentence
    open_ = str(prevalence_page.ethnicity(ethnic_groups(greatest=[0.09, 0.2, 0.3, None, None]), "Diabetes"))
    assert "The difference could be gone if their groups were known." in open_


def test_no_ethnic_group_is_named_for_few_people():
    alike = [0.05, 0.107, 0.055, 0.06, 0.07]  # 10.7% of a handful of people
    wide = ethnic_groups(adjusted=alike, adjusted_lower=[0.045, 0.02, 0.03, 0.02, 0.04])
    sentence = str(prevalence_page.ethnicity(wide, "Diabetes"))
    assert "none differs from the White group" in sentence
    assert "Asian" not in sentence
    few = str(prevalence_page.ethnicity(ethnic_groups(adjusted=[0.05, None, None, None, None]), "Diabetes"))
    assert few.startswith("Diabetes: too few people to compare")
    nobody = str(prevalence_page.ethnicity(ethnic_groups(adjusted=[None, 0.12, 0.05, None, None]), "Diabetes"))
    assert "the most numerous ethnic group has too few people" in nobody


def test_a_group_that_is_not_known_is_drawn_only_where_it_has_a_rate():
    rows = pd.DataFrame(
        {"category": ["1", "5", "Not known or outside England"], "value": [1.0, float("nan"), float("nan")]}
    )
    assert emergency_rates_page.with_rate(rows, "value")["category"].tolist() == ["1", "5"]


def test_readable_columns_are_in_percent_and_under_readers_headings():
    shown = HEADINGS.table(pd.DataFrame({"unit_name": ["Ash"], "share": [0.1234]}), "unit_name", "share")
    assert shown.to_dict("list") == {"Practice or PCN": ["Ash"], "Crude prevalence (%)": [12.3]}
