"""What is released of the linkage's quality, and what its page says of it."""

import re

import pandas as pd
import pytest
from released_tables import protected

from phm_utils.absent import Absent
from phm_utils.linkage import error_page as trust
from phm_utils.linkage import guild_page as guild
from phm_utils.linkage import weights_page as weighing
from phm_utils.linkage.quality_releases import QUALITY, quality_models
from phm_utils.linkage.quality_tables import SUGGESTED

SHARES = ["false_share", "false_lower", "false_upper", "missed_share", "missed_lower", "missed_upper"]


def error(source, category, records, linked, tested, behind, shares, bases=("test", "test"), characteristic="All"):
    row = {"source": source, "characteristic": characteristic, "category": category, "records": records,
           "linked": linked, "tested": tested, "behind": behind, "false_basis": bases[0],
           "missed_basis": bases[1]}  # fmt: skip
    return row | dict(zip(SHARES, shares, strict=True))


@pytest.fixture
def released(con, workbook):
    """The released tables of a linkage that found what is written here."""
    nothing = (None,) * 6
    frames = {
        "link_error": pd.DataFrame(
            [
                error("ecds_attendance", "All", 1003, 900, 400, 400, (0.01, 0.005, 0.02, 0.1, 0.08, 0.12)),
                error("ecds_attendance", "White", 800, 800, 300, 300, (0.001, 0.0005, 0.002, 0.1, 0.08, 0.12),
                      characteristic="Ethnicity"),
                error("ecds_attendance", "Black", 100, 100, 60, 60, (0.09, 0.05, 0.15, 0.11, 0.07, 0.15),
                      characteristic="Ethnicity"),
                error("ecds_attendance", "Other", 10, 10, 4, 4, (0.5, 0.1, 0.9, 0.5, 0.1, 0.9),
                      characteristic="Ethnicity"),
                error("death", "All", 203, 200, 198, 3, (0.01, 0.003, 0.03, None, 0.0, 0.0148), ("check", "bound")),
                error("gp_event", "All", 9000, 9000, 0, 0, (*nothing[:3], None, 0.0, 0.0), ("not known", "bound")),
            ]
        ),
        "link_truth": pd.DataFrame(
            [("ecds_attendance", "All", "All", 1003, 1000, 900, 20, 120), ("death", "All", "All", 203, 203, 200, 3, 3)],
            columns=["source", "characteristic", "category", "records", "findable", "links", "wrong", "missed"],
        ),
        "linkage_step": pd.DataFrame(
            [
                ("gp_registration", "NHS number", 9000, 9000, 0),
                ("ecds_attendance", "NHS number", 800, 700, 0),
                ("ecds_attendance", "probabilistic", 100, 90, 12),
                ("ecds_attendance", "identity of its own", 100, 90, 3),
            ],
            columns=["source", "method", "records", "identities", "contradicted"],
        ),
        "linkage_weight": pd.DataFrame(
            [("ecds_attendance", 3, "linked", 60), ("partner_list", 2, "linked", 40),
             ("partner_list", 41, "linked", 200), ("ecds_attendance", 1, "review", 20),
             ("ecds_attendance", -30, "too weak", 5)],
            columns=["source", "band", "decision", "pairs"],
        ),
        "linkage_example": pd.DataFrame(
            [(1, 0, "linked", "Before any evidence", "at random", -17.6, 40),
             (1, 1, "linked", "Surname", "the same", 11.8, 40),
             (1, 2, "linked", "Sex", "different", -4.0, 40)],
            columns=["example", "place", "kind", "comparison", "level", "weight_bits", "pairs"],
        ),
        "linkage_review": pd.DataFrame([(2, 40, 30), (4, 40, 40)], columns=["band", "reviewed", "matches"]),
        "linkage_setting": pd.DataFrame(
            [(weighing.ACCEPT, "2"), (SUGGESTED, "4"), ("model", "england (0123)")], columns=["name", "value"]
        ),
    }  # fmt: skip
    for name, frame in frames.items():
        con.register("_frame", frame)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM _frame")
    made = protected(quality_models(con, workbook), QUALITY)
    assert all((frame["area_code"] == "QZZ").all() for frame in made.values())
    return {name: frame.drop(columns="area_code") for name, frame in made.items()}


def test_estimates_on_few_observations_are_withheld(released):
    rows = released["link_error"].set_index(["source", "category"])
    assert rows.loc[("ecds_attendance", "All"), "false_share"] == 0.01
    assert rows.loc[("ecds_attendance", "Other"), SHARES].isna().all()
    # Three conflicts stand behind the deaths' estimate: it would disclose a count that is suppressed elsewhere.
    assert rows.loc[("death", "All"), SHARES[:3]].isna().all()
    # So would the exact share that is not joined: the bound is made from rounded counts, 205 and 200.
    assert rows.loc[("death", "All"), "missed_upper"] == pytest.approx(1 - 200 / 205)


