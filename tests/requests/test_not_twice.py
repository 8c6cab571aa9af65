"""Nobody is asked twice: who was reached, declined or is on a list that still runs is not on the next one."""

from datetime import date

import pytest
from list_steps import entries, request_of
from list_world import COHORT, DAY, World

from phm_utils import engine
from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.measures.outreach import import_outreach
from phm_utils.privacy.permission import ALREADY, STILL_LISTED
from phm_utils.requests.make import make_request
from phm_utils.requests.terms import Ask

LATER = date(2025, 5, 1)  # the list of DAY ran until 15 April


@pytest.fixture
def once(world) -> World:
    """Five people with diabetes, of a cohort that asks nobody twice."""
    world.cohort = COHORT | {"once": True}
    return world.make()


def came_back(world: World, request, *said: tuple[int, str]) -> None:
    """Import a returned list: person and status, each on the day after the list was made."""
    references = request.people().set_index("token")["reference"]
    rows = "".join(f"{references[f'{n:032x}']},{status},2025-04-02\n" for n, status in said)
    path = world.root / "returned.csv"
    path.write_text(f"Reference,Status,Date\n{rows}")
    imported = import_outreach(world.workbook, path, request.head.request, today=date(2025, 4, 20))
    assert imported.taken == len(said)


def asked_for(world: World, **changed) -> set[int]:
    return {int(name, 16) for name in request_of(world, **changed).people()["token"]}


def test_who_was_reached_or_declined_is_left_out_and_counted(once):
    said = [(1, "reached"), (2, "declined"), (3, "food parcel"), (4, "not reached")]
    came_back(once, request_of(once), *said)
    made = make_request(
        once.workbook, Ask("tiny", "gp", "direct_care", "Dr Demo", practice="A99001", day=LATER), once.log()
    )
    assert {int(name, 16) for name in made.request.people()["token"]} == {4, 5}  # tried and not reached is asked again
    assert (made.decisions[ALREADY], made.decisions[STILL_LISTED]) == (3, 0)
    assert "3 left out: already reached or declined" in str(made)
    assert f"{ALREADY}: 3" in entries(once)[-1].facts["withheld"]


def test_who_is_on_a_list_that_still_runs_is_left_out_until_its_last_day(once):
    request_of(once)
    for day in (DAY, date(2025, 4, 15)):
        with pytest.raises(InputError, match=f"5 {STILL_LISTED}.*--again"):
            asked_for(once, day=day)
    assert asked_for(once, day=date(2025, 4, 16)) == {1, 2, 3, 4, 5}


def test_again_lists_them_too_and_the_audit_says_so(once):
    came_back(once, request_of(once), (1, "hub support"))
    assert asked_for(once, again=True) == {1, 2, 3, 4, 5}
    intent, _ = entries(once)[-2:]
    assert intent.facts["again"] == "True"


def test_another_recipients_list_of_the_same_name_counts_and_one_of_another_name_does_not(once):
    request_of(once, practice=None, agreement="TEAM")
    with pytest.raises(InputError, match=STILL_LISTED):
        asked_for(once)
    (once.root / "parameters/cohorts/other.yml").write_text((once.root / "parameters/cohorts/tiny.yml").read_text())
    assert asked_for(once, cohort="other") == {1, 2, 3, 4, 5}


def test_a_cohort_whose_file_does_not_say_once_lists_people_again(world):
    world.make()
    came_back(world, request_of(world), (1, "reached"))
    assert asked_for(world) == {1, 2, 3, 4, 5}


def test_what_a_practices_codes_say_counts_as_the_last_run_found_it(once):
    request = request_of(once)
    reference = request.people().set_index("token")["reference"][f"{2:032x}"]
    with engine.session(once.root) as con, once.store.stage("follow_up", "2" * 12) as writer:
        said = (
            f"SELECT '{request.head.request}' AS request, '{reference}' AS reference, 'attended' AS status, "
            "DATE '2025-04-10' AS day, 'code' AS source"
        )
        writer.add(con, Model("outreach_event", ("request",), sql=said))
    assert asked_for(once, day=LATER) == {1, 3, 4, 5}


def test_who_died_or_moved_is_said_to_have_and_not_that_they_were_reached(once):
    came_back(once, request_of(once), (1, "reached"))
    once.deaths = {1: "2025-04-05"}
    once.write_landing()
    made = make_request(
        once.workbook, Ask("tiny", "gp", "direct_care", "Dr Demo", practice="A99001", day=LATER), once.log()
    )
    assert (made.decisions["died"], made.decisions[ALREADY]) == (1, 0)
