"""An identifier has one value, by whatever way it comes: the landing's check, a folder, a list to be encoded."""

from datetime import date

import duckdb
import pandas as pd
import pytest

from phm_utils import engine
from phm_utils.inputs.check import check
from phm_utils.linkage.encoded_file import read_encoded
from phm_utils.linkage.encoding import encode_list
from phm_utils.linkage.identified import collect_records
from phm_utils.linkage.identified_records import read_list
from phm_utils.linkage.scheme import Scheme, clean_identities
from phm_utils.params import Workbook
from phm_utils.privacy.pseudonyms import demo_key
from phm_utils.runs import Store, project_root

KEY = demo_key(1)
PRACTICE = {"practice_code": "A99001", "pcn_code": "U99001", "icb_code": "QZZ"}
# By column, ways of writing one value; a row for each place, the last repeated where a column has fewer.
SPELLINGS = {
    "nhs_number": ["9990001006", "999 000 1006", "999-000-1006", "9990001006.0", "9 9 9 0001006", "999\u00a0000 1006"],
    "forename": ["Siân", "SIAN", " siân ", "Sian", "Mrs Siân", "Siân."],
    "surname": ["O'Brien", "O’BRIEN", "obrien", "O Brien", "Ó Brien", "O-Brien "],
    "date_of_birth": ["1980-05-17", "19800517", "19800517.0", "1980-05-17 00:00:00", "17/05/1980", "17 May 1980"],
    "sex": ["2", "F", "2.0", "female", "f", "Female "],
    "postcode": ["B1 1AA", "B1  1AA", "b11aa", "B1   1AA", " b1-1aa", "B1 1AA  "],
    "uprn": ["100020000", "100020000.0", "000100020000", "100 020 000", " 100020000", "100020000"],
}  # fmt: skip
UNUSABLE = {
    "nhs_number": ["9.99E+09", "9990001007", "99900010O6", "1111111111", "NA", "999.000.1006"],
    "forename": ["-", "NULL", "", "null", "&", "-"],
    "surname": ["-", "NULL", "", "null", "&", "-"],
    "date_of_birth": ["1980-02-30", "NA", "nan", "Unknown", "29358", "1900-01-01"],
    "sex": ["?", "3", "X", "NA", "Mx", "9"],
    "postcode": ["B1 1A", "ZZ99 3VZ", "N/A", "-", "Birmingham", "zz993vz"],
    "uprn": ["1.00023E+11", "0", "0.0", "-1", "12 High Street", "NaN"],
}
CLEANED = "nhs, given, family, born, known_sex, place, address"
STANDARD = ("9990001006", "SIAN", "OBRIEN", date(1980, 5, 17), "2", "B11AA", "100020000")


def rows(written):
    return pd.DataFrame(written).assign(record_id=[f"r{n}" for n in range(6)])


def by_check(written, tmp_path):
    """Identities of the landing's registrations, checked and cleaned."""
    landing = tmp_path / "landing"
    landing.mkdir(exist_ok=True)
    registered = rows(written).rename(columns={"record_id": "registration_id"})
    registered.assign(practice_code="A99001", registered_from="2010-01-01").to_csv(
        landing / "gp_registration.csv", index=False
    )
    pd.DataFrame([PRACTICE]).to_csv(landing / "practice.csv", index=False)
    workbook = Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing=str(landing),
        governance=str(project_root() / "parameters" / "governance.yml"), form="identified",
    )  # fmt: skip
    with engine.session(tmp_path / "spill") as con:
        with Store(tmp_path / "store").stage("check", "0" * 12) as writer:
            check(con, workbook, writer, tmp_path / "quarantine", date(2025, 5, 1))
        collect_records(con)
        return identities(con, "gp_registration")


def by_list(written, tmp_path):
    """Identities of a list of people, as `phm link FOLDER` and `phm encode` read it."""
    path = tmp_path / "gp.csv"
    rows(written).to_csv(path, index=False)
    with duckdb.connect() as con:
        read_list(con, path)
        return identities(con, "gp")


def identities(con, spine):
    clean_identities(con, Scheme(spine))
    return con.execute(f"SELECT {CLEANED} FROM identity").fetchall()


@pytest.mark.parametrize("route", [by_check, by_list])
def test_every_spelling_is_one_value_by_each_route(route, tmp_path):
    found = route(SPELLINGS, tmp_path)
    assert len(found) == 6
    assert set(found) == {STANDARD}


@pytest.mark.parametrize("route", [by_check, by_list])
def test_what_cannot_be_read_is_missing_by_each_route(route, tmp_path, monkeypatch):
    monkeypatch.setattr("phm_utils.linkage.identified_records.MOST_UNREADABLE", 1)
    found = route(UNUSABLE, tmp_path)
    assert set(found) == {(None,) * 7}


def test_every_spelling_has_one_filter(tmp_path):
    rows(SPELLINGS).to_csv(tmp_path / "list.csv", index=False)
    encode_list(tmp_path / "list.csv", tmp_path / "sent.parquet", KEY)
    _, filters = read_encoded(tmp_path / "sent.parquet", KEY, "nhs")
    assert len(filters) == 6
    assert (filters == filters[0]).all()
    assert filters[0].any()


def test_a_postcode_finds_its_small_area_however_either_is_written(tmp_path):
    areas = pd.DataFrame({"postcode": ["b1 1AA "], "lsoa": ["E01000001"]})
    (tmp_path / "landing").mkdir()
    areas.to_csv(tmp_path / "landing" / "postcode_area.csv", index=False)
    by_check(SPELLINGS, tmp_path)
    store = Store(tmp_path / "store")
    codes = [*store.read("postcode_area")["postcode"], *store.read("gp_registration")["postcode"]]
    assert codes == ["B1 1AA"] * 7
