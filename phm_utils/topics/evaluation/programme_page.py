"""One programme's released tables, prepared for a page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.errors import InputError
from phm_utils.reports.findings import finding
from phm_utils.reports.headings import ICS, Headings
from phm_utils.topics.evaluation.checks import NETWORKS
from phm_utils.wording import all_lacking, joined

# What the groups are compared in, by the column of `person` without which it is not known.
COMPARED = {
    "n_conditions": "long-term conditions",
    "palliative_care": "who is at the end of life",
    "emergency_admissions_12m": "emergency admissions",
    "age": "ages",
    "sex": "sexes",
    "imd_quintile": "deprivation",
}
TABLES = ("effect", "check", "balance", "trend", "people", "contacts", "return")
HEADINGS = Headings(
    {
        "unit_name": "Network",
        "criterion": "Criterion",
        "people": "People",
        "label": "Estimate",
        "rate_ratio": "Rate ratio",
        "lower": "Lower 95% limit",
        "upper": "Upper 95% limit",
        "people_lower": "Lower 95% limit, people alone",
        "people_upper": "Upper 95% limit, people alone",
        "networks": "Networks with the programme",
        "control_networks": "Networks without it",
        "covariate": "Covariate",
        "smd_before": "Standardised difference before weighting",
        "smd_after": "Standardised difference after weighting",
        "check_name": "Check",
        "requirement": "Required",
        "passed": "Passed",
        "sentence": "Result",
        "month": "Months from enrolment",
        "people_group": "Group",
        "rate": "Attendances per person and month",
        "part": "Part",
        "measure": "Measure",
        "definition": "Definition",
        "unit": "Unit",
        "value": "Value",
        "title": "Programme",
        "result": "Result",
        "before": "Attendances in the same number of months before",
        "after": "Attendances in follow-up",
        "analysed": "People analysed",
    }
)


@dataclass(frozen=True)
class Evaluation:
    """The released tables of one programme for one area.

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
    def title(self) -> str:
        return str(self.programme["title"])

    @property
    def months(self) -> int:
        """Months of follow-up."""
        return int(self.programme["follow_up_months"])

    @property
    def headline(self) -> pd.Series:
        return self.row("doubly_robust")

    def row(self, estimator: str) -> pd.Series | None:
        """One estimator's row, or None if absent."""
        found = self.effect[self.effect["estimator"] == estimator]
        return None if found.empty else found.iloc[0]

    @property
    def shown(self) -> bool:
        """Is there an effect to show?"""
        return not pd.isna(self.headline["rate_ratio"])

    @property
    def verdict(self) -> bool:
        """Has the effect limits that allow for differences between networks?"""
        return not pd.isna(self.headline["lower"])


@if_present
def evaluation(released: Callable[[str], pd.DataFrame], programme: str) -> Evaluation | Absent:
    """The chosen programme's part of the released tables; absent where the run could not evaluate it.

    released: gives a released table by name, such as `run.table`. programme: as `own_page.chosen` gives it.
    Raises InputError where no definition has that name.
    """
    table = released("evaluation_programme")
    if isinstance(table, Absent) or not programme:
        return table if isinstance(table, Absent) else Absent("", "")
    programmes = table.set_index("intervention", drop=False)
    if programme not in programmes.index:
        raise InputError(
            f"No file {programme}.yml in parameters/interventions. There are: {', '.join(programmes.index)}."
        )
    if missing := programmes.loc[programme, "reason"]:
        needs = all_lacking([missing.removeprefix("needs ").split(", which")[0]])
        return Absent(f"The evaluation of {programmes.loc[programme, 'title']}", needs)
    # An effect is the whole ICS's in every report: the ICS's columns would say it twice.
    found = {name: released(f"evaluation_{name}").filter(regex=f"^(?!{ICS})") for name in TABLES}
    chosen = {
        name: table[table["intervention"] == programme].sort_values(_order(table), ignore_index=True)
        for name, table in found.items()
    }
    return Evaluation(programmes.loc[programme], headlines(released), returns=chosen.pop("return"), **chosen)


