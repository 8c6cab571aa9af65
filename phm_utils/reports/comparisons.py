"""What may be said of comparisons, and its words: the one place in which a page names a unit.

A page declares a `Family` before results: an indicator, a kind of unit, a comparator. `methods.comparisons`
decides which of its units differ; a unit is named here alone, and only with its value, its limits and
the counts behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from phm_utils.methods.comparisons import ABOVE, BELOW, CANNOT_TELL, NOT_COMPARED, TOO_FEW
from phm_utils.methods.validation import has_columns
from phm_utils.wording import joined

MOST_NAMED = 3  # units on either side in one sentence
Form = Callable[[float], str]


def percent(share: float) -> str:
    """A share as a percentage, one decimal; what is not 0 or 1 is never written so.

    >>> percent(0.0123), percent(0.0001), percent(0.9999), percent(0)
    ('1.2%', 'under 0.1%', 'over 99.9%', '0%')
    """
    if share in (0, 1):
        return f"{share:.0%}"
    return "under 0.1%" if share < 0.001 else "over 99.9%" if share > 0.999 else f"{share:.1%}"


def number(value: float) -> str:
    """Three significant figures, whole from 100 on.

    >>> number(98.24), number(1234.5), number(0.0512)
    ('98.2', '1,234', '0.0512')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def people(count: int) -> str:
    """A count of people in words.

    >>> people(1), people(1200), people(0)
    ('1 person', '1,200 people', 'nobody')
    """
    return "nobody" if count == 0 else f"{count:,} {'person' if count == 1 else 'people'}"


def times(ratio: float) -> str:
    """A ratio in words, two significant figures below ten.

    >>> times(2.34), times(12.3)
    ('2.3 times', '12 times')
    """
    return f"{ratio:.2g} times" if ratio < 10 else f"{ratio:,.0f} times"


def out_of(per: int) -> Form:
    """Writes a share as a number out of `per`.

    >>> out_of(1_000)(0.0123), out_of(10_000)(0.00004)
    ('12.3', '0.4')
    """
    return lambda share: number(per * share)


