"""The linkage model: m and u of each comparison level, thresholds, and the prior; saved as a JSON file.

The file has a few values of ours and, under `splink`, the settings that
Splink reads: probabilities only, no personal data.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.linkage.comparisons import ELSE, EVERY, comparison_settings
from phm_utils.runs import project_root, write_atomically

FORMAT = 1
TOLERANCE = 2.0  # bits: a level that few pairs have is estimated no better
NO_MODEL = "It is not a linkage model: make one with `phm link ... --train FILE`."
DEFAULT_MODEL = Path("parameters") / "linkage" / "demoshire.json"


@dataclass(frozen=True)
class Thresholds:
    """When a link is made. Match weights are base-2 logarithms of the odds; they do not transfer between data sets.

    accept: the least match weight of a link. margin: by how many bits it must
    beat the next person. review: from this weight up, unlinked pairs go
    to clerical review. contrary: comparisons whose level may not be 'different'
    (twins share all but the forename, a father and son of one name all but the birth date).
    """

    accept: float = 2.0
    margin: float = 4.0
    review: float = -4.0
    contrary: tuple[str, ...] = ("given", "born")


@dataclass(frozen=True)
class LinkageModel:
    """Splink's settings with every probability, and the decision rules.

    name: recorded by a run, with `fingerprint`.
    found: share of records left open by the deterministic rules whose person
        is on the spine; with the spine's size it gives the prior.
    least_people: least size of the spine for the prior, so that a small trial
        does not link too readily.
    frequency: for each column with term frequencies, the probability that two
        people agree: values' frequencies are shrunk towards it.
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
        """Identifier of the model: twelve hexadecimal digits of its hash."""
        return hashlib.sha256(self._text().encode()).hexdigest()[:12]

    @property
    def comparisons(self) -> tuple[str, ...]:
        """Names of its comparisons."""
        return tuple(c["output_column_name"] for c in self.splink["comparisons"])

    def prior(self, people: int) -> float:
        """The probability that a random record and person of the spine match."""
        return self.found / max(people, self.least_people)

    def save(self, path: Path) -> None:
        """Write the model as JSON; never one that makes no sense."""
        require_complete(self.splink, path.name)
        require_sense(self.splink, path.name)
        write_atomically(path, self._text())

    def _text(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True) + "\n"


def load_model(path: Path | None = None) -> LinkageModel:
    """A saved model; without a path the workbook's own.

    Raises InputError where the file is absent, unreadable, of another format,
    has comparison levels unknown to this version, or a level without m or u.
    """
    path = path or project_root() / DEFAULT_MODEL
    stated = load_json(path, NO_MODEL)
    try:
        if stated.pop("format") != FORMAT:
            raise InputError(f"{path.name} is a linkage model of another format; this version reads format {FORMAT}.")
        model = LinkageModel(**stated | {"thresholds": _thresholds(stated["thresholds"])})
        _require_known_levels(model, path.name)
        _require_valid_numbers(model, path.name)
        require_complete(model.splink, path.name)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise InputError(f"{path.name} lacks what a model has, or its values are of another kind. {NO_MODEL}") from None
    return model


def _thresholds(stated: dict[str, Any]) -> Thresholds:
    return Thresholds(**stated | {"contrary": tuple(stated["contrary"])})


def _require_known_levels(model: LinkageModel, where: str) -> None:
    """Refuse comparison levels unknown to this version: their conditions are SQL, and would be run."""
    known = {one["output_column_name"]: one["comparison_levels"] for one in comparison_settings(EVERY)}
    unknown = [
        f"{comparison['output_column_name']}: {level['label_for_charts']}"
        for comparison in model.splink["comparisons"]
        for level in comparison["comparison_levels"]
        if _condition(level) not in map(_condition, known.get(comparison["output_column_name"], ()))
    ]
    if unknown or set(model.splink) != {"comparisons"}:
        raise InputError(
            f"{where}: {len(unknown)} comparison levels are not this version's: {'; '.join(unknown)}. "
            "Probabilities and thresholds may be edited, the rest not: train a model again."
        )


