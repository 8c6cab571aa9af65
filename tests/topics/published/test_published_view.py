"""What the published report computes and says."""

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.topics.published import deprivation_page, gradient_page, places_page, prevalence_page, variation_page
from phm_utils.topics.published.published_headings import HEADINGS

PREVALENCE = pd.DataFrame(
    {
        "register_code": ["DM"] * 3,
        "register_name": "Diabetes",
        "list_age": "aged 17 and over",
        "unit_code": ["U1", "U2", "QZZ"],
        "unit_name": ["One PCN", "Two PCN", "ICB"],
        "register": [900, 600, 1_500],
        "list_size": [10_000, 10_000, 20_000],
        "practices": [3, 3, 6],
    }
)
REGISTERS = pd.DataFrame(
    {
        "register_code": "DM",
        "register_name": "Diabetes",
        "list_age": "aged 17 and over",
        "practice_code": [f"A{i}" for i in range(10)],
        "practice_name": [f"Surgery {i}" for i in range(10)],
        "register": [50, 55, 60, 65, 70, 75, 80, 85, 90, 95],
        "list_size": 1_000,
        "next_year_share": [0.05, 0.055, 0.06, 0.065, 0.07, 0.075, 0.08, 0.085, 0.09, 0.095],
    }
)
PRACTICES = pd.DataFrame(
    {
        "practice_code": [f"A{i}" for i in range(10)],
        "practice_name": [f"Surgery {i}" for i in range(10)],
        "pcn_name": ["One PCN"] * 5 + ["Two PCN"] * 5,
        "imd_score": [float(i) for i in range(10)],
        "patients": 1_000,
        "with_imd": 1_000,
        "core20": [0] * 5 + [500] * 5,
    }
)


def test_the_gap_to_the_icb_is_said_in_people():
    # 9% against 7.5% of 10,000: 150 people.
    profile = prevalence_page.against_ics(PREVALENCE[PREVALENCE["unit_code"] != "U2"], "U1", "QZZ")
    assert profile.loc[0, "gap"] == 150
    assert profile.loc[0, "ratio"] == pytest.approx(1.2)
    sentence = str(prevalence_page.prevalence(profile, "DM", "One PCN"))
    assert "9.0% of patients aged 17 and over" in sentence
    assert "more than 7.5% in the ICB" in sentence
    assert sentence.endswith("Closing the gap to the ICB average would mean 150 fewer people on the register.")


def test_the_icb_names_its_lowest_and_highest_pcn():
    pcns = prevalence_page.between_pcns(PREVALENCE, "QZZ")
    assert pcns.loc[0, ["lowest_pcn", "highest_pcn", "people_above"]].tolist() == ["Two PCN", "One PCN", 150]
    assert "range from 6.0% (Two PCN) to 9.0% (One PCN)" in str(prevalence_page.spread(pcns, "DM"))


def test_prevalence_that_rises_evenly_has_the_slope_of_its_line():
    ranked = gradient_page.by_deprivation(REGISTERS, PRACTICES, "DM")
    # Ten equal practices at mid-ranks 0.05 ... 0.95, from 5% by 0.5 points: a straight line runs from 4.75% to 9.75%,
    # one on the logit scale from 5.00% to 10.03%.
    fit = gradient_page.slope(ranked)
    assert (fit["intercept"], fit["sii"]) == pytest.approx((0.0500, 0.0503), abs=1e-4)
    assert fit["rii_lower"] < fit["rii"] == pytest.approx(2.005, abs=1e-3)
    assert gradient_page.line(fit)["y"].iloc[[0, -1]].tolist() == pytest.approx([0.0500, 0.1003], abs=1e-4)
    assert "is 5.0 percentage points" in str(gradient_page.gradient(fit, ranked))
    assert "not age-standardised" in str(gradient_page.gradient(fit, ranked))
    assert gradient_page.slopes(REGISTERS, PRACTICES).loc[0, ["sii", "later"]].tolist() == pytest.approx(
        [5.03, 5.03], abs=0.01
    )


def test_fifths_of_practices_add_up_to_all_of_them():
    fifths = gradient_page.by_fifth(gradient_page.by_deprivation(REGISTERS, PRACTICES, "DM"))
    assert fifths["practices"].tolist() == [2] * 5
    assert fifths["register"].sum() == REGISTERS["register"].sum()
    assert fifths["fifth"].tolist() == ["1 (most deprived)", "2", "3", "4", "5 (least deprived)"]
    assert fifths["value"].is_monotonic_decreasing


def test_no_clear_gradient_is_said_as_such():
    flat = REGISTERS.assign(register=[70, 80, 70, 80, 70, 80, 70, 80, 70, 80])
    ranked = gradient_page.by_deprivation(flat, PRACTICES, "DM")
    assert "shows no clear gradient" in str(gradient_page.gradient(gradient_page.slope(ranked), ranked))


