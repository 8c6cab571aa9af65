"""Sentences of the segmentation and cohort reports, each computed from protected tables.

A suppressed number never enters a sentence; where all are suppressed the
sentence says so.
"""

import pandas as pd

TOO_FEW = "Too few people to say more without telling about single persons."


def age_mix(ages: pd.DataFrame) -> str:
    """Shares of children and of older people, from the bands that can be shown."""
    bands = ages[ages["people"].notna() & ages["age_band"].str[0].str.isdigit()]
    total = bands["registered"].max() if len(bands) else 0
    if not total:
        return TOO_FEW
    start = bands["age_band"].str.extract(r"(\d+)")[0].astype(int)
    young, old = (int(bands.loc[chosen, "people"].sum()) / int(total) for chosen in (start < 20, start >= 65))
    note = " at least, because small numbers are left out" if ages["people"].isna().any() else ""
    return f"{young:.0%} of people are under 20 and {old:.0%} are 65 or over{note}."


def segment_gap(frame: pd.DataFrame, ics: str) -> str:
    """The segment in which an area differs most from the ICS; for the ICS itself, its largest segment."""
    own, whole = frame[frame["area"] != ics], frame[frame["area"] == ics].set_index("segment")
    if own.empty:
        top = _known(whole.reset_index(), "share").nlargest(1, "share")
        return (
            TOO_FEW if top.empty else f"The largest segment is {_one(top, 'segment')}: {_pc(top, 'share')} of people."
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
    known = _known(contacts, "times")
    if known.empty:
        return TOO_FEW
    row = known.loc[known["times"].idxmax()]
    return (
        f"People in {row['segment']} have {row['times']:.1f} times everybody's rate of {_lower(row['activity'])}, the "
        "widest difference of any segment and kind of contact."
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
    known = _known(frame, "share")
    spans = known.groupby("segment")["share"].agg(["min", "max", "count"])
    spans = spans[spans["count"] > 1]
    if spans.empty:
        return TOO_FEW
    segment = (spans["max"] - spans["min"]).idxmax()
    rows = known[known["segment"] == segment]
    low, high = rows.loc[rows["share"].idxmin()], rows.loc[rows["share"].idxmax()]
    return (
        f"{kind} differ most in {segment}: from {low['share']:.1%} of people ({low['unit_name']}) "
        f"to {high['share']:.1%} ({high['unit_name']})."
    )


def condition_gap(frame: pd.DataFrame, ics: str) -> str:
    """The conditions recorded more, and less, than in the ICS, beyond chance; for the ICS, the most frequent."""
    own, whole = frame[frame["area"] != ics], frame[frame["area"] == ics].set_index("condition")
    if own.empty:
        top = _known(whole.reset_index(), "share").nlargest(3, "share")
        parts = [f"{_lower(r.condition)} {r.share:.1%}" for r in top.itertuples()]
        return f"Most often recorded: {', '.join(parts)}." if parts else TOO_FEW
    own = own.assign(ics_share=own["condition"].map(whole["share"]))
    own = own[own["share"].notna() & own["ics_share"].notna()]
    more, less = own[own["lower"] > own["ics_share"]], own[own["upper"] < own["ics_share"]]
    parts = []
    for word, rows in (("more", more), ("less", less)):
        if len(rows):
            row = rows.loc[(rows["share"] - rows["ics_share"]).abs().idxmax()]
            parts.append(
                f"{len(rows)} {word} often than in the ICS (most so {_lower(row['condition'])}: {row['share']:.1%} "
                f"against {row['ics_share']:.1%})"
            )
    return (
        f"Of {len(own)} conditions that can be shown, {' and '.join(parts)} are recorded here, beyond chance. Ages are "
        "not the same."
        if parts
        else "No condition is recorded here more or less often than in the ICS, beyond chance."
    )


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
    return f"`{alternative}` moves most: {segment} goes from about {before:,} people to {after:,}."


def cohort_sizes(sizes: pd.DataFrame, ics: str) -> list[str]:
    """One sentence per cohort: its size here and, in a PCN's report, its rate in the ICS."""
    whole = sizes[sizes["area"] == ics].set_index("cohort")["share"]
    own = sizes[sizes["area"] != ics]
    if own.empty:
        return [cohort_size(row, None) for _, row in sizes.iterrows()]
    return [cohort_size(row, whole.get(row["cohort"])) for _, row in own.iterrows()]


def cohort_size(row: pd.Series, ics_share: float | None) -> str:
    """A cohort's size, its share, and the ICS's where the area is a PCN."""
    if pd.isna(row["people"]):
        return f"{row['short']}: fewer people than may be shown."
    if row["people"] == 0:
        return f"{row['short']}: nobody."
    text = f"{row['short']}: about {row['people']:,} people, {row['share'] * 1000:.1f} per 1,000 registered"
    text += f" ({row['lower'] * 1000:.1f} to {row['upper'] * 1000:.1f})"
    return text + ("." if ics_share is None or pd.isna(ics_share) else f"; {ics_share * 1000:.1f} in the ICS.")


def narrowest_step(attrition: pd.DataFrame) -> str:
    """The criterion after which the smallest part of the people before it is left."""
    known = attrition.assign(before=attrition["people"].shift())
    known = known[known["people"].notna() & (known["before"].fillna(0) > 0)]
    if known.empty:
        return TOO_FEW
    row = known.loc[(known["people"] / known["before"]).astype(float).idxmin()]
    return f"{row['short']}: the narrowest step is `{row['criterion']}`: {row['people'] / row['before']:.1%} stay."


def cohort_spread(frame: pd.DataFrame, kind: str) -> str:
    """How far one cohort's share differs between practices, or PCNs, and how many could not be shown."""
    known = _known(frame, "share")
    hidden = len(frame) - len(known)
    note = f" {hidden} of {len(frame)} cannot be shown." if hidden else ""
    if len(known) < 2:
        return f"{frame['short'].iloc[0]}: too few {_lower(kind)} can be shown to compare.{note}"
    low, high = known.loc[known["share"].idxmin()], known.loc[known["share"].idxmax()]
    apart = low["upper"] < high["lower"]
    return (
        f"{low['short']}: from {low['share'] * 1000:.1f} per 1,000 ({low['unit_name']}) to {high['share'] * 1000:.1f} "
        f"({high['unit_name']}), their 95% limits {'do not overlap' if apart else 'overlap'}.{note}"
    )


def group_gap(frame: pd.DataFrame) -> str:
    """The group in which a cohort is most frequent, against the whole of it, among groups that can be shown."""
    known = _known(frame, "share")
    if known.empty:
        return f"{frame['short'].iloc[0]}: {_lower(TOO_FEW)}"
    row = known.loc[known["share"].idxmax()]
    return f"{row['short']}: most frequent in {_lower(row['level'])}, {row['share'] * 1000:.1f} per 1,000 there."


def overlap(frame: pd.DataFrame) -> str:
    """What is most often also true of a cohort's members."""
    known = _known(frame, "share")
    known = known[known["people"] > 0]
    if known.empty:
        return f"{frame['short'].iloc[0]}: {_lower(TOO_FEW)}"
    parts = [f"{_lower(r.also)} {r.share:.0%}" for r in known.nlargest(2, "share").itertuples()]
    return f"{frame['short'].iloc[0]}: most often also {' and '.join(parts)}."


def use(frame: pd.DataFrame) -> str:
    """The contact that a cohort's members have most above everybody's rate."""
    known = _known(frame, "times")
    if known.empty:
        return f"{frame['short'].iloc[0]}: {_lower(TOO_FEW)}"
    row = known.loc[known["times"].idxmax()]
    return f"{row['short']}: {row['times']:.1f} times everybody's rate of {_lower(row['activity'])}."


def alternatives(frame: pd.DataFrame) -> str:
    """A cohort's size as defined, and the range over its other thresholds."""
    known = frame[frame["people"].notna()].set_index("alternative")["people"]
    others = known.drop("As defined", errors="ignore")
    if "As defined" not in known or others.empty:
        return f"{frame['short'].iloc[0]}: {_lower(TOO_FEW)}"
    low, high = others.idxmin(), others.idxmax()
    return (
        f"{frame['short'].iloc[0]}: about {known['As defined']:,} people as defined; {others[low]:,} with "
        f"`{low}`, {others[high]:,} with `{high}`."
    )


def span(frame: pd.DataFrame, value: str, label: str, per: float = 100, unit: str = "%") -> str:
    """For alternative text: how many marks, the lowest and the highest by name, and how many are not shown."""
    known = _known(frame, value)
    hidden = len(frame) - len(known)
    note = f" {hidden} not shown because numbers are small." if hidden else ""
    if known.empty:
        return f"Nothing can be shown: every number is small.{note}"
    low, high = known.loc[known[value].idxmin()], known.loc[known[value].idxmax()]
    return (
        f"{len(known)} values, from {low[value] * per:.3g}{unit} ({low[label]}) "
        f"to {high[value] * per:.3g}{unit} ({high[label]}).{note}"
    )


def _known(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return frame[frame[column].notna()].astype({column: float}).reset_index(drop=True)


def _one(frame: pd.DataFrame, column: str) -> str:
    return str(frame[column].iloc[0])


def _pc(frame: pd.DataFrame, column: str) -> str:
    return f"{frame[column].iloc[0]:.1%}"


def _lower(text: str) -> str:
    """The words within a sentence: a first capital goes, unless a name or initials follow it."""
    first = text.split(" ", 1)[0]
    return (
        text
        if (len(first) > 1 and not first[1:].islower()) or text.startswith(("Parkinson", "Covid"))
        else (text[0].lower() + text[1:])
    )
