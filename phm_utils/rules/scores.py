"""Scores as data: weighted sums of rules (frailty, multimorbidity), and scores of hospital diagnoses.

A weighted score is a file of parameters/scores; weights are exact decimals,
summed as whole hundredths so that no order of summing changes them.
"""

from decimal import Decimal
from pathlib import Path

from pydantic import Field

from phm_utils.params import Frozen, load_yaml, validated
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.concepts import Concept
from phm_utils.rules.registers import askable, needs_of
from phm_utils.rules.tree import Rule
from phm_utils.runs import project_root

HUNDREDTHS = 100
OLDER = 65  # frailty scores are meant for people of this age and over
EFI_BANDS = (("Fit", 0.12), ("Mild", 0.24), ("Moderate", 0.36), ("Severe", 1.0))  # upper edges, inclusive
EFI_DEFICITS = 36
HFRS_BANDS = (("Low", 5), ("Intermediate", 15), ("High", None))  # below 5; 5 to 15; above 15
HOSPITAL_MONTHS = 24  # look-back of the scores made from hospital diagnoses


class Item(Frozen):
    """One part of a score: its weight counts where the rule holds, and nothing where it does not or is unknown."""

    item: str = Field(min_length=1)
    weight: Decimal = Field(max_digits=6, decimal_places=2)
    rule: Rule

    @property
    def hundredths(self) -> int:
        """The weight in hundredths."""
        return int(self.weight * HUNDREDTHS)


class WeightedScore(Frozen):
    """A file of parameters/scores."""

    title: str
    source: str
    items: tuple[Item, ...] = Field(min_length=1)


def load_score(name: str, folder: Path | None = None) -> WeightedScore:
    """A weighted score by the name of its file. Raises InputError that lists every fault of it."""
    path = (folder or project_root() / "parameters" / "scores") / f"{name}.yml"
    return validated(WeightedScore, load_yaml(path), path.name)


def score_columns(known: tuple[Concept, ...]) -> dict[str, RuleColumn]:
    """The columns of the scores, by name."""
    columns = askable(known)
    efi, cms = (
        tuple(dict.fromkeys(t for item in load_score(name).items for t in needs_of(item.rule, columns)))
        for name in ("efi", "cms")
    )
    hospital = ("apc_episode",)
    made = (
        RuleColumn("efi_deficits", "int", "Deficits of the electronic frailty index", "of 36", needs=efi),
        RuleColumn("efi", "float", "Electronic frailty index", needs=efi),
        RuleColumn("efi_category", "text", "Frailty by eFI, 65 and over", words=_names(EFI_BANDS), needs=efi),
        RuleColumn("hfrs", "float", "Hospital Frailty Risk Score", needs=hospital),
        RuleColumn("hfrs_category", "text", "HFRS band, 65 and over", words=_names(HFRS_BANDS), needs=hospital),
        RuleColumn("cms", "float", "Cambridge Multimorbidity Score", needs=cms),
        RuleColumn("charlson", "int", "Charlson score, UK SHMI weights", needs=hospital),
    )  # fmt: skip
    return {c.name: c for c in made}


def _names(bands: tuple[tuple[str, float | None], ...]) -> tuple[str, ...]:
    return tuple(name for name, _ in bands)
