"""The changes of cohorts counted for release: by area and reason, and by area and criterion."""

import pandas as pd

from phm_utils.measures.cohort_change import (
    BY_CRITERION,
    DIED,
    ENDED,
    GONE,
    JOINED,
    KNOWN,
    MET,
    NOT_NOW,
    NOT_THEN,
    REDEFINED_IN,
    REDEFINED_OUT,
    SAME,
    STAYED,
    UNKNOWN,
    UNMET,
    Comparison,
)
from phm_utils.privacy.blocks import Areas, by_area

MOVED_IN, MOVED_OUT = "moved_in", "moved_out"  # of members, between networks of the ICS
REASONS_NEW = (JOINED, NOT_THEN, MOVED_IN, MET, KNOWN, REDEFINED_IN)
REASONS_LEFT = (ENDED, NOT_NOW, MOVED_OUT, UNMET, UNKNOWN, REDEFINED_OUT)


def by_reason(found: Comparison, areas: Areas) -> pd.DataFrame:
    """One row per area and cohort: members then and now, those who stayed, and the others by reason.

    `members_then` = `stayed` + `members_left`, and `members_left` is the sum of REASONS_LEFT; `members_now` = `stayed`
    + `members_new`, the sum of REASONS_NEW. DIED and GONE, of ENDED, only where deaths are known.
    Members who moved between networks stayed in the ICS. Of somebody who moved and for whom a criterion changed,
    the criterion is the reason: it counts where the person was (no longer met) or is now (newly met).
    """
    rows = _placed(found.outcomes, areas)
    sums = rows.groupby(["cohort", "pcn_code", "reason"], dropna=False)["people"].sum()
    parts = list(dict.fromkeys([STAYED, *REASONS_NEW, *REASONS_LEFT, DIED, GONE]))
    wide = sums.unstack("reason", fill_value=0).reindex(columns=parts, fill_value=0).reset_index()
    wide[ENDED] += wide[DIED] + wide[GONE]
    frame = by_area(wide, found.cohorts[["cohort"]], areas)
    of_ics = frame["area_code"] == areas.ics_code
    frame.loc[of_ics, STAYED] += frame.loc[of_ics, MOVED_IN]
    frame.loc[of_ics, [MOVED_IN, MOVED_OUT]] = 0
    frame["members_new"], frame["members_left"] = (frame[list(r)].sum(axis=1) for r in (REASONS_NEW, REASONS_LEFT))
    frame["members_then"] = frame[STAYED] + frame["members_left"]
    frame["members_now"] = frame[STAYED] + frame["members_new"]
    frame = frame.merge(found.cohorts, on="cohort").assign(earlier=found.earlier.isoformat())
    return frame if found.deaths_known else frame.drop(columns=[DIED, GONE])


def by_criterion(found: Comparison, areas: Areas) -> pd.DataFrame:
    """One row per area, cohort, `change` (one of BY_CRITERION) and criterion: `people`, and `in_change`, their sum.

    Of cohorts whose definition is the same; none where each has changed.
    """
    same = found.cohorts.loc[found.cohorts["definition"] == SAME, ["cohort"]]
    steps = same.merge(found.criteria, on="cohort").astype({"step": "str"})
    levels = same.merge(pd.DataFrame({"change": BY_CRITERION}), how="cross").merge(steps, on="cohort")
    if levels.empty:  # every definition has changed
        texts = ("area_code", *levels, "earlier")
        numbers = ("place", "people", "in_change")
        return pd.DataFrame(columns=[*texts, *numbers]).astype(
            dict.fromkeys(texts, "str") | dict.fromkeys(numbers, "int64")
        )
    rows = _placed(found.outcomes, areas).rename(columns={"reason": "change"})
    rows = rows[rows["change"].isin(BY_CRITERION)].astype({"step": "str"}).merge(steps, on=["cohort", "step"])
    sums = rows.groupby([*levels, "pcn_code"], dropna=False, as_index=False)["people"].sum()
    frame = by_area(sums, levels, areas).assign(earlier=found.earlier.isoformat())
    frame["in_change"] = frame.groupby(["area_code", "cohort", "change"])["people"].transform("sum")
    return frame


def _placed(outcomes: pd.DataFrame, areas: Areas) -> pd.DataFrame:
    """The rows of `outcomes` with `reason` and the network, `pcn_code`, for which they count; a move for both.

    Without a network are those of then whose network has nobody registered now: they count for the ICS alone.
    """
    moved = outcomes["outcome"].eq(STAYED) & outcomes["pcn_then"].ne(outcomes["pcn_now"])
    here = outcomes["outcome"].isin([STAYED, *REASONS_NEW])
    came = outcomes[here].assign(pcn_code=outcomes["pcn_now"], reason=outcomes["outcome"].mask(moved, MOVED_IN))
    went = outcomes[~here | moved].assign(
        pcn_code=outcomes["pcn_then"], reason=outcomes["outcome"].mask(moved, MOVED_OUT)
    )
    rows = pd.concat([came, went], ignore_index=True)
    return rows.assign(pcn_code=rows["pcn_code"].where(rows["pcn_code"].isin(areas.pcn_codes), None))
