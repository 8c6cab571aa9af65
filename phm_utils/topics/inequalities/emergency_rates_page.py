"""Age-standardised emergency admissions: frames for figures, and sentences."""

import numpy as np
import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.usual_variation import judged, marked
from phm_utils.methods.comparisons import ABOVE, rates_against
from phm_utils.methods.validation import z_value
from phm_utils.reports.comparisons import Family, number, percent
from phm_utils.reports.findings import finding
from phm_utils.rules.groups import NOT_KNOWN
from phm_utils.topics.inequalities.standard import RATE


@if_present
def follow_up(here: pd.DataFrame, ics: pd.DataFrame, name: str, *, is_ics: bool) -> pd.DataFrame:
    """Follow-up counts of an area and, for a PCN, of the whole ICS: one row each."""
    columns = ["people", "person_years", "people_admitted", "admissions", "died", "crude"]
    columns = [name for name in columns if name in here]
    areas = {name: here[columns], "Whole ICS": ics[columns]}
    rows = [frame.assign(area=words)[["area", *columns]] for words, frame in areas.items()]
    return pd.concat(rows[:1] if is_ics else rows, ignore_index=True)


@if_present
def with_rate(groups: pd.DataFrame, value: str) -> pd.DataFrame:
    """Groups to draw: without a not-known group that has no rate, which stays in the table."""
    return groups[groups[value].notna() | ~groups["category"].str.startswith("Not known")]


@if_present
def reference_rates(areas: dict[str, pd.DataFrame], column: str = "value") -> dict[str, float]:
    """The rate of each named area that has one, to draw as reference lines: the PCN's and the ICS's."""
    found = {name: frame[column].iloc[0] for name, frame in areas.items() if len(frame)}
    return {name: float(value) for name, value in found.items() if pd.notna(value)}


INDICATOR = "emergency admissions per 1,000 people a year, age-standardised"
ICS_AVERAGE = "the ICS average"


def among(kind: str) -> Family:
    """Practices or networks against what the others of the ICS predict for each. kind: "practice" or "PCN"."""
    return Family(INDICATOR, kind, f"{kind}s", "what the others predict", among_others=True, counted="admissions")


PCN_RATE = Family(INDICATOR, "PCN", "PCNs", ICS_AVERAGE, counted="admissions")


@if_present
def compared(units: pd.DataFrame, reference: float) -> pd.DataFrame:
    """Units with their `verdict` against what the others predict, `events`, and `fewer`.

    units: of `emergency_units`. fewer: admissions above the reference rate, rounded to 5, where a unit's whole
        interval lies above it; elsewhere 0.
    """
    excess = units["admissions"].astype("Float64") * (1 - reference / units["value"])
    fewer = (excess / 5).round().mul(5).where(units["lower"] > reference, 0).astype("Int64")
    return judged(marked(units).assign(fewer=fewer), events="admissions", rate=RATE)


@if_present
def ranked(units: pd.DataFrame) -> pd.DataFrame:
    """Units that have both rates, with their ranks by each, 1 the highest; sorted by standardised rate."""
    known = marked(units).dropna(subset=["value", "crude"])
    places = {"rank": "value", "crude_rank": "crude"}
    for name, column in places.items():
        known = known.assign(**{name: known[column].rank(ascending=False, method="min").astype(int)})
    return known.sort_values(["rank", "unit_name"], ignore_index=True)


@if_present
def fifths(groups: pd.DataFrame) -> pd.DataFrame | Absent:
    """Fifths of deprivation in order, those with no known deprivation last; absent where nobody's is known."""
    if (groups["imd_quintile"] == NOT_KNOWN).all():
        return Absent("Emergency admissions by deprivation", "the deprivation of people's small areas")
    return groups.sort_values("imd_quintile", ignore_index=True)


@finding
def units(rows: pd.DataFrame, kind: str) -> str:
    """Units that differ from what the others predict. rows: from `compared`. kind: "practice" or "PCN"."""
    return among(kind).standing_out(rows)


@finding
def pcn_rate(rows: pd.DataFrame, name: str, reference: float) -> str:
    """One network's age-standardised rate against the ICS average, and what other networks predict for it."""
    here = rows[rows["unit_name"] == name].reset_index(drop=True)
    if here.empty:
        return f"{name} has no emergency admissions to compare."
    against = rates_against(here, reference)[["comparator", "p", "verdict"]]
    row = here.drop(columns=[*against, "pooled"]).join(against).iloc[0]
    text = PCN_RATE.own(row)
    if row["verdict"] == ABOVE and pd.notna(row["fewer"]):
        text += f" At the ICS average there would be about {int(row['fewer']):,} fewer admissions a year."
    if pd.notna(row["usual_lower"]):
        text += f" The other PCNs predict {number(row['usual_lower'])} to {number(row['usual_upper'])}."
    return text


@finding
def gradient(index: pd.DataFrame, what: str) -> str:
    """The ratio between the ends of deprivation, of rates standardised for age; clear by the difference's limits."""
    row = index.iloc[0] if len(index) else None
    if row is None or pd.isna(row["sii"]):
        return f"{what}: the gradient is not shown, because fewer than ten are expected in some fifth of deprivation."
    ratio = "" if pd.isna(row["rii"]) else _ratio(row)
    if row["sii_lower"] <= 0 <= row["sii_upper"]:
        words = "the most and the least deprived cannot be told apart, age-standardised"
        return f"{what}: {words}{f' (ratio {ratio})' if ratio else ''}."
    if row["sii"] > 0:
        return f"{what}: higher among the most deprived than the least, age-standardised{ratio and f': {ratio}'}."
    flipped = row.rename({"rii_lower": "rii_upper", "rii_upper": "rii_lower"})
    ends = 1 / flipped[["rii", "rii_lower", "rii_upper"]].astype(float)
    ratio = ratio and _ratio(ends)
    return f"{what}: higher among the least deprived than the most, age-standardised{ratio and f': {ratio}'}."


