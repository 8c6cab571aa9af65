"""Target trials: who is in which one, what is known of them, what is counted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.topics.evaluation.covariates import covariates_of
from phm_utils.topics.evaluation.panel import NEVER
from phm_utils.topics.evaluation.trend import trend
from phm_utils.topics.evaluation.trials import build_trials, eligible_by_rule

SEVEN = {20: 4, 23: 3}  # eligible from month 24 to the one where month 20 leaves the window: 24-32
TREATED = {"T": {"pcn_code": "U1", "enrolled": 26.0, "enrolled_any": 26.0}}


@pytest.fixture
def trials_of(panel, programme):
    """The trials of one treated person and the people given."""
    return lambda counts, months=36, **people: build_trials(
        panel({"T": SEVEN} | counts, months, **(TREATED | people)), programme
    )


def controls(trials) -> list[int]:
    return trials.rows.loc[~trials.rows["treated"], "month"].tolist()


def test_the_rule_counts_the_twelve_months_before_and_not_the_month_itself(panel, programme):
    held = eligible_by_rule(panel({"A": {24: 7}}), programme)[0]
    assert np.flatnonzero(held).tolist() == list(range(25, 36))
    assert not eligible_by_rule(panel({"A": {24: 6}}), programme).any()


def test_controls_stand_in_the_months_in_which_somebody_enrolled_and_only_elsewhere(trials_of):
    trials = trials_of({"elsewhere": SEVEN, "same network": SEVEN}, **{"same network": {"pcn_code": "U1"}})
    assert trials.sites == ("U1",)
    assert controls(trials) == [26]
    assert trials.rows["person"].tolist() == [0, 1]


def test_a_control_may_stand_in_several_months(trials_of):
    second = {"pcn_code": "U1", "enrolled": 28.0, "enrolled_any": 28.0}
    assert controls(trials_of({"S": SEVEN, "C": SEVEN}, S=second)) == [26, 28]


@pytest.mark.parametrize(
    "state",
    [
        {"leaves": 26.0},  # died or left before the month
        {"joins": 26.5},  # came in it
        {"palliative": 25.9},
        {"enrolled_any": 26.0},  # in another programme of the kind
        {"enrolled_any": 20.0},
    ],
)
def test_who_is_gone_dying_or_enrolled_is_no_control(state, trials_of):
    many = {f"C{n}": SEVEN for n in range(60)}  # so that one person enrolled does not make U2 a site
    trials = trials_of({"X": SEVEN} | many, X=state)
    assert 1 not in trials.rows["person"].tolist()
    assert len(controls(trials)) == 60


def test_end_of_life_that_is_recorded_later_does_not_exclude(trials_of):
    assert controls(trials_of({"C": SEVEN}, C={"palliative": 26.1})) == [26]


def test_follow_up_starts_with_the_month_of_enrolment_and_ends_with_leaving(panel, programme):
    after = SEVEN | {25: 9, 26: 1, 27: 2, 31: 4, 32: 8}
    trials = build_trials(panel({"T": after, "C": after}, C={"leaves": 27.5}, **TREATED), programme)
    assert trials.rows["events"].tolist() == [7, 3]
    assert trials.rows["exposure"].tolist() == [6, 1.5]
    assert trials.rows["before"].tolist() == [16, 16]  # months 20-25


def test_follow_up_ends_with_the_panel_and_with_a_controls_own_enrolment(trials_of):
    many = {f"C{n}": SEVEN for n in range(60)}
    trials = trials_of({"C": SEVEN} | many, months=30, C={"enrolled_any": 28.0})
    assert trials.rows["exposure"].tolist()[:3] == [4, 2, 4]


def test_a_silent_month_counts_neither_as_time_nor_as_events(panel, programme):
    after = SEVEN | {25: 9, 26: 1, 27: 2, 28: 1, 31: 4}
    whole = panel({"T": after, "C": after}, C={"leaves": 28.5}, **TREATED)
    trials = build_trials(replace(whole, silent=(10, 28)), programme)
    assert trials.rows["exposure"].tolist() == [5, 2]
    assert trials.rows["events"].tolist() == [7, 3]
    by_month = trend(replace(whole, silent=(10, 28)), trials, programme, None).set_index(["month", "people_group"])
    assert by_month.loc[(2, "Enrolled"), "people"] == 0
    assert by_month.loc[(3, "Enrolled"), "people"] == 1


def test_enrolment_without_eligibility_history_or_first_place_is_counted_and_left_out(trials_of):
    site = {"pcn_code": "U1"}
    trials = trials_of(
        {"few": {20: 6}, "early": {5: 9}, "again": SEVEN, "C": SEVEN},
        few=site | {"enrolled": 26.0, "enrolled_any": 26.0},
        early=site | {"enrolled": 10.0, "enrolled_any": 10.0},
        again=site | {"enrolled": 26.0, "enrolled_any": 22.0},
    )
    flow = trials.flow[trials.flow["pcn_code"] == "U1"].sort_values("step")["people"].tolist()
    # eligible ever (T, again); enrolled, with history, first of kind, present, eligible; controls
    assert flow == [2, 4, 3, 2, 2, 1, 0]


def test_a_few_who_moved_do_not_make_their_new_network_a_site(trials_of):
    many = {f"C{n}": SEVEN for n in range(99)}
    trials = trials_of(many, C0={"enrolled": 24.0, "enrolled_any": 24.0})
    assert trials.sites == ("U1",)
    assert trials.rows["treated"].sum() == 2  # the mover is treated all the same


def test_covariates_count_only_months_before_the_trial(panel, programme):
    history = {1: 1, 12: 2, 13: 4, 15: 8, 16: 16, 22: 32, 23: 64, 24: 128}
    made = panel({"A": history | {25: 999}})
    table, logged = covariates_of(made, programme, np.ones((1, 36), bool), np.array([0, 0]), np.array([24, 25]))
    assert table["ED attendances 1 month before"].tolist() == [64, 128]
    assert table["ED attendances 2 months before"].tolist() == [32, 64]
    assert table["ED attendances 3 months before"].tolist() == [0, 32]
    assert table["ED attendances 7-9 months before"].tolist() == [24, 16]
    assert table["ED attendances 13-24 months before"].tolist() == [1 + 0, 1 + 2]
    assert logged["ED attendances 1 month before"].tolist() == pytest.approx(np.log1p([64, 128]).tolist())


def test_months_in_a_row_restart_after_a_break(panel, programme):
    made = panel({"A": {12: 7, 26: 7}})
    table, _ = covariates_of(
        made, programme, eligible_by_rule(made, programme), np.array([0, 0, 0]), np.array([24, 27, 30])
    )
    assert table["months in a row eligible"].tolist() == [12, 1, 4]


def test_a_missing_covariate_is_filled_and_flagged(panel, programme):
    made = panel({"A": SEVEN, "B": SEVEN, "C": SEVEN})
    made.people["deprivation"] = [1.0, np.nan, 3.0]
    table, _ = covariates_of(made, programme, np.ones((3, 36), bool), np.arange(3), np.full(3, 26))
    assert table["deprivation"].tolist() == [1, 2, 3]
    assert table["deprivation not known"].tolist() == [0, 1, 0]


def test_condition_recorded_after_the_trial_is_not_known_in_it(panel, programme):
    made = panel({"A": SEVEN, "B": SEVEN})
    since = pd.DataFrame(
        {"smi": [25.0, 27.0], "alcohol_problems": [NEVER, 3.0], "depression": [NEVER] * 2, "anxiety": [NEVER] * 2}
    )
    made = type(made)(made.people, made.counts, made.months, since)
    table, _ = covariates_of(made, programme, np.ones((2, 36), bool), np.arange(2), np.full(2, 26))
    assert table["severe mental illness"].tolist() == [1, 0]
    assert table["alcohol problems"].tolist() == [0, 1]
    assert "long-term conditions" not in table  # one each: nothing to balance


def test_a_panel_without_enough_months_or_counts_is_refused(panel, programme):
    with pytest.raises(InputError, match="24 months of activity"):
        build_trials(panel({"A": {}}, months=24), programme)
    with pytest.raises(InputError, match="no monthly count is called bed_days"):
        build_trials(panel({"A": {}}), programme.model_copy(update={"outcome": "bed_days"}))
