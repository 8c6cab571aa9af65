"""Windows of rules about events: how they are written, and the days that they mean in a run."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from phm_utils.errors import InputError
from phm_utils.params import Code, Frozen
from phm_utils.rules.months import months_after, months_with_data_before
from phm_utils.wording import joined

BORN = "born"  # the event that is the first day of a person's month of birth
UNITS = {"days": 1, "months": 1, "years": 12}  # of a length; months in a year
MOST_MONTHS = 1_440  # 120 years
AVERAGE_MONTH = 365.25 / 12  # days


class Span(Frozen):
    """A length of time: `{months: 12}`."""

    days: int | None = Field(None, ge=0, le=45_000)
    months: int | None = Field(None, ge=0, le=MOST_MONTHS)
    years: int | None = Field(None, ge=0, le=120)

    @model_validator(mode="after")
    def _one_unit(self) -> "Span":
        if len(self.given) != 1:
            raise ValueError(f"give one of {joined(list(UNITS))}")
        return self

    @property
    def given(self) -> dict[str, int]:
        """The unit that is given, with its number."""
        named = {unit: getattr(self, unit) for unit in UNITS}
        return {unit: number for unit, number in named.items() if number is not None}

    @property
    def in_months(self) -> int:
        """Whole months; 0 where it is in days."""
        return (self.months or 0) + UNITS["years"] * (self.years or 0)

    @property
    def in_days(self) -> float:
        """Days, with months of average length."""
        return self.days if self.days is not None else self.in_months * AVERAGE_MONTH

    def words(self) -> str:
        """For a reader: `12 months`, `1 day`."""
        [(unit, number)] = self.given.items()
        return f"{number} {unit.removesuffix('s') if number == 1 else unit}"

    def first_day(self, day: date, silent: Collection[date] = ()) -> date:
        """The first day of the span that ends with `day`; months without data are not among a span's months.

        Of a span of 0, the day after.
        """
        if self.days is not None:
            return day - timedelta(days=self.days - 1)
        return months_with_data_before(day, self.in_months, silent)

    def day_after(self, day: date) -> date:
        """The day so long after `day`."""
        return day + timedelta(days=self.days) if self.days is not None else months_after(day, self.in_months)


class Window(Span):
    """The days in which events count; a rule without one asks for any day up to the index date.

    Look back: `{months: 12}`, the last twelve; with `ending: {months: 12}` the twelve before those.
    Between days, both included: `{from: 2024-09-01, to: 2025-03-31}`; one of them is enough.
    Look ahead or back from an event: `{after: diabetes, which: first, months: 6}`, the day of the event included;
    with `starting: {months: 1}` only from a month after it (for `before`: up to a month before it). Unknown without
    that event; and not having an event in it is unknown before the window is over, or where it begins before the data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    ending: Span | None = None
    from_day: date | None = Field(None, alias="from")
    to_day: date | None = Field(None, alias="to")
    after: Code | None = None
    before_event: Code | None = Field(None, alias="before")
    which: Literal["first", "last"] | None = None
    starting: Span | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> "Window":
        dated = self.from_day is not None or self.to_day is not None
        anchored = self.after is not None or self.before_event is not None
        faults = []
        if self.after is not None and self.before_event is not None:
            faults.append("`after` and `before` exclude each other")
        if anchored and (dated or self.ending):
            faults.append("a window from an event has no `from`, `to` or `ending`")
        if not anchored and (self.which or self.starting):
            faults.append("`which` and `starting` belong to a window from an event")
        if dated and (self.given or self.ending):
            faults.append("a window between days has no length and no `ending`")
        if not dated and not (len(self.given) == 1 or (not self.given and (anchored or self.ending))):
            faults.append(f"give one of {joined(list(UNITS))}, or `from` and `to`")
        if self.given and not any(self.given.values()):
            faults.append("a window has at least one day")
        if self.starting and len(self.given) == 1 and self.starting.in_days > self.in_days:
            faults.append(f"it starts {self.starting.words()} from the event and ends {self.words()} from it")
        if self.from_day and self.to_day and self.from_day > self.to_day:
            faults.append(f"it ends ({self.to_day}) before it begins ({self.from_day})")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def anchor(self) -> Code | None:
        """The concept from whose event the window is counted."""
        return self.after or self.before_event

    def described(self, title: str | None = None) -> str:
        """The window in a reader's words, for the end of a sentence. title: of the concept that it is counted from.

        >>> Window(months=12, ending=Span(months=12)).described()
        'in the 12 months before the last 12 months'
        >>> Window(after="born", starting=Span(months=12), years=5).described()
        'from 12 months to 5 years after birth'
        """
        if self.anchor:
            return self._from_event(
                "birth" if self.anchor == BORN else f"the {self.which or 'last'} {title or self.anchor}"
            )
        if self.from_day and self.to_day:
            return f"from {self.from_day} to {self.to_day}"
        if self.from_day or self.to_day:
            return f"from {self.from_day} on" if self.from_day else f"up to {self.to_day}"
        if self.ending and any(self.ending.given.values()):
            before = f"before the last {_one(self.ending.words())}"
            return f"in the {_one(self.words())} {before}" if self.given else before
        return f"in the last {_one(self.words())}" if self.given else "up to now"

    def _from_event(self, event: str) -> str:
        side = "after" if self.after else "before"
        if self.starting is None:
            return f"within {self.words()} {side} {event}" if self.given else f"on or {side} {event}"
        if not self.given:
            return f"{self.starting.words()} or more {side} {event}"
        ends = [self.starting.words(), self.words()]
        return f"from {' to '.join(ends if self.after else reversed(ends))} {side} {event}"


