"""Published registers of a PCN's practices, or the ICB's PCNs: frames, figures and sentences."""

import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.errors import InputError
from phm_utils.figures import charts
from phm_utils.methods import rates
from phm_utils.reports.findings import finding


@if_present
def shares(rows: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """The rows with `value`, `lower`, `upper`: the share of `list_size` on the register, Wilson limits."""
    return pd.concat([rows.reset_index(drop=True), _with_limits(rows, confidence)], axis=1)


def _with_limits(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    return rates.proportion(rows["register"], rows["list_size"], confidence).astype(float).reset_index(drop=True)


@if_present
def members(
    registers: pd.DataFrame,
    prevalence: pd.DataFrame,
    register_code: str,
    ics: str,
    *,
    whole_ics: bool,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The practices of a PCN, or the PCNs of the ICB, with their share on one register, highest first.

    Adds `unit`, the name of the practice or PCN. InputError for an unknown register.
    """
    if register_code not in set(prevalence["register_code"]):
        known = ", ".join(sorted(prevalence["register_code"].unique()))
        raise InputError(f"No register is called {register_code}. Set register_code to one of: {known}.")
    rows = prevalence[prevalence["unit_code"] != ics] if whole_ics else registers
    rows = rows[rows["register_code"] == register_code]
    rows = rows.assign(unit=rows["unit_name" if whole_ics else "practice_name"])
    return shares(rows, confidence).sort_values("value", ascending=False).reset_index(drop=True)


@if_present
def references(prevalence: pd.DataFrame, register_code: str, ics: str) -> dict[str, float]:
    """The share of the PCN (in its own report) and of the ICB, to draw as lines."""
    rows = prevalence[prevalence["register_code"] == register_code].set_index("unit_code")
    share = rows["register"] / rows["list_size"]
    own = {"PCN": float(share.drop(ics).iloc[0])} if len(share) == 2 else {}
    return own | {"ICB": float(share[ics])}


@if_present
def against_ics(prevalence: pd.DataFrame, unit: str, ics: str, confidence: float = 0.95) -> pd.DataFrame:
    """One row per register of one PCN, with the whole ICB's share (which contains it).

    Returns `register_code`, `register_name`, `list_age`, `register`,
    `list_size`, `value`, `lower`, `upper`, `ics_value`, the ratio of the two
    with limits (`ratio`, `ratio_lower`, `ratio_upper`: of the PCN's share,
    taking the ICB's as fixed) and `gap`: people on the register beyond the
    ICB's share (negative: fewer). Largest gap above the average first.
    """
    own = shares(prevalence[prevalence["unit_code"] == unit], confidence)
    whole = prevalence[prevalence["unit_code"] == ics].set_index("register_code")
    ics_value = own["register_code"].map(whole["register"] / whole["list_size"])
    ratio = (
        own[["value", "lower", "upper"]]
        .div(ics_value, axis=0)
        .set_axis(["ratio", "ratio_lower", "ratio_upper"], axis=1)
    )
    gap = (own["register"] - own["list_size"] * ics_value).round().astype("Int64").rename("gap")
    frame = pd.concat([own, ics_value.rename("ics_value"), ratio, gap], axis=1)
    return frame.sort_values(["ratio", "register_code"], ascending=[False, True]).reset_index(drop=True)


@if_present
def between_pcns(prevalence: pd.DataFrame, ics: str) -> pd.DataFrame:
    """One row per register: the PCNs with the lowest and the highest share, and people above the ICB's share.

    Returns `register_name`, `list_age`, `value` (ICB), `lowest`, `lowest_pcn`,
    `highest`, `highest_pcn`, `people_above`: summed over PCNs above the ICB.
    """
    pcns = shares(prevalence[~prevalence["unit_code"].isin([ics, "No PCN"])])
    rows = []
    for code, whole in prevalence[prevalence["unit_code"] == ics].groupby("register_code"):
        value = float(whole["register"].iloc[0] / whole["list_size"].iloc[0])
        part = pcns[pcns["register_code"] == code].sort_values(["value", "unit_code"])
        low, high = part.iloc[0], part.iloc[-1]
        above = (part["register"] - part["list_size"] * value).clip(lower=0).sum()
        rows.append(
            (code, low["register_name"], low["list_age"], value, low["value"], low["unit_name"], high["value"],
             high["unit_name"], round(above))
        )  # fmt: skip
    columns = ["register_code", "register_name", "list_age", "value", "lowest", "lowest_pcn", "highest", "highest_pcn"]
    frame = pd.DataFrame(rows, columns=[*columns, "people_above"])
    return frame.sort_values("people_above", ascending=False).reset_index(drop=True)


@if_present
def draw_members(frame: pd.DataFrame, references: dict[str, float]) -> Figure:
    """Practices or PCNs with their share on one register (`members`)."""
    first = frame.iloc[0]
    unit = f"Share of patients {first['list_age']} on the {first['register_name'].lower()} register"
    return charts.caterpillar(frame, "value", "lower", "upper", "unit", references, unit=unit, percent=True)


@if_present
def draw_profile(frame: pd.DataFrame) -> Figure:
    """Every register as a multiple of the ICB's share (`against_ics`)."""
    return charts.forest(
        frame, "ratio", "ratio_lower", "ratio_upper", "register_name", unit="Ratio to the ICB's prevalence"
    )


@finding
def prevalence(profile: pd.DataFrame, register_code: str, name: str) -> str:
    """A PCN's share on one register, against the ICB, and the gap in people."""
    row = profile[profile["register_code"] == register_code].iloc[0]
    text = (
        f"{name}: {row['value']:.1%} of patients {row['list_age']} are on the {row['register_name'].lower()} register "
        f"({row['lower']:.1%} to {row['upper']:.1%}), {_against(row)} {row['ics_value']:.1%} in the ICB. "
    )
    if row["gap"] == 0:
        return text + "There is no gap to the ICB average to close."
    return text + f"Closing the gap to the ICB average would mean {_people(row['gap'])} on the register."


@finding
def spread(pcns: pd.DataFrame, register_code: str) -> str:
    """How far PCNs differ on one register, and what meeting the ICB average would mean."""
    row = pcns[pcns["register_code"] == register_code].iloc[0]
    return (
        f"{row['value']:.1%} of patients {row['list_age']} are on the {row['register_name'].lower()} register; PCNs "
        f"range from {row['lowest']:.1%} ({row['lowest_pcn']}) to {row['highest']:.1%} ({row['highest_pcn']}). Closing "
        f"the gap to the ICB average in every PCN above it would mean {row['people_above']:,} fewer people on the "
        "register."
    )


@finding
def widest(profile: pd.DataFrame) -> str:
    """The registers on which a PCN differs most from the ICB, beyond chance."""
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


@if_present
def span(frame: pd.DataFrame, column: str, label: str, percent: bool = True) -> str:
    """For alternative text: how many marks, and the lowest and highest by name."""
    ordered = frame.dropna(subset=column).sort_values(column)
    low, high = ordered.iloc[0], ordered.iloc[-1]
    form = "{:.1%}" if percent else "{:.2f}"
    return (
        f"{len(ordered)} values, from {form.format(low[column])} ({low[label]}) to {form.format(high[column])} "
        f"({high[label]})."
    )


def _against(row: pd.Series) -> str:
    if row["lower"] > row["ics_value"]:
        return "more than"
    return "less than" if row["upper"] < row["ics_value"] else "not clearly different from"


def _people(gap: int) -> str:
    """The change that would close the gap, in people."""
    return f"{abs(gap):,} {'fewer' if gap > 0 else 'more'} {'person' if abs(gap) == 1 else 'people'}"


@finding("limit")
def not_for_age() -> str:
    """That prevalence is not age-standardised."""
    return "Prevalence by practice is not age-standardised: no published file has ages within a register."
