"""Segments: the first rule wins, everybody has one, and a file that cannot be asked is refused."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segment_models import model, over

from phm_utils.errors import InputError
from phm_utils.measures.definitions import load_segmentation
from phm_utils.measures.segments import applicable
from phm_utils.rules.derived import person_columns

MINE = """title: Two groups
source: Our own
segments:
  - name: Asthma
    about: With asthma
    rules:
      - {says: Asthma, column: asthma, op: is, value: true}
otherwise: {name: Others, about: Everybody else, says: None of the above}
"""


def placed(made: dict[str, pd.DataFrame]) -> list[list[str]]:
    """Segment and reason of each person, in the order in which they were given."""
    return made["segment"].sort_values("person_id")[["segment", "reason"]].values.tolist()


@pytest.fixture
def own_files(monkeypatch, tmp_path):
    """A workbook's folder with a segmentation of its own beside the definitions that come with the workbook."""
    from phm_utils.runs import project_root

    root = project_root()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "parameters" / "segments").mkdir(parents=True)
    for path in (root / "parameters").iterdir():
        if path.name != "segments":
            (tmp_path / "parameters" / path.name).symlink_to(path)
    monkeypatch.setenv("PHM_ROOT", str(tmp_path))
    return tmp_path / "parameters" / "segments"


def test_snee_has_a_person_in_every_segment_and_the_first_rule_gives_the_reason(people):
    people.are(
        [
            {"age": 10, "palliative_care": True},
            {"palliative_care": True, "dementia": True},
            {"end_stage_copd": True, "stay_stroke_12m": 1},
            {"stay_fall_12m": 2, "dementia": True},
            {"dementia": True, "housebound": True},
            {"asthma": True, "copd": True, "ckd": True, "diabetes": True},
            {"has_carer": True, "diabetes": True},
            {"diabetes": True, "smi": True},
            {"cancer": True, "smi": True},
            {"smi": True, "stay_alcohol_12m": 1},
            {"stay_homelessness_12m": 1, "stay_dental_12m": 1},
            {"stay_dental_12m": 1, "smoking_status": "Current"},
            {"bmi": 31, "bmi_months_ago": 11, "smoking_status": "Current"},
            {"bmi": 31, "bmi_months_ago": 12},
            {"alcohol_risk": "Higher risk"},
            {"alcohol_risk": "Lower risk", "smoking_status": "Ex"},
        ]
    )
    assert placed(people.made()) == [
        ["Children and young people", "Under 18"],
        ["Die well", "On the palliative care register"],
        ["Die well", "End-stage COPD"],
        ["Age well", "Hospital stay for a fall in 12 months"],
        ["Age well", "Dementia"],
        ["Age well", "Four or more long-term conditions"],
        ["Age well", "Has a carer"],
        ["Stay well", "One to three long-term conditions"],
        ["Stay well", "Cancer"],
        ["Feel well", "Severe mental illness"],
        ["Feel well", "Hospital stay with homelessness in 12 months"],
        ["Be well", "Emergency dental hospital stay in 12 months"],
        ["Be well", "BMI over 30 in the last 12 months"],
        ["Live well", "None of the above"],
        ["Be well", "High alcohol risk"],
        ["Live well", "None of the above"],
    ]


FRAIL = [
    {"age": 80, "frailty_coded": "Severe", "efi_category": "Fit"},
    {"age": 80, "efi_category": "Severe"},
    {"age": 80, "frailty_coded": "Mild", "efi_category": "Severe"},
    {"age": 80, "frailty_coded": "Moderate", "efi_category": "Severe"},
]


def test_frailty_is_a_clinicians_code_in_snee_and_never_a_score(people):
    people.are(FRAIL)
    assert [reason for _, reason in placed(people.made())] == [
        "Severe frailty",
        "None of the above",
        "None of the above",
        "Moderate frailty",
    ]


def test_a_clinicians_code_of_any_degree_comes_before_the_index_in_bridges_to_health(people):
    people.choose("bridges_to_health")
    people.are(FRAIL)
    assert [reason for _, reason in placed(people.made())] == [
        "Severe frailty, coded",
        "Severe frailty by eFI, none coded",
        "None of the above",
        "None of the above",
    ]


