"""Definition files: what a segmentation and a cohort are, before anybody is counted."""

from pathlib import Path

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.params import Frozen, load_yaml, validated
from phm_utils.rules.tree import All, AnyOf, Count, Criterion, Not, Rule, Scalar, criteria
from phm_utils.runs import project_root


class Segment(Frozen):
    """One segment: a person is in it through the first of its rules that holds."""

    name: str
    about: str
    rules: tuple[Rule, ...] = Field(min_length=1)


class Otherwise(Frozen):
    """The segment of everybody whom no rule placed."""

    name: str
    about: str
    says: str


class NotYet(Frozen):
    """Rules of the published model that this workbook does not ask yet."""

    segment: str
    rules: tuple[str, ...]


class Segmentation(Frozen):
    """A file of parameters/segments: the first rule that holds, from the top, wins."""

    title: str
    source: str
    notes: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = Field(min_length=1)
    otherwise: Otherwise
    not_yet_assessed: tuple[NotYet, ...] = ()

    @property
    def names(self) -> list[str]:
        """Every segment, in order of precedence."""
        return [s.name for s in self.segments] + [self.otherwise.name]


class Alternative(Frozen):
    """The cohort with another threshold: `value` in place of that of the one criterion on `column`."""

    says: str
    column: str
    value: Scalar


class Cohort(Frozen):
    """A file of parameters/cohorts: people who meet every criterion, asked in order."""

    title: str
    question: str
    use: str = Field(description="what somebody could do for these people")
    source: str
    criteria: tuple[Rule, ...] = Field(min_length=1)
    alternatives: tuple[Alternative, ...] = ()
    limits: tuple[str, ...] = ()

    def with_alternative(self, other: Alternative) -> "Cohort":
        """The cohort with one threshold changed."""
        asked = [c for rule in self.criteria for c in criteria(rule) if c.column == other.column]
        if len(asked) != 1:
            raise InputError(
                f"The alternative `{other.says}` changes `{other.column}`, which {len(asked)} criteria ask for. "
                "It must be exactly one."
            )
        return self.model_copy(update={"criteria": tuple(_changed(rule, other) for rule in self.criteria)})


def _changed(rule: Rule, other: Alternative) -> Rule:
    match rule:
        case Criterion():
            same = rule.column == other.column
            return rule.model_copy(update={"value": other.value, "says": other.says}) if same else rule
        case All(all=parts):
            return rule.model_copy(update={"all": tuple(_changed(p, other) for p in parts)})
        case AnyOf(any=parts):
            return rule.model_copy(update={"any": tuple(_changed(p, other) for p in parts)})
        case Count(count=parts):
            return rule.model_copy(update={"count": tuple(_changed(p, other) for p in parts)})
        case Not(negated=part):
            return rule.model_copy(update={"negated": _changed(part, other)})
    raise TypeError(f"not a rule: {type(rule).__name__}")


def load_segmentation(name: str, folder: Path | None = None) -> Segmentation:
    """A segmentation by the name of its file. Raises InputError that lists every fault of it."""
    path = _definition(folder or project_root() / "parameters" / "segments", name)
    found = validated(Segmentation, load_yaml(path), path.name)
    if repeated := sorted({n for n in found.names if found.names.count(n) > 1}):
        raise InputError(f"{path.name} names a segment twice: {', '.join(repeated)}. Put its rules together.")
    return found


def load_cohort(name: str, folder: Path | None = None) -> Cohort:
    """A cohort by the name of its file. Raises InputError that lists every fault of it."""
    path = _definition(folder or project_root() / "parameters" / "cohorts", name)
    cohort = validated(Cohort, load_yaml(path), path.name)
    for other in cohort.alternatives:
        cohort.with_alternative(other)
    return cohort


def load_cohorts(folder: Path | None = None) -> dict[str, Cohort]:
    """Every cohort of parameters/cohorts, by the name of its file, in alphabetical order."""
    folder = folder or project_root() / "parameters" / "cohorts"
    return {path.stem: load_cohort(path.stem, folder) for path in sorted(folder.glob("*.yml"))}


def _definition(folder: Path, name: str) -> Path:
    path = folder / f"{name}.yml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yml"))) or "none"
        raise InputError(f"No definition {path.name} in parameters/{folder.name}. There are: {known}.")
    return path
