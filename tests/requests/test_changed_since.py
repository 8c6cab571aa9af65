"""What was permitted when a list was asked for, and no longer is when it is written."""

import pytest
from list_steps import listed, read_list, refused, request_of
from list_world import COHORT

EITHER = {"any": [{"has": "diabetes"}, {"says": "On a list", "list": "warm homes"}]}
EVENTS = [
    {"concept": "diabetes", "person": 1, "day": "2024-05-01"},
    {"concept": "partner_list", "person": 2, "day": "2025-03-01", "code": "warm homes"},
    {"concept": "diabetes", "person": 3, "day": "2024-05-01"},
]


@pytest.fixture
def told(world):
    """A request for people with diabetes or on a partner's list, which may be told."""
    world.cohort, world.events = COHORT | {"criteria": [EITHER]}, EVENTS
    world.make()
    world.govern("partner_list/warm homes", may_be_told_to=["practice"], purposes=["direct_care"])
    return world


def test_whoever_is_known_by_a_source_that_may_no_longer_be_told_is_on_no_list(told):
    request = request_of(told)
    assert request.head.people == 3
    told.govern("partner_list/warm homes", may_be_told_to=[])
    refused(told, request, "may no longer be told")


def test_a_source_that_nobody_is_known_by_may_be_taken_back(told):
    told.events = EVENTS[:1]
    told.make()
    request = request_of(told)
    told.govern("partner_list/warm homes", may_be_told_to=[])
    assert len(read_list(listed(told, request).folder)) == 1


@pytest.mark.parametrize("changed", [{"kind": "practice"}, {"recipient": "Another team"}])
def test_a_list_for_a_team_goes_to_nobody_else_when_its_agreement_changes(world, changed):
    world.people[2] = {"practice_code": "A99002"}
    world.make()
    request = request_of(world, practice=None, agreement="TEAM")
    world._change("agreements.yml", lambda content: content["agreements"]["TEAM"].update(changed))
    refused(world, request, "is now with")


def test_a_list_is_not_used_for_longer_than_its_agreement_now_says(world):
    world.make()
    request = request_of(world)
    world.agree(expires="2025-04-10")
    refused(world, request, "now ends on 10 April 2025")


def test_the_name_of_a_list_is_the_same_in_other_capitals(world):
    world.cohort, world.events = COHORT | {"criteria": [EITHER]}, EVENTS
    world.make()
    world.govern("partner_list", may_be_told_to=["practice"], purposes=["direct_care"])
    world.govern("partner_list/Warm  Homes", may_be_told_to=[])
    assert request_of(world).head.people == 2


def test_the_order_of_a_list_tells_no_field_that_it_does_not_have(world):
    world.people = {1: {"practice_code": "A99002"}, 2: {}, 3: {"practice_code": "A99002"}, 4: {}}
    world.make()
    rows = read_list(listed(world, request_of(world, practice=None, agreement="TEAM")).folder)
    assert list(rows["Surname"]) == [f"Surname{n}" for n in range(1, 5)]  # not by practice
    world._change("agreements.yml", lambda content: content["agreements"]["TEAM"].update(fields=["why"]))
    rows = read_list(listed(world, request_of(world, practice=None, agreement="TEAM")).folder)
    assert list(rows["Reference"]) == sorted(rows["Reference"])
