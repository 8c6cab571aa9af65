"""Values by their unit: used as recorded, converted or not used, each counted; columns left out where most are lost."""

import os
import shutil
from datetime import date, timedelta
from importlib.util import find_spec

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from released_tables import protected

from phm_utils.engine import DuckWorkspace
from phm_utils.engine.portable import to_spark
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.persons import coverage_page
from phm_utils.persons.coverage import RELEASES, coverage_tables
from phm_utils.persons.persons import earlier
from phm_utils.persons.value_units import FEWEST, value_units
from phm_utils.rules.concepts import concepts
from phm_utils.rules.units import standard_unit, unit_rules
from phm_utils.runs import project_root

DAY, INDEX = date(2025, 1, 10), date(2025, 3, 31)


def entry(world, concept, value, unit, day=DAY, token="person-01"):
    return world.entry(concept, day, value, token) | {"unit": unit}


# By hand: 10.93 x 7.2 - 23.5 = 55.196, 10.93 x 6.5 - 23.5 = 47.545, both to whole numbers; 232.02 / 38.67 = 6.
@pytest.mark.parametrize(
    ("concept", "value", "unit", "expected"),
    [
        ("hba1c", 55.4, "mmol/mol", 55.4), ("hba1c", 55.4, "MMOL / MOL Hb", 55.4), ("hba1c", 7.2, "%", 55.0),
        ("hba1c", 6.5, "DCCT %", 48.0), ("cholesterol", 232.02, "mg/dL", 6.0), ("cholesterol", 193.0, "MG/DL", 5.0),
        ("cholesterol", 5.17, "mmol/l", 5.17), ("bmi", 31.4, "kg/m²", 31.4), ("bmi", 31.4, "Kg/m^2", 31.4),
        ("systolic_bp", 131.0, "mm[Hg]", 131.0), ("egfr", 61.0, "ml/min/1.73 m²", 61.0), ("bmi", 31.4, None, 31.4),
        ("bmi", 31.4, " ", 31.4), ("hba1c", 7.2, None, None), ("hba1c", 7.2, "mmol/mol", None),
        ("hba1c", 55.0, "mmol/L", None), ("hba1c", 55.0, "%", None), ("bmi", 80.0, "kg", None),
        ("bmi", 31.4, "100%", None), ("cholesterol", 193.0, None, None), ("egfr", 61.0, "mL/min", None),
    ],
)  # fmt: skip
def test_a_value_by_its_unit(world, concept, value, unit, expected):
    person = world.one(gp_event=[entry(world, concept, value, unit)])
    if expected is None:
        assert pd.isna(person[concept])
        assert pd.isna(person[f"{concept}_months_ago"])
    else:
        assert person[concept] == expected


def test_of_two_values_of_a_day_the_larger_counts_after_conversion(world):
    # 7.2% is 55, more than 54; 7.0% is 10.93 x 7 - 23.5 = 53.01, less than 54. As recorded 54 is the larger of both.
    both = {token: [("mmol/mol", 54.0), ("%", percent)] for token, percent in (("a", 7.2), ("b", 7.0))}
    person = world.person(
        gp_registration=[world.registered(token) for token in both],
        gp_event=[entry(world, "hba1c", v, unit, token=token) for token, rows in both.items() for unit, v in rows],
    )
    assert person["hba1c"].to_dict() == {"a": 55.0, "b": 54.0}


def test_a_value_that_cannot_be_used_hides_no_earlier_one(world):
    earlier_one = entry(world, "hba1c", 50.0, "mmol/mol", DAY - timedelta(days=60))
    made = world.made(gp_event=[earlier_one, entry(world, "hba1c", 7.2, "pmol")])
    assert made["person"]["hba1c"].tolist() == [50.0]
    [concept] = made["person_concept"].to_dict("records")
    assert (concept["events"], concept["last_date"].date()) == (1, DAY - timedelta(days=60))


MIXED = [
    *[("mmol/mol", 50.0)] * 9, ("mmol/mol", 7.2), ("%", 7.2), ("% Hb", 8.0), ("%", 55.0), (None, 48.0), (None, 7.1),
    ("pmol", 50.0), ("pmol", 900.0), ("mmol/mol", None),
]  # fmt: skip


def count_of(made):
    counted = made["value_count"]
    return {(r.concept, r.unit, r.outcome): r.entries for r in counted.itertuples()}


