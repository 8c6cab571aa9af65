"""Life expectancy: a constant death rate, withheld areas, refusals."""

import numpy as np
import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.methods.life_tables import STARTS, life_expectancy


def table(rate=0.02, person_years=10_000, area="E1") -> pd.DataFrame:
    years = np.full(len(STARTS), float(person_years))
    return pd.DataFrame({"area_code": area, "start_age": STARTS, "person_years": years, "deaths": rate * years})


def test_at_the_last_age_the_expectancy_is_one_over_the_death_rate():
    # 200 deaths in 10,000 person-years: 50 years; Silcocks' variance 1 / (200 x 0.02^2) = 12.5
    row = life_expectancy(table()).iloc[-1]
    assert row["value"] == pytest.approx(50)
    assert row["upper"] - row["value"] == pytest.approx(1.959964 * np.sqrt(12.5), rel=1e-6)


def test_the_band_before_adds_the_years_lived_in_it():
    # 85-89: chance of death 5 x 0.02 / (1 + 2.5 x 0.02) = 0.095238; years 5 x (0.904762 + 0.5 x 0.095238) = 4.761905
    assert life_expectancy(table())["value"].iloc[-2] == pytest.approx(4.761905 + 0.904762 * 50, rel=1e-6)


def test_rows_keep_their_order_and_index_and_areas_are_apart():
    both = (
        pd.concat([table(), table(0.03, area="E2")]).sample(frac=1, random_state=1).set_index("start_age", drop=False)
    )
    answer = life_expectancy(both)
    assert answer.index.equals(both.index)
    alone = life_expectancy(table(0.03)).set_axis(list(STARTS))["value"]
    second = answer.loc[(both["area_code"] == "E2").to_numpy(), "value"]
    pd.testing.assert_series_equal(second.sort_index(), alone, check_names=False)


@pytest.mark.parametrize(
    "change",
    [
        {"person_years": 250},  # 5,000 in all
        {"deaths": -1},
        {"deaths": 20_000},  # more than people
        {"deaths": np.nan},
        {"person_years": 0, "deaths": 0},
    ],
)
def test_an_area_is_withheld_where_a_life_table_cannot_stand(change):
    assert life_expectancy(table().assign(**change)).isna().all(axis=None)


def test_an_area_where_nobody_of_the_last_band_dies_is_withheld():
    given = table()
    given.loc[given.index[-1], "deaths"] = 0
    assert life_expectancy(given).isna().all(axis=None)


def test_an_expectancy_whose_interval_is_wider_than_twenty_years_is_withheld():
    few = table(0.02, person_years=1_000)  # 20 deaths at 90 and over: 50 years, give or take 21.9
    assert life_expectancy(few).iloc[-1].isna().all()


def test_a_band_without_deaths_is_no_fault():
    given = table()
    given.loc[given["start_age"] == 5, "deaths"] = 0
    assert life_expectancy(given).notna().all(axis=None)


def test_other_age_bands_are_refused():
    with pytest.raises(InputError, match=r"1 of 1 areas lack one row .* \(first: E1\)"):
        life_expectancy(table().iloc[:-1])
    with pytest.raises(InputError, match="1 of 1 areas lack one row"):
        life_expectancy(table().assign(start_age=[*STARTS[:-1], 95]))
    with pytest.raises(InputError, match="lacks 1 columns"):
        life_expectancy(table().drop(columns="deaths"))
