"""What the published report computes and says."""

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.topics.published import deprivation_page, gradient_page, places_page, prevalence_page, variation_page
from phm_utils.topics.published.practice_marks import marks
from phm_utils.topics.published.published_headings import HEADINGS

PREVALENCE = pd.DataFrame(
    {
        "register_code": ["DM"] * 3,
        "register_name": "Diabetes",
        "list_age": "aged 17 and over",
        "unit_code": ["U1", "U2", "QZZ"],
        "unit_name": ["One PCN", "Two PCN", "ICB"],
        "mark": "",
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
        "mark": "",
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
        "mark": "",
        "imd_score": [float(i) for i in range(10)],
        "patients": 1_000,
        "with_imd": 1_000,
        "core20": [0] * 5 + [500] * 5,
    }
)


def test_a_difference_is_said_in_people_recorded_and_not_as_a_gap_to_close():
    # 9% against 7.5% of 10,000: 150 people; Wilson 8.4547% to 9.5774%: 95 to 208.
    profile = prevalence_page.against_ics(PREVALENCE[PREVALENCE["unit_code"] != "U2"], "U1", "QZZ")
    assert profile.loc[0, ["gap", "gap_lower", "gap_upper"]].tolist() == [150, 95, 208]
    assert profile.loc[0, "ratio"] == pytest.approx(1.2)
    judged = prevalence_page.pcns(PREVALENCE, "QZZ")
    assert str(prevalence_page.prevalence(profile, judged, "DM", "One PCN")) == (
        "One PCN: 9.0% of patients aged 17 and over on the diabetes register (8.5% to 9.6%; 900 people), more than all "
        "practices in the files (7.5%). 150 more people are recorded than at that share (95 to 208), which can be more "
        "illness, older patients or better case-finding. Not adjusted for age."
    )


def test_a_difference_that_cannot_be_told_is_said_with_both_ends():
    near = PREVALENCE.assign(register=[760, 740, 1_500])
    profile = prevalence_page.against_ics(near[near["unit_code"] != "U2"], "U1", "QZZ")
    said = str(prevalence_page.prevalence(profile, prevalence_page.pcns(near, "QZZ"), "DM", "One PCN"))
    assert "which cannot be told apart from all practices in the files (7.5%)" in said
    assert "The difference is between 40 fewer and 64 more on the register than at that share." in said


def of_pcns(registers, marked=()):
    """PCNs of 10,000 people with the given numbers on one register, and all of them together."""
    codes = [f"U{i:02}" for i in range(len(registers))]
    rows = pd.DataFrame({"unit_code": codes, "register": registers, "list_size": 10_000, "practices": 5})
    rows["mark"] = ["holds Student Surgery" if code in marked else "" for code in codes]
    whole = {"unit_code": "QZZ", "register": sum(registers), "list_size": 10_000 * len(registers), "mark": ""}
    frame = pd.concat([rows, pd.DataFrame([whole])], ignore_index=True)
    return frame.assign(
        register_code="DM", register_name="Diabetes", list_age="of all ages", unit_name=frame["unit_code"] + " PCN"
    )


def test_of_few_pcns_none_is_named():
    judged = prevalence_page.pcns(PREVALENCE, "QZZ")
    assert str(prevalence_page.spread(judged, PREVALENCE, "DM", "QZZ")) == (
        "All practices in the files: 7.5% of patients aged 17 and over on the diabetes register. How much PCNs "
        "usually differ cannot be told from 2, so none is named. Not adjusted for age."
    )


def test_a_pcn_unlike_the_others_is_named_with_what_they_predict_and_its_pooled_share():
    # Twelve near 7% and one of 20%: the last alone is named; one that holds a marked practice never is.
    frame = of_pcns([690, 700, 710, 695, 705, 685, 715, 700, 690, 710, 700, 705, 2_000])
    judged = prevalence_page.pcns(frame, "QZZ")
    table = prevalence_page.between_pcns(judged, frame, "QZZ")
    assert table.loc[0, ["above", "below"]].tolist() == ["U12 PCN", "none"]
    said = str(prevalence_page.spread(judged, frame, "DM", "QZZ"))
    assert "1 differs from what the others predict" in said
    assert "above it U12 PCN (20.0%, " in said
    assert "drawn towards the others" in said
    marked = of_pcns([690, 700, 710, 695, 705, 685, 715, 700, 690, 710, 700, 705, 2_000], marked=["U12"])
    said = str(prevalence_page.spread(prevalence_page.pcns(marked, "QZZ"), marked, "DM", "QZZ"))
    assert "Of 12 PCNs compared, none differs" in said
    assert "1 marked † is not compared." in said


