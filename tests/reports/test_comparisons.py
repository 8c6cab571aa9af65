"""Sentences of comparisons: who may be named, with what, and how rarely nobody's difference is named."""

import re

import numpy as np
import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.methods.comparisons import rates_against, shares_against, units_among_others
from phm_utils.reports.comparisons import Family, out_of, percent

SMOKERS = Family("of people smoke", "ward", "wards", "the average", percent, counted="smokers")
AMONG = Family("of people smoke", "practice", "practices", "what the others predict", percent, among_others=True)


def wards(smokers, people=1_000, **columns) -> pd.DataFrame:
    """Wards A, B, C, ... with their smokers, not yet judged."""
    names = [f"Ward {n:02d}" for n in range(1, len(smokers) + 1)]
    return pd.DataFrame({"unit": names, "events": smokers, "people": people, **columns})


def against(units: pd.DataFrame, comparator: float = 0.1, **given) -> pd.DataFrame:
    return units.join(shares_against(units["events"], units["people"], comparator, **given))


def among(events: pd.Series, people: int = 2_000) -> pd.DataFrame:
    """Practices judged by what the others predict, with limits of their own as a page has them."""
    units = wards(events, people).assign(unit=lambda f: f["unit"].str.replace("Ward", "Practice"))
    judged = units_among_others(units["events"], units["people"], kind="proportion")
    own = shares_against(units["events"], units["people"], 0.1)[["lower", "upper"]]
    usual = judged[["lower", "upper"]].add_prefix("usual_")
    return units.join(judged.drop(columns=["lower", "upper"])).join(own).join(usual)


def named(sentence: str) -> list[str]:
    """The units that a sentence names."""
    return re.findall(r"(?:Ward|Practice) \d\d", sentence)


def test_those_planted_are_named_with_value_limits_and_counts():
    judged = against(wards([100, 104, 150, 50, 99]))
    # Two of five: limits at 98%. Wilson's of 150 in 1,000: 12.6% to 17.8%; of 50: 3.6% to 6.9%.
    assert SMOKERS.standing_out(judged) == (
        "Of 5 wards compared, 2 differ from the average (10.0% of people smoke): "
        "above it Ward 03 (15.0%, 12.6% to 17.8%; 150 smokers); below it Ward 04 (5.0%, 3.6% to 6.9%; 50 smokers)."
    )


def test_where_none_differs_nobody_is_named():
    sentence = SMOKERS.standing_out(against(wards([100, 104, 96])))
    assert sentence == "Of 3 wards compared, none differs from the average (10.0% of people smoke) beyond chance."


def test_those_too_small_are_counted_and_not_named():
    sentence = SMOKERS.standing_out(against(wards(pd.array([None, 104, 96], "Int64"))))
    assert "Of 2 wards compared, none differs" in sentence
    assert sentence.endswith(" 1 is too small to compare.")
    assert named(sentence) == []
    nobody = SMOKERS.standing_out(against(wards(pd.array([None, None], "Int64"))))
    assert nobody == "No ward has enough to be compared with the average. 2 are too small to compare."


def test_one_alone_is_said_with_its_limits_whichever_way_it_falls():
    [more, same, few] = (
        against(wards(x, n)).iloc[0] for x, n in (([150], 1_000), ([100], 1_000), (pd.array([None], "Int64"), 1_000))
    )
    assert SMOKERS.own(more) == (
        "Ward 01: 15.0% of people smoke (12.9% to 17.3%; 150 smokers), more than the average (10.0%)."
    )
    assert SMOKERS.own(same) == (
        "Ward 01: 10.0% of people smoke (8.3% to 12.0%; 100 smokers), which cannot be told apart from the average "
        "(10.0%)."
    )
    assert SMOKERS.own(few) == "Ward 01: too few to compare with the average."


def test_a_number_that_is_known_and_too_small_to_compare_is_still_said():
    small = against(wards([9], 60)).iloc[0]
    assert SMOKERS.own(small).startswith(
        "Ward 01: 15.0% of people smoke (8.1% to 26.1%; 9 smokers); too few to compare"
    )


