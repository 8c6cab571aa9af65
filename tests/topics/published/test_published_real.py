"""The published route on two real places."""

import os
from pathlib import Path

import pandas as pd
import published_place as place
import pytest

from phm_utils.topics.published import gradient_page, read_published, variation_page
from phm_utils.topics.registry import load_workbook

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("PHM_REAL_DATA", "")) / "places"
pytestmark = pytest.mark.skipif(
    "PHM_REAL_DATA" not in os.environ or not FOLDER.is_dir(),
    reason="PHM_REAL_DATA is not set to a folder with `places`",
)


@pytest.fixture(scope="module")
def workbook():
    return load_workbook(ROOT / "parameters" / "public_data.yml")


@pytest.fixture(scope="module")
def tables(workbook):
    return place.stage(workbook)


def whole(tables, name: str, area: str = "QGH"):
    frame = tables[f"release_{name}"]
    return frame[frame["area_code"] == area]


def test_fifteen_pcns_and_the_icb(workbook):
    areas = read_published.areas(workbook)
    assert len(areas) == 16
    assert areas["QGH"] == workbook.title


def test_fifty_two_small_areas_are_core20(tables):
    areas = whole(tables, "published_area")
    assert (len(areas), (areas["imd_decile"] <= 2).sum()) == (491, 52)


def test_no_patient_is_lost(tables):
    assert tables["published_patients"]["patients"].sum() == 817_738
    assert whole(tables, "published_residence")["patients"].sum() == 817_738
    wales = whole(tables, "published_residence", "U38064").set_index("residence")["patients"]["In Wales"]
    assert wales == 1_254


def test_closed_practices_are_listed_and_counted(tables):
    listed = whole(tables, "published_mismatch").set_index("practice_code")
    assert listed.index.tolist() == ["M81001", "M81003", "M81016", "M81089"]
    assert len(tables["published_practice"]) == 81
    assert tables["published_register"].query("register_code == 'DM'")["register"].sum() == 49_185


def test_most_practices_that_chance_flags_are_within_usual_variation(tables):
    frame, _, spread = variation_page.funnel(whole(tables, "published_register"), "DM")
    assert frame["outside_chance"].mean() > 0.3
    assert frame["outside"].mean() < 0.05
    assert spread["phi"] > 5


def test_a_university_practice_and_lists_that_changed_are_marked_and_never_named(tables):
    registers = whole(tables, "published_register").drop_duplicates("practice_code").set_index("practice_code")["mark"]
    assert registers["Y04968"] == "15% of its patients are 50 and over"
    assert set(registers[registers != ""].index) == {"M81001", "M81003", "M81016", "M81089", "Y04968"}
    frame, _, spread = variation_page.funnel(whole(tables, "published_register"), "DM")
    assert spread["known"] == 76
    assert not frame.set_index("practice_code").loc["Y04968", "outside"]
    everyone = pd.Series(True, index=frame.index)
    assert "Farrier House" not in str(variation_page.variation(frame, spread, everyone, is_ics=True))


def test_the_gradient_is_said_with_and_without_marked_practices(tables):
    ranked = gradient_page.by_deprivation(
        whole(tables, "published_register"), whole(tables, "published_practice"), "DM"
    )
    assert ranked["known_share"].min() >= 0.75
    assert "M81055" not in set(ranked["practice_code"])  # 49% of its patients could be placed
    said = str(gradient_page.gradient(ranked))
    assert said.startswith("Across 73 practices in the files, recorded diabetes is higher at the most deprived end")
    assert "+2.1 percentage points (+1.4 to +2.8; 1.32 times" in said
    assert "With the 3 practices marked † it is +1.9 (+1.1 to +2.7)." in said


def test_another_place_of_the_same_layout_works(workbook):
    other = workbook.model_copy(
        update={"landing": str(FOLDER / "calderdale"), "ics_code": "QWO", "title": "Calderdale"}
    )
    tables = place.stage(other)
    assert len(read_published.areas(other)) == 6
    assert whole(tables, "published_residence", "QWO")["patients"].sum() == 214_112
    assert set(whole(tables, "published_mismatch", "QWO")["practice_code"]) == {"B84612", "Y02645"}
