"""Releases of each cohort, declared: size, attrition, profile, other characteristics and use."""

from functools import partial
from typing import Any

import pandas as pd

from phm_utils.measures.cohort_groups import DIMENSIONS
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.measures.usual_variation import WHY, usual_columns
from phm_utils.methods.discovery import of_one_page
from phm_utils.methods.rates import with_rates, with_shares
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Nested, Parts, SameAs, Steps, Whole
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, count, counts, derived, estimate, keys
from phm_utils.rules.columns import ACTIVITIES
from phm_utils.topics.cohorts.alike import RATIO

FAMILIES = 5  # of comparisons in the report: units, groups, groups of the same age, other characteristics, contacts
RATE = of_one_page(FAMILIES)
# Other characteristics of a cohort's members, as rules.
ALSO: dict[str, dict[str, Any]] = {
    "On the palliative care register": {"column": "palliative_care", "op": "is", "value": True},
    "Severe mental illness": {"column": "smi", "op": "is", "value": True},
    "Learning disability": {"column": "learning_disability", "op": "is", "value": True},
    "Dementia": {"column": "dementia", "op": "is", "value": True},
    "Four or more long-term conditions": {"column": "n_conditions", "op": "at least", "value": 4},
    "Smoker": {"column": "smoking_status", "op": "is", "value": "Current"},
    "Housebound": {"column": "housebound", "op": "is", "value": True},
    "Is a carer": {"column": "carer", "op": "is", "value": True},
    "Signals of no fixed abode": {"column": "no_fixed_abode", "op": "is", "value": True},
    "Lives in a probable care home": {"column": "probable_care_home", "op": "is", "value": True},
    "Adult social care service open": {"column": "asc_open", "op": "is", "value": True},
    "Named on two or more partner lists": {"column": "partner_lists", "op": "at least", "value": 2},
    "Emergency admission in 12 months": {"column": "emergency_admissions_12m", "op": "at least", "value": 1},
}
EVENTS = tuple(f"{name}_12m" for name in ACTIVITIES)


def _with_both_shares(shown: pd.DataFrame) -> pd.DataFrame:
    """The share of the cohort with limits, and that of everybody registered, from protected counts."""
    everybody = shown["people_all"] / shown["registered"].where(shown["registered"] > 0)
    return with_shares(shown, of="in_cohort").assign(share_all=everybody.clip(upper=1))


INNER, OUTER = ("cohort", "alternative"), ("within_cohort", "within_alternative")  # keys of NEST
DEFINED = tuple((name, AS_DEFINED) for name in (INNER[1], OUTER[1]))


def _nested(*counts: str, by: tuple[str, ...] = ("cohort",), either_way: tuple[str, ...] = ()) -> tuple[Nested, ...]:
    """Counts of a cohort's members are at most those of a cohort that it lies in.

    by: the key that names the cohort, as defined, or the two that name a cohort and its alternative.
    """
    only, names = DEFINED if len(by) == 1 else (), (INNER[: len(by)], OUTER[: len(by)])
    return tuple(Nested(name, by, NEST.name, *names, only, either_way) for name in counts)


def _whole(whole: str, within: str, around: str) -> Whole:
    """Of two cohorts of which one lies in the other, all members of the inner one are in both."""
    return Whole("people", whole, within, around, NEST.name, INNER[0], OUTER[0], DEFINED)


