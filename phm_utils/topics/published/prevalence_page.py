"""Published registers of a PCN's practices, or of all PCNs: frames, figures and sentences."""

import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.errors import InputError
from phm_utils.figures import charts
from phm_utils.measures.usual_variation import daggers
from phm_utils.methods import rates
from phm_utils.methods.comparisons import ABOVE, BELOW, CANNOT_TELL, NOT_COMPARED, TOO_FEW
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import finding
from phm_utils.topics.published.comparisons import (
    EVERYBODY,
    NOT_FOR_AGE,
    against_everybody,
    among_others,
    beyond,
    on_register,
    standing_out,
)
from phm_utils.topics.published.published_tables import NO_PCN
from phm_utils.wording import in_sentence, joined


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
    """The practices of a PCN, or all PCNs, with their share on one register, highest first.

    Adds `unit`, the name of the practice or PCN, with a dagger where it is marked, and `gap`, `gap_lower`, `gap_upper`:
    people recorded beyond the share of all practices (negative: fewer). InputError for an unknown register.
    """
    if register_code not in set(prevalence["register_code"]):
        known = ", ".join(sorted(prevalence["register_code"].unique()))
        raise InputError(f"No register is called {register_code}. Set register_code to one of: {known}.")
    rows = prevalence[prevalence["unit_code"] != ics] if whole_ics else registers
    rows = rows[rows["register_code"] == register_code].reset_index(drop=True)
    rows = beyond(rows, everybody(prevalence, ics), confidence)
    names = rows["unit_name" if whole_ics else "practice_name"] + daggers(rows["mark"])
    return rows.assign(unit=names).sort_values("value", ascending=False, ignore_index=True)


@if_present
def everybody(prevalence: pd.DataFrame, ics: str) -> pd.Series:
    """The share of all practices in the files, by `register_code`."""
    whole = prevalence[prevalence["unit_code"] == ics].set_index("register_code")
    return whole["register"].astype(float) / whole["list_size"].astype(float)


@if_present
def references(prevalence: pd.DataFrame, register_code: str, ics: str) -> dict[str, float]:
    """The share of the PCN (in its own report) and of all practices, to draw as lines."""
    rows = prevalence[prevalence["register_code"] == register_code].set_index("unit_code")
    share = rows["register"] / rows["list_size"]
    own = {"PCN": float(share.drop(ics).iloc[0])} if len(share) == 2 else {}
    return own | {"All practices": float(share[ics])}


@if_present
def against_ics(prevalence: pd.DataFrame, unit: str, ics: str, confidence: float = 0.95) -> pd.DataFrame:
    """One row per register of one PCN, beside the share of all practices in the files (which contain it).

    Returns what `beyond` gives and the ratio of the two (`ratio`, `ratio_lower`, `ratio_upper`: of the PCN's share,
    taking the other as fixed). Highest ratio first.
    """
    own = prevalence[prevalence["unit_code"] == unit].reset_index(drop=True)
    frame = beyond(own, everybody(prevalence, ics), confidence)
    ratio = frame[["value", "lower", "upper"]].div(frame["comparator"], axis=0)
    frame[["ratio", "ratio_lower", "ratio_upper"]] = ratio
    return frame.sort_values(["ratio", "register_code"], ascending=[False, True], ignore_index=True)


@if_present
def pcns(prevalence: pd.DataFrame, ics: str, confidence: float = 0.95) -> pd.DataFrame:
    """Every PCN on every register, against what the other PCNs predict. prevalence: the rows of the whole place."""
    rows = prevalence[~prevalence["unit_code"].isin([ics, NO_PCN])].reset_index(drop=True)
    return among_others(rows, "unit_name", confidence)


@if_present
def between_pcns(judged: pd.DataFrame, prevalence: pd.DataFrame, ics: str) -> pd.DataFrame:
    """One row per register, by name: the share of all practices, the middle half of PCNs, and PCNs that differ.

    judged: of `pcns`. Returns `register_code`, `register_name`, `list_age`, `value`, `quarter`, `three_quarters` (of
    PCNs' shares), and the names of PCNs `above` and `below` what the others predict.
    """
    whole = everybody(prevalence, ics)
    rows = [
        (code, *part[["register_name", "list_age"]].iloc[0], whole[code], *part["value"].quantile([0.25, 0.75]),
         *(_names(part, verdict) for verdict in (ABOVE, BELOW)))
        for code, part in judged.groupby("register_code")
    ]  # fmt: skip
    columns = ["register_code", "register_name", "list_age", "value", "quarter", "three_quarters", "above", "below"]
    return pd.DataFrame(rows, columns=columns).sort_values("register_name", ignore_index=True)


def _names(judged: pd.DataFrame, verdict: str) -> str:
    return joined(sorted(judged.loc[judged["verdict"] == verdict, "unit"])) or "none"