def test_bridges_to_health_has_a_person_in_every_segment(people):
    people.choose("bridges_to_health")
    failing = {"heart_failure": True, "emergency_admissions_12m": 2, "n_conditions": 1}
    people.are(
        [
            {"dementia": True, "end_stage_renal": True},
            {"age": 70, "hfrs_category": "Intermediate"},
            {"age": 70, "hfrs_category": "Low", **failing},
            {"ckd": True, "egfr": 14.9, "n_conditions": 1},
            {"ckd": True, "egfr": 15, "n_conditions": 1},
            {"ckd": True, "egfr": 29, "n_conditions": 1, "emergency_admissions_12m": 4},
            {"egfr": 10},
            {"cancer": True, "palliative_care": True, "n_conditions": 1},
            {"end_of_life": True, "learning_disability": True},
            {"learning_disability": True, "n_conditions": 5},
            failing | {"emergency_admissions_12m": 1},
            {"age": 0, "age_band": "0-4"},
            {"age": 0, "age_band": "0-4", "n_conditions": 1},
            {"pregnancy": True},
            {"stay_maternity_12m": 1},
            {"age": None, "sex": "Other or not known"},
        ]
    )
    assert placed(people.made()) == [
        ["Frailty and dementia", "Dementia"],
        ["Frailty and dementia", "Hospital Frailty Risk Score of 5 or more at 65 and over"],
        ["Organ failure", "Heart failure or COPD with two or more emergency admissions in 12 months"],
        ["Organ failure", "Kidney disease with an eGFR below 15"],
        ["Long-term conditions", "One long-term condition"],
        ["Organ failure", "Kidney disease with an eGFR below 30 and four or more emergency admissions in 12 months"],
        ["Healthy", "None of the above"],
        ["Incurable cancer or short decline", "Cancer with palliative care"],
        ["Incurable cancer or short decline", "Palliative care without cancer"],
        ["Disability", "Learning disability"],
        ["Long-term conditions", "One long-term condition"],
        ["Maternal and infant health", "Under one year old"],
        ["Long-term conditions", "One long-term condition"],
        ["Maternal and infant health", "Pregnant in the last nine months"],
        ["Maternal and infant health", "Hospital stay for pregnancy or birth in 12 months"],
        ["Healthy", "None of the above"],
    ]


CORE20_PEOPLE = [
    {"homeless": True, "smi": True, "core20": True},
    {"smi": True, "core20": True, "ethnic_group": "Asian"},
    {"core20": True, "ethnic_group": "Asian", "hypertension": True},
    {"core20": True, "hypertension": True},
    {"core20": True, "age": 9, "hypertension": True, "asthma": False},
    {"core20": True, "age": 9, "asthma": True},
    {"core20": True, "n_conditions": 2},
    {"core20": True, "asthma": True, "n_conditions": 1},
    {"ethnic_group": "Black", "copd": True},
    {"copd": True},
    {"core20": None, "ethnic_group": "Not known"},
    {"age": 9, "mental_health_contacts_12m": 1},
    {"age": None, "cancer": True},
]


def test_core20plus_has_a_person_in_every_group(people):
    people.choose("core20plus")
    people.are(CORE20_PEOPLE)
    assert [segment for segment, _ in placed(people.made())] == [
        "Inclusion health groups",
        "Learning disability or severe mental illness",
        "Ethnic minority communities in Core20",
        "Core20 with health needs",
        "Core20 without health needs on record",  # hypertension is no clinical area of children
        "Core20 with health needs",
        "Core20 with health needs",
        "Core20 without health needs on record",  # asthma is no clinical area of adults
        "Ethnic minority communities elsewhere",
        "Health needs elsewhere",
        "Everybody else",
        "Health needs elsewhere",
        "Everybody else",  # of unknown age: neither adult nor child
    ]


def test_core20plus_without_small_areas_says_which_rules_it_left_out(people):
    people.choose("core20plus")
    people.are(CORE20_PEOPLE, missing=[("area", "core20"), ("area", "imd_quintile")])
    made = people.made()
    rules = made["segment_rule"]
    left_out = rules[rules["state"] == "left out"]
    assert set(left_out["needs"]) == {"area"}
    assert set(left_out["segment"]) == {
        "Ethnic minority communities in Core20", "Core20 with health needs", "Core20 without health needs on record"
    }  # fmt: skip
    assert not set(made["segment"]["segment"]) & set(left_out["segment"])
    assert len(made["segment"]) == len(CORE20_PEOPLE)
    assert placed(made)[3] == ["Health needs elsewhere", "Adult with a clinical area: pregnancy, COPD, cancer, hypertension"]  # fmt: skip # noqa: E501