@dataclass(frozen=True)
class Family:
    """Comparisons declared before results: one indicator by one kind of unit.

    indicator: what the value is of, after the number: `of people have asthma`; empty where `form` says it.
    unit, units: a name of one and of several: practice, practices.
    comparator: with its article: `the ICS average`, `what the others predict`.
    form: writes a value. among_others: units are compared with what the others predict, usual variation
        included (`units_among_others`); `usual_lower` and `usual_upper` of a unit are then printed.
    own_comparators: each unit has a comparator of its own, such as all others together, which is then printed.
    counted: what `events` of a unit are, in words; empty where a page has no counts.
    caution: what every sentence of the family must carry: not adjusted for age, a setting not priced.
    """

    indicator: str
    unit: str
    units: str
    comparator: str
    form: Form = number
    among_others: bool = False
    own_comparators: bool = False
    counted: str = ""
    caution: str = ""

    def standing_out(self, judged: pd.DataFrame, name: str = "unit") -> str:
        """Which units differ from the comparator, with limits; else that none does.

        judged: of `methods.comparisons`, with the units' names in column `name`, `events` where `counted` is
            declared, `pooled` where there is a value drawn towards the others', and `why` for those not compared.

        >>> from phm_utils.methods.comparisons import shares_against
        >>> units = pd.DataFrame({"unit": ["Ash", "Elm", "Oak"], "n": [1_000] * 3, "x": [100, 104, 150]})
        >>> judged = units.join(shares_against(units["x"], units["n"], 0.1))
        >>> print(Family("of people smoke", "ward", "wards", "the average", percent).standing_out(judged))
        Of 3 wards compared, 1 differs from the average (10.0% of people smoke): above it Oak (15.0%, 12.5% to 17.9%).

        Where units have comparators of their own, each named is printed with its own.
        """
        has_columns(judged, name, "value", "lower", "upper", "comparator", "verdict")
        compared = judged[judged["verdict"].isin([ABOVE, BELOW, CANNOT_TELL])]
        known = judged["value"].dropna()
        if compared.empty and self.among_others and len(known):
            unknown = f"how much {self.units} usually differ cannot be told from {len(known)}"
            return f"{self._range(known)}: {unknown}, so none is named.{self._cautioned()}"
        if compared.empty:
            return f"No {self.unit} has enough to be compared with {self.comparator}.{self._left_out(judged, name)}"
        found = compared[compared["verdict"] != CANNOT_TELL]
        one, against = len(compared) == 1, self._comparator(compared)
        lead = f"The one {self.unit} compared " if one else f"Of {len(compared)} {self.units} compared, "
        if found.empty:
            lead += f"{'cannot be told apart' if one else 'none differs'} from {against}"
            lead += "" if one or self.among_others else " beyond chance"  # what others predict holds chance
        else:
            lead += "differs" if one else f"{len(found)} {'differs' if len(found) == 1 else 'differ'}"
            own = self.own_comparators or compared["comparator"].nunique() > 1
            sides = [self._side(found, verdict, name, own) for verdict in (ABOVE, BELOW) if _has(found, verdict)]
            lead += f" from {against}: {'; '.join(sides)}"
        return f"{lead}.{self._left_out(judged, name)}{self._cautioned()}"

    def own(self, row: pd.Series, name: str = "unit") -> str:
        """One unit against the comparator, with limits.

        row: of `judged` as in `standing_out`, a family of one or the unit that the page is about.
        """
        if row["verdict"] == TOO_FEW and pd.isna(row[["value", "lower", "upper"]]).any():
            return f"{row[name]}: too few to compare with {self.comparator}."
        word = {ABOVE: "more than", BELOW: "less than"}.get(row["verdict"], "which cannot be told apart from")
        lead = f"{row[name]}: {self.form(row['value'])} {self.indicator} ({self._limits(row)})"
        if row["verdict"] == TOO_FEW:
            return f"{lead}; too few to compare with {self.comparator}."
        if row["verdict"] == NOT_COMPARED:
            return f"{lead}; not compared: {row['why']}.{self._cautioned()}"
        return f"{lead}, {word} {self.comparator} ({self.form(row['comparator'])}).{self._cautioned()}"

    def _range(self, values: pd.Series) -> str:
        """Lowest to highest value of units of which none is named."""
        low, high = self.form(values.min()), self.form(values.max())
        return f"{len(values)} {self._kind(len(values))}, {low if low == high else f'{low} to {high}'} {self.indicator}"

    def _comparator(self, judged: pd.DataFrame) -> str:
        """The comparator, with its value where all units have the same."""
        values = judged["comparator"]
        if not self.indicator:
            return self.comparator
        if self.among_others or self.own_comparators or values.nunique() > 1:
            share = "share " if self.indicator.startswith("of ") else ""
            return f"{self.comparator} ({share}{self.indicator})"
        return f"{self.comparator} ({self.form(values.iloc[0])} {self.indicator})"

    def _side(self, found: pd.DataFrame, verdict: str, name: str, against: bool) -> str:
        """Units on one side, the clearest first; of equally clear ones the first by name. against: with comparators."""
        rows = found[found["verdict"] == verdict].sort_values(["p", name], kind="stable")
        words = [
            f"{row[name]} ({self.form(row['value'])}, {self._limits(row, against=against)})"
            for _, row in rows.head(MOST_NAMED).iterrows()
        ]
        more = [f"{len(rows) - MOST_NAMED} more"] if len(rows) > MOST_NAMED else []
        return f"{verdict} it {joined([*words, *more])}"

    def _limits(self, row: pd.Series, *, against: bool = False) -> str:
        """Limits of a value, its own comparator, and the counts and the pooled value where there are any."""
        low, high = self.form(row["lower"]), self.form(row["upper"])
        parts = [f"{low.removesuffix(' times')} to {high}"]
        if against and not self.among_others:
            parts.append(f"against {self.form(row['comparator'])}")
        if self.among_others and pd.notna(row["usual_lower"]):
            parts.append(f"the others predict {self.form(row['usual_lower'])} to {self.form(row['usual_upper'])}")
        if self.counted and pd.notna(row.get("events")):
            parts.append(f"{int(row['events']):,} {self.counted}")
        if pd.notna(row.get("pooled")):
            parts.append(f"{self.form(row['pooled'])} drawn towards the others")
        return "; ".join(parts)

    def _left_out(self, judged: pd.DataFrame, name: str) -> str:
        """How many are too small to be compared, and which are not compared and why."""
        few = judged[judged["verdict"] == TOO_FEW]
        said = f" {len(few)} {'is' if len(few) == 1 else 'are'} too small to compare." if len(few) else ""
        return said + not_compared(judged, name)

    def _kind(self, count: int) -> str:
        return self.unit if count == 1 else self.units

    def _cautioned(self) -> str:
        return f" {self.caution}" if self.caution else ""


def not_compared(judged: pd.DataFrame, name: str = "unit") -> str:
    """Which units are not compared and why, each once; empty where all are.

    >>> units = pd.DataFrame({"unit": ["Ash", "Elm"], "verdict": ["not compared", "above"], "why": ["old extract", ""]})
    >>> not_compared(units)
    ' Not compared: Ash (old extract).'
    """
    out = judged[judged["verdict"] == NOT_COMPARED]
    if out.empty or "why" not in out:
        return ""
    reasons = [f"{joined(rows[name].unique().tolist())} ({why})" for why, rows in out.groupby("why", sort=False)]
    return f" Not compared: {joined(reasons)}."


def _has(found: pd.DataFrame, verdict: str) -> bool:
    return bool((found["verdict"] == verdict).any())
