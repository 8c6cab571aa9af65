"""Movement between segments: hand-counted, everybody of either date once, and nothing without an earlier date."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from released_tables import protected

from phm_utils.engine.portable import to_spark
from phm_utils.measures.definitions import load_segmentation
from phm_utils.measures.segments import rule_table, segment_sql
from phm_utils.reports.findings import TOO_FEW
from phm_utils.rules.derived import person_columns
from phm_utils.rules.tree import criteria
from phm_utils.topics.segmentation import movement_page
from phm_utils.topics.segmentation.movement import movement_sql
from phm_utils.topics.segmentation.segment_tables import RELEASES, segment_tables
from phm_utils.topics.segmentation.thresholds import segment_alternatives_sql

KNOWN = {"bmi": 22, "bmi_months_ago": 3}  # so that no column is null throughout


def cells(made: dict[str, pd.DataFrame], column: str = "people") -> dict[tuple[str, str], int]:
    frame = made["segment_movement"]
    return frame.groupby(["from_segment", "to_segment"])[column].sum().to_dict()


def person(name: str, **row) -> dict:
    return {"person_id": name, **KNOWN, **row}


def test_movement_is_counted_by_hand(people):
    people.are(
        [
            person("stayed", age=50),
            person("ill since", age=50, diabetes=True),
            person("grown up", age=19),
            person("grown up and ill", age=18, diabetes=True),
            person("joined", age=40),
            person("born", age=1),
        ]
    )
    people.were(
        [
            person("stayed", age=48),
            person("ill since", age=48),
            person("grown up", age=17),
            person("grown up and ill", age=16, diabetes=True),
            person("died", age=90, dementia=True),
            person("left", age=30, smi=True),
        ],
        died=["died"],
    )
    made = people.made()
    assert cells(made) == {
        ("Live well", "Live well"): 1,
        ("Live well", "Stay well"): 1,
        ("Children and young people", "Live well"): 1,
        ("Children and young people", "Stay well"): 1,
        ("Not registered then", "Live well"): 1,
        ("Not registered then", "Children and young people"): 1,
        ("Age well", "Died"): 1,
        ("Feel well", "Left"): 1,
    }
    # Age alone moves both who grew up: one was ill before. Diabetes since then is not age.
    by_age = {cell: n for cell, n in cells(made, "people_by_age").items() if n}
    assert by_age == {
        ("Children and young people", "Live well"): 1,
        ("Children and young people", "Stay well"): 1,
    }
    assert made["segment_movement_left_out"].empty
    earlier = made["segment_earlier"].set_index("person_id")
    assert list(earlier.columns) == ["pcn_code", "practice_code", "segment", "reason"]
    assert earlier.loc["died", ["segment", "reason"]].tolist() == ["Age well", "Dementia"]


def test_a_child_who_fell_ill_and_grew_up_did_not_move_by_age_alone(people):
    people.are([person("a", age=19, diabetes=True)])
    people.were([person("a", age=17)])
    made = people.made()
    assert cells(made) == {("Children and young people", "Stay well"): 1}
    assert cells(made, "people_by_age") == {("Children and young people", "Stay well"): 0}


def test_people_count_where_they_are_now_and_those_gone_where_they_were(people):
    south = {"pcn_code": "U99002", "practice_code": "A99003"}
    people.are([person("moved", **south)])
    people.were([person("moved"), person("left", **south)])
    frame = people.made()["segment_movement"]
    assert frame[["pcn_code", "to_segment"]].values.tolist() == [["U99002", "Left"], ["U99002", "Live well"]]


def test_without_an_earlier_date_nothing_is_made(people):
    people.are([{}])
    made = people.made()
    assert not [name for name in made if "movement" in name or "earlier" in name]
    assert not [m.name for m in segment_tables(people.con, people.workbook) if "movement" in m.name]


def test_an_earlier_date_with_nobody_is_none(people):
    people.are([{}])
    people.were([])
    assert "segment_movement" not in people.made()


def test_a_rule_on_what_was_not_known_then_is_asked_of_neither_date_and_named(people):
    # Mental health contacts began to be collected since: nobody moves to Feel well because of that.
    people.are([person("a", mental_health_contacts_12m=3), person("b", smi=True)])
    people.were([person("a"), person("b")], missing=["mental_health_contacts_12m"])
    made = people.made()
    assert cells(made) == {("Live well", "Live well"): 1, ("Live well", "Feel well"): 1}
    left_out = made["segment_movement_left_out"]
    assert left_out[["segment", "reason", "needs"]].values.tolist() == [
        ["Feel well", "Mental health contact in 12 months", "Mental health contacts, 12 months"]
    ]
    now = made["segment"].set_index("person_id")["segment"]
    assert now["a"] == "Feel well"  # the segment of the index date itself uses every rule


def test_a_rule_left_out_now_is_not_named_again(people):
    missing = [("mhsds_contact", "mental_health_contacts_12m")]
    people.are([person("a")], missing=missing)
    people.were([person("a")], missing=["mental_health_contacts_12m"])
    assert people.made()["segment_movement_left_out"].empty


PEOPLE = st.fixed_dictionaries(
    {
        "age": st.integers(0, 100),
        "diabetes": st.booleans(),
        "smi": st.booleans(),
        "palliative_care": st.booleans(),
        "pcn_code": st.sampled_from(["U99001", "U99002"]),
    }
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    now=st.dictionaries(st.integers(0, 12), PEOPLE, min_size=1),
    then=st.dictionaries(st.integers(0, 12), PEOPLE, min_size=1),
    died=st.sets(st.integers(0, 12)),
)
def test_everybody_of_either_date_is_counted_once(people, now, then, died):
    people.are([person(f"p{n}", **row) for n, row in now.items()])
    people.were([person(f"p{n}", **row) for n, row in then.items()], died=[f"p{n}" for n in died - set(now)])
    made = people.made()
    frame = made["segment_movement"]
    assert frame["people"].sum() == len(set(now) | set(then))
    to = frame.groupby("to_segment")["people"].sum()
    assert to.drop(["Died", "Left"], errors="ignore").to_dict() == made["segment"]["segment"].value_counts().to_dict()
    assert to.get("Died", 0) == len((set(then) & died) - set(now))
    origin = frame.groupby("from_segment")["people"].sum().drop("Not registered then", errors="ignore")
    assert origin.to_dict() == made["segment_earlier"]["segment"].value_counts().to_dict()
    assert (frame["people_by_age"] <= frame["people"]).all()


@pytest.fixture
def released(people):
    people.are(
        [
            *[person(f"s{n}", age=50) for n in range(40)],
            *[person(f"i{n}", age=50, diabetes=True) for n in range(20)],
            *[person(f"f{n}", age=50, smi=True) for n in range(3)],
        ]
    )
    people.were(
        [
            *[person(f"{kind}{n}", age=48) for kind, many in (("s", 40), ("i", 20), ("f", 3)) for n in range(many)],
            *[person(f"g{n}", age=48, pcn_code="U99009") for n in range(10)],  # a PCN that is no more
        ]
    )
    people.made()
    return protected(segment_tables(people.con, people.workbook), RELEASES)


def test_movement_is_released_for_each_area_as_a_whole_grid_with_small_numbers_hidden(released):
    frame = released["segment_movement"].set_index(["area_code", "from_segment", "to_segment"])
    assert set(frame.index.get_level_values("area_code")) == {"U99001", "QZZ"}
    # Seven segments to seven, died or left; and seven for those not registered then.
    assert len(frame.loc["QZZ"]) == 7 * 9 + 7
    # 40 + 20 + 3 were in Live well in the PCN, ten more in the ICS: shown as 65 and 75.
    row = frame.loc[("U99001", "Live well", "Stay well")]
    assert (row["people"], row["people_from"]) == (20, 65)
    assert row["share"] == pytest.approx(20 / 65)
    assert pd.isna(frame.loc[("U99001", "Live well", "Feel well"), "people"])
    assert frame.loc[("QZZ", "Live well", "Left"), "people"] == 10
    assert frame.loc[("U99001", "Live well", "Left"), "people"] == 0
    assert frame.loc[("QZZ", "Live well", "Died"), "people"] == 0


def test_rules_left_out_of_movement_are_released_by_name_alone(released):
    assert list(released["segment_movement_left_out"]) == ["area_code", "place", "segment", "reason", "needs"]


def test_sentences_name_the_figures_they_stand_on(released):
    whole = released["segment_movement"].query("area_code == 'QZZ'")
    # 40 stayed and 20 fell ill; the three who moved to Feel well are too few to show. 20 of 73, shown as 75, is 26.7%.
    assert str(movement_page.moved(whole)) == (
        "Of about 60 people registered on both dates, about 20 (33.3%) are in another segment than 24 months before, "
        "none or too few to show of them because of age alone. Suppressed counts are left out."
    )
    stored = whole.astype({"people": "float64", "people_by_age": "float64"})  # as Parquet gives back missing counts
    assert movement_page.joined_died_left(stored) == movement_page.joined_died_left(whole)
    assert (
        str(movement_page.joined_died_left(whole))
        == "People in these 24 months: joined or born none or too few to show, died none or too few to show, left "
        "about 10."
    )


def test_a_pcn_is_compared_with_the_ics_over_the_cells_that_it_shows():
    rows = [
        ("Well", "Well", 900, 8_000),
        ("Well", "Ill", 100, 2_000),
        ("Ill", "Well", None, 500),
        ("Well", "Died", 50, 90),
    ]
    moves = pd.DataFrame(rows, columns=["from_segment", "to_segment", "people", "ics_people"]).assign(people_by_age=5)
    moves = moves.astype({"people": "Int64", "ics_people": "Int64", "people_by_age": "Int64"})
    # 100 of 1,000 here; 2,000 of 10,000 in the ICS.
    assert str(movement_page.moved(moves)) == (
        "In another segment than 24 months before: 10.0% of people registered on both dates (8.3% to 12.0%; 100 "
        "people), less than the whole ICS (20.0%). About 5 of them moved because of age alone. Suppressed counts are "
        "left out."
    )


def test_sentences_hold_where_everything_is_hidden(released):
    nothing = released["segment_movement"].query("area_code == 'QZZ'").assign(people=pd.NA, people_by_age=pd.NA)
    hidden = nothing.astype({"people": "Int64", "people_by_age": "Int64"})
    assert str(movement_page.moved(hidden)) == TOO_FEW


@pytest.mark.parametrize("name", ["snee", "bridges_to_health", "core20plus"])
def test_placing_and_moving_people_can_be_run_on_spark(name):
    model, columns = load_segmentation(name), person_columns()
    rules = rule_table(model, columns, {})
    asked = sorted({c.column for segment in model.segments for rule in segment.rules for c in criteria(rule)})
    for sql in (segment_sql(rules), segment_alternatives_sql({"As defined": rules}), movement_sql(rules, asked)):
        assert "CASE WHEN" in to_spark(sql)