def test_conditions_outside_the_models_own_list_do_not_count(people):
    people.are([{"osteoarthritis": True, "hypothyroidism": True, "n_conditions": 2}])
    assert people.made()["segment"]["segment"].tolist() == ["Live well"]


flags = st.fixed_dictionaries(
    {
        "age": st.one_of(st.none(), st.integers(0, 100)),
        "bmi": st.one_of(st.none(), st.floats(15, 60)),
        "bmi_months_ago": st.one_of(st.none(), st.integers(0, 60)),
        "egfr": st.one_of(st.none(), st.floats(1, 200)),
        "core20": st.sampled_from([True, False, None]),
        "ethnic_group": st.sampled_from(["White", "Asian", "Not stated", "Not known"]),
        "n_conditions": st.integers(0, 6),
        **{n: st.booleans() for n in ("palliative_care", "dementia", "asthma", "ckd", "cancer", "smi", "homeless")},
        **{n: st.integers(0, 4) for n in ("mental_health_contacts_12m", "stay_fall_12m", "emergency_admissions_12m")},
        "smoking_status": st.sampled_from(["Current", "Ex", "Never", "Not recorded"]),
        "frailty_coded": st.sampled_from(["Mild", "Moderate", "Severe", "Not recorded"]),
        "hfrs_category": st.sampled_from([None, "Low", "Intermediate", "High"]),
    }
)  # fmt: skip


@pytest.mark.parametrize("segmentation", ["snee", "bridges_to_health", "core20plus"])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(flags, min_size=1, max_size=12))
def test_everybody_has_exactly_one_segment(people, segmentation, rows):
    people.choose(segmentation)
    people.are(rows)
    made = people.made()
    assert made["segment"]["person_id"].is_unique
    assert len(made["segment"]) == len(rows)
    counted = made["segment"].groupby(["segment", "reason"]).size()
    rules = made["segment_rule"].merge(made["segment_rule_check"], on="place", validate="one_to_one")
    rules = rules.set_index(["segment", "reason"])
    assert set(counted.index) <= set(rules.index[rules["reachable"] & (rules["state"] == "assessed")])
    assert (rules.loc[counted.index, "people_placed"] == counted).all()
    assert rules["people_placed"].sum() == len(rows)
    assert (rules["people_meeting"] >= rules["people_placed"]).all()


def test_the_order_of_the_rows_makes_no_difference(people):
    rows = [{"person_id": f"p{n}", **row} for n, row in enumerate([{"age": 5}, {"dementia": True}, {"smi": True}, {}])]
    people.are(rows)
    one = people.made()
    people.are(rows[::-1])
    two = people.made()
    for name in ("segment", "segment_rule", "segment_rule_check", "segment_overlap", "segment_rule_overlap"):
        pd.testing.assert_frame_equal(one[name], two[name])


def test_a_rule_whose_table_is_absent_is_left_out_and_named(people):
    people.are([{"smi": False}], missing=[("mhsds_contact", "mental_health_contacts_12m")])
    rules = people.made()["segment_rule"].set_index("reason")
    row = rules.loc["Mental health contact in 12 months"]
    assert (row["state"], row["needs"]) == ("left out", "mhsds_contact")
    assert (rules.drop("Mental health contact in 12 months")["state"] == "assessed").all()


def without(*tables: str) -> list[tuple[str, str]]:
    """What a run without some tables lacks: the tables, with the columns that need them."""
    return [(t, name) for name, column in person_columns().items() for t in column.needs if t in tables]


@pytest.mark.parametrize(("absent", "placed"), [(["apc_episode"], True), (["gp_event"], False)])
def test_where_most_rules_cannot_be_assessed_nobody_is_in_a_segment(people, absent, placed):
    # Of SNEE's 34 rules 11 ask for hospital stays or contacts, and 21 for GP coded events.
    people.are([{"age": 7}, {"stay_fall_12m": None}], missing=without(*absent))
    people.were([{"age": 7}])
    made = people.made()
    made_of_segments = {"segment", "segment_overlap", "segment_rule_overlap", "segment_alternative", "segment_movement"}
    assert made_of_segments & set(made) == (made_of_segments if placed else set())
    rules = made["segment_rule"].set_index("reason")
    assert rules.loc[["Under 18", "None of the above"], "people_meeting"].notna().all() == placed
    assert applicable(made["segment_rule"]) == placed


