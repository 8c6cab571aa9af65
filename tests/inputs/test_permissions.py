"""Governance, opt-outs and geography: what stops a check, and whose rows it withholds."""

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import yaml
from shapely import box

from phm_utils.errors import InputError
from phm_utils.inputs.governance import permitted

TODAY = date(2025, 5, 1)
REPOSITORY = Path(__file__).resolve().parents[2]
GOVERNANCE = yaml.safe_load((REPOSITORY / "parameters/governance.yml").read_text(encoding="utf-8"))


def with_governance(landing, change, **more):
    """A workbook whose governance file is the demo's after `change(sources)`."""
    content = yaml.safe_load(yaml.safe_dump(GOVERNANCE, default_flow_style=False))
    change(content["sources"])
    path = landing.root / "governance.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return landing.workbook(governance=str(path), **more)


def test_the_demo_is_permitted_for_years(small):
    assert [source for source, _ in permitted(small.workbook(), date(2034, 1, 1))] == ["gp_extract", "reference"]


def test_every_source_that_may_not_be_used_is_named(small, rows):
    small.put("apc_episode", rows["apc_episode"])

    def change(sources):  # fmt: skip
        del sources["sus_apc"]
        sources["gp_extract"]["expires"] = date(2025, 4, 30)

    with pytest.raises(InputError) as error:
        permitted(with_governance(small, change), TODAY)
    assert "sus_apc: not declared" in str(error.value)
    assert "DEMO-GP-01 expired on 30 April 2025" in str(error.value)


def test_an_agreement_runs_on_its_last_day(small):
    workbook = with_governance(small, lambda s: s["gp_extract"].update(expires=TODAY))
    assert len(permitted(workbook, TODAY)) == 2


def test_a_purpose_that_is_not_permitted_is_refused(small):
    with pytest.raises(InputError, match="not for commissioning"):
        permitted(small.workbook(purpose="commissioning"), TODAY)


def test_a_misspelt_entry_is_refused(small):
    with pytest.raises(InputError, match="legal_basis"):
        permitted(with_governance(small, lambda s: s["gp_extract"].pop("legal_basis")), TODAY)


def test_made_up_permissions_are_refused_for_real_data(small):
    with pytest.raises(InputError, match="made-up"):
        permitted(small.workbook(synthetic=False), TODAY)


def test_a_partner_list_may_need_its_own_entry(small):
    row = {
        "row_id": "1",
        "token_person_id": "token-1",
        "list_name": "food_bank",
        "flag": "x",
        "list_date": "2024-01-01",
    }
    small.put("partner_list", row, row | {"row_id": "2", "list_name": "housing"})

    def change(sources):  # fmt: skip
        sources["partner_list/housing"] = sources.pop("partner_list")

    with pytest.raises(InputError, match="partner_list/food_bank: not declared"):
        small.checked(with_governance(small, change))


def test_a_list_of_addresses_may_need_its_own_entry(small):
    row = {
        "row_id": "1",
        "household_token": "house-1",
        "list_name": "energy_band",
        "value": "F",
        "list_date": "2024-01-01",
    }
    small.put("address_list", row, row | {"row_id": "2", "list_name": "assisted_bins"})

    def change(sources):
        del sources["address_list"]

    with pytest.raises(InputError, match="address_list/assisted_bins: not declared") as error:
        small.checked(with_governance(small, change))
    assert "energy_band" not in str(error.value)  # which has its own


@pytest.mark.parametrize("name", ["MARAC", "domestic_abuse_service", "Women's Aid", "refuge list", "IDVA caseload"])
def test_a_list_of_domestic_abuse_is_read_by_no_run(small, name):
    row = {"row_id": "1", "token_person_id": "token-1", "list_name": name, "flag": "x", "list_date": "2024-01-01"}
    small.put("partner_list", row)
    with pytest.raises(InputError, match="by its name a list of domestic abuse, which no run reads: take its rows out"):
        small.checked(with_governance(small, lambda sources: None))


@pytest.mark.parametrize("name", ["refugee support", "substance_abuse", "asylum", "domestic violets", "drug abuse"])
def test_other_lists_are_not_taken_for_one(small, name):
    row = {"row_id": "1", "token_person_id": "token-1", "list_name": name, "flag": "x", "list_date": "2024-01-01"}
    small.put("partner_list", row)
    small.checked(with_governance(small, lambda sources: None))


def two_people(small, rows, **first):
    registration = rows["gp_registration"]
    other = registration | {"registration_id": "r2", "token_person_id": "token-2"}
    small.put("gp_registration", registration | first, other)
    small.put("gp_event", rows["gp_event"], rows["gp_event"] | {"event_id": "e2", "token_person_id": "token-2"})
    return small


