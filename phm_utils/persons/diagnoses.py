"""Which hospital diagnoses something asks for: concepts, the Hospital Frailty Risk Score, and Charlson groups.

Sources: Gilbert et al. 2018, Lancet 391:1775 (109 three-character codes and
their weights); Charlson groups and weights of the Summary Hospital-level
Mortality Indicator (NHS England), here over the spells of a look-back and
over every diagnosis of a spell.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import Concept
from phm_utils.runs import project_root

HFRS_LENGTH = 3
# Two groups of one disease: where a person has both, only the graver counts.
GRAVER = {"diabetes": "diabetes_complications", "liver": "severe_liver", "cancer": "metastatic_cancer"}


def hfrs_weights(path: Path | None = None) -> dict[str, int]:
    """Weight of each three-character ICD-10 code, in tenths."""
    path = path or project_root() / "parameters" / "reference" / "hfrs_weights.csv"
    frame = pd.read_csv(path, dtype={"icd10": str})
    _refuse_unless(frame, path, {"icd10", "tenths"}, (frame.get("icd10", pd.Series(dtype=str)).str.len() == HFRS_LENGTH))
    return dict(zip(frame["icd10"], frame["tenths"].astype(int), strict=True))


def charlson_groups(path: Path | None = None) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Weight of each group, and the beginnings of its ICD-10 codes."""
    path = path or project_root() / "parameters" / "reference" / "charlson_uk_shmi.csv"
    frame = pd.read_csv(path, dtype={"icd10": str})
    _refuse_unless(frame, path, {"group", "weight", "icd10"}, frame.get("icd10", pd.Series(dtype=str)).notna())
    return {r.group: (int(r.weight), tuple(r.icd10.split("|"))) for r in frame.itertuples()}


def _refuse_unless(frame: pd.DataFrame, path: Path, columns: set[str], sound: pd.Series) -> None:
    if not columns <= set(frame) or not sound.all():
        raise InputError(f"{path.name} must have the columns {', '.join(sorted(columns))}, filled in on every line.")


def diagnosis_codes(coded: Iterable[str], known: tuple[Concept, ...]) -> pd.DataFrame:
    """What each ICD-10 code counts for: one row per code and use.

    coded: the distinct codes of an extract, without dots.
    Returns `icd10`, `used_for` (concept, hfrs, charlson), `item`, `concept_no`
    (-1 where it is no concept), `weight`.
    """
    weights, groups = hfrs_weights(), charlson_groups()
    lists = {n: tuple(load(c.codes_from, system="icd10")) for n, c in enumerate(known) if c.system == "icd10"}
    rows: list[tuple[str, str, str, int, int]] = []
    for code in coded:
        if code[:HFRS_LENGTH] in weights:
            rows.append((code, "hfrs", code[:HFRS_LENGTH], -1, weights[code[:HFRS_LENGTH]]))
        rows += [(code, "charlson", g, -1, w) for g, (w, starts) in groups.items() if code.startswith(starts)]
        rows += [(code, "concept", known[n].concept, n, 0) for n, starts in lists.items() if code.startswith(starts)]
    frame = pd.DataFrame(rows, columns=["icd10", "used_for", "item", "concept_no", "weight"])
    return frame.astype({"icd10": "str", "used_for": "str", "item": "str", "concept_no": "int64", "weight": "int64"})


def charlson_graver() -> pd.DataFrame:
    """One row per group that a graver one replaces: `item`, `graver`."""
    return pd.DataFrame({"item": list(GRAVER), "graver": list(GRAVER.values())}).astype("str")