def test_deprivation_is_summed_over_practices_and_pcns():
    pcns = deprivation_page.units(PRACTICES, whole_ics=True)
    assert pcns["unit"].tolist() == ["Two PCN", "One PCN"]
    assert pcns["core20_share"].tolist() == [0.5, 0.0]
    own = deprivation_page.units(PRACTICES[PRACTICES["pcn_name"] == "Two PCN"], whole_ics=False)
    sentence = str(deprivation_page.deprivation(own, pcns, "practice", is_ics=False))
    assert "2,500 of 5,000 registered patients (50.0%)" in sentence
    assert "against 25.0% in the ICB" in sentence


def practices(counts):
    """Practices of 10,000 people with the given numbers on a register."""
    names = [f"Surgery {i}" for i in range(len(counts))]
    rows = pd.DataFrame({"practice_code": names, "practice_name": names, "register": pd.array(counts, "Int64")})
    return rows.assign(register_code="DM", register_name="Diabetes", list_age="aged 17 and over", list_size=10_000)


def said(frame, spread):
    return str(variation_page.variation(frame, spread, pd.Series(True, index=frame.index), is_ics=True))


def test_a_funnel_allows_for_usual_variation():
    frame, limits, spread = variation_page.funnel(
        practices([500, 540, 580, 620, 660, 700, 740, 780, 820, 860, 900, 940]), "DM"
    )
    assert spread["phi"] > 10
    assert frame["outside_chance"].sum() > frame["outside"].sum()
    assert said(frame, spread).endswith("Allowing for usual variation and for 12 comparisons, none stands out.")
    assert limits["upper_998"].between(0, 1).all()


def test_a_practice_unlike_the_others_is_named_with_what_they_predict():
    frame, _, spread = variation_page.funnel(
        practices([700, 690, 710, 720, 680, 705, 695, 715, 685, 702, 698, 1_400]), "DM"
    )
    assert "1 differs from what the others predict: Surgery 11 (14.0%; predicted " in said(frame, spread)
    here = pd.Series(False, index=frame.index)
    elsewhere = str(variation_page.variation(frame, spread, here, is_ics=False))
    assert elsewhere.endswith("1 differs from what the others predict in the ICB, none of them here.")


def test_few_practices_do_not_say_how_much_practices_vary():
    frame, _, spread = variation_page.funnel(REGISTERS.head(7).assign(register=[5, 500, 60, 65, 70, 75, 80]), "DM")
    assert said(frame, spread).endswith("How much practices usually vary cannot be told from 7, so none is named.")


def test_a_practice_whose_count_is_not_shown_is_neither_within_nor_outside():
    counts = [700, 690, 710, 720, 680, 705, 695, 715, 685, 702, 698, None]
    frame, _, spread = variation_page.funnel(practices(counts), "DM")
    assert not frame.loc[11, ["outside_chance", "outside"]].any()
    assert "0 of 11 practices" in said(frame, spread)


def test_members_are_practices_for_a_pcn_and_pcns_for_the_icb():
    own = prevalence_page.members(REGISTERS, PREVALENCE, "DM", "QZZ", whole_ics=False)
    assert own["unit"].iloc[0] == "Surgery 9"
    both = prevalence_page.members(REGISTERS, PREVALENCE, "DM", "QZZ", whole_ics=True)
    assert both["unit"].tolist() == ["One PCN", "Two PCN"]
    assert prevalence_page.references(PREVALENCE[PREVALENCE["unit_code"] != "U2"], "DM", "QZZ") == {
        "PCN": 0.09,
        "ICB": 0.075,
    }
    assert prevalence_page.references(PREVALENCE, "DM", "QZZ") == {"ICB": 0.075}


def test_a_register_that_qof_does_not_have_is_refused():
    with pytest.raises(InputError, match=r"No register is called XX\. Set register_code to one of: DM"):
        prevalence_page.members(REGISTERS, PREVALENCE, "XX", "QZZ", whole_ics=True)


def test_shares_are_shown_in_percent_under_plain_headings():
    table = HEADINGS.table(
        prevalence_page.members(REGISTERS, PREVALENCE, "DM", "QZZ", whole_ics=True), "unit", "register", "value"
    )
    assert table.columns.tolist() == ["Practice or PCN", "On the register", "Prevalence (%)"]
    assert table["Prevalence (%)"].tolist() == [9.0, 6.0]


def test_who_is_outside_is_said_with_what_is_not_known_of_them():
    places = pd.DataFrame(
        {"place": range(3), "residence": ["In X", "Elsewhere in England", "In Wales"], "patients": [960, 0, 40]}
    )
    assert str(places_page.residence(places)) == (
        "Of 1,000 registered patients, 40 (4.0%) do not live in the ICB or cannot be placed: 40 in Wales. "
        "The files used have no deprivation for them."
    )


def test_practices_not_in_every_file_are_named():
    rows = pd.DataFrame({"practice_name": ["Old"], "practice_code": ["A1"], "what": ["In QOF. Not in list."]})
    assert str(places_page.mismatch(rows)).startswith("1 practice is not in every file")
    assert "Old (A1)" in str(places_page.mismatch(rows))
    jumped = rows.assign(what="Its list jumped.")
    assert str(places_page.mismatch(jumped)) == "Every practice is in every file."
    assert places_page.mismatch(rows.iloc[:0]) is None