def test_rows_of_people_with_a_type_1_opt_out_are_withheld_everywhere(small, rows):
    two_people(small, rows, type_1_opt_out="true")
    store = small.checked()
    assert store.read("gp_event")["event_id"].tolist() == ["e2"]
    assert store.read("gp_registration")["registration_id"].tolist() == ["r2"]
    counted = store.read("check_table").set_index("table_name").loc["gp_event"]
    assert (counted.rows_in, counted.rows_kept, counted.rows_quarantined) == (2, 1, 1)
    assert "withheld" in set(store.read("check_field")["disposition"])


def test_of_a_withheld_row_nothing_but_its_key_is_kept(small, rows):
    two_people(small, rows, type_1_opt_out="true").checked()
    row = small.rejected_rows("gp_event").drop(columns=["file", "reason"]).iloc[0]
    assert row.dropna().to_dict() == {"event_id": "e1"}


def test_a_broken_row_of_a_withheld_person_is_withheld_too(small, rows):
    two_people(small, rows, type_1_opt_out="true")
    small.put("gp_event", rows["gp_event"] | {"event_date": "never"}, rows["gp_event"] | {"token_person_id": "token-2"})
    small.checked()
    assert small.rejected_rows("gp_event")["event_date"].isna().all()


def test_national_opt_outs_are_applied_where_governance_says_here(small, rows):
    two_people(small, rows, national_data_opt_out="true")
    assert len(small.checked(store="a").read("gp_event")) == 2

    def change(sources):  # fmt: skip
        sources["gp_extract"]["national_data_opt_out"] = {"applied": "here", "how": "at each check"}

    assert len(small.checked(with_governance(small, change), store="b").read("gp_event")) == 1


def test_a_run_of_a_population_may_not_be_for_direct_care(small):
    with pytest.raises(InputError, match="one request by a practice"):
        permitted(small.workbook(purpose="direct_care"), TODAY)


def test_a_purpose_without_a_policy_on_opt_outs_is_refused(small):
    def change(sources):
        sources["gp_extract"]["purposes"].append("public_health")

    path = small.root / "governance.yml"
    workbook = with_governance(small, change, purpose="public_health")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content["opt_outs"]["public_health"]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match="which opt-outs apply to the purpose public_health"):
        permitted(workbook, TODAY)


@pytest.mark.parametrize("word", ["1.0", "Opted out", "Dissent", "9Nu0.", "2", "X", "On", "true", " YES "])
def test_what_cannot_be_read_as_no_withholds_the_person(small, rows, word):
    store = two_people(small, rows, type_1_opt_out=word).checked()
    assert store.read("gp_registration")["token_person_id"].tolist() == ["token-2"]
    assert store.read("gp_event")["event_id"].tolist() == ["e2"]
    named = store.read("check_field").query("column_name == 'type_1_opt_out'")
    readable = word in ("true", " YES ")
    assert named["rule"].tolist() == [] if readable else named["rule"].tolist() == ["cannot be read as no"]


def test_a_parameter_makes_an_unreadable_opt_out_stop_the_check(small, rows):
    workbook = two_people(small, rows, type_1_opt_out="Dissent").workbook(unreadable_opt_outs="stop")
    with pytest.raises(InputError, match="type 1 opt out cannot be read as yes or no in 1 of the registrations"):
        small.checked(workbook)


@pytest.mark.parametrize("word", ["S", "1.0", "Restricted", "Y", "true", " YES "])
def test_a_flag_that_cannot_be_read_as_no_makes_a_record_sensitive_and_keeps_the_person(small, rows, word):
    store = two_people(small, rows, sensitive=word).checked()
    assert store.read("gp_registration")["sensitive"].tolist() == [True, False]
    assert store.read("gp_event")["event_id"].tolist() == ["e1", "e2"]
    named = store.read("check_field").query("column_name == 'sensitive'")
    readable = word in ("Y", "true", " YES ")
    expected = [] if readable else [("cannot be read as no: taken as sensitive", "kept", 1)]
    assert list(named[["rule", "disposition", "rows"]].itertuples(index=False, name=None)) == expected


def test_words_of_the_supplier_for_a_sensitive_record_are_told_by_the_mapping(small, rows):
    two_people(small, rows, sensitive="U")
    mapped = small.mapped("tables: {gp_registration: {values: {sensitive: {U: 'no', S: 'yes'}}}}\n")
    assert small.checked(mapped).read("gp_registration")["sensitive"].tolist() == [False, False]


