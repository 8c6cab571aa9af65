"""The rules of `tables.py` as SQL: what each field becomes, and what was wrong with it.

One query reads a landing file once. Its layers, from the inside out:

    raw      the extract's own value under our name
    tidy     text without spaces around it, recoded as the mapping says
    known    documented nulls made null, and counted
    typed    our type, or a named fault
    related  faults that two fields of a row show only together
    judged   faulty fields null; `nulled_fields` names them; `reason` where the row is quarantined

A fault is the text `column:rule`. Nothing here reads a value into Python.
"""

from dataclasses import dataclass
from datetime import date

from phm_utils.engine import quote
from phm_utils.inputs.codes import is_nhs_number
from phm_utils.inputs.landing import LandingFile
from phm_utils.inputs.mapping import TableMapping
from phm_utils.tables import (
    DATE_FILLERS,
    ICD10,
    LSOA,
    OPCS4,
    PCN,
    POSTCODE,
    PRACTICE,
    SQL_TYPE,
    TEXT_FILLERS,
    TOKEN,
    Column,
    Form,
    Table,
)

SNOMED_TABLE = "snomed_concepts"  # the codes of the table in hand that pass: each is checked once, not per row
WITHHELD_TABLE = "withheld_people"
LONGEST_TEXT = 255  # bytes
EARLIEST, LATEST = date(1850, 1, 1), date(2199, 12, 31)
WHOLE_NUMBERS_EXACT_BELOW = 9_000_000_000_000_000  # 2 ** 53, rounded down
TRUE, FALSE = ("1", "true", "t", "yes", "y"), ("0", "false", "f", "no", "n")
UPPER_CASE = (ICD10, LSOA, OPCS4, PCN, POSTCODE, PRACTICE)
DOTTED = (ICD10, OPCS4)  # I50.0 and I500 are one code
BLANKS = (" ", "\t", "\n", "\r")
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Field:
    """One column of ours as a file presents it.

    kind: the DuckDB type of the file's column; "VARCHAR" for a constant, "NULL" where it is absent.
    """

    column: Column
    mapping: TableMapping
    raw: str
    kind: str

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_date(self) -> bool:
        return self.column.type in ("date", "month")

    @property
    def native(self) -> bool:
        """Does the file hold it in our own type already?"""
        if self.name in self.mapping.values:
            return False
        number = self.kind in (*INTEGERS, "FLOAT", "DOUBLE") or self.kind.startswith("DECIMAL")
        return {
            "date": self.kind == "DATE" or self.kind.startswith("TIMESTAMP"),
            "month": self.kind == "DATE" or self.kind.startswith("TIMESTAMP"),
            "int": number,
            "float": number,
            "bool": self.kind == "BOOLEAN",
            "text": False,
        }[self.column.type]

    def tidy(self) -> str:
        """Text without blanks around it, recoded; or the file's own value in our type."""
        if self.native:
            return f"CAST({self.raw} AS DATE)" if self.is_date else self.raw
        text = _trimmed(_as_text(self.raw, self.kind))
        pairs = self.mapping.values.get(self.name, {})
        if not pairs:
            return text
        cases = " ".join(f"WHEN {quote(theirs)} THEN {quote(ours)}" for theirs, ours in sorted(pairs.items()))
        return f"CASE {text} {cases} ELSE {text} END"

    def is_documented_null(self) -> str:
        """SQL over `name`: is this a value that means "nothing was recorded"? Plain emptiness is not counted."""
        if self.native:
            return f"{self.name} IN ({_dates(DATE_FILLERS)})" if self.is_date else "false"
        fillers = [f for f in (*TEXT_FILLERS, *self.column.fillers, *self.mapping.nulls.get(self.name, ())) if f]
        listed = f"{self.name} IN ({', '.join(quote(f) for f in dict.fromkeys(fillers))})"
        if self.is_date:
            listed += f" OR {self._date()} IN ({_dates(DATE_FILLERS)})"
        return listed

    def parsed(self) -> str:
        """SQL over `name`: the value in our type, null where it cannot be read."""
        if self.is_date:
            day = self.name if self.native else self._date()
            return f"date_trunc('month', {day})::DATE" if self.column.type == "month" else day
        if self.column.type in ("int", "float"):
            number = f"CAST({self.name} AS DOUBLE)" if self.native else f"TRY_CAST({self.name} AS DOUBLE)"
            return number if self.column.type == "float" else f"TRY_CAST({number} AS BIGINT)"
        if self.column.type == "bool" and not self.native:
            return (
                f"CASE WHEN lower({self.name}) IN ({_texts(TRUE)}) THEN true "
                f"WHEN lower({self.name}) IN ({_texts(FALSE)}) THEN false END"
            )
        return _spelt(self.name, self.column) if self.column.type == "text" else self.name

    def _date(self) -> str:
        forms = self.mapping.date_forms(self.name)
        if forms:
            tries = [f"TRY_CAST(TRY_STRPTIME({self.name}, {quote(f)}) AS DATE)" for f in forms]
            return f"coalesce({', '.join(tries)})"
        whole = f"TRY_CAST({self.name} AS DATE)"
        return f"coalesce({whole}, TRY_CAST({self.name} || '-01' AS DATE))" if self.column.type == "month" else whole

    def faults(self, value: str) -> list[tuple[str, str]]:
        """Pairs of SQL condition and rule, the first that holds counts.

        value: SQL of the parsed value; `name` itself is the text that was parsed, known not to be null.
        """
        column, text = self.column, self.name
        if self.is_date:
            plausible = f"{value} BETWEEN DATE '{EARLIEST}' AND DATE '{LATEST}'"
            return [(f"{value} IS NULL", "not a date"), (f"NOT ({plausible})", "impossible date")]
        if column.type in ("int", "float"):
            return self._number_faults(value)
        if column.type == "bool":
            return [(f"{value} IS NULL", "not true or false")]
        faults = [(f"strlen({text}) > {LONGEST_TEXT}", "too long")]
        if column.pattern:
            faults.append((f"NOT {_has_form(value, column.pattern)}", "wrong form"))
        if column.codes:
            faults.append((f"{value} NOT IN ({_texts(column.codes)})", "unknown code"))
        if column.check == "snomed":
            faults.append((f"{value} NOT IN (SELECT code FROM {SNOMED_TABLE})", "failed check digit"))
        if column.check == "nhs_number":
            faults.append((f"NOT ({is_nhs_number(value)})", "failed check digit"))
        return faults

    def _number_faults(self, value: str) -> list[tuple[str, str]]:
        number = f"CAST({self.name} AS DOUBLE)" if self.native else f"TRY_CAST({self.name} AS DOUBLE)"
        faults = [(f"{number} IS NULL OR NOT isfinite({number})", "not a number")]
        if self.column.type == "int":
            whole = f"{number} = trunc({number}) AND abs({number}) < {WHOLE_NUMBERS_EXACT_BELOW}"
            faults.append((f"NOT ({whole})", "not a whole number"))
        bounds = [f"{value} < {self.column.low}"] if self.column.low is not None else []
        bounds += [f"{value} > {self.column.high}"] if self.column.high is not None else []
        return faults + ([(" OR ".join(bounds), "out of range")] if bounds else [])