def _require_valid_numbers(model: LinkageModel, where: str) -> None:
    """Refuse thresholds and probabilities out of range, and unknown contrary comparisons."""
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
            "of bits, `review` no more than `accept`; `contrary` lists comparisons "
            f"({', '.join(known)}); probabilities lie between 0 and 1."
        )


def _condition(level: dict[str, Any]) -> tuple:
    keys = ("label_for_charts", "sql_condition", "tf_adjustment_column")
    weight = level.get("tf_adjustment_weight", 1.0)
    return *(level.get(key) for key in keys), bool(level.get("is_null_level")), weight


def _frequent(model: LinkageModel) -> set[str]:
    """Columns whose frequent values count less."""
    levels = [level for comparison in model.splink["comparisons"] for level in comparison["comparison_levels"]]
    return {level["tf_adjustment_column"] for level in levels if level.get("tf_adjustment_column")}


def require_complete(settings: dict[str, Any], where: str) -> None:
    """Refuse a comparison level without m or u: Splink would score it without a warning."""
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
            "The training data had no such pair, or the file was edited. "
            "Train on more records, leave such levels out, or use another model."
        )


def require_sense(settings: dict[str, Any], where: str) -> None:
    """Refuse a comparison that cannot tell two people apart, or whose weights go against their direction.

    Its closest level must add bits and 'different' take some; no level between may take more than 'different', or
    (names that changed places apart) add more than the closest, by TOLERANCE bits.
    """
    faults = [
        f"{comparison['output_column_name']}: {fault}"
        for comparison in settings["comparisons"]
        for fault in _senseless(comparison)
    ]
    if faults:
        raise InputError(
            f"{where}: the model makes no sense and was not saved. {'; '.join(faults)}. The records do not show how "
            "those of one person differ: train on more, or on records with NHS numbers, or use another model."
        )


def _senseless(comparison: dict[str, Any]) -> list[str]:
    """What is wrong with the weights of one comparison, in words."""
    levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    if len(levels) < 2 or levels[-1]["label_for_charts"] != ELSE:
        return ["pairs that agree, or pairs that differ, were never seen"]
    bits = {level["label_for_charts"]: math.log2(level["m_probability"] / level["u_probability"]) for level in levels}
    closest, *between = [words for words in bits if words != ELSE]
    wrong = [words for words, ok in ((closest, bits[closest] > 0), (ELSE, bits[ELSE] < 0)) if not ok]
    wrong += [
        words
        for words in between
        if not words.startswith("swapped")
        and not bits[ELSE] - TOLERANCE <= bits[words] <= max(bits[closest], 0) + TOLERANCE
    ]
    return [f"`{words}` weighs {bits[words]:+.1f} bits, against its direction" for words in wrong]


def has_probability(level: dict[str, Any], letter: str) -> bool:
    """Whether a level has its m, or its u."""
    value = level.get(f"{letter}_probability")
    return isinstance(value, int | float) and 0 < value <= 1


def level_labels(settings: dict[str, Any]) -> dict[str, dict[int, str]]:
    """For each comparison, the labels of its levels by Splink's number: -1 missing, 0 different, then ever closer."""
    labels_of = {}
    for comparison in settings["comparisons"]:
        labels = [
            level["label_for_charts"] for level in comparison["comparison_levels"] if not level.get("is_null_level")
        ]
        assert labels[-1] == ELSE
        labels_of[comparison["output_column_name"]] = {-1: "missing"} | dict(enumerate(reversed(labels)))
    return labels_of


def level_number(settings: dict[str, Any], comparison: str, label: str) -> int:
    """Splink's number of a level; where the model lacks it, that of the next closer one."""
    levels = level_labels(settings).get(comparison, {})
    return next((number for number, text in levels.items() if text == label), max(levels, default=0))