def test_of_two_pcns_no_register_is_named_and_those_beyond_chance_are_counted():
    two = pd.concat([PREVALENCE, PREVALENCE.assign(register_code="AF", register_name="AF", register=[750, 750, 1_500])])
    profile = prevalence_page.against_ics(two[two["unit_code"] != "U2"], "U1", "QZZ")
    assert str(prevalence_page.widest(profile, prevalence_page.pcns(two, "QZZ"), "One PCN")) == (
        "On 1 of 2 registers One PCN differs from all practices in the files by more than chance. How much PCNs "
        "usually differ cannot be told from these files, so no register is named. Not adjusted for age."
    )


def test_a_register_is_named_where_the_other_pcns_predict_another_share():
    rows = pd.DataFrame(
        {
            "unit_code": [f"U{n}" for n in range(12)], "unit_name": [f"PCN {n}" for n in range(12)], "mark": "",
            "register_code": "DM", "register_name": "Diabetes", "list_age": "aged 17 and over", "list_size": 10_000,
            "register": [*range(740, 762, 2), 1_500],
        }
    )  # fmt: skip
    whole = rows.head(1).assign(unit_code="QZZ", list_size=120_000, register=int(rows["register"].sum()))
    prevalence = pd.concat([rows, whole], ignore_index=True)
    judged = prevalence_page.pcns(prevalence, "QZZ")
    for code, words in (("U11", "differs from what the other PCNs predict"), ("U0", "cannot be told apart")):
        profile = prevalence_page.against_ics(prevalence[prevalence["unit_code"].isin([code, "QZZ"])], code, "QZZ")
        assert words in str(prevalence_page.widest(profile, judged, f"PCN {code[1:]}"))


def test_prevalence_that_rises_evenly_has_the_slope_of_its_line():
    ranked = gradient_page.by_deprivation(REGISTERS, PRACTICES, "DM")
    # Ten equal practices at mid-ranks 0.05 ... 0.95, from 5% by 0.5 points: a straight line runs from 4.75% to 9.75%,
    # one on the logit scale from 5.00% to 10.03%.
    fit = gradient_page.slope(ranked)
    assert (fit["intercept"], fit["sii"]) == pytest.approx((0.0500, 0.0503), abs=1e-4)
    assert fit["rii_lower"] < fit["rii"] == pytest.approx(2.005, abs=1e-3)
    assert gradient_page.line(fit)["y"].iloc[[0, -1]].tolist() == pytest.approx([0.0500, 0.1003], abs=1e-4)
    said = str(gradient_page.gradient(ranked))
    assert "is higher at the most deprived end than at the least: +5.0 percentage points (" in said
    assert "marked" not in said
    assert "not age-standardised" in said
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
    assert "shows no clear gradient" in str(gradient_page.gradient(ranked))


def test_a_practice_of_another_kind_that_hides_a_gradient_is_said_to():
    # The tenth and most deprived practice is of students, of whom next to nobody has diabetes.
    students = REGISTERS.assign(
        register=[50, 55, 60, 65, 70, 75, 80, 85, 90, 1], mark=[""] * 9 + ["15% are 50 and over"]
    )
    ranked = gradient_page.by_deprivation(students, PRACTICES, "DM")
    said = str(gradient_page.gradient(ranked))
    assert said.startswith("Across 9 practices in the files, recorded diabetes is higher at the most deprived end")
    assert "With the 1 practice marked † it is " in said
    assert ": marked practices hide the gradient." in said
    row = gradient_page.slopes(students, PRACTICES).loc[0]
    assert row["marked"] == 1
    assert row["alone_lower"] > 0 > row["lower"]