def test_a_unit_not_compared_is_marked_with_why_and_never_stands_out():
    out = pd.Series([False, True, True])
    judged = against(wards([100, 900, 800], why=["", "a prison", "a prison"]), left_out=out)
    assert SMOKERS.standing_out(judged) == (
        "The one ward compared cannot be told apart from the average (10.0% of people smoke). "
        "Not compared: Ward 02 and Ward 03 (a prison)."
    )
    assert SMOKERS.own(judged.iloc[1]).endswith("; not compared: a prison.")


def test_every_sentence_carries_its_caution():
    family = Family("of people smoke", "ward", "wards", "the average", percent, caution="Not adjusted for age.")
    for smokers in ([100, 104], [100, 200]):
        assert family.standing_out(against(wards(smokers))).endswith(" Not adjusted for age.")
    assert family.own(against(wards([100])).iloc[0]).endswith(" Not adjusted for age.")


def test_of_too_few_alike_nobody_is_named_however_far_apart():
    sentence = AMONG.standing_out(among(pd.Series([*[200] * 9, 1_900])))
    assert sentence == (
        "10 practices, 10.0% to 95.0% of people smoke: how much practices usually differ cannot be told from 10, "
        "so none is named."
    )


def test_a_practice_among_others_is_named_with_what_they_predict():
    rng = np.random.default_rng(4)
    events = pd.Series(rng.binomial(2_000, np.clip(rng.normal(0.1, 0.02, 40), 0.01, 1)))
    events[5] = 600
    sentence = AMONG.standing_out(among(events))
    assert named(sentence) == ["Practice 06"]
    assert re.search(r"Practice 06 \(30.0%, 2\d.\d% to 3\d.\d%; the others predict \d.\d% to 1\d.\d%\)", sentence)


def test_more_than_three_on_a_side_are_counted():
    sentence = SMOKERS.standing_out(against(wards([200, 201, 202, 203, 204, 100])))
    assert named(sentence) == ["Ward 05", "Ward 04", "Ward 03"]  # the clearest first
    assert "and 2 more" in sentence


def test_no_unit_is_named_without_limits():
    for judged in (against(wards([100, 200, 30, 400])), against(wards([150]))):
        sentence = SMOKERS.standing_out(judged)
        assert len(named(sentence)) == len(re.findall(r"Ward \d\d \(\d+\.\d%, \d+\.\d% to \d+\.\d%;", sentence)) > 0
        with pytest.raises(InputError, match="lower"):
            SMOKERS.standing_out(judged.drop(columns="lower"))


def test_a_share_out_of_a_number_is_never_rounded_to_none():
    assert [out_of(1_000)(share) for share in (0.0123, 0.00001, 0.25, 0.0)] == ["12.3", "0.01", "250", "0"]


def page_of_equals(kind: int, rng: np.random.Generator) -> str:
    """The sentence of a page of 20 units that do not differ: of shares, of rates, or of practices that usually vary."""
    if kind == 0:
        return SMOKERS.standing_out(against(wards(rng.binomial(1_000, 0.1, 20))))
    if kind == 1:
        shares = np.clip(rng.normal(0.1, 0.015, 20), 0.01, 1)
        return AMONG.standing_out(among(pd.Series(rng.binomial(2_000, shares))))
    value, reach = 100 * np.exp(rng.normal(0, 0.1, 20)), np.exp(1.959964 * 0.1)
    rates = pd.DataFrame({"value": value, "lower": value / reach, "upper": value * reach})
    judged = wards([0] * 20).join(rates_against(rates, 100.0))
    return Family("admissions", "ward", "wards", "the average").standing_out(judged)


@pytest.mark.full
def test_where_nothing_differs_at_most_seven_in_a_hundred_pages_name_anybody():
    rng = np.random.default_rng(15)
    pages = [bool(named(page_of_equals(n % 3, rng))) for n in range(500)]
    assert sum(pages) <= 0.07 * 500
