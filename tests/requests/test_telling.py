"""A partner's fact stays with the partner: neither a reason on a list, nor a way onto it."""

from dataclasses import replace

import pytest
from list_world import ASK, COHORT, token

from phm_utils.errors import InputError
from phm_utils.requests.make import make_request
from phm_utils.requests.people import asked
from phm_utils.requests.reasons import put_listed, reasons
from phm_utils.requests.terms import stated
from phm_utils.rules.tree import parse

DRUGS, WARM = "drug service", "warm homes"
EVENTS = [
    {"concept": "diabetes", "person": 1, "day": "2024-05-01"},
    {"concept": "partner_list", "person": 2, "day": "2025-03-01", "code": DRUGS},
    {"concept": "partner_list", "person": 3, "day": "2025-03-01", "code": WARM},
    {"concept": "no_fixed_abode_mhsds", "person": 4, "day": "2025-03-01"},
    {"concept": "partner_list", "person": 1, "day": "2025-03-01", "code": DRUGS},
]


@pytest.fixture
def listed(world):
    """The people whom a request for a rule asks for, and of each the reasons that the list would give."""

    def ask(rule: dict, **told) -> tuple[set[int], dict[int, str]]:
        world.cohort = COHORT | {"criteria": [rule]}
        world.events = EVENTS
        world.make()
        for source, recipients in told.items():
            world.govern(
                source.replace("__", "/").replace("_and_", " "),
                may_be_told_to=recipients,
                purposes=["direct_care", "population_health_management"],
            )
        made = make_request(world.workbook, ASK, world.log())
        people = made.request.people()["token"]
        with asked(world.workbook, stated(world.workbook, ASK)) as question:
            put_listed(question, people)
            given = reasons(question)
        return {int(t, 16) for t in people}, {int(t, 16): why for t, why in given.items()}

    return ask


EITHER = {"any": [{"says": "Diabetes recorded", "has": "diabetes"}, {"says": "On a list", "list": [DRUGS, WARM]}]}


def test_whoever_is_found_by_a_partner_alone_is_not_listed(listed):
    people, why = listed(EITHER)
    assert people == {1}
    assert why == {1: "Diabetes recorded, 1 May 2024"}  # and no word of the drug service, on whose list they are


def test_a_list_whose_partner_agrees_is_told_and_no_other(listed):
    people, why = listed(EITHER, partner_list__warm_and_homes=["practice"])
    assert people == {1, 3}
    assert "warm homes" in why[3]
    assert not any(DRUGS in text for text in why.values())


def test_an_agreement_of_all_lists_does_not_cover_one_that_says_otherwise(listed):
    people, _ = listed(EITHER, partner_list=["practice"], partner_list__drug_and_service=[])
    assert people == {1, 3}


def test_not_being_on_a_list_is_the_partners_fact_too(listed, world):
    with pytest.raises(InputError, match="Nobody could be listed"):
        listed({"all": [{"has": "diabetes"}, {"not": {"list": [DRUGS]}}]})
    people, _ = listed({"any": [{"has": "diabetes"}, {"not": {"list": [DRUGS]}}]})
    assert people == {1}


def test_several_concepts_of_which_some_may_be_told_count_as_those(listed):
    rule = {"says": "Any sign", "has": ["diabetes", "no_fixed_abode_mhsds"]}
    assert listed(rule, mhsds=[])[0] == {1}
    assert listed(rule, mhsds=["practice"])[0] == {1, 4}


@pytest.mark.parametrize(
    ("rule", "of"),
    [
        ({"list": [DRUGS]}, "drug service"),
        ({"column": "flag_food", "op": "is", "value": True}, "Council and voluntary-sector lists"),
        ({"events": "partner_list", "op": "at least", "value": 1}, "Council and voluntary-sector lists"),
        ({"has": "diabetes", "within": {"after": "no_fixed_abode_mhsds", "months": 6}}, "Mental health care contacts"),
        ({"column": "mental_health_contacts_12m", "op": "at least", "value": 0}, "Mental health care contacts"),
        ({"segment": ["Live well"]}, "may not be told"),
    ],
)
def test_a_cohort_that_rests_on_what_may_not_be_told_is_refused_with_its_source(world, rule, of):
    world.cohort = COHORT | {"criteria": [rule]}
    world.events = EVENTS
    world.make()
    for source in ("mhsds", "asc_cld"):
        world.govern(source, may_be_told_to=[])
    with pytest.raises(InputError, match=of):
        make_request(world.workbook, ASK, world.log())


