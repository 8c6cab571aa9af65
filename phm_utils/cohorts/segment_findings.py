"""Sentences of the segmentation report, each computed from protected tables."""

import pandas as pd

from phm_utils.cohorts.wording import TOO_FEW, in_sentence, shown


def age_mix(ages: pd.DataFrame, whole: pd.DataFrame | None = None) -> str:
    """Shares of children and of older people; `whole`, the ICS's rows, to compare a PCN with."""
    own = _young_and_old(ages)
    if own is None:
        return TOO_FEW
    note = " at least, because small numbers are left out" if ages["people"].isna().any() else ""
    ics = None if whole is None else _young_and_old(whole)
    against = f"; in the ICS {ics[0]:.0%} and {ics[1]:.0%}" if ics else ""
    return f"{own[0]:.0%} of people are under 20 and {own[1]:.0%} are 65 or over{note}{against}."


def _young_and_old(ages: pd.DataFrame) -> tuple[float, float] | None:
    bands = ages[ages["people"].notna() & ages["registered"].notna() & ages["age_band"].str[0].str.isdigit()]
    total = int(bands["registered"].max()) if len(bands) else 0
    if not total:
        return None
    start = bands["age_band"].str.extract(r"(\d+)")[0].astype(int)
    young, old = (int(bands.loc[chosen, "people"].sum()) / total for chosen in (start < 20, start >= 65))
    return young, old


def segment_gap(frame: pd.DataFrame, ics: str) -> str:
    """The segment in which an area differs most from the ICS; for the ICS itself, its largest segment."""
    own, whole = frame[frame["area"] != ics], frame[frame["area"] == ics].set_index("segment")
    if own.empty:
        top = shown(whole.reset_index(), "share").nlargest(1, "share")
        return (
            TOO_FEW
            if top.empty
            else f"The largest segment is {top['segment'].iloc[0]}: {top['share'].iloc[0]:.1%} of people."
        )
    own = own.assign(ics_share=own["segment"].map(whole["share"]))
    known = own[own["share"].notna() & own["ics_share"].notna()]
    if known.empty:
        return TOO_FEW
    row = known.loc[(known["share"] - known["ics_share"]).abs().idxmax()]
    return (
        f"The widest difference from the ICS is {row['segment']}: {row['share']:.1%} of people here "
        f"({row['lower']:.1%} to {row['upper']:.1%}), {row['ics_share']:.1%} in the ICS."
    )


def cost_concentration(sizes: pd.DataFrame) -> str:
    """The segment that costs most for its size."""
    known = sizes[sizes["share"].notna() & sizes["cost_share"].notna()]
    if known.empty:
        return TOO_FEW
    row = known.loc[(known["cost_share"] / known["share"]).idxmax()]
    largest = known.loc[known["cost_share"].idxmax()]
    return (
        f"{row['segment']} is {row['share']:.1%} of people and {row['cost_share']:.1%} of the cost counted, about "
        f"£{row['cost_per_person_gbp']:,.0f} a person in 12 months. The largest part of the cost, "
        f"{largest['cost_share']:.0%}, is in {largest['segment']}."
    )


def busiest(contacts: pd.DataFrame) -> str:
    """The segment and kind of contact furthest above everybody's rate."""
    known = shown(contacts, "times")
    if known.empty:
        return TOO_FEW
    row = known.loc[known["times"].idxmax()]
    return (
        f"People in {row['segment']} have {row['times']:.1f} times everybody's rate of "
        f"{in_sentence(row['activity'])}, the widest difference of any segment and kind of contact."
    )


def deprivation_gap(frame: pd.DataFrame) -> str:
    """The segment whose share differs most between the most and the least deprived fifth."""
    wide = frame.pivot(index="segment", columns="quintile", values="share")
    if not {"1 most deprived", "5 least deprived"} <= set(wide):
        return TOO_FEW
    wide = wide[["1 most deprived", "5 least deprived"]].dropna()
    if wide.empty:
        return TOO_FEW
    gap = (wide["1 most deprived"] - wide["5 least deprived"]).abs()
    row, segment = wide.loc[gap.idxmax()], gap.idxmax()
    return (
        f"{segment} differs most by deprivation: {row['1 most deprived']:.1%} of people in the most deprived fifth of "
        f"small areas, {row['5 least deprived']:.1%} in the least deprived. The two have different ages."
    )


