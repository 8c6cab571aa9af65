"""Standardised rates of events that are not independent, and inputs that are refused."""

import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.methods import rates

STANDARD = pd.Series({"0-64": 3, "65+": 1})
STRATA = pd.DataFrame({"area_code": "E1", "age_band": ["0-64", "65+"], "person_years": 1_000})


def repeats(people: int, each: int, age_band: str = "65+") -> pd.DataFrame:
    return pd.DataFrame({"area_code": "E1", "age_band": [age_band], "events_each": each, "people": people})


def test_a_band_without_events_counts_as_none():
    # 20 people with 2 each: 40 events in the old, weight 1/4: 40 / 1000 / 4 = 0.01
    row = rates.direct_rate_nonindependent(repeats(20, 2), STRATA, STANDARD).loc["E1"]
    assert row[["people", "events", "value"]].tolist() == pytest.approx([20, 40, 1_000])


def test_a_rate_on_few_people_is_withheld_however_many_their_events():
    one = rates.direct_rate_nonindependent(repeats(1, 12), STRATA, STANDARD).loc["E1"]
    assert one[["people", "events"]].tolist() == [1, 12]
    assert one[["value", "lower", "upper"]].isna().all()
    shown = rates.direct_rate_nonindependent(repeats(1, 12), STRATA, STANDARD, min_people=1).loc["E1"]
    assert 0 <= shown["lower"] < shown["value"] < shown["upper"]


def test_events_per_person_are_needed_in_the_strata_of_the_population():
    with pytest.raises(InputError, match="1 of 1 groups of people with events are in no stratum"):
        rates.direct_rate_nonindependent(repeats(20, 2, "90+"), STRATA, STANDARD)


def test_a_missing_variance_is_not_taken_for_none():
    strata = STRATA.assign(events=[10, 30], event_variance=[10.0, None])
    with pytest.raises(InputError, match="1 of 2 strata have a missing event_variance"):
        rates.direct_rate(strata, STANDARD)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": [-1, 2]}, "1 of 2 values of events are negative"),
        ({"events": [None, 2]}, "1 of 2 strata have a missing events"),
        ({"age_band": ["0-64", "0-64"]}, "1 of 1 areas lack one row"),
        ({"age_band": ["0-64", None]}, "1 of 1 areas lack one row"),
        ({"area_code": ["E1", None]}, "1 of 1 areas lack one row"),
    ],
)
def test_strata_that_cannot_be_used_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        rates.direct_rate(STRATA.assign(events=[10, 30]).assign(**change), STANDARD)


def test_a_standard_without_people_is_refused():
    with pytest.raises(InputError, match="sum to 0"):
        rates.direct_rate(STRATA.assign(events=[10, 30]), STANDARD * 0)
    with pytest.raises(InputError, match="1 age bands of the standard repeat"):
        rates.direct_rate(STRATA.assign(events=[10, 30]), STANDARD.set_axis(["0-64", "0-64"]))


def test_no_event_is_expected_where_the_reference_had_none_however_many_people():
    strata = STRATA.assign(person_years=[None, 1_000])
    assert rates.expected_events(strata, pd.Series({"0-64": 0, "65+": 0.1}))["E1"] == 100
    with pytest.raises(InputError, match="1 of 2 strata have a missing person_years"):
        rates.expected_events(strata, pd.Series({"0-64": 0.1, "65+": 0.1}))
