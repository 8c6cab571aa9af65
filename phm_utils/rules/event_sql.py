"""Rules of cohorts as SQL: a condition over `person` and the facts that its criteria ask for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import cast

from sqlglot import exp

from phm_utils.rules.compile import COMPARISONS, column_condition, compared, joined_condition, literal
from phm_utils.rules.event_concepts import ADDRESS_LIST, PARTNER_LIST, PROGRAMME
from phm_utils.rules.event_facts import EventFacts, Fact, call, digest, one_of
from phm_utils.rules.event_windows import Window
from phm_utils.rules.forms import (
    AtAddress,
    Change,
    Criterion,
    Events,
    Has,
    HasNot,
    InCohort,
    InProgramme,
    InSegment,
    Latest,
    Leaf,
    OfIds,
    OnList,
    Sum,
    is_pair,
)
from phm_utils.rules.tree import All, Household, Rule
from phm_utils.rules.vocabulary import Vocabulary

PEOPLE = "person"
COUNTED = {None: "events", "day": "days", "code": "codes"}  # what a number of events counts, and its column
EXACT = "DECIMAL(18, 6)"  # of a value, where values are subtracted or divided
LARGE = 10**9
COMMUNAL = 11  # people from whom a household is communal: nobody of it is "somebody in the household"
PLACES = 1  # small areas of a household: people of several share the pseudonym of an address and do not live together


@dataclass
class RuleCompiler(EventFacts):
    """Compiles rules of one run, and collects the facts that they need, each after those that it reads.

    words: what rules can ask. lacks: does the run lack something for a single criterion?
    told: the part of a single criterion that may be asked, None for none of it; all of it by default. Where it is
        less than the whole, what that part does not find is not known.
    """

    words: Vocabulary = field(kw_only=True)
    lacks: Callable[[Leaf], object] = field(kw_only=True, default=lambda leaf: False)
    told: Callable[[Leaf], Leaf | None] = field(kw_only=True, default=lambda leaf: leaf)

    def condition(self, rule: Rule) -> exp.Expr:
        """True, false, or null where unknown, over `person` joined to the facts."""
        return joined_condition(rule, self._leaf)

    def select(self, columns: Iterable[exp.Expr | str], conditions: Iterable[exp.Expr] = ()) -> exp.Select:
        """A SELECT over `person` joined to the facts that columns and conditions use."""
        asked = [column if isinstance(column, exp.Expr) else exp.column(column, PEOPLE) for column in columns]
        query = exp.select(*asked).from_(PEOPLE)
        conditions = list(conditions)
        used = {c.table for part in (*asked, *conditions) for c in part.find_all(exp.Column)}
        for name in self.facts:
            if name in used:
                on = exp.EQ(this=exp.column("person_no", name), expression=exp.column("person_no", PEOPLE))
                query = query.join(name, on=on, join_type="left", copy=False)
        return query.where(*conditions) if conditions else query

    def _leaf(self, leaf: Rule) -> exp.Expr:
        """The condition of a single criterion. Where the run lacks something for it, what is not found is not known."""
        if isinstance(leaf, Household | InCohort):
            return self._judged(leaf)
        part = self.told(cast(Leaf, leaf))
        if part is None:
            return exp.cast(exp.Null(), "BOOLEAN")
        if part != leaf:
            return exp.case().when(self._asked(part), literal(True))
        return self._asked(part)

    def _asked(self, leaf: Leaf) -> exp.Expr:
        if not self.lacks(leaf):
            return self._judged(leaf)
        if isinstance(leaf, Has | OnList | AtAddress | InProgramme):
            return exp.case().when(self._judged(leaf), literal(True))
        return exp.cast(exp.Null(), "BOOLEAN")

    def _judged(self, leaf: Rule) -> exp.Expr:
        match leaf:
            case Criterion():
                return column_condition(leaf, self.words.columns, PEOPLE, self.index_date)
            case Has(has=names):
                return self._has(names, leaf.within)
            case HasNot(has_not=names):
                return exp.paren(exp.not_(exp.paren(self._has(names, leaf.within))))
            case OnList(list=names):
                return self._has((PARTNER_LIST,), leaf.within, names)
            case AtAddress(address=names):
                return self._has((ADDRESS_LIST,), leaf.within, names)
            case InProgramme(programme=names):
                return self._has((PROGRAMME,), leaf.within, names)
            case Events() | Sum():
                return self._compared(leaf)
            case Latest():
                return self._latest(leaf)
            case Change():
                return self._change(leaf)
            case InSegment(segment=names):
                return self._in_segment(names)
            case InCohort(cohort=name):
                return self.condition(All(all=self.words.cohorts[name]))
            case OfIds(ids=file):
                return self._of_ids(file)
            case Household():
                return self._household(leaf)
        raise TypeError(f"not a criterion: {type(leaf).__name__}")

    def _has(self, concepts: tuple[str, ...], window: Window | None, codes: tuple[str, ...] = ()) -> exp.Expr:
        fact = self._events_fact(concepts, window, codes=codes)
        some = exp.GT(this=_of(fact, "events"), expression=literal(0))
        if window is None or not window.anchor:
            return exp.func("coalesce", some, literal(False))
        # Without the event that a window is counted from, and before it is over, not having one is not known.
        return exp.case().when(some, literal(True)).when(_whole(fact), literal(False))

    def _compared(self, leaf: Events | Sum) -> exp.Expr:
        """A comparison of the number of events, or of their sum; before its window is over, where it cannot change."""
        if leaf.within is None or not leaf.within.anchor:
            return compared(self._number(leaf), leaf.op, leaf.value)
        fact, what = self._number_fact(leaf)
        low, high = leaf.value if is_pair(leaf.value) else (leaf.value, leaf.value)
        reached = ("at least", low) if leaf.op in ("at least", "less than") else ("more than", high)
        settled = exp.or_(_whole(fact), compared(_of(fact, what), *reached))
        return exp.case().when(settled, compared(_of(fact, what), leaf.op, leaf.value))

    def _number_fact(self, leaf: Events | Sum) -> tuple[Fact, str]:
        """The fact with the number of events, or with their sum, and its column."""
        names = (leaf.sum,) if isinstance(leaf, Sum) else leaf.events
        what = "amount" if isinstance(leaf, Sum) else COUNTED[leaf.distinct]
        return self._events_fact(names, leaf.within, what), what

    def _number(self, leaf: Events | Sum) -> exp.Expr:
        """The number of events, or their sum: 0 for people without any."""
        fact, what = self._number_fact(leaf)
        if leaf.within is not None and leaf.within.anchor:
            return exp.case().when(_whole(fact), _of(fact, what))
        without = exp.Is(this=_of(fact, "person_no"), expression=exp.Null())
        return exp.case().when(without, literal(0)).else_(_of(fact, what))

    def _latest(self, leaf: Latest) -> exp.Expr:
        value = self._of_latest(leaf.latest, leaf.within, "value")
        asked = [compared(value, leaf.op, leaf.value)] if leaf.op else []
        if leaf.age:
            months = _months_since(self._of_latest(leaf.latest, leaf.within, "day"), self.index_date)
            asked.append(compared(months, leaf.age.op, leaf.age.months))
        return exp.paren(exp.and_(*asked))

    def _of_latest(self, concept: str, window: Window | None, what: str) -> exp.Expr:
        """The latest value or its day; not known before a window that is counted from an event is over."""
        fact = self.latest_fact(concept, window)
        if window is None or not window.anchor:
            return _of(fact, what)
        return exp.case().when(_of(fact, "over"), _of(fact, what))

    def compared_value(self, leaf: Events | Sum | Change | Latest) -> exp.Expr:
        """The number that a criterion compares: of events, a sum, a change, or the latest value."""
        match leaf:
            case Latest():
                return self._of_latest(leaf.latest, leaf.within, "value")
            case Change():
                earlier, later = (self._amount_in(leaf, window) for window in (leaf.earlier, leaf.later))
                if leaf.by == "difference":
                    return exp.paren(exp.Sub(this=later, expression=earlier))
                return exp.Div(this=later, expression=call("nullif", earlier, literal(0)))
        return self._number(leaf)

    def _change(self, leaf: Change) -> exp.Expr:
        earlier, later = (self._amount_in(leaf, window) for window in (leaf.earlier, leaf.later))
        if leaf.by == "difference":
            return compared(exp.paren(exp.Sub(this=later, expression=earlier)), leaf.op, leaf.value)
        divisor = exp.func("nullif", earlier, literal(0))
        # Multiplied out, so that a ratio is compared exactly: later / earlier >= 2 where later >= 2 * earlier.
        if is_pair(leaf.value):
            low, high = (_times(part, divisor) for part in leaf.value)
            return exp.Between(this=later, low=low, high=high)
        return COMPARISONS[leaf.op](this=later, expression=_times(cast(float, leaf.value), divisor))

    def _amount_in(self, leaf: Change, window: Window) -> exp.Expr:
        if leaf.of == "latest":  # decimal: of floats, 30.4 - 30.3 is less than 0.1
            return exp.cast(self._of_latest(leaf.change, window, "value"), EXACT)
        return self._number(Events(events=(leaf.change,), within=window, op="is", value=0))

    def _events_fact(
        self, concepts: tuple[str, ...], window: Window | None, what: str = "events", codes: tuple[str, ...] = ()
    ) -> Fact:
        return self.keep(self.events_query(concepts, window, [exp.alias_(_measure(what), what)], codes))

    def _in_segment(self, names: tuple[str, ...]) -> exp.Expr:
        in_it = exp.alias_(one_of("segment", names, "segment"), "state")
        on = exp.EQ(this=exp.column("person_id", "segment"), expression=exp.column("person_id", PEOPLE))
        query = exp.select(exp.column("person_no", PEOPLE), in_it).from_("segment").join(PEOPLE, on=on)
        return _of(self.keep(query), "state")

    def _of_ids(self, file: str) -> exp.Expr:
        """People named in a file; whoever runs the fact registers the file's ids as its table."""
        listed = f"ids_{digest(file)}"
        on = exp.EQ(this=exp.column("person_id", listed), expression=exp.column("person_id", PEOPLE))
        query = exp.select(exp.column("person_no", PEOPLE), exp.alias_(literal(True), "state")).from_(listed)
        fact = self.keep(query.join(PEOPLE, on=on), file)
        return exp.func("coalesce", _of(fact, "state"), literal(False))

    def _household(self, leaf: Household) -> exp.Expr:
        """True where the rule holds for another of the household; null where that is not known of any."""
        state = exp.alias_(self.condition(leaf.household), "state")
        own = self.select(["person_no", "household_token", "household_size", "lsoa", state])
        yes, unknown = (
            call("count", exp.case().when(met, literal(1)))
            for met in (exp.column("state"), exp.Is(this=exp.column("state"), expression=exp.Null()))
        )
        places = exp.alias_(exp.Count(this=exp.Distinct(expressions=[exp.column("lsoa")])), "places")
        measures = [exp.alias_(yes, "yes"), exp.alias_(unknown, "unknown"), places]
        homes = exp.select("household_token", *measures).from_("own")
        homes = homes.where("household_token IS NOT NULL").group_by("household_token")
        others = (
            f"CASE WHEN own.household_size >= {COMMUNAL} OR home.places > {PLACES} THEN NULL "
            "WHEN home.yes - coalesce(CAST(own.state AS INT), 0) > 0 THEN TRUE "
            "WHEN home.unknown - CAST(own.state IS NULL AS INT) > 0 THEN NULL ELSE FALSE END AS state"
        )
        query = (
            exp.select("own.person_no", others)
            .from_("own")
            .join("home", on="home.household_token = own.household_token")
            .with_("own", own)
            .with_("home", homes)
        )
        return _of(self.keep(query), "state")