@if_present
def draw_members(frame: pd.DataFrame, references: dict[str, float]) -> Figure:
    """Practices or PCNs with their share on one register (`members`)."""
    first = frame.iloc[0]
    unit = f"Share of patients {first['list_age']} on the {in_sentence(first['register_name'])} register"
    return charts.caterpillar(frame, "value", "lower", "upper", "unit", references, unit=unit, percent=True)


@if_present
def draw_profile(frame: pd.DataFrame) -> Figure:
    """Every register as a multiple of the share of all practices (`against_ics`)."""
    return charts.forest(frame, "ratio", "ratio_lower", "ratio_upper", "register_name", unit=f"Ratio to {EVERYBODY}")


@finding
def prevalence(
    profile: pd.DataFrame, judged: pd.DataFrame, register_code: str, name: str, confidence: float = 0.95
) -> str:
    """A PCN's share on one register against all practices, in people too, and what the other PCNs predict.

    profile: of `against_ics`. judged: of `pcns`.
    """
    row = against_everybody(profile[profile["register_code"] == register_code], confidence).iloc[0]
    parts = [Family(on_register(row), "PCN", "PCNs", EVERYBODY, percent, counted="people").own(row, "unit_name")]
    if pd.notna(row["gap"]):
        parts.append(_recorded(row))
    others = judged[(judged["register_code"] == register_code) & (judged["unit"] == name)]
    known = others[others["usual_lower"].notna() & others["verdict"].ne(NOT_COMPARED)]
    parts += [
        f"The other PCNs predict {percent(low)} to {percent(high)}."
        for low, high in known[["usual_lower", "usual_upper"]].to_numpy()
    ]
    return " ".join([*parts, *([f"The PCN {row['mark']}, marked †."] if row["mark"] else []), NOT_FOR_AGE])


def _recorded(row: pd.Series) -> str:
    """The difference in people, with limits."""
    gap, low, high = (int(row[column]) for column in ("gap", "gap_lower", "gap_upper"))
    if low <= 0 <= high:
        return f"The difference is between {-low:,} fewer and {high:,} more on the register than at that share."
    more = gap > 0
    ends = (low, high) if more else (-high, -low)
    why = ("more", "older", "better") if more else ("less", "younger", "less")
    return (
        f"{abs(gap):,} {'more' if more else 'fewer'} {'person is' if abs(gap) == 1 else 'people are'} recorded than at "
        f"that share ({ends[0]:,} to {ends[1]:,}), which can be {why[0]} illness, {why[1]} patients or {why[2]} "
        "case-finding."
    )


@finding
def spread(judged: pd.DataFrame, prevalence: pd.DataFrame, register_code: str, ics: str) -> str:
    """The share of all practices on one register, and PCNs that differ from what the others predict."""
    rows = judged[judged["register_code"] == register_code].reset_index(drop=True)
    share = everybody(prevalence, ics)[register_code]
    among = int((rows["verdict"].ne(NOT_COMPARED) & rows["value"].notna()).sum())
    lead = EVERYBODY[0].upper() + EVERYBODY[1:]
    return f"{lead}: {percent(share)} {on_register(rows.iloc[0])}. {standing_out(rows, 'PCN', among)}"


@finding
def widest(profile: pd.DataFrame, judged: pd.DataFrame, name: str, confidence: float = 0.95) -> str:
    """Registers on which a PCN differs from what the other PCNs predict.

    Where too few PCNs say how much they usually differ, the number of registers that differ beyond chance alone.
    profile: of `against_ics`. judged: of `pcns`.
    """
    own = judged[judged["unit"] == name]
    own = own.assign(unit=own["register_name"].map(in_sentence))
    if own["verdict"].isin([NOT_COMPARED, TOO_FEW]).all():
        verdicts = against_everybody(profile, confidence)["verdict"]
        differ, compared = (int(verdicts.isin(kinds).sum()) for kinds in ([ABOVE, BELOW], [ABOVE, BELOW, CANNOT_TELL]))
        return (
            f"On {differ} of {compared} registers {name} differs from {EVERYBODY} by more than chance. How much PCNs "
            f"usually differ cannot be told from these files, so no register is named. {NOT_FOR_AGE}"
        )
    usual = Family(
        "of patients on the register", "register", "registers", "what the other PCNs predict", percent,
        among_others=True, counted="people", caution=NOT_FOR_AGE,
    )  # fmt: skip
    return usual.standing_out(own)


@if_present
def described(frame: pd.DataFrame, column: str = "value") -> str:
    """For alternative text: how many marks, from which value to which; no name, because ends are not findings."""
    known = frame[column].dropna()
    if known.empty:
        return "Nothing can be shown: every number is suppressed."
    return f"{len(known)} values with limits, from {percent(known.min())} to {percent(known.max())}."


@finding("limit")
def not_for_age() -> str:
    """That prevalence is not age-standardised."""
    return "Prevalence by practice is not age-standardised: no published file has ages within a register."
