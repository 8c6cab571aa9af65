"""Twelve panels with a known rate ratio, made outside this project: see the folder's README."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from phm_utils.topics.evaluation.analysis import analyse
from phm_utils.topics.evaluation.panel import NEVER, Panel

REAL = Path(os.environ.get("PHM_REAL_DATA", "absent")) / "evaluation"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="PHM_REAL_DATA holds no folder `evaluation`")


def read_panel(path: Path) -> Panel:
    """One file as a panel; columns as its README says."""
    rows = pd.read_parquet(path)
    enrolled = np.where(rows["enrol_month"] >= 0, rows["enrol_month"], NEVER)
    people = pd.DataFrame(
        {"person_id": rows["person_id"], "pcn_code": [f"P{n:02d}" for n in rows["pcn"]], "joins": 0.0,
         "leaves": rows["exit_month"].astype(float), "palliative": NEVER, "enrolled": enrolled,
         "enrolled_any": enrolled, "age band": rows["ageband"], "sex": rows["sex"], "deprivation": rows["imd_q"],
         "mental health": rows["mh"], "substance use": rows["substance"], "long-term conditions": rows["ltc"]}
    )  # fmt: skip
    counts = {"ed_attendances": rows[[f"ed_{m:02d}" for m in range(36)]].to_numpy(int)}
    control = rows[[f"nc_{m:02d}" for m in range(24, 36)]].to_numpy(int)
    counts["control"] = np.hstack([np.zeros((len(rows), 24), int), control])
    return Panel(people, counts, pd.date_range("2022-04-01", periods=36, freq="MS"))


@pytest.fixture(scope="module")
def results(programme) -> pd.DataFrame:
    """One row per panel: its truth, its headline, before/after and the checks that failed."""
    with_control = programme.model_copy(update={"negative_control": "control"})
    rows = []
    for truth in json.loads((REAL / "hiu_truth.json").read_text(encoding="utf-8")):
        tables = analyse(read_panel(REAL / truth["file"]), with_control, 280.17)
        effect = tables["effect"].set_index("estimator")
        head = effect.loc["doubly_robust"]
        check = tables["check"].set_index("check_name")
        rows.append(
            truth
            | {"estimate": head["rate_ratio"], "lower": head["lower"], "upper": head["upper"],
               "alarm": not check.loc["Negative control", "passed"],
               "bias": check.loc["Negative control", "sentence"],
               "before_after": effect.loc["before_after", "rate_ratio"],
               "controls": effect.loc["before_after_controls", "rate_ratio"]}
        )  # fmt: skip
    return pd.DataFrame(rows)


def test_the_truth_lies_within_the_limits_where_selection_is_recorded(results):
    recorded = results[results["selection"] != "unobs"]
    covered = (recorded["lower"] <= recorded["true_rr"]) & (recorded["true_rr"] <= recorded["upper"])
    assert covered.sum() >= 8  # of ten, at 95%
    error = np.log(recorded["estimate"] / recorded["true_rr"])
    assert abs(error.mean()) < 0.08


def test_without_any_effect_before_after_falls_by_a_third_and_more_and_the_estimate_covers_none(results):
    nothing = results[(results["true_rr"] == 1) & (results["selection"] != "unobs")]
    assert (nothing["before_after"] < 0.7).all()
    assert (nothing["controls"] < 0.7).all()  # those without a programme fall as much
    assert ((nothing["lower"] <= 1) & (nothing["upper"] >= 1)).all()


def test_selection_on_what_is_not_recorded_could_explain_the_whole_estimate_and_is_said_to(results):
    unrecorded = results[results["selection"] == "unobs"]
    assert unrecorded["bias"].str.contains("which could explain the whole estimate").all()


def test_a_large_effect_is_not_blamed_on_selection(results):
    large = results[(results["true_rr"] == 0.59)]
    assert not large["alarm"].any()
    assert large["bias"].str.contains("compatible with a bias of up to a factor of 1").all()
    assert not large["bias"].str.contains("explain the whole").any()