def test_errors_of_sources_are_said_and_those_without_estimates_are_named(released):
    whole = trust.overall(released["link_error"])
    assert whole["title"].tolist() == ["Deaths", "Emergency department attendances"]
    assert str(trust.error_sentence(whole)) == (
        "Of 10,000 links an estimated 100.0 in emergency department attendances are to the wrong person. "
        "An estimated 10.0% of a source's records are missed. Of another source's records at most 2.4% are "
        "missed: the share not linked."
    )
    assert str(trust.unchecked_sentence(released["link_error"])).endswith("GP coded events.")
    table = trust.error_table(whole).set_index("Source")
    assert table.loc["Emergency department attendances", "False in 10,000"] == "100.0 (50.0 to 200.0)"
    assert table.loc["Deaths", "False in 10,000"] == "too few to estimate"
    assert table.loc["Deaths", "Missed in 100"] == "0 to 2.44"


def test_a_count_of_a_thousand_becomes_a_range(released):
    rows = trust.ranges(trust.overall(released["link_error"])).set_index("title")
    # 1000 x .98 / .92 = 1065; 1000 x .995 / .88 = 1131
    assert rows.loc["Emergency department attendances", ["low", "high"]].tolist() == [1065, 1131]
    assert str(trust.range_sentence(rows.reset_index())) == (
        "If every link were right, a count of 1,000 could be out by more than 10% from 1 of 1 sources: emergency "
        "department attendances (1,065 to 1,131)."
    )
    near = rows.reset_index().assign(low=990.0, high=1_100.0)
    assert str(trust.range_sentence(near)).endswith("from any of 2 sources would be out by at most 10%.")
    assert trust.range_table(rows.reset_index())["With right links between"][0] == "not known, or too few to estimate"


def test_groups_differ_only_where_chance_among_many_does_not_explain_it(released):
    title = trust.chosen_source(released["link_error"])
    groups = trust.by_group(released["link_error"], title)
    # Two groups are one comparison; the third has too few to estimate.
    assert str(trust.group_sentence(groups, "false", title)) == (
        "Emergency department attendances: the one group compared differs from all others of the same characteristic "
        "(links to the wrong person, of 10,000): below it ethnicity: White (10, 4.13 to 24.2; against 900; 300 people "
        "checked). 1 is too small to compare."
    )
    assert "cannot be told apart from all others" in str(trust.group_sentence(groups, "missed", title))


def test_a_source_is_named_only_beside_all_others_with_limits():
    rows = pd.DataFrame({
        "title": ["Deaths", "Lists", "Enrolments"], "linked": [4_000, 4_000, 4_000], "tested": [900, 900, 900],
        "false_share": [0.001, 0.0011, 0.02], "false_lower": [0.0006, 0.0006, 0.014],
        "false_upper": [0.0017, 0.002, 0.029], "missed_share": None, "missed_upper": None,
    })  # fmt: skip
    said = str(trust.error_sentence(rows))
    assert said.startswith(
        "Of 10,000 links an estimated 10.0 to 200.0 by source are to the wrong person. Of 3 sources "
    )
    assert re.search(r"above it enrolments \(200, 12\d to 31\d; against 10\.5; 900 people checked\)", said)
    equal = rows.assign(false_share=0.001, false_lower=0.0006, false_upper=0.0017)
    assert "Of 3 sources compared, none differs from all other sources together" in str(trust.error_sentence(equal))


def test_the_truth_of_every_group_is_said_in_order():
    shares = {"Mixed": 0.0147, "White": 0.00001, "Not known": 0.5}
    rows = pd.DataFrame({"source": "all", "characteristic": "Ethnicity", "place": [2, 1, 3], "category": list(shares)})
    rows["missed_share"] = shares.values()
    assert str(trust.truth_gap_sentence(rows, "Ethnicity")) == (
        "Ethnicity: in truth the records missed are White under 0.01% and Mixed 1.47%."
    )


def test_the_truth_stands_next_to_the_estimate(released):
    table = trust.against_truth(released["link_truth"], released["link_error"]).set_index("Source")
    ed = table.loc["Emergency department attendances"]
    assert ed[["False", "False in 10,000"]].tolist() == [20, pytest.approx(222.22)]
    assert ed["Estimated in 10,000"] == "100.0 (50.0 to 200.0)"
    assert pd.isna(table.loc["Deaths", "False"])
    # All sources together: 23 of 1,100 links, shown as 25, and 123 of 1,203, shown as 125 of 1,205.
    assert str(trust.truth_sentence(released["link_truth"])).startswith(
        "In truth (synthetic data) about 227.3 of 10,000"
    )


