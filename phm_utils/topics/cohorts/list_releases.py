"""Releases of lists and what came of them: reach, statuses, time to first contact, and who was not tried."""

from functools import partial

import pandas as pd

from phm_utils.measures.cohort_groups import DIMENSIONS
from phm_utils.methods.rates import proportion, with_shares
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Parts, RowSum, SameAs
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, estimate, key, keys

PART, NEEDS = "What came of lists", "a list that was asked for up to the index date"
PEOPLE = (
    "listed",
    "here",
    "ended",
    "tried",
    "not_tried",
    "ended_untried",
    "contacted",
    "reached",
    "thrice",
    "this_month",
)


def _share_reached(shown: pd.DataFrame) -> pd.DataFrame:
    """The share reached of those listed, with limits, from protected counts."""
    found = proportion(shown["reached"], shown["listed"])
    return shown.assign(share=found["value"], lower=found["lower"], upper=found["upper"])


LISTS = Release(
    "list_people",
    "People on the lists of each cohort, each once: here (still with the practice of the list), ended (died, moved or "
    "no longer in the extracts); tried (somebody wrote, called or met them), not_tried (here, and nobody did), "
    "ended_untried; contacted, reached (spoken with, or came), thrice (here, tried on three days or more and not "
    "reached), this_month (any contact in the month of the index date); and the share reached",
    (
        *(AREA, PLACE, *keys("cohort"), key("lists", "int"), *keys("first_list", "last_list")),
        *(*counts(*PEOPLE), *SHARES),
    ),
    relations=(
        AcrossAreas(PEOPLE, exact=False),
        RowSum(("here", "ended"), "listed"),
        RowSum(("tried", "not_tried", "ended_untried"), "listed"),
        *(AtMost("not_tried", "here"), AtMost("ended_untried", "ended"), AtMost("contacted", "tried")),
        *(AtMost("reached", "contacted"), AtMost("this_month", "contacted")),
        *(AtMost("thrice", "tried"), AtMost("thrice", "here")),
    ),
    derive=_share_reached,
    part=PART,
    needs=NEEDS,
)


def _same(count: str, there: str) -> SameAs:
    return SameAs(count, LISTS.name, there, ("area_code", "cohort"))


STATUS = Release(
    "list_status",
    "People on the lists of each cohort who ever had a status since, and their share of those listed. A person has a "
    "history, so the statuses do not add up",
    (AREA, PLACE, *keys("cohort", "status"), *counts("people", "listed"), *SHARES),
    relations=(AcrossAreas(("people", "listed"), exact=False), AtMost("people", "listed"), _same("listed", "listed")),
    derive=partial(with_shares, of="listed"),
    part=PART,
    needs=NEEDS,
)
GROUP = Release(
    "list_group",
    "People on the lists of each cohort by age, sex, deprivation and ethnic group, and how many of them were reached",
    (
        *(AREA, PLACE, *keys("cohort", "dimension", "level")),
        *(*counts("reached", "listed", "all_reached", "all_listed"), *SHARES),
    ),
    relations=(
        AcrossAreas(("reached", "listed", "all_reached", "all_listed"), exact=False),
        *(AtMost("reached", "listed"), AtMost("reached", "all_reached"), AtMost("listed", "all_listed")),
        *(Parts("reached", ("level",), "all_reached"), Parts("listed", ("level",), "all_listed")),
        *(_same("all_reached", "reached"), _same("all_listed", "listed")),
    ),
    derive=_share_reached,
    part=PART,
    needs=NEEDS,
    one_of=tuple(column for *_, column in DIMENSIONS.values()),
)
UNIT = Release(
    "list_unit",
    "People on the lists of each cohort by practice of a PCN, or PCN of the ICS, and how many of them were reached",
    (AREA, *keys("unit_code", "unit_name"), PLACE, *keys("cohort"), *counts("reached", "listed"), *SHARES),
    relations=(AcrossUnits(("reached", "listed")), AtMost("reached", "listed")),
    derive=_share_reached,
    part=PART,
    needs=NEEDS,
)
TIME = Release(
    "list_time",
    "Share of the people listed who had a first contact within so many days of their first list, with 95% limits, and "
    "who died or moved before one (Aalen and Johansen), in whole per cents, limits outward. A figure is given where "
    "enough people were added to it since the last one given",
    (
        *(AREA, PLACE, *keys("cohort"), key("day", "int")),
        *(estimate(name, "contacts") for name in ("incidence", "lower", "upper")),
        *(estimate("died", "died_people"), estimate("moved", "moved_people")),
    ),
    may_be_empty=True,
    part=PART,
    needs=NEEDS,
)
LEFT_OUT = Release(
    "list_left_out",
    "Requests for lists that this run does not count, and why",
    (AREA, *keys("request", "why")),
    may_be_empty=True,
    part="",
    needs="",
)
QUESTION = Release(
    "question",
    "Questions that PCNs and organisations asked, what each became (cohorts, reports, requests) and what came of it",
    (AREA, PLACE, *keys("day", "asked_by", "question", "became", "what_came_of_it")),
    may_be_empty=True,
    part="Questions that were asked",
    needs="a register of questions (parameters/questions.csv)",
)
LIST_RELEASES = (LISTS, STATUS, GROUP, UNIT, TIME, LEFT_OUT)
