"""The linkage's releases and what its quality page says."""

import re
from importlib.resources import files

import pandas as pd
import pytest
from released_tables import protected

from phm_utils.linkage import coverage_page as quality
from phm_utils.linkage.coverage import KINDS, METHODS, RELEASES, linkage_tables
from phm_utils.linkage.quality_releases import CATEGORIES
from phm_utils.linkage.queries import grouped
from phm_utils.methods.rates import proportion


@pytest.fixture
def tables(con, workbook):
    """The released tables of a link stage that found what is written here."""
    con.execute(
        """
        CREATE TABLE link_pcn AS FROM (VALUES
            ('U1', 'ecds_attendance', 'token', 900, 300), ('U1', 'ecds_attendance', 'conflict', 50, 50),
            ('U1', 'ecds_attendance', 'not in extract', 30, 3), (NULL, 'ecds_attendance', 'no token', 20, 20),
            ('U2', 'ecds_attendance', 'token', 100, 40), ('U1', 'gp_registration', 'token', 500, 400),
            ('U2', 'death', 'token, sex differs', 12, 12)
        ) AS t(pcn_code, source, method, records, identities);
        CREATE TABLE link_summary AS FROM (VALUES
            ('csds_contact', 'absent', 0, 0)
        ) AS t(source, method, records, identities);
        CREATE TABLE link_coverage AS FROM (VALUES
            ('U1', 'ecds_attendance', 'Sex', 'Male', 500, 50, 1100),
            ('U1', 'ecds_attendance', 'Sex', 'Female', 400, 30, 860),
            ('U1', 'ecds_attendance', 'No fixed abode', 'Yes', 20, 40, 180),
            ('U1', 'ecds_attendance', 'No fixed abode', 'Not recorded', 880, 40, 1840),
            ('U2', 'death', 'Sex', 'Male', 12, 0, 12)
        ) AS t(pcn_code, source, characteristic, category, linked, not_linked, squared);
        CREATE TABLE household_pcn AS FROM (VALUES
            ('U1', 'Alone', 100, 100), ('U1', 'Probable care home', 40, 2), ('U2', 'Address not known', 20, 0)
        ) AS t(pcn_code, kind, people, households)
        """
    )
    return protected(linkage_tables(con, workbook), RELEASES)


def of(table, area):
    return table[table["area_code"] == area].drop(columns="area_code").reset_index(drop=True)


def test_every_source_is_counted_in_every_area_and_the_ics_has_the_unplaced(tables):
    rows = tables["link_sources"].set_index(["area_code", "source"])
    assert rows.loc[("QZZ", "ecds_attendance"), ["records", *METHODS]].tolist() == [1100, 1000, 0, 0, 50, 30, 20]
    assert rows.loc[("U1", "ecds_attendance"), "no_token"] == 0
    assert rows.loc[("QZZ", "csds_contact"), "records"] == 0
    assert rows.loc[("QZZ", "ecds_attendance"), "share"] == pytest.approx(1000 / 1100)
    assert pd.isna(rows.loc[("QZZ", "csds_contact"), "share"])


def test_absent_sources_and_conflicts_are_named(tables):
    sources = of(tables["link_sources"], "QZZ")
    assert quality.absent(sources) == ["Community care contacts"]
    [warning] = quality.conflicts(sources, 0.01)
    assert str(warning).startswith("Emergency department attendances: 50 of 1,100 records (4.5%)")
    assert quality.conflicts(sources, 0.05) == []
    assert "about 10 are linked although" in str(quality.method_sentence(sources))
    assert "about 50 are conflicts" in str(quality.method_sentence(sources))


def test_a_conflict_count_too_small_to_show_is_not_called_none(tables):
    sources = of(tables["link_sources"], "QZZ")
    few = sources.assign(conflict=sources["conflict"].mask(sources["conflict"] > 0))
    assert "no source has a conflict count large enough" in str(quality.method_sentence(few))
    assert "none is a conflict" in str(quality.method_sentence(sources.assign(conflict=few["conflict"].fillna(0))))


def test_the_spine_itself_is_not_among_what_is_linked(tables):
    sources = of(tables["link_sources"], "QZZ")
    assert quality.present(sources)["source"].tolist() == ["death", "ecds_attendance"]
    assert str(quality.linked_sentence(sources)) == (
        "91.0% of 1,110 records are linked to a person in the GP extract, 90.9% to 100% by source; "
        "fewer than 95% in emergency department attendances (90.9%)."
    )


