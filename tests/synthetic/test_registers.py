"""Published registers rest on the truth, but for one that is wrong on purpose; and the truth is that of the entries."""

import json

import duckdb
import numpy as np
import pandas as pd
import pytest

from phm_utils.rules.derived import load_registers
from phm_utils.synthetic import codes, days, geography, medicines, references
from phm_utils.synthetic import published_registers as registers
from phm_utils.synthetic.people import UNREGISTERED


@pytest.fixture(scope="module")
def takes(network, tables):
    everybody = np.arange(len(network.people))
    return {name: np.isin(everybody, who) for name, who in medicines.takers(tables["gp_medication"]).items()}


@pytest.fixture(scope="module")
def on(network, takes):
    return registers.on_registers(network.people, network.facts, takes)


def published(root, form="pseudonymised") -> pd.DataFrame:
    return duckdb.connect().execute(f"SELECT * FROM '{root}/{form}/practice_register.parquet'").df()


def counts_of_truth(root) -> dict[tuple[str, str], int]:
    truth = duckdb.connect().execute(f"SELECT * FROM '{root}/truth/person/*.parquet'").df()
    by_practice = truth[truth["practice_code"].notna()].groupby("practice_code")
    return {
        (code, name): int(people[f"register_{name}"].sum())
        for code, people in by_practice
        for name in registers.REGISTERS
    }


def test_every_register_but_obesity_is_stated():
    assert {r.name for r in load_registers().registers} - set(registers.REGISTERS) == {"obesity"}


def test_published_counts_differ_from_the_truth_by_one_per_cent_at_most_but_for_one(tiny):
    true = counts_of_truth(tiny)
    rows = published(tiny).query("register != 'list_size'")
    assert len(rows) == len(true) > 300
    assert sum(true.values()) > 200
    for row in rows.itertuples():
        expected = true[row.practice_code, row.register]
        if (row.practice_code, row.register) == ("A99004", "diabetes"):
            assert row.published_count == round(1.15 * expected)
        else:
            assert abs(row.published_count - expected) <= 0.01 * expected + 0.5


def test_one_practice_publishes_a_diabetes_register_fifteen_per_cent_too_long():
    county = geography.geography(7, 1)
    many = dict.fromkeys(registers.REGISTERS, 10000)
    summary = {"list_sizes": {"A99004": 20_000, "A99005": 20_000}, "registers": {"A99004": many, "A99005": many}}
    made = references._registers(county, 7, [summary]).to_pandas().set_index(["practice_code", "register"])
    count = made["published_count"]
    assert count["A99004", "diabetes"] == 11_500
    others = count.drop([("A99004", "diabetes"), ("A99004", "list_size"), ("A99005", "list_size")])
    assert len(others) == 2 * len(registers.REGISTERS) - 1
    assert others.between(9_900, 10_100).all()
    assert others.nunique() > 10


def test_list_sizes_are_those_published_with_the_practices(tiny):
    rows = published(tiny).query("register == 'list_size'").set_index("practice_code")["published_count"]
    practice = duckdb.connect().execute(f"SELECT * FROM '{tiny}/pseudonymised/practice.parquet'").df()
    assert rows.to_dict() == practice.set_index("practice_code")["published_list_size"].to_dict()


def test_both_forms_publish_the_same(tiny):
    assert published(tiny).equals(published(tiny, "identified"))
    assert set(published(tiny)["as_at"].astype(str)) == {"2025-03-31"}


def test_the_planted_error_and_the_true_counts_are_stated(tiny):
    stated = json.loads((tiny / "truth" / "effects.json").read_text())["registers"]
    assert stated["miscounted"] == {"practice_code": "A99004", "register": "diabetes", "times": 1.15}
    assert stated["not_told"] == ["obesity"]
    true = counts_of_truth(tiny)
    assert {(code, name): n for code, found in stated["true_counts"].items() for name, n in found.items()} == true


def test_registers_ask_for_age_medicine_and_no_resolution(network, on, takes):
    people, facts = network.people, network.facts
    age = registers.age_at(people, days.INDEX_DAY)
    for name, least, drug in (("asthma", 6, "asthma_medicines"), ("epilepsy", 18, "epilepsy_medicines")):
        assert takes[drug][on[name]].all()
        assert age[on[name]].min() >= least
        without = facts.at(name) & registers.registered(people) & (age >= least) & ~takes[drug]
        assert without.sum() > 5
        assert not on[name][without].any()
    for name, concept in (("asthma", "asthma"), ("depression", "depression"), ("hypertension", "hypertension")):
        resolved = facts.of(concept) & ~facts.at(concept) & (facts.column(concept)[1] <= days.INDEX_DAY)
        assert resolved.sum() > 20
        assert not on[name][resolved].any()
    assert not on["ndh"][on["diabetes"]].any()
    assert (takes["lithium_medicines"] & ~facts.of("smi") & on["smi"]).sum() > 0


def test_nobody_who_left_or_is_unknown_to_practices_is_on_a_register(network, on):
    people = network.people
    gone = (people.last < days.INDEX_DAY) | (people.first > days.INDEX_DAY) | (people.practice == UNREGISTERED)
    assert gone.sum() > 1_000
    assert not any(member[gone].any() for member in on.values())


@pytest.mark.parametrize("register", registers.REGISTERS)
def test_registers_counted_from_the_entries_are_those_of_the_truth(network, tables, on, takes, register):
    """The rules of parameters/registers, counted again from codes and dates alone."""
    people, rows = network.people, tables["gp_event"]
    kept = rows.columns["event_date"].days <= days.INDEX_DAY
    who, day = rows.who[kept], rows.columns["event_date"].days[kept]
    code = rows.columns["snomed_code"].index[kept]

    def last(*concepts: str) -> np.ndarray:
        found = np.full(len(people), -1)
        if concepts:
            mine = np.isin(code, np.concatenate([codes.positions(c) for c in concepts]))
            np.maximum.at(found, who[mine], day[mine])
        return found

    def has(concept: str) -> np.ndarray:
        return last(concept) > last(*codes.resolutions().get(concept, ()))

    age = registers.age_at(people, days.INDEX_DAY)
    if register in registers.OF_ANY_AGE:
        found = has(registers.OF_ANY_AGE[register])
    elif register in registers.FROM_AGE:
        concept, least = registers.FROM_AGE[register]
        found = has(concept) & (age >= least)
    elif register in registers.TREATED:
        concept, least, drug = registers.TREATED[register]
        found = has(concept) & (age >= least) & takes[drug]
    else:
        broken = has("osteoporosis") & has("fragility_fracture")
        found = {
            "ndh": has("ndh") & ~has("diabetes") & (age >= 18),
            "osteoporosis": broken & ((age >= 75) | ((age >= 50) & has("dxa"))),
            "ra": has("rheumatoid_arthritis") & (age >= 16),
            "smi": has("smi") | takes["lithium_medicines"],
        }[register]
    in_extract = registers.registered(people) & ~people.type_1 & (network.gp_last() >= days.INDEX_DAY)
    differ = (found != on[register])[in_extract].sum()
    assert on[register][in_extract].sum() > 15
    assert differ <= 0.03 * on[register][in_extract].sum() + 3
