"""Lists of addresses in the rules of a run: who is found, what is lacking, and the record behind it."""

from datetime import date

import pytest
from rule_answers import by_sql, cohort_of, make, query_of
from small_runs import COLUMNS, PLACES

from phm_utils.measures.askable import askable
from phm_utils.measures.evidence import evidence_sql
from phm_utils.rules.tree import parse
from phm_utils.topics.cohorts.explorer.forms import asked_of, first_asked

INDEX, JUNE, LONG_AGO = date(2025, 3, 31), date(2024, 6, 1), date(2010, 6, 1)


def at(person: int, code: str, day: date = JUNE) -> dict:
    return {"concept": "address_list", "person": person, "day": day, "code": code}


@pytest.fixture
def run(tables):
    """Four people: a cold home, one of no stated band, a cold home long ago, and of no list."""
    plain = dict.fromkeys(COLUMNS) | dict.fromkeys(PLACES)
    people = [plain | {"person_id": f"person-{n:04d}", "person_no": n + 1} for n in range(4)]
    events = [at(1, "energy_band/F"), at(1, "energy_band/F"), at(2, "energy_band"), at(3, "energy_band/F", LONG_AGO),
              at(3, "energy_band_2/A")]  # fmt: skip
    make(tables, {"index_date": INDEX, "people": people, "events": events, "sources": {}})
    return query_of(tables)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"address": "energy_band/F"}, [True, False, True, False]),
        ({"address": "energy_band/F", "within": {"years": 10}}, [True, False, False, False]),
        ({"address": "energy_band"}, [True, True, True, False]),
        ({"address": "energy_band", "within": {"years": 10}}, [True, True, False, False]),
        ({"address": "energy_band_2"}, [False, False, True, False]),  # of no list whose name begins like it
        ({"not": {"address": "energy_band"}}, [False, False, False, True]),
        # One event per row of the list: a value makes no second one.
        ({"events": "address_list", "op": "at least", "value": 2}, [True, False, True, False]),
    ],
)
def test_a_list_finds_every_value_of_it_and_a_value_itself_alone(run, rule, found):
    assert by_sql(run, rule) == found


def test_a_list_or_value_that_the_run_lacks_is_named_and_whoever_is_found_by_another_counts(run):
    rule = {"address": ["energy_band/F", "energy_band/G"]}
    assert run.run.lacks(parse(rule)) == ["the list of addresses energy_band/G"]
    assert run.run.lacking([parse(rule)]) == []  # one that can be asked is enough
    assert by_sql(run, rule) == [True, None, True, None]
    assert run.run.lacking([parse({"address": "blue_badge"})]) == ["the list of addresses blue_badge"]


def test_without_the_table_nobody_is_known_to_be_at_no_such_address(tables, run):
    tables.have([], without={"address_list"})
    query = query_of(tables)
    assert query.run.lacks(parse({"address": "energy_band"})) == ["address_list"]
    assert by_sql(query, {"not": {"address": "energy_band"}}) == [None] * 4


def test_the_record_behind_it_has_the_day_the_list_with_its_value_and_the_source(run):
    sql = evidence_sql(
        cohort_of([{"address": "energy_band"}]), run, "SELECT 1 AS person_no", ["person_no"], met_only=True
    )
    [row] = run.con.execute(f"SELECT day, code, value, source, criterion FROM ({sql})").fetchall()
    assert row == (JUNE, "energy_band/F", None, "address_list", "at an address on the list energy_band")


def test_lists_of_addresses_can_be_asked_and_are_offered(run):
    found = askable(run.run.words, "energy").query("kind == 'address'")["name"].tolist()
    assert found == ["energy_band", "energy_band/F", "energy_band_2", "energy_band_2/A"]
    [offered] = [asked for asked in asked_of(run.run.words, "energy_band/F") if asked.kind == "address"]
    assert (first_asked(offered), offered.label) == ({"address": "energy_band/F"}, "energy_band/F, address")
