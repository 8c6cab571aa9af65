"""Findings, and helpers for their sentences.

A suppressed number never enters a sentence; where all are suppressed the
sentence says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

import pandas as pd

from phm_utils.absent import first_absent

Level = Literal["finding", "detail", "warning", "limit"]
LEVELS = {"finding": "Finding", "detail": "Detail", "warning": "Warning", "limit": "Limit"}


@dataclass(frozen=True)
class Finding:
    """A conclusion of a report in one sentence, computed from released tables.

    name: which question it answers, `module.function`. level: `warning` is
        doubt about the data, `limit` what is left out; a `detail` stands at its
        figure alone, and not at the top of the report.
    """

    text: str
    level: Level = "finding"
    name: str = ""

    def __str__(self) -> str:
        return self.text


Sentence = str | tuple[str, Level] | None


def finding(level: Level | Callable[..., Any] = "finding") -> Callable[..., Any]:
    """Make a function that returns a sentence return a `Finding`.

    None stays None; an absent table gives None.

    `@finding`, or `@finding("limit")`; a function may return (sentence, level), or a list of
    sentences for a list of findings.

    >>> @finding("limit")
    ... def left_out(people):
    ...     return f"{people} people are left out."
    ...
    >>> left_out(12).level, str(left_out(12))
    ('limit', '12 people are left out.')
    """
    if callable(level):
        return finding("finding")(level)

    def marked(words: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{words.__module__.rsplit('.', 1)[-1]}.{words.__name__}"

        def made(sentence: Sentence) -> Finding | None:
            if sentence is None:
                return None
            text, own = sentence if isinstance(sentence, tuple) else (sentence, level)
            return Finding(text, own, name)

        @wraps(words)
        def give(*given: Any, **named: Any) -> Any:
            if first_absent(given, named) is not None:
                return None
            found = words(*given, **named)
            return [made(sentence) for sentence in found] if isinstance(found, list) else made(found)

        return give

    return marked


TOO_FEW = "Numbers are too small to show here."


def span(frame: pd.DataFrame, value: str, per: float = 100, unit: str = "%") -> str:
    """For alternative text: how many values, their range, and how many are not shown; it names none of them.

    >>> frame = pd.DataFrame({"practice": ["Elm", "Oak", "Ash"], "share": [0.1, 0.25, None]})
    >>> span(frame, "share")
    '2 values, from 10% to 25%. 1 not shown because numbers are small.'
    """
    known = shown(frame, value)
    hidden = len(frame) - len(known)
    note = f" {hidden} not shown because numbers are small." if hidden else ""
    if known.empty:
        return f"Nothing can be shown: every number is small.{note}"
    low, high = (f"{end * per:.3g}{unit}" for end in (known[value].min(), known[value].max()))
    return f"{len(known)} values, {f'from {low} to {high}' if low != high else f'each {low}'}.{note}"


def shown(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows whose `column` is not suppressed, with it as plain numbers.

    >>> shown(pd.DataFrame({"people": pd.array([10, None], "Int64")}), "people")["people"].tolist()
    [10.0]
    """
    return frame[frame[column].notna()].astype({column: float}).reset_index(drop=True)
