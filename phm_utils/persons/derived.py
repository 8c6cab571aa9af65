"""Registers and scores as SQL over what the extracts say of a person."""

from collections.abc import Mapping
from dataclasses import dataclass

from phm_utils.errors import InputError
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.concepts import Concept
from phm_utils.rules.registers import Registers, askable, load_registers
from phm_utils.rules.scores import (
    EFI_BANDS,
    EFI_DEFICITS,
    HFRS_BANDS,
    HUNDREDTHS,
    OLDER,
    WeightedScore,
    load_score,
)
from phm_utils.rules.tree import compile_rule, criteria

TENTHS = 10


@dataclass(frozen=True)
class Derived:
    """The registers and scores of a run, and what they may ask for."""

    askable: Mapping[str, RuleColumn]
    registers: Registers
    efi: WeightedScore
    cms: WeightedScore

    @classmethod
    def load(cls, known: tuple[Concept, ...]) -> "Derived":
        """As the files of parameters/registers and parameters/scores define them.

        Raises InputError that names the file and the register or item whose rule cannot be asked.
        """
        found = cls(askable(known), load_registers(), load_score("efi"), load_score("cms"))
        rules = [(f"qof.yml, register {r.name}", r.rule) for r in found.registers.registers]
        for name, score in (("efi", found.efi), ("cms", found.cms)):
            rules += [(f"{name}.yml, {item.item}", item.rule) for item in score.items]
        for where, rule in rules:
            try:
                compile_rule(rule, found.askable)
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
        return found

    def asked(self) -> dict[str, set[str]]:
        """By column of `person`: the columns and facts that it is made from."""
        made = {r.column: {c.column for c in criteria(r.rule)} for r in self.registers.registers}
        efi, cms = ({c.column for item in score.items for c in criteria(item.rule)} for score in (self.efi, self.cms))
        return made | dict.fromkeys(("efi_deficits", "efi", "efi_category"), efi) | {"cms": cms}

    def rules_sql(self) -> str:
        """The lines of `scored` in person.sql: registers, and whole-number sums of the scores.

        Whoever is not known to meet a register's rule is not on it.
        """
        lines = [
            f"coalesce({compile_rule(r.rule, self.askable)}, false) AS {r.column}" for r in self.registers.registers
        ]
        lines.append(f"{self._sum(self.efi)} AS efi_hundredths")
        lines.append(f"{self._sum(self.cms)} AS cms_hundredths")
        return ",\n        ".join(lines)

    def _sum(self, score: WeightedScore) -> str:
        terms = [
            f"CASE WHEN {compile_rule(item.rule, self.askable)} THEN {item.hundredths} ELSE 0 END"
            for item in score.items
        ]
        return "(" + "\n        + ".join(terms) + ")"


def score_sql() -> dict[str, str]:
    """SQL of the score columns by name, over `scored` in person.sql."""
    efi = f"CAST(efi_hundredths // {HUNDREDTHS} AS DOUBLE) / {EFI_DEFICITS}"
    efi_cases = " ".join(f"WHEN {efi} <= {edge} THEN '{name}'" for name, edge in EFI_BANDS)
    (low, low_edge), (middle, high_edge), (high, _) = HFRS_BANDS
    hfrs_cases = (
        f"WHEN hfrs_tenths < {low_edge * TENTHS} THEN '{low}' "
        f"WHEN hfrs_tenths <= {high_edge * TENTHS} THEN '{middle}' ELSE '{high}'"
    )
    return {
        "efi_deficits": f"efi_hundredths // {HUNDREDTHS}",
        "efi": efi,
        "efi_category": f"CASE WHEN age >= {OLDER} THEN CASE {efi_cases} END END",
        "hfrs": f"CAST(hfrs_tenths AS DOUBLE) / {TENTHS}",
        "hfrs_category": f"CASE WHEN age >= {OLDER} THEN CASE {hfrs_cases} END END",
        "cms": f"CAST(cms_hundredths AS DOUBLE) / {HUNDREDTHS}",
    }