def fields_of(table: Table, file: LandingFile, mapping: TableMapping, form: Form) -> list[Field]:
    """Every column of the table, with the file's column, the mapping's constant or null behind it."""
    fields = []
    for column in table.for_form(form):
        own = file.column(mapping.source_column(column.name))
        if column.name in mapping.constants:
            fields.append(Field(column, mapping, quote(mapping.constants[column.name]), "VARCHAR"))
        elif own is None:
            fields.append(Field(column, mapping, "CAST(NULL AS VARCHAR)", "NULL"))
        else:
            fields.append(Field(column, mapping, '"' + own.replace('"', '""') + '"', file.types[own]))
    return fields


@dataclass(frozen=True)
class JudgeRules:
    """What else than the columns decides about a row.

    extract_date: a row dated later cannot be true.
    withheld: leave out the people of WITHHELD_TABLE.
    original: keep every row's own text, not only that of rows turned away.
    """

    extract_date: date
    withheld: bool
    original: bool = False


def judged_rows(table: Table, fields: list[Field], scan: str, rules: JudgeRules, where: str = "") -> str:
    """The query that reads one file: our columns, `nulled_fields`, `documented`, `reason`, `original`.

    scan: a FROM clause over the file. where: a condition on the extract's own columns.
    original: the row as it came, as text (JSON), where `reason` is given; the key alone
    where the person opted out.
    """
    names = [f.name for f in fields]
    raw = ", ".join(f"{f.raw} AS {f.name}" for f in fields)
    tidy = ", ".join(f"{_renamed(f)} AS {f.name}, {f.name} AS raw_{f.name}" for f in fields)
    known = ", ".join(
        f"CASE WHEN {f.is_documented_null()}{_or_empty(f)} THEN NULL ELSE {f.name} END AS {f.name}, raw_{f.name}, "
        f"CASE WHEN {f.is_documented_null()} THEN '{f.name}' END AS null_{f.name}"
        for f in fields
    )
    typed = ", ".join(f"{_typed(f)}, raw_{f.name}, null_{f.name}" for f in fields)
    passed = ", ".join(f"raw_{n}, null_{n}" for n in names)
    related = ", ".join(f"{n}, {_related(table, n, fields)} AS fault_{n}" for n in names)
    return (
        f"SELECT {_judged(table, fields, rules)} FROM ("
        f"SELECT {related}, {passed} FROM (SELECT {typed} FROM (SELECT {known} FROM (SELECT {tidy} FROM "
        f"(SELECT {raw} FROM {scan} {where})))))"
    )


