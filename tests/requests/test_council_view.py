"""The council's view is a function of its own lists: whatever health says, its bytes are the same."""

import random
import shutil
from pathlib import Path

import openpyxl
import pytest
from household_world import ADDRESS_LISTS, EVENTS, LISTS, asked, council, entry, gateways, home, listed, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from list_world import BADGE, CHARITY, SHIELDED, TAX, World

from phm_utils.requests import make_households
from phm_utils.requests.list_files import CSV, EXCEL

REQUEST = "R-20250401-AAAAAA"
CODES = ("A99001", "A99002", "A99003", "B99001")
OTHERS = (CHARITY, "food bank", SHIELDED)  # lists of other partners


def mixed(world: World, seed: int) -> None:
    """Another ICS around the same lists of the council: people, health, deaths, opt-outs, others' lists, orders."""
    rng = random.Random(seed)
    world.people = {n: [_registration(rng) for _ in range(rng.choice([1, 1, 2]))] for n in range(1, rng.randint(2, 14))}
    world.deaths = {n: "2025-03-01" for n in world.people if rng.random() < 0.2}
    concepts = ["diabetes", "asthma", "ed_attendances", "emergency_admissions"]
    world.events = [
        {"concept": rng.choice(concepts), "person": rng.choice(list(world.people)), "day": "2025-01-02"}
        for _ in range(rng.randint(1, 20))
    ]
    # Whom linkage took the council's rows for, and others' lists: `person_event` rests on registrations.
    world.events += [
        {"concept": "partner_list", "person": n, "day": "2025-03-01", "code": rng.choice([TAX, BADGE, *OTHERS])}
        for n in world.people
        if rng.random() < 0.5
    ]
    others = [entry(rng.randint(1, 9), name) for name in OTHERS for _ in range(rng.randint(0, 4))]
    world.lists = rng.sample([*LISTS, *others], len(LISTS) + len(others))
    bands = [entry(rng.randint(1, 9), "energy_band", value=rng.choice("EFG")) for _ in range(rng.randint(0, 5))]
    world.address_lists = rng.sample([*ADDRESS_LISTS, *bands], len(ADDRESS_LISTS) + len(bands))
    mine = [row for row in world.addresses if row[1] != "gp_registration"]
    gp = [(home(n), "gp_registration", "", f"10{n}", rng.choice(["ZC1 1AA", "ZD2 2BB"])) for n in range(1, 9)]
    world.addresses = rng.sample([*mine, *gp], len(mine) + len(gp))


def _registration(rng: random.Random) -> dict:
    at = {"household_token": rng.choice([None, *map(home, range(1, 6))]), "household_size": rng.choice([1, 2, 12])}
    flags = {name: rng.choice(["true", "false"]) for name in ("type_1_opt_out", "national_data_opt_out", "sensitive")}
    person = at | {"age": rng.choice([0, 17, 50, 70, 90]), "lsoa": rng.choice(["E1", "E2"]), "housebound": True}
    ends = rng.choice(["", "", "2025-01-31"])
    return {"practice_code": rng.choice(CODES), "registered_to": ends, "person": person} | flags


def given_out(world: World) -> tuple[bytes, bytes, bytes, list]:
    """Every byte of request and list, and every cell of the sheet."""
    for folder in (world.root / "outputs" / "tiny" / "requests", world.identified / "lists"):
        shutil.rmtree(folder, ignore_errors=True)
    made = asked(world)
    done = listed(world, made)
    sheet = openpyxl.load_workbook(done.folder / EXCEL).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    files = [made.request.path / "request.json", made.request.path / "households.csv", done.folder / CSV]
    said = str(made).replace(str(made.request.path), "")
    request, households, list_ = (Path(file).read_bytes() for file in files)
    return request + said.encode(), households, list_, cells


@pytest.fixture
def fixed(world, monkeypatch) -> World:
    monkeypatch.setattr(make_households, "new_request", lambda day: REQUEST)
    return council(world)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_whatever_health_says_the_councils_bytes_are_the_same(fixed, seed):
    world = council(fixed).make()
    first = given_out(world)
    mixed(world, seed)
    world.make()
    assert given_out(world) == first


def test_what_the_council_is_given_changes_with_its_own_lists(fixed):
    world = fixed.make()
    before = given_out(world)
    world.lists = [*LISTS, entry(4, TAX)]
    world.write_landing()
    assert given_out(world)[1] != before[1]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_a_gateway_changes_its_own_column_alone_whatever_health_says(fixed, seed):
    world = council(fixed)
    shutil.rmtree(world.root / "outputs" / "tiny" / "requests", ignore_errors=True)
    gateways(world)
    mixed(world, seed)
    world.make()
    own = rows_of(asked(world, again=True))
    for name in ("clinical_band", "children", "people_70_over", "alone_70", "mobility_elsewhere"):
        gateways(world, name)
        shutil.rmtree(world.root / "outputs" / "tiny" / "requests")
        found = rows_of(asked(world))
        assert {row.pop(name) for row in found.values()} <= {"", "yes", "no", "high", "medium", "lower", "none"}
        assert found == own


def test_the_events_of_the_first_world_matter_where_a_gateway_lets_them(fixed):
    """So the sameness above is no accident of facts that nobody reads."""
    world = fixed.make()
    gateways(world, "clinical_band")
    before = given_out(world)[1]
    world.events = [event for event in EVENTS if event["person"] != 1]
    world.write_store()
    world.write_vault()
    assert given_out(world)[1] != before