def test_rules_that_the_workbook_does_not_assess_yet_do_not_count():
    rules = pd.DataFrame({"state": ["assessed", "not yet assessed", "not yet assessed", "left out", "assessed"]})
    assert applicable(rules)
    assert not applicable(rules.replace({"state": {"not yet assessed": "left out"}}))


def test_a_threshold_of_a_rule_that_cannot_be_assessed_is_no_alternative(people):
    people.are([{"asthma": True}, {}], missing=[("gp_event.value_num", "bmi")])
    words = set(people.made()["segment_alternative"]["alternative"])
    assert words == {"As defined", "Age well from three conditions", "Age well from five conditions"}


def test_alternatives_move_people_between_segments_and_lose_nobody(people):
    three = {"asthma": True, "copd": True, "ckd": True}
    people.are([{**three, "count": 3}, {"bmi": 32, "bmi_months_ago": 1}, {}])
    frame = people.made()["segment_alternative"]
    wide = frame.pivot(index="segment", columns="alternative", values="people").fillna(0)
    assert wide.sum().tolist() == [5] * 4
    assert wide.loc["Stay well", "As defined"] == wide.loc["Age well", "Age well from three conditions"] == 3
    assert wide.loc["Be well", ["As defined", "Be well from a BMI over 35"]].tolist() == [1, 0]


def test_a_file_of_ones_own_works_like_those_that_come_with_the_workbook(people, own_files):
    (own_files / "mine.yml").write_text(MINE, encoding="utf-8")
    people.choose("mine")
    people.are([{"asthma": True}, {}])
    assert placed(people.made()) == [["Asthma", "Asthma"], ["Others", "None of the above"]]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("column: asthma", "column: asthmma", r"(?s)mine\.yml: 1 fault.*`Asthma`, rule `Asthma`.*Did you mean asthma"),
        ("value: true", "value: 1", r"(?s)mine\.yml.*rule `Asthma`.*`asthma` is bool"),
        ("column: asthma, op: is, value: true", "column: sex, op: is, value: male", r"(?s)mine\.yml.*mean `Male`"),
        (
            "op: is",
            "op: equals",
            r"(?s)mine\.yml: 1 fault.*Segment `Asthma`, rule `Asthma`, is not a rule.*Input",
        ),
        ("    rules:", "    rule:", r"(?s)mine\.yml.*segments\.0\.rules: Field required"),
        (
            "      - {says: Asthma,",
            "      - {says: Asthma, column: copd, op: is, value: true}\n      - {says: Asthma,",
            "have the same words: segment `Asthma`, rule `Asthma`",
        ),
        (
            "      - {says: Asthma,",
            "      - {column: copdd, op: is, value: true}\n      - {column: smmi, op: is, value: true}\n"
            "      - {says: Asthma,",
            r"(?s)2 faults.*copdd.*smmi",
        ),
    ],
)
def test_a_faulty_file_of_ones_own_is_refused_by_file_rule_and_nearest_column(people, own_files, old, new, words):
    (own_files / "mine.yml").write_text(MINE.replace(old, new), encoding="utf-8")
    people.choose("mine")
    people.are([{}])
    with pytest.raises(InputError, match=words):
        people.made()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"says": "x", "rule": "unknown", "value": 3}, "is 0 times"),
        ({"says": "x", "rule": "65 or over", "column": "bmi", "value": 3}, "0 criteria use"),
    ],
)
def test_an_alternative_that_changes_nothing_is_refused(change, words):
    made = model(("Older", [over(65)]), alternatives=[change])
    with pytest.raises(InputError, match=words):
        made.with_alternative(made.alternatives[0])


def test_a_segmentation_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"No definition kaiser\.yml.*There are: bridges_to_health, core20plus, snee"):
        load_segmentation("kaiser")


def test_one_name_for_two_segments_is_refused(tmp_path):
    text = (
        "title: T\nsource: S\nsegments:\n"
        + 2 * "  - {name: A, about: x, rules: [{column: age, op: at least, value: 1}]}\n"
        + "otherwise: {name: B, about: x, says: y}\n"
    )
    (tmp_path / "two.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="names a segment twice: A"):
        load_segmentation("two", tmp_path)