def headlines(released: Callable[[str], pd.DataFrame]) -> pd.DataFrame | Absent:
    """The headline of every programme that the run could evaluate: the columns of `evaluation_effect`, and `title`."""
    programmes, effects = released("evaluation_programme"), released("evaluation_effect")
    if isinstance(programmes, Absent) or isinstance(effects, Absent):
        return Absent("", "")
    rows = effects[effects["estimator"] == "doubly_robust"].filter(regex=f"^(?!{ICS})")
    named = programmes[["intervention", "title", "follow_up_months"]].sort_values("intervention")
    return named.merge(rows, on="intervention").reset_index(drop=True)


def _order(table: pd.DataFrame) -> list[str]:
    return [c for c in ("position", "unit_code", "step", "people_group", "month") if c in table]


def number(count: Any) -> str:
    """A released count as text; a suppressed one by its range."""
    return "1 to 7" if pd.isna(count) else f"{int(count):,}"


def change(ratio: float) -> str:
    """A rate ratio as text: 41% fewer, 5% more, as many."""
    if round(abs(1 - ratio), 2) == 0:
        return "as many"
    return f"{abs(1 - ratio):.0%} {'fewer' if ratio < 1 else 'more'}"


def limits(lower: float, upper: float) -> str:
    """Limits of a rate ratio as text, the lesser change first.

    >>> limits(0.6, 0.9), limits(0.9, 1.2), limits(1.1, 1.4)
    ('10% to 40% fewer', '10% fewer to 20% more', '10% to 40% more')
    """
    near, far = sorted((lower, upper), key=lambda ratio: abs(1 - ratio))
    if (lower - 1) * (upper - 1) < 0:
        return f"{change(lower)} to {change(upper)}"
    return f"{change(near).removesuffix(' fewer').removesuffix(' more')} to {change(far)}"


@if_present
def every_programme(rows: pd.DataFrame) -> pd.DataFrame:
    """Every programme's headline as text. rows: `headlines`."""
    return pd.DataFrame({"Programme": rows["title"], "Rate ratio (95% limits)": rows.apply(_in_brief, axis=1)})


def _in_brief(row: pd.Series) -> str:
    if pd.isna(row["rate_ratio"]):
        return "none shown"
    if pd.isna(row["lower"]):
        return f"{row['rate_ratio']:.2f} (no verdict: too few networks without the programme)"
    return f"{row['rate_ratio']:.2f} ({row['lower']:.2f} to {row['upper']:.2f})"


@finding("warning")
def warnings(of: Evaluation) -> list[str]:
    """Failed checks of a result that is shown."""
    failed = of.check[~of.check["gate"].astype(bool) & ~of.check["passed"].astype(bool)]
    failed = failed[failed["check_name"] != NETWORKS]  # the effect's own sentence says so
    return failed["sentence"].tolist()


@finding("limit")
def limits_of(of: Evaluation, left_out: pd.DataFrame) -> list[str]:
    """Limits of the result. left_out: the released table `person_left_out`: what this run does not know of anybody."""
    said = [
        "Attendances earlier in the month of enrolment count as follow-up, which moves the rate ratio towards 1.",
        "Conditions, sex and deprivation are those of the GP extract; what staff knew but did not record is missing.",
    ]
    without = set(left_out["column_name"])
    unknown = [words for column, words in COMPARED.items() if column in without]
    if left_out["table_name"].str.startswith("death").any():
        unknown.append("deaths, which end follow-up")
    if unknown:
        said.append(f"This run does not know {joined(unknown)}: the groups may differ in what is not compared.")
    if not (of.check["check_name"] == "Negative control").any():
        tested = of.row("negative_control") is not None
        said.append(
            f"{'The negative control outcome has no verdict' if tested else 'No negative control outcome was tested'}, "
            "so unrecorded differences may remain."
        )
    return said
