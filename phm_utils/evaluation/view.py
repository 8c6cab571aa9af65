"""One programme's released tables, chosen and worded for a page."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from phm_utils.errors import InputError

TABLES = ("effect", "check", "balance", "trend", "people", "contacts", "return")
NAMES = {
    "unit_name": "Network",
    "criterion": "People",
    "people": "Number",
    "label": "Estimate",
    "rate_ratio": "Rate ratio",
    "lower": "Lower 95% limit",
    "upper": "Upper 95% limit",
    "covariate": "What is known beforehand",
    "smd_before": "Before weighting",
    "smd_after": "After weighting",
    "check_name": "Check",
    "requirement": "Asked",
    "passed": "Held",
    "sentence": "Found",
    "month": "Months from enrolment",
    "people_group": "Group",
    "rate": "Attendances per person and month",
    "part": "Part",
    "measure": "Measure",
    "definition": "What it is",
    "unit": "Unit",
    "value": "Value",
    "title": "Programme",
    "result": "Result",
    "before": "Attendances in as many months before",
    "after": "Attendances in follow-up",
    "analysed": "People analysed",
}


@dataclass(frozen=True)
class Evaluated:
    """What was released about one programme for one area.

    programme: its definition. others: the headline of every programme, this one's included.
    """

    programme: pd.Series
    others: pd.DataFrame
    effect: pd.DataFrame
    check: pd.DataFrame
    balance: pd.DataFrame
    trend: pd.DataFrame
    people: pd.DataFrame
    contacts: pd.DataFrame
    returns: pd.DataFrame

    @property
    def missing(self) -> str:
        """What the evaluation needs and does not have; empty where it could be made."""
        return self.programme["reason"]

    @property
    def headline(self) -> pd.Series:
        return self.row("doubly_robust")

    def row(self, estimator: str) -> pd.Series | None:
        """One estimator's row, or None where it is not there."""
        found = self.effect[self.effect["estimator"] == estimator]
        return None if found.empty else found.iloc[0]

    @property
    def shown(self) -> bool:
        """Is there an effect to show?"""
        return not self.missing and not pd.isna(self.headline["rate_ratio"])


def evaluated(released: Callable[[str], pd.DataFrame], programme: str) -> Evaluated:
    """The chosen programme's part of the released tables.

    released: gives a released table by name, such as `run.released`.
    Raises InputError where no definition has that name.
    """
    programmes = released("evaluation_programme").set_index("intervention", drop=False)
    if programme not in programmes.index:
        raise InputError(
            f"No file {programme}.yml in parameters/interventions. There are: {', '.join(programmes.index)}."
        )
    found = {name: released(f"evaluation_{name}") for name in TABLES}
    chosen = {
        name: table[table["intervention"] == programme].sort_values(_order(table), ignore_index=True)
        for name, table in found.items()
    }
    headlines = found["effect"][found["effect"]["estimator"] == "doubly_robust"]
    others = programmes.reset_index(drop=True)[["intervention", "title"]].merge(headlines, on="intervention")
    return Evaluated(programmes.loc[programme], others, returns=chosen.pop("return"), **chosen)


def _order(table: pd.DataFrame) -> list[str]:
    return [c for c in ("position", "unit_code", "step", "people_group", "month") if c in table]


def readable(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The columns wanted, under the names that people read."""
    return frame[list(columns)].rename(columns=NAMES)


def flow(people: pd.DataFrame, area_code: str) -> pd.DataFrame:
    """From eligible to analysed in the area itself: one row per step."""
    return readable(people[people["unit_code"] == area_code], "criterion", "people")


def networks(contacts: pd.DataFrame, area_code: str, is_ics: bool) -> pd.DataFrame:
    """Each network with people analysed, and their attendances before and after; a PCN sees its own."""
    rows = contacts if is_ics else contacts[contacts["unit_code"] == area_code]
    rows = rows[rows["people"].isna() | (rows["people"] > 0)]
    return readable(rows.rename(columns={"people": "analysed"}), "unit_name", "analysed", "before", "after")


def forest_rows(of: Evaluated) -> pd.DataFrame:
    """The estimates that count, and what others found elsewhere, for a forest."""
    rows = of.effect[of.effect["evidence"]][["label", "rate_ratio", "lower", "upper"]]
    known = of.programme
    plausible = {
        "label": "Found elsewhere",
        "rate_ratio": known["plausible_ratio"],
        "lower": known["plausible_lower"],
        "upper": known["plausible_upper"],
    }
    return pd.concat([rows, pd.DataFrame([plausible])], ignore_index=True)


def before_after_rows(of: Evaluated) -> pd.DataFrame:
    """Before against after, in the people enrolled and in people without the programme."""
    rows = of.effect[of.effect["estimator"].str.startswith("before_after") & of.effect["rate_ratio"].notna()]
    return rows.assign(label=rows["label"].str.replace("Before and after, not evidence", "People enrolled").str.replace(
        "Before and after in ", "").str.capitalize())  # fmt: skip


def trend_rows(trend: pd.DataFrame) -> pd.DataFrame:
    """The trend with its groups in the order of the legend."""
    return trend.sort_values(
        ["people_group", "month"], key=lambda c: c.ne("Enrolled") if c.name == "people_group" else c
    )


def money_rows(returns: pd.DataFrame) -> pd.DataFrame:
    """Return on investment, limits in words where there are any."""
    limits = [
        "" if pd.isna(low) else f"{low:,.3g} to {high:,.3g}" if abs(low) < 1000 else f"{low:,.0f} to {high:,.0f}"
        for low, high in zip(returns["lower"], returns["upper"], strict=True)
    ]
    columns = ("measure", "definition", "value", "unit")
    return readable(returns, *columns).assign(**{"95% limits": limits})
