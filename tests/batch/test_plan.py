"""What a command asks for is known before anything runs, or refused."""

import json

import pytest

from phm_utils.batch.plan import make_plan, read_notebook, title_of
from phm_utils.batch.route import route_of
from phm_utils.errors import InputError


def steps(plan) -> list[str]:
    return [report.step for report in plan.chosen]


def test_everything_is_every_area_by_every_notebook_the_ics_first(workbook, route):
    plan = make_plan(workbook, route)
    assert list(plan.areas) == ["QZZ", "U99001", "U99002"]
    assert steps(plan)[:3] == ["QZZ/00_data_quality", "QZZ/01_linkage", "U99001/00_data_quality"]
    assert len(plan.chosen) == len(plan.every) == 6


def test_ics_and_codes_choose_areas_and_beginnings_choose_notebooks(workbook, route):
    assert steps(make_plan(workbook, route, "ics", "01")) == ["QZZ/01_linkage"]
    assert steps(make_plan(workbook, route, "U99002, ICS", "00")) == ["QZZ/00_data_quality", "U99002/00_data_quality"]
    assert len(make_plan(workbook, route, "ics", "01").every) == 6


def test_an_unknown_area_is_refused_with_those_there_are(workbook, route):
    with pytest.raises(InputError, match=r"1 of 2 areas are not in this data: U99009") as error:
        make_plan(workbook, route, "U99001,U99009")
    assert "U99002 (Second PCN)" in str(error.value)


def test_an_unknown_notebook_is_refused_with_those_there_are(workbook, route):
    with pytest.raises(InputError, match=r"begins with 07.*00_data_quality, 01_linkage"):
        make_plan(workbook, route, notebooks="01,07")
    with pytest.raises(InputError, match="names nothing"):
        make_plan(workbook, route, notebooks=" , ")


def change_parameters(house, old: str, new: str) -> None:
    path = house / "notebooks" / "01_linkage.ipynb"
    content = json.loads(path.read_text())
    cell = next(c for c in content["cells"] if "parameters" in c["metadata"].get("tags", []))
    cell["source"] = cell["source"].replace(old, new)
    path.write_text(json.dumps(content))


def test_a_notebook_whose_parameters_fit_its_model_is_read(house, route):
    assert title_of(read_notebook("01_linkage", route)) == "What does 01_linkage ask?"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("max_conflict_share", "max_conflict_shore", "lacks max_conflict_share"),
        ("max_conflict_share = 0.01", "max_conflict_share = 0.01\nspeed = 3", "speed"),
        ("max_conflict_share = 0.01", "max_conflict_share = 5", "max_conflict_share"),
        ("max_conflict_share = 0.01", "max_conflict_share = 1 / 100", "no plain value"),
        ("max_conflict_share = 0.01", "print(max_conflict_share)", "not `name = value`"),
        ("max_conflict_share = 0.01", "max_conflict_share = ", "not readable Python"),
    ],
)
def test_a_parameters_cell_that_does_not_fit_its_model_is_refused(house, route, old, new, message):
    change_parameters(house, old, new)
    with pytest.raises(InputError, match=message):
        read_notebook("01_linkage", route)


def test_a_notebook_that_is_absent_or_broken_is_refused(house, route):
    (house / "notebooks" / "01_linkage.ipynb").write_text("{}")
    with pytest.raises(InputError, match="not a readable notebook"):
        read_notebook("01_linkage", route)
    with pytest.raises(InputError, match=r"No notebook 02_segmentation\.ipynb"):
        read_notebook("02_segmentation", route_of("person_level"))