RATIOS = tuple(estimate(name, "people") for name in RATIO)
# Of every table here, for a run that lacks it: the part of the report, and what the run would need.
PART, NEEDS = "The chosen cohorts", "what their criteria ask for"
LEFT_OUT = Release(
    "cohort_left_out",
    "Cohorts that could not be counted, and the tables that they need",
    (AREA, *keys("cohort", "needs")),
    may_be_empty=True,
)
NEST = Release(
    "cohort_nest",
    "Cohorts and alternatives that lie within another by definition: each of their members is one of the other's",
    (AREA, *keys("cohort", "alternative", "within_cohort", "within_alternative")),
    may_be_empty=True,
)
ATTRITION = Release(
    "cohort_attrition",
    "People left after each criterion of a cohort, in order, and those whom it could not judge; step 0 is everybody "
    "registered",
    (AREA, PLACE, *keys("cohort", "step", "criterion"), *counts("people", "unknown")),
    relations=(AcrossAreas(("people", "unknown")), Steps("people", "step")),
    part=PART,
    needs=NEEDS,
)
ALTERNATIVE = Release(
    "cohort_alternative",
    "People in a cohort under other thresholds",
    (AREA, PLACE, *keys("cohort", "alternative"), count("people")),
    relations=(
        AcrossAreas(("people",)),
        *_nested("people", by=("cohort", "alternative")),
        SameAs("people", "cohort_size", "people", ("area_code", "cohort"), (("alternative", AS_DEFINED),)),
    ),
    part=PART,
    needs=NEEDS,
)
SIZE = Release(
    "cohort_size",
    "People in each cohort, their share of everybody registered, and the ratio to what the ICS's rates by age and sex "
    "would give",
    (AREA, PLACE, *keys("cohort"), *counts("people", "registered"), *SHARES, *RATIOS),
    relations=(AcrossAreas(("people", "registered")), AtMost("people", "registered"), *_nested("people")),
    derive=with_shares,
    part=PART,
    needs=NEEDS,
)
UNIT = Release(
    "cohort_unit",
    "People in each cohort by practice of a PCN, or PCN of the ICS, and their share of everybody registered there",
    (
        *(AREA, *keys("unit_code", "unit_name"), WHY, PLACE, *keys("cohort"), *counts("people", "registered")),
        *(*usual_columns("people"), *SHARES),
    ),
    relations=(AcrossUnits(("people", "registered")), AtMost("people", "registered"), *_nested("people")),
    derive=with_shares,
    part=PART,
    needs=NEEDS,
)
PROFILE = Release(
    "cohort_profile",
    "Who is in each cohort: people by age, sex, deprivation and ethnic group, their share of that group, "
    "and the ratio to what the area's rates by age and sex would give",
    (
        *(AREA, PLACE, *keys("cohort", "dimension", "level"), *counts("people", "registered", "in_cohort"), *SHARES),
        *RATIOS,
    ),
    relations=(
        *(AcrossAreas(("people", "registered", "in_cohort")), Parts("people", ("level",), "in_cohort")),
        AtMost("people", "registered"),
        *_nested("people", "in_cohort"),
    ),
    derive=with_shares,
    part="Who is in the cohorts",
    needs=NEEDS,
    one_of=tuple(column for *_, column in DIMENSIONS.values()),
)
OVERLAP = Release(
    "cohort_overlap",
    "Other characteristics of a cohort's members: people, and their share of the cohort and of everybody registered",
    (
        *(AREA, PLACE, *keys("cohort", "also"), *counts("people", "in_cohort", "people_all", "registered"), *SHARES),
        derived("share_all"),
    ),
    relations=(
        AcrossAreas(("people", "in_cohort", "people_all", "registered")),
        *(AtMost("people", "in_cohort"), AtMost("people", "people_all"), AtMost("people_all", "registered")),
        *_nested("people", "in_cohort"),
    ),
    derive=_with_both_shares,
    part="Other characteristics of the cohorts' members",
    needs=NEEDS,
    one_of=tuple(rule["column"] for rule in ALSO.values()),
)
USE = Release(
    "cohort_use",
    "Contacts of a cohort's members and of everybody registered, 12 months; rates per 1,000 people, and the standard "
    "error of each rate's logarithm, from how people differ",
    (
        *(AREA, PLACE, *keys("cohort", "compared"), count("people")),
        *(count(name, "events", people=f"{name}_people", optional=True) for name in EVENTS),
        *(derived(f"{name}_per_1000", optional=True) for name in EVENTS),
        *(estimate(f"{name}_error", name, people=f"{name}_people", optional=True) for name in EVENTS),
    ),
    relations=(AcrossAreas(("people",)), *_nested("people", *EVENTS)),
    derive=partial(with_rates, events=EVENTS),
    part=PART,
    needs=NEEDS,
)
PAIR = Release(
    "cohort_pair",
    "People who are in both of two cohorts",
    (AREA, PLACE, *keys("cohort", "other"), *counts("people", "in_cohort", "in_other")),
    relations=(
        AcrossAreas(("people", "in_cohort", "in_other")),
        *(AtMost("people", "in_cohort"), AtMost("people", "in_other")),
        *_nested("people", either_way=("cohort", "other")),
        *(_whole("in_cohort", "cohort", "other"), _whole("in_other", "other", "cohort")),
    ),
    part="People in several cohorts",
    needs="two cohorts",
)
IN_PROGRAMME = Release(
    "cohort_programme",
    "People of a cohort who were ever enrolled in a programme",
    (AREA, PLACE, *keys("cohort", "programme"), *counts("people", "in_cohort"), *SHARES),
    relations=(AcrossAreas(("people", "in_cohort")), AtMost("people", "in_cohort"), *_nested("people", "in_cohort")),
    derive=partial(with_shares, of="in_cohort"),
    part="Programmes that the cohorts' members were in",
    needs="enrolments in a programme",
)
RELEASES = (LEFT_OUT, ATTRITION, ALTERNATIVE, SIZE, UNIT, PROFILE, OVERLAP, PAIR, IN_PROGRAMME, USE)
