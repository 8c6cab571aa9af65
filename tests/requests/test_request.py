"""A request: whom it asks for, what it refuses, what of it the audit has."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from list_steps import entries
from list_world import ASK, COHORT, DAY, token

from phm_utils.errors import DiskFull, InputError
from phm_utils.measures.outreach import requests_folder
from phm_utils.privacy.request_file import requests_of
from phm_utils.requests.make import make_request


def asked_for(world, ask=ASK) -> set[int]:
    """Numbers of the people whom a request asks for."""
    made = make_request(world.workbook, ask, world.log())
    return {int(name, 16) for name in made.request.people()["token"]}


def refused(world, says: str, ask=ASK) -> None:
    """The request is refused, nothing is written, and the audit has the attempt with its reason."""
    with pytest.raises(InputError, match=says):
        make_request(world.workbook, ask, world.log())
    assert requests_of(requests_folder(world.workbook)) == []
    last = entries(world)[-1]
    assert (last.kind, last.action, last.facts["result"]) == ("outcome", "request", "refused")
    assert last.facts["why"]


def test_a_request_asks_for_the_practices_own_patients_by_pseudonym(world):
    world.people[4], world.people[5] = {"practice_code": "A99002"}, {"practice_code": "A99003"}
    world.make()
    made = make_request(world.workbook, ASK, world.log())
    head = made.request.head
    assert set(made.request.people()["token"]) == {token(1), token(2), token(3)}
    assert (head.made, head.expires, head.recipient) == (DAY, date(2025, 4, 15), "Practice A99001")
    assert (head.role, head.purpose, head.cohort, head.requester) == ("gp", "direct_care", "tiny", "Dr Demo")
    assert len(head.version) == 64
    assert head.reason == "Listed for a review by the practice"
    assert made.decisions["registered with a practice that the agreement does not name"] == 2
    assert (made.request.path / "people.csv").stat().st_mode & 0o077 == 0


def test_what_happened_since_the_run_keeps_people_off(world):
    world.make()
    world.people = {
        1: {"registered_to": "2025-03-15"},
        2: {"type_1_opt_out": "true"},
        3: {"sensitive": "perhaps"},
        4: [{"registered_to": "2025-02-01"}, {"practice_code": "A99002", "registered_from": "2025-02-02"}],
        5: {},
    }
    world.deaths = {}
    world.write_landing()
    assert asked_for(world) == {5}
    world.deaths = {5: "2025-03-30"}
    world.write_landing()
    with pytest.raises(InputError, match="Nobody of 5 members"):
        asked_for(world)


def test_columns_that_the_extract_does_not_have_keep_nobody_off(world):
    world.make()
    path = world.root / "identified/landing/tiny_identified/linked/gp_registration.csv"
    columns = ["registration_id", "token_person_id", "practice_code", "registered_from", "registered_to"]
    pd.read_csv(path, dtype=str)[columns].to_csv(path, index=False)
    assert asked_for(world) == {1, 2, 3, 4, 5}


def test_an_opt_out_that_cannot_be_read_keeps_somebody_off(world):
    world.people[2] = {"national_data_opt_out": "Dissent"}
    world.make()
    assert asked_for(world) == {1, 3, 4, 5}


def test_without_deaths_in_the_landing_nobody_is_listed(world):
    world.make()
    (world.root / "identified/landing/tiny_identified/linked/death.csv").unlink()
    refused(world, "no table death")


def test_a_team_is_given_the_patients_of_all_practices_that_its_agreement_names(world):
    world.people[4], world.people[5] = {"practice_code": "A99002"}, {"practice_code": "A99003"}
    world.make()
    assert asked_for(world, replace(ASK, practice=None, agreement="TEAM")) == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"practice": "A99009"}, "No agreement with practices names A99009"),
        ({"practice": "B99001"}, "not of this ICS"),
        ({"practice": None, "agreement": "GX"}, "no agreement GX"),
        ({"role": "analyst"}, "roles gp and not analyst"),
        ({"purpose": "commissioning"}, "direct_care and not commissioning"),
        ({"purpose": "population_health_management"}, "nobody is contacted"),
        ({"cohort": "tinny"}, "No definition tinny.yml"),
        ({"day": date(2026, 4, 1)}, "expired on 31 March 2026"),
        ({"practice": None, "agreement": "GW", "role": "adviser", "purpose": "direct_care"}, "public_health and not"),
        (
            {
                "practice": None,
                "agreement": "GW",
                "role": "adviser",
                "purpose": "public_health",
                "day": date(2026, 1, 1),
            },
            "gateway",
        ),
    ],
)
def test_what_no_agreement_permits_is_refused_and_the_attempt_is_in_the_audit(world, changed, says):
    world.make()
    refused(world, says, replace(ASK, **changed))


def test_another_recipient_has_a_list_only_where_the_registrations_may_be_told(world):
    world.make()
    ask = replace(ASK, practice=None, agreement="GW", role="adviser", purpose="public_health")
    refused(world, "lets no registration be told", ask)
    world.govern("gp_extract", may_be_told_to=["practice", "team", "GW"])
    made = make_request(world.workbook, ask, world.log())
    assert made.request.head.title == made.request.head.reason == "Listed for an offer of support"


def test_a_requester_is_a_name(world):
    for name in ("", "943 476 5919", "x" * 100):
        with pytest.raises(InputError, match="--requester"):
            replace(ASK, requester=name)


def test_a_list_of_real_people_is_of_today_and_of_new_data(world):
    world.workbook = world.workbook.model_copy(update={"synthetic": False})
    with pytest.raises(InputError, match="demo's"):
        world.log()  # begun with the demo's key


def test_what_is_known_of_others_in_the_household_makes_no_list_without_permission(world):
    household = {"household": {"has": "asthma"}, "says": "Somebody in the household has asthma"}
    world.cohort = COHORT | {
        "criteria": [{"has": "diabetes"}, household],
        "neutral_title": "Review",
        "neutral_reason": "Listed for a review",
    }
    world.people = {
        1: {"person": {"household_token": "h", "household_size": 2}},
        2: {"person": {"household_token": "h", "household_size": 2}},
    }
    world.events = [
        {"concept": "diabetes", "person": 1, "day": "2024-05-01"},
        {"concept": "asthma", "person": 2, "day": "2024-05-01"},
    ]
    world.make()
    refused(world, "others in the household")
    world.permit_household_facts()
    made = make_request(world.workbook, ASK, world.log())
    assert set(made.request.people()["token"]) == {token(1)}
    assert (made.request.head.title, made.request.head.reason) == ("Review", "Listed for a review")


def test_the_audit_has_the_intent_before_and_the_outcome_after(world):
    world.make()
    made = make_request(world.workbook, ASK, world.log())
    intent, outcome = entries(world)[-2:]
    assert (intent.kind, outcome.kind, outcome.facts["result"]) == ("intent", "outcome", "done")
    assert intent.facts["cohort"] == "tiny"
    assert outcome.facts["granted"] == 5
    assert outcome.facts["sha256"] == made.request.sha256


def test_a_request_whose_outcome_cannot_be_recorded_is_not_there(world, monkeypatch):
    world.make()
    monkeypatch.setattr("phm_utils.privacy.audit_log.Recorded.outcome", full)
    with pytest.raises(DiskFull):
        make_request(world.workbook, ASK, world.log())
    assert requests_of(requests_folder(world.workbook)) == []


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_no_audit_no_request(world):
    world.make()
    for gone in ("audit", "agreements"):
        changed = world.workbook.model_copy(update={gone: None})
        with pytest.raises(
            InputError, match="No audit, no list" if gone == "audit" else "No list without an agreement"
        ):
            make_request(changed, ASK, type(world.log()).of(changed))


def test_a_run_that_was_not_made_is_said(world):
    world.write_definitions()
    refused(world, "has no table person yet")


def test_shuffled_rows_ask_for_the_same_people(world):
    world.make()
    before = asked_for(world)
    path = world.root / "identified/landing/tiny_identified/linked/gp_registration.csv"
    pd.read_csv(path, dtype=str).sample(frac=1, random_state=3).to_csv(path, index=False)
    assert asked_for(world) == before
