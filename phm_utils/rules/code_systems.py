"""Code systems: the form of a code of each, and the likely cause where a code has another form.

Whether a code exists is not asked: that needs the terminologies, which are
not ours to carry. SNOMED CT and dm+d ids carry a check digit, so a slip of a
digit is seen; the others are judged by pattern, and ICD-10 and OPCS-4, or
Read v2 and CTV3, cannot always be distinguished.

Sources: SNOMED CT Release File Specifications (SCTID: 6-18 digits, partition,
Verhoeff check digit; a namespace where the partition begins with 1); NHS Data
Dictionary, ICD-10 and OPCS-4; NHSBSA, structure of BNF codes; NHS England,
Read codes (5 bytes, and 2 for the term in version 2).
"""

import re

from phm_utils.rules.check_digits import CONCEPT_PARTITIONS, SPREADSHEET_DIGITS, is_nhs_number, verhoeff_ok

TITLES = {
    "snomed": "SNOMED CT",
    "dmd": "dm+d",
    "icd10": "ICD-10",
    "opcs4": "OPCS-4",
    "bnf": "BNF",
    "readv2": "Read v2",
    "ctv3": "CTV3",
}
SYSTEMS = tuple(TITLES)
SNOMED_SYSTEMS = ("snomed", "dmd")  # dm+d products are SNOMED CT concepts
PREFIX_SYSTEMS = ("icd10", "opcs4", "bnf")  # a code of a list covers every longer code that begins with it
LONGEST_SHOWN = 20  # characters: anything longer is not a code, and is not quoted
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"

_SCTID = re.compile(r"[1-9][0-9]{5,17}")
_NAMESPACE = re.compile(r"10[0-9]{5}")
# BNF chapters 01-19 and 20-23, then section, paragraph, sub-paragraph, substance, product, form, equivalent.
_BNF = re.compile(
    r"(0[1-9]|1[0-9]|2[0-3])"
    r"((?<=2[0-9])[0-9]{2}|(?<=[01][0-9])([01][0-9]|20))?"
    r"((?<=[0-9]{4})[0-9]{2}([0-9]([0-9A-Z]{2}([0-9A-Z]{2}([0-9A-Z]{2}([0-9A-Z]{2})?)?)?)?)?)?"
)
_PATTERNS = {
    "icd10": re.compile(r"[A-Z](\d(\d(\d\d?|X\d)?)?)?", re.ASCII),
    "opcs4": re.compile(r"[A-Z](\d\d?)?|[A-Z]\d\d\.?\d", re.ASCII),
    "readv2": re.compile(r"(?=[0-9A-Za-z.]{5}([0-9A-Za-z]{2})?$)[0-9A-WZa-z][0-9A-Za-z]{0,4}\.{0,4}[0-9A-Za-z]{0,2}"),
    "ctv3": re.compile(r"(?=.{5}$)[0-9A-Za-z]{1,5}\.{0,4}"),
}
_NAMES = {
    **{re.sub(r"\W", "", title.casefold()): system for system, title in TITLES.items()},
    **{system: system for system in SYSTEMS},
    **dict.fromkeys(("snomed", "snomedct", "snomedctuk", "sct", "snomedctconceptid"), "snomed"),
    **dict.fromkeys(("dmd", "dmdsnomed"), "dmd"),
    **dict.fromkeys(("icd", "icd10", "icd10uk"), "icd10"),
    **dict.fromkeys(("opcs", "opcs4"), "opcs4"),
    **dict.fromkeys(("read", "read2", "readv2", "readcode", "readcodes", "cprd"), "readv2"),
    **dict.fromkeys(("ctv3", "readv3", "read3", "readctv3"), "ctv3"),
}


def system_named(text: str) -> str | None:
    """The system that people call `text` (`SNOMED CT`, `Read2`, `dmd_snomed`); None if there is no such system.

    >>> system_named("SNOMED CT"), system_named("Read2")
    ('snomed', 'readv2')
    """
    return _NAMES.get(re.sub(r"[\W_]", "", text.casefold()))


