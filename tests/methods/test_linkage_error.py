"""Linkage error as shares, and what it does to a count: hand-worked, with properties and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods.linkage_error import (
    count_range,
    lowest_threshold,
    precision,
    shares_from_checks,
    shares_from_test,
)

SHARE = st.floats(0, 0.9)


def errors(false=(0.0, 0.0), missed=(0.0, 0.0)):
    return pd.DataFrame(
        {"false_lower": [false[0]], "false_upper": [false[1]], "missed_lower": [missed[0]], "missed_upper": [missed[1]]}
    )


def checks(**changed):
    """1,000 records of 1,000 people, of which sex and month of birth could be checked in all that are joined."""
    row = {"records": 1000, "linked": 960, "agree": 940, "sex_differs": 10, "month_differs": 10, "conflicts": 20,
           "conflict_people": 20, "checked_people": 980, "seen": 0.5}  # fmt: skip
    return pd.DataFrame([row | changed])


def test_a_count_is_cut_by_false_links_and_raised_by_missed_ones():
    # Low: 1000 x (1 - .02) / (1 - .05) = 1031.58; high: 1000 x (1 - .01) / (1 - .10) = 1100.
    low, high = count_range(1000, errors((0.01, 0.02), (0.05, 0.10)))
    assert low[0] == pytest.approx(1031.579, abs=0.001)
    assert high[0] == pytest.approx(1100)


@given(st.integers(0, 10**7), SHARE, SHARE, SHARE, SHARE)
def test_the_range_is_in_order_and_perfect_links_change_nothing(count, a, b, c, d):
    low, high = count_range(count, errors(sorted((a, b)), sorted((c, d))))
    assert low[0] <= high[0]
    assert count_range(count, errors())[0][0] == count_range(count, errors())[1][0] == count


def test_what_is_not_known_gives_no_range():
    low, high = count_range(1000, errors((0.01, 0.02), (0, np.nan)))
    assert low[0] == pytest.approx(980)
    assert np.isnan(high[0])
    assert np.isnan(count_range(1000, errors(missed=(0, 1)))[1][0])  # everything may be missed
    assert np.isnan(count_range(pd.NA, errors())[0][0])  # a suppressed count


def test_percentages_and_negative_counts_are_refused():
    with pytest.raises(InputError, match="not from 0 to 1"):
        count_range(10, errors((1, 2)))
    with pytest.raises(InputError, match="negative"):
        count_range(-1, errors())


def test_conflicts_tell_of_as_many_strangers_unseen():
    # 20 conflicts, of which 10 x 10 / 940 = 0.106 are two slips; as many again (.5 / .5) among 960 joined.
    found = shares_from_checks(checks()).iloc[0]
    assert found["false_share"] == pytest.approx((20 - 100 / 940) / 960)
    # Of a fair coin's tails before the 20th head 2.5% are 9 or fewer, and before the 21st 97.5% 35 or fewer.
    assert found["false_lower"] == pytest.approx((9 - 0.106) / 960, abs=1e-5)
    assert found["false_upper"] == pytest.approx((35 - 0.106) / 960, abs=1e-5)
    assert np.isnan(found["missed_share"])
    assert found[["missed_lower", "missed_upper"]].tolist() == [0, pytest.approx(0.04)]


def test_limits_count_people_in_conflict_and_not_their_records():
    many = shares_from_checks(checks(conflict_people=2)).iloc[0]
    # Before the third of a fair coin's heads come 9 tails or fewer in 98% of trials; ten records each.
    assert many["false_upper"] == pytest.approx((90 - 0.106) / 960, abs=1e-4)
    assert many["false_share"] == shares_from_checks(checks()).iloc[0]["false_share"]


def test_no_conflict_is_no_proof():
    found = shares_from_checks(checks(conflicts=0, conflict_people=0, sex_differs=0)).iloc[0]
    assert found[["false_share", "false_lower"]].tolist() == [0, 0]
    # Five tails or fewer before the first head: 1 - .5^6 = 98.4%; of 950 joined records of 980 checked people.
    assert found["false_upper"] == pytest.approx(5 / 980, rel=1e-6)


def test_what_could_not_be_checked_is_missing():
    found = shares_from_checks(checks(agree=0, sex_differs=0, month_differs=0, conflicts=0, conflict_people=0,
                                      checked_people=0, seen=np.nan)).iloc[0]  # fmt: skip
    assert found[["false_share", "false_lower", "false_upper"]].isna().all()
    assert found["missed_upper"] == pytest.approx(0.04)


def test_the_estimate_from_conflicts_finds_the_strangers_that_were_planted():
    rng = np.random.default_rng(20)
    people, wrong = 200_000, 2_000
    sex, month = rng.integers(0, 2, people), rng.integers(0, 1000, people)
    holder = np.arange(people)
    holder[:wrong] = rng.integers(0, people, wrong)
    differs_sex, differs_month = sex != sex[holder], month != month[holder]
    both = (differs_sex & differs_month).sum()
    joined = people - both
    row = checks(
        records=people, linked=joined, agree=(~differs_sex & ~differs_month).sum(),
        sex_differs=(differs_sex & ~differs_month).sum(), month_differs=(~differs_sex & differs_month).sum(),
        conflicts=both, conflict_people=both, checked_people=people, seen=0.5 * 0.999,
    )  # fmt: skip
    found = shares_from_checks(row).iloc[0]
    true = (wrong - both) / joined
    assert found["false_lower"] < true < found["false_upper"]
    assert found["false_share"] == pytest.approx(true, rel=0.1)


def tried(**changed):
    row = {"records": 1000, "linked": 900, "unnumbered": 300, "tested": 200, "wrong": 2, "lost": 20,
           "set_aside": 0, "undecided": 0}  # fmt: skip
    return pd.DataFrame([row | changed])


def test_shares_of_the_test_are_spread_over_all_links():
    # False: 2 of 180 found, in 300 of 900 links. Right without number: 300 x 178/180 = 296.67;
    # 22 of 200 not joined rightly, so 296.67 x .11 / .89 = 36.67 missed of 600 + 296.67 + 36.67.
    found = shares_from_test(tried()).iloc[0]
    assert found["false_share"] == pytest.approx(2 / 180 / 3)
    assert found["missed_share"] == pytest.approx(36.667 / 933.333, rel=1e-4)
    # Wilson of 2 in 180: 0.31% to 3.96%.
    assert found["false_upper"] == pytest.approx(0.0396 / 3, abs=2e-5)


def test_no_more_can_be_missed_than_was_left_open():
    found = shares_from_test(tried(records=905)).iloc[0]
    assert found["missed_share"] == pytest.approx((305 - 296.667) / 905, rel=1e-4)
    assert shares_from_test(tried(records=pd.NA)).iloc[0]["missed_share"] == pytest.approx(36.667 / 933.333, rel=1e-4)


def test_records_whose_number_says_otherwise_are_missed_but_for_the_lower_limit():
    plain, aside = (shares_from_test(tried(set_aside=n)).iloc[0] for n in (0, 10))
    assert aside["missed_share"] == pytest.approx(46.667 / 943.333, rel=1e-4)
    assert aside["missed_lower"] == plain["missed_lower"]
    assert aside["missed_upper"] > plain["missed_upper"]
    undecided = shares_from_test(tried(undecided=10)).iloc[0]
    assert undecided[["missed_share", "missed_lower"]].tolist() == plain[["missed_share", "missed_lower"]].tolist()
    assert undecided["missed_upper"] == aside["missed_upper"]


def test_not_tested_is_missing_and_never_zero():
    assert shares_from_test(tried(tested=0, wrong=0, lost=0)).isna().all(axis=None)
    assert shares_from_test(tried(linked=0, unnumbered=0)).isna().all(axis=None)
    settled = shares_from_test(tried(records=900, unnumbered=0)).iloc[0]  # every record by its number
    assert (settled == 0).all()


@given(st.integers(0, 300), st.integers(0, 50), st.integers(0, 50))
def test_limits_enclose_the_shares(unnumbered, wrong, lost):
    found = shares_from_test(tried(unnumbered=unnumbered, wrong=wrong, lost=lost)).iloc[0]
    for share in ("false", "missed"):
        low, value, high = found[f"{share}_lower"], found[f"{share}_share"], found[f"{share}_upper"]
        assert np.isnan(value) or -1e-12 <= low <= value + 1e-9 <= high + 2e-9 <= 1 + 2e-9


def test_precision_weighs_each_band_by_its_pairs():
    strata = pd.DataFrame({"pairs": [100, 900], "reviewed": [50, 50], "matches": [40, 50]})
    value, lower, upper = precision(strata)
    assert value == pytest.approx(0.98)
    assert lower < 0.98 < upper
    # One band alone is Wilson's: 40 of 50 is 67.0% to 88.8%.
    assert precision(strata.head(1))[1:] == (pytest.approx(0.6696, abs=1e-3), pytest.approx(0.8876, abs=1e-3))
    assert np.isnan(precision(strata.assign(reviewed=[50, 0]))[0])


def test_the_lowest_threshold_is_none_where_no_band_is_good_enough():
    bands = pd.DataFrame({"band": [2, 4], "reviewed": [400, 400], "matches": [400, 400]})
    assert lowest_threshold(bands) == 2
    assert lowest_threshold(bands.assign(matches=[300, 400])) == 4
    assert lowest_threshold(bands.assign(reviewed=[4, 4], matches=[4, 4])) is None
