"""Facts about events as SQL: one row per person of whom something is known, made once for every threshold.

A fact depends on its concepts and its window, and not on a threshold: with another threshold it is used again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from phm_utils.rules.compile import literal
from phm_utils.rules.event_concepts import ADDRESS_LIST, PARTNER_LIST, PROGRAMME
from phm_utils.rules.event_windows import Days, EventSource, Span, Window, days_of
from phm_utils.rules.forms import list_of


@dataclass(frozen=True)
class Fact:
    """A table with one row per person of whom it is known: `person_no`, and columns that conditions use.

    name: made from its SQL, so that the same question has the same name. ids: the file of people that it reads,
    as the table `ids_table`.
    """

    name: str
    sql: str
    ids: str | None = None

    @property
    def ids_table(self) -> str:
        """The name by which its SQL reads the file of people."""
        return f"ids_{digest(self.ids or '')}"


@dataclass
class EventFacts:
    """Queries of `person_event` for one run, and the facts made of them.

    sources: where events of each concept come from in this run.
    """

    sources: Mapping[str, EventSource]
    index_date: date
    facts: dict[str, Fact] = field(default_factory=dict)

    def days(self, window: Window | None, concept: str) -> Days:
        """The days of a window for the events of one concept: sources end on different days."""
        return days_of(window, self.sources[concept], self.index_date)

    def events_query(
        self,
        concepts: tuple[str, ...],
        window: Window | None,
        measures: Sequence[exp.Expr],
        codes: tuple[str, ...] = (),
        *,
        valued: bool = False,
        among: str | None = None,
    ) -> exp.Select:
        """One row per person: `person_no`, and measures of the person's events, named `e`, in a window.

        Of a window that is counted from another event, everybody who has that event has a row, with `over`: is the
        person's window past, and `covered`: does it begin within the data? valued: only of events that have a value.
        among: a table with the `person_no` of those who are asked about; everybody without it.
        """
        known = exp.not_(exp.Is(this=exp.column("value", "e"), expression=exp.Null()))
        rows: list[exp.Expr] = [known] if valued else []
        if among:
            chosen = exp.select("person_no").from_(among).subquery()
            rows.append(exp.In(this=exp.column("person_no", "e"), query=chosen))
        if window is not None and window.anchor:
            return self._anchored(concepts, window, measures, [*self.rows(concepts, None, codes), *rows])
        people = exp.column("person_no", "e")
        query = exp.select(people, *measures).from_(exp.table_("person_event", alias="e"))
        return query.where(*self.rows(concepts, window, codes), *rows).group_by(people)

    def _anchored(
        self, concepts: tuple[str, ...], window: Window, measures: Sequence[exp.Expr], rows: Sequence[exp.Expr]
    ) -> exp.Select:
        """Events in a window that begins or ends with another event of the person. rows: which events count."""
        extreme = call("min" if window.which == "first" else "max", exp.column("day"))
        anchors = exp.select("person_no", exp.alias_(extreme, "anchor")).from_("person_event")
        anchors = anchors.where(one_of("concept", (str(window.anchor),))).group_by("person_no")
        day, start = exp.column("day", "e"), exp.column("anchor", "a")
        near = _shifted(start, window.starting, window) if window.starting else start
        far = _shifted(start, window, window) if window.given else None
        first, last = (near, far) if window.after else (far, near)
        on: list[exp.Expr] = [exp.EQ(this=exp.column("person_no", "e"), expression=exp.column("person_no", "a"))]
        on += rows
        on += [exp.GTE(this=day, expression=first.copy())] if first is not None else []
        on += [exp.LTE(this=day.copy(), expression=last.copy())] if last is not None else []
        counted_to = literal(min(self.days(None, concept).last for concept in concepts))
        over = exp.LTE(this=(near if last is None else last).copy(), expression=counted_to)
        begins = max((begun for concept in concepts if (begun := self._begins(concept))), default=None)
        within = first is None or begins is None
        covered = literal(True) if within else exp.GTE(this=first, expression=literal(begins))
        people = exp.column("person_no", "a")
        return (
            exp.select(people, *measures, exp.alias_(over, "over"), exp.alias_(covered, "covered"))
            .from_(anchors.subquery("a"))
            .join(exp.table_("person_event", alias="e"), on=exp.and_(*on), join_type="left")
            .group_by(people, start)
        )

    def _begins(self, concept: str) -> date | None:
        """First day of the first month of a source's data; None where events are of any age, and of lists of a day."""
        begun = self.sources[concept].first_date
        return None if begun is None or concept in (PARTNER_LIST, ADDRESS_LIST, PROGRAMME) else begun.replace(day=1)

    def latest_fact(self, concept: str, window: Window | None, among: str | None = None) -> Fact:
        """The latest value, its day and code: of the latest day and, of two on one day, the larger."""
        day, code, value = (exp.column(name, "e") for name in ("day", "code", "value"))
        order = call("row", day, value)
        measures = [
            exp.alias_(call("max", day.copy()), "day"),
            exp.alias_(call("arg_max", value.copy(), order), "value"),
            exp.alias_(call("arg_max", code, order.copy()), "code"),
        ]
        return self.keep(self.events_query((concept,), window, measures, valued=True, among=among))

    def rows(self, concepts: tuple[str, ...], window: Window | None, codes: tuple[str, ...] = ()) -> list[exp.Expr]:
        """The events of some concepts in a window, each source's to its own last day; of lists, those so named."""
        by_days: dict[Days, list[str]] = {}
        for concept in concepts:
            by_days.setdefault(self.days(window, concept), []).append(concept)
        day = exp.column("day", "e")
        ranges = []
        for days, names in by_days.items():
            parts = [one_of("concept", tuple(names), "e"), exp.LTE(this=day.copy(), expression=literal(days.last))]
            parts += [exp.GTE(this=day.copy(), expression=literal(days.first))] if days.first else []
            ranges.append(exp.and_(*parts))
        return [exp.or_(*ranges), *([_named(concepts, codes)] if codes else [])]

    def keep(self, query: exp.Select, ids: str | None = None) -> Fact:
        sql = query.sql("duckdb")
        fact = Fact(f"fact_{digest(sql)}", sql, ids)
        return self.facts.setdefault(fact.name, fact)