def cleaned(cell: str) -> str:
    """A cell's code: without white space, invisible signs, and what keeps a spreadsheet from reading a number.

    >>> cleaned(' ="I10" '), cleaned("'73211009")
    ('I10', '73211009')
    """
    code = cell.strip(INVISIBLE + " \t\r\n\xa0")
    if wrapped := re.fullmatch(r"=\"(.*)\"", code):
        return wrapped[1].strip()
    return code.removeprefix("'")


def normalised(code: str, system: str) -> str:
    """The form in which codes are compared, and in which extracts hold them.

    ICD-10: no dot, no dagger or asterisk (A or D after the fourth character),
    no filler at the end. Read v2: without the two bytes of the term.

    >>> normalised("E11.9", "icd10"), normalised("C10E.00", "readv2")
    ('E119', 'C10E.')
    """
    if system == "icd10":
        code = re.sub(r"^([A-Z]\d\d)\.", r"\1", code.upper().rstrip("†*+ "))
        code = re.sub(r"^([A-Z]\d\d[\dX-][\d-]?)[AD]$", r"\1", code).rstrip("-")
        return code[:3] if len(code) == 4 and code.endswith("X") else code
    if system == "opcs4":
        return code.upper().replace(".", "")
    if system == "bnf":
        return code.upper()
    return code[:5] if system == "readv2" else code


def is_code(code: str, system: str) -> bool:
    """Could `code` be one of `system`, or, for icd10, opcs4 and bnf, the beginning of one?

    >>> is_code("E119", "icd10"), is_code("E119", "bnf")
    (True, False)
    """
    if system in SNOMED_SYSTEMS:
        return snomed_fault(code) is None
    if system == "bnf":
        return bool(_BNF.fullmatch(code.upper()))
    if system == "opcs4":
        return bool(_PATTERNS["opcs4"].fullmatch(code.upper()))
    return bool(_PATTERNS[system].fullmatch(normalised(code, system) if system == "icd10" else code))


def looks_like(code: str) -> str | None:
    """The system that a whole code is most likely of; OPCS-4 is never guessed, ICD-10 looks the same.

    >>> looks_like("73211009"), looks_like("E119"), looks_like("asthma")
    ('snomed', 'icd10', None)
    """
    if _SCTID.fullmatch(code) and verhoeff_ok(code) and code[-3:-1] in CONCEPT_PARTITIONS:
        return "snomed"
    if len(normalised(code, "icd10")) >= 3 and is_code(code, "icd10"):
        return "icd10"
    if is_code(code, "readv2") and not code.isdigit():
        return "readv2"
    if is_code(code, "ctv3") and not code.isdigit():
        return "ctv3"
    return "bnf" if len(code) >= 4 and is_code(code, "bnf") else None


def code_fault(code: str, system: str) -> str | None:
    """Why `code` is not a code of `system`, with the likely cause; None where it may be one.

    >>> code_fault("E119", "icd10"), code_fault("73211009", "icd10")
    (None, 'looks like SNOMED CT: this list takes ICD-10')
    """
    if system in SNOMED_SYSTEMS:
        return snomed_fault(code, TITLES[system])
    if is_code(code, system):
        return None
    if cause := _damage(code):
        return cause
    if (other := looks_like(code)) and other != system:
        return f"looks like {TITLES[other]}: this list takes {TITLES[system]}"
    return _wrong_form(code, system)


