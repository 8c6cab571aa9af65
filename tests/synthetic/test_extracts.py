"""What is written fits the table of columns, and nothing in it could be real."""

import shutil
from pathlib import Path

import duckdb
import geopandas
import pandas as pd
import pytest

from phm_utils.rules import codelists
from phm_utils.rules.check_digits import verhoeff_ok
from phm_utils.rules.concepts import concepts
from phm_utils.runs import project_root
from phm_utils.schema import SQL_TYPE
from phm_utils.synthetic import codes, simulate
from phm_utils.synthetic.identity import valid_numbers
from phm_utils.tables import CRS, TABLES

FORMS = ("pseudonymised", "identified")
WRITTEN = [name for name, table in TABLES.items() if name != "postcode_area" and not table.made_by_link]


def read(root: Path, table: str, form: str = "pseudonymised") -> pd.DataFrame:
    folder = root / form / table
    source = f"{folder}/*.parquet" if folder.is_dir() else f"{folder}.parquet"
    return duckdb.connect().execute(f"SELECT * FROM '{source}'").df()


def values(root: Path, table: str, column: str, form: str = "pseudonymised") -> set[str]:
    return set(read(root, table, form)[column].dropna().astype(str))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("table", WRITTEN)
def test_columns_and_types_are_those_of_the_table_of_columns(tiny, table, form):
    known = {c.name: c for c in TABLES[table].for_form(form)}
    path = next((tiny / form).rglob(f"{table}*/*.parquet" if (tiny / form / table).is_dir() else f"{table}.parquet"))
    rows = duckdb.connect().execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    found = {row[0]: row[1] for row in rows}
    assert set(found) <= set(known)
    assert {c.name for c in known.values() if c.required or not c.optional} <= set(found)
    assert list(found) == [name for name in known if name in found]
    loose = ("list_date", *TABLES[table].key, "spell_id", "referral_id")  # text as written, or counters
    for name, kind in found.items():
        if name not in loose:
            expected = SQL_TYPE[known[name].type]
            assert kind == expected or (expected == "BIGINT" and kind == "INTEGER"), name


def test_nobody_and_nowhere_is_real(tiny):
    visibly_fictional = [
        ("ecds_attendance", "nhs_number", ("999", "0000000000")),
        ("gp_registration", "nhs_number", ("999",)),
        ("gp_registration", "uprn", ("999",)),
        ("gp_registration", "postcode", ("QZ", "QW", "ZZ99 3VZ")),
        ("gp_registration", "lsoa", ("E01999", "W01999")),
        ("gp_event", "practice_code", ("A99",)),
        ("practice", "practice_name", ("Demo ",)),
        ("practice", "pcn_code", ("U99",)),
        ("area", "lsoa_name", ("Demoshire ",)),
    ]
    for table, column, starts in visibly_fictional:
        assert all(value.startswith(starts) for value in values(tiny, table, column, "identified")), (table, column)


def test_nhs_numbers_pass_modulo_11_and_no_network_shares_one():
    # 999 000 001: 9x10 + 9x9 + 9x8 + 1x2 = 245; 245 mod 11 = 3; 11 - 3 = 8.
    first = valid_numbers(1)
    assert 9990000018 in first
    for number in map(int, first[::997]):
        digits = [int(d) for d in str(number)]
        assert (11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=False)) % 11) % 11 == digits[9]
    assert not set(first) & set(valid_numbers(2))


def test_snomed_codes_come_from_the_code_lists_alone(tiny):
    listed = {
        c for one in concepts() if one.system == "snomed" for c in codelists.load(one.codes_from, system=one.system)
    }
    for table, column in (
        ("gp_event", "snomed_code"),
        ("ecds_attendance", "diagnosis_code_1"),
        ("ecds_attendance", "accommodation_status"),
    ):
        assert values(tiny, table, column) <= listed