def test_a_practice_few_of_whose_patients_are_placed_has_no_deprivation():
    some = PRACTICES.assign(with_imd=[280] + [1_000] * 9)
    assert gradient_page.by_deprivation(REGISTERS, some, "DM")["practice_code"].tolist() == [
        f"A{i}" for i in range(1, 10)
    ]
    units = deprivation_page.units(some, whole_ics=False).set_index("unit")
    assert units.loc["Surgery 0", "known_share"] == 0.28
    assert pd.isna(units.loc["Surgery 0", "core20_share"])
    said = str(deprivation_page.deprivation(units.reset_index(), units.reset_index(), "practice", is_ics=True))
    assert "92.8% of patients could be placed." in said
    assert said.endswith("1 practice has no share: under 75% of the patients could be placed.")


def test_deprivation_is_summed_over_practices_and_pcns():
    pcns = deprivation_page.units(PRACTICES, whole_ics=True)
    assert pcns["unit"].tolist() == ["Two PCN", "One PCN"]
    assert pcns["core20_share"].tolist() == [0.5, 0.0]
    own = deprivation_page.units(PRACTICES[PRACTICES["pcn_name"] == "Two PCN"], whole_ics=False)
    sentence = str(deprivation_page.deprivation(own, pcns, "practice", is_ics=False))
    assert sentence == (
        "2,500 of 5,000 registered patients (50.0%) live in the most deprived fifth of England (Core20, IMD 2019), "
        "against 25.0% over all practices in the files; 100% of patients could be placed. 5 of 5 practices have more "
        "than the fifth that England has."
    )


def practices(counts):
    """Practices of 10,000 people with the given numbers on a register."""
    names = [f"Surgery {i}" for i in range(len(counts))]
    rows = pd.DataFrame({"practice_code": names, "practice_name": names, "register": pd.array(counts, "Int64")})
    return rows.assign(
        register_code="DM", register_name="Diabetes", list_age="aged 17 and over", list_size=10_000, mark=""
    )


def said(frame, spread):
    return str(variation_page.variation(frame, spread, pd.Series(True, index=frame.index), is_ics=True))


def test_a_funnel_allows_for_usual_variation():
    frame, limits, spread = variation_page.funnel(
        practices([500, 540, 580, 620, 660, 700, 740, 780, 820, 860, 900, 940]), "DM"
    )
    assert spread["phi"] > 10
    assert frame["outside_chance"].sum() > frame["outside"].sum()
    assert "Of 12 practices compared, none differs from what the others predict" in said(frame, spread)
    assert limits["upper_998"].between(0, 1).all()


def test_variance_is_called_variance_with_the_published_phi_and_the_corrected_one():
    frame, _, spread = variation_page.funnel(
        practices([500, 540, 580, 620, 660, 700, 740, 780, 820, 860, 900, 940]), "DM"
    )
    assert spread["corrected"] == pytest.approx(spread["phi"] / 0.679, rel=0.001)
    words = f"Their variance is {spread['phi']:.1f} times that of chance (phi as published; {spread['corrected']:.1f} "
    assert words in said(frame, spread)


ALIKE = [700, 690, 710, 720, 680, 705, 695, 715, 685, 702, 698]


def test_a_practice_unlike_the_others_is_named_with_what_they_predict():
    frame, _, spread = variation_page.funnel(practices([*ALIKE, 1_400]), "DM")
    assert "1 differs from what the others predict" in said(frame, spread)
    assert "above it Surgery 11 (14.0%, 13.3% to 14.7%; the others predict " in said(frame, spread)
    assert "; 1,400 people; 1" in said(frame, spread)  # its share drawn towards the others, 13 to 14%
    elsewhere = frame["practice_code"].isin(["Surgery 0", "Surgery 1"])
    text = str(variation_page.variation(frame, spread, elsewhere, is_ics=False))
    assert "Of 2 practices compared, none differs" in text
    assert "Each is compared with all 12 in the files." in text


def test_a_marked_practice_is_never_named_and_moves_nothing():
    marked = practices([*ALIKE, 705, 100]).assign(mark=[""] * 12 + ["15% of its patients are 50 and over"])
    frame, _, spread = variation_page.funnel(marked, "DM")
    without, _, alone = variation_page.funnel(marked.head(12), "DM")
    assert spread == alone
    assert frame.head(12)["usual_lower"].tolist() == without["usual_lower"].tolist()
    assert not frame.loc[12, ["outside_chance", "outside"]].any()
    assert "none differs" in said(frame, spread)
    assert "1 marked † is not compared." in said(frame, spread)


