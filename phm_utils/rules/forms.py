"""The forms of a single criterion: of a column of `person`, of events, and of lists of people and addresses."""

from datetime import date
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from phm_utils.params import Code, Frozen
from phm_utils.rules.event_windows import Window

Op = Literal[
    "is",
    "is not",
    "at least",
    "more than",
    "at most",
    "less than",
    "between",
    "one of",
    "none of",
    "is known",
    "is missing",
]
MonthsOp = Literal["is", "is not", "at least", "more than", "at most", "less than"]
NumberOp = Literal["is", "is not", "at least", "more than", "at most", "less than", "between"]
SQL_OP = {"is": "=", "is not": "<>", "at least": ">=", "more than": ">", "at most": "<=", "less than": "<"}
NEEDS_ORDER = ("at least", "more than", "at most", "less than", "between")
TAKES_LIST = ("one of", "none of")
WITHOUT_VALUE = ("is known", "is missing")

Scalar = StrictBool | StrictInt | StrictFloat | date | StrictStr
Number = StrictInt | StrictFloat
Numbers = Number | tuple[Number, Number]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Codes = Annotated[tuple[Code, ...], BeforeValidator(_listed), Field(min_length=1, max_length=200)]
Names = Annotated[tuple[StrictStr, ...], BeforeValidator(_listed), Field(min_length=1, max_length=200)]


def _list_or_value(names: tuple[str, ...]) -> tuple[str, ...]:
    if any(not all(name.split("/", 1)) for name in names):
        raise ValueError("write `list`, or `list/value` for one value of a list")
    return names


AddressLists = Annotated[Names, AfterValidator(_list_or_value)]


class Criterion(Frozen):
    """A comparison of one column of `person` with a value."""

    # That a value is not a number is said where the rule is compiled, with the column's unit.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)

    column: str
    op: Op
    value: Scalar | tuple[Scalar, ...] | None = None
    says: str | None = Field(None, description="in a reader's words; by default made from the rest")


class Has(Frozen):
    """An event of one of some concepts in a window."""

    has: Codes
    within: Window | None = None
    says: str | None = None


class HasNot(Frozen):
    """No event of any of some concepts in a window."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    has_not: Codes = Field(alias="has not")
    within: Window | None = None
    says: str | None = None


class Age(Frozen):
    """How long ago a value was recorded, in completed months."""

    op: MonthsOp
    months: int = Field(ge=0, le=1_440)


class Latest(Frozen):
    """The latest value of a concept in a window; of two on one day the larger. Without a value it is unknown."""

    latest: Code
    within: Window | None = None
    op: NumberOp | None = None
    value: Numbers | None = None
    age: Age | None = None
    says: str | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> "Latest":
        if (self.op is None) != (self.value is None):
            raise ValueError("`op` and `value` belong together")
        if self.op is None and self.age is None:
            raise ValueError("give `op` and `value`, or `age`")
        _check_between(self.op, self.value)
        return self


class Events(Frozen):
    """The number of events of some concepts in a window, or of distinct days or codes.

    An entry that is of two of the concepts counts twice; its day counts once.
    """

    events: Codes
    within: Window | None = None
    distinct: Literal["day", "code"] | None = None
    op: NumberOp
    value: Numbers
    says: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Events":
        _check_between(self.op, self.value)
        return self


class Sum(Frozen):
    """The sum of the values of a concept's events in a window: nights in hospital, days supplied.

    Unknown where that of one of the events is.
    """

    sum: Code
    within: Window | None = None
    op: NumberOp
    value: Numbers
    says: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Sum":
        _check_between(self.op, self.value)
        return self


class Change(Frozen):
    """Events, or the latest value, in one window less those in another, or divided by them.

    A ratio to nothing is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    change: Code
    of: Literal["events", "latest"] = "events"
    earlier: Window = Field(alias="from")
    later: Window = Field(alias="to")
    by: Literal["difference", "ratio"] = "difference"
    op: NumberOp
    value: Numbers
    says: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Change":
        _check_between(self.op, self.value)
        return self


class InSegment(Frozen):
    """In one of some segments of the run's segmentation."""

    segment: Names
    says: str | None = None


class OnList(Frozen):
    """Named on one of some partners' lists whose day lies in the window."""

    list: Names
    within: Window | None = None
    says: str | None = None


class AtAddress(Frozen):
    """Living, on the index date, at an address on one of some lists of addresses whose day lies in the window.

    A name is that of a list, whatever it says of the address, or `list/value`: `energy_band/G`.
    """

    address: AddressLists
    within: Window | None = None
    says: str | None = None


class InProgramme(Frozen):
    """Enrolled in one of some programmes; the enrolment began in the window."""

    programme: Names
    within: Window | None = None
    says: str | None = None


class InCohort(Frozen):
    """A member of another cohort, by the name of its file."""

    cohort: Code
    says: str | None = None


class OfIds(Frozen):
    """Named in a file with a column `person_id` of this run's pseudonyms."""

    ids: StrictStr
    says: str | None = None


Leaf = (
    Criterion
    | Has
    | HasNot
    | Latest
    | Events
    | Sum
    | Change
    | InSegment
    | OnList
    | AtAddress
    | InProgramme
    | InCohort
    | OfIds
)
# The key by which each form is known, and the form.
LEAVES: dict[str, type[Frozen]] = {
    "column": Criterion,
    "has": Has,
    "has not": HasNot,
    "latest": Latest,
    "events": Events,
    "sum": Sum,
    "change": Change,
    "segment": InSegment,
    "list": OnList,
    "address": AtAddress,
    "programme": InProgramme,
    "cohort": InCohort,
    "ids": OfIds,
}


def is_pair(value: Any) -> TypeGuard[tuple[Number, Number]]:
    """Is a value the two ends of `between`?

    >>> is_pair((18, 64)), is_pair(18)
    (True, False)
    """
    return isinstance(value, tuple) and len(value) == 2


def _check_between(op: str | None, value: Any) -> None:
    if op is None:
        return
    if (op == "between") != is_pair(value):
        raise ValueError("`between` takes two numbers, [low, high], and nothing else does")
    if is_pair(value) and value[0] > value[1]:
        raise ValueError(f"`between` begins with the smaller number: [{value[1]}, {value[0]}]")


def list_of(name: str) -> str:
    """The list of addresses that a name of `address` is about.

    >>> list_of("energy_band/G"), list_of("energy_band")
    ('energy_band', 'energy_band')
    """
    return name.partition("/")[0]


def concepts_of(leaf: Leaf) -> tuple[str, ...]:
    """The concepts whose events a criterion asks for; not those of its windows.

    >>> concepts_of(Has(has="asthma"))
    ('asthma',)
    """
    match leaf:
        case Has(has=names) | HasNot(has_not=names) | Events(events=names):
            return names
        case Latest(latest=name) | Sum(sum=name) | Change(change=name):
            return (name,)
    return ()


def windows_of(leaf: Leaf) -> tuple[Window, ...]:
    """The windows of a criterion.

    >>> windows_of(Has(has="asthma", within=Window(months=12)))[0].months
    12
    """
    if isinstance(leaf, Change):
        return leaf.earlier, leaf.later
    within = getattr(leaf, "within", None)
    return (within,) if within is not None else ()
