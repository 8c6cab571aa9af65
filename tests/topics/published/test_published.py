"""The published route: what is read, what is kept, what is refused."""

import pandas as pd
import published_place as place
import pytest

from phm_utils.errors import InputError
from phm_utils.topics.published import read_published
from phm_utils.topics.published.published_files import read_input


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, pd.DataFrame]:
    return place.stage(place.write(tmp_path_factory.mktemp("place")))


def released(tables, name: str, area: str = "QZZ") -> pd.DataFrame:
    frame = tables[f"release_{name}"]
    return frame[frame["area_code"] == area].drop(columns="area_code").reset_index(drop=True)


def test_areas_are_the_pcns_by_name_and_then_the_icb(tmp_path):
    assert read_published.areas(place.write(tmp_path)) == {
        "U99001": "U99001 PCN",
        "U99002": "U99002 PCN",
        "QZZ": "Place ICB",
    }
    assert len(read_published.input_files(place.write(tmp_path))) == 10


def test_a_register_is_divided_by_the_list_of_its_own_ages(tables):
    dm = released(tables, "published_register").query("register_code == 'DM' and practice_code == 'A99001'").iloc[0]
    assert (dm["register"], dm["list_size"], dm["list_age"]) == (80, 800, "aged 17 and over")
    af = released(tables, "published_register").query("register_code == 'AF' and practice_code == 'A99001'").iloc[0]
    assert (af["list_size"], af["list_age"]) == (980, "of all ages")


def test_the_later_year_is_read_from_its_misspelt_column_and_no_indicator_is_taken_for_a_register(tables):
    rows = released(tables, "published_register")
    assert rows.query("register_code == 'DM'")["next_year_share"].tolist()[:6] == [0.11, 0.1, 0.08, 0.06, 0.05, 0.04]
    assert set(rows["register_code"]) == {"DM", "AF"}


def test_patients_are_weighted_by_where_they_live_in_areas_of_2011(tables):
    rows = released(tables, "published_practice").set_index("practice_code")
    # A99001: 900 in the most deprived area, 100 in Wales without a figure. A99002: half in tenths 1 and 3.
    assert rows.loc["A99001", ["patients", "with_imd", "core20"]].tolist() == [1_000, 900, 900]
    assert rows.loc["A99002", "imd_decile"] == 2
    assert rows.loc["A99002", "imd_score"] == 45
    assert rows.loc["A99006", "core20"] == 0


def test_patients_outside_england_or_the_icb_are_counted_by_name(tables):
    whole = released(tables, "published_residence").set_index("residence")["patients"]
    assert whole.to_dict() == {
        "In Place ICB": 5_840,
        "Elsewhere in England": 50,
        "In Wales": 100,
        "In Scotland or Northern Ireland": 0,
        "Address not placed": 10,
    }
    assert released(tables, "published_residence", "U99002").set_index("residence")["patients"]["In Wales"] == 0


def test_a_practice_that_closed_is_listed_and_counts_in_the_icb(tables):
    [row] = released(tables, "published_mismatch").to_dict("records")
    assert (row["practice_code"], row["pcn_code"]) == ("A99007", "No PCN")
    assert row["what"] == "In QOF 2020-21. Not in practices.csv; Patients 2022; qof_fractions.csv."
    dm = released(tables, "published_prevalence").query("register_code == 'DM'").set_index("unit_code")
    assert dm.loc["QZZ", ["register", "practices"]].tolist() == [340, 7]
    assert dm.loc[["U99001", "U99002", "No PCN"], "register"].tolist() == [210, 120, 10]


def test_a_list_that_jumped_is_listed_as_a_likely_merger(tmp_path):
    frames = place.frames()
    frames["registrations"].loc[10, "patients"] = 1_500
    rows = released(place.stage(place.write(tmp_path, registrations=frames["registrations"])), "published_mismatch")
    assert rows.set_index("practice_code")["what"]["A99006"] == "List 53% larger in Patients 2022 than in QOF 2020-21."


def test_a_suppressed_register_counts_neither_above_nor_below_the_line(tmp_path):
    counts = place.frames()["qof_counts"].astype({"REGISTER": object, "PRACTICE_LIST_SIZE": object})
    counts.loc[0, "REGISTER"] = "*"
    tables = place.stage(place.write(tmp_path, qof_counts=counts))
    row = released(tables, "published_register").query("register_code == 'DM' and practice_code == 'A99001'").iloc[0]
    assert pd.isna(row["register"])
    dm = released(tables, "published_prevalence").query("register_code == 'DM'").set_index("unit_code")
    # 340 less its 80, of seven lists of 800 less its own.
    assert dm.loc["QZZ", ["register", "list_size", "practices"]].tolist() == [260, 4_800, 6]
    counts.loc[0, "PRACTICE_LIST_SIZE"] = "*"
    with pytest.raises(InputError, match="not numbers"):
        place.stage(place.write(tmp_path, qof_counts=counts))


def test_practices_not_to_be_compared_are_marked_in_every_table(tables):
    closed = "no longer in the list of practices"
    registers = released(tables, "published_register").set_index("practice_code")["mark"]
    assert set(registers["A99007"]) == {closed}
    assert set(registers.drop("A99007")) == {""}
    pcns = released(tables, "published_prevalence").set_index("unit_code")["mark"]
    assert set(pcns["No PCN"]) == {"holds Closed Surgery"}
    assert set(pcns["U99001"]) == {""}


