"""Findings, and the words that they share.

A suppressed number never enters a sentence; where all are suppressed the
sentence says so.
"""

from dataclasses import dataclass, field
from html import escape
from typing import Literal

import pandas as pd
from IPython.display import display

from phm_utils.errors import InputError

Level = Literal["finding", "warning", "limit"]
LEVELS = {"finding": "Finding", "warning": "Warning", "limit": "Limit"}


@dataclass
class Findings:
    """What a notebook concluded, in order. `run.close` puts them at the report's top."""

    items: list[tuple[Level, str]] = field(default_factory=list)

    def add(self, text: str, level: Level = "finding") -> None:
        """Add one sentence; `warning` for doubt about the data, `limit` for what is left out."""
        if level not in LEVELS:
            raise InputError(f"A finding's level is one of {', '.join(LEVELS)}, not {level}.")
        self.items.append((level, text))
        html = f'<p class="noted {level}"><strong>{LEVELS[level]}.</strong> {escape(text)}</p>'
        display({"text/html": html, "text/plain": f"{LEVELS[level]}: {text}"}, raw=True)


TOO_FEW = "Too few people to say more without telling about single persons."


def span(frame: pd.DataFrame, value: str, label: str, per: float = 100, unit: str = "%") -> str:
    """For alternative text: how many marks, the lowest and the highest by name, and how many are not shown."""
    known = shown(frame, value)
    hidden = len(frame) - len(known)
    note = f" {hidden} not shown because numbers are small." if hidden else ""
    if known.empty:
        return f"Nothing can be shown: every number is small.{note}"
    low, high = known.loc[known[value].idxmin()], known.loc[known[value].idxmax()]
    return (
        f"{len(known)} values, from {low[value] * per:.3g}{unit} ({low[label]}) "
        f"to {high[value] * per:.3g}{unit} ({high[label]}).{note}"
    )


def shown(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows whose `column` is not suppressed, with it as plain numbers."""
    return frame[frame[column].notna()].astype({column: float}).reset_index(drop=True)


def in_sentence(text: str) -> str:
    """A title within a sentence: its first capital goes, unless it begins a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    if first.startswith(("Parkinson", "Covid")) or not (first[1:].islower() or len(first) == 1):
        return text
    return text[0].lower() + text[1:]


def joined(words: list[str]) -> str:
    """A list within a sentence: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
