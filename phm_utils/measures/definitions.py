"""Definition files of segmentations: their models, loading and checks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.params import Frozen, load_yaml, validated
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.describe import describe
from phm_utils.rules.forms import Criterion, Scalar
from phm_utils.rules.tree import Count, Rule, parse
from phm_utils.rules.variants import with_value
from phm_utils.runs import project_root

AS_DEFINED = "As defined"  # among alternatives, the definition itself


class Segment(Frozen):
    """One segment: a person is in it by the first of its rules that holds."""

    name: str
    about: str
    rules: tuple[Rule, ...] = Field(min_length=1)


class Otherwise(Frozen):
    """The segment of everybody to whom no rule applies."""

    name: str
    about: str
    says: str


class NotAssessed(Frozen):
    """Rules of the published model that this workbook does not assess yet."""

    segment: str
    rules: tuple[str, ...]


class RuleChange(Frozen):
    """The segmentation with one threshold changed: that of the rule with these words."""

    says: str
    rule: str = Field(description="the rule's own words")
    column: str | None = Field(None, description="the criterion to change; the count itself where absent")
    value: Scalar


class Segmentation(Frozen):
    """A file of parameters/segments: the first rule that holds, from the top, wins."""

    title: str
    source: str
    notes: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = Field(min_length=1)
    otherwise: Otherwise
    not_yet_assessed: tuple[NotAssessed, ...] = ()
    alternatives: tuple[RuleChange, ...] = ()

    @property
    def names(self) -> list[str]:
        """Every segment, in order of precedence."""
        return [s.name for s in self.segments] + [self.otherwise.name]

    def with_alternative(self, other: RuleChange) -> "Segmentation":
        """The segmentation with one threshold changed. Its rules keep their words and their order."""
        found = [rule for segment in self.segments for rule in segment.rules if rule.says == other.rule]
        if len(found) != 1:
            raise InputError(
                f"The alternative `{other.says}` changes the rule `{other.rule}`, which is "
                f"{len(found)} times in the segmentation. It must be there exactly once."
            )
        segments = tuple(
            segment.model_copy(
                update={"rules": tuple(_changed_rule(r, other) if r.says == other.rule else r for r in segment.rules)}
            )
            for segment in self.segments
        )
        return self.model_copy(update={"segments": segments})


def _changed_rule(rule: Rule, other: RuleChange) -> Rule:
    if other.column is not None:
        return with_value(rule, other.column, other.value)
    if not isinstance(rule, Count | Criterion):
        raise InputError(f"The alternative `{other.says}` must name the `column` whose value it changes.")
    return rule.model_copy(update={"value": other.value})


def load_segmentation(name: str, folder: Path | None = None) -> Segmentation:
    """A segmentation by the name of its file. Raises InputError that lists every fault of it."""
    path = _definition(folder or project_root() / "parameters" / "segments", name)
    content = load_yaml(path)
    _check_rule_syntax(content, path.name)
    found = validated(Segmentation, content, path.name)
    if repeated := sorted({n for n in found.names if found.names.count(n) > 1}):
        raise InputError(f"{path.name} names a segment twice: {', '.join(repeated)}. Put its rules together.")
    _try_alternatives(found, path.name)
    return found


def _try_alternatives(definition: Segmentation, where: str) -> None:
    """Refuse an alternative that changes nothing, or more than one rule, by the name of the file."""
    try:
        for other in definition.alternatives:
            definition.with_alternative(other)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _check_rule_syntax(content: dict[str, Any], where: str) -> None:
    """Refuse invalid rules, by the segment's name and the rule's own words or its number."""
    segments = content.get("segments")
    faults = []
    for segment in segments if isinstance(segments, list) else []:
        rules = segment.get("rules") if isinstance(segment, dict) else None
        for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1):
            words = rule.get("says", number) if isinstance(rule, dict) else number
            try:
                parse(rule, f"Segment `{segment.get('name')}`, rule `{words}`,")
            except InputError as error:
                faults.append(str(error))
    if faults:
        raise InputError(f"{where}: {len(faults)} fault{'s' if len(faults) > 1 else ''}.\n" + "\n".join(faults))


def check_segmentation(model: Segmentation, columns: Mapping[str, RuleColumn], where: str) -> None:
    """Refuse a segmentation whose rules cannot be applied to `columns`, or have the same words.

    where: its file. Raises one InputError that names every faulty rule, with
    the nearest column where it uses an unknown one.
    """
    rules = [(f"segment `{s.name}`, ", rule) for s in model.segments for rule in s.rules]
    _check_rules(rules, columns, where)
    uses = Counter((segment, describe(rule, columns)) for segment, rule in rules)
    if same := [f"{segment}rule `{words}`" for (segment, words), times in uses.items() if times > 1]:
        raise InputError(
            f"{where}: rules of a segment have the same words: {'; '.join(same)}. Give each its own `says`."
        )


def _check_rules(rules: Iterable[tuple[str, Rule]], columns: Mapping[str, RuleColumn], where: str) -> None:
    faults = []
    for place, rule in rules:
        try:
            compile_rule(rule, columns)
        except InputError as error:
            faults.append(f"- {place}rule `{describe(rule, columns)}`: {error}")
    if faults:
        raise InputError(f"{where}: {len(faults)} fault{'s' if len(faults) > 1 else ''}.\n" + "\n".join(faults))


def _definition(folder: Path, name: str) -> Path:
    path = folder / f"{name}.yml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yml"))) or "none"
        raise InputError(f"No definition {path.name} in parameters/{folder.name}. There are: {known}.")
    return path