def test_values_are_counted_by_concept_unit_and_outcome(world):
    later = entry(world, "hba1c", 7.2, "furlong", INDEX + timedelta(days=1))
    made = world.made(
        gp_event=[*(entry(world, "hba1c", value, unit) for unit, value in MIXED), later, world.entry("diabetes", DAY)]
    )
    assert count_of(made) == {
        ("hba1c", "mmol/mol", "as_recorded"): 9, ("hba1c", "mmol/mol", "out_of_range"): 1,
        ("hba1c", "%", "converted"): 1, ("hba1c", "% Hb", "converted"): 1, ("hba1c", "%", "out_of_range"): 1,
        ("hba1c", "", "without_unit"): 1, ("hba1c", "", "out_of_range"): 1, ("hba1c", "pmol", "unit_refused"): 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("good", "bad", "is_left_out"),
    [(FEWEST - 1, FEWEST, True), (FEWEST, FEWEST, False), (0, FEWEST - 1, False), (0, FEWEST, True)],
)
@pytest.mark.parametrize("lost", [("stone", 31.0), (None, 310.0)])
def test_a_column_most_of_whose_values_are_lost_is_null_and_named_and_so_is_what_rests_on_it(
    world, good, bad, is_left_out, lost
):
    unit, value = lost
    rows = [entry(world, "bmi", 31.0, "kg/m2", DAY - timedelta(days=n)) for n in range(good)]
    rows += [entry(world, "bmi", value, unit, DAY - timedelta(days=n)) for n in range(bad)]
    rows.append(entry(world, "systolic_bp", 120.0, "mmHg"))
    made = world.made(gp_event=rows)
    left = made["person_left_out"].query("table_name == 'usable_values'")
    person = made["person"].iloc[0]
    expected = {"bmi", "bmi_months_ago", "qof_obesity"} if is_left_out else set()
    assert set(left["column_name"]) == expected
    assert {c for c in ("bmi", "bmi_months_ago", "qof_obesity") if pd.isna(person[c])} == (
        expected or ({"bmi", "bmi_months_ago"} if not good else set())
    )
    assert person["systolic_bp"] == 120.0


def test_two_years_before_the_units_of_that_time_decide(world):
    then = date(2023, 3, 1)
    rows = [entry(world, "bmi", 31.0, "stone", then - timedelta(days=n)) for n in range(FEWEST)]
    rows += [entry(world, "bmi", 31.0, "kg/m2", DAY - timedelta(days=n)) for n in range(2 * FEWEST)]
    people = [world.registered(), world.registered("person-02", registered_to=date(2024, 9, 1))]
    assert world.made(gp_event=rows)["person"]["bmi"].tolist() == [31.0]
    made = world.made(gp_registration=people, gp_event=rows, stage=earlier)
    assert made["person_earlier"]["bmi"].isna().all()
    assert "bmi" in set(made["earlier_left_out"]["column_name"])


