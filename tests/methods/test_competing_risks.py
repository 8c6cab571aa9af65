"""Cumulative incidence with competing events: published and hand-worked values, properties, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods.competing_risks import cumulative_incidence, on_day

# Satagopan et al. 2004, Br J Cancer 91:1229, doi:10.1038/sj.bjc.6602102, table 2: the first nine of 305 patients; 1 is
# death from breast cancer, 2 from another cause. All others are followed for longer.
MONTHS = [7, 10, 14, 16, 18, 23, 24, 26, 27, *[60] * 296]
CAUSES = [0, 1, 0, 1, 2, 1, 0, 2, 1, *[0] * 296]


def of_cause(found: pd.DataFrame, cause: int) -> pd.DataFrame:
    return found[found["cause"] == cause].set_index("day")


def test_the_published_table_of_breast_cancer_deaths():
    found = cumulative_incidence(MONTHS, CAUSES)
    cancer = of_cause(found, 1).loc[[10, 16, 23, 27]]
    assert cancer["at_risk"].tolist() == [304, 302, 300, 297]
    # The paper rounds each step before it adds: 0.3, 0.6, 0.9 and 1.2%.
    assert (100 * cancer["incidence"]).tolist() == pytest.approx([0.3, 0.6, 0.9, 1.2], abs=0.13)
    assert (100 * of_cause(found, 1)["survival"]).round(1).tolist() == [99.7, 99.3, 99.0, 98.7, 98.3, 98.0]


def test_incidence_and_variance_match_hand_working():
    # Five people: first contact on days 1, 2 and 5, a death on day 2, and one not followed after day 3.
    # Day 1: 1/5. Day 2: 0.2 + 0.8 x 1/4 = 0.4; without any event 0.8 x 2/4 = 0.4. Day 5: 0.4 + 0.4 x 1/1 = 0.8.
    # Variance on day 2, from days 1 and 2 (F = 0.2 and 0.4):
    #   (0.4 - 0.2)^2 x 1 / (5 x 4)                                   = 0.002
    #   1^2 x 4 x 1 / 5^3 + 0.8^2 x 3 x 1 / 4^3 = 0.032 + 0.03        = 0.062
    #   -2 x (0.4 - 0.2) x 1 x 1 / 5^2                                = -0.016    in all 0.048
    found = of_cause(cumulative_incidence([1, 2, 2, 3, 5], [1, 2, 1, 0, 1]), 1)
    assert found["incidence"].tolist() == pytest.approx([0.2, 0.4, 0.8])
    assert found["survival"].tolist() == pytest.approx([0.8, 0.4, 0.0])
    assert found.loc[2, "error"] == pytest.approx(np.sqrt(0.048))
    # log(-log(0.6)) -+ 1.959964 x 0.219089 / (0.6 x 0.510826): 1 - 0.6^exp(-+1.401025)
    assert found.loc[2, "lower"] == pytest.approx(1 - 0.6 ** np.exp(-1.401025), rel=1e-5)
    assert found.loc[2, "upper"] == pytest.approx(1 - 0.6 ** np.exp(1.401025), rel=1e-5)


PEOPLE = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=40)


@given(PEOPLE)
def test_incidences_and_survival_add_up_to_one(people):
    found = cumulative_incidence(*zip(*people, strict=True))
    sums = found.groupby("day")["incidence"].sum() + found.groupby("day")["survival"].first()
    assert sums.to_numpy() == pytest.approx(np.ones(len(sums)))
    assert found.groupby("cause")["incidence"].apply(lambda column: column.is_monotonic_increasing).all()
    known = found.dropna(subset=["lower", "upper"])
    assert known["lower"].between(0, known["incidence"] + 1e-12).all()
    assert known["upper"].between(known["incidence"] - 1e-12, 1).all()


@given(PEOPLE)
def test_with_one_cause_it_is_kaplan_and_meiers_with_greenwoods_variance(people):
    day, cause = np.array([(day, min(cause, 1)) for day, cause in people]).T
    found = cumulative_incidence(day, cause)
    survival, greenwood = 1.0, 0.0
    for row in found.itertuples():
        died, there = ((day == row.day) & (cause == 1)).sum(), (day >= row.day).sum()
        survival *= 1 - died / there
        greenwood += died / (there * (there - died)) if there > died else 0.0
        assert row.incidence == pytest.approx(1 - survival)
        if there > died:
            assert row.error**2 == pytest.approx(survival**2 * greenwood, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 3)), min_size=1, max_size=40))
def test_where_everybody_is_followed_it_is_a_share_with_its_binomial_variance(people):
    day, cause = np.array(people).T
    for row in cumulative_incidence(day, cause).itertuples():
        share = ((day <= row.day) & (cause == row.cause)).mean()
        assert row.incidence == pytest.approx(share)
        assert row.error**2 == pytest.approx(share * (1 - share) / len(people), abs=1e-12)


def test_limits_hold_the_truth_as_often_as_they_say():
    # Contact at rate 0.2 and death at 0.05 a day, followed for 1 to 15 days: by day 7, 0.8 x (1 - exp(-1.75)).
    source, truth, held = np.random.default_rng(17), 0.8 * (1 - np.exp(-1.75)), 0
    for _ in range(600):
        contact, death = source.exponential(5, 150), source.exponential(20, 150)
        end = source.uniform(1, 15, 150)
        first = np.minimum.reduce([contact, death, end])
        cause = np.select([first == contact, first == death], [1, 2], 0)
        row = on_day(cumulative_incidence(first, cause), 1, 7)
        held += row["lower"] <= truth <= row["upper"]
    assert 0.93 <= held / 600 <= 0.97


def test_whoever_is_censored_on_the_day_of_an_event_was_at_risk_of_it():
    assert cumulative_incidence([3, 3], [1, 0])[["at_risk", "incidence"]].to_numpy().tolist() == [[2, 0.5]]


def test_nobody_and_nothing_gives_no_rows_and_no_limits():
    for given_days, causes in (([], []), ([3, 4], [0, 0])):
        found = cumulative_incidence(given_days, causes)
        assert len(found) == 0
        row = on_day(found, 1, 5)
        assert row["incidence"] == 0
        assert pd.isna(row["upper"])
    assert cumulative_incidence([1, 1], [1, 1])[["lower", "upper"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("days", "cause", "words"),
    [
        ([-1, 2], [1, 1], "1 of 2 days are missing or below 0"),
        ([np.nan, 2], [1, 1], "1 of 2 days are missing or below 0"),
        ([1, 2], [1, 0.5], "1 of 2 causes are none of 0, 1, 2"),
        ([1, 2], [1, -1], "1 of 2 causes"),
        ([1, 2], [1], "2 days and 1 causes"),
    ],
)
def test_what_cannot_be_counted_is_refused(days, cause, words):
    with pytest.raises(InputError, match=words):
        cumulative_incidence(days, cause)