def test_repeats_of_the_same_people_widen_limits_and_leave_the_share(tables):
    coverage = of(tables["link_coverage"], "QZZ").set_index(["source", "category"])
    row = coverage.loc[("ecds_attendance", "Male")]
    # Two records a person: 550 of them say as much as 275 people, 250 of them linked.
    alone = proportion(pd.Series([250]), pd.Series([275])).iloc[0]
    assert row["repeats"] == 2
    assert row[["share", "lower", "upper"]].tolist() == pytest.approx(alone[["value", "lower", "upper"]].tolist())


def test_groups_that_differ_from_all_others_are_named_as_people(tables):
    coverage = of(tables["link_coverage"], "QZZ")
    title = quality.chosen_source(coverage)
    assert title == "Emergency department attendances"
    groups = quality.missed_groups(coverage, title)
    assert groups["group"].tolist() == [
        "No fixed abode: Yes",
        "No fixed abode: Not recorded",
        "Sex: Male",
        "Sex: Female",
    ]
    assert quality.missed_groups(coverage, title, is_ics=False)["characteristic"].unique().tolist() == ["Sex"]
    # Of people with no fixed abode 40 of 60, in threes; of all others 40 of 920, in twos. Women and men do not differ.
    assert str(quality.missed_sentence(groups, title)) == (
        "Emergency department attendances: of 2 groups compared, 1 differs from all others of the same characteristic "
        "(records not linked): above it people with no fixed abode (66.7%, 36.3% to 87.5%; against 4.3%; 40 records "
        "not linked)."
    )


def test_groups_whose_records_are_linked_alike_are_not_named(tables):
    coverage = of(tables["link_coverage"], "QZZ")
    groups = quality.missed_groups(coverage, quality.chosen_source(coverage), is_ics=False)
    assert str(quality.missed_sentence(groups, "Attendances")) == (
        "Attendances: the one group compared cannot be told apart from all others of the same "
        "characteristic (records not linked)."
    )


def test_without_records_from_outside_nothing_is_said_to_be_linked(tables):
    sources = of(tables["link_sources"], "QZZ")
    nothing = sources.assign(records=0)
    assert quality.present(nothing).sentence == (
        "The linkage of records: left out, because this run lacks records from outside the GP system."
    )
    assert quality.linked_sentence(quality.present(nothing)) is None
    few = quality.present(sources.assign(records=pd.array([None] * len(sources), "Int64")))
    assert str(quality.linked_sentence(few)).startswith("No source has enough records")  # small counts, not none
    coverage = of(tables["link_coverage"], "QZZ")
    assert "lacks records from outside" in quality.chosen_source(coverage.assign(source="gp_registration")).sentence


def test_sources_without_records_are_one_sentence():
    assert quality.no_records([]) is None
    assert str(quality.no_records(["GP coded events", "Deaths", "Outpatient appointments"])) == (
        "There are no records here of GP coded events, deaths and outpatient appointments; "
        "figures that need them are left out."
    )


def test_other_rules_bracket_the_one_in_use(tables):
    rules = quality.other_rules(of(tables["link_sources"], "QZZ")).set_index("Source")
    assert rules.loc["Deaths"].tolist() == [0, 100, 100]
    assert rules.loc["Emergency department attendances"].tolist() == [90.91, 90.91, 95.45]


def test_without_addresses_no_household_is_released(con, workbook, tables):
    con.execute("DROP TABLE household_pcn")
    assert "aggregate_household_kinds" not in {model.name for model in linkage_tables(con, workbook)}


def test_households_in_words(tables):
    assert str(quality.household_sentence(of(tables["household_kinds"], "QZZ"))) == (
        "12.5% of 160 people registered now have no usable address; 40 live in probable care homes."
    )
    assert str(quality.household_sentence(of(tables["household_kinds"], "U1"))).startswith("All 140 people")


def test_every_category_of_the_link_stage_has_its_place():
    sql = grouped("identity_attributes", has_area=True)
    made = set(re.findall(r"(?:THEN|ELSE) '([^']+)'", sql))
    assert len(made) > 20
    assert made <= set(CATEGORIES)
    kinds = files("phm_utils.linkage").joinpath("sql", "household_pcn.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"(?:THEN|ELSE) '([^']+)'", kinds)) == set(KINDS)
