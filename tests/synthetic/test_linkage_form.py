"""Six sources of identities alone: their columns and sizes; the same seed gives the same bytes."""

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from phm_utils.synthetic import geography, simulate
from phm_utils.synthetic.data_errors import LINKAGE_SOURCES
from phm_utils.synthetic.draws import stream
from phm_utils.synthetic.linkage.population import make_population
from phm_utils.synthetic.linkage.sources import choose

COLUMNS = ["record_id", "nhs_number", "forename", "surname", "date_of_birth", "sex", "postcode", "uprn"]
TINY = {"people_per_pcn": 300, "seed": 7, "form": "linkage"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("linkage") / "demoshire", pcns=3, workers=1, **TINY)


def contents(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_there_are_six_sources_the_truth_and_nothing_else(tiny):
    names = {f"linkage/{source}.parquet" for source in LINKAGE_SOURCES}
    assert set(contents(tiny)) == names | {"truth/linkage.parquet", "simulation.json"}


@pytest.mark.parametrize("source", LINKAGE_SOURCES)
def test_every_source_has_the_columns_that_linkage_reads(tiny, source):
    schema = pq.read_schema(tiny / "linkage" / f"{source}.parquet")
    assert schema.names == COLUMNS + ["practice_code"] * (source == "gp")
    assert {str(schema.field(name).type) for name in COLUMNS} == {"int64", "string", "date32[day]"}


def test_the_truth_has_every_record_once(tiny):
    con = duckdb.connect()
    for source in LINKAGE_SOURCES:
        [(records, in_truth, people)] = con.execute(
            f"""SELECT count(*), count(person), count(DISTINCT s.record_id) FROM '{tiny}/linkage/{source}.parquet' AS s
            FULL JOIN (FROM '{tiny}/truth/linkage.parquet' WHERE source = '{source}') AS t USING (record_id)"""
        ).fetchall()
        assert records == in_truth == people > 0


def test_a_second_registration_is_with_another_practice(tiny):
    [(twice, practices)] = (
        duckdb.connect()
        .execute(
            f"""SELECT count(*), min(practices) FROM (
                SELECT count(DISTINCT practice_code) AS practices FROM '{tiny}/linkage/gp.parquet'
                JOIN (FROM '{tiny}/truth/linkage.parquet' WHERE source = 'gp') USING (record_id)
                GROUP BY person HAVING count(*) > 1)"""
        )
        .fetchall()
    )
    assert twice > 0
    assert practices == 2


def test_any_number_of_workers_writes_the_same_bytes(tiny, tmp_path):
    assert contents(simulate(tmp_path / "demoshire", pcns=3, workers=2, **TINY)) == contents(tiny)


def test_a_network_is_the_same_whatever_others_are_made(tiny, tmp_path):
    alone = simulate(tmp_path / "demoshire", pcns=1, workers=1, **TINY)
    for source in LINKAGE_SOURCES:
        one, three = (pq.read_table(root / "linkage" / f"{source}.parquet") for root in (alone, tiny))
        assert one.equals(three.slice(0, len(one)))


def test_another_seed_gives_other_people(tiny, tmp_path):
    other = simulate(tmp_path / "demoshire", pcns=1, workers=1, **TINY | {"seed": 8})
    mine, theirs = (pq.read_table(r / "linkage" / "gp.parquet")["surname"].to_pylist() for r in (tiny, other))
    assert mine[: len(theirs)] != theirs


def test_csv_has_the_same_as_parquet(tiny, tmp_path):
    plain = simulate(tmp_path / "demoshire", pcns=3, workers=1, file_format="csv", **TINY)
    con = duckdb.connect()
    for source in LINKAGE_SOURCES:
        text = f"read_csv('{plain}/linkage/{source}.csv', all_varchar = true)"
        columns = "SELECT COLUMNS(*)::TEXT FROM"
        [(differ,)] = con.execute(
            f"SELECT count(*) FROM (({columns} '{tiny}/linkage/{source}.parquet') EXCEPT ALL ({columns} {text}))"
        ).fetchall()
        assert differ == 0
    assert (plain / "truth" / "linkage.parquet").read_bytes() == (tiny / "truth" / "linkage.parquet").read_bytes()


def test_the_smallest_network_has_every_source(tmp_path):
    root = simulate(tmp_path / "demoshire", pcns=1, people_per_pcn=100, form="linkage", workers=1)
    assert all(pq.read_metadata(root / "linkage" / f"{source}.parquet").num_rows for source in LINKAGE_SOURCES)


def test_networks_of_real_size_add_up_to_1_18_million_records():
    # One network stands for fifteen: the counts are shares of those registered, 817,000 in all.
    registered = geography.pcn_size(1)
    who = choose(stream(2025, 1, "linkage sources"), make_population(2025, 1, registered))
    assert tuple(who) == LINKAGE_SOURCES
    assert sum(map(len, who.values())) * geography.PEOPLE / registered == pytest.approx(1_180_000, rel=0.005)
    assert len(who["gp"]) == pytest.approx(registered, rel=0.01)


def test_numbers_of_records_show_nothing_about_their_people(tiny):
    # Numbered in the people's order, the record of one person would have alike numbers in all sources.
    truth = duckdb.connect().execute(
        f"SELECT record_id, person FROM '{tiny}/truth/linkage.parquet' WHERE source = 'gp' AND person < 2000000"
    )
    record, person = (column for column in truth.fetchnumpy().values())
    assert abs(np.corrcoef(record, person)[0, 1]) < 0.2


@pytest.mark.full
def test_the_whole_ics_is_simulated_in_its_size(tmp_path):
    root = simulate(tmp_path / "demoshire", pcns=15, form="linkage")
    assert pq.read_metadata(root / "truth" / "linkage.parquet").num_rows == pytest.approx(1_180_000, rel=0.005)
    assert pq.read_metadata(root / "linkage" / "gp.parquet").num_rows == pytest.approx(817_000, rel=0.01)
