"""Records join the GP's person on the token, and sex with month of birth can contradict it."""

from itertools import chain

import pandas as pd
import pytest
from linked_store import make_code_lists

from phm_utils.errors import InputError
from phm_utils.linkage import link
from phm_utils.linkage.error import link_error
from phm_utils.linkage.known_truth import truth_files
from phm_utils.linkage.link import IDENTITY_SOURCES, TOKEN_SOURCES

ANNA, BORIS, CARL = "TOKENANNA", "TOKENBORIS", "TOKENCARL"


def registration(number, token, sex, birth_month, practice="A99001", start="2020-01-01", **more):
    return {
        "registration_id": f"R{number}",
        "token_person_id": token,
        "sex": sex,
        "birth_month": birth_month,
        "practice_code": practice,
        "registered_from": start,
        **more,
    }


def attendance(number, token, sex=None, birth_month=None, **more):
    return {
        "attendance_id": f"E{number}",
        "token_person_id": token,
        "sex": sex,
        "birth_month": birth_month,
        "arrival_date": "2024-06-01",
        **more,
    }


PRACTICES = [
    {"practice_code": "A99001", "pcn_code": "U99001"},
    {"practice_code": "A99002", "pcn_code": "U99002"},
]


@pytest.fixture
def linked(con, table, workbook):
    """Run the stage over tables given by name; returns its tables as DataFrames by name."""

    def run(truth=None, **tables):
        for name, rows in {"practice": PRACTICES, **tables}.items():
            table(name, rows)
        make_code_lists(con, workbook)
        made = {}
        chosen = workbook.model_copy(update={"truth": truth})
        for model in chain(link(con, chosen), link_error(con, chosen)):
            frame = model.frame if model.sql is None else con.execute(model.sql).df()
            made[model.name] = frame.sort_values(list(model.key), ignore_index=True)
            con.register(model.name, made[model.name])
            assert not made[model.name].duplicated(list(model.key)).any()
        return made

    return run


def method_of(made, source="ecds_attendance"):
    index = made["person_index"]
    return index[index["source"] == source].set_index("token_person_id")["method"].to_dict()


def test_each_way_a_record_can_meet_the_spine(linked):
    made = linked(
        gp_registration=[registration(i, t, "2", "1980-05-01") for i, t in enumerate(["T00001", "T00002", "T00003"])]
        + [registration(i, t, "2", "1980-05-01") for i, t in enumerate(["T00004", "T00005"], start=10)],
        ecds_attendance=[
            attendance(1, "T00001", "2", "1980-05-01"),
            attendance(2, "T00001", "2", "1980-05-01"),
            attendance(3, "T00002", "1", "1980-05-01"),
            attendance(4, "T00003", "2", "1979-05-01"),
            attendance(5, "T00004", "1", "1979-05-01"),
            attendance(6, "T00009", "1", "1979-05-01"),
            attendance(7, None, "1", "1979-05-01"),
            attendance(8, "T00005", "X", "1979-05-01"),
        ],
    )
    index = made["person_index"].query("source == 'ecds_attendance'").fillna({"token_person_id": "none"})
    index = index.set_index("token_person_id")
    assert index["method"].to_dict() == {
        "T00001": "token",
        "T00002": "token, sex differs",
        "T00003": "token, birth month differs",
        "T00004": "conflict",
        "T00009": "not in extract",
        "none": "no token",
        "T00005": "token, birth month differs",  # a sex not known is no evidence
    }
    assert index.loc["T00001", "records"] == 2
    assert index.loc["T00009", "person_id"] == "T00009"  # one identity of their own
    assert not index.loc["T00009", "in_gp_extract"]
    assert index.loc[["T00004", "none"], "person_id"].isna().all()


def test_missing_sex_and_birth_month_are_no_evidence(linked):
    made = linked(
        gp_registration=[registration(1, ANNA, "2", None), registration(2, BORIS, None, "1950-01-01")],
        ecds_attendance=[attendance(1, ANNA, "1", "1950-01-01"), attendance(2, BORIS, "1", None)],
    )
    assert method_of(made) == {ANNA: "token, sex differs", BORIS: "token"}