def unit_gap(frame: pd.DataFrame, kind: str) -> str:
    """The segment whose share differs most between practices, or PCNs."""
    known = shown(frame, "share")
    spans = known.groupby("segment")["share"].agg(["min", "max", "count"])
    spans = spans[spans["count"] > 1]
    if spans.empty:
        return TOO_FEW
    segment = (spans["max"] - spans["min"]).idxmax()
    rows = known[known["segment"] == segment]
    low, high = rows.loc[rows["share"].idxmin()], rows.loc[rows["share"].idxmax()]
    return (
        f"{kind[0].upper()}{kind[1:]} differ most in {segment}: from {low['share']:.1%} of people ({low['unit_name']}) "
        f"to {high['share']:.1%} ({high['unit_name']})."
    )


def condition_gap(frame: pd.DataFrame, ics: str) -> str:
    """The conditions recorded more, and less, than in the ICS, beyond chance; for the ICS, the most frequent."""
    own, whole = frame[frame["area"] != ics], frame[frame["area"] == ics].set_index("condition")
    if own.empty:
        top = shown(whole.reset_index(), "share").nlargest(3, "share")
        parts = [f"{in_sentence(r.condition)} {r.share:.1%}" for r in top.itertuples()]
        return f"Most often recorded: {', '.join(parts)}." if parts else TOO_FEW
    own = own.assign(ics_share=own["condition"].map(whole["share"]))
    own = own[own["share"].notna() & own["ics_share"].notna()]
    more, less = own[own["lower"] > own["ics_share"]], own[own["upper"] < own["ics_share"]]
    return (
        f"Of {len(own)} conditions, recorded more often here than in the ICS, beyond chance: {_most(more)}; "
        f"less often: {_most(less)}. Ages differ too."
    )


def _most(rows: pd.DataFrame) -> str:
    """How many conditions, and the one furthest from the ICS."""
    if rows.empty:
        return "none"
    row = rows.loc[(rows["share"] - rows["ics_share"]).abs().idxmax()]
    most = f"{in_sentence(row['condition'])}, {row['share']:.1%} against {row['ics_share']:.1%}"
    return f"{len(rows)} ({'most ' if len(rows) > 1 else ''}{most})"


def unreachable(rules: pd.DataFrame) -> str | None:
    """Rules that nobody can reach, because an earlier rule places everybody who meets them."""
    nobody = rules[~rules["reachable"].astype(bool)]
    if nobody.empty:
        return None
    named = ", ".join(f"{r.reason} ({r.segment})" for r in nobody.itertuples())
    return f"{len(nobody)} rules can place nobody, because earlier rules place everybody who meets them: {named}."


def not_assessed(rules: pd.DataFrame) -> str | None:
    """How many rules of the published model were not asked, and for which segments."""
    open_rules = rules[rules["state"] != "assessed"]
    if open_rules.empty:
        return None
    segments = ", ".join(dict.fromkeys(open_rules["segment"]))
    absent = sorted({n for n in open_rules["needs"] if n})
    lacking = f" This run lacks {', '.join(absent)}." if absent else ""
    return (
        f"{len(open_rules)} of {len(rules)} rules were not asked: people whom only these would place stand further "
        f"down than they belong. They are rules for {segments}.{lacking}"
    )


def alternative_effect(frame: pd.DataFrame) -> str:
    """The largest change that another threshold makes to a segment."""
    wide = frame.pivot(index="segment", columns="alternative", values="people")
    changes = wide.drop(columns="As defined").sub(wide["As defined"], axis=0).stack().dropna()
    if changes.empty:
        return TOO_FEW
    segment, alternative = changes.astype(float).abs().idxmax()
    before, after = wide.loc[segment, "As defined"], wide.loc[segment, alternative]
    return f"“{alternative}” moves most: {segment} goes from about {before:,} people to {after:,}."