def test_areas_of_2021_are_drawn_where_patients_live_and_keep_their_own_index(tables):
    west = released(tables, "published_area", "U99001").set_index("lsoa")
    # Area 1 of 2011 was split: both parts are drawn, with their own IoD 2025 tenths, neither with IMD 2019's.
    assert west.index.tolist() == [place.NEW[0], place.NEW[1], place.NEW[4]]
    assert west["imd_decile"].tolist() == [2, 3, 4]
    assert west["changed"].tolist() == ["yes", "no", "yes"]
    assert len(released(tables, "published_area")) == 5
    assert len(tables["boundary"]) == 5


def test_order_of_rows_in_the_files_changes_nothing(tables, tmp_path):
    shuffled = {key: frame.iloc[::-1] for key, frame in place.frames().items()}
    again = place.stage(place.write(tmp_path, **shuffled))
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, again[name])


def test_publishers_own_headings_and_national_files_are_read(tmp_path, tables):
    frames = place.frames()
    imd = frames["imd2019"].rename(
        columns={
            "lsoa11_code": "LSOA code (2011)",
            "IMD_decile": "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
            "IMD_rank": "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
            "IMD_score": "Index of Multiple Deprivation (IMD) Score",
        }
    )
    people = frames["registrations"].set_axis(["PRACTICE_CODE", "LSOA_CODE", "NUMBER_OF_PATIENTS"], axis=1)
    split = pd.concat([people.assign(SEX="ALL"), people.assign(SEX="MALE")])
    elsewhere = frames["geography"].assign(lsoa21_code="E01000009", sicbl24_code_nhs="11X", icb24_code_nhs="QXX")
    other = frames["practices"].assign(practice_code="B11111", pcn_code="U11111", sub_icb_code="11X")
    workbook = place.write(
        tmp_path,
        imd2019=imd,
        registrations=split,
        geography=pd.concat([frames["geography"], elsewhere]),
        practices=pd.concat([frames["practices"], other]),
    )
    again = place.stage(workbook)
    for name in ("published_practice", "published_residence", "published_area"):
        pd.testing.assert_frame_equal(tables[f"release_{name}"], again[f"release_{name}"])
    assert "U11111" not in read_published.areas(workbook)


def test_every_absent_file_is_listed_with_where_to_get_it(tmp_path):
    workbook = place.write(tmp_path)
    (tmp_path / "qof_counts.csv").unlink()
    (tmp_path / "lookup.csv").unlink()
    with pytest.raises(InputError, match=r"2 of 10 published files are not in(.|\n)*lookup(.|\n)*QOF 2020-21"):
        read_published.input_files(workbook)


def test_the_later_years_shares_may_be_absent(tmp_path):
    workbook = place.write(tmp_path)
    (tmp_path / "qof_fractions.csv").unlink()
    rows = released(place.stage(workbook), "published_register")
    assert rows["next_year_share"].isna().all()


def test_an_unset_folder_says_which_variable_to_set(tmp_path, monkeypatch):
    monkeypatch.delenv("PHM_NOWHERE", raising=False)
    workbook = place.write(tmp_path).model_copy(update={"landing": "${PHM_NOWHERE}/places"})
    with pytest.raises(InputError, match="PHM_NOWHERE is not set"):
        read_published.areas(workbook)


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path):
    frames = place.frames()
    workbook = place.write(tmp_path, imd2019=frames["imd2019"].drop(columns="IMD_decile"))
    with pytest.raises(InputError, match=r"imd2019.csv \(imd2019\) lacks 1 of 4 columns: IMD_decile or Index"):
        list(place.stage(workbook))
    workbook = place.write(tmp_path, qof_counts=frames["qof_counts"].astype({"REGISTER": object}).replace({80: "x"}))
    with pytest.raises(InputError, match="REGISTER holds 1 of 14 values that are not numbers"):
        list(place.stage(workbook))
    (tmp_path / "lookup.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"lookup.csv .* is not a CSV file"):
        read_input("lookup", tmp_path / "lookup.csv")


def test_two_vintages_of_geography_are_refused(tmp_path):
    frames = place.frames()
    older = frames["iod2025"].assign(lsoa21_code=[f"E0188000{i}" for i in range(5)])
    with pytest.raises(InputError, match="5 of 5 small areas of QZZ have no IoD 2025 figure"):
        place.stage(place.write(tmp_path, iod2025=older))
    older = frames["imd2019"].assign(lsoa11_code=[f"E0188000{i}" for i in range(4)])
    with pytest.raises(InputError, match="No LSOA of 2011 in the look-up has an IMD 2019 figure"):
        place.stage(place.write(tmp_path, imd2019=older))


def test_an_icb_that_the_files_do_not_know_is_refused(tmp_path):
    workbook = place.write(tmp_path).model_copy(update={"ics_code": "QXX"})
    with pytest.raises(InputError, match=r"no small area of QXX\. It has: QZZ"):
        read_published.areas(workbook)


@pytest.mark.parametrize(
    ("published_name", "read"),
    [
        ("ST STEPHEN'S MEDICAL PARTNERSHIP", "St Stephen's Medical Partnership"),
        ("THE WBC (HEREFORD CITY) PCN", "The WBC (Hereford City) PCN"),
        ("WEOBLEY & STAUNTON-ON-WYE SURGERIES", "Weobley & Staunton-On-Wye Surgeries"),
        ("Already Written", "Already Written"),
    ],
)
def test_names_in_capitals_are_written_as_people_write_them(published_name, read):
    assert read_published.title_case(published_name) == read
