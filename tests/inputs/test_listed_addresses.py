"""Lists of addresses: read and accounted for, permitted one by one, and refused where they cannot be such lists."""

import pytest

from phm_utils.errors import InputError
from phm_utils.inputs.check_report import report

LISTED = {"row_id": "1", "household_token": "house-1", "list_name": "energy_band", "value": "F",
          "list_date": "2024-01-01"}  # fmt: skip
PARTNER = {"row_id": "1", "token_person_id": None, "household_token": "house-1", "list_name": "cold_homes",
           "flag": None, "list_date": "2024-01-01"}  # fmt: skip


def test_every_row_is_accounted_for_and_the_report_says_whose_addresses_they_are(small):
    # house-1 is of somebody registered, house-2 of nobody; one row has no address, one no list and one a list with `/`.
    rows = [{}, {"household_token": "house-2", "value": None}, {"household_token": None}, {"value": "A"},
            {"list_name": None}, {"list_name": "a/b"},
            {"list_name": "empty_homes", "household_token": "house-2"}]  # fmt: skip
    small.put("address_list", *(LISTED | {"row_id": str(n)} | row for n, row in enumerate(rows)))
    store = small.checked(small.workbook(accept=["address_list:quarantined"]))
    counted = store.read("check_table").set_index("table_name").loc["address_list"]
    assert (counted.rows_in, counted.rows_kept, counted.rows_quarantined) == (7, 5, 2)
    account = store.read("check_address_list").set_index("list_name")
    assert account.loc["energy_band"].tolist() == [4, 1, 2, 1]
    assert account.loc["empty_homes"].tolist() == [1, 0, 1, 0]
    lines = report(store).splitlines()
    assert (
        "list of addresses energy_band: 1 of 2 addresses are of somebody registered on the index date; 1 of 4 rows "
        "without an address"
    ) in lines


def test_somebody_who_has_left_is_not_registered_at_an_address(small, rows):
    small.put("gp_registration", rows["gp_registration"], rows["gp_registration"] | {
        "registration_id": "r2", "token_person_id": "token-2", "household_token": "house-2",
        "registered_to": "2024-05-01"})  # fmt: skip
    small.put("address_list", LISTED, LISTED | {"row_id": "2", "household_token": "house-2"})
    assert small.checked().read("check_address_list")["registered"].tolist() == [1]


def test_without_the_table_there_is_an_account_of_no_list(small):
    store = small.checked()
    assert store.read("check_address_list").empty
    assert "list of addresses" not in report(store)


def test_addresses_of_an_identified_extract_are_compared_by_their_uprn(landing, rows):
    person = {"registration_id": "r1", "nhs_number": None, "sex": "1", "date_of_birth": "1980-02-01",
              "practice_code": "A99001", "registered_from": "2010-01-01", "uprn": "00100"}  # fmt: skip
    landing.put("practice", rows["practice"]).put("area", rows["area"]).put("gp_registration", person)
    listed = {name: value for name, value in LISTED.items() if name != "household_token"}
    landing.put("address_list", *(listed | {"row_id": u, "uprn": u} for u in ("100", "200", "0")))
    store = landing.checked(landing.workbook(form="identified"))
    assert store.read("check_address_list").iloc[0].tolist() == ["energy_band", 3, 1, 2, 1]


def test_addresses_delivered_as_a_list_of_people_are_refused_with_where_they_belong(small):
    small.put("partner_list", PARTNER, PARTNER | {"row_id": "2", "household_token": "house-2"})
    with pytest.raises(InputError, match="1 list with addresses and without people") as error:
        small.checked()
    assert "- cold_homes: 2 rows, 2 with an address" in str(error.value)
    assert "delivered as `address_list`" in str(error.value)


def test_one_such_list_among_lists_of_people_is_refused_too(small):
    small.put(
        "partner_list", PARTNER, PARTNER | {"row_id": "2", "list_name": "food_bank", "token_person_id": "token-1"}
    )
    with pytest.raises(InputError, match="cold_homes: 1 rows, 1 with an address"):
        small.checked()


def test_people_without_a_pseudonym_are_no_list_of_addresses(small):
    known = {"sex": "2", "birth_month": "1950-01-01"}
    small.put(
        "partner_list", PARTNER | known, PARTNER | {"row_id": "2", "list_name": "carers", "household_token": None}
    )
    assert len(small.checked().read("partner_list")) == 2


def test_a_file_with_addresses_and_no_column_of_people_says_where_it_belongs(small):
    small.put("partner_list", {name: value for name, value in PARTNER.items() if name != "token_person_id"})
    with pytest.raises(InputError, match=r"token_person_id; .*delivered as `address_list`"):
        small.checked()


def test_names_and_no_addresses_of_an_identified_list_are_people(landing, rows):
    person = {"registration_id": "r1", "nhs_number": None, "sex": "1", "date_of_birth": "1980-02-01",
              "practice_code": "A99001", "registered_from": "2010-01-01"}  # fmt: skip
    landing.put("practice", rows["practice"]).put("area", rows["area"]).put("gp_registration", person)
    listed = {"row_id": "1", "list_name": "cold_homes", "list_date": "2024-01-01", "uprn": "100"}
    landing.put("partner_list", listed | {"surname": "Lee"})
    assert len(landing.checked(landing.workbook(form="identified")).read("partner_list")) == 1
    landing.put("partner_list", listed | {"surname": None})
    with pytest.raises(InputError, match="nhs_number, forename, surname or date_of_birth"):
        landing.checked(landing.workbook(form="identified"), store="again")
