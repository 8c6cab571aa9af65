"""A practice with a caution: shown with why, counted for no other's prediction, never named as standing out."""

import numpy as np
import pandas as pd

from phm_utils.measures.usual_variation import against_others, judged, with_why
from phm_utils.topics.inequalities.emergency_rates_page import among

CAUTIONS = pd.Series({"P15": "no GP event in the last 45 days of the extract"})


def practices(last: float = 420) -> pd.DataFrame:
    """Sixteen practices of two networks with about 200 of 2,000; `last` of the last; and their two networks."""
    events = [200, 190, 210, 205, 195, 200, 188, 212, 199, 201, 193, 207, 203, 197, 200, last]
    of_networks = pd.DataFrame({"area_code": ["U1", "U2"] * 8, "unit_code": [f"P{n}" for n in range(16)], "x": events})
    of_ics = pd.DataFrame({"area_code": "QZZ", "unit_code": ["U1", "U2"], "x": [1_600, 1_400 + last]})
    rows = pd.concat([of_networks, of_ics], ignore_index=True).astype({"x": float})
    return rows.assign(n=np.where(rows["area_code"] == "QZZ", 16_000.0, 2_000.0))


def shown(rows: pd.DataFrame) -> pd.DataFrame:
    found = against_others(rows, "QZZ", "x", "n", kind="proportion")
    found = found.assign(unit_name=found["unit_code"], value=found["x"] / found["n"], lower=0.08, upper=0.24)
    return judged(found, events="x")


def test_a_practice_with_a_caution_is_marked_and_not_judged():
    rows = shown(with_why(practices(), CAUTIONS, "QZZ"))
    assert shown(practices())["verdict"].iloc[15] == "above"
    assert rows["verdict"].iloc[15] == "not compared"
    assert rows[["usual_lower", "usual_upper", "p_adjusted", "pooled"]].iloc[15].isna().all()
    assert rows["why"].tolist() == [*[""] * 15, CAUTIONS["P15"], "", ""]


def test_it_counts_for_no_others_prediction():
    some, none = (shown(with_why(practices(last), CAUTIONS, "QZZ")) for last in (420, 2_000))
    columns = ["usual_lower", "usual_upper", "p_adjusted", "pooled"]
    pd.testing.assert_frame_equal(some[columns].iloc[:15], none[columns].iloc[:15])


def test_the_sentence_says_why_it_is_not_compared():
    sentence = among("practice").standing_out(shown(with_why(practices(), CAUTIONS, "QZZ")).iloc[:16])
    assert sentence.startswith("Of 15 practices compared, none differs from what the others predict")
    assert sentence.endswith(" Not compared: P15 (no GP event in the last 45 days of the extract).")


def test_a_network_is_compared_whatever_its_practices():
    codes = pd.Series({"U1": "a code of a practice that is a network's too"})
    assert (with_why(practices(), codes, "QZZ")["why"] == "").all()


def test_comparisons_of_several_families_are_held_to_one_rate_of_false_discoveries():
    equal = practices(200).assign(family="equal")
    apart = practices(420).assign(family="apart")
    found = against_others(pd.concat([equal, apart], ignore_index=True), "QZZ", "x", "n", kind="proportion",
                           families=["family"])  # fmt: skip
    alone = against_others(practices(420), "QZZ", "x", "n", kind="proportion")
    assert (found["p_adjusted"] <= 0.05).sum() == 1
    # One of two families is selected: its p-values count twice.
    assert found["p_adjusted"].iloc[33] == min(1, 2 * alone["p_adjusted"].iloc[15])
