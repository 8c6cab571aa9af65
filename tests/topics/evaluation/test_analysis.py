"""One programme's tables: a known effect found, nothing found where there is nothing, gates that withhold."""

import numpy as np
import pandas as pd
import pytest

from phm_utils.topics.evaluation.analysis import COLUMNS, analyse
from phm_utils.topics.evaluation.interventions import Gates


@pytest.fixture(scope="module")
def worked(drawn_panel):
    return drawn_panel(1, 0.6)


@pytest.fixture(scope="module")
def tables(worked, programme):
    return analyse(worked, programme, 280.0)


def rows_by(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return table.set_index(column)


def test_a_planted_effect_lies_within_the_limits(tables):
    effect = rows_by(tables["effect"], "estimator")
    for estimator in ("doubly_robust", "entropy_balance"):
        assert effect.loc[estimator, "lower"] < 0.6 < effect.loc[estimator, "upper"]
        assert effect.loc[estimator, "upper"] < 1


def test_a_programme_that_does_nothing_falls_before_to_after_and_has_no_effect(drawn_panel, programme):
    effect = rows_by(analyse(drawn_panel(2, 1.0), programme, 280.0)["effect"], "estimator")
    assert effect.loc["before_after", "upper"] < 0.9  # "significant", and nothing happened
    assert effect.loc["before_after_controls", "upper"] < 0.9
    assert effect.loc["doubly_robust", "lower"] < 1 < effect.loc["doubly_robust", "upper"]
    assert not effect.loc["before_after", "evidence"]


def test_weights_balance_every_covariate(tables):
    balance = tables["balance"]
    assert balance["smd_before"].abs().max() > 0.05
    assert balance["smd_after"].abs().max() < 0.001


def test_trend_runs_together_before_enrolment_and_apart_after(tables):
    trend = tables["trend"].pivot(index="month", columns="people_group", values="rate")
    ratio = trend["Enrolled"] / trend["People like them, no programme"]
    assert list(trend.index) == list(range(-12, 6))
    assert ratio.loc[-3:-1].to_numpy() == pytest.approx(1, abs=1e-6)
    assert ratio.loc[0:].mean() == pytest.approx(0.6, abs=0.15)


def test_return_rests_on_the_headline(tables):
    head = rows_by(tables["effect"], "estimator").loc["doubly_robust"]
    money = rows_by(tables["return"], "measure")["value"]
    avoided = head["events"] * (1 / head["rate_ratio"] - 1)
    assert money["Attendances avoided"] == pytest.approx(avoided, abs=0.01)
    assert money["Saving"] == pytest.approx(avoided * 280, abs=3)
    assert money["Same period"] == pytest.approx(money["Saving"] / money["Cost"], rel=1e-4)


def test_saving_and_cost_are_of_the_same_months(tables):
    # People enrolled from month 24 to 29 and were followed for six months: to the end of month 34, eleven months.
    money = rows_by(tables["return"], "measure")["value"]
    assert money["Months"] == 11
    assert money["Cost"] == pytest.approx(80_000 * 11 / 12, abs=0.01)


def test_limits_of_the_return_are_those_of_the_effect(tables):
    head = rows_by(tables["effect"], "estimator").loc["doubly_robust"]
    money = rows_by(tables["return"], "measure")
    for limit, of_ratio in (("lower", "upper"), ("upper", "lower")):
        avoided = head["events"] * (1 / head[of_ratio] - 1)
        assert money.loc["Attendances avoided", limit] == pytest.approx(avoided, abs=0.01)
        assert money.loc["Same period", limit] == pytest.approx(avoided * 280 / (80_000 * 11 / 12), rel=1e-3)
    assert money.loc["Cashable", "lower"] < money.loc["Cashable", "value"] < money.loc["Cashable", "upper"]


def test_the_people_behind_each_figure_are_those_who_had_events(tables, worked):
    effect = rows_by(tables["effect"], "estimator")
    assert (effect["users"] <= effect[["treated", "control_people"]].max(axis=1)).all()
    assert 0 < effect.loc["doubly_robust", "users"] < effect.loc["doubly_robust", "treated"]
    assert (tables["return"]["users"] == effect.loc["doubly_robust", "users"]).all()
    trend = tables["trend"]
    assert (trend["users"] <= trend[["events", "people"]].min(axis=1)).all()


def test_a_few_peoples_events_are_no_rate_ratio(drawn_panel, programme):
    panel = drawn_panel(1, 0.6)
    after = np.isfinite(panel.people["enrolled"].to_numpy(float))
    kept = np.flatnonzero(after)[:9]  # of those enrolled, nine go on attending
    for person in np.setdiff1d(np.flatnonzero(after), kept):
        panel.counts["ed_attendances"][person, int(panel.people["enrolled"].iloc[person]) :] = 0
    effect = rows_by(analyse(panel, programme, 280.0)["effect"], "estimator")
    assert effect.loc["doubly_robust", ["rate_ratio", "lower", "upper"]].isna().all()
    assert "Fewer than 10 people of a group have events" in effect.loc["doubly_robust", "reason"]
    assert effect.loc["before_after", "users"] < 10


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ({"min_effective_per_treated": 500}, "effective control months"),
        ({"max_person_share": 0.00001}, "heaviest control"),
    ],
)
def test_a_gate_that_fails_withholds_the_effect_and_says_why(worked, programme, gate, says):
    tables = analyse(worked, programme.model_copy(update={"gates": Gates(**gate)}), 280.0)
    effect = rows_by(tables["effect"], "estimator")
    for estimator in ("doubly_robust", "entropy_balance"):
        assert effect.loc[estimator, ["rate_ratio", "lower", "upper", "log_se", "expected"]].isna().all()
        assert says in effect.loc[estimator, "reason"]
    assert effect.loc["before_after", "rate_ratio"] > 0
    assert effect.loc["before_after_elsewhere", "rate_ratio"] > 0
    assert tables["return"].empty
    assert "E-value" not in set(tables["check"]["check_name"])
    assert set(tables["trend"]["people_group"]) == {"Enrolled", "All eligible elsewhere, no programme"}


