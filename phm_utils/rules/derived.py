"""Columns made of other columns, registers and scores; and with them every column of the `person` table.

The persons stage makes exactly these columns, the rule compiler accepts no
others, and their `needs` decide which are left out of a run.
"""

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.params import Code, Frozen, load_yaml, validated
from phm_utils.rules.columns import RuleColumn, base_columns, by_name, fact_columns
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.rules.tree import Rule, criteria
from phm_utils.runs import project_root, stamp_of

# The definition files behind the columns of `person`: a stage that uses these columns depends on them.
COLUMN_FILES = ("parameters/concepts.csv", "parameters/registers/*.yml", "parameters/scores/*.yml")
# With the code lists and reference tables: what the persons stage makes them from.
PERSON_FILES = (*COLUMN_FILES, "parameters/units.csv", "parameters/reference/*.csv")


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
    version: str = Field(description="of the rules; shown with every register")
    source: str
    limits: tuple[str, ...] = ()
    registers: tuple[Register, ...] = Field(min_length=1)


def load_registers(path: Path | None = None) -> Registers:
    """The registers. Raises InputError that lists every fault of the file.

    >>> "Asthma" in {register.title for register in load_registers().registers}
    True
    """
    path = path or project_root() / "parameters" / "registers" / "qof.yml"
    found = validated(Registers, load_yaml(path), path.name)
    names = [r.name for r in found.registers]
    if repeated := sorted({n for n in names if names.count(n) > 1}):
        raise InputError(f"{path.name} has a register twice: {', '.join(repeated)}.")
    return found


def usable_columns(known: tuple[Concept, ...]) -> dict[str, RuleColumn]:
    """What a register or a score may use: columns of `person` and facts.

    >>> asthma = Concept(concept="asthma", title="Asthma", kind="condition")
    >>> "asthma" in usable_columns((asthma,)), "asthma_first" in usable_columns((asthma,))
    (True, True)
    """
    return by_name([*base_columns(known).values(), *fact_columns(known).values()])


def needs_of(rule: Rule, columns: dict[str, RuleColumn]) -> tuple[str, ...]:
    """The input tables that the columns of a rule need.

    >>> from phm_utils.rules.tree import parse
    >>> rule = parse({"column": "emergency_admissions_12m", "op": "at least", "value": 2})
    >>> needs_of(rule, usable_columns(()))
    ('apc_episode',)
    """
    asked = (columns[c.column] for c in criteria(rule) if c.column in columns)
    return tuple(dict.fromkeys(table for column in asked for table in column.needs))


def drawn_by(rule: Rule, columns: dict[str, RuleColumn]) -> tuple[str, ...]:
    """Every table whose content can change the answer to a rule about columns.

    >>> from phm_utils.rules.tree import parse
    >>> rule = parse({"column": "no_fixed_abode", "op": "is", "value": True})
    >>> drawn_by(rule, usable_columns(()))
    ('gp_registration', 'gp_event', 'ecds_attendance')
    """
    asked = (columns[c.column] for c in criteria(rule) if c.column in columns)
    return tuple(dict.fromkeys(table for column in asked for table in column.draws_on))


def register_columns(known: tuple[Concept, ...], registers: Registers | None = None) -> dict[str, RuleColumn]:
    """A yes-or-no column for each register, by name.

    >>> asthma = Concept(concept="asthma", title="Asthma", kind="condition")
    >>> rule = {"column": "asthma", "op": "is", "value": True}
    >>> listed = [{"name": "ast", "title": "Asthma", "rule": rule}]
    >>> qof = Registers(title="QOF", version="1", source="NHS England", registers=listed)
    >>> register_columns((asthma,), qof)["qof_ast"].title
    'Asthma register'
    """
    columns = usable_columns(known)
    return {
        r.column: RuleColumn(
            r.column,
            "bool",
            f"{r.title} register",
            needs=needs_of(r.rule, columns),
            also_from=drawn_by(r.rule, columns),
        )
        for r in (registers or load_registers()).registers
    }


HUNDREDTHS = 100
FRAILTY_AGE = 65  # frailty scores apply from this age
EFI_BANDS = (("Fit", 0.12), ("Mild", 0.24), ("Moderate", 0.36), ("Severe", 1.0))  # upper edges, inclusive
EFI_DEFICITS = 36
HFRS_BANDS = (("Low", 5), ("Intermediate", 15), ("High", None))  # below 5; 5 to 15; above 15
HOSPITAL_MONTHS = 24  # look-back of the scores made from hospital diagnoses


