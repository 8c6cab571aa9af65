"""How a column is read from a file: cleaning, parsing, and the faults that can occur."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from phm_utils.engine import quote
from phm_utils.inputs.landing import LandingFile
from phm_utils.inputs.mapping import TableMapping
from phm_utils.printable import printable_sql
from phm_utils.rules.check_digits import nhs_number_sql, snomed_concept_sql
from phm_utils.rules.identifiers import fillers_of, identifier_form, none_of
from phm_utils.rules.restricted_codes import RESTRICTED
from phm_utils.rules.text_forms import (
    BLANKS,
    SCIENTIFIC,
    blank_sql,
    day_sql,
    formed_day_sql,
    is_plain_day,
    number_sql,
    trimmed,
)
from phm_utils.schema import (
    DATE_FILLERS,
    ICD10,
    LSOA,
    NOTHING_WORDS,
    OPCS4,
    OPEN_FILLERS,
    PCN,
    POSTCODE,
    PRACTICE,
    SQL_TYPE,
    TEXT_FILLERS,
    TOKEN,
    UPRN,
    Column,
    Form,
    Table,
)

LONGEST_TEXT = 255  # bytes
NOTHING = (*TEXT_FILLERS, *NOTHING_WORDS)
EARLIEST, LATEST = date(1850, 1, 1), date(2199, 12, 31)
WHOLE_NUMBERS_EXACT_BELOW = 9_000_000_000_000_000  # 2 ** 53, rounded down
TRUE, FALSE = ("1", "true", "t", "yes", "y"), ("0", "false", "f", "no", "n")
UPPER_CASE = (ICD10, LSOA, OPCS4, PCN, PRACTICE)
MANY_VALUES = (POSTCODE, TOKEN, UPRN)  # forms of text that is different in nearly every row
DOTTED = (ICD10, OPCS4)  # I50.0 and I500 are one code
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Field:
    """One of our columns as found in a file.

    kind: the DuckDB type of the file's column; "VARCHAR" for a constant, "NULL" where it is absent.
    more_forms: strptime forms of days besides year-month-day, found in the files.
    nobody: values that stand for nobody, found in the files: see `nobody`.
    """

    column: Column
    mapping: TableMapping
    raw: str
    kind: str
    more_forms: tuple[str, ...] = ()
    nobody: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_date(self) -> bool:
        return self.column.type in ("date", "month")

    @property
    def native(self) -> bool:
        """Does the file have it in our type already?"""
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

    @property
    def is_number_text(self) -> bool:
        """Is it text made of whole numbers? That has no blanks, and is never empty or too long."""
        return not self.native and self.kind in INTEGERS and self.name not in self.mapping.values

    @property
    def listed(self) -> bool:
        """Is it text with few valid values? Then each distinct value is checked once, not in every row."""
        column = self.column
        few = column.codes or column.check == "snomed" or (column.pattern and column.pattern not in MANY_VALUES)
        return column.type == "text" and bool(few)

    @property
    def value_type(self) -> str:
        """The SQL type of the checked value; for a listed field the ENUM of its valid values, in order of the text."""
        return f"valid_{self.name}" if self.listed else SQL_TYPE[self.column.type]

    @property
    def restricted_type(self) -> str:
        """The ENUM of the texts in a field of clinical codes that hold a legally restricted one."""
        return f"restricted_{self.name}"

    def valid_values_sql(self, found: str) -> str:
        """The query for the valid values of a listed field, one `value` a row, in order.

        found: a query for each distinct `value` of the extract, in its standard form, legally restricted ones left out.
        """
        column = self.column
        if column.codes:
            left = [quote(code) for code in sorted(set(column.codes) - set(self.fillers))]
            return f"SELECT unnest([{', '.join(left)}]) AS value"
        passes = snomed_concept_sql("value") if column.check == "snomed" else _has_form("value", column.pattern or "")
        return (
            f"SELECT value FROM ({found}) WHERE strlen(value) <= {LONGEST_TEXT} AND {passes} "
            f"AND value NOT IN ({_texts(self.fillers)}) ORDER BY value"
        )

    @property
    def fillers(self) -> tuple[str, ...]:
        """Texts that mean "not recorded"."""
        return tuple(dict.fromkeys((*fillers_of(self.column), *self.mapping.nulls.get(self.name, ()))))

    @property
    def day_fillers(self) -> tuple[str, ...]:
        """Days that mean "not recorded", or "not yet"."""
        return (*DATE_FILLERS, *OPEN_FILLERS) if self.column.open_ended else DATE_FILLERS

    def sure(self) -> str | None:
        """SQL over `raw`: the checked value where nothing is to be done to it and no rule is broken, else null.

        None where there is no such short cut. Nearly all values take it, at a third of the cost of all the rules.
        """
        if self.kind == "NULL" or self.name in self.mapping.values:
            return None
        if self.native:
            return self._sure_native()
        text = _as_text(self.raw, self.kind)
        if self.is_date and not self.mapping.date_forms(self.name) and self.kind == "VARCHAR":
            day = f"CASE WHEN {is_plain_day(text)} THEN TRY_CAST({text} AS DATE) END"
            return replace(self, raw=day)._sure_native()
        if self.column.type != "text" or self.column.printed:
            return None
        if self.listed:
            return f"TRY_CAST({text} AS {self.value_type})"
        if self.column.check or self.column.pattern not in (None, TOKEN):
            return None
        conditions = self._no_filler(text)
        if self.column.pattern:
            conditions.append(_has_form(text, TOKEN))
        elif not self.is_number_text:
            conditions.append(f"{text} >= '!' AND {text}[-1] >= '!'")
        if not self.is_number_text:
            conditions.append(f"strlen({text}) <= {LONGEST_TEXT} AND NOT contains({text}, '+')")
        return f"CASE WHEN {' AND '.join(conditions)} THEN {text} END" if conditions else text

    def _no_filler(self, text: str) -> list[str]:
        """SQL conditions: it is none of the fillers. Most are short, and most values are longer than they."""
        nobody = [f"{text} <> {quote(n)}" for n in self.nobody]
        return none_of(text, self._possible_fillers()) + nobody

    def _sure_native(self) -> str | None:
        value, column = self.raw, self.column
        if self.is_date:
            day = f"CAST({value} AS DATE)"
            first = f"date_trunc('month', {day})::DATE" if column.type == "month" else day
            return f"CASE WHEN {day} > DATE '{max(DATE_FILLERS)}' AND {day} <= DATE '{LATEST}' THEN {first} END"
        if column.type == "bool":
            return value
        low = 1 - WHOLE_NUMBERS_EXACT_BELOW if column.low is None else column.low
        high = WHOLE_NUMBERS_EXACT_BELOW - 1 if column.high is None else column.high
        if self.kind in INTEGERS or (self.kind == "DOUBLE" and column.type == "float"):
            return f"CASE WHEN {value} BETWEEN {low} AND {high} THEN CAST({value} AS {self.value_type}) END"
        return None

    def tidy(self) -> str:
        """Text without blanks around it, recoded; or the file's own value in our type."""
        if self.native:
            return f"CAST({self.raw} AS DATE)" if self.is_date else self.raw
        text = _as_text(self.raw, self.kind)
        if not self.is_number_text:
            text = trimmed(printable_sql(text) if self.column.printed else text)
        pairs = self.mapping.values.get(self.name, {})
        if not pairs:
            return text
        cases = " ".join(f"WHEN {quote(theirs)} THEN {quote(ours)}" for theirs, ours in sorted(pairs.items()))
        return f"CASE {text} {cases} ELSE {text} END"

    def is_documented_null(self) -> str:
        """SQL over `name`: is this a value that means "not recorded"? An empty value is not counted."""
        if self.native:
            days = [f"{self.name} = DATE '{day}'" for day in self.day_fillers]
            return f"({' OR '.join(days)})" if self.is_date else "false"
        fillers = self._possible_fillers()
        # Not IN: DuckDB makes a join of it, for every row.
        found = [f"{self.name} = {quote(f)}" for f in fillers]
        if self.is_date:
            found += [f"{self._date()} = DATE '{day}'" for day in self.day_fillers]
        elif (standard := self.standard()) != self.name:
            # No word for nothing is the standard form of an identifier.
            is_identifier = identifier_form(self.name, self.column) != self.name
            found += [f"{standard} = {quote(f)}" for f in fillers if not (is_identifier and f in NOTHING)]
        return f"({' OR '.join(found)})" if found else "false"

    def _possible_fillers(self) -> tuple[str, ...]:
        """Those fillers that the file can hold, the empty text apart."""
        return tuple(f for f in self.fillers if f and (not self.is_number_text or f.removeprefix("-").isdigit()))

    def standard(self) -> str:
        """SQL over `name`: the text in its standard form."""
        is_text = self.column.type == "text" and not self.native
        return standard_form(self.name, self.column) if is_text else self.name

    def parsed(self) -> str:
        """SQL over `name`, in its standard form: the value in our type, null where it cannot be read."""
        if self.is_date:
            day = self.name if self.native else self._date()
            if self.column.type != "month":
                return day
            # No month begins at the ends of the range of DATE: such a day stays, and is a fault by the rules.
            return f"CASE WHEN {_is_plausible(day)} THEN date_trunc('month', {day})::DATE ELSE {day} END"
        if self.column.type in ("int", "float"):
            number = f"CAST({self.name} AS DOUBLE)" if self.native else number_sql(self.name)
            return number if self.column.type == "float" else f"TRY_CAST({number} AS BIGINT)"
        if self.column.type == "bool" and not self.native:
            yes = f"lower({self.name}) IN ({_texts(TRUE)})"
            other = f"WHEN {self.name} IS NOT NULL THEN true " if self.column.fail_closed else ""
            return f"CASE WHEN {yes} THEN true WHEN lower({self.name}) IN ({_texts(FALSE)}) THEN false {other}END"
        return f"TRY_CAST({self.name} AS {self.value_type})" if self.listed else self.name

    def _date(self) -> str:
        if forms := self.mapping.date_forms(self.name):
            return formed_day_sql(self.name, forms)
        day = day_sql(self.name, is_month=self.column.type == "month")
        return f"coalesce({day}, {formed_day_sql(self.name, self.more_forms)})" if self.more_forms else day

    def faults(self, value: str) -> list[tuple[str, str]]:
        """Pairs of SQL condition and rule, the first that holds counts.

        value: SQL of the parsed value; `name` itself is the text that was parsed, known not to be null.
        """
        column, text = self.column, self.name
        if self.is_date:
            return [(f"{value} IS NULL", "not a date"), (f"NOT ({_is_plausible(value)})", "impossible date")]
        if column.type in ("int", "float"):
            return self._number_faults(value)
        if column.type == "bool":
            return [(f"{value} IS NULL", "not true or false")]
        faults = []
        if column.code_system:
            restricted = f"TRY_CAST({standard_form(text, column)} AS {self.restricted_type}) IS NOT NULL"
            faults.append((restricted, RESTRICTED))
        if not self.is_number_text:
            faults.append((f"strlen({text}) > {LONGEST_TEXT}", "too long"))
        is_code = column.pattern or column.required or column.check == "nhs_number" or self.name.endswith("_id")
        if not self.is_number_text and is_code:
            faults.append((f"regexp_full_match({text}, {quote(SCIENTIFIC)})", "digits lost in a spreadsheet"))
        if self.nobody:
            faults.append((f"{value} IN ({_texts(self.nobody)})", "shared by unlike people"))
        if self.listed:
            rule = "unknown code" if column.codes else "wrong form"
            faults.append((f"{value} IS NULL", "failed check digit" if column.check == "snomed" else rule))
        elif column.pattern:
            faults.append((f"NOT {_has_form(value, column.pattern)}", "wrong form"))
        if column.check == "nhs_number":
            faults.append((f"NOT ({nhs_number_sql(value)})", "failed check digit"))
        return faults

    def _number_faults(self, value: str) -> list[tuple[str, str]]:
        number = f"CAST({self.name} AS DOUBLE)" if self.native else number_sql(self.name)
        faults = [(f"{number} IS NULL OR NOT isfinite({number})", "not a number")]
        if self.column.type == "int":
            whole = f"{number} = trunc({number}) AND abs({number}) < {WHOLE_NUMBERS_EXACT_BELOW}"
            faults.append((f"NOT ({whole})", "not a whole number"))
        bounds = [f"{value} < {self.column.low}"] if self.column.low is not None else []
        bounds += [f"{value} > {self.column.high}"] if self.column.high is not None else []
        return faults + ([(" OR ".join(bounds), "out of range")] if bounds else [])