def test_an_effect_too_small_to_be_seen_is_withheld(worked, programme):
    hopeful = programme.plausible.model_copy(update={"lower": 0.99, "rate_ratio": 0.99})
    tables = analyse(worked, programme.model_copy(update={"plausible": hopeful}), 280.0)
    assert "80% power" in tables["effect"]["reason"].iloc[0]


def test_groups_that_no_weights_balance_are_not_compared(worked, programme):
    apart = worked.people.assign(deprivation=np.where(worked.people["pcn_code"] == "U1", 1.0, 5.0))
    tables = analyse(type(worked)(apart, worked.counts, worked.months), programme, 280.0)
    said = tables["effect"]["reason"].iloc[0]
    assert "No weighting balances the controls and the people enrolled on every covariate" in said
    assert "deprivation" not in said  # which covariate differs most may be chance: all are counted, none is named
    assert tables["balance"]["smd_after"].isna().all()
    # Counts are released rounded: a reason must not give the true one away.
    treated = str(int(tables["effect"]["treated"].iloc[0]))
    assert not any(treated in text for text in tables["effect"]["reason"])


def test_no_network_without_the_programme_is_a_reason_and_no_fault(worked, programme):
    only = worked.people["pcn_code"].eq("U1").to_numpy()
    alone = type(worked)(
        worked.people[only].reset_index(drop=True), {k: v[only] for k, v in worked.counts.items()}, worked.months
    )
    tables = analyse(alone, programme, 280.0)
    assert "No network is without" in tables["effect"]["reason"].iloc[0]
    for name, columns in COLUMNS.items():
        assert tables[name].dtypes.astype(str).to_dict() == columns


def test_a_programme_with_nobody_enrolled_is_a_reason_and_no_fault(worked, programme):
    none = worked.people.assign(enrolled=np.inf, enrolled_any=np.inf)
    tables = analyse(type(worked)(none, worked.counts, worked.months), programme, 280.0)
    assert "Fewer than 10" in tables["effect"]["reason"].iloc[0]
    assert tables["contacts"].empty


def test_the_same_panel_gives_the_same_tables(tables, worked, programme):
    for name, again in analyse(worked, programme, 280.0).items():
        pd.testing.assert_frame_equal(tables[name], again)
