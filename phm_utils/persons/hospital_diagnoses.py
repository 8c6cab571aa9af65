"""Hospital diagnoses that are used: by concepts, the Hospital Frailty Risk Score and Charlson groups.

Sources: Gilbert et al. 2018, Lancet 391:1775 (109 three-character codes and
their weights); Charlson groups and weights of the Summary Hospital-level
Mortality Indicator (NHS England), here over the spells of a look-back and
over every diagnosis of a spell.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from phm_utils.engine import Workspace
from phm_utils.engine.sql_files import sql_file
from phm_utils.errors import InputError
from phm_utils.persons.person_plan import Plan
from phm_utils.rules.concepts import Concept
from phm_utils.rules.data_files import Row, rows_by, whole_number
from phm_utils.rules.months import months_before
from phm_utils.runs import project_root

HFRS_LENGTH = 3
ICD10_BEGINNING = re.compile(r"[A-Z][0-9]{1,2}[0-9A-Z]{0,2}")
LEAST_WEIGHT = -100  # of a Charlson group; one is -1
DIAGNOSES = 20  # columns of an episode
# Two Charlson groups of one disease: where a person has both, only the more severe counts.
MORE_SEVERE = {"diabetes": "diabetes_complications", "liver": "severe_liver", "cancer": "metastatic_cancer"}


def hfrs_weights(path: Path | None = None) -> dict[str, int]:
    """Weight of each three-character ICD-10 code, in tenths."""
    path = path or project_root() / "parameters" / "reference" / "hfrs_weights.csv"
    rows = rows_by(path, "the weights of hospital frailty", "icd10", ("icd10", "tenths"))
    if wrong := [code for code in rows if len(code) != HFRS_LENGTH]:
        raise InputError(f"{path.name}: every code must have three characters, and `{wrong[0][:40]}` has not.")
    return {code: whole_number(path, code, row, "tenths") for code, row in rows.items()}


def charlson_groups(path: Path | None = None) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Weight of each group, and the beginnings of its ICD-10 codes."""
    path = path or project_root() / "parameters" / "reference" / "charlson_uk_shmi.csv"
    rows = rows_by(path, "the groups of Charlson's index", "group", ("group", "weight", "icd10"))
    return {
        name: (whole_number(path, name, row, "weight", LEAST_WEIGHT), _beginnings(path, name, row))
        for name, row in rows.items()
    }


def _beginnings(path: Path, group: str, row: Row) -> tuple[str, ...]:
    """The beginnings of a group's codes; an empty one would begin every code."""
    codes = tuple(row["icd10"].split("|"))
    if not all(ICD10_BEGINNING.fullmatch(code) for code in codes):
        raise InputError(f"{path.name}, `{group}`: `icd10` must be beginnings of codes such as I21|I252.")
    return codes


def diagnosis_codes(
    coded: Iterable[str], known: tuple[Concept, ...], codes: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """The uses of each ICD-10 code: one row per code and use.

    coded: the distinct codes of an extract, without dots. codes: the codes of each list.
    Returns `icd10`, `used_for` (concept, hfrs, charlson), `item`, `concept_no`
    (-1 where the use is not a concept), `weight`.
    """
    weights, groups = hfrs_weights(), charlson_groups()
    lists = {n: codes[c.codes_from] for n, c in enumerate(known) if c.system == "icd10"}
    rows: list[tuple[str, str, str, int, int]] = []
    for code in coded:
        if code[:HFRS_LENGTH] in weights:
            rows.append((code, "hfrs", code[:HFRS_LENGTH], -1, weights[code[:HFRS_LENGTH]]))
        rows += [(code, "charlson", g, -1, w) for g, (w, starts) in groups.items() if code.startswith(starts)]
        rows += [(code, "concept", known[n].concept, n, 0) for n, starts in lists.items() if code.startswith(starts)]
    frame = pd.DataFrame(rows, columns=["icd10", "used_for", "item", "concept_no", "weight"])
    return frame.astype({"icd10": "str", "used_for": "str", "item": "str", "concept_no": "int64", "weight": "int64"})


def charlson_severe() -> pd.DataFrame:
    """One row per group that a more severe one replaces: `item`, `severe_item`."""
    return pd.DataFrame({"item": list(MORE_SEVERE), "severe_item": list(MORE_SEVERE.values())}).astype("str")


def make_diagnoses(work: Workspace, plan: Plan) -> None:
    """Tables `diagnosis`, `spell_counts` (by person and concept) and `hospital_score`, from `episode` and `spell`."""
    places = ", ".join(f"({n})" for n in range(1, DIAGNOSES + 1))
    work.make("place", f"SELECT n FROM (VALUES {places}) AS t (n)")
    columns = [f"SELECT DISTINCT diag_{n:02d} AS icd10 FROM episode" for n in range(1, DIAGNOSES + 1)]
    coded = work.read("\nUNION\n".join(columns))["icd10"].dropna().astype(str)
    work.register("diagnosis_code", diagnosis_codes(sorted(coded), plan.known, plan.codes))
    work.register("charlson_severe", charlson_severe())
    work.register("spell_rule_text", _spell_rules(plan))
    work.make(
        "spell_rule",
        "SELECT concept_no, main_only, emergency_only, CAST(counted AS DATE) AS counted_from FROM spell_rule_text",
    )
    for name in ("diagnosis", "spell_counts", "hospital_score"):
        work.make(name, sql_file("persons", name, **plan.values))


def _spell_rules(plan: Plan) -> pd.DataFrame:
    """One row per concept of hospital diagnoses: which spells it counts, and from which day."""
    rows = [
        (n, "primary" in c.only, "emergency" in c.only, str(months_before(plan.stays_to, c.window_months or 1)))
        for n, c in enumerate(plan.known)
        if c.system == "icd10"
    ]
    frame = pd.DataFrame(rows, columns=["concept_no", "main_only", "emergency_only", "counted"])
    return frame.astype({"concept_no": "int64", "main_only": "bool", "emergency_only": "bool", "counted": "str"})
