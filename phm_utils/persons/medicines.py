"""Medicines by person: issues that concepts count, repeat medicines, and polypharmacy."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from phm_utils.engine import Workspace
from phm_utils.engine.sql_files import sql_file
from phm_utils.errors import InputError
from phm_utils.persons.person_plan import Plan
from phm_utils.rules.data_files import rows_by
from phm_utils.rules.months import months_before
from phm_utils.runs import project_root

BNF_BEGINNING = re.compile(r"[0-9A-Z]{2,15}")
SUBSTANCE = 9  # characters of a BNF code that name the chemical substance


def make_medicines(work: Workspace, plan: Plan) -> None:
    """Tables `medicine_counts` (person and concept) and `medicines` (repeat medicines by person)."""
    coded = work.read(
        "SELECT DISTINCT bnf_code FROM gp_medication WHERE bnf_code IS NOT NULL "
        f"AND issue_date <= DATE '{plan.index_date}'"
    )["bnf_code"].astype(str)
    work.register("medicine_code_text", _counted_codes(sorted(coded), plan))
    work.make(
        "medicine_code",
        "SELECT bnf_code, CAST(concept_no AS INTEGER) AS concept_no, CAST(counted AS DATE) AS counted_from "
        "FROM medicine_code_text",
    )
    work.register("substance", _substances(sorted(coded)))
    for name in ("medicine_counts", "medicines"):
        work.make(name, sql_file("persons", name, **plan.values))


def _counted_codes(coded: list[str], plan: Plan) -> pd.DataFrame:
    """One row per BNF code and concept that counts it: `bnf_code`, `concept_no`, and `counted`, its first day."""
    lists = {n: plan.codes[c.codes_from] for n, c in enumerate(plan.known) if c.system == "bnf"}
    first = {n: str(months_before(plan.index_date, plan.known[n].window_months or 1)) for n in lists}
    rows = [(code, n, first[n]) for code in coded for n, starts in lists.items() if code.startswith(starts)]
    frame = pd.DataFrame(rows, columns=["bnf_code", "concept_no", "counted"])
    return frame.astype({"bnf_code": "str", "concept_no": "int64", "counted": "str"})


def _substances(coded: list[str]) -> pd.DataFrame:
    """One row per BNF code that names a chemical substance: `bnf_code`, `substance`, `in_scope` of polypharmacy."""
    scope = polypharmacy_scope()
    rows = [(code, code[:SUBSTANCE], in_scope(code, scope)) for code in coded if len(code) >= SUBSTANCE]
    frame = pd.DataFrame(rows, columns=["bnf_code", "substance", "in_scope"])
    return frame.astype({"bnf_code": "str", "substance": "str", "in_scope": "bool"})


def polypharmacy_scope(path: Path | None = None) -> dict[str, bool]:
    """By beginning of a BNF code: does it count as polypharmacy? The longest beginning decides; without one, yes.

    Source: NHS North Central London ICB's exclusions (OGL v3).
    """
    path = path or project_root() / "parameters" / "reference" / "polypharmacy_scope.csv"
    rows = rows_by(path, "what counts as polypharmacy", "bnf", ("bnf", "in_scope"))
    if wrong := [bnf for bnf in rows if not BNF_BEGINNING.fullmatch(bnf)]:
        raise InputError(f"{path.name}, `{wrong[0][:40]}`: `bnf` must be the beginning of a BNF code, such as 0601.")
    if wrong := [bnf for bnf, row in rows.items() if row["in_scope"] not in ("true", "false")]:
        raise InputError(f"{path.name}, `{wrong[0][:40]}`: `in_scope` must be true or false.")
    return {bnf: row["in_scope"] == "true" for bnf, row in rows.items()}


def in_scope(bnf_code: str, scope: Mapping[str, bool]) -> bool:
    """Does a medicine count as polypharmacy?"""
    beginnings = (bnf_code[:length] for length in range(len(bnf_code), 1, -1))
    return next((scope[start] for start in beginnings if start in scope), True)
