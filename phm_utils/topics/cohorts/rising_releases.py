"""Releases of rising contacts, declared: how many people are rising, and what is to be expected of those listed."""

import pandas as pd

from phm_utils.privacy.relations import AcrossAreas, AtMost
from phm_utils.privacy.release import AREA, PLACE, Release, count, counts, derived, estimate, keys

PART, NEEDS = "People whose contacts are rising", "two whole years of contacts of enough people"


def _with_means(shown: pd.DataFrame) -> pd.DataFrame:
    """Contacts of each person in the later year, from protected counts."""
    for group in ("flagged", "more"):
        people = shown[group].where(shown[group] > 0)
        shown = shown.assign(**{f"{group}_each": (shown[f"{group}_contacts"] / people).astype(float)})
    return shown


RISING = Release(
    "rising_contacts",
    "People with contacts in either of two years; new: others who had none in the year before, not judged; those with "
    "more in the later year; how many are estimated to be rising "
    "(rate at least doubled, beyond chance and what their practice's contacts changed by), with 95% limits; those "
    "flagged, and the share of them expected to be rising; and contacts of each in the later year and as expected in "
    "the next if every rise lasts",
    (
        *(AREA, PLACE, *keys("activity"), *counts("people", "new", "more", "flagged")),
        *(estimate(name, "rising_people") for name in ("rising", "lower", "upper")),
        estimate("share_real", "flagged"),
        count("flagged_contacts", "events", people="flagged"),
        count("more_contacts", "events", people="more"),
        *(derived("flagged_each"), derived("more_each")),
        estimate("flagged_expected", "flagged_contacts", people="flagged"),
        estimate("more_expected", "more_contacts", people="more"),
    ),
    relations=(
        AcrossAreas(("people", "new", "more", "flagged", "flagged_contacts", "more_contacts")),
        *(AtMost("more", "people"), AtMost("flagged", "people")),
    ),
    derive=_with_means,
    part=PART,
    needs=NEEDS,
)
STEADINESS = Release(
    "rising_steadiness",
    "How steady people's contacts are from year to year, by age and former use: k, where 1/k is the variance of a "
    "person's rate over its mean squared; differ: do people of the group differ in it?",
    (AREA, PLACE, *keys("activity", "age_band", "use_stratum", "differ"), count("people"), estimate("k", "people")),
    part=PART,
    needs=NEEDS,
)
LEFT_OUT = Release(
    "rising_left_out",
    "Activities whose rising contacts could not be judged, and what this run lacks",
    (AREA, *keys("activity", "needs")),
    may_be_empty=True,
)
RISING_RELEASES = (RISING, STEADINESS, LEFT_OUT)
