"""What a table of the extract is: the model of a table and its columns, and their types, patterns and codes."""

from dataclasses import dataclass, field
from typing import Literal

Type = Literal["text", "date", "month", "int", "float", "bool"]
Form = Literal["pseudonymised", "identified"]
Sensitivity = Literal["public", "administrative", "pseudonymised", "identifying", "special"]

SQL_TYPE: dict[str, str] = {
    "text": "VARCHAR",
    "date": "DATE",
    "month": "DATE",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
}
DATE_FILLERS = ("1582-10-15", "1600-12-31", "1800-01-01", "1801-01-01", "1900-01-01")  # documented nulls
OPEN_FILLERS = ("9999-12-31", "9999-01-01", "4712-12-31", "2999-12-31")  # an end that has not come
TEXT_FILLERS = ("", "-", "&", "null", "NULL")
# Words that programs write for nothing. Not among names: people are called Null, Na and None.
NOTHING_WORDS = ("Null", "(null)", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "nan", "NaN", "NAN", "NaT", "None", "none")
UNKNOWN_WORDS = ("UNKNOWN", "Unknown", "unknown", "NOT KNOWN", "Not Known", "Not known", "not known")  # of a birth

# Patterns of NHS codes (reference: validity rules of the NHS Data Dictionary and ODS).
PRACTICE = r"[A-HJ-NPVWY][0-9]{5}"
PRACTICE_FILLERS = ("V81999", "V81998", "V81997")  # not registered, not applicable, no practice
LSOA = r"(E01|W01)[0-9]{6}"
LSOA_FILLERS = tuple(f"{country}99999999" for country in "ELMNSWXZ")  # a country, the islands, or no known place
PCN = r"U[0-9]{5}"
PCN_NOT_KNOWN = "PCN_NOT_KNOWN"  # stands for the network of practices that are in none, or on no list
BNF = r"[0-9A-Z]{4,15}"
ICD10 = r"[A-Z][0-9]{2}([0-9X-][0-9A-Z-]?[AD]?)?"
OPCS4 = r"[A-Z][0-9]{2}[0-9]?"
NUMERIC_CODE = r"[0-9]{3}"
POSTCODE = r"([A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|GIR ?0AA)"
TOKEN = r"\S{1,255}"
UPRN = r"[0-9]{1,12}"

SEX = ("1", "2", "9", "X", "0")  # male, female, indeterminate, not known, not known in HES
ETHNICITY = (*"ABCDEFGHJKLMNPRSZ", "99")  # Z not stated, 99 not known: two different answers
ADMIMETH = (
    "11",
    "12",
    "13",
    "21",
    "22",
    "23",
    "24",
    "25",
    "28",
    "2A",
    "2B",
    "2C",
    "2D",
    "31",
    "32",
    "81",
    "82",
    "83",
    "84",
    "89",
    "98",
    "99",
)
EMERGENCY_ADMIMETH = ("21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D")
ATTENDED = ("0", "2", "3", "4", "5", "6", "7")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    required: a row without it cannot be keyed, dated or read: quarantined.
        Any other fault nulls the field, flags it and keeps the row.
    pattern: whole-value regular expression. codes: the values allowed.
    low, high: inclusive range of a number.
    check: `nhs_number` (modulo 11), `snomed` (Verhoeff and partition).
    fillers: documented nulls besides the usual: null without a flag.
    not_before: a column of the same row that this date may not precede.
    typical: between which its median must lie, in its unit.
    fail_closed: a flag that is true unless it can be read as false.
    open_ended: an end: null while it has not come, and it may lie after the extract. A faulty one has come on an
        unknown day.
    optional: an extract may lack the whole column.
    withholds_row: a legally restricted code in it withholds the whole row; elsewhere it nulls the field.
    printed: readers see the text as it is: characters that cannot be shown are taken out (`printable`).
    """

    name: str
    type: Type
    description: str
    required: bool = False
    unit: str | None = None
    sensitivity: Sensitivity = "pseudonymised"
    pattern: str | None = None
    codes: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None
    check: Literal["nhs_number", "snomed"] | None = None
    fillers: tuple[str, ...] = ()
    not_before: str | None = None
    open_ended: bool = False
    fail_closed: bool = False
    typical: tuple[float, float] | None = None
    optional: bool = True
    forms: tuple[Form, ...] = ("pseudonymised", "identified")
    withholds_row: bool = False
    printed: bool = False

    @property
    def code_system(self) -> Literal["snomed", "icd10", "opcs4"] | None:
        """The clinical code system of its values, for those that may hold legally restricted codes."""
        if self.check == "snomed":
            return "snomed"
        return "icd10" if self.pattern == ICD10 else "opcs4" if self.pattern == OPCS4 else None


@dataclass(frozen=True)
class Table:
    """One table of the extract.

    row: one row per what. key: columns that identify a row.
    date: the column that dates a row, or None for a list or a reference.
    source: the entry of governance.yml that permits its use.
    made_by_link: an aggregate of `phm link`, not of a supplier: an extract need not have it.
    """

    name: str
    title: str
    row: str
    standard: str
    source: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)
    date: str | None = None
    made_by_link: bool = False

    def for_form(self, form: Form) -> tuple[Column, ...]:
        """The columns that an extract of this form has."""
        return tuple(c for c in self.columns if form in c.forms)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    def empty_sql(self, form: Form = "pseudonymised") -> str:
        """A SELECT of no rows with the columns of the checked table, in place of one that is absent."""
        columns = [f"CAST(NULL AS {SQL_TYPE[c.type]}) AS {c.name}" for c in self.for_form(form)]
        return f"SELECT {', '.join(columns)}, CAST(NULL AS VARCHAR) AS nulled_fields WHERE false"
