"""Names, numbers and addresses with the faults that make linkage hard; and the truth about who is who."""

import duckdb
import numpy as np
import pytest

from phm_utils.synthetic import identified_columns, pseudonymised_columns
from phm_utils.synthetic.data_errors import IDENTITY
from phm_utils.synthetic.draws import stream
from phm_utils.synthetic.people import NO_PLACE


@pytest.fixture(scope="module")
def identity(network, tables):
    """The identity columns of each table that has them."""
    return {
        table: identified_columns.identified(stream(11, 1, table), network, table, rows)
        for table, rows in tables.items()
        if table not in pseudonymised_columns.IDENTIFIER_ONLY
    }


def words(column) -> np.ndarray:
    return np.append(np.array(column.words, object), None)[np.where(column.index < 0, len(column.words), column.index)]


def test_numbers_go_missing_and_astray_at_the_stated_rates(network, tables, identity):
    who = tables["ecds_attendance"].who
    number = identity["ecds_attendance"]["nhs_number"].index
    faults = IDENTITY["ecds_attendance"]
    assert (number == -1).mean() == pytest.approx(faults.missing, abs=0.006)
    wrong_person = (number >= 0) & (number < len(network.people)) & (number != who)
    assert 0 < wrong_person.mean() < 2 * faults.wrong
    true, wrong = who[wrong_person], number[wrong_person]
    # The wrong person is drawn at random: where sex agrees, the error cannot be detected.
    assert 0.2 < (network.people.sex[true] == network.people.sex[wrong]).mean() < 0.8


def test_charities_mostly_know_no_number(identity):
    assert (identity["partner_list"]["nhs_number"].index == -1).mean() > 0.5


def test_placeholders_are_among_names_numbers_and_dates(identity):
    ed = identity["ecds_attendance"]
    assert identified_columns.UNKNOWN in set(words(ed["forename"])) | set(words(ed["surname"]))
    assert identified_columns.NO_NUMBER in set(words(ed["nhs_number"]))
    filler = (np.datetime64("1900-01-01") - np.datetime64("2020-04-01")).astype(int)
    assert (ed["date_of_birth"].days == filler).any()


def test_newborns_are_nameless_in_hospital(network, tables, identity):
    apc = words(identity["apc_episode"]["forename"])
    baby = apc == identified_columns.BABY
    assert baby.sum() > 50
    assert (network.people.age[tables["apc_episode"].who[baby]] <= 5).all()
    assert identified_columns.BABY not in set(words(identity["gp_registration"]["forename"]))


def test_nobody_without_an_address_has_one(network, tables, identity):
    homeless = network.people.place[tables["partner_list"].who] == NO_PLACE
    lists = identity["partner_list"]
    assert homeless.sum() > 20
    assert set(words(lists["postcode"])[homeless]) <= {identified_columns.NO_FIXED_ABODE, None}
    assert (lists["lsoa"].index[homeless] == -1).all()
    assert (lists["uprn"].index[homeless] == -1).all()


def test_some_people_are_known_by_another_name_or_address(network, tables, identity):
    who = tables["op_attendance"].who
    spelt = words(identity["op_attendance"]["surname"])
    true = np.char.upper(network.names.surnames[network.names.surname])[who]
    assert 0.005 < (spelt != true).mean() < 0.08
    place = identity["op_attendance"]["lsoa"].index
    known = (place >= 0) & (network.people.place[who] >= 0)
    assert 0.01 < (place[known] != network.people.place[who][known]).mean() < 0.10


def test_twins_namesakes_and_sons_are_there(network):
    people, names = network.people, network.names
    assert people.twin.sum() > 50
    same = np.lexsort((people.birth, names.surname, names.forename))
    key = np.column_stack([names.forename, names.surname, people.birth])[same]
    alike = (key[1:] == key[:-1]).all(axis=1) & (people.household[same][1:] != people.household[same][:-1])
    assert alike.sum() > 5
    in_home = np.lexsort((names.surname, names.forename, people.household))
    key = np.column_stack([names.forename, names.surname, people.household])[in_home]
    assert (key[1:] == key[:-1]).all(axis=1).sum() > 20


def test_households_mostly_share_a_surname_and_care_homes_are_large(network):
    people, surname = network.people, network.names.surname
    children = np.flatnonzero(people.child)
    first = np.flatnonzero(np.diff(people.household, prepend=-1))
    assert (surname[children] == surname[first[people.household[children]]]).mean() > 0.95
    homes = np.bincount(people.household[people.communal == 1])
    assert homes.max() == 40
    assert np.median(people.age[people.communal == 1]) >= 80


def test_postcodes_lie_in_one_small_area_each(network):
    codes = identified_columns.postcodes(network.county.places)
    assert len(set(codes)) == len(codes) == identified_columns.POSTCODES_PER_PLACE * len(network.county.places)


def test_truth_names_the_person_behind_every_record(tiny):
    con = duckdb.connect()
    for table in ("gp_registration", "apc_episode", "partner_list", "death"):
        [key] = con.execute(f"DESCRIBE SELECT * FROM '{tiny}/identified/{table}/*.parquet'").fetchall()[0][:1]
        [(rows, known, right)] = con.execute(
            f"""SELECT count(*), count(p.person), count(*) FILTER (r.nhs_number = p.nhs_number)
            FROM (SELECT DISTINCT * FROM '{tiny}/identified/{table}/*.parquet') AS r
            LEFT JOIN '{tiny}/truth/record/*.parquet' AS t ON t.table_name = '{table}' AND t.record_id = r.{key}
            LEFT JOIN '{tiny}/truth/person/*.parquet' AS p USING (person)"""
        ).fetchall()
        assert known == rows
        assert right > 0.2 * rows


def test_both_forms_have_the_same_events(tiny):
    con = duckdb.connect()
    same = "SELECT attendance_id, arrival_date, arrival_time, department_type FROM '{}/{}/ecds_attendance/*.parquet'"
    [(differ,)] = con.execute(
        f"SELECT count(*) FROM ({same.format(tiny, 'identified')} EXCEPT ALL {same.format(tiny, 'pseudonymised')})"
    ).fetchall()
    assert differ == 0


def test_pseudonyms_are_those_of_the_true_numbers(tiny):
    from phm_utils.privacy.pseudonyms import demo_key, pseudonym

    number, token = (
        duckdb.connect()
        .execute(f"SELECT nhs_number, token_person_id FROM '{tiny}/truth/person/*.parquet' LIMIT 1")
        .fetchall()[0]
    )
    assert token == pseudonym(number, demo_key(7))