def fields_of(
    table: Table,
    file: LandingFile,
    mapping: TableMapping,
    form: Form,
    date_forms: Mapping[str, tuple[str, ...]],
    nobody: Mapping[str, tuple[str, ...]],
) -> list[Field]:
    """Every column of the table, with the file's column, the mapping's constant or null behind it."""
    fields = []
    for column in table.for_form(form):
        own = file.column(mapping.source_column(column.name))
        if column.name in mapping.constants:
            fields.append(Field(column, mapping, quote(mapping.constants[column.name]), "VARCHAR"))
        elif own is None:
            fields.append(Field(column, mapping, "CAST(NULL AS VARCHAR)", "NULL"))
        else:
            raw = '"' + own.replace('"', '""') + '"'
            more, of_nobody = date_forms.get(column.name, ()), nobody.get(column.name, ())
            fields.append(Field(column, mapping, raw, file.types[own], more, of_nobody))
    return fields


def _is_plausible(day: str) -> str:
    return f"{day} BETWEEN DATE '{EARLIEST}' AND DATE '{LATEST}'"


def _as_text(raw: str, kind: str) -> str:
    if kind in ("VARCHAR", "NULL"):
        return raw
    if kind in ("FLOAT", "DOUBLE"):  # codes that a spreadsheet or data frame stored as numbers: 300.0 is 300
        return (
            f"CASE WHEN isnan({raw}) THEN 'nan' WHEN {raw} = trunc({raw}) AND abs({raw}) < {WHOLE_NUMBERS_EXACT_BELOW} "
            f"THEN CAST(TRY_CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
        )
    return f"CAST({raw} AS VARCHAR)"


def standard_form(text: str, column: Column) -> str:
    if column.pattern in UPPER_CASE:
        text = f"upper({text})"
    return f"replace({text}, '.', '')" if column.pattern in DOTTED else identifier_form(text, column)


def _has_form(value: str, pattern: str) -> str:
    if pattern == TOKEN:  # the same as its pattern, at a quarter of the cost: it is tried on every event
        blanks = " OR ".join(f"contains({value}, {blank_sql(b)})" for b in (*BLANKS, "\f"))
        return f"(length({value}) BETWEEN 1 AND 255 AND NOT ({blanks}))"
    return f"regexp_full_match({value}, {quote(pattern)})"


def _texts(values: tuple[str, ...]) -> str:
    return ", ".join(quote(v) for v in values)
