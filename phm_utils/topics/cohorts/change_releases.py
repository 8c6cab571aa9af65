"""Releases of what changed in each cohort since an earlier run that is kept."""

from phm_utils.measures.change_counts import REASONS_LEFT, REASONS_NEW
from phm_utils.measures.cohort_change import DIED, ENDED, GONE, STAYED
from phm_utils.privacy.relations import AcrossAreas, Parts, RowSum
from phm_utils.privacy.release import AREA, PLACE, Release, count, counts, keys

PART = "What changed since an earlier run"
NEEDS = "a kept run of an earlier index date with the same pseudonyms"
CHANGE = Release(
    "cohort_change",
    "Members of each cohort at an earlier run's index date and now: how many stayed, are new or have left, and why. "
    "New: joined (not registered then), not_then (of a practice with nobody in the earlier run, so that it is not "
    "known), moved_in (a member in another network then), met (meets a criterion not met then), known (one not known "
    "then), redefined_in. Left: ended (died or gone: no longer registered), not_now (of a practice with nobody in this "
    "run), moved_out (a member in another network now), unmet, unknown, redefined_out. definition: the same, or "
    "changed since",
    (
        *(AREA, PLACE, *keys("cohort", "earlier", "definition")),
        *counts("members_then", STAYED, "members_left", "members_new", "members_now", *REASONS_NEW, *REASONS_LEFT),
        *(count(name, optional=True) for name in (DIED, GONE)),
    ),
    relations=(
        RowSum((STAYED, "members_left"), "members_then"),
        RowSum((STAYED, "members_new"), "members_now"),
        RowSum(REASONS_NEW, "members_new"),
        RowSum(REASONS_LEFT, "members_left"),
        RowSum((DIED, GONE), ENDED),
        # Moves are of networks alone: with them, what stayed, is new or has left does not add up to the ICS's row.
        AcrossAreas(("members_now", *(name for name in REASONS_NEW if name != "moved_in"))),
        # Former members whose network has nobody registered now count for the ICS alone.
        AcrossAreas(("members_then", *(name for name in REASONS_LEFT if name != "moved_out")), exact=False),
        AcrossAreas((DIED, GONE), exact=False),
    ),
    part=PART,
    needs=NEEDS,
)
CRITERION = Release(
    "cohort_change_criterion",
    "New and former members of each cohort by the first criterion that made the difference. change: met (not met "
    "then), known (not known then), unmet (not met now), unknown (not known now); in_change: all of that change",
    (AREA, PLACE, *keys("cohort", "earlier", "change", "step", "criterion"), *counts("people", "in_change")),
    relations=(
        AcrossAreas(("people", "in_change"), exact=False),
        Parts("people", ("step", "criterion"), "in_change"),
    ),
    may_be_empty=True,
    part=PART,
    needs=NEEDS,
)
CHANGES = (CHANGE, CRITERION)
