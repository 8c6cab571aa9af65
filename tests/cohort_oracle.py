"""Rules of cohorts worked out in plain pandas: what the SQL of `phm_utils.rules` is held against.

Written from what the forms say of themselves, without the compiler: arithmetic of days is that of pandas, a rule is
what YAML gave, and unknown is `pd.NA` throughout (Kleene's logic).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

Rule = Mapping[str, Any]
COMMUNAL = 11  # people at one address, from which it is no household
LISTS, ADDRESSES, PROGRAMMES = "partner_list", "address_list", "programme"
ONE_DAY = pd.Timedelta(days=1)


@dataclass
class World:
    """The tables of a run. person: by `person_no`. segment: by `person_id`. cohorts: criteria by name; ids: by file."""

    person: pd.DataFrame
    events: pd.DataFrame
    concepts: pd.DataFrame
    index_date: pd.Timestamp
    segment: pd.Series = field(default_factory=lambda: pd.Series(dtype=object))
    cohorts: Mapping[str, list[Rule]] = field(default_factory=dict)
    ids: Mapping[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index_date = pd.Timestamp(self.index_date)
        self.person = self.person.set_index("person_no", drop=False).rename_axis(index="n")
        self.events = self.events.assign(day=pd.to_datetime(self.events["day"]))
        self.by_concept = dict(tuple(self.events.groupby("concept")))
        self.sources = self.concepts.set_index("concept")

    @property
    def people(self) -> pd.Index:
        return self.person.index

    def constant(self, value: object) -> pd.Series:
        return pd.Series(value, index=self.people)


def judge(rule: Rule, world: World) -> pd.Series:
    """Does a rule hold? True, false or NA for each person."""
    for name, form in FORMS.items():
        if name in rule:
            return form(rule, world).astype("boolean")
    raise AssertionError(f"no rule: {rule}")


def placed(criteria: Iterable[Rule], world: World) -> pd.DataFrame:
    """One row per person: `met`, criteria that hold before the first that does not; `unknown`: is that one unknown?"""
    each = [judge(rule, world) for rule in criteria]
    met, unknown, going = world.constant(0), world.constant(False), world.constant(True)
    for held in each:
        unknown |= going & held.isna()
        going &= held.fillna(False).astype(bool)
        met += going.astype(int)
    return pd.DataFrame({"met": met, "unknown": unknown, "practice_code": world.person["practice_code"]})


# Rules that join others.


def _all(rule: Rule, world: World) -> pd.Series:
    return _every([judge(part, world) for part in rule["all"]], world)


def _every(held: list[pd.Series], world: World) -> pd.Series:
    false, unknown = world.constant(False), world.constant(False)
    for one in held:
        false |= one.notna() & ~one.fillna(True).astype(bool)
        unknown |= one.isna()
    return (~false).astype("boolean").mask(unknown & ~false)


def _any(rule: Rule, world: World) -> pd.Series:
    true, unknown = world.constant(False), world.constant(False)
    for one in (judge(part, world) for part in rule["any"]):
        true |= one.fillna(False).astype(bool)
        unknown |= one.isna()
    return true.astype("boolean").mask(unknown & ~true)


def _not(rule: Rule, world: World) -> pd.Series:
    held = judge(rule["not"], world)
    return held.map({True: False, False: True}, na_action="ignore")


def _count(rule: Rule, world: World) -> pd.Series:
    held = pd.concat([judge(part, world) for part in rule["count"]], axis=1)
    total = held.fillna(False).astype(int).sum(axis=1)
    return _compare(total, rule["op"], rule["value"]).mask(held.isna().any(axis=1))


def _household(rule: Rule, world: World) -> pd.Series:
    held, home = judge(rule["household"], world), world.person["household_token"]
    truth, known_home = held.fillna(False).astype(int), home.notna()
    others_true = truth.groupby(home).transform("sum") - truth
    unknown = held.isna().astype(int)
    others_unknown = unknown.groupby(home).transform("sum") - unknown
    found = (others_true > 0).astype("boolean").mask((others_true == 0) & (others_unknown > 0))
    apart = world.person["lsoa"].groupby(home).transform("nunique") > 1
    return found.mask(~known_home | (world.person["household_size"] >= COMMUNAL) | apart)


# A column of `person`.


def _column(rule: Rule, world: World) -> pd.Series:
    values, op = world.person[rule["column"]], rule["op"]
    if op in ("is known", "is missing"):
        return values.notna() if op == "is known" else values.isna()
    asked = rule["value"] if isinstance(rule["value"], list | tuple) else [rule["value"]]
    if pd.api.types.is_datetime64_any_dtype(values):
        asked = [_day(value, world) for value in asked]
    known = values.dropna()
    if op in ("one of", "none of"):
        found = known.map(lambda value: any(value == one for one in asked) == (op == "one of"))
    else:
        found = _compare(known, op, list(asked) if op == "between" else asked[0])
    return found.astype("boolean").reindex(world.people)


def _day(value: Any, world: World) -> pd.Timestamp:
    if isinstance(value, str) and value.endswith(" ago"):
        number, unit = value.removesuffix(" ago").split()
        return world.index_date - pd.DateOffset(**{unit.removesuffix("s") + "s": int(number)})
    return pd.Timestamp(value)


def _compare(values: pd.Series, op: str, asked: Any) -> pd.Series:
    if op == "between":
        found = (values >= asked[0]) & (values <= asked[1])
    else:
        found = {
            "is": values.eq,
            "is not": values.ne,
            "at least": values.ge,
            "more than": values.gt,
            "at most": values.le,
            "less than": values.lt,
        }[op](asked)
    return found.astype("boolean").mask(values.isna())


# Events in windows.


def _first_of(day: pd.Timestamp, window: Rule, silent: set[pd.Timestamp]) -> pd.Timestamp:
    """The first day of a look back that ends with `day`: that many days, or months that have data."""
    if "days" in window:
        return day - (window["days"] - 1) * ONE_DAY
    wanted, back = window.get("months", 0) + 12 * window.get("years", 0), 0
    first = day + ONE_DAY
    while wanted:
        back += 1
        before, first = first, (day + ONE_DAY) - pd.DateOffset(months=back)
        wanted -= not any(first <= month < before for month in silent)
    return first


def _after(days: pd.Series, window: Rule, sign: int) -> pd.Series:
    if "days" in window:
        return days + sign * window["days"] * ONE_DAY
    return days + pd.DateOffset(months=sign * (window.get("months", 0) + 12 * window.get("years", 0)))


def _length(window: Rule) -> Rule:
    return {unit: window[unit] for unit in ("days", "months", "years") if unit in window}


def _bounds(window: Rule | None, concept: str, world: World) -> pd.DataFrame:
    """One row per person: `first` (NaT: ever) and `last` day; is it `known`, `over`, and `covered` from its start?"""
    source = world.sources.loc[concept]
    to_date = pd.Timestamp(source["to_date"])
    none = world.constant(pd.NaT).astype("datetime64[ns]")
    bounds = pd.DataFrame({"first": none, "last": none, "known": True, "over": True, "covered": True})
    bounds["last"] = to_date
    if window is None:
        return bounds
    if "after" in window or "before" in window:
        return _from_event(window, bounds, source.rename(concept), world)
    if "from" in window or "to" in window:
        if "from" in window:
            bounds["first"] = pd.Timestamp(window["from"])
        bounds["last"] = min(pd.Timestamp(window.get("to", to_date)), to_date)
        return bounds
    silent = {pd.Timestamp(day) for day in str(source["silent"]).split()}
    last = to_date
    if "ending" in window:
        last = _first_of(to_date, window["ending"], silent) - ONE_DAY
    bounds["last"] = last
    if _length(window):
        bounds["first"] = _first_of(last, _length(window), silent)
    return bounds


def _from_event(window: Rule, bounds: pd.DataFrame, source: pd.Series, world: World) -> pd.DataFrame:
    """A window that begins or ends with the person's own event."""
    to_date = pd.Timestamp(source["to_date"])
    concept = window.get("after") or window["before"]
    days = _rows([concept], world).groupby("person_no")["day"]
    anchor = (days.min() if window.get("which") == "first" else days.max()).reindex(world.people)
    sign = 1 if "after" in window else -1
    near = _after(anchor, window["starting"], sign) if "starting" in window else anchor
    far = _after(anchor, _length(window), sign) if _length(window) else None
    bounds = bounds.assign(known=anchor.notna())
    first, last = (near, far) if sign > 0 else (far, near)
    over = (near if last is None else last) <= to_date
    covered = world.constant(True)
    if first is not None and pd.notna(source["first_date"]) and source.name not in (LISTS, ADDRESSES, PROGRAMMES):
        covered = first >= pd.Timestamp(source["first_date"]).replace(day=1)
    ever = world.constant(pd.NaT).astype("datetime64[ns]")
    last = world.constant(to_date) if last is None else last.clip(upper=to_date)
    return bounds.assign(first=ever if first is None else first, last=last, over=over, covered=covered)


