"""Parameters are validated before anything runs."""

from pathlib import Path

import pytest
import yaml

from phm_utils.errors import InputError
from phm_utils.params import Geography
from phm_utils.topics.evaluation.topic import EvaluationParams
from phm_utils.topics.inequalities.topic import InequalitiesParams
from phm_utils.topics.registry import load_workbook

DEMO = Path(__file__).resolve().parents[2] / "parameters" / "demo.yml"


def changed(tmp_path, **changes) -> Path:
    content = yaml.safe_load(DEMO.read_text(encoding="utf-8")) | changes
    path = tmp_path / "changed.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_the_demo_file_is_valid():
    workbook = load_workbook(DEMO)
    assert workbook.synthetic
    assert EvaluationParams.of(workbook, "U99001").area_code == "U99001"


def test_every_fault_is_listed_once(tmp_path):
    path = changed(tmp_path, indexdate="2025-03-31", purpose="curiosity", disclosure={"suppress_below": 1})
    with pytest.raises(InputError) as caught:
        load_workbook(path)
    message = str(caught.value)
    assert message.startswith("changed.yml: 3 faults")
    assert all(name in message for name in ("indexdate", "purpose", "disclosure.suppress_below"))


def test_estimates_of_real_people_rest_on_eight_or_more(tmp_path):
    few = {"disclosure": {"min_people_for_estimate": 7}}
    assert load_workbook(changed(tmp_path, **few)).disclosure.min_people_for_estimate == 7
    with pytest.raises(InputError, match="min_people_for_estimate: 8 or more, as the data are not synthetic"):
        load_workbook(changed(tmp_path, synthetic=False, truth=None, **few))
    eight = {"disclosure": {"min_people_for_estimate": 8}}
    assert (
        load_workbook(changed(tmp_path, synthetic=False, truth=None, **eight)).disclosure.min_people_for_estimate == 8
    )


def test_a_misspelt_notebook_parameter_is_refused(tmp_path):
    path = changed(tmp_path, notebooks={"04_inequalities": {"condtion": "asthma"}})
    with pytest.raises(InputError, match="condtion"):
        load_workbook(path)


def test_an_unknown_notebook_is_refused(tmp_path):
    with pytest.raises(InputError, match="09_magic"):
        load_workbook(changed(tmp_path, notebooks={"09_magic": {}}))


@pytest.mark.parametrize(("lsoa", "imd"), [(2011, "IoD2025"), (2021, "IMD2019")])
def test_deprivation_and_small_areas_must_be_of_one_vintage(lsoa, imd):
    with pytest.raises(ValueError, match="one vintage"):
        Geography(lsoa_vintage=lsoa, imd_version=imd)


def test_a_file_that_is_not_yaml_is_one_clear_error(tmp_path):
    path = tmp_path / "broken.yml"
    path.write_text("name: [demo\n  title: x", encoding="utf-8")
    with pytest.raises(InputError, match=r"broken.yml is not readable YAML \(line"):
        load_workbook(path)
    with pytest.raises(InputError, match="No file"):
        load_workbook(tmp_path / "absent.yml")


def test_parameters_cannot_be_changed_once_made():
    params = InequalitiesParams(workbook="demo", area_code="U99001", index_date="2025-03-31")
    with pytest.raises(ValueError, match="frozen"):
        params.area_code = "U99002"


def test_parameters_of_the_run_are_marked_and_those_of_the_view_are_not(tmp_path):
    workbook = load_workbook(changed(tmp_path, notebooks={"04_inequalities": {"confidence": 0.9, "condition": "copd"}}))
    run = InequalitiesParams.run_values(workbook)
    assert run["confidence"] == 0.9
    assert run["index_date"] == workbook.index_date
    assert "condition" not in run
    assert InequalitiesParams.of(workbook).condition == "copd"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {"confidence": 95},
            r"^InequalitiesParams: 1 fault\.\n- confidence: Input should be less than 1\nKnown names: ",
        ),
        ({"confidance": 0.9}, r"^InequalitiesParams: 1 fault\.\n- confidance: Extra inputs are not permitted\n"),
    ],
)
def test_a_notebooks_parameter_out_of_range_or_misspelt_is_one_sentence(value, words):
    from phm_utils.topics.inequalities.topic import TOPIC

    given = {"workbook": "demo", "area_code": "U99001", "index_date": "2025-03-31"}
    with pytest.raises(InputError, match=words) as error:
        TOPIC.own_parameters(**given | value)
    assert error.value.__suppress_context__
