"""The vault of identities that `phm link` writes: who each pseudonym of the landing is, for the key alone."""

import shutil

import pandas as pd
import pytest
from stdnum.gb import nhs

from phm_utils.errors import InputError
from phm_utils.linkage import identified
from phm_utils.linkage.identities import SETTING, VAULT_FILE, open_identities
from phm_utils.linkage.training import use_saved
from phm_utils.privacy import vault as vault_files
from phm_utils.privacy.pseudonyms import demo_key

KEY = demo_key(1)
ONE, TWO, THREE = [number for number in map(str, range(9_990_001_000, 9_990_001_100)) if nhs.is_valid(number)][:3]
MARY = {"nhs_number": ONE, "forename": "Mary", "surname": "O'Brien", "date_of_birth": "1980-05-17", "sex": "2",
        "postcode": "ZA1 1AA", "uprn": "100"}  # fmt: skip
PURPOSE = "population_health_management"
KNOWN = {"practice_code": "A99001", "registered_from": "2020-01-01", "nhs_number_status": "01"}


def changed(**changes):
    return {**MARY, **changes}


def place(workbook, folder):
    return workbook.model_copy(update={"identified_root": str(folder), "landing": str(folder / "none")})


@pytest.fixture
def linked(con, table, workbook, tmp_path):
    """Link registrations and deaths; the landing's registrations, its digest of the vault, and the vault's path."""

    def run(registrations, deaths=(), folder="a"):
        rows = [{**KNOWN, "registration_id": f"R{n}", **row} for n, row in enumerate(registrations)]
        table("gp_registration", rows, "identified")
        con.execute("DROP TABLE IF EXISTS death")
        if deaths:
            table("death", [{"death_id": f"D{n}", **row} for n, row in enumerate(deaths)], "identified")
        landing = identified.run(con, place(workbook, tmp_path / folder), KEY, use_saved()).folder
        settings = pd.read_parquet(landing / "linkage_setting.parquet").set_index("name")["value"]
        tokens = pd.read_parquet(landing / "gp_registration.parquet")
        return tokens, settings[SETTING], tmp_path / folder / "linking" / "tiny" / VAULT_FILE

    return run


def test_each_pseudonym_of_the_landing_is_found_with_who_it_is(linked):
    people = [
        MARY,
        changed(nhs_number=TWO, forename="Ann", date_of_birth="1981-05-17", sensitive=True),
        changed(nhs_number=THREE, forename="Eve", date_of_birth="1982-05-17", national_data_opt_out=True),
    ]
    landing, digest, path = linked(people)
    rows = open_identities(path, KEY, PURPOSE, digest).of(landing["token_person_id"])
    found = rows.merge(landing[["token_person_id", "birth_month"]], left_on="token", right_on="token_person_id")
    assert dict(zip(found["nhs_number"], found["forename"].str.title(), strict=True)) == {
        ONE: "Mary",
        TWO: "Ann",
        THREE: "Eve",
    }
    born = pd.to_datetime(found["date_of_birth"]).dt.to_period("M").dt.to_timestamp()
    assert (born == pd.to_datetime(found["birth_month"])).all()
    flags = found.set_index("nhs_number")[["sensitive", "national_data_opt_out"]]
    assert flags.astype(bool).to_numpy().tolist() == [[flag, other] for flag, other in
                                                       [(n == TWO, n == THREE) for n in flags.index]]  # fmt: skip


def test_a_person_has_a_row_for_each_registration_and_a_death_from_another_source(linked):
    moved = changed(practice_code="A99002", registered_from="2024-01-01")
    landing, digest, path = linked(
        [MARY | {"registered_to": "2023-12-31"}, moved], [changed(date_of_death="2025-02-03")]
    )
    assert landing["token_person_id"].nunique() == 1
    rows = open_identities(path, KEY, PURPOSE, digest).of(landing["token_person_id"])
    assert sorted(rows["practice_code"]) == ["A99001", "A99002"]
    assert set(pd.to_datetime(rows["date_of_death"]).dt.date.astype(str)) == {"2025-02-03"}


def test_a_registration_or_death_whose_day_could_not_be_read_is_marked(linked, con):
    landing, digest, path = linked([MARY], [changed(date_of_death=None)])
    rows = open_identities(path, KEY, PURPOSE, digest).of(landing["token_person_id"])
    assert rows["unreadable"].tolist() == [True]  # died on a day that nobody knows


def test_the_vault_says_nothing_without_its_key(linked):
    _, digest, path = linked([MARY])
    assert all(text not in path.read_bytes() for text in (ONE.encode(), b"Mary", b"MARY", b"O'Brien"))
    with pytest.raises(InputError, match="was locked with the key"):
        open_identities(path, demo_key(2), PURPOSE, digest)
    with pytest.raises(InputError, match="changed since it was written"):
        open_identities(path, KEY, "commissioning", digest)
    assert path.stat().st_mode & 0o077 == 0


def test_an_older_vault_put_back_is_refused(linked, tmp_path):
    _, old, path = linked([MARY])
    shutil.copy(path, tmp_path / "old.phm")
    _, new, path = linked([MARY, changed(nhs_number=TWO, date_of_birth="1981-05-17")])
    assert new != old
    shutil.copy(tmp_path / "old.phm", path)
    with pytest.raises(InputError, match="not the vault with which the landing"):
        open_identities(path, KEY, PURPOSE, new)


def test_the_same_extract_in_another_order_has_the_same_digest(linked):
    people = [MARY, changed(nhs_number=TWO, date_of_birth="1981-05-17")]
    named = [row | {"registration_id": f"R{n}"} for n, row in enumerate(people)]
    _, first, _ = linked(named, folder="a")
    _, again, _ = linked(list(reversed(named)), folder="b")
    assert first == again


def test_each_address_has_its_uprn_and_the_postcode_as_each_source_says_it(con, table, linked):
    lists = [("tax", "ZA1 1AA"), ("tax", "ZA1 1AB"), ("tax", "ZA1 1AB"), ("tax", None), ("bins", None)]
    rows = [
        {"row_id": f"L{n}", "list_name": name, "uprn": "0100", "postcode": postcode, "list_date": "2025-01-01"}
        for n, (name, postcode) in enumerate(lists)
    ]
    table("partner_list", rows, "identified")
    table(
        "address_list",
        [{"row_id": "A1", "list_name": "energy_band", "uprn": "200", "value": "G", "list_date": "2025-01-01"}],
        "identified",
    )
    landing, digest, path = linked([MARY])
    vault = open_identities(path, KEY, PURPOSE, digest)
    [home] = landing["household_token"]
    found = vault.addresses_of([home]).set_index(["source", "list_name"]).sort_index()
    assert found["uprn"].unique().tolist() == ["100"]
    assert found["postcode"].fillna("").to_dict() == {
        ("gp_registration", ""): "ZA1 1AA",
        ("partner_list", "bins"): "",
        ("partner_list", "tax"): "ZA1 1AB",  # of four rows, two say so
    }
    others = vault.addresses.to_pandas().query("token != @home")
    assert others[["source", "list_name", "uprn"]].values.tolist() == [["address_list", "energy_band", "200"]]


def test_a_vault_of_the_earlier_format_is_refused_and_says_what_to_do(linked):
    _, digest, path = linked([MARY])
    with vault_files.writing(path, KEY, f"identities 1 {PURPOSE}") as file:
        file.write(b"of people alone")
    with pytest.raises(InputError, match="written by an earlier version and has no addresses"):
        open_identities(path, KEY, PURPOSE, digest)
    with pytest.raises(InputError, match="was changed"):
        open_identities(path, KEY, "commissioning", digest)