def test_steps_are_shares_of_each_source_and_the_spine_is_not_among_them(released):
    steps = weighing.by_step(released["link_steps"])
    assert set(steps["title"]) == {"Emergency department attendances"}
    assert steps["share"].tolist() == [0.8, 0.1, 0.1]
    assert "80.0% were linked by an NHS number" in str(weighing.step_sentence(released["link_steps"]))


def test_weights_of_all_sources_stand_in_bands_and_the_tails_in_the_outer_ones(released):
    weights = released["link_weights"].set_index(["band", "decision"])["pairs"]
    assert weights.dropna().to_dict() == {(2, "linked"): 100, (30, "linked"): 200, (0, "review"): 20}
    assert pd.isna(weights[(-12, "too weak")])
    said = str(weighing.weight_sentence(released["link_weights"]))
    assert "300 were linked" in said
    assert "20 await clerical review" in said
    others = weighing.other_thresholds(released["link_weights"], released["link_settings"])
    assert others.set_index("Threshold (bits)")["Pairs"].to_dict() == {-2: 320, 0: 320, 2: 300, 4: 200, 6: 200, 10: 200}


def test_an_example_in_words(released):
    [(title, rows)] = weighing.examples(released["link_examples"])
    assert title == "Example 1: pairs that were linked"
    assert rows["evidence"].tolist() == ["Before any evidence: at random", "Surname: the same", "Sex: different"]
    assert str(weighing.example_sentence(rows)) == (
        "In bits: before any evidence: at random -17.6; surname: the same +11.8; sex: different -4.0. Together -9.8."
    )
    assert weighing.example_table(rows)["So far (bits)"].tolist() == [-17.6, -5.8, -9.8]


def test_a_review_shows_its_threshold(released):
    review = weighing.banded(released["link_review"])
    assert review["name"].tolist() == ["4 to 6 bits", "2 to 4 bits"]
    assert review["match_value"].tolist() == [1, 0.75]
    assert str(weighing.review_sentence(review, released["link_settings"])).endswith("high enough: 4 bits.")


@pytest.fixture
def facts():
    return {
        "title": "Tiny", "ics_code": "QZZ", "purpose": "public_health", "people": {"QZZ": None},
        "sources": [{"name": "Deaths", "state": "present", "last_date": "2025-03-31"},
                    {"name": "Postcodes", "state": "absent", "last_date": None}],
        "governance": [{"controller": "The practices"}],
        "disclosure": {"suppress_below": 8, "round_to": 5, "min_events_for_estimate": 10},
    }  # fmt: skip


def test_the_guild_record_states_who_linked_and_how(released, facts):
    sources = pd.DataFrame({"source": ["death", "gp_event"], "records": pd.array([200, 9000], "Int64")})
    outside = guild.record(facts, sources, released["link_error"], Absent("Settings", "")).set_index("Item")["This run"]
    assert outside["Thresholds"] == "None: no match weights."
    assert outside["Records to be linked"] == "200 outside the GP extract."
    assert outside["Errors estimated"].startswith("False links for 2 of 3 sources")
    nothing = guild.record(facts, sources.assign(records=0), Absent("Errors", "links"), Absent("Settings", ""))
    said = nothing.set_index("Item")["This run"]
    assert said["Records to be linked"] == "None outside the GP extract."
    assert said["Errors estimated"] == "Errors: left out, because this run lacks links."
    here = guild.record(facts, sources, released["link_error"], released["link_settings"]).set_index("Item")["This run"]
    assert "model: england (0123)" in here["Settings"]
    assert "Absent: Postcodes." in here["Sources and their last dates"]
    assert "unregistered, opted out or out of area" in here["Who is not included"]


def test_a_run_that_linked_nothing_itself_releases_its_error_alone(con, workbook):
    frame = pd.DataFrame([error("death", "All", 203, 200, 198, 198, (0.01, 0.003, 0.03, None, 0.0, 0.0148),
                                ("check", "bound"))])  # fmt: skip
    con.register("_frame", frame)
    con.execute("CREATE TABLE link_error AS SELECT * FROM _frame; CREATE TABLE linkage_step AS SELECT 1 AS x LIMIT 0")
    assert [model.name for model in quality_models(con, workbook)] == ["aggregate_link_error"]
