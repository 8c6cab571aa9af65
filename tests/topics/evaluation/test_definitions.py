"""Definition files: what they mean, and which ones are refused."""

from pathlib import Path

import pytest
import yaml

from phm_utils.errors import InputError
from phm_utils.topics.evaluation.interventions import load_interventions

MINIMAL = {
    "programme": "HIU",
    "title": "A service",
    "kind": "support",
    "money": {"cost_gbp_per_year": 80_000},
    "plausible": {"rate_ratio": 0.86, "lower": 0.63, "upper": 1.16, "source": "somebody"},
}


def load(folder: Path, **changes):
    (folder / "a_service.yml").write_text(yaml.safe_dump(MINIMAL | changes), encoding="utf-8")
    return list(load_interventions(folder))


def test_a_minimal_file_gets_the_rule_and_gates_of_the_house(tmp_path):
    [programme] = load(tmp_path)
    assert programme.code == "a_service"
    assert (programme.eligibility.minimum, programme.eligibility.from_month, programme.eligibility.to_month) == (
        7,
        12,
        1,
    )
    assert (programme.gates.max_smd, programme.gates.min_effective_per_treated) == (0.1, 5)


def test_the_workbooks_own_files_are_valid():
    folder = Path(__file__).parents[3] / "parameters" / "interventions"
    assert {p.programme for p in load_interventions(folder)} >= {"HIU", "CHECKIN"}


@pytest.mark.parametrize("to_month", [0, -3])
def test_a_window_that_touches_follow_up_is_refused(tmp_path, to_month):
    with pytest.raises(InputError, match="touches follow-up"):
        load(tmp_path, eligibility={"from_month": 12, "to_month": to_month})


def test_first_crossing_is_refused(tmp_path):
    with pytest.raises(InputError, match="takes each person at a peak"):
        load(tmp_path, eligibility={"entry": "first_crossing"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"eligibility": {"from_month": 3, "to_month": 6}}, "to_month lies before from_month"),
        ({"eligibility": {"minimun": 7}}, "minimun"),
        ({"money": {"cost_gbp_per_year": 1, "cashable": 0.7, "cost_shifted": 0.7}}, "together exceed 1"),
        ({"plausible": MINIMAL["plausible"] | {"lower": 0.9}}, "must rise"),
        ({"code": "other"}, "leave out `code`"),
        ({"gates": {"max_smd": 0.5}}, "max_smd"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(tmp_path, changes, says):
    with pytest.raises(InputError, match=says):
        load(tmp_path, **changes)