def key_text(table: Table, fields: list[Field]) -> list[str]:
    """SQL over the extract's own columns: the key as it will read, for finding repeated ones."""
    by_name = {f.name: f for f in fields}
    return [_spelt(by_name[k].tidy(), by_name[k].column) for k in table.key]


def _renamed(field: Field) -> str:
    """The tidy expression, over the column already under our own name."""
    return Field(field.column, field.mapping, field.name, field.kind).tidy()


def _or_empty(field: Field) -> str:
    return "" if field.native else f" OR {field.name} = ''"


def _typed(field: Field) -> str:
    value = field.parsed()
    cases = " ".join(f"WHEN {condition} THEN '{field.name}:{rule}'" for condition, rule in field.faults(value))
    fault = f"CASE WHEN {field.name} IS NULL THEN NULL {cases} END"
    return f"CAST({value} AS {SQL_TYPE[field.column.type]}) AS {field.name}, {fault} AS fault_{field.name}"


def _related(table: Table, name: str, fields: list[Field]) -> str:
    """A fault seen only beside another field, after the field's own.

    A month of birth later than the row's date is the fault of the month of birth,
    because the row's date is what its activity is counted by. In a registration
    the month of birth stays: without it the person has no age.
    """
    by_name = {f.name: f.column for f in fields}
    earlier = by_name[name].not_before
    born_late = f"birth_month > {table.date}" if table.date and table.name != "gp_registration" else "false"
    if earlier in by_name:
        sound = f"fault_{earlier} IS NULL" + (f" AND NOT ({born_late})" if earlier == "birth_month" else "")
        return (
            f"CASE WHEN fault_{name} IS NOT NULL THEN fault_{name} "
            f"WHEN {sound} AND {name} < {earlier} THEN '{name}:before {earlier}' END"
        )
    if name == "birth_month":
        return f"CASE WHEN {born_late} THEN 'birth_month:after {table.date}' ELSE fault_birth_month END"
    return f"fault_{name}"


