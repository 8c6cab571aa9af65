"""How the counts of a released table add up: what could be subtracted, and what true figures must satisfy.

Disclosure control across tables reads these declarations. The tests check each
of them against true figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from phm_utils.privacy.relations_between import DESCRIBES_UNIT, Nested, SameAs, Whole


@dataclass(frozen=True)
class Parts:
    """`count` over all categories of `by` adds up to `total`, a count of the same rows: categories to totals."""

    count: str
    by: tuple[str, ...]
    total: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.count, *self.by, self.total)

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], ics_code: str) -> int:
        """Number of groups of rows in which true figures violate it."""
        kept = [k for k in keys if k not in (*self.by, "place")]
        known = frame.dropna(subset=[self.count, self.total])
        groups = known.groupby(kept, dropna=False)
        return int((groups[self.count].sum() != groups[self.total].first()).sum())


@dataclass(frozen=True)
class AcrossAreas:
    """Counts of the PCNs' rows add up to the row of the ICS with the same keys; PCN to ICS.

    exact: False where people of no known PCN count towards the ICS alone.
    """

    counts: tuple[str, ...]
    exact: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        return self.counts

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], ics_code: str) -> int:
        """Number of counts of the ICS that differ from the PCNs' sum, or are below it where not exact."""
        rest = [k for k in keys if k not in ("area_code", "place")]
        of_ics = frame["area_code"] == ics_code
        sums, whole = (_sums(part, rest, list(self.counts)) for part in (frame[~of_ics], frame[of_ics]))
        sums, whole = sums.align(whole, fill_value=0)
        return int((sums.ne(whole) if self.exact else sums.gt(whole)).sum().sum())


@dataclass(frozen=True)
class AcrossUnits:
    """Counts of the practices in a PCN's rows add up to that PCN's own row among the units of the ICS."""

    counts: tuple[str, ...]
    unit: str = "unit_code"

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.counts, self.unit)

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], ics_code: str) -> int:
        """Number of counts of a PCN that differ from its practices' sum."""
        rest = [k for k in keys if k not in ("area_code", "place", self.unit, *DESCRIBES_UNIT)]
        of_ics = frame["area_code"] == ics_code
        practices = frame[~of_ics].rename(columns={"area_code": "_pcn"})
        networks = frame[of_ics].rename(columns={self.unit: "_pcn"})
        sums, whole = (_sums(part, ["_pcn", *rest], list(self.counts)) for part in (practices, networks))
        sums, whole = sums.align(whole, fill_value=0)
        return int(sums.ne(whole).sum().sum())


@dataclass(frozen=True)
class Steps:
    """`count` never grows from one step of `along` to the next: nested groups.

    first, last: the steps that are nested, where there are others before or after.
    """

    count: str
    along: str
    first: int | None = None
    last: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.count, self.along)

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], ics_code: str) -> int:
        """Number of steps larger than the one before."""
        rest = [k for k in keys if k not in (self.along, "place", "criterion")]
        step = frame[self.along].astype(int)
        nested = step.between(
            step.min() if self.first is None else self.first, step.max() if self.last is None else self.last
        )
        ordered = frame[nested].assign(_step=step).sort_values([*rest, "_step"])
        grown = ordered.groupby(rest, dropna=False)[self.count].diff() > 0
        return int(grown.sum())


@dataclass(frozen=True)
class AtMost:
    """`part` is counted among `whole` in every row."""

    part: str
    whole: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.part, self.whole)

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], ics_code: str) -> int:
        """Number of rows in which the part is larger."""
        return int((frame[self.part] > frame[self.whole]).sum())


@dataclass(frozen=True)
class RowSum:
    """The `parts` of a row add up to its `total`."""

    parts: tuple[str, ...]
    total: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.parts, self.total)

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], ics_code: str) -> int:
        """Number of rows in which they do not."""
        known = frame.dropna(subset=[*self.parts, self.total])
        return int((known[list(self.parts)].sum(axis=1) != known[self.total]).sum())


Relation = Parts | AcrossAreas | AcrossUnits | Steps | AtMost | RowSum | Nested | SameAs | Whole


def violations(
    relation: Relation, frame: pd.DataFrame, keys: Sequence[str], ics_code: str, others: Mapping[str, pd.DataFrame]
) -> int:
    """Number of violations of a relation in true figures.

    frame: of its release. keys: of that release. others: true figures of other releases, by name, for relations that
    read one; where that was not made, nothing is said and nothing violated.
    """
    if not isinstance(relation, Nested | SameAs | Whole):
        return relation.violations(frame, keys, ics_code)
    return relation.violations(frame, keys, others[relation.release]) if relation.release in others else 0


def _sums(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> pd.DataFrame:
    if keys:
        return frame.groupby(keys, dropna=False)[counts].sum()
    return frame[counts].sum().to_frame().T
