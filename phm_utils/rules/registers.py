"""Disease registers as rules: who is on each, in the version that the file names."""

from pathlib import Path

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.params import Code, Frozen, load_yaml, validated
from phm_utils.rules.columns import RuleColumn, base_columns, by_name, fact_columns
from phm_utils.rules.concepts import Concept
from phm_utils.rules.tree import Rule, criteria
from phm_utils.runs import project_root


class Register(Frozen):
    """One register: everybody registered with a practice for whom the rule holds."""

    name: Code
    title: str = Field(min_length=1)
    rule: Rule

    @property
    def column(self) -> str:
        """Its column of `person`."""
        return f"qof_{self.name}"


class Registers(Frozen):
    """The file parameters/registers/qof.yml."""

    title: str
    version: str = Field(description="of the rules; shown wherever a register is")
    source: str
    limits: tuple[str, ...] = ()
    registers: tuple[Register, ...] = Field(min_length=1)


def load_registers(path: Path | None = None) -> Registers:
    """The registers. Raises InputError that lists every fault of the file."""
    path = path or project_root() / "parameters" / "registers" / "qof.yml"
    found = validated(Registers, load_yaml(path), path.name)
    names = [r.name for r in found.registers]
    if repeated := sorted({n for n in names if names.count(n) > 1}):
        raise InputError(f"{path.name} has a register twice: {', '.join(repeated)}.")
    return found


def askable(known: tuple[Concept, ...]) -> dict[str, RuleColumn]:
    """What a register or a score may ask for: columns of `person` and facts."""
    return by_name([*base_columns(known).values(), *fact_columns(known).values()])


def needs_of(rule: Rule, columns: dict[str, RuleColumn]) -> tuple[str, ...]:
    """The input tables that the columns of a rule need."""
    asked = (columns[c.column] for c in criteria(rule) if c.column in columns)
    return tuple(dict.fromkeys(table for column in asked for table in column.needs))


def register_columns(known: tuple[Concept, ...], registers: Registers | None = None) -> dict[str, RuleColumn]:
    """A yes-or-no column for each register, by name."""
    columns = askable(known)
    return {
        r.column: RuleColumn(r.column, "bool", f"{r.title} register", needs=needs_of(r.rule, columns))
        for r in (registers or load_registers()).registers
    }
