"""Hospital spells: what is one, which are emergencies, nights, and spells by diagnosis."""

from datetime import date

import pandas as pd
import pytest

INDEX = date(2025, 3, 31)
FIRST_DAY, DAY_BEFORE = date(2024, 4, 1), date(2024, 3, 31)  # of the 12 months to the index date
JUNE = date(2024, 6, 1)


def test_episodes_of_one_spell_are_one_admission(world):
    person = world.one(
        apc_episode=[
            world.episode(admidate=JUNE, epiend=date(2024, 6, 4)),
            world.episode(epiorder=2, admidate=JUNE, epistart=date(2024, 6, 4), disdate=date(2024, 6, 9)),
            world.episode(spell_id="S2", admidate=date(2024, 8, 1), disdate=date(2024, 8, 1)),
        ]
    )
    assert person["emergency_admissions_12m"] == 2
    assert person["emergency_bed_days_12m"] == 8  # 1 to 9 June; a stay within one day has no night


def test_a_spell_is_an_emergency_by_its_first_episode(world):
    person = world.one(
        apc_episode=[
            world.episode(epiorder=2, admidate=JUNE, epistart=date(2024, 6, 3), admimeth="21"),
            world.episode(epiorder=1, admidate=JUNE, admimeth="11"),
            world.episode(spell_id="S2", epiorder=1, admimeth=None),  # nulled by the check
            world.episode(spell_id="S2", epiorder=2, admimeth="2A"),
            world.episode(spell_id="S3", admimeth="81"),
            world.episode(spell_id="S4", admimeth=None),
        ]
    )
    assert person[["emergency_admissions_12m", "other_admissions_12m"]].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("method", "emergency"),
    [(m, True) for m in ("21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D")]
    + [(m, False) for m in ("11", "12", "13", "31", "32", "82", "83", "98", "99")],
)
def test_methods_of_admission(methods, method, emergency):
    assert methods.loc[method].tolist() == [int(emergency), int(not emergency)]


@pytest.fixture(scope="module")
def methods(page):
    known = [
        "21",
        "22",
        "23",
        "24",
        "25",
        "28",
        "2A",
        "2B",
        "2C",
        "2D",
        "11",
        "12",
        "13",
        "31",
        "32",
        "82",
        "83",
        "98",
        "99",
    ]
    person = page.person(
        gp_registration=[page.registered(m) for m in known], apc_episode=[page.episode(m, admimeth=m) for m in known]
    )
    return person[["emergency_admissions_12m", "other_admissions_12m"]]


def test_episodes_without_a_spell_number_are_joined_by_day_and_provider(world):
    person = world.one(
        apc_episode=[
            world.episode(spell_id=None, admidate=JUNE, procode="RZZ"),
            world.episode(spell_id=None, epiorder=2, admidate=JUNE, epistart=date(2024, 6, 2), procode="RZZ"),
            world.episode(spell_id=None, admidate=JUNE, procode="RYY"),
        ]
    )
    assert person["emergency_admissions_12m"] == 2


def test_bed_days_are_cut_at_the_window_and_admissions_counted_where_they_began(world):
    person = world.one(
        apc_episode=[
            world.episode(admidate=date(2024, 3, 20), disdate=date(2024, 4, 5)),  # four nights from 1 April
            world.episode(spell_id="S2", admidate=date(2025, 3, 25), disdate=date(2025, 4, 20)),  # six to 31 March
            world.episode(spell_id="S3", admimeth="11", admidate=JUNE, disdate=date(2024, 6, 20)),  # no emergency
        ]
    )
    assert person["emergency_bed_days_12m"] == 4 + 6
    assert (person["emergency_admissions_12m"], person["emergency_admissions_prior_12m"]) == (1, 1)


def test_somebody_still_in_hospital_has_nights_to_the_last_episode_so_far(world):
    person = world.one(
        apc_episode=[
            world.episode(admidate=date(2025, 3, 20), epiend=date(2025, 3, 25)),
            world.episode(epiorder=2, admidate=date(2025, 3, 20), epistart=date(2025, 3, 25)),
        ]
    )
    assert person["emergency_bed_days_12m"] == 5


def counted(world, *episodes, **more) -> pd.DataFrame:
    """The columns of spells by diagnosis, for everybody that the episodes are of."""
    tokens = dict.fromkeys(row["token_person_id"] for row in episodes)
    person = world.person(gp_registration=[world.registered(t) for t in tokens], apc_episode=list(episodes), **more)
    return person.filter(regex=r"^stay_.*_12m$")