def test_the_latest_registration_speaks_and_ties_go_to_the_larger_id(linked):
    made = linked(
        gp_registration=[
            registration(1, ANNA, "1", "1970-01-01", start="2010-01-01"),
            registration(2, ANNA, "2", "1980-01-01", start="2021-01-01"),
            registration(8, BORIS, "1", "1960-01-01", start="2021-01-01"),
            registration(9, BORIS, "2", "1961-01-01", start="2021-01-01"),
        ],
        ecds_attendance=[attendance(1, ANNA, "2", "1980-01-01"), attendance(2, BORIS, "2", "1961-01-01")],
    )
    assert method_of(made) == {ANNA: "token", BORIS: "token"}
    spine = made["person_index"].query("source == 'gp_registration' and method == 'conflict'")
    assert spine["token_person_id"].tolist() == [BORIS, ANNA]  # two people under one token: reported
    assert made["link_summary"].query("method == 'conflict'")["records"].tolist() == [2]


def test_every_source_is_summed_up_and_absent_ones_are_named(linked):
    made = linked(
        gp_registration=[registration(1, ANNA, "2", "1980-05-01")],
        gp_event=[{"event_id": str(i), "token_person_id": t} for i, t in enumerate([ANNA, ANNA, BORIS, None])],
    )
    summary = made["link_summary"].set_index(["source", "method"])
    assert summary.loc[("gp_event", "token"), "records"] == 2
    assert summary.loc[("gp_event", "token"), "identities"] == 1
    assert summary.loc[("gp_event", "not in extract"), "records"] == 1
    assert summary.loc[("gp_event", "no token"), "records"] == 1
    absent = summary.xs("absent", level="method").index
    assert set(absent) == {*IDENTITY_SOURCES, *TOKEN_SOURCES} - {"gp_registration", "gp_event"}
    assert set(made["person_index"]["source"]) == {"gp_registration"}


def test_records_of_unregistered_people_are_placed_by_their_small_area(linked):
    here = {"lsoa": "E01999001"}
    made = linked(
        gp_registration=[
            registration(1, ANNA, "2", "1980-05-01", **here),
            registration(2, BORIS, "1", "1980-05-01", **here),
            registration(3, CARL, "1", "1980-05-01", practice="A99002", **here),
        ],
        ecds_attendance=[attendance(1, "TOKENX", **here), attendance(2, "TOKENY"), attendance(3, CARL)],
    )
    places = made["link_pcn"].query("source == 'ecds_attendance'").fillna({"pcn_code": "nowhere"})
    found = {(p, m): r for p, m, r in zip(places["pcn_code"], places["method"], places["records"], strict=True)}
    assert found == {("U99001", "not in extract"): 1, ("nowhere", "not in extract"): 1, ("U99002", "token"): 1}


def test_households_are_of_people_here_now(linked):
    home = {"household_token": "HOUSEHOLD1"}
    left, elsewhere = {"registered_to": "2024-01-01"}, {"household_token": "HOUSEHOLD2"}
    made = linked(
        gp_registration=[
            registration(1, "T00001", "2", "1980-05-01", **home),
            registration(2, "T00002", "1", "1981-05-01", **home),
            registration(3, "T00003", "1", "1981-05-01", **home, **left),
            registration(4, "T00004", "1", "1940-05-01", **home),
            registration(5, "T00005", "2", "1980-05-01"),
            registration(6, "T00002", "1", "1981-05-01", start="2015-01-01", **elsewhere, **left),
        ],
        death=[{"death_id": "D1", "token_person_id": "T00004", "date_of_death": "2024-01-01"}],
    )
    assert made["household"].to_dict("records") == [
        {"household_token": "HOUSEHOLD1", "people": 2, "communal": False, "probable_care_home": False}
    ]
    kinds = made["household_pcn"].set_index("kind")
    assert kinds["people"].to_dict() == {"2 people": 2, "Address not known": 1}
    assert kinds["households"].to_dict() == {"2 people": 1, "Address not known": 0}