@pytest.mark.parametrize("column", [{}, {"sensitive": None, "contact_preference": None}])
def test_an_extract_without_a_word_on_sensitive_records_passes_the_check(small, rows, column):
    row = {name: value for name, value in rows["gp_registration"].items()
           if name not in ("sensitive", "contact_preference")} | column  # fmt: skip
    kept = small.put("gp_registration", row).checked().read("gp_registration")
    assert kept[["sensitive", "contact_preference", "nulled_fields"]].isna().all(axis=None)


def test_a_contact_preference_outside_the_closed_words_is_empty_and_flagged(small, rows):
    store = two_people(small, rows, contact_preference="carrier pigeon").checked()
    kept = store.read("gp_registration").set_index("registration_id")
    assert kept["contact_preference"].fillna("").to_dict() == {"r1": "", "r2": "letter"}
    assert kept.loc["r1", "nulled_fields"] == "contact_preference:unknown code"


@pytest.mark.parametrize("column", [{}, {"type_1_opt_out": None}])
def test_without_a_word_on_opt_outs_the_check_stops_unless_they_were_applied_before_arrival(small, rows, column):
    row = {name: value for name, value in rows["gp_registration"].items() if name != "type_1_opt_out"} | column
    small.put("gp_registration", row)
    with pytest.raises(InputError, match="says nothing of the type 1 opt out"):
        small.checked()

    def change(sources):
        sources["gp_extract"]["type_1_opt_out"] = {"applied": "supplier", "how": "by the practices"}

    assert len(small.checked(with_governance(small, change)).read("gp_registration")) == 1


def test_a_flag_that_the_supplier_should_have_acted_on_is_an_incident(small, rows):
    def change(sources):
        sources["gp_extract"]["type_1_opt_out"] = {"applied": "supplier", "how": "by the practices"}

    with pytest.raises(InputError, match="incident"):
        two_people(small, rows, type_1_opt_out="true").checked(with_governance(small, change))


@pytest.mark.parametrize(
    "rows_of_area",
    [[{"lsoa_vintage": 2011, "imd_version": "IMD2019"}], [{}, {"lsoa": "E01999002", "lsoa_vintage": 2011}],
     [{"imd_version": "IMD2019"}]],
)  # fmt: skip
def test_another_or_a_second_vintage_of_small_areas_is_refused(small, rows, rows_of_area):
    small.put("area", *(rows["area"] | change for change in rows_of_area))
    with pytest.raises(InputError, match="Use one vintage"):
        small.checked()


def test_registrations_in_other_small_areas_are_refused_with_numbers(small, rows):
    registrations = [rows["gp_registration"] | {"registration_id": f"x{n}", "lsoa": f"E0101000{n}"} for n in range(3)]
    small.put("gp_registration", rows["gp_registration"], *registrations)
    with pytest.raises(InputError, match="3 of 4 registrations in England"):
        small.checked()


def test_residents_of_wales_are_no_sign_of_another_vintage(small, rows):
    registrations = [rows["gp_registration"] | {"registration_id": f"r{n}", "lsoa": f"W0101000{n}"} for n in range(3)]
    assert len(small.put("gp_registration", *registrations).checked().read("gp_registration")) == 3


def test_registrations_without_any_code_new_in_2021_are_refused(small, rows):
    small.put("area", rows["area"], rows["area"] | {"lsoa": "E01033800"})
    frame = pd.DataFrame([rows["gp_registration"]] * 1000)
    frame["registration_id"] = [f"r{n}" for n in range(1000)]
    frame.to_csv(small.folder / "gp_registration.csv", index=False)
    with pytest.raises(InputError, match="look like 2011"):
        small.checked()


def test_outlines_are_stored_in_the_national_grid(small):
    square = gpd.GeoDataFrame({"lsoa": ["E01999001"]}, geometry=[box(400_000, 250_000, 401_000, 251_000)], crs=27700)
    square.to_crs(4326).to_file(small.folder / "boundary.gpkg")
    stored = small.checked().read("boundary")
    [shape] = gpd.GeoSeries.from_wkb(stored["geometry"])
    assert shape.bounds == pytest.approx((400_000, 250_000, 401_000, 251_000), abs=5)


def test_outlines_without_codes_are_refused(small):
    gpd.GeoDataFrame({"name": ["x"]}, geometry=[box(0, 0, 1, 1)], crs=27700).to_file(small.folder / "boundary.gpkg")
    with pytest.raises(InputError, match="column `lsoa`"):
        small.checked()


def test_the_store_says_who_permits_each_source(small):
    sources = small.checked().read("governance_source").set_index("source")
    assert sources.index.tolist() == ["gp_extract", "reference"]
    assert sources.loc["gp_extract", "type_1_opt_out"].startswith("applied here: ")
