"""Which units differ: by hand, planted, none, too few, left out, apart by family; and whatever the order of rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.comparisons import (
    mirrored,
    rates_against,
    shares_against,
    the_others,
    units_among_others,
)

ABOVE, BELOW, CANNOT_TELL, TOO_FEW, NOT_COMPARED = "above", "below", "cannot tell", "too few", "not compared"


def verdicts(found: pd.DataFrame) -> list[str]:
    return found["verdict"].tolist()


def test_a_share_by_hand():
    # (0.15 - 0.1) / sqrt(0.1 x 0.9 / 1000) = 5.2705
    row = shares_against(pd.Series([150]), pd.Series([1_000]), 0.1).iloc[0]
    assert row["p"] == pytest.approx(2 * stats.norm.sf(5.27046), rel=1e-4)
    assert row["verdict"] == ABOVE
    # One comparison, found at a rate of 5%: limits at 95%. Wilson's of 150 in 1,000: 12.9% to 17.3%.
    assert (row["lower"], row["upper"]) == (pytest.approx(0.1292, abs=1e-4), pytest.approx(0.1735, abs=1e-4))


def test_limits_of_a_unit_that_was_picked_allow_for_that():
    found = shares_against(pd.Series([150, *[100] * 19]), pd.Series([1_000] * 20), 0.1)
    # 1 of 20 in one family: limits at 1 - 0.05 / 20 = 99.75%, so wider than its own at 95%.
    alone = shares_against(pd.Series([150]), pd.Series([1_000]), 0.1, confidence=0.9975).iloc[0]
    assert found.loc[0, ["lower", "upper"]].tolist() == pytest.approx(alone[["lower", "upper"]].tolist())
    assert found.loc[1, "upper"] == pytest.approx(shares_against(pd.Series([100]), pd.Series([1_000]), 0.1)["upper"][0])


def test_a_rate_against_another_estimate_by_hand():
    # Errors on the log scale: log(1.2) / 2 / 1.96 each; log(125 / 110) over the root of the sum of their squares.
    unit = pd.DataFrame({"value": [125.0], "lower": [125 / np.sqrt(1.2)], "upper": [125 * np.sqrt(1.2)]})
    other = unit * 110 / 125
    error = np.log(1.2) / 2 / stats.norm.isf(0.025)
    row = rates_against(unit, other).iloc[0]
    assert row["p"] == pytest.approx(2 * stats.norm.sf(np.log(125 / 110) / (error * np.sqrt(2))), rel=1e-9)
    assert row["comparator"] == pytest.approx(110)
    assert verdicts(rates_against(unit, 110.0)) == [ABOVE]  # the same number taken as known says more
    assert row["verdict"] == CANNOT_TELL


def test_a_share_against_another_estimate_keeps_its_limits_within_a_whole():
    share = pd.DataFrame({"value": [0.95], "lower": [0.8], "upper": [0.99]})
    # Errors on the logit scale: (4.595 - 1.386) / 3.92 = 0.8186; logit .95 is 2.944.
    row = rates_against(share, 0.5, scale="logit").iloc[0]
    assert row["p"] == pytest.approx(2 * stats.norm.sf(2.944 / 0.8186), rel=0.01)
    assert row["upper"] == pytest.approx(1 / (1 + np.exp(-2.944 - 1.96 * 0.8186)), rel=1e-3)
    assert rates_against(share, 0.5)["upper"][0] > 1
    assert verdicts(rates_against(share.assign(upper=1.0), 0.5, scale="logit")) == [TOO_FEW]
    with pytest.raises(InputError, match="scale"):
        rates_against(share, 0.5, scale="square root")


def test_those_planted_are_found_on_their_side_and_the_others_not():
    events = pd.Series([100] * 20)
    events[3], events[7] = 150, 55
    found = shares_against(events, pd.Series([1_000] * 20), 0.1)
    assert found.index[found["verdict"] == ABOVE].tolist() == [3]
    assert found.index[found["verdict"] == BELOW].tolist() == [7]


def test_where_none_differs_none_is_found():
    found = shares_against(pd.Series(range(90, 111)), pd.Series([1_000] * 21), 0.1)
    assert set(verdicts(found)) == {CANNOT_TELL}


def test_a_suppressed_count_and_a_small_unit_are_too_few():
    found = shares_against(pd.Series([None, 9, 20], dtype="Int64"), pd.Series([1_000, 90, 1_000]), 0.1)
    assert verdicts(found) == [TOO_FEW, TOO_FEW, BELOW]
    assert pd.isna(found.loc[0, "value"])
    assert verdicts(shares_against(pd.Series([995]), pd.Series([1_000]), 0.999)) == [TOO_FEW]  # one without expected
    rates = pd.DataFrame({"value": [0.0, 5.0, 5.0], "lower": [0.0, 4.0, np.nan], "upper": [1.0, 6.0, np.nan]})
    assert verdicts(rates_against(rates, 5.0)) == [TOO_FEW, CANNOT_TELL, TOO_FEW]


def test_one_unit_alone_is_compared_and_one_among_few_is_not():
    assert verdicts(shares_against(pd.Series([150]), pd.Series([1_000]), 0.1)) == [ABOVE]
    ten = units_among_others(pd.Series([*[100] * 9, 900]), pd.Series([1_000] * 10), kind="proportion")
    assert set(verdicts(ten)) == {TOO_FEW}


def test_a_unit_left_out_is_shown_and_not_judged():
    events, people = pd.Series([100, 500]), pd.Series([1_000] * 2)
    found = shares_against(events, people, 0.1, left_out=pd.Series([False, True]))
    assert verdicts(found) == [CANNOT_TELL, NOT_COMPARED]
    assert found.loc[1, "value"] == 0.5
    assert pd.isna(found.loc[1, "p"])


def test_families_are_judged_apart_and_a_family_without_any_difference_names_nobody():
    # p of 118 in 1,000 against 0.1 is .058; of 121, .027: alone it is found, in a family of ten equal ones it is not.
    events, people = pd.Series([121, *[100] * 9, 160, 155]), pd.Series([1_000] * 12)
    family = pd.Series([*["equal"] * 10, *["apart"] * 2])
    found = shares_against(events, people, 0.1, family=family)
    assert verdicts(found) == [*[CANNOT_TELL] * 10, ABOVE, ABOVE]
    assert verdicts(shares_against(events[:1], people[:1], 0.1)) == [ABOVE]
    # One of two families shows a difference: its two are found at 5% x 1 / 2, with limits at 97.5%.
    wide = shares_against(pd.Series([160]), pd.Series([1_000]), 0.1, confidence=0.975)
    assert found.loc[10, "upper"] == pytest.approx(wide.loc[0, "upper"])


def test_a_unit_that_stands_out_among_others_is_found_despite_their_usual_variation():
    rng = np.random.default_rng(4)
    shares = np.clip(rng.normal(0.1, 0.02, 40), 0.01, 1)
    shares[5] = 0.3
    events = pd.Series(rng.binomial(2_000, shares))
    found = units_among_others(events, pd.Series([2_000] * 40), kind="proportion")
    assert found.index[found["verdict"] != CANNOT_TELL].tolist() == [5]
    plain = shares_against(events, pd.Series([2_000] * 40), 0.1)
    assert (plain["verdict"] != CANNOT_TELL).sum() > 5  # chance alone does not make practices differ


def test_the_others_together_are_their_weighted_mean_with_limits():
    units = pd.DataFrame({"value": [0.1, 0.2, 0.4], "lower": [0.08, 0.17, 0.35], "upper": [0.12, 0.23, 0.45]})
    found = the_others(units, pd.Series([100, 300, 100]))
    # The first's others: (300 x 0.2 + 100 x 0.4) / 400; half widths .03 and .05 weigh as 300 and 100 do.
    half = np.hypot(300 * 0.03, 100 * 0.05) / 400
    assert found.loc[0, ["value", "lower", "upper"]].tolist() == pytest.approx(
        [0.25, 0.25 * np.exp(-half / 0.25), 0.25 * np.exp(half / 0.25)]
    )


def test_a_unit_without_limits_is_in_nobodys_comparator_and_a_family_of_one_has_none():
    units = pd.DataFrame({"value": [0.1, np.nan, 0.4], "lower": [0.08, np.nan, 0.35], "upper": [0.12, np.nan, 0.45]})
    found = the_others(units, pd.Series([100, 900, 100]), family=pd.Series(["Age"] * 3))
    assert found["value"].tolist() == pytest.approx([0.4, 0.25, 0.1])
    assert the_others(units, pd.Series([1] * 3), family=pd.Series(["a", "b", "c"])).isna().all(axis=None)


def test_two_units_compared_with_each_other_are_one_comparison():
    family = pd.Series(["Sex", "Age", "Sex", "Age", "Age", "Alone"])
    assert mirrored(family).tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("numerator", "denominator", "comparator", "words"),
    [
        ([1.0], [10], 1.5, "1 of 1 comparators are no shares"),
        ([-1], [10], 0.1, "negative"),
        ([1], [-10], 0.1, "negative"),
        (["many"], [10], 0.1, "not all numbers"),
        ([1], [10, 20], 0.1, "2 values"),
    ],
)
def test_what_is_no_share_is_refused(numerator, denominator, comparator, words):
    with pytest.raises(InputError, match=words):
        shares_against(pd.Series(numerator), pd.Series(denominator), comparator)


def test_limits_that_leave_out_their_value_labels_that_differ_and_missing_families_are_refused():
    with pytest.raises(InputError, match="lie outside their limits"):
        rates_against(pd.DataFrame({"value": [5.0], "lower": [6.0], "upper": [7.0]}), 5.0)
    with pytest.raises(InputError, match="labels"):
        shares_against(pd.Series([1], ["a"]), pd.Series([10], ["b"]), 0.1)
    with pytest.raises(InputError, match="have no family"):
        shares_against(pd.Series([1]), pd.Series([10]), 0.1, family=pd.Series([None]))
    with pytest.raises(InputError, match="confidence is 95"):
        shares_against(pd.Series([1]), pd.Series([10]), 0.1, confidence=95)
    with pytest.raises(InputError, match="negative"):
        the_others(pd.DataFrame({"value": [1.0], "lower": [0.5], "upper": [2.0]}), pd.Series([-1]))


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from("ab"), st.booleans()), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_changes_nothing(rows, random):
    frame = pd.DataFrame(rows, columns=["x", "family", "out"]).assign(n=1_000, share=lambda f: 0.05 + f["x"] / 4_000)
    units = pd.DataFrame({"value": frame["x"] + 1.0, "lower": (frame["x"] + 1) / 1.3, "upper": (frame["x"] + 1) * 1.3})
    order = list(range(len(frame)))
    random.shuffle(order)
    moved = frame.iloc[order]

    def shares(f):
        return shares_against(f["x"], f["n"], f["share"], family=f["family"], left_out=f["out"])

    pd.testing.assert_frame_equal(shares(moved).sort_index(), shares(frame))
    pd.testing.assert_frame_equal(  # columns in another order than the units' are put in order
        rates_against(units, moved["n"] / 10, family=moved["family"], left_out=moved["out"]),
        rates_against(units, frame["n"] / 10, family=frame["family"], left_out=frame["out"]),
    )
    pd.testing.assert_frame_equal(
        the_others(units.iloc[order], frame["n"], family=frame["family"]).sort_index(),
        the_others(units, frame["n"], family=frame["family"]),
        check_exact=False,
    )
