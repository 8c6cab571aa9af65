"""What LINKAGE.md promises of births, addresses and hostels: strangers stay apart, typing errors are still linked."""

import random

import duckdb
import pytest
from linkage_trials import OTHERWISE_TYPED, PLAINLY_DIFFERENT, births, hostel, joined_births, linked, merged_strangers

from phm_utils.linkage.births import births_apart, births_apart_sql
from phm_utils.linkage.vetoes import LEAST_COMMUNAL


@pytest.mark.parametrize("listed", [True, False], ids=["on the list", "on no list"])
@pytest.mark.parametrize("kind", PLAINLY_DIFFERENT)
def test_plainly_different_births_are_never_one_person(kind, listed):
    assert joined_births(kind, pairs=50, seed=3, listed=listed) == 0


@pytest.mark.parametrize("listed", [True, False], ids=["on the list", "on no list"])
@pytest.mark.parametrize("kind", OTHERWISE_TYPED)
def test_a_birth_typed_wrongly_is_still_linked(kind, listed):
    assert joined_births(kind, pairs=50, seed=3, listed=listed) == 50


def test_sql_and_python_agree_on_every_kind_of_birth():
    rng = random.Random(5)
    pairs = [births(kind, rng) for kind in (*PLAINLY_DIFFERENT, *OTHERWISE_TYPED) for _ in range(100)]
    pairs = [tuple(text.replace("-", "") for text in pair) for pair in pairs]
    pairs += [(one, one[:3] + two[3:]) for one, two in pairs]
    with duckdb.connect() as con:
        con.execute("CREATE TABLE pair (l VARCHAR, r VARCHAR)")
        con.executemany("INSERT INTO pair VALUES (?, ?)", pairs)
        found = con.execute(f"SELECT {births_apart_sql('l', 'r')}, {births_apart_sql('r', 'l')} FROM pair").fetchall()
    expected = [births_apart(*pair) for pair in pairs]
    assert found == [(apart, apart) for apart in expected]
    assert 100 < sum(expected) < len(pairs) - 100


@pytest.mark.full
@pytest.mark.parametrize("births_known", [0.0, pytest.param(0.5, marks=pytest.mark.full), 1.0])
@pytest.mark.parametrize("home", ["property and postcode", "postcode"])
@pytest.mark.parametrize("sources", [("ed",), ("ed", "voluntary"), ("gp", "ed")], ids=" and ".join)
def test_strangers_of_one_hostel_stay_strangers(home, births_known, sources):
    assert merged_strangers(seed=11, home=home, births_known=births_known, sources=sources) == 0


def test_a_household_is_no_hostel():
    rows = hostel(random.Random(1), LEAST_COMMUNAL - 1, "property and postcode", 0.0)
    again = [row | {"record_id": f"again {row['record_id']}", "sex": None} for row in rows[:3]]
    people = linked({"ed": rows, "voluntary": again})
    assert all(people[row["record_id"]] == people[f"again {row['record_id']}"] for row in rows[:3])