def test_a_unit_file_at_fault_stops_the_stage_with_its_line(world, tmp_path, monkeypatch):
    shutil.copytree(project_root() / "parameters", tmp_path / "workbook" / "parameters")
    (tmp_path / "workbook" / "notebooks").mkdir()
    monkeypatch.setenv("PHM_ROOT", str(tmp_path / "workbook"))
    path = tmp_path / "workbook" / "parameters" / "units.csv"
    path.write_text("concept,unit,factor,offset,decimals,source\nhba1c,%,ten,,,\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"units\.csv, line 2"):
        world.made()
    assert not list(world.folder.iterdir())


# --- against a plain reckoning, for any values and units ---

KNOWN = concepts()
NUMBER = {c.concept: n for n, c in enumerate(KNOWN)}
VALUED = [c for c in KNOWN if c.kind == "value"]
UNITS = (None, "", " ", "%", "DCCT %", "mmol/mol", "MMOL/MOL", "mmol/L", "mg/dl", "kg/m²", "mmHg", "it's", "10\\9", "x")
ENTRIES = st.lists(
    st.tuples(st.sampled_from(VALUED), st.sampled_from(UNITS), st.one_of(st.none(), st.floats(-1e3, 1e6, width=32))),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(ENTRIES)
def test_counts_and_converted_values_are_those_of_a_plain_reckoning(entries):
    rules = unit_rules(KNOWN)
    expected, values = {}, []
    for concept, unit, value in entries:
        form = standard_unit(unit or "")
        rule = rules[concept.concept].get(form) if form else None
        refused = bool(form) and rule is None
        there = None if refused or value is None else value * rule.factor + rule.offset if rule else value
        values.append(there)
        if value is not None:
            kind = "converted" if rule and rule.converts else "as_recorded" if form else "without_unit"
            kind = "unit_refused" if refused else kind if concept.low <= there <= concept.high else "out_of_range"
            expected[kind] = expected.get(kind, 0) + 1
    with duckdb.connect() as con, DuckWorkspace(con) as work:
        con.execute(
            "CREATE TABLE gp_event (n INT, snomed_code VARCHAR, unit VARCHAR, value_num DOUBLE, event_date DATE)"
        )
        rows = [(n, c.concept, unit, value, DAY) for n, (c, unit, value) in enumerate(entries)]
        con.executemany("INSERT INTO gp_event VALUES (?, ?, ?, ?, ?)", rows) if rows else None
        found = value_units(work, KNOWN, {c.codes_from: (c.concept,) for c in VALUED}, INDEX)
        con.execute("CREATE TABLE code AS SELECT * FROM (VALUES " + ", ".join(
            f"('{c.concept}', {NUMBER[c.concept]})" for c in VALUED) + ") AS t (code, concept_no)")  # fmt: skip
        made = con.execute(
            f"SELECT {found.sql(rounded=False)} FROM gp_event JOIN code ON code = snomed_code ORDER BY n"
        ).fetchall()
    assert found.counts.groupby("outcome")["entries"].sum().to_dict() == expected
    assert [v for (v,) in made] == values


def test_the_models_with_conversions_mean_the_same_on_spark(world):
    world.fill(gp_event=[entry(world, c, 50.0, u) for c, u in (("hba1c", "%"), ("cholesterol", "mg/dL"), ("bmi", "x"))])
    codes = {c.codes_from: (world.entry(c.concept, DAY)["snomed_code"],) for c in VALUED}
    with DuckWorkspace(world.con) as work:
        units = value_units(work, KNOWN, codes, INDEX)
    asked = {"index_date": INDEX, "counted": raw("0")}
    values = {"converted": units.sql(rounded=False), "rounded": units.sql(rounded=True)}
    sql = sql_file("persons", "concept", **asked, **values)
    assert sql.count("10.93") == 2
    assert "10.93" in to_spark(sql, "concept")
    assert to_spark(sql_file("persons", "value_unit", index_date=INDEX), "value_unit")


@pytest.mark.full
@pytest.mark.skipif(not find_spec("pyspark"), reason="pyspark is not installed")
@pytest.mark.skipif(not (os.environ.get("JAVA_HOME") or shutil.which("java")), reason="Spark needs Java")
def test_duckdb_and_spark_convert_alike(world):
    kinds = [("hba1c", u, v) for u in ("mmol/mol", "%", "% Hb", None, "x", " ") for v in (4.0, 6.5, 7.2, 48.5, 55.0)]
    kinds += [("hba1c", "mmol/mol", 40.0 + n) for n in range(30)]
    kinds += [("cholesterol", u, v) for u in ("mmol/L", "mg/dL", "it's") for v in (5.17, 193.0, 232.02)]
    world.fill(
        gp_registration=[world.registered(f"p{n}") for n in range(len(kinds))],
        gp_event=[entry(world, c, v, unit, token=f"p{n}") for n, (c, unit, v) in enumerate(kinds)],
    )
    left, right = world.run(), world.run(engine_kind="spark")
    # Two in range in its unit and two without, twice; of per cent three (4.0 is 20.22), twice; and the thirty.
    assert left["person"]["hba1c"].notna().sum() == 12 + 30
    for name in ("person", "person_concept", "value_count", "person_left_out"):
        pd.testing.assert_frame_equal(left[name], right[name], check_exact=True, obj=name)


# --- what readers see ---


def released(world):
    workbook = Workbook(
        name="tiny", title="Tiny ICS", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
    )
    return protected(coverage_tables(world.con, workbook), RELEASES)["value_units"]


def test_readers_see_protected_counts_and_what_is_lost(world):
    kinds = [("mmol/mol", 50.0, 40), ("%", 7.0, 10), ("x", 7.0, 10), (None, 40.0, 3)]
    rows = [entry(world, "hba1c", value, unit) for unit, value, n in kinds for _ in range(n)]
    world.made(gp_event=[*rows, *(entry(world, "bmi", 20.0, "stone") for _ in range(30))])
    values = released(world)
    row = values.set_index("concept").loc["hba1c"]
    assert (row["entries"], row["as_recorded"], row["converted"], row["unit_refused"]) == (65, 40, 10, 10)
    assert pd.isna(row["without_unit"])  # 3 of them
    assert row["out_of_range"] == 0
    assert values.set_index("concept")["left_out"].to_dict() == {c.concept: c.concept == "bmi" for c in VALUED}
    shown = coverage_page.values(values)
    assert shown["Value"].tolist() == [f"{c.title} ({c.unit})" for c in VALUED]
    found = coverage_page.values_finding(values)
    assert found.level == "warning"
    assert found.text == (
        "52.6% of about 95 values are used: 40 in their concept's unit, 10 converted and 0 without a unit. "
        "Not used for their unit or size: body mass index (100%) and HbA1c (IFCC) (15.4%). "
        "Most values of body mass index cannot be used: nobody's is shown, and rules on it are left out."
    )


def test_without_gp_events_no_zero_is_shown(world):
    world.made(absent=["gp_event"])
    values = released(world)
    assert values.empty
    assert coverage_page.values_finding(values).level == "limit"


def test_where_all_is_used_or_too_small_the_finding_says_so(world):
    world.made(gp_event=[entry(world, "bmi", 24.0, "kg/m2") for _ in range(20)])
    found = coverage_page.values_finding(released(world))
    assert found.level == "finding"
    assert found.text.startswith("100% of about 20 values are used: 20 in their concept's unit")
    world.made(gp_event=[entry(world, "bmi", 24.0, "kg/m2")])
    assert coverage_page.values_finding(released(world)).text == "Numbers are too small to show here."


def test_what_is_left_out_for_its_unit_is_named_in_words(world):
    made = world.made(gp_event=[entry(world, "bmi", 24.0, "stone") for _ in range(20)])
    shown = coverage_page.left_out(made["person_left_out"])
    [row] = shown[shown["Absent, too short or empty"].str.startswith("Most values")].to_dict("records")
    assert "Body mass index" in row["Not known"]