@pytest.mark.parametrize(
    ("people", "born", "communal", "care_home"),
    [(10, "1930-01-01", False, False), (11, "1930-01-01", True, True), (11, "2004-01-01", True, False)],
)
def test_a_probable_care_home_is_communal_and_old(linked, people, born, communal, care_home):
    home = [registration(i, f"T0000{i}", "2", born, household_token="HOUSEHOLD1") for i in range(people)]
    row = linked(gp_registration=home)["household"].iloc[0]
    assert (row["people"], row["communal"], row["probable_care_home"]) == (people, communal, care_home)


def test_coverage_counts_every_record_once_for_each_characteristic(linked):
    made = linked(
        gp_registration=[registration(1, ANNA, "2", "1980-05-01", lsoa="E01999001")],
        area=[{"lsoa": "E01999001", "lsoa_vintage": 2021, "imd_decile": 2}],
        ecds_attendance=[
            attendance(1, ANNA, "2", "1980-05-01", lsoa="E01999001"),
            attendance(2, None, "1", "2010-05-01", lsoa="W01000001"),
            attendance(3, None, accommodation_status="32911000"),
        ],
    )
    coverage = made["link_coverage"].query("source == 'ecds_attendance'")
    totals = coverage.groupby("characteristic")[["linked", "not_linked"]].sum()
    assert totals.index.tolist() == ["Age", "Deprivation", "No fixed abode", "Sex"]
    assert (totals["linked"] == 1).all()
    assert (totals["not_linked"] == 2).all()
    by_name = coverage.groupby(["characteristic", "category"])[["linked", "not_linked"]].sum()
    assert by_name.loc[("No fixed abode", "Yes")].tolist() == [0, 1]
    assert by_name.loc[("Deprivation", "1 (most deprived)")].tolist() == [1, 0]
    assert by_name.loc[("Deprivation", "No IMD (outside England or not listed)")].tolist() == [0, 1]
    assert by_name.loc[("Age", "0-17")].tolist() == [0, 1]


def test_the_order_in_which_rows_arrive_changes_nothing(linked):
    rows = [registration(i, f"T0000{i % 4}", "12"[i % 2], f"19{i + 40}-01-01") for i in range(9)]
    seen = [attendance(i, f"T0000{i % 6}", "12"[i % 2], f"19{i + 40}-01-01") for i in range(9)]
    first = linked(gp_registration=rows, ecds_attendance=seen)
    again = linked(gp_registration=rows[::-1], ecds_attendance=seen[::-1])
    for name, frame in first.items():
        pd.testing.assert_frame_equal(frame, again[name])


def error_of(made, source="ecds_attendance", characteristic="All", category="All"):
    keyed = made["link_error"].set_index(["source", "characteristic", "category"])
    return keyed.loc[(source, characteristic, category)]


def test_conflicts_show_how_many_links_are_false_and_what_is_not_joined_bounds_the_missed(linked):
    # Spine: ten women and ten men of ten months, two of each; a random person differs in both with 9 of 20 people.
    people = [registration(i, f"T000{i:02}", "21"[i % 2], f"19{50 + i // 2}-01-01", ethnicity="A") for i in range(20)]
    right = [attendance(i, f"T000{i:02}", "21"[i % 2], f"19{50 + i // 2}-01-01") for i in range(20)]
    wrong = [attendance(20, "T00000", "1", "1955-01-01"), attendance(21, "T00001", "2", "1955-01-01")]
    lost = [attendance(22, None, "1", "1955-01-01"), attendance(23, "T00099", "1", "1955-01-01")]
    found = error_of(made := linked(gp_registration=people, ecds_attendance=[*right, *wrong, *lost]))
    assert found[["records", "linked", "tested"]].tolist() == [24, 20, 22]
    assert found["behind"] == 2
    # Two conflicts stand for 2 x (1 - 9/20) / (9/20) = 2.444 unseen among 20 links.
    assert found["false_share"] == pytest.approx(2 * 11 / 9 / 20)
    assert found["false_lower"] < found["false_share"] < found["false_upper"]
    assert pd.isna(found["missed_share"])
    assert found["missed_upper"] == pytest.approx(4 / 24)
    assert found[["false_basis", "missed_basis"]].tolist() == ["check", "bound"]
    white = error_of(made, characteristic="Ethnicity", category="White")
    assert white["false_share"] == pytest.approx(found["false_share"])
    assert white[["missed_lower", "missed_upper"]].isna().all()


