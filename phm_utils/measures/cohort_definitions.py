"""Files of parameters/cohorts: what a cohort is, read with every fault at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from pydantic import ConfigDict, Field, ValidationError, model_validator

from phm_utils.errors import InputError
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.measures.outreach_status import FollowUp, follow_up_faults
from phm_utils.params import Code, Frozen, load_yaml
from phm_utils.rules.faults import Fault, model_faults, raise_faults
from phm_utils.rules.forms import InCohort, Scalar
from phm_utils.rules.reading import read_rule, readable_leaves, with_parameters
from phm_utils.rules.tree import All, Rule, leaves, names_others
from phm_utils.rules.variants import with_changes
from phm_utils.rules.vocabulary import Vocabulary, check_references, leaf_faults
from phm_utils.runs import project_root

FOLDER = Path("parameters") / "cohorts"
MOST_TERMS = 2_000  # entries of a file's criteria; ours have some dozen
WORDED = ("title", "short", "question", "use", "limits", "neutral_title", "neutral_reason")  # may name parameters
TO_BE_NAMED = "to be named"
_PLACEHOLDER = {"column": "age", "op": "is known"}  # for criteria that cannot be read: the rest is still checked


class Alternative(Frozen):
    """The cohort with one thing changed: that of the one criterion on `column` or `concept`, or a `parameter`."""

    says: str
    column: str | None = None
    concept: Code | None = None
    parameter: Code | None = None
    value: Scalar | None = None
    months: int | None = Field(None, ge=1, le=1_440, description="of the window, of a concept")
    instead: Code | None = Field(None, description="another column or concept, such as one with another code list")

    @model_validator(mode="after")
    def _one_change(self) -> "Alternative":
        if sum(name is not None for name in (self.column, self.concept, self.parameter)) != 1:
            raise ValueError("name one of `column`, `concept` and `parameter`")
        changes = {name for name in ("value", "months", "instead") if getattr(self, name) is not None}
        allowed = {"value"} if self.parameter else {"value", "instead"} | ({"months"} if self.concept else set())
        if len(changes) != 1 or not changes <= allowed:
            raise ValueError(f"give one of {', '.join(sorted(allowed))}")
        return self


class Season(Frozen):
    """The index dates for which a rule that changes yearly is right, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_day: date = Field(alias="from")
    to_day: date = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> "Season":
        if self.from_day > self.to_day:
            raise ValueError(f"it ends ({self.to_day}) before it begins ({self.from_day})")
        return self


class Cohort(Frozen):
    """A file of parameters/cohorts: people who meet every criterion, applied in order."""

    title: str
    short: str = Field(max_length=40, description="for the axis of a figure")
    question: str
    use: str = Field(description="what could be offered to these people")
    source: str
    owner: str | None = Field(None, description="role that keeps the definition")
    sponsor: str = Field(TO_BE_NAMED, description="clinician who answers for it")
    dated: date | None = Field(None, description="day of the definition")
    review: date | None = Field(None, description="day by which it is looked at again")
    valid: Season | None = Field(None, description="for a rule that changes yearly")
    parameters: dict[Code, Scalar] = Field(default_factory=dict, description="values that `$name` stands for")
    criteria: tuple[Rule, ...] = Field(min_length=1)
    alternatives: tuple[Alternative, ...] = ()
    limits: tuple[str, ...] = ()
    neutral_title: str | None = Field(None, description="for lists, where the title would say something of others")
    neutral_reason: str | None = None
    follow_up: FollowUp = FollowUp()
    once: bool = Field(False, description="nobody is listed again who was reached, declined or is on a running list")
    written: tuple[Any, ...] = Field((), exclude=True, repr=False, description="criteria before parameters are put in")

    @property
    def names_others(self) -> bool:
        """Do the criteria ask for something of others in the household?"""
        return any(names_others(rule) for rule in self.criteria)

    @model_validator(mode="after")
    def _neutral(self) -> "Cohort":
        if self.names_others and not (self.neutral_title and self.neutral_reason):
            raise ValueError(
                "criteria about others in the household need `neutral_title` and `neutral_reason`: in a household of "
                "two a list would tell what is known of the other person"
            )
        return self

    def with_alternative(self, other: Alternative) -> "Cohort":
        """The cohort with one thing changed."""
        if other.parameter is None:
            changed = cast(All, with_changes(All(all=self.criteria), other))  # a rule keeps its form
            return self.model_copy(update={"criteria": changed.all})
        if other.parameter not in self.parameters:
            raise InputError(f"An alternative changes the parameter `{other.parameter}`, which the file does not have.")
        values = self.parameters | {other.parameter: cast(Scalar, other.value)}
        faults: list[Fault] = []
        rules = _read_criteria(self.written, values, faults)
        if faults:
            raise InputError(f"The alternative `{other.says}`: {faults[0].text}")
        return self.model_copy(update={"criteria": tuple(rules), "parameters": values})

    def out_of_season(self, index_date: date, others: Mapping[str, "Cohort"] | None = None) -> str | None:
        """Why a rule that changes yearly is not right at an index date; None where it is.

        others: cohorts by name, to ask those that it refers to as well.
        """
        if self.valid is None or self.valid.from_day <= index_date <= self.valid.to_day:
            referred = {leaf.cohort for rule in self.criteria for leaf in leaves(rule) if isinstance(leaf, InCohort)}
            for name in sorted(referred & set(others or {})):
                rest = {other: cohort for other, cohort in (others or {}).items() if other != name}
                if late := (others or {})[name].out_of_season(index_date, rest):
                    return f"it refers to `{name}`: {late}"
            return None
        return (
            f"its rule is for index dates from {self.valid.from_day} to {self.valid.to_day} and not for {index_date}: "
            "look up the rule of the year and change the file"
        )