def _of(fact: Fact, column: str) -> exp.Expr:
    return exp.column(column, fact.name)


def _times(number: float, amount: exp.Expr) -> exp.Expr:
    """A number times an amount; a large whole number as a float, which cannot be too large for a whole number."""
    return exp.Mul(this=literal(number if abs(number) < LARGE else float(number)), expression=amount.copy())


def _whole(fact: Fact) -> exp.Expr:
    """Do the data hold all of a window that is counted from an event?"""
    return exp.and_(_of(fact, "over"), _of(fact, "covered"))


def _measure(what: str) -> exp.Expr:
    """The aggregate of a person's events that a fact holds."""
    day, code, value = (exp.column(name, "e") for name in ("day", "code", "value"))
    match what:
        case "days" | "codes":
            return exp.Count(this=exp.Distinct(expressions=[day if what == "days" else code]))
        case "amount":  # unknown where that of any event is
            total = call("coalesce", exp.cast(call("sum", exp.cast(value, "BIGINT")), "BIGINT"), literal(0))
            return exp.case().when(exp.EQ(this=call("count", value.copy()), expression=call("count", day)), total)
    return call("count", day)


def _months_since(day: exp.Expr, index_date: date) -> exp.Expr:
    """Completed months, as `months_ago` of `person`: 0 in the month that ends with the index date."""
    end = index_date + timedelta(days=1)
    begun = exp.GTE(this=call("day", day), expression=literal(end.day))
    months = call("date_diff", literal("month"), day.copy(), literal(end))
    return exp.paren(exp.Sub(this=months, expression=exp.cast(exp.paren(begun), "INT")))