def test_a_source_with_the_token_alone_cannot_be_checked_and_says_so(linked):
    made = linked(
        gp_registration=[registration(1, ANNA, "2", "1980-05-01")],
        gp_event=[{"event_id": "V1", "token_person_id": ANNA, "event_date": "2024-01-01"}],
    )
    found = error_of(made, "gp_event")
    assert pd.isna(found["false_share"])
    assert found["false_basis"] == "not known"
    assert set(made["link_error"].query("source == 'gp_event'")["characteristic"]) == {"All"}


def test_a_linked_landing_brings_its_own_estimates(linked):
    brought = {"source": "ecds_attendance", "characteristic": "All", "category": "All", "records": 9, "linked": 8,
               "tested": 7, "false_share": 0.01, "false_basis": "test", "missed_basis": "not known"}  # fmt: skip
    made = linked(
        gp_registration=[registration(1, ANNA, "2", "1980-05-01")],
        ecds_attendance=[attendance(1, ANNA, "2", "1980-05-01")],
        linkage_error=[brought],
    )
    assert len(made["link_error"]) == 1
    assert error_of(made)[["records", "false_share", "behind"]].tolist() == [9, 0.01, 7]


def test_the_truth_counts_wrong_and_missed_links(linked, tmp_path):
    people = [registration(1, ANNA, "2", "1980-05-01", ethnicity="A"), registration(2, BORIS, "1", "1950-05-01")]
    seen = [
        attendance(1, ANNA, "2", "1980-05-01"),  # Anna's, rightly
        attendance(2, BORIS, "1", None),  # Anna's, with the token of Boris: the month is missing, so nothing shows
        attendance(3, None, "2", "1980-05-01"),  # Anna's, with no token
        attendance(4, "TOKENNOBODY", "2", "1980-05-01"),  # of somebody whom the GP extract does not have
    ]
    (tmp_path / "record").mkdir()
    said = {"R1": 1, "R2": 2, "E1": 1, "E2": 1, "E3": 1, "E4": 9}
    rows = [("gp_registration" if name[0] == "R" else "ecds_attendance", name, who)
            for name, who in said.items()]  # fmt: skip
    truth = pd.DataFrame(rows, columns=["table_name", "record_id", "person"])
    truth.to_parquet(tmp_path / "record" / "U99001.parquet")
    made = linked(truth=str(tmp_path), gp_registration=people, ecds_attendance=seen)
    found = made["link_truth"].set_index(["source", "characteristic", "category"])
    counts = ["records", "findable", "links", "wrong", "missed"]
    assert found.loc[("ecds_attendance", "All", "All"), counts].tolist() == [4, 3, 2, 1, 2]
    assert found.loc[("ecds_attendance", "Ethnicity", "White"), counts].tolist() == [3, 3, 2, 1, 2]


def test_truth_is_of_synthetic_data_alone_and_must_be_there(workbook, tmp_path):
    with pytest.raises(ValueError, match="only synthetic data have one"):
        type(workbook)(**workbook.model_dump() | {"synthetic": False, "truth": str(tmp_path)})
    with pytest.raises(InputError, match="record"):
        truth_files(workbook.model_copy(update={"truth": str(tmp_path)}))
    assert truth_files(workbook) == []
