"""Prevalence of a condition: frames for figures, and sentences."""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.errors import InputError
from phm_utils.measures.usual_variation import judged, marked
from phm_utils.methods.comparisons import ABOVE, BELOW, rates_against
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import finding
from phm_utils.reports.headings import Headings
from phm_utils.rules.groups import NO_ETHNIC_GROUP, NOT_KNOWN
from phm_utils.topics.inequalities.standard import RATE
from phm_utils.wording import in_sentence, uncapitalised

RECORDED = Headings(
    {"recorded": "Recorded", "not_stated": "Not stated", "not_known": "Not known", "share": "Recorded (%)"}
)


@if_present
def condition_units(units: pd.DataFrame, ics_units: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The units of one condition, with limits named for shares and the people above the ICS's share."""
    if condition not in set(ics_units["condition"]):
        known = ", ".join(sorted(set(ics_units["condition"])))
        raise InputError(f"No condition `{condition}` in this run. There are: {known}.")
    rows = marked(units[units["condition"] == condition].reset_index(drop=True))
    share = share_of(ics_units[ics_units["condition"] == condition])
    difference = (rows["with_condition"] - share * rows["people"]).astype("Float64")
    difference = (difference / 5).round().mul(5).astype("Int64")  # the counts themselves are rounded
    rows = rows.rename(columns={"lower": "share_lower", "upper": "share_upper"}).assign(difference=difference)
    return rows.assign(usual_share_lower=rows["usual_lower"], usual_share_upper=rows["usual_upper"])


@if_present
def share_of(rows: pd.DataFrame) -> float:
    """The crude share with a condition over all rows that show both counts."""
    known = rows.dropna(subset=["with_condition", "people"])
    return float(known["with_condition"].sum() / known["people"].sum()) if known["people"].sum() else float("nan")


@if_present
def condition_groups(groups: pd.DataFrame, condition: str, dimension: str) -> pd.DataFrame | Absent:
    """One dimension's groups of one condition, in their order; absent where nobody's group is known."""
    rows = groups[(groups["condition"] == condition) & (groups["dimension"] == dimension)]
    if rows["category"].str.startswith(NOT_KNOWN).all():
        needs = {
            "Deprivation": "the deprivation of people's small areas",
            "Ethnic group": "ethnicity in the GP registrations",
        }
        return Absent(f"Long-term conditions by {dimension.lower()}", needs[dimension])
    return rows.sort_values("place", ignore_index=True)


@if_present
def recorded_rows(rows: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """How completely ethnicity is recorded in each unit or fifth of deprivation, in order."""
    return rows[rows["dimension"] == dimension].sort_values(["place", "category"], ignore_index=True)


@if_present
def title_of(rows: pd.DataFrame) -> str:
    """The condition's title."""
    return str(rows["title"].iloc[0])


@if_present
def averages(rows: pd.DataFrame, ics_units: pd.DataFrame, condition: str, *, is_ics: bool) -> dict[str, float]:
    """The crude share of the whole ICS and, in a PCN's report, of the PCN."""
    whole = share_of(ics_units[ics_units["condition"] == condition])
    return {"ICS": whole} if is_ics else {"PCN": share_of(rows), "ICS": whole}


@if_present
def recorded_table(rows: pd.DataFrame) -> pd.DataFrame:
    """How completely ethnicity is recorded, ready to read."""
    return RECORDED.table(rows, "category", "people", "recorded", "not_stated", "not_known", "share")


@finding
def condition(rows: pd.DataFrame, averages: dict[str, float], kind: str) -> str:
    """A condition's share here, and units that differ from what the others predict; not adjusted for age.

    rows: of `condition_units`. averages: of `averages`.
    """
    title = title_of(rows)
    if rows["share"].isna().all():
        return f"{title}: too few people in every {kind} to show."
    family = Family(
        f"of people with {in_sentence(title)} recorded", kind, f"{kind}s", "what the others predict", percent,
        among_others=True, counted="people", caution="Not adjusted for age.",
    )  # fmt: skip
    among_others = judged(
        rows, value="share", lower="share_lower", upper="share_upper", events="with_condition", rate=RATE
    )
    parts = [f"{percent(share)} of people in the {name}" for name, share in averages.items() if pd.notna(share)]
    return f"{title} is recorded for {' and '.join(parts)}. {family.standing_out(among_others)}"


@finding
def ethnicity(rows: pd.DataFrame, title: str, confidence: float = 0.95) -> str:
    """Ethnic groups that differ from the most numerous at the same age, and what those without a group could change."""
    unknown = rows["category"].isin(NO_ETHNIC_GROUP)
    missing = rows.loc[unknown, "people"].fillna(0).sum() / max(rows["people"].fillna(0).sum(), 1)
    tail = f"{percent(float(missing))} of people have no ethnic group recorded or did not state it."
    known = rows[~unknown].assign(
        unit=lambda f: f["category"], value=lambda f: f["adjusted"], lower=lambda f: f["adjusted_lower"],
        upper=lambda f: f["adjusted_upper"], events=lambda f: f["with_condition"],
    ).reset_index(drop=True)  # fmt: skip
    if known["value"].notna().sum() < 2:
        return f"{title}: too few people to compare age-standardised prevalence between ethnic groups. {tail}"
    numerous = known["people"].eq(known["people"].max()) & known["value"].notna()
    if not numerous.any():
        return f"{title}: the most numerous ethnic group has too few people to compare others with it. {tail}"
    reference = known[numerous].iloc[0]
    others = known[known["unit"] != reference["unit"]].reset_index(drop=True)
    against = pd.DataFrame({name: reference[name] for name in ("value", "lower", "upper")}, index=others.index)
    found = others.drop(columns=["value", "lower", "upper"]).join(
        rates_against(others, against, confidence=confidence, rate=RATE)
    )
    family = Family(
        "of people, age-standardised", "other group", "other groups", f"the {reference['unit']} group", percent,
        counted="people",
    )  # fmt: skip
    return f"{title}: {uncapitalised(family.standing_out(found))} {tail}{_if_known(found, reference)}"


def _if_known(judged: pd.DataFrame, reference: pd.Series) -> str:
    """Of the groups that differ, those whose range, with the group of everybody known, reaches the reference's."""
    found = judged[judged["verdict"].isin([ABOVE, BELOW])]
    open_ = found[(found["least"] <= reference["greatest"]) & (found["greatest"] >= reference["least"])]
    if found.empty:
        return ""
    difference = {1: "The difference", 2: "Both differences"}.get(len(found), f"All {len(found)} differences")
    if open_.empty:
        return f" {difference} hold{'s' if len(found) == 1 else ''} whichever group these people belong to."
    if len(open_) < len(found):
        difference = f"{len(open_)} of the {len(found)} differences"
    return f" {difference} could be gone if their groups were known."


@finding("limit")
def recorded(rows: pd.DataFrame, kind: str) -> str:
    """How far units differ in how completely ethnicity is recorded."""
    known = rows["share"].dropna()
    if known.empty:
        return "Too few people to say how often ethnicity is recorded."
    low, high = percent(float(known.min())), percent(float(known.max()))
    span = low if low == high else f"{low} to {high}"
    return f"Ethnicity is recorded for {span} of people by {kind}; where it is recorded least the figures say least."
