"""What may leave the store: each released table is declared before it is computed.

A declaration is plain data: columns and their types, how counts add up, and
the people behind counts of events. A topic's stage makes the true figures
(`aggregate`); the protect stage alone turns them into what reports draw.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.privacy.relations import Relation

AGGREGATE, RELEASED = "aggregate_", "release_"  # prefixes of the two tables that a declaration gives
CATALOGUE = "released_table"  # the table of all declarations, made in this run or not
Kind = Literal["key", "count", "estimate", "derived"]
Type = Literal["text", "int", "float", "bool"]
Counted = Literal["people", "events", "rows", "years"]


@dataclass(frozen=True)
class Column:
    """One column of a released table. Made by `key`, `count`, `estimate` or `derived`.

    behind: of an estimate, the column that counts the events behind it.
    counted: what a count counts.
    people: of events, and of an estimate from events, the column that counts
        the distinct people who had them.
    optional: absent where the run lacks what it is made from.
    """

    name: str
    kind: Kind
    type: Type
    behind: str = ""
    counted: Counted = "people"
    people: str = ""
    optional: bool = False


def key(name: str, type: Type = "text") -> Column:
    """What a row is about: shown unchanged."""
    return Column(name, "key", type)


def count(name: str, counted: Counted = "people", *, people: str = "", optional: bool = False) -> Column:
    """A whole number of people, events, rows or years: small ones are suppressed, the rest rounded.

    people: for events, the column of the aggregate that counts the people who had them: where these are too few to
        be shown, so are the events.
    """
    if (counted == "events") != bool(people):
        raise InputError(f"Column `{name}` counts {counted}: name the `people` behind events, and of nothing else.")
    return Column(name, "count", "int", counted=counted, people=people, optional=optional)


def estimate(name: str, behind: str, *, people: str = "", optional: bool = False) -> Column:
    """A figure estimated from true counts (standardised, modelled): withheld where too few are behind it.

    behind: the column of the aggregate that counts them; it is itself
        released only where it is declared as a count too.
    people: where `behind` counts events, the column that counts the distinct
        people who had them.
    """
    return Column(name, "estimate", "float", behind=behind, people=people, optional=optional)


def derived(name: str, type: Type = "float", *, optional: bool = False) -> Column:
    """A figure made from protected columns of the same row or table; it never sees true counts."""
    return Column(name, "derived", type, optional=optional)


def keys(*names: str) -> tuple[Column, ...]:
    """Several keys of text."""
    return tuple(key(name) for name in names)


def counts(*names: str) -> tuple[Column, ...]:
    """Several counts of people."""
    return tuple(count(name) for name in names)


AREA, PLACE = key("area_code"), key("place", "int")  # whose report a row is for; the order of the rows
SHARES = (derived("share"), derived("lower"), derived("upper"))  # of `methods.rates.with_shares`


@dataclass(frozen=True)
class Release:
    """One table declared for release.

    name: its name among the released tables and CSV files.
    title: for the CSV's readers: what the table shows, one row per what.
    columns: in the order of the released table. The first is the key
        `area_code`: whose report a row is for, a PCN's code or the ICS's own.
    relations: how its true counts add up.
    derive: makes the derived columns from the protected frame, in which
        suppressed counts are <NA>. parameters: those of the run that it is given by name.
    zeros_shown: False puts 0 into the class of suppressed counts.
    published: the figures are already public: passed on unchanged.
    part, needs: for a page of a run that lacks it: the part of the report
        that is left out, and what the run would need; empty `needs`: no sentence is shown.
    rests_on, one_of: columns of `person`: it cannot be made without each of the first, and one
        of the second. Where the run lacks them, the page says what these lack in place of `needs`.
    may_be_empty: no rows is a valid result, not a missing table.
    lists_lacks: it is the table of what the run lacks: `table_name`, and `column_name` of `person`.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    relations: tuple[Relation, ...] = ()
    derive: Callable[..., pd.DataFrame] | None = None
    parameters: tuple[str, ...] = ()
    zeros_shown: bool = True
    published: bool = False
    part: str = ""
    needs: str = "extracts"
    rests_on: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    may_be_empty: bool = False
    lists_lacks: bool = False

    def __post_init__(self) -> None:
        names = self.names
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise InputError(f"Release `{self.name}` declares a column in two ways: {', '.join(twice)}.")
        if self.keys[:1] != ("area_code",):
            raise InputError(f"Release `{self.name}` needs `area_code` as its first key: whose report is a row for?")
        had = {c.name: c.people for c in self.columns if c.counted == "events"}
        if alone := [c.name for c in self.columns if c.behind in had and c.people != had[c.behind]]:
            raise InputError(f"Release `{self.name}` estimates from events: name the people of {', '.join(alone)}.")
        if unknown := sorted({n for r in self.relations for n in r.columns} - set(self.aggregate_columns)):
            raise InputError(f"Release `{self.name}` relates columns that it does not declare: {', '.join(unknown)}.")

    @property
    def names(self) -> list[str]:
        """Every column of the released table."""
        return [c.name for c in self.columns]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.kind == "key")

    @property
    def counts(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.kind == "count")

    @property
    def aggregate_columns(self) -> tuple[str, ...]:
        """The columns of the table of true figures: all but the derived ones, and what stands behind them."""
        made = [n for c in self.columns if c.kind != "derived" for n in (c.name, c.behind, c.people) if n]
        return tuple(dict.fromkeys(made))

    @property
    def aggregate_name(self) -> str:
        return AGGREGATE + self.name

    @property
    def released_name(self) -> str:
        return RELEASED + self.name


def aggregate(release: Release, frame: pd.DataFrame) -> Model:
    """The true figures of a declared release, as a table of the store.

    frame: one row per keys of the release; undeclared columns are
        dropped, so none reaches a reader.
    Raises InputError where a declared column is missing or keys repeat.
    """
    optional = {n for c in release.columns if c.optional for n in (c.name, c.behind, c.people)}
    if missing := [c for c in release.aggregate_columns if c not in frame and c not in optional]:
        raise InputError(f"Release `{release.name}` declares columns that it lacks: {', '.join(missing)}.")
    if frame.duplicated(list(release.keys)).any():
        raise InputError(f"Release `{release.name}` has repeated keys ({', '.join(release.keys)}).")
    columns = [c for c in release.aggregate_columns if c in frame]
    return Model(release.aggregate_name, release.keys, frame=frame[columns])


def catalogue(
    releases: Iterable[Release], made: Collection[str], needs: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One row per declared release: what it shows, its keys, counts and columns, and whether this run made it.

    needs: by name, what this run lacks for a release, in words.
    """
    lacked = needs or {}
    texts = ("name", "title", "keys", "counts", "columns", "part", "needs")
    rows = [
        (r.name, r.title, *(",".join(names) for names in (r.keys, r.counts, r.names)), r.part or r.title,
         lacked.get(r.name, r.needs),
         r.may_be_empty, r.published, r.name in made)
        for r in releases
    ]  # fmt: skip
    flags = ("may_be_empty", "published", "made")
    frame = pd.DataFrame(rows, columns=[*texts, *flags])
    return frame.astype(dict.fromkeys(texts, "str") | dict.fromkeys(flags, "bool"))
