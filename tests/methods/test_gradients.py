"""Slope and relative index of inequality: exact lines, limits, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods import gradients


def fifths(values, population=(100,) * 5, se=0.001, area="E1") -> pd.DataFrame:
    return pd.DataFrame(
        {"area_code": area, "quantile": range(1, 6), "population": population, "value": values, "se": se}
    )


def test_a_straight_line_is_read_at_its_two_ends():
    # Equal fifths have mid-ranks 0.1 ... 0.9; values 10 + 20 x rank run from 10 to 30.
    row = gradients.slope_index(fifths([12, 16, 20, 24, 28])).loc["E1"]
    assert row[["intercept", "sii", "rii"]].tolist() == pytest.approx([10, 20, 3])
    assert row["sii_lower"] < 20 < row["sii_upper"]


def test_unequal_populations_move_the_midranks():
    share, rank = gradients.midranks(pd.Series([10, 30, 60]))
    assert share.tolist() == pytest.approx([0.1, 0.3, 0.6])
    assert rank.tolist() == pytest.approx([0.05, 0.25, 0.7])


def test_a_negative_multiplier_turns_the_direction_and_inverts_the_ratio():
    row = gradients.slope_index(fifths([12, 16, 20, 24, 28]), multiplier=-1).loc["E1"]
    assert row[["sii", "rii"]].tolist() == pytest.approx([-20, 1 / 3])


def test_a_line_on_the_log_scale_is_exact_for_a_constant_ratio():
    values = 5 * 2 ** np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    row = gradients.slope_index(fifths(values, se=0.01), scale="log", transform=True).loc["E1"]
    assert row[["sii", "rii"]].tolist() == pytest.approx([5, 2])


def test_the_same_seed_gives_the_same_limits_and_they_move_less_with_repetitions():
    groups = fifths([12, 15, 21, 24, 29], se=1.0)
    pd.testing.assert_frame_equal(gradients.slope_index(groups, seed=3), gradients.slope_index(groups, seed=3))
    few, many = (gradients.slope_index(groups, repeats=4, repetitions=n).loc["E1"] for n in (200, 20_000))
    assert many["sii_mad"] < few["sii_mad"]
    assert many["rii_mad"] < few["rii_mad"]


def test_limits_of_an_area_do_not_depend_on_which_others_are_there():
    first, second = fifths([12, 15, 21, 24, 29], se=1.0), fifths([9, 8, 7, 6, 5], se=1.0, area="E0")
    both = gradients.slope_index(pd.concat([first, second]))
    pd.testing.assert_frame_equal(both.loc[["E1"]], gradients.slope_index(first))


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_steep_straight_line_has_a_ratio_on_the_log_scale(scale):
    # Rates from 150 down to 20; four tenths of the people are in the last fifth.
    groups = fifths([150, 117.5, 85, 52.5, 20], population=(10, 15, 15, 20, 40), se=1.0 if scale == "linear" else 0.05)
    row = gradients.slope_index(groups, scale=scale).loc["E1"]
    assert row["clear"]
    assert row["sii_upper"] < 0
    if scale == "log":
        assert 0 < row["rii_lower"] < row["rii"] < row["rii_upper"] < 0.2
        assert row["rii_withheld"] is None
    else:
        assert row[["rii", "rii_lower", "rii_upper"]].isna().all()
        assert "reaches 0" in row["rii_withheld"]


def test_a_limit_that_is_no_ratio_is_withheld_and_the_ratio_stays():
    row = gradients.slope_index(fifths([9, 7, 5, 3, 1.2], se=1.0)).loc["E1"]
    assert row["rii"] > 0
    assert np.isnan(row["rii_lower"])
    assert row["rii_withheld"] == gradients.NO_LIMIT


def test_slope_and_ratio_of_one_fit_are_clear_together():
    rng = np.random.default_rng(1)
    areas = [fifths(rng.uniform(20, 30, 5), se=0.07, area=f"E{i}") for i in range(60)]
    found = gradients.slope_index(pd.concat(areas), scale="log", repetitions=1_000)
    assert 0.1 < found["clear"].mean() < 0.9
    assert (found["clear"] == ((found["rii_lower"] > 1) | (found["rii_upper"] < 1))).all()


def test_two_levels_give_two_pairs_of_limits_the_second_wider():
    row = gradients.slope_index(fifths([12, 15, 21, 24, 29], se=1.0), confidence=(0.95, 0.998)).loc["E1"]
    for name in ("sii", "rii"):
        assert row[f"{name}_lower_998"] < row[f"{name}_lower"] < row[name]
        assert row[f"{name}_upper_998"] > row[f"{name}_upper"] > row[name]


def test_quantiles_read_as_text_are_in_order_of_their_numbers():
    tenths = pd.DataFrame({"area_code": "E1", "quantile": range(1, 11), "population": 100, "se": 1.0})
    tenths["value"] = 50.0 - tenths["quantile"]
    as_text = gradients.slope_index(
        tenths.assign(quantile=tenths["quantile"].astype(str)).sample(frac=1, random_state=1)
    )
    assert as_text.loc["E1", "sii"] == pytest.approx(-10)
    pd.testing.assert_frame_equal(as_text, gradients.slope_index(tenths))


@pytest.mark.parametrize(
    ("scale", "rates", "transform"),
    [("log", np.ones(5), True), ("log", 0.6 ** np.arange(5), True), ("logit", 0.7 ** np.arange(5), True)],
)
def test_limits_cover_a_gradient_that_is_straight_on_its_scale(scale, rates, transform):
    # 300 areas (standard error .013); 2,000 and more gradients are in benchmarks/statistical_methods.py.
    rng = np.random.default_rng(4)
    people, areas = 2_000, 300
    line = fifths(0.1 * rates, population=(people,) * 5)
    true = gradients.slope_index(line, scale=scale).loc["E1"]
    counts = (
        rng.poisson(people * line["value"], (areas, 5))
        if scale == "log"
        else rng.binomial(people, line["value"], (areas, 5))
    )
    value = counts / people
    se = counts**-0.5 if scale == "log" else (people * value * (1 - value)) ** -0.5
    groups = pd.concat([line] * areas, ignore_index=True).assign(value=value.ravel(), se=se.ravel())
    found = gradients.slope_index(
        groups.assign(area_code=np.repeat(np.arange(areas), 5)), scale=scale, repetitions=2_000
    )
    for name in ("sii", "rii"):
        assert found[f"{name}_lower"].lt(true[name]).mul(found[f"{name}_upper"] > true[name]).mean() == pytest.approx(
            0.95, abs=0.03
        )


@settings(max_examples=20)
@given(st.permutations(list(range(5))))
def test_order_of_groups_does_not_change_the_slope(order):
    groups = fifths([12, 15, 21, 24, 29])
    first, second = (gradients.slope_index(g, repetitions=100) for g in (groups, groups.iloc[order]))
    pd.testing.assert_frame_equal(first, second)


def test_gaps_in_the_groups_are_refused():
    with pytest.raises(InputError, match="repeat a quantile"):
        gradients.slope_index(fifths([1] * 5).assign(quantile=1))
    with pytest.raises(InputError, match="fewer than 5"):
        gradients.slope_index(fifths([1] * 5).iloc[:4])
    with pytest.raises(InputError, match="1 of 5 groups lack"):
        gradients.slope_index(fifths([1, 2, None, 4, 5]))
    with pytest.raises(InputError, match="lack a quantile that others have, or skip one"):
        gradients.slope_index(fifths([1] * 5).assign(quantile=[1, 2, 3, 5, 6]))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"se": -1.0}, {}, "5 of 5 groups have a negative standard error"),
        ({"value": 0.0}, {"scale": "log"}, "outside 0 to inf"),
        ({"value": 1.0}, {"scale": "logit"}, "outside 0 to 1"),
        ({"quantile": list("abcde")}, {}, "quantile"),
        ({}, {"scale": "probit"}, "scale is 'probit'"),
        ({}, {"confidence": 95}, "confidence is 95"),
        ({}, {"multiplier": 0}, "multiplier is 0"),
        ({}, {"repetitions": 1}, "1 repetitions are too few"),
        ({"area_code": [1, 1, 1, 1, 2]}, {}, "fewer than 5"),
    ],
)
def test_what_gives_no_line_is_refused_by_name(change, options, message):
    with pytest.raises(InputError, match=message):
        gradients.slope_index(fifths([1.0] * 5).assign(**change), **options)


def test_limits_that_do_not_enclose_the_value_are_refused():
    groups = fifths([3.0] * 5).drop(columns="se")
    with pytest.raises(InputError, match="5 of 5 groups have limits that do not enclose"):
        gradients.slope_index(groups.assign(lower=4.0, upper=2.0))