def _rows(names: Iterable[str], world: World) -> pd.DataFrame:
    found = [world.by_concept[name] for name in names if name in world.by_concept]
    return pd.concat(found) if found else world.events.iloc[:0]


def inside(
    names: Iterable[str], window: Rule | None, world: World, begun: bool = True
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Events of some concepts in a window; whose window is known; whose is over, and (begun) covered, for each."""
    kept, known, over = [], world.constant(True), world.constant(True)
    for name in names:
        bounds = _bounds(window, name, world)
        rows = _rows([name], world)
        mine = bounds.reindex(rows["person_no"]).set_index(rows.index)
        inside = (mine["first"].isna() | (rows["day"] >= mine["first"])) & (rows["day"] <= mine["last"])
        kept.append(rows[inside & mine["known"].fillna(False).astype(bool)])
        known &= bounds["known"]
        over &= bounds["over"] & (bounds["covered"] if begun else True)
    return pd.concat(kept), known, over


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(dict.fromkeys(value))


def _has(rule: Rule, world: World) -> pd.Series:
    return _number_of_events(_names(rule["has"]), rule.get("within"), "at least", 1, None, world)


def _has_not(rule: Rule, world: World) -> pd.Series:
    return _number_of_events(_names(rule["has not"]), rule.get("within"), "is", 0, None, world)


def _events(rule: Rule, world: World) -> pd.Series:
    names = _names(rule["events"])
    return _number_of_events(names, rule.get("within"), rule["op"], rule["value"], rule.get("distinct"), world)


def _number_of_events(
    names: list[str], window: Rule | None, op: str, asked: Any, distinct: str | None, world: World
) -> pd.Series:
    rows, known, over = inside(names, window, world)
    by_person = rows.groupby("person_no")
    number = by_person[distinct].nunique() if distinct else by_person.size()
    return _at_least_so_many(number.reindex(world.people).fillna(0), op, asked, known, over)


def _at_least_so_many(number: pd.Series, op: str, asked: Any, known: pd.Series, over: pd.Series) -> pd.Series:
    """A comparison of a number that can still grow until the window is over."""
    low, high = asked if op == "between" else (asked, asked)
    settled = number >= low if op in ("at least", "less than") else number > high
    return _compare(number, op, asked).mask(~known | (~over & ~settled))


def _sum(rule: Rule, world: World) -> pd.Series:
    rows, known, over = inside([rule["sum"]], rule.get("within"), world)
    total = rows.groupby("person_no")["value"].sum().reindex(world.people).fillna(0)
    without = world.people.isin(rows.loc[rows["value"].isna(), "person_no"])  # the amount of one is not known
    return _at_least_so_many(total, rule["op"], rule["value"], known & ~without, over)


def _latest_rows(name: str, window: Rule | None, world: World) -> tuple[pd.DataFrame, pd.Series]:
    """The day and value of the latest event that has one, by person; and whose window is known and over."""
    rows, known, over = inside([name], window, world, begun=False)
    rows = rows[rows["value"].notna()].sort_values(["person_no", "day", "value"])
    return rows.groupby("person_no")[["day", "value"]].last().reindex(world.people), known & over


def _latest(rule: Rule, world: World) -> pd.Series:
    latest, settled = _latest_rows(rule["latest"], rule.get("within"), world)
    asked = []
    if "op" in rule:
        asked.append(_compare(latest["value"].astype("Float64"), rule["op"], rule["value"]))
    if "age" in rule:
        asked.append(_compare(_completed_months(latest["day"], world), rule["age"]["op"], rule["age"]["months"]))
    return _every(asked, world).mask(~settled)


def _completed_months(days: pd.Series, world: World) -> pd.Series:
    """Completed months to the index date, 0 in the month that ends with it: as `bmi_months_ago` of `person`."""
    end = world.index_date + ONE_DAY
    months = 12 * (end.year - days.dt.year) + end.month - days.dt.month
    return (months - (days.dt.day >= end.day)).astype("Float64").mask(days.isna())


def _change(rule: Rule, world: World) -> pd.Series:
    """Exact: 30.4 less 30.3 is 0.1, which it is not of floats."""
    amounts, known = [], world.constant(True)
    for window in (rule["from"], rule["to"]):
        if rule.get("of", "events") == "latest":
            latest, settled = _latest_rows(rule["change"], window, world)
            amounts.append(latest["value"])
            known &= settled
        else:
            rows, anchored, over = inside([rule["change"]], window, world)
            amounts.append(rows.groupby("person_no").size().reindex(world.people).fillna(0).astype(float))
            known &= anchored & over
    earlier, later = (amount.map(_exact, na_action="ignore").astype(object) for amount in amounts)
    both = earlier.notna() & later.notna() & known
    divided = rule.get("by", "difference") == "ratio"
    both &= earlier.ne(0) | (not divided)
    change = later[both] / earlier[both] if divided else later[both] - earlier[both]
    asked = rule["value"]
    exact = [_exact(part) for part in asked] if rule["op"] == "between" else _exact(asked)
    return _compare(change, rule["op"], exact).reindex(world.people)


def _exact(number: float) -> Fraction:
    return Fraction(repr(float(number)))


# Lists that people are on.


def _segment(rule: Rule, world: World) -> pd.Series:
    mine = world.person["person_id"].map(world.segment)
    return mine.isin(_names(rule["segment"])).astype("boolean").mask(mine.isna())


def _named(concept: str, names: list[str], window: Rule | None, world: World) -> pd.Series:
    rows, known, over = inside([concept], window, world)
    named = world.people.to_series().isin(rows.loc[rows["code"].isin(names), "person_no"])
    return named.astype("boolean").mask(~known | (~over & ~named))


def _list(rule: Rule, world: World) -> pd.Series:
    return _named(LISTS, _names(rule["list"]), rule.get("within"), world)


def _address(rule: Rule, world: World) -> pd.Series:
    codes = world.events.loc[world.events["concept"] == ADDRESSES, "code"].unique()
    asked = _names(rule["address"])
    meant = [code for code in codes if any(code == name or code.split("/")[0] == name for name in asked)]
    return _named(ADDRESSES, meant, rule.get("within"), world)


def _programme(rule: Rule, world: World) -> pd.Series:
    return _named(PROGRAMMES, _names(rule["programme"]), rule.get("within"), world)


def _cohort(rule: Rule, world: World) -> pd.Series:
    return _every([judge(part, world) for part in world.cohorts[rule["cohort"]]], world)


def _ids(rule: Rule, world: World) -> pd.Series:
    return world.person["person_id"].isin(world.ids[rule["ids"]])


FORMS = {
    "all": _all,
    "any": _any,
    "not": _not,
    "count": _count,
    "household": _household,
    "column": _column,
    "has": _has,
    "has not": _has_not,
    "latest": _latest,
    "events": _events,
    "sum": _sum,
    "change": _change,
    "segment": _segment,
    "list": _list,
    "address": _address,
    "programme": _programme,
    "cohort": _cohort,
    "ids": _ids,
}


def with_parameters(content: Any, values: Mapping[str, Any]) -> Any:
    """What YAML gave, with each value `$name` replaced; words are left as they are."""
    if isinstance(content, dict):
        return {key: with_parameters(value, values) for key, value in content.items()}
    if isinstance(content, list):
        return [with_parameters(value, values) for value in content]
    return values.get(content[1:], content) if isinstance(content, str) and content.startswith("$") else content


def shown(held: pd.Series) -> list[bool | None]:
    """True, false or None for each person, by number."""
    return [None if pd.isna(value) else bool(value) for value in held.sort_index()]


def as_day(value: Any) -> date:
    """A day of a table as a date."""
    return pd.Timestamp(value).date()
