"""Return on investment: the five ratios of one case, shares, seeded uncertainty, refusals."""

import numpy as np
import pytest

from phm_utils.errors import InputError
from phm_utils.methods.roi import break_even_share, return_ratios, return_uncertainty, split_saving

CASE = {"rate_ratio": 0.6, "log_se": 0.1, "events": 900, "unit_cost_gbp": 280, "cost_gbp": 40_000, "seed": 1}


def test_one_saving_gives_five_ratios_each_with_its_name():
    # GBP 230,000 in 6 months against GBP 80,000 a year: 230/80, 230/40, 460/80, 150/80, 190/40.
    table = return_ratios(230_000, 6, 80_000).set_index("measure")["ratio"]
    assert table.to_dict() == pytest.approx(
        {
            "As often reported": 2.875,
            "Same period": 5.75,
            "Annualised": 5.75,
            "Net, as often reported": 1.875,
            "Net, same period": 4.75,
        }
    )


def test_a_whole_year_makes_reported_and_same_period_equal():
    table = return_ratios(100, 12, 80).set_index("measure")["ratio"]
    assert table["As often reported"] == table["Same period"] == table["Annualised"]


def test_share_that_must_be_cash_to_break_even():
    assert break_even_share(230_000, 80_000) == pytest.approx(0.35, abs=0.005)  # as reported: 80 / 230
    assert np.isnan(break_even_share(-5, 80))


def test_parts_of_a_saving_make_the_whole():
    parts = split_saving(1000, cashable=0.1, cost_shifted=0.2).set_index("part")["gbp"]
    assert parts.to_dict() == pytest.approx({"Cashable": 100, "Cost shifted": 200, "Capacity released": 700})


def test_uncertainty_is_seeded_and_centred_on_the_estimate():
    first, again = return_uncertainty(**CASE), return_uncertainty(**CASE)
    assert first == again
    assert return_uncertainty(**CASE | {"seed": 2}) != first
    # 900 x (1 / 0.6 - 1) = 600 avoided x 280 = 168,000; ratio 4.2.
    assert first["saving_gbp"] == pytest.approx(168_000, rel=0.03)
    assert first["ratio"] == pytest.approx(4.2, rel=0.03)
    assert first["ratio_lower"] < 4.2 < first["ratio_upper"]


def test_without_variation_the_interval_is_that_of_the_effect():
    # exp(+-1.96 x 0.1) x 0.6 = 0.4932, 0.7299: 900 x (1 / ratio - 1) x 280 = 258,900 and 93,200.
    found = return_uncertainty(**CASE | {"cost_variation": 1e-6})
    assert found["saving_upper"] == pytest.approx(258_900, rel=0.01)
    assert found["saving_lower"] == pytest.approx(93_200, rel=0.01)


def test_a_programme_without_effect_pays_back_seldom():
    assert return_uncertainty(**CASE | {"rate_ratio": 1.0})["pays_back"] < 0.2


@pytest.mark.parametrize(("months", "cost"), [(0, 80_000), (6, 0)])
def test_no_time_or_no_cost_is_refused(months, cost):
    with pytest.raises(InputError, match="above 0 GBP"):
        return_ratios(230_000, months, cost)


def test_shares_above_one_are_refused():
    with pytest.raises(InputError, match="at most 1"):
        split_saving(1, cashable=0.8, cost_shifted=0.3)
