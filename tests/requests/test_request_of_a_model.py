"""A model of vulnerability is asked for as a cohort: in a band, with a social domain, on no official list."""

from dataclasses import replace

import pytest
from list_steps import listed, read_list, request_of
from list_world import ASK, CHARITY, MODEL, SHIELDED, TAX, World, token

from phm_utils.errors import InputError
from phm_utils.measures.follow_up import follow_up_files
from phm_utils.measures.named_cohorts import cohort_of_model, files_of_name, is_model, named_cohort
from phm_utils.measures.vulnerability_model import load_model
from phm_utils.rules.tree import AnyOf, Household

COLD = replace(ASK, cohort="cold")
TOLD = {"may_be_told_to": ["practice"], "purposes": ["direct_care", "population_health_management"]}
OFFICIAL = {"title": "Shielded patient list", "rule": {"list": SHIELDED}}
HOME = {"person": {"household_token": "h", "household_size": 2}}
# Of 1 to 5: in a band all but 4; on the council's list 1, 3 and 4, on the charity's 2; alone at 70 or over is 5.
EVENTS = [
    {"concept": "diabetes", "person": 1, "day": "2024-05-01"},
    {"concept": "asthma", "person": 2, "day": "2024-05-01"},
    {"concept": "asthma", "person": 3, "day": "2024-05-01"},
    *({"concept": "partner_list", "person": n, "day": "2025-03-01", "code": TAX} for n in (1, 3, 4)),
    {"concept": "partner_list", "person": 2, "day": "2025-03-01", "code": CHARITY},
]
OLD = {"person": {"age": 80, "household_size": 1, "household_token": "k"}}


@pytest.fixture
def cold(world) -> World:
    world.people = {n: {} for n in range(1, 5)} | {5: OLD}
    world.events = EVENTS
    return world


def asked_for(world: World, **changed) -> set[int]:
    return {int(name, 16) for name in request_of(world, cohort="cold", **changed).people()["token"]}


def test_a_model_lists_who_is_in_a_band_with_a_domain_that_may_be_told(cold):
    cold.make()
    cold.govern(f"partner_list/{TAX}", **TOLD)
    assert asked_for(cold) == {1, 3, 5}  # 2 is on the charity's list alone, which tells nobody; 4 is in no band


def test_without_what_a_partner_may_tell_only_what_the_practice_knows_is_left(cold):
    cold.make()
    assert asked_for(cold) == {5}
    cold.govern(f"partner_list/{CHARITY}", **TOLD)
    assert asked_for(cold, again=True) == {2, 5}


def test_the_list_says_why_and_its_head_is_neutral(cold):
    cold.make()
    cold.govern(f"partner_list/{TAX}", **TOLD)
    request = request_of(cold, cohort="cold")
    assert (request.head.cohort, request.head.title, request.head.reason) == (
        "cold",
        "Offer of help",
        "Listed for an offer of help",
    )
    why = dict(
        zip(*(read_list(listed(cold, request).folder)[name] for name in ("Surname", "Why on the list")), strict=True)
    )
    assert why["Surname1"] == "Diabetes recorded, 1 May 2024; Council tax reduction, 1 Mar 2025"
    assert why["Surname5"].startswith("Aged 65 or over (80)")
    assert CHARITY not in str(why)


def test_whoever_is_on_the_official_list_is_not_listed_again(cold):
    cold.model = MODEL | {"official_list": OFFICIAL}
    cold.events = [*EVENTS, {"concept": "partner_list", "person": 1, "day": "2025-03-01", "code": SHIELDED}]
    cold.make()
    cold.govern(f"partner_list/{TAX}", **TOLD)
    with pytest.raises(InputError, match=SHIELDED):  # without the list nobody is known to be beyond it
        asked_for(cold)
    cold.govern(f"partner_list/{SHIELDED}", **TOLD)
    assert asked_for(cold) == {3, 5}


def test_what_is_about_the_household_counts_for_the_others_where_the_purpose_permits_it(cold):
    cold.people[2] = cold.people[4] = HOME  # 2 is in a band, and 4 on the council's list
    cold.make()
    cold.govern(f"partner_list/{TAX}", **TOLD)
    assert asked_for(cold) == {1, 3, 5}
    cold.permit_household_facts()
    assert asked_for(cold, again=True) == {1, 2, 3, 5}


def test_a_fact_of_a_person_alone_is_asked_of_nobody_else(cold):
    cold.write_definitions()
    social = cohort_of_model(load_model("cold"), household_facts=True).criteria[1]
    assert isinstance(social, AnyOf)
    wrapped = [rule.household for rule in social.any if isinstance(rule, Household)]
    assert [rule.says for rule in wrapped] == ["Council tax reduction", "Charity"]  # not the list of addresses
    assert not cohort_of_model(load_model("cold"), household_facts=False).names_others


def test_names_of_cohorts_and_models_are_told_apart(cold):
    cold.write_definitions()
    assert (is_model("tiny"), is_model("cold"), is_model("gone")) == (False, True, False)
    assert [path.name for path in files_of_name("cold")] == ["cold.yml", "social_domains.yml"]
    assert files_of_name("gone") == []
    with pytest.raises(InputError, match=r"No definition gone\.yml"):
        named_cohort("gone", household_facts=False)
    (cold.root / "parameters/cohorts/cold.yml").write_text("title: twice\n")
    with pytest.raises(InputError, match="another name"):
        named_cohort("cold", household_facts=False)


def test_a_follow_up_depends_on_the_files_of_the_model(cold):
    cold.make()
    request_of(cold, cohort="cold")
    assert {"cold.yml", "social_domains.yml"} <= {path.name for path in follow_up_files(cold.workbook)}


def test_pseudonyms_are_those_of_the_extract(cold):
    cold.make()
    assert set(request_of(cold, cohort="cold").people()["token"]) == {token(5)}