def _ratio(row: pd.Series) -> str:
    return f"{row['rii']:.2f} times ({row['rii_lower']:.2f} to {row['rii_upper']:.2f})"


DRAWS = 4_000


def _excess_over_least_deprived(rows: pd.DataFrame, reference: pd.DataFrame, confidence: float) -> str:
    """Admissions above the rate of the ICS's least deprived fifth, with limits from the errors of all rates.

    rows, reference: the fifths of this area and of the whole ICS.
    """
    best = reference[reference["imd_quintile"] == "5"].dropna(subset=["value", "lower", "upper"])
    known = rows[rows["imd_quintile"] != "Not known"].dropna(subset=["value", "lower", "upper", "admissions"])
    if best.empty or known.empty:
        return "There are too few admissions to compare with the rate of the least deprived fifth."
    admissions = known["admissions"].astype(float).to_numpy()
    draw = np.random.default_rng(0).standard_normal
    rates, least = (
        np.exp(np.log(part["value"].to_numpy()) + errors * draw((DRAWS, len(part))))
        for part, errors in ((known, _log_errors(known, confidence)), (best, _log_errors(best, confidence)))
    )
    above = np.clip(admissions * (1 - best["value"].iloc[0] / known["value"].to_numpy()), 0, None).sum()
    low, high = np.quantile(np.clip(admissions * (1 - least / rates), 0, None).sum(axis=1), [0.025, 0.975])
    whole = admissions.sum()
    return (
        f"At the rate of the ICS's least deprived fifth ({number(best['value'].iloc[0])}) there would be about "
        f"{round(above / 5) * 5:,.0f} fewer emergency admissions a year ({round(low / 5) * 5:,.0f} to "
        f"{round(high / 5) * 5:,.0f}), {percent(above / whole)} of all ({percent(low / whole)} to "
        f"{percent(high / whole)})."
    )


def _log_errors(rows: pd.DataFrame, confidence: float) -> np.ndarray:
    return (np.log(rows["upper"] / rows["lower"]) / 2 / z_value(confidence)).to_numpy()


@if_present
def gap_parts(parts: pd.DataFrame) -> pd.DataFrame | Absent:
    """What a network's crude rate lies above or below the rest of the ICS's, in parts, in a reader's words."""
    words = {
        "gap": "All of the gap", "age": "Age", "deprivation": "Deprivation at the same age",
        "rest": "The rest: need, care, access or recording",
    }  # fmt: skip
    if parts["value"].isna().all():
        return Absent("Parts of the gap", "enough emergency admissions, or a second network")
    order = parts["part"].map(list(words).index)
    rows = parts.assign(part=parts["part"].map(words), order=order, gap=parts["value"])
    return rows.sort_values("order", ignore_index=True)


@finding
def gap(parts: pd.DataFrame, name: str) -> str:
    """How much of a network's gap to the rest of the ICS goes with age and with deprivation. parts: of `gap_parts`."""
    whole, age, deprivation, rest = (row for _, row in parts.iterrows())
    side = "above" if whole["value"] > 0 else "below"
    if whole["lower"] <= 0 <= whole["upper"]:
        lead = (
            f"{name}'s crude rate cannot be told apart from that of the rest of the ICS ({_signed(whole, inside=True)})"
        )
    else:
        ends = sorted(abs(whole[["lower", "upper"]]))
        size = f"{abs(whole['value']):.0f} ({ends[0]:.0f} to {ends[1]:.0f})"
        lead = f"{name}'s crude rate is {size} per 1,000 people a year {side} that of the rest of the ICS"
    parts = f"{_signed(age)} by age, {_signed(deprivation)} by deprivation, {_signed(rest)} by what neither explains"
    return f"{lead}: {parts}."


def _signed(row: pd.Series, *, inside: bool = False) -> str:
    """A difference with its limits; inside: within brackets."""
    texts = (f"{row[name]:+.0f}" for name in ("value", "lower", "upper"))
    value, low, high = ("0" if text in ("+0", "-0") else text for text in texts)
    limits = f"{low} to {high}"
    return f"{value}, {limits}" if inside else f"{value} ({limits})"


@finding
def rank_change(ranks: pd.DataFrame, kind: str) -> str:
    """How many ranks change from crude to age-standardised rates."""
    if len(ranks) < 2:
        return f"Fewer than two {kind}s have a rate, so ranks cannot be compared."
    moved = int((ranks["rank"] != ranks["crude_rank"]).sum())
    lead = f"{moved or 'None'} of {len(ranks)} {kind}s {'changes' if moved < 2 else 'change'} rank"
    return f"{lead} once rates are age-standardised. A rank is no difference: the limits above say which differ."


@finding
def by_deprivation(index: pd.DataFrame, rows: pd.DataFrame, reference: pd.DataFrame, confidence: float = 0.95) -> str:
    """The gradient of admissions, and admissions above the least deprived fifth's rate."""
    excess = _excess_over_least_deprived(rows, reference, confidence)
    return f"{gradient(index, 'Emergency admissions')} {excess}"


@finding("limit")
def limits(areas: pd.DataFrame) -> list[str]:
    """Limits of standardised admission rates. areas: the counts of everybody followed."""
    said = [
        "Rates are not adjusted for how ill people of the same age are, nor for distance to a hospital.",
        "Days in hospital, and admissions while registered elsewhere, are not counted.",
    ]
    if "died" not in areas:
        said.append("This run does not have deaths: people who died while registered count as registered after it.")
    return said