def _judged(table: Table, fields: list[Field], rules: JudgeRules) -> str:
    columns = ", ".join(f"CASE WHEN fault_{f.name} IS NULL THEN {f.name} END AS {f.name}" for f in fields)
    soft = [f"fault_{f.name}" for f in fields if not f.column.required]
    reasons = [
        f"WHEN fault_{f.name} IS NOT NULL THEN fault_{f.name} WHEN {f.name} IS NULL THEN '{f.name}:missing'"
        for f in fields
        if f.column.required
    ]
    if table.date:
        reasons.append(f"WHEN {table.date} > DATE '{rules.extract_date}' THEN '{table.date}:after the extract'")
    person = next((f.name for f in fields if f.name in ("token_person_id", "nhs_number")), None)
    opted = f"{person} IN (SELECT person FROM {WITHHELD_TABLE})" if rules.withheld and person else None
    if opted:
        reasons.insert(0, f"WHEN {opted} THEN '{person}:opted out'")
    reason = f"CASE {' '.join(reasons)} END"
    hidden = f"WHEN {opted} THEN {_as_json(list(table.key))} " if opted else ""
    shown = "true" if rules.original else f"{reason} IS NOT NULL"
    return (
        f"{columns}, {_joined(soft)} AS nulled_fields, {_joined([f'null_{f.name}' for f in fields])} AS documented, "
        f"{reason} AS reason, CASE {hidden}WHEN {shown} THEN {_as_json([f.name for f in fields])} END AS original"
    )


def _as_json(names: list[str]) -> str:
    """The fields as they came, as one text."""
    return "CAST(json_object(" + ", ".join(f"'{n}', CAST(raw_{n} AS VARCHAR)" for n in names) + ") AS VARCHAR)"


def _joined(flags: list[str]) -> str:
    if not flags:
        return "CAST(NULL AS VARCHAR)"
    some = " OR ".join(f"{flag} IS NOT NULL" for flag in flags)
    return f"CASE WHEN {some} THEN concat_ws(';', {', '.join(flags)}) END"


def _as_text(raw: str, kind: str) -> str:
    if kind in ("VARCHAR", "NULL"):
        return raw
    if kind in ("FLOAT", "DOUBLE"):  # codes that a spreadsheet or data frame stored as numbers: 300.0 is 300
        return (
            f"CASE WHEN {raw} = trunc({raw}) AND abs({raw}) < {WHOLE_NUMBERS_EXACT_BELOW} "
            f"THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
        )
    return f"CAST({raw} AS VARCHAR)"


def _trimmed(text: str) -> str:
    """Without blanks around it. Looking before trimming costs a fifth of trimming every value."""
    every = " || ".join(_text(b) for b in BLANKS)
    return f"CASE WHEN {text} < '!' OR {text}[-1] < '!' THEN trim({text}, {every}) ELSE {text} END"


def _spelt(text: str, column: Column) -> str:
    if column.check == "nhs_number":
        return f"replace(replace({text}, ' ', ''), '-', '')"
    if column.pattern in UPPER_CASE:
        text = f"upper({text})"
    return f"replace({text}, '.', '')" if column.pattern in DOTTED else text


def _has_form(value: str, pattern: str) -> str:
    if pattern == TOKEN:  # the same as its pattern, at a quarter of the cost: it is tried on every event
        blanks = " OR ".join(f"contains({value}, {_text(b)})" for b in (*BLANKS, "\f"))
        return f"(length({value}) BETWEEN 6 AND 64 AND NOT ({blanks}))"
    return f"regexp_full_match({value}, {quote(pattern)})"


def _text(blank: str) -> str:
    return f"chr({ord(blank)})"


def _texts(values: tuple[str, ...]) -> str:
    return ", ".join(quote(v) for v in values)


def _dates(values: tuple[str, ...]) -> str:
    return ", ".join(f"DATE '{v}'" for v in values)