def test_spells_are_counted_and_not_episodes_or_diagnoses(world):
    found = counted(
        world,
        world.episode("one spell", "S720", "S721"),
        world.episode("one spell", "S720", epiorder=2, epistart=date(2024, 6, 4)),
        world.episode("one spell", "J180", "S722", epiorder=3, epistart=date(2024, 6, 8)),
        world.episode("two spells", "S720"),
        world.episode("two spells", "S720", spell_id="S2", admidate=date(2024, 9, 1)),
        world.episode("neither", "S723"),
    )
    assert found["stay_hip_fracture_12m"].to_dict() == {"one spell": 1, "two spells": 2, "neither": 0}


def test_the_first_day_of_the_window_counts_and_the_day_before_does_not(world):
    found = counted(
        world,
        world.episode("first day", "S720", admidate=FIRST_DAY),
        world.episode("before", "S720", admidate=DAY_BEFORE, disdate=date(2024, 5, 1)),
        world.episode("last day", "S720", admidate=INDEX),
    )
    assert found["stay_hip_fracture_12m"].to_dict() == {"first day": 1, "before": 0, "last day": 1}


def test_a_window_ends_with_the_last_complete_month_of_the_source(world):
    # The hospitals' last record is of 20 February: months are whole to January 2025.
    found = counted(
        world,
        world.episode("last", "S720", admidate=date(2025, 1, 31)),
        world.episode("after", "S720", admidate=date(2025, 2, 1)),
        world.episode("first", "S720", admidate=date(2024, 2, 1)),
        world.episode("before", "S720", admidate=date(2024, 1, 31)),
        spans={"apc_episode": (date(2020, 4, 1), date(2025, 2, 20))},
    )
    assert found["stay_hip_fracture_12m"].to_dict() == {"last": 1, "after": 0, "first": 1, "before": 0}


# By column: a code of it, whether only the main diagnosis counts, and whether only emergencies do.
RULES = {
    "stay_hip_fracture_12m": ("S721", False, False),
    "stay_stroke_12m": ("I639", True, False),
    "stay_fall_12m": ("W109", False, True),
    "stay_frailty_12m": ("R54X", False, True),
    "stay_mental_health_12m": ("F329", True, False),
    "stay_alcohol_12m": ("K701", False, False),
    "stay_drugs_12m": ("T401", False, False),
    "stay_self_harm_12m": ("X709", False, False),
    "stay_homelessness_12m": ("Z590", False, False),
    "stay_dental_12m": ("K021", True, True),
    "stay_maternity_12m": ("O800", False, False),
}


@pytest.fixture(scope="module")
def ruled(page):
    other = "J180"
    episodes = []
    for column, (code, _, _) in RULES.items():
        episodes += [
            page.episode(f"{column} main emergency", code),
            page.episode(f"{column} main planned", code, admimeth="11"),
            page.episode(f"{column} other emergency", other, code),
            page.episode(f"{column} other planned", other, code, admimeth="11"),
            page.episode(f"{column} main later", other),
            page.episode(f"{column} main later", code, epiorder=2, epistart=date(2024, 6, 4)),
        ]
    return counted(page, *episodes)


@pytest.mark.parametrize("column", RULES)
def test_main_diagnosis_and_emergency_where_the_concept_says_so(ruled, column):
    _, main_only, emergency_only = RULES[column]
    expected = {
        "main emergency": 1,
        "main planned": int(not emergency_only),
        "other emergency": int(not main_only),
        "other planned": int(not main_only and not emergency_only),
        "main later": 1,  # the main diagnosis of any episode of the spell
    }
    assert {kind: ruled.loc[f"{column} {kind}", column] for kind in expected} == expected


def test_every_count_of_spells_is_tried(ruled):
    assert set(ruled) == set(RULES)


def test_five_characters_and_fillers_are_the_code_that_they_begin_with(world):
    found = counted(
        world,
        world.episode("fifth", "S7210"),
        world.episode("filler", "S721-"),
        world.episode("dagger", "S721D"),
        world.episode("whole chapter", "O"),
        world.episode("shorter than the list", "S72"),
    )
    assert found["stay_hip_fracture_12m"].to_dict() == {
        "fifth": 1, "filler": 1, "dagger": 1, "whole chapter": 0, "shorter than the list": 0,
    }  # fmt: skip
    assert found.loc["whole chapter", "stay_maternity_12m"] == 1


def test_a_hospital_record_of_somebody_else_is_nobodys(world):
    person = world.one(
        apc_episode=[world.episode("person-01", "S720", "F00", sex="1", birth_month=date(1980, 1, 1))]
    )  # fmt: skip
    assert person[["stay_hip_fracture_12m", "emergency_admissions_12m", "charlson"]].tolist() == [0, 0, 0]
    assert person["hfrs"] == 0