class Item(Frozen):
    """One part of a score: its weight counts only where the rule is known to hold."""

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
    """A weighted score by the name of its file. Raises InputError that lists every fault of it.

    >>> len(load_score("efi").items)
    36
    """
    path = (folder or project_root() / "parameters" / "scores") / f"{name}.yml"
    return validated(WeightedScore, load_yaml(path), path.name)


def score_columns(known: tuple[Concept, ...]) -> dict[str, RuleColumn]:
    """The columns of the scores, by name.

    >>> score_columns(concepts())["charlson"].needs
    ('apc_episode',)
    """
    columns = usable_columns(known)
    (efi, from_efi), (cms, from_cms) = (
        tuple(
            tuple(dict.fromkeys(t for item in load_score(name).items for t in tables(item.rule, columns)))
            for tables in (needs_of, drawn_by)
        )
        for name in ("efi", "cms")
    )
    bands = _band_names(EFI_BANDS)
    hospital = ("apc_episode",)
    made = (
        RuleColumn(
            "efi_deficits", "int", "Deficits of the electronic frailty index", "of 36", needs=efi, also_from=from_efi
        ),
        RuleColumn("efi", "float", "Electronic frailty index", needs=efi, also_from=from_efi),
        RuleColumn("efi_category", "text", "Frailty by eFI, 65 and over", words=bands, needs=efi, also_from=from_efi),
        RuleColumn("hfrs", "float", "Hospital Frailty Risk Score", needs=hospital),
        RuleColumn("hfrs_category", "text", "HFRS band, 65 and over", words=_band_names(HFRS_BANDS), needs=hospital),
        RuleColumn("cms", "float", "Cambridge Multimorbidity Score", needs=cms, also_from=from_cms),
        RuleColumn("charlson", "int", "Charlson score, UK SHMI weights", needs=hospital),
    )  # fmt: skip
    return {c.name: c for c in made}


def _band_names(bands: tuple[tuple[str, float | None], ...]) -> tuple[str, ...]:
    return tuple(name for name, _ in bands)


def person_columns(known: tuple[Concept, ...] | None = None) -> dict[str, RuleColumn]:
    """Every column of `person` besides person_id, by name, in the table's order.

    known: the concepts; those of parameters/concepts.csv by default.

    >>> person_columns()["hfrs"].title
    'Hospital Frailty Risk Score'
    """
    return dict(_columns_of_files(stamp_of(COLUMN_FILES))) if known is None else _columns_of(known)


def tables_behind(column: str, known: tuple[Concept, ...] | None = None) -> tuple[str, ...]:
    """Every table, of the extract and of references, whose content can change a column of `person` or a fact.

    A list of people may rest on a column only where all of these may be told to whoever receives it.
    known: the concepts; those of parameters/concepts.csv by default.
    Raises InputError where there is no such column.

    >>> tables_behind("housebound"), tables_behind("asthma_first")
    (('gp_registration', 'gp_event'), ('gp_registration', 'gp_event'))
    >>> tables_behind("flag_food")
    ('gp_registration', 'partner_list', 'death', 'practice')
    """
    found = person_columns(known).get(column) or fact_columns(known or concepts()).get(column)
    if found is None:
        raise InputError(f"`{column}` is neither a column of `person` nor a fact. `phm columns` lists them.")
    return found.draws_on


@lru_cache(maxsize=4)
def _columns_of_files(stamp: tuple[Any, ...]) -> dict[str, RuleColumn]:
    """The columns of the files with a stamp: every step of a run asks for them."""
    return _columns_of(concepts())


def _columns_of(known: tuple[Concept, ...]) -> dict[str, RuleColumn]:
    parts = (base_columns(known), register_columns(known), score_columns(known))
    return by_name(column for part in parts for column in part.values())


def columns_missing(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Columns of `person` that are null throughout this run, by the table that they need.

    >>> con = duckdb.connect()
    >>> _ = con.execute("CREATE TABLE person_left_out AS SELECT 'core20' AS column_name, 'area' AS table_name")
    >>> columns_missing(con)
    {'core20': 'area'}
    """
    return dict(con.execute("SELECT column_name, table_name FROM person_left_out WHERE column_name <> ''").fetchall())
