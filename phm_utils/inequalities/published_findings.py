"""Sentences of the published report, each computed from the frames it reads."""

import pandas as pd


def prevalence(profile: pd.DataFrame, register_code: str, name: str) -> str:
    """A PCN's share on one register, against the ICB, and the gap in people."""
    row = profile[profile["register_code"] == register_code].iloc[0]
    text = (
        f"{name}: {row['value']:.1%} of patients {row['list_age']} are on the {row['register_name'].lower()} register "
        f"({row['lower']:.1%} to {row['upper']:.1%}), {_against(row)} {row['ics_value']:.1%} in the ICB. "
    )
    if row["gap"] == 0:
        return text + "There is no gap to the ICB average to close."
    return text + f"Closing the gap to the ICB average = {_people(row['gap'])} on the register."


def spread(pcns: pd.DataFrame, register_code: str) -> str:
    """How far PCNs differ on one register, and what meeting the ICB average would mean."""
    row = pcns[pcns["register_code"] == register_code].iloc[0]
    return (
        f"{row['value']:.1%} of patients {row['list_age']} are on the {row['register_name'].lower()} register; PCNs "
        f"range from {row['lowest']:.1%} ({row['lowest_pcn']}) to {row['highest']:.1%} ({row['highest_pcn']}). Closing "
        f"the gap to the ICB average in every PCN above it = {row['people_above']:,} fewer people on the register."
    )


def widest(profile: pd.DataFrame) -> str:
    """The registers on which a PCN stands furthest from the ICB, beyond chance."""
    clear = profile[(profile["ratio_lower"] > 1) | (profile["ratio_upper"] < 1)]
    if clear.empty:
        return "On no register does the PCN differ from the ICB by more than chance."
    high, low = clear[clear["ratio"] > 1], clear[clear["ratio"] < 1]
    parts = [
        f"{word} the ICB on {len(part)} (most on {row['register_name'].lower()}: {row['ratio']:.2f} times, "
        f"{abs(row['gap']):,} people)"
        for word, part in (("above", high), ("below", low[::-1]))
        if len(part)
        for row in [part.iloc[0]]
    ]
    return f"Of {len(profile)} registers the PCN is clearly {' and '.join(parts)}."


def deprivation(units: pd.DataFrame, everyone: pd.DataFrame, kind: str, is_ics: bool) -> str:
    """Share of registered patients in the most deprived fifth of England, and how units differ."""
    own = _core20(units)
    text = (
        f"{units['core20'].sum():,} of {units['with_imd'].sum():,} registered patients ({own:.1%}) live in the most "
        "deprived fifth of England (Core20, IMD 2019)"
    )
    text += "." if is_ics else f", against {_core20(everyone):.1%} in the ICB."
    if len(units) == 1:
        return text
    ordered = units.dropna(subset="core20_share").sort_values("core20_share")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    return text + (
        f" By {kind} from {low['core20_share']:.1%} ({low['unit']}) to {high['core20_share']:.1%} ({high['unit']})."
    )


def gradient(fit: dict[str, float], ranked: pd.DataFrame) -> str:
    """The slope over all practices of the ICB, with what it is not."""
    points, low, high = (100 * fit[name] for name in ("sii", "lower", "upper"))
    name = ranked["register_name"].iloc[0].lower()
    if low <= 0 <= high:
        trend = f"shows no clear gradient: {points:+.1f} percentage points ({low:+.1f} to {high:+.1f})"
    else:
        word = "higher" if points > 0 else "lower"
        limits = sorted([abs(low), abs(high)])
        trend = f"is {abs(points):.1f} percentage points ({limits[0]:.1f} to {limits[1]:.1f}) {word}"
    return (
        f"Across the ICB's {len(ranked)} practices, recorded {name} {trend} at the most deprived end than at the least "
        f"({fit['rii']:.2f} times). This compares practices, not people (ecological), and is not age-standardised."
    )


def variation(frame: pd.DataFrame, spread: dict[str, float], here: pd.Series, is_ics: bool) -> str:
    """How many practices stand out, before and after allowing for usual variation."""
    out = frame[frame["outside"]]
    own = out if is_ics else out[here.loc[out.index]]
    names = ", ".join(own.sort_values("value")["practice_name"])
    which = f": {names}" if names else ""
    whose = "" if is_ics else f" ({len(own) or 'none'} here)"
    chance = frame["outside_chance"]
    count = "none stands out" if out.empty else f"{len(out)} stand{'s' if len(out) == 1 else ''} out{whose}{which}"
    return (
        f"On {frame['register_name'].iloc[0].lower()}, {chance.sum()} of {len(frame)} practices of the ICB "
        f"({chance.mean():.0%}) differ by more than chance: "
        f"they vary {spread['phi']:.1f} times more than chance would. Allowing for that usual variation, {count}."
    )


def small_areas(areas: pd.DataFrame, is_ics: bool) -> str:
    """Core20 share of the small areas drawn, by IoD 2025."""
    core = (areas["imd_decile"] <= 2).sum()
    where = "of the ICB" if is_ics else "where at least a tenth of registered people are with this PCN"
    return (
        f"{core} of {len(areas)} small areas {where} ({core / len(areas):.1%}) are in the most deprived fifth of "
        "England by IoD 2025 (Core20)."
    )


def residence(places: pd.DataFrame) -> str:
    """Patients who live outside the ICB or whose address is not placed."""
    places = places.sort_values("place")
    total, outside = places["patients"].sum(), places.iloc[1:]
    parts = [f"{row.patients:,} {row.residence[0].lower()}{row.residence[1:]}" for row in outside.itertuples()]
    return (
        f"Of {total:,} registered patients, {outside['patients'].sum():,} ({outside['patients'].sum() / total:.1%}) do "
        f"not live in the ICB or cannot be placed: {', '.join(p for p in parts if not p.startswith('0 ')) or 'none'}. "
        "The files used hold no deprivation for them."
    )


def mismatch(rows: pd.DataFrame) -> str:
    """Practices that are not in every file."""
    absent = rows[rows["what"].str.startswith("In ")]
    if absent.empty:
        return "Every practice is in every file."
    names = ", ".join(f"{row.practice_name} ({row.practice_code})" for row in absent.itertuples())
    many = len(absent) > 1
    return (
        f"{len(absent)} practice{'s are' if many else ' is'} not in every file (opened, closed, merged or renamed "
        f"between their dates): {names}. Each is counted wherever it appears."
    )


def span(frame: pd.DataFrame, column: str, label: str, percent: bool = True) -> str:
    """For alternative text: how many marks, and the lowest and highest by name."""
    ordered = frame.dropna(subset=column).sort_values(column)
    low, high = ordered.iloc[0], ordered.iloc[-1]
    form = "{:.1%}" if percent else "{:.2f}"
    return (
        f"{len(ordered)} values, from {form.format(low[column])} ({low[label]}) to {form.format(high[column])} "
        f"({high[label]})."
    )


def _core20(units: pd.DataFrame) -> float:
    return float(units["core20"].sum() / units["with_imd"].sum())


def _against(row: pd.Series) -> str:
    if row["lower"] > row["ics_value"]:
        return "more than"
    return "less than" if row["upper"] < row["ics_value"] else "not clearly different from"


def _people(gap: int) -> str:
    """The change that would close the gap, in people."""
    return f"{abs(gap):,} {'fewer' if gap > 0 else 'more'} {'person' if abs(gap) == 1 else 'people'}"
