"""What the explorer shows of a cohort: its size, how many each criterion leaves, and breakdowns, as HTML.

These are true counts, for the screen of the analyst who may read the person table. What leaves it is made by `export`.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from phm_utils.methods.count_limits import byar

DIMENSIONS = ("PCN", "Age", "Sex", "Deprivation", "Ethnic group", "Practice")
OWN_STRATA = ("Age", "Sex")  # everybody of the same age and sex has, by these, as many people as the cohort itself
WIDEST = 3  # times as many as expected: the length of a whole bar
TITLES = {"people": "In the cohort", "registered": "Registered", "per_1000": "Per 1,000", "expected": "Expected"}
RATIO = "Times expected (95% limits)"


def size_html(attrition: pd.DataFrame) -> str:
    """How many meet every criterion, of how many, in one sentence. attrition: of `asking.attrition`.

    >>> steps = pd.DataFrame({"step": [0, 1], "criterion": ["Registered", "Old"], "people": [40, 10]})
    >>> size_html(steps)
    '<p class="phm-size"><strong>10</strong> people meet every criterion: 250 per 1,000 of 40 registered.</p>'
    """
    first, last = attrition.iloc[0], attrition.iloc[-1]
    rate = f"{1000 * last['people'] / first['people']:.3g} per 1,000 of " if first["people"] else ""
    people = "person meets" if last["people"] == 1 else "people meet"
    return (
        f'<p class="phm-size"><strong>{last["people"]:,}</strong> {people} every criterion: '
        f"{rate}{first['people']:,} registered.</p>"
    )


def mark_html(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Beside a criterion: its words, how many it leaves, and of how many of those before it is not known.

    before, after: two rows of `asking.attrition`, of the step before and its own.

    >>> mark_html({"people": 1000}, {"criterion": "Old", "people": 900, "unknown": 20})
    'Old: <b>900</b> left of 1,000; 20 could not be judged'
    """
    judged = f"; {after['unknown']:,} could not be judged" if after["unknown"] else ""
    return f"{escape(after['criterion'])}: <b>{after['people']:,}</b> left of {before['people']:,}{judged}"


def with_ratio(levels: pd.DataFrame) -> pd.DataFrame:
    """The rows of `asking.by` with members per 1,000, and people over expected with its limits.

    levels: `level`, `people`, `registered`, `expected`. A ratio needs people expected. Limits are those of
    `methods.rates.indirect_ratio`, at 95%: of the count alone.

    >>> row = pd.DataFrame({"level": ["A"], "people": [40], "registered": [1000], "expected": [50.0]})
    >>> with_ratio(row)[["per_1000", "ratio", "lower", "upper"]].round(2).iloc[0].to_list()
    [40.0, 0.8, 0.57, 1.09]
    """
    people, registered, expected = (levels[name].to_numpy(dtype=float) for name in ("people", "registered", "expected"))
    lower, upper = byar(levels["people"])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = {name: np.where(expected > 0, values / expected, np.nan)
                  for name, values in (("ratio", people), ("lower", lower), ("upper", upper))}  # fmt: skip
        per_1000 = np.where(registered > 0, 1000 * people / registered, np.nan)
    return levels.assign(per_1000=per_1000, **ratios)


def breakdown_html(dimension: str, levels: pd.DataFrame) -> str:
    """One table of a breakdown; by age and by sex without what everybody of the same age and sex would have.

    levels: rows of `with_ratio`.

    >>> row = pd.DataFrame({"level": ["Male"], "people": [40], "registered": [1000], "expected": [40.0]})
    >>> "Expected" in breakdown_html("Sex", with_ratio(row)), "Expected" in breakdown_html("PCN", with_ratio(row))
    (False, True)
    """
    compared = dimension not in OWN_STRATA
    frame = with_ratio(levels)
    names = ["people", "registered", "per_1000", *(["expected"] if compared else [])]
    heads = [
        escape(dimension),
        *(TITLES[name] for name in names),
        *(["Times expected (95% limits)"] if compared else []),
    ]
    rows = "".join(_row(row, names, compared) for row in frame.to_dict("records"))
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    caption = f"By {dimension if dimension.isupper() else dimension.lower()}"
    return (
        f'<table class="phm-by"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(row: dict, names: list[str], compared: bool) -> str:
    cells = "".join(f"<td>{_number(row[name], name)}</td>" for name in names)
    if compared:
        cells += f'<td class="phm-ratio">{_ratio(row)}</td>'
    return f'<tr><th scope="row">{escape(str(row["level"]))}</th>{cells}</tr>'


def _number(value: float, name: str) -> str:
    if pd.isna(value):
        return "n/a"
    return f"{value:,.1f}" if name in ("per_1000", "expected") else f"{value:,.0f}"


def _ratio(row: dict) -> str:
    """The ratio with its limits, and a bar of its length; the line across the bar is 1, as many as expected."""
    if pd.isna(row["ratio"]):
        return "none expected"
    clear = "above" if row["lower"] > 1 else "below" if row["upper"] < 1 else "within"
    width = 100 * float(np.clip(row["ratio"], 0, WIDEST)) / WIDEST
    bar = f'<span class="phm-bar phm-{clear}" aria-hidden="true"><i style="width:{width:.0f}%"></i></span>'
    return f"{row['ratio']:.2f} ({row['lower']:.2f} to {row['upper']:.2f}) {bar}"


def breakdowns_html(by: dict[str, pd.DataFrame]) -> str:
    """Every breakdown, with what the expected number means before the first."""
    said = (
        "<p><b>Expected</b>: people in the cohort if each age band and sex had it as often as everybody registered. "
        "<b>Times expected</b> is people over expected: limits that exclude 1 differ by more than chance alone; "
        "the bar's line is 1. By age and by sex nothing is expected: the comparison is made within them.</p>"
    )
    frame = with_ratio(pd.concat(by.values(), keys=by))
    tables = "".join(breakdown_html(dimension, frame.loc[dimension]) for dimension in by)
    return f'{said}<div class="phm-tables">{tables}</div>'


def words_html(described: str, sql: str | None) -> str:
    """The definition in words and, where it is asked for, as SQL.

    >>> words_html("Age at least 65", None)
    '<pre class="phm-words">Age at least 65</pre>'
    """
    asked = f'<pre class="phm-sql">{escape(sql)}</pre>' if sql is not None else ""
    return f'<pre class="phm-words">{escape(described)}</pre>{asked}'


def told_html(text: str, *, wrong: bool = False) -> str:
    """A message: what was done, or why something could not be.

    >>> told_html("Saved.")
    '<p class="phm-told">Saved.</p>'
    """
    kind = "phm-told phm-wrong" if wrong else "phm-told"
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""