def _one(words: str) -> str:
    """A length within a sentence: `the last month`, not `the last 1 month`."""
    return words.removeprefix("1 ")


EVER = None


@dataclass(frozen=True)
class EventSource:
    """What a run knows of one source of events.

    first_date: first day of its data, None where events are of any age. to_date: last day of its last complete month.
    silent: first days of months in which it has next to no rows.
    """

    table: str
    first_date: date | None
    to_date: date
    silent: tuple[date, ...] = ()


@dataclass(frozen=True)
class Days:
    """The days of a window in a run, both included; no first day is ever. covered: do the source's data
    begin so early, and reach it?"""

    first: date | None
    last: date
    covered: bool = True


def days_of(window: Window | None, source: EventSource, index_date: date) -> Days:
    """The days that a window means for a source. Windows from an event are counted person by person, and are ever.

    Raises InputError for a window that reaches beyond the index date.

    >>> source = EventSource("ecds_attendance", date(2020, 4, 1), date(2025, 2, 28))
    >>> days_of(Window(months=12), source, date(2025, 3, 31))
    Days(first=datetime.date(2024, 3, 1), last=datetime.date(2025, 2, 28), covered=True)
    """
    if window is None or window.anchor:
        return Days(None, source.to_date)
    if window.from_day or window.to_day:
        for day in (window.from_day, window.to_day):
            if day and day > index_date:
                raise InputError(f"a window reaches {day}, after the index date {index_date}")
        last = min(window.to_day or source.to_date, source.to_date)
        return Days(window.from_day, last, _covered(source, window.from_day, last))
    last = (
        window.ending.first_day(source.to_date, source.silent) - timedelta(days=1) if window.ending else source.to_date
    )
    if not window.given:
        return Days(None, last)
    first = Span(**window.given).first_day(last, source.silent)
    return Days(first, last, _covered(source, first, last))


def _covered(source: EventSource, first: date | None, last: date) -> bool:
    """Does the source's data begin in the window's first month or before, and end on its first day or later?"""
    if first is None:
        return True
    return first <= last and (source.first_date is None or source.first_date.replace(day=1) <= first)


def ago(text: str, index_date: date) -> date | None:
    """The day that words such as `12 months ago` mean; None for other text, and for more than 120 years.

    >>> ago("12 months ago", date(2025, 3, 31))
    datetime.date(2024, 3, 31)
    """
    number, _, rest = text.partition(" ")
    unit = rest.removesuffix(" ago")
    unit = unit if unit.endswith("s") else f"{unit}s"
    if not (number.isdecimal() and len(number) < 5 and rest.endswith(" ago") and unit in UNITS):
        return None
    if unit == "days":
        return index_date - timedelta(days=int(number))
    months = int(number) * UNITS[unit]
    return months_after(index_date, -months) if months <= MOST_MONTHS else None