ADDRESSES = [
    {"concept": "diabetes", "person": 1, "day": "2024-05-01"},
    {"concept": "address_list", "person": 2, "day": "2025-03-01", "code": "energy band/F"},
    {"concept": "address_list", "person": 3, "day": "2025-03-02", "code": "assisted bins"},
    {"concept": "address_list", "person": 1, "day": "2025-03-03", "code": "assisted bins"},
]
AT_EITHER = {"any": [{"says": "Diabetes recorded", "has": "diabetes"}, {"address": ["energy band", "assisted bins"]}]}


@pytest.fixture
def at_addresses(world):
    """The request of a practice for AT_EITHER; `told`: who is told of each source."""

    def ask(**told) -> tuple[set[int], dict[int, str]]:
        world.cohort, world.events = COHORT | {"criteria": [AT_EITHER]}, ADDRESSES
        world.make()
        for source, recipients in told.items():
            name = source.replace("__", "/").replace("_and_", " ")
            world.govern(name, may_be_told_to=recipients, purposes=["direct_care", "population_health_management"])
        made = make_request(world.workbook, ASK, world.log())
        people = made.request.people()["token"]
        with asked(world.workbook, stated(world.workbook, ASK)) as question:
            put_listed(question, people)
            given = reasons(question)
        return {int(t, 16) for t in people}, {int(t, 16): why for t, why in given.items()}

    return ask


def test_an_address_on_a_list_is_told_where_that_list_may_be(at_addresses):
    assert at_addresses()[0] == {1}
    people, why = at_addresses(address_list__energy_and_band=["practice"])
    assert people == {1, 2}
    assert why[2] == "at an address on the list energy band, 1 Mar 2025"
    assert not any("bins" in text for text in why.values())
    people, _ = at_addresses(address_list=["practice"], address_list__energy_and_band=[])
    assert people == {1, 3}


def test_an_address_is_told_of_nobody_where_the_registrations_that_say_who_lives_there_may_not_be(world, at_addresses):
    everyone = {"address_list": ["practice"], "address_list__energy_and_band": ["practice"]}
    assert at_addresses(**everyone)[0] == {1, 2, 3}
    with asked(world.workbook, stated(world.workbook, ASK)) as question:
        run = question.query.run
        rule = parse({"address": "energy band"})
        assert run.told(rule) == rule
        silent = {n: e.model_copy(update={"may_be_told_to": ()}) if n == "gp_extract" else e
                  for n, e in run.recipient.sources.items()}  # fmt: skip
        without = replace(run, recipient=replace(run.recipient, sources=silent))
        for asking in (
            rule,
            parse({"has": "address_list"}),
            parse({"events": "address_list", "op": "at least", "value": 1}),
        ):
            assert without.told(asking) is None
        assert "the list of addresses energy band, GP registrations" in without.lacks(rule)[0]


def test_an_agreement_that_expired_or_is_for_another_purpose_tells_nothing(world):
    world.cohort = COHORT | {"criteria": [EITHER]}
    world.events = EVENTS
    world.make()
    for changed in (
        {"expires": "2025-03-31"},
        {"purposes": ["population_health_management"]},
        {"may_be_told_to": ["team"]},
    ):
        world.govern(
            "partner_list/warm homes", **({"may_be_told_to": ["practice"], "purposes": ["direct_care"]} | changed)
        )
        made = make_request(world.workbook, ASK, world.log())
        assert set(made.request.people()["token"]) == {token(1)}


def test_the_words_of_a_criterion_asked_in_part_name_nothing_that_is_kept_back(world):
    world.cohort, world.events = COHORT | {"criteria": [{"has": "diabetes"}]}, EVENTS
    world.make()
    world.govern("partner_list/warm homes", may_be_told_to=["practice"], purposes=["direct_care"])
    with asked(world.workbook, stated(world.workbook, replace(ASK))) as question:
        told = question.query.run.told(parse({"says": f"On {WARM} or {DRUGS}", "list": [WARM, DRUGS]}))
        assert (told.list, told.says) == ((WARM,), None)
