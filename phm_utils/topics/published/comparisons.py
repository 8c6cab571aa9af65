"""Practices and PCNs of the files against one another, and a PCN against all practices: who differs, and its words."""

import numpy as np
import pandas as pd

from phm_utils.absent import if_present
from phm_utils.methods import rates
from phm_utils.methods.comparisons import ABOVE, BELOW, CANNOT_TELL, NOT_COMPARED, TOO_FEW, shares_against
from phm_utils.methods.discovery import discoveries, of_one_page
from phm_utils.methods.overdispersion import MIN_UNITS, outliers
from phm_utils.methods.pooling import pool_proportions
from phm_utils.reports.comparisons import Family, percent
from phm_utils.wording import in_sentence

FAMILIES = 2  # of comparisons in the report: PCNs and practices
RATE = of_one_page(FAMILIES)
EVERYBODY = "all practices in the files"
NOT_FOR_AGE = "Not adjusted for age."


@if_present
def among_others(rows: pd.DataFrame, name: str, confidence: float = 0.95) -> pd.DataFrame:
    """Practices, or PCNs, against what the others predict for them on each register, usual variation included.

    rows: `register_code`, `register`, `list_size`, `mark` and the column `name` of their names; all of the files.
    A marked one is not compared and predicts nothing for the others; nor does one whose register is suppressed.
    One family per register: false discoveries are controlled over all the registers given.

    Returns the rows with `unit`, `value`, `lower`, `upper` (Wilson), `usual_lower`, `usual_upper` (predicted),
    `pooled`, `events`, `p`, `comparator` and `verdict`.
    """
    frame = pd.concat([_predicted(part) for _, part in rows.groupby("register_code")]).reindex(rows.index)
    found = discoveries(pd.DataFrame({"family": rows["register_code"], "p": frame["p"]}), RATE)["named"]
    marked = rows["mark"].ne("")
    cases = [marked, frame["p"].isna(), found & (frame["z"] > 0), found]
    share = rates.proportion(rows["register"], rows["list_size"], confidence).astype(float)
    return rows.drop(columns=["value", "lower", "upper"], errors="ignore").assign(
        **share, **frame[["usual_lower", "usual_upper", "pooled", "p", "comparator"]],
        unit=rows[name], events=rows["register"],
        verdict=np.select(cases, [NOT_COMPARED, TOO_FEW, ABOVE, BELOW], CANNOT_TELL),
    )  # fmt: skip


def _predicted(rows: pd.DataFrame) -> pd.DataFrame:
    """Of one register: what the others predict for each, and its value drawn towards theirs."""
    events = rows["register"].astype("Float64").mask(rows["mark"].ne("")).astype(float)
    sizes = rows["list_size"].astype(float)
    found = outliers(events, sizes, kind="proportion")
    known = events.notna() & (sizes > 0)
    pooled = pd.Series(np.nan, index=rows.index)
    if known.sum() > MIN_UNITS and 0 < events[known].sum() < sizes[known].sum():
        pooled = pool_proportions(events, sizes)["value"].astype(float)
    words = {"lower": "usual_lower", "upper": "usual_upper", "predicted": "comparator"}
    return found.rename(columns=words).assign(pooled=pooled)[[*words.values(), "p", "z", "pooled"]]


@if_present
def beyond(rows: pd.DataFrame, shares: pd.Series, confidence: float = 0.95) -> pd.DataFrame:
    """Practices or PCNs beside the share of all practices, which include them.

    shares: that share, by `register_code`. Returns the rows with `value`, `lower`, `upper` (Wilson), `comparator`, and
    `gap`, `gap_lower`, `gap_upper`: people recorded beyond that share (negative: fewer), with the limits of `value`.
    """
    expected, size = rows["register_code"].map(shares), rows["list_size"].astype(float)
    share = rates.proportion(rows["register"], rows["list_size"], confidence).astype(float)
    gaps = {
        f"gap{end}": (size * (share[column] - expected)).round().astype("Int64")
        for end, column in (("", "value"), ("_lower", "lower"), ("_upper", "upper"))
    }
    return rows.assign(**share, comparator=expected, **gaps)


def against_everybody(rows: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Registers of one PCN, as one family, with the verdict against the share of all practices.

    rows: of `beyond`. Returns them with `unit` (the register), `events` and what `shares_against` gives.
    """
    judged = shares_against(rows["register"], rows["list_size"], rows["comparator"], confidence=confidence)
    names = rows["register_name"].map(in_sentence)
    return rows.drop(columns=judged.columns, errors="ignore").assign(unit=names, events=rows["register"], **judged)


def standing_out(judged: pd.DataFrame, kind: str, among: int, caution: str = "") -> str:
    """Practices or PCNs that differ on one register from what the others predict.

    judged: of `among_others`, one register, those that may be named. kind: "practice" or "PCN". among: how many were
        compared with one another, which may be more.
    """
    marked = int((judged["verdict"] == NOT_COMPARED).sum())
    out = f"{marked} marked † {'is' if marked == 1 else 'are'} not compared." if marked else ""
    tail = " ".join(filter(None, [out, caution, NOT_FOR_AGE]))
    if among <= MIN_UNITS:
        return f"How much {kind}s usually differ cannot be told from {among}, so none is named. {tail}"
    words = Family(
        on_register(judged.iloc[0]), kind, f"{kind}s", "what the others predict", percent, among_others=True,
        counted="people", caution=tail,
    )  # fmt: skip
    return words.standing_out(judged)


def on_register(row: pd.Series) -> str:
    """What a share is of.

    >>> on_register(pd.Series({"list_age": "of all ages", "register_name": "COPD"}))
    'of patients of all ages on the COPD register'
    """
    return f"of patients {row['list_age']} on the {in_sentence(row['register_name'])} register"
