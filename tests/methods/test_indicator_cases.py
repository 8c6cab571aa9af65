"""Equal to PHEindicatormethods' published cases, to 1e-9 (simulated limits within 5%)."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from phm_utils.methods import count_limits, funnels, gradients, rates

FOLDER = Path(os.environ.get("PHM_REAL_DATA", "")) / "indicators"
pytestmark = pytest.mark.skipif(
    "PHM_REAL_DATA" not in os.environ or not FOLDER.is_dir(),
    reason="PHM_REAL_DATA is not set to a folder with `indicators`",
)
LEVELS = {0.95: "95_0cl", 0.998: "99_8cl"}
SIGNALS = {
    "High (0.001)": "high 99.8",
    "High (0.025)": "high 95",
    "Low (0.001)": "low 99.8",
    "Low (0.025)": "low 95",
    "Not significant": "within",
}


def case(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"pkg_{name}.csv", encoding="utf-8-sig")


def same(answer: pd.DataFrame, expected: pd.DataFrame, level: str, scale=1.0) -> None:
    columns = ["value", f"lower{level}", f"upper{level}"]
    mine = answer[["value", "lower", "upper"]].astype(float).mul(scale, axis=0).to_numpy()
    np.testing.assert_allclose(mine, expected[columns].to_numpy(float), rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize(("confidence", "level"), LEVELS.items())
def test_proportions_and_rates(confidence, level):
    p, r = case("proportion"), case("rate")
    same(rates.proportion(p["Numerator"], p["Denominator"], confidence), p, level, p["multiplier"])
    same(rates.crude_rate(r["Numerator"], r["Denominator"], 1, confidence), r, level, r["multiplier"])


def test_byars_limits_by_themselves():
    cases = case("byars_wilson").query("method == 'Byars' and confidence == '95%'")
    lower, upper = count_limits.byar_limits(cases["x"].to_numpy())
    np.testing.assert_allclose(lower, cases["lowercl"], rtol=1e-9)
    np.testing.assert_allclose(upper, cases["uppercl"], rtol=1e-9)


@pytest.mark.parametrize(("confidence", "level"), LEVELS.items())
def test_direct_rates(confidence, level):
    given = case("dsr_in").rename(columns={"area": "area_code", "ageband": "age_band", "pop": "person_years"})
    given["events"] = given["count"].fillna(0)
    standard = given.drop_duplicates("age_band").set_index("age_band")["esp2013"]
    expected = case("dsr_expected").set_index("area")
    answer = rates.direct_rate(given, standard, confidence=confidence)
    same(answer.loc[expected.index], expected, level)
    assert np.isnan(answer.loc["testdata_tiny", "value"])


@pytest.mark.parametrize(("confidence", "level"), LEVELS.items())
def test_direct_rates_of_events_that_are_not_independent(confidence, level):
    names = {"area": "area_code", "ageband": "age_band", "freq": "events_each", "persons": "people"}
    given = case("dsr_nonind_in").rename(columns=names)
    bands = given.drop_duplicates("age_band").set_index("age_band")
    strata = given.drop_duplicates(["area_code", "age_band"]).rename(columns={"pop": "person_years"})
    answer = rates.direct_rate_nonindependent(given, strata, bands["esp2013"], confidence=confidence)
    same(answer, case("dsr_nonind_expected").set_index("area"), level)


@pytest.mark.parametrize(("confidence", "level"), LEVELS.items())
def test_indirect_ratios_and_rates(confidence, level):
    given = case("isr_in").rename(columns={"area": "area_code", "ageband": "age_band", "pop": "person_years"})
    reference = given.drop_duplicates("age_band").set_index("age_band").eval("refcount / refpop")
    expected_events = rates.expected_events(given, reference)
    observed = given.groupby("area_code")["count"].sum()
    for kind, published in case("isr_expected").groupby(case("isr_expected")["statistic"].str.contains("ratio")):
        published = published.set_index("area")
        if kind:
            answer = rates.indirect_ratio(observed, expected_events, confidence)
        else:
            answer = rates.indirect_rate(observed, expected_events, published["ref_rate"].iloc[0], confidence)
        same(answer.loc[published.index], published, level)


@pytest.mark.parametrize("name", ["sii_1", "sii_61", "sii_71", "sii_111", "sii_246", "sii_306", "sii_406", "sii_466"])
def test_slope_and_relative_index(name):
    rows = case("sii_in_and_expected").query("case == @name")
    first = rows.iloc[0]
    names = {"Area": "area_code", "Quantile": "quantile", "Population": "population", "Value": "value"}
    answer = gradients.slope_index(
        rows.rename(columns=names | {"LowerCL": "lower", "UpperCL": "upper"}),
        scale=("linear", "log", "logit")[int(first["value_type"])],
        transform=bool(first["transform"]),
        multiplier=first["multiplier"],
        confidence=first["confidence"] / 100,
        repetitions=20_000,
    )
    expected = rows.dropna(subset="sii").set_index("Area")
    for column in ("sii", "rii"):
        np.testing.assert_allclose(answer[column], expected[column], rtol=1e-9)
    if expected["Intercept"].notna().all():
        np.testing.assert_allclose(answer["intercept"], expected["Intercept"], rtol=1e-9)
    for column in ("sii_lower", "sii_upper", "rii_lower", "rii_upper"):
        published = expected[column.replace("er", "ercl_1")]
        if published.notna().all():
            np.testing.assert_allclose(answer[column], published, rtol=0.05)


def test_life_expectancy():
    answer = rates.life_expectancy(case("le_in").rename(columns={"startage": "start_age", "pops": "person_years"}))
    np.testing.assert_allclose(answer, case("le_expected")[["value", "lowercl", "uppercl"]], rtol=1e-9)


@pytest.mark.parametrize(
    ("group_set", "test", "groups", "descending"),
    [("IndSex", "Gooddata", 7, False), ("IndSexReg", "Gooddata", 10, False), ("IndSexReg", "GooddataDups", 10, True)],
)
def test_quantiles_within_groups(group_set, test, groups, descending):
    rows = case("quantiles").query("GroupSet == @group_set and Test == @test")
    by = rows["IndSexRef"] + (rows["ParentCode"] if group_set == "IndSexReg" else "")
    answer = rates.quantile(rows["Value"], groups, by=by, descending=descending)
    np.testing.assert_array_equal(answer.astype(float), rows["QuantileInGrp"])


def test_funnels_of_proportions():
    given, limits = case("funnel_prop_inputs"), case("funnel_prop_outputs")
    signals = funnels.classify(given["numerator"], given["denominator"], kind="proportion")
    assert (signals == given["significance"].map(SIGNALS)).all()
    target = given["numerator"].sum() / given["denominator"].sum()
    answer = funnels.limits(limits["Population"], target, kind="proportion", per=100).drop(columns="size")
    # Published to six decimals.
    expected = limits[["Lower2s0025limit", "Upper2s0025limit", "Lower3s0001limit", "Upper3s0001limit"]]
    np.testing.assert_allclose(answer, expected, atol=1e-6)


def test_funnels_of_ratios():
    given = case("funnel_ratio_inputs")
    assert (funnels.classify(given["obs"], given["expected"], kind="ratio") == given["significance"].map(SIGNALS)).all()