def test_few_practices_do_not_say_how_much_practices_vary():
    frame, _, spread = variation_page.funnel(REGISTERS.head(7).assign(register=[5, 500, 60, 65, 70, 75, 80]), "DM")
    assert "How much practices usually differ cannot be told from 7, so none is named." in said(frame, spread)


def test_a_practice_whose_count_is_suppressed_is_not_judged_and_counts_in_no_total():
    frame, _, spread = variation_page.funnel(practices([*ALIKE, None]), "DM")
    assert not frame.loc[11, ["outside_chance", "outside"]].any()
    assert spread["target"] == pytest.approx(0.07)  # 7,700 of 110,000; of 120,000 it would be 6.4%
    assert "0 of 11 practices" in said(frame, spread)
    assert "1 is too small to compare." in said(frame, spread)


def test_members_are_practices_for_a_pcn_and_pcns_for_the_icb():
    own = prevalence_page.members(REGISTERS, PREVALENCE, "DM", "QZZ", whole_ics=False)
    assert own["unit"].iloc[0] == "Surgery 9"
    both = prevalence_page.members(REGISTERS, PREVALENCE, "DM", "QZZ", whole_ics=True)
    assert both["unit"].tolist() == ["One PCN", "Two PCN"]
    assert prevalence_page.references(PREVALENCE[PREVALENCE["unit_code"] != "U2"], "DM", "QZZ") == {
        "PCN": 0.09,
        "All practices": 0.075,
    }
    assert prevalence_page.references(PREVALENCE, "DM", "QZZ") == {"All practices": 0.075}
    marked = REGISTERS.assign(mark=["another kind"] * 10)
    assert prevalence_page.members(marked, PREVALENCE, "DM", "QZZ", whole_ics=False)["unit"].iloc[0] == "Surgery 9 †"


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
        "Of 1,000 registered patients, 40 (4.0%) do not live in small areas of the files or cannot be placed: 40 in "
        "Wales. The files hold no deprivation for those outside them."
    )
    assert str(places_page.residence(places.head(1))) == "All 960 registered patients live in small areas of the files."


def kinds(**columns):
    one = {"practice_code": ["A"], "registered": 5_000, "qof_list_size": 5_000, "qof_list_50_over": 2_000}
    return marks(pd.DataFrame(one | {"in_practices": True, "in_qof_counts": True} | columns))["A"]


def test_practices_of_another_kind_are_marked_with_why():
    assert kinds() == ""
    assert kinds(qof_list_50_over=750) == "15% of its patients are 50 and over"
    assert kinds(qof_list_50_over=4_500) == "90% of its patients are 50 and over"
    assert kinds(registered=8_000) == "list 60% larger than in the QOF year"
    assert kinds(registered=3_000) == "list 40% smaller than in the QOF year"
    assert kinds(registered=900, qof_list_size=None) == "fewer than 1,000 patients"
    assert kinds(in_practices=False) == "no longer in the list of practices"
    assert kinds(qof_list_50_over=None) == ""  # ages are not published for it: nothing is assumed
    with pytest.raises(InputError, match="Practices lack 1 of 6 columns: registered"):
        marks(
            pd.DataFrame({"practice_code": ["A"]}).reindex(
                columns=["practice_code", "qof_list_size", "qof_list_50_over", "in_practices", "in_qof_counts"]
            )
        )


def test_marked_practices_are_listed_once_with_why():
    rows = pd.DataFrame({"practice_name": ["Elm", "Ash", "Elm"], "mark": ["short list", "", "short list"]})
    assert (
        str(places_page.marked(rows, rows)) == "1 practice is marked † and not compared with others: Elm (short list)."
    )
    assert places_page.marked(rows[rows["mark"] == ""], rows.head(0)) is None


def test_practices_not_in_every_file_are_named():
    rows = pd.DataFrame({"practice_name": ["Old"], "practice_code": ["A1"], "what": ["In QOF. Not in list."]})
    assert str(places_page.mismatch(rows)).startswith("1 practice is not in every file")
    assert "Old (A1)" in str(places_page.mismatch(rows))
    jumped = rows.assign(what="Its list jumped.")
    assert str(places_page.mismatch(jumped)) == "Every practice is in every file."
    assert places_page.mismatch(rows.iloc[:0]) is None