def last_record() -> list[exp.Expr]:
    """Measures of the latest event: `day`, and of several on that day the `code` and `value` of the largest value.

    >>> [measure.alias for measure in last_record()]
    ['day', 'code', 'value']
    """
    day, code, value = (exp.column(name, "e") for name in ("day", "code", "value"))
    order = call("row", day, call("coalesce", value, literal(0)), call("coalesce", code, literal("")))
    return [
        exp.alias_(call("max", day.copy()), "day"),
        # That event's own, also where it has none: `arg_max` would pass on to an older one.
        exp.alias_(call("arg_max_null", code.copy(), order), "code"),
        exp.alias_(call("arg_max_null", value.copy(), order.copy()), "value"),
    ]


def one_of(column: str, names: tuple[str, ...], table: str | None = None) -> exp.Expr:
    """The condition that a column has one of some values.

    >>> one_of("concept", ("asthma",), "e").sql()
    "e.concept IN ('asthma')"
    """
    return exp.In(this=exp.column(column, table), expressions=[literal(name) for name in names])


def _named(concepts: tuple[str, ...], names: tuple[str, ...]) -> exp.Expr:
    """The condition that an event is of one of some lists or programmes.

    An event of a list of addresses has the code `list/value` where the list says something of the address: the name
    of the list alone finds it too.
    """
    whole = tuple(name for name in names if name == list_of(name)) if concepts == (ADDRESS_LIST,) else ()
    valued = [call("starts_with", exp.column("code", "e"), literal(f"{name}/")) for name in whole]
    return exp.or_(one_of("code", names, "e"), *valued)


def call(name: str, *given: exp.Expr) -> exp.Expr:
    """A function of DuckDB, as it is called there: the builder would translate names that other engines share.

    >>> call("date_diff", literal("month"), exp.column("day"), literal(date(2025, 4, 1))).sql()
    "DATE_DIFF('month', day, CAST('2025-04-01' AS DATE))"
    """
    return exp.Anonymous(this=name, expressions=list(given))


def _shifted(anchor: exp.Expr, span: Span, window: Window) -> exp.Expr:
    """The day a span after the event that a window is counted from, or before it."""
    unit, number = ("DAY", span.days) if span.days is not None else ("MONTH", span.in_months)
    step = exp.Interval(this=exp.Literal.string(str(number)), unit=exp.Var(this=unit))
    kind = exp.Add if window.after else exp.Sub
    return exp.cast(exp.paren(kind(this=anchor.copy(), expression=step)), "DATE")


def digest(text: str) -> str:
    """A short name for a text, the same in every run.

    >>> digest("SELECT 1")
    'e004ebd5b553'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:12]
