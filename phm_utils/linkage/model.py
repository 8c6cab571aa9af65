"""The linkage model: what each level of agreement is worth, saved as a file and refused where it is not whole.

A saved model is a JSON file: our own few values, and under `splink` the
settings that Splink reads. It holds probabilities only, nobody's data.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from phm_utils.errors import InputError
from phm_utils.linkage.comparisons import ELSE, EVERY, comparison_settings
from phm_utils.runs import project_root, write_atomically

FORMAT = 1
DEFAULT_MODEL = Path("parameters") / "linkage" / "demoshire.json"


@dataclass(frozen=True)
class Thresholds:
    """When a link is made. Match weights are base-2 logarithms of the odds; they do not transfer between data sets.

    accept: the least match weight of a link. margin: by how many bits it must
    beat the next person. review: from this weight up, what is not linked goes
    to clerical review. contrary: comparisons that may not be plainly different
    (twins share all but the forename, a father and his namesake all but the birth date).
    """

    accept: float = 2.0
    margin: float = 4.0
    review: float = -4.0
    contrary: tuple[str, ...] = ("given", "born")


@dataclass(frozen=True)
class LinkageModel:
    """Splink's settings with every probability, and how to decide.

    name: what a run says it used, with `fingerprint`.
    found: share of records, among those that certain rules leave open, whose
        person is on the spine: with the spine's size it makes the prior.
    least_people: the spine is taken for no smaller than this, so that a few
        records on trial do not make everybody alike.
    frequency: of each column with frequent values, the chance that two people
        share one: what a value's frequency is shrunk towards.
    """

    name: str
    splink: dict[str, Any] = field(repr=False)
    found: float
    frequency: dict[str, float]
    thresholds: Thresholds = Thresholds()
    least_people: int = 100_000
    trained_on: str = ""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that tell this model from any other."""
        return hashlib.sha256(self._text().encode()).hexdigest()[:12]

    @property
    def comparisons(self) -> tuple[str, ...]:
        """Names of its comparisons."""
        return tuple(c["output_column_name"] for c in self.splink["comparisons"])

    def prior(self, people: int) -> float:
        """The chance that a record and a person of the spine, taken at random, are one person."""
        return self.found / max(people, self.least_people)

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        require_whole(self.splink, path.name)
        write_atomically(path, self._text())

    def _text(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True) + "\n"


def load_model(path: Path | None = None) -> LinkageModel:
    """A saved model; without a path the workbook's own.

    Raises InputError where the file is absent, unreadable, of another format,
    compares otherwise than this version does, or leaves a comparison level
    without m or u, and names the level.
    """
    path = path or project_root() / DEFAULT_MODEL
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        if stated.pop("format") != FORMAT:
            raise InputError(f"{path.name} is a linkage model of another format; this version reads format {FORMAT}.")
        model = LinkageModel(**stated | {"thresholds": _thresholds(stated["thresholds"])})
        _require_ours(model, path.name)
        _require_numbers(model, path.name)
        require_whole(model.splink, path.name)
    except OSError as error:
        raise InputError(f"Linkage model {path} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path.name} is not a linkage model: make one with `phm link ... --train FILE`.") from None
    return model


def _thresholds(stated: dict[str, Any]) -> Thresholds:
    return Thresholds(**stated | {"contrary": tuple(stated["contrary"])})


def _require_ours(model: LinkageModel, where: str) -> None:
    """Refuse what the program would not have written: conditions are SQL, and would be run as the file has them."""
    known = {one["output_column_name"]: one["comparison_levels"] for one in comparison_settings(EVERY)}
    strange = [
        f"{comparison['output_column_name']}: {level['label_for_charts']}"
        for comparison in model.splink["comparisons"]
        for level in comparison["comparison_levels"]
        if _condition(level) not in map(_condition, known.get(comparison["output_column_name"], ()))
    ]
    if strange or set(model.splink) != {"comparisons"}:
        raise InputError(
            f"{where}: {len(strange)} comparison levels are not this version's: {'; '.join(strange)}. "
            "Probabilities and thresholds may be edited, the rest not: train a model again."
        )


def _require_numbers(model: LinkageModel, where: str) -> None:
    """Refuse thresholds and chances that are none, and contrary comparisons that do not exist."""
    limits, known = model.thresholds, [one.name for one in EVERY]
    numbers = (limits.accept, limits.margin, limits.review, model.found, model.least_people, *model.frequency.values())
    if not (
        all(isinstance(n, int | float) and math.isfinite(n) for n in numbers)
        and limits.review <= limits.accept
        and limits.margin >= 0
        and 0 < model.found <= 1 <= model.least_people
        and all(0 < chance < 1 for chance in model.frequency.values())
        and _frequent(model) <= set(model.frequency) <= {"given", "family"}
        and set(limits.contrary) <= set(known)
    ):
        raise InputError(
            f"{where}: its thresholds, `found`, `least_people` or `frequency` cannot be used. Thresholds are numbers "
            "of bits, `review` no more than `accept`; `contrary` holds names of comparisons "
            f"({', '.join(known)}); chances lie between 0 and 1."
        )


def _condition(level: dict[str, Any]) -> tuple:
    keys = ("label_for_charts", "sql_condition", "tf_adjustment_column")
    weight = level.get("tf_adjustment_weight", 1.0)
    return *(level.get(key) for key in keys), bool(level.get("is_null_level")), weight


def _frequent(model: LinkageModel) -> set[str]:
    """Columns whose frequent values count less."""
    levels = [level for comparison in model.splink["comparisons"] for level in comparison["comparison_levels"]]
    return {level["tf_adjustment_column"] for level in levels if level.get("tf_adjustment_column")}


def require_whole(settings: dict[str, Any], where: str) -> None:
    """Refuse settings with a comparison level that has no m or u: Splink would score it in silence."""
    gaps = [
        f"{comparison['output_column_name']}: {level['label_for_charts']} ({letter})"
        for comparison in settings["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
        for letter in "mu"
        if not has_probability(level, letter)
    ]
    if gaps:
        raise InputError(
            f"{where}: {len(gaps)} probabilities of comparison levels are missing: {'; '.join(gaps)}. "
            "The data to train on held no such pair, or the file was edited. "
            "Train on more records, leave such levels out, or use another model."
        )


def has_probability(level: dict[str, Any], letter: str) -> bool:
    """Has a level its m, or its u?"""
    value = level.get(f"{letter}_probability")
    return isinstance(value, int | float) and 0 < value <= 1


def level_words(settings: dict[str, Any]) -> dict[str, dict[int, str]]:
    """Of each comparison, the words of its levels by Splink's number: -1 missing, 0 different, then ever closer."""
    words = {}
    for comparison in settings["comparisons"]:
        labels = [
            level["label_for_charts"] for level in comparison["comparison_levels"] if not level.get("is_null_level")
        ]
        assert labels[-1] == ELSE
        words[comparison["output_column_name"]] = {-1: "missing"} | dict(enumerate(reversed(labels)))
    return words


def closeness(settings: dict[str, Any], comparison: str, words: str) -> int:
    """Splink's number of a level; where the model lacks it, of the next closer one."""
    levels = level_words(settings).get(comparison, {})
    return next((number for number, label in levels.items() if label == words), max(levels, default=0))