def _read_criteria(written: Any, values: Mapping[str, Any], faults: list[Fault]) -> list[Rule]:
    """The criteria of a file that can be read; the faults of the others are added to `faults`."""
    if not isinstance(written, list | tuple) or not written:
        faults.append(Fault(("criteria",), "`criteria` is a list of rules, each behind a dash."))
        return []
    if (terms := _terms(written)) > MOST_TERMS:
        faults.append(Fault(("criteria",), f"{terms:,} terms are written here, and at most {MOST_TERMS:,} are read."))
        return []
    unfilled: list[Fault] = []
    filled = with_parameters(list(written), values, ("criteria",), unfilled)
    found: list[Fault] = []
    rules = [read_rule(content, ("criteria", place), found) for place, content in enumerate(filled)]
    # What stands where a parameter is missing is no second fault.
    faults += unfilled + [f for f in found if not any(f.place == u.place[: len(f.place)] for u in unfilled)]
    return [rule for rule in rules if rule is not None]


def _terms(content: Any) -> int:
    """How many entries a part of a file has, those within it among them."""
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list | tuple) else ()
    return 1 + sum(_terms(part) for part in inner)


def read_cohort(path: Path, words: Vocabulary | None = None) -> Cohort:
    """A cohort from its file.

    words: what may be asked, to check the criteria by it; the form alone by default.
    Raises one InputError that lists every fault with its line.
    """
    content = load_yaml(path, "Copy a file of parameters/cohorts and change it.")
    faults = [Fault((name,), f"`{name}` is not known here.") for name in content if name == "written"]
    values = content.get("parameters") if isinstance(content.get("parameters"), dict) else {}
    written = content.get("criteria")
    rules = _read_criteria(written, cast(dict[str, Any], values), faults)
    content = content | with_parameters({k: content[k] for k in WORDED if k in content}, values or {}, (), faults)
    whole = not faults
    filled = content | {"criteria": rules if whole else [_PLACEHOLDER], "written": written if whole else ()}
    found: Cohort | None = None
    try:
        found = Cohort.model_validate(filled)
    except ValidationError as error:
        faults += [f for f in model_faults(error, Cohort) if whole or f.place[:1] != ("criteria",)]
    if words is not None:
        if found is not None and words.index_date and found.out_of_season(words.index_date):
            words = replace(words, index_date=None)  # it is left out of the run, whatever its windows
        faults += _word_faults(path.stem, written, values or {}, words)
        faults += follow_up_faults(content.get("follow_up"), words)
    if found is not None and whole:
        faults += _alternative_faults(found, words)
    raise_faults(faults, path)
    return cast(Cohort, found)


def _word_faults(name: str, written: Any, values: Mapping[str, Any], words: Vocabulary) -> list[Fault]:
    """Faults of the words of the criteria that can be read, whatever is wrong with the others."""
    if not isinstance(written, list) or _terms(written) > MOST_TERMS:
        return []
    unfilled: list[Fault] = []
    filled = with_parameters(written, values, ("criteria",), unfilled)
    faults = [
        fault
        for place, content in enumerate(filled)
        for leaf, where in readable_leaves(content, ("criteria", place))
        for fault in leaf_faults(leaf, words, where)
        if not any(where == gap.place[: len(where)] for gap in unfilled)
    ]
    rules = [rule for content in filled if (rule := read_rule(content, (), []))]
    try:
        check_references(name, rules, words)
    except InputError as circle:
        faults.append(Fault(("criteria",), str(circle)))
    return faults


def _alternative_faults(found: Cohort, words: Vocabulary | None) -> list[Fault]:
    faults, said = [], {AS_DEFINED}
    own = [leaf for rule in found.criteria for leaf in leaves(rule)]  # whose faults are said where they stand
    for number, other in enumerate(found.alternatives):
        place = ("alternatives", number)
        if other.says in said:
            faults.append(Fault((*place, "says"), f"`{other.says}` already names another row of the same table."))
        said.add(other.says)
        try:
            changed = found.with_alternative(other)
        except InputError as fault:
            faults.append(Fault(place, str(fault)))
            continue
        if changed.criteria == found.criteria:
            faults.append(Fault(place, f"the alternative `{other.says}` changes nothing."))
        if words is not None:
            new = [leaf for rule in changed.criteria for leaf in leaves(rule) if leaf not in own]
            faults += [fault for leaf in new for fault in leaf_faults(leaf, words, place)]
    return faults


def cohort_path(name: str, folder: Path | None = None) -> Path:
    """The file of a cohort. Raises InputError, with those that there are, where there is none."""
    folder = folder or project_root() / FOLDER
    path = folder / f"{name}.yml"
    if not path.is_file():
        raise InputError(f"No definition {path.name} in parameters/{folder.name}. There are: "
                         f"{', '.join(cohort_names(folder)) or 'none'}.")  # fmt: skip
    return path


def cohort_names(folder: Path | None = None) -> list[str]:
    """The cohorts that files define, in alphabetical order."""
    return sorted(path.stem for path in (folder or project_root() / FOLDER).glob("*.yml"))


def load_cohort(name: str, folder: Path | None = None) -> Cohort:
    """A cohort by the name of its file. Raises InputError that lists every fault of its form."""
    return read_cohort(cohort_path(name, folder))


def load_cohorts(folder: Path | None = None) -> dict[str, Cohort]:
    """Every cohort of parameters/cohorts, by the name of its file, in alphabetical order."""
    return {name: load_cohort(name, folder) for name in cohort_names(folder)}
