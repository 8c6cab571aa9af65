"""Best and worst case of a group's rate where the group of some people is not known, standardised as the rate is.

Crude bounds beside a standardised rate say nothing about it: points and bounds need one scale.
"""

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.standardisation import STRATUM, direct_rate
from phm_utils.methods.validation import counts, has_columns


def standardised_bounds(
    strata: pd.DataFrame, unknown: pd.DataFrame, standard: pd.Series, *, per: int = 100_000, people: bool = True
) -> pd.DataFrame:
    """Standardised rates of groups with their least and greatest, whatever the group of those not known.

    strata: one row per group (`area_code`) x `age_band`: `events` and `person_years` (> 0) of those whose
        group is known.
    unknown: one row per `age_band`: `events` and `person_years` of those whose group is not; an absent band has none.
    standard, per: as in `direct_rate`.
    people: are events people, counted once (who have a condition), and person-years people? Then the greatest is
        with all unknown who have it in the group and no other unknown, the least with all who have it not. For events
        of which one person can have several, the greatest leaves their time out and the least takes all
        time without an event: bounds no case can pass.

    Returns one row per group: `events`, `value`, `least` and `greatest` in units of `per`; all NaN but `events` where
    the rate is withheld (fewer than 10 known events). These are no limits of chance.
    Raises InputError where unknown people have more events than people, or an age band is not in the standard.

    >>> bands = ["0-64", "65+"]
    >>> strata = pd.DataFrame({"area_code": "Asian", "age_band": bands, "events": [10, 30], "person_years": [900, 100]})
    >>> unknown = pd.DataFrame({"age_band": bands, "events": [2, 10], "person_years": [50, 40]})
    >>> standardised_bounds(strata, unknown, pd.Series({"0-64": 3, "65+": 1}), per=100).round(1)
               events  value  least  greatest
    area_code
    Asian        40.0    8.3    6.6      10.1
    """
    has_columns(strata, *STRATUM, "events", "person_years")
    extra = _unknown(unknown, standard, people)
    joined = strata.merge(extra, how="left", on="age_band")
    known = direct_rate(strata, standard, per=per)
    parts = {"value": known["value"]}
    for name, events, time in (
        ("least", 0.0, joined["other_time"]),
        ("greatest", joined["unknown_events"], joined["event_time"]),
    ):
        case = joined.assign(events=joined["events"] + events, person_years=joined["person_years"] + time)
        # Withheld by the known events alone: a bound would give away what the point does not.
        parts[name] = direct_rate(case, standard, per=per)["value"].where(known["value"].notna())
    return pd.concat([known["events"], pd.DataFrame(parts)], axis=1)


def _unknown(unknown: pd.DataFrame, standard: pd.Series, people: bool) -> pd.DataFrame:
    """By age band of the standard: events of the unknown, the time of those who had them, and others' time."""
    has_columns(unknown, "age_band", "events", "person_years")
    if unknown["age_band"].duplicated().any() or not unknown["age_band"].isin(standard.index).all():
        raise InputError("The age bands of people whose group is not known repeat, or are not those of the standard.")
    events = counts(unknown["events"], "events", missing=False)
    years = counts(unknown["person_years"], "person_years", missing=False)
    if people and (over := int((events > years).sum())):
        raise InputError(
            f"{over} of {len(years)} age bands have more people with an event than people. Check the pair."
        )
    own = events if people else events * 0
    table = pd.DataFrame({"unknown_events": events, "event_time": own, "other_time": years - own})
    table = table.set_axis(pd.Index(unknown["age_band"], name="age_band")).reindex(standard.index, fill_value=0.0)
    return table.rename_axis("age_band").reset_index()