def snomed_fault(code: str, title: str = TITLES["snomed"]) -> str | None:
    """Why `code` is not a SNOMED CT concept id, with the likely cause; None where it may be one.

    A spreadsheet's zero in the last place of 16 or 17 digits is right once in ten: a single id cannot show it.

    >>> snomed_fault("73211009"), snomed_fault("73211008")
    (None, 'fails its check digit: mistyped')
    """
    takes = f"this list takes {title} {'concept' if title == TITLES['snomed'] else 'product'} ids"
    if not _SCTID.fullmatch(code):
        if cause := _damage(code):
            return cause
        if (other := looks_like(code)) in ("icd10", "readv2", "ctv3"):
            return f"looks like {TITLES[other]}: {takes}"
        return f"is not a {title} id of 6 to 18 digits: another code system, or a stray character"
    rounded = set(code[SPREADSHEET_DIGITS:]) == {"0"}
    if not verhoeff_ok(code):
        if rounded:
            return "was rounded by a spreadsheet to 15 digits: take the list from its source again, as text"
        return "fails its check digit: mistyped" + (" or rounded" if len(code) > SPREADSHEET_DIGITS else "")
    if rounded and code[-3:-1] == "00":  # ids without a namespace have fewer digits
        return "was rounded by a spreadsheet to 15 digits: take the list from its source again, as text"
    if code[-3:-1] not in CONCEPT_PARTITIONS:
        return "is a description or relationship id, not a concept id"
    if code[-3] == "1" and not _NAMESPACE.fullmatch(code[-10:-3]):
        return "names no issuer of SNOMED CT ids (its namespace): mistyped, or another system's number"
    return None


def quoted(code: str) -> str:
    """A code as an error may quote it: a possible NHS number, or text that is not a code, is described instead.

    >>> quoted("E119"), quoted("9434765919")
    ('`E119`', 'a number that passes as an NHS number')
    """
    if is_nhs_number(code) and not verhoeff_ok(code):
        return "a number that passes as an NHS number"
    if len(code) > LONGEST_SHOWN or not code.isprintable():
        return f"a cell of {len(code):,} characters"
    return f"`{code}`"


def _damage(code: str) -> str | None:
    """Damage by spreadsheets and copying, whatever the system; None where there is none."""
    if not code:
        return "is empty"
    if re.fullmatch(r"\d(\.\d+)?[eE][+-]?\d+|\d+\.0", code):
        return "was turned into a number by a spreadsheet: export the list again with codes as text"
    if re.fullmatch(r"\d{1,4}[-/]\d\d?[-/]\d{1,4}|\d\d?-[A-Z][a-z]{2}(-\d+)?|[A-Z][a-z]{2}-\d\d", code):
        return "is a date: a spreadsheet made it of a code, or the columns are mixed up"
    if not code.isascii() and any(sign.isdigit() and not sign.isascii() for sign in code):
        return "is written in other digits than 0 to 9"
    parts = [part for part in re.split(r"[\s,;|/]+", code) if part]
    if len(parts) > 1 and all(looks_like(part) for part in parts):
        return f"holds {len(parts)} codes: write each in its own row"
    if re.fullmatch(r"[A-Z]\d\d(\.?\d)?\s*(-|–|to)\s*[A-Z]\d\d(\.?\d)?", code):
        return "is a range of codes: write each in its own row"
    return None


def _wrong_form(code: str, system: str) -> str:
    """Why a code that fits no system is not a code of `system`."""
    kind = f"is not {'an' if system in ('icd10', 'opcs4') else 'a'} {TITLES[system]} code"
    if system == "bnf" and is_code(f"0{code}", "bnf"):
        return "lost its leading zero: a spreadsheet took it for a number"
    if system in ("readv2", "ctv3") and re.fullmatch(r"[0-9A-Za-z]{1,4}\.{0,3}", code):
        cause = "took it for a number" if code.isdigit() else "or a database trimmed it"
        return f"lost its full stops, {TITLES[system]} codes have 5 characters: a spreadsheet {cause}"
    if system == "icd10" and re.fullmatch(r"[A-Z]\d[\dA-Z]\.?[\dA-Z]{3,4}", code):
        return f"{kind} of 3 to 5 characters: the American ICD-10-CM has longer ones"
    if system in ("icd10", "opcs4") and is_code(code[:1] + code[1:].upper().replace("O", "0"), system):
        return f"{kind}: it has the letter O for a zero"
    return f"{kind}: another code system, or a stray character"