def test_long_code_lists_of_your_own_are_used(tmp_path, monkeypatch):
    # 400 codes more than a byte can count; ids of SNOMED's form, with their check digits.
    for folder in ("parameters", "notebooks"):
        shutil.copytree(project_root() / folder, tmp_path / folder)
    stems = (f"{9_000_000 + n}00" for n in range(400))
    mine = [next(s + d for d in "0123456789" if verhoeff_ok(s + d)) for s in stems]
    (tmp_path / "parameters" / "codelists" / "depression.csv").write_text("\n".join(["code", *mine]))
    monkeypatch.setenv("PHM_ROOT", str(tmp_path))
    caches = (codes._lists, codes.words, codes.index_type, codes._places, codes.resolutions)
    try:
        for one in caches:
            one.cache_clear()
        root = simulate(tmp_path / "demoshire", pcns=1, people_per_pcn=300, seed=7, workers=1)
    finally:
        for one in caches:
            one.cache_clear()
    used = values(root, "gp_event", "snomed_code")
    assert len(used & set(mine)) > 20
    assert used <= {c for one in concepts() if one.system == "snomed" for c in codelists.load(one.codes_from)}
    seen = read(root, "ecds_attendance")["diagnosis_code_1"]
    assert 0.3 < seen.isna().mean() < 1


def test_a_table_about_nobody_has_its_columns_and_no_rows(tmp_path):
    # A hundred people are too few for anybody to come to emergency departments seven times a year.
    root = simulate(tmp_path / "demoshire", pcns=1, people_per_pcn=100, seed=7, workers=1)
    frame = read(root, "programme_enrolment")
    assert frame.empty
    assert {"token_person_id", "programme", "enrolled_from", "enrolled_to"} <= set(frame)


def test_text_columns_hold_what_their_rules_allow(tiny):
    planted = {"7999", "0000"}
    for table in WRITTEN:
        frame = read(tiny, table)
        for column in TABLES[table].for_form("pseudonymised"):
            if column.type == "text" and column.name in frame and column.name not in TABLES[table].key:
                text = frame[column.name].dropna().astype(str)
                text = text[~text.isin(("-", *column.fillers, *planted))]
                if column.pattern:
                    assert text.str.fullmatch(column.pattern).all(), (table, column.name)
                if column.codes:
                    assert text.isin(column.codes).all(), (table, column.name)


def test_the_map_is_whole_and_joins_the_areas(tiny):
    outlines = geopandas.read_file(tiny / "pseudonymised" / "boundary.gpkg")
    area = read(tiny, "area")
    assert outlines.crs == CRS
    assert set(outlines["lsoa"]) == set(area["lsoa"])
    assert len(area) == 490
    assert outlines.geometry.is_valid.all()
    assert 0.10 <= (area["imd_decile"] == 1).mean() <= 0.13
    assert area["imd_rank"].is_unique


def test_neighbouring_areas_are_alike_in_deprivation(tiny):
    outlines = geopandas.read_file(tiny / "pseudonymised" / "boundary.gpkg").merge(read(tiny, "area"), on="lsoa")
    pairs = outlines.sjoin(outlines, predicate="touches")
    gap = (pairs["imd_decile_left"] - pairs["imd_decile_right"]).abs().mean()
    assert gap < 2.2  # 3.3 where deciles are strewn at random


def test_csv_holds_the_same_rows(tiny, tmp_path):
    root = simulate(tmp_path / "demoshire", pcns=1, people_per_pcn=300, seed=7, workers=1, file_format="csv")
    for table in ("gp_event", "apc_episode", "partner_list"):
        part = tiny / "pseudonymised" / table / "U99001.parquet"
        csv = root / "pseudonymised" / table / "U99001.csv"
        con = duckdb.connect()
        names = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM '{part}'").fetchall()]
        as_text = ", ".join(f"CAST({n} AS VARCHAR)" for n in names if n not in ("value_num", "quantity"))
        expected = con.execute(f"SELECT {as_text} FROM '{part}'").fetchall()
        found = con.execute(f"SELECT {as_text} FROM read_csv('{csv}', all_varchar = true, nullstr = '')").fetchall()
        assert found == expected


def test_list_sizes_fit_the_extract_but_for_one_practice(tiny):
    from phm_utils.synthetic.references import MISLISTED_BY, MISLISTED_PRACTICE

    con = duckdb.connect()
    found = con.execute(
        f"""SELECT practice_code, count(*) AS people FROM '{tiny}/pseudonymised/gp_registration/*.parquet'
        WHERE registered_from <= DATE '2025-03-31' AND coalesce(registered_to, DATE '2025-04-30') >= DATE '2025-03-31'
        GROUP BY ALL"""
    ).df()
    ratio = found.merge(read(tiny, "practice")).set_index("practice_code").eval("published_list_size / people")
    assert ratio[MISLISTED_PRACTICE] == pytest.approx(MISLISTED_BY, abs=0.04)
    assert (ratio.drop(MISLISTED_PRACTICE) - 1).abs().max() < 0.05
