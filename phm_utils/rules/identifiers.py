"""How a person's identifiers are written, and the one standard form of each, for every way into the workbook.

The check of the landing, `phm link` of a parameter file or a folder, and `phm encode` read them by this module. It
decides the form alone: whether a value in its standard form is valid is for the reader of it.
Sources: NHS Data Dictionary, NHS NUMBER, POSTCODE, PERSON STATED GENDER CODE; BS 7666 (UPRN).
"""

from phm_utils.engine import quote
from phm_utils.schema import NOTHING_WORDS, POSTCODE, SEX, TEXT_FILLERS, UPRN, Column

LONGEST_NOTHING = max(len(word) for word in (*TEXT_FILLERS, *NOTHING_WORDS))
NO_FIXED_ABODE = "ZZ99 3VZ"
SEX_WORDS = {"M": "1", "MALE": "1", "F": "2", "FEMALE": "2", "I": "9", "INDETERMINATE": "9"} | dict.fromkeys(
    ("U", "UNKNOWN", "NOT KNOWN"), "X"
)
_SIGNS = r"[^\p{L}\p{N}]"  # blanks of every kind, hyphens, apostrophes
_SIGNS_OF_A_NUMBER = r"[^\p{L}\p{N}.+]"  # a point or plus is of a decimal or a rounded number
_BLANKS = r"[\s\p{Z}\p{Cf}]"
_STANDARD_POSTCODE = POSTCODE.replace(" ?", " ")
_FLOAT = r"^([0-9]+)\.0*$"  # a whole number that a program held as a float


def nhs_number_form(text: str) -> str:
    """SQL: an NHS number without blanks, hyphens or the decimal of a float. A rounded number keeps its letter.

    >>> import duckdb
    >>> values = "(VALUES ('943 476 5919'), ('943-476-5919'), ('9434765919.0'), ('9.43E+09')) t(v)"
    >>> [n for (n,) in duckdb.sql(f"SELECT {nhs_number_form('v')} FROM {values}").fetchall()]
    ['9434765919', '9434765919', '9434765919', '9.43E+09']
    """
    whole = _whole(_without(text, _SIGNS_OF_A_NUMBER))
    return f"CASE WHEN strlen({text}) = 10 AND TRY_CAST({text} AS BIGINT) IS NOT NULL THEN {text} ELSE {whole} END"


def postcode_form(text: str) -> str:
    """SQL: a postcode in capitals with one blank before its last three characters.

    >>> import duckdb
    >>> values = "(VALUES ('sw1a1aa'), ('N1   9GU'), (' B1-1AA ')) t(v)"
    >>> [p for (p,) in duckdb.sql(f"SELECT {postcode_form('v')} FROM {values}").fetchall()]
    ['SW1A 1AA', 'N1 9GU', 'B1 1AA']
    """
    plain = plain_postcode_form(text)
    spaced = f"ltrim(left({plain}, -3) || ' ' || right({plain}, 3))"
    return f"CASE WHEN {_is(text, _STANDARD_POSTCODE)} THEN {text} ELSE {spaced} END"


def plain_postcode_form(text: str) -> str:
    """SQL: a postcode's letters and digits in capitals, as postcodes are compared letter by letter.

    >>> import duckdb
    >>> duckdb.sql(f"SELECT {plain_postcode_form('v')} FROM (VALUES (' b1-1aa')) t(v)").fetchall()
    [('B11AA',)]
    """
    return _without(f"upper({text})", _SIGNS)


def uprn_form(text: str) -> str:
    """SQL: a UPRN without blanks, leading zeros or the decimal of a float; 0 of zeros alone.

    >>> import duckdb
    >>> values = "(VALUES ('100023336956.0'), ('00100023336956'), ('100 023 336 956'), ('1.00023E+11')) t(v)"
    >>> [u for (u,) in duckdb.sql(f"SELECT {uprn_form('v')} FROM {values}").fetchall()]
    ['100023336956', '100023336956', '100023336956', '1.00023E+11']
    """
    shorter = f"regexp_replace({_whole(_without(text, _BLANKS))}, '^0+([0-9])', '\\1')"
    return f"CASE WHEN {_is(text, '[1-9][0-9]{0,11}')} THEN {text} ELSE {shorter} END"


def sex_form(text: str) -> str:
    """SQL: a sex by its code in the NHS Data Dictionary, from that code, a float of it, or a word or letter.

    >>> import duckdb
    >>> values = "(VALUES ('1.0'), ('f'), ('Female'), ('x'), ('?')) t(v)"
    >>> [s for (s,) in duckdb.sql(f"SELECT {sex_form('v')} FROM {values}").fetchall()]
    ['1', '2', '2', 'X', '?']
    """
    bare = f"upper({_whole(f'trim({text})')})"
    words = SEX_WORDS | {code: code for code in SEX}
    cases = " ".join(f"WHEN {quote(word)} THEN {quote(code)}" for word, code in words.items())
    same = " OR ".join(f"{text} = {quote(code)}" for code in SEX)
    return f"CASE WHEN {same} THEN {text} ELSE CASE {bare} {cases} ELSE {text} END END"


def unknown_sex(text: str) -> str:
    """SQL: is this a text, and no code, letter or word for a sex? Null of null.

    >>> import duckdb
    >>> values = "(VALUES ('1.0'), ('female'), ('weiblich'), ('7')) t(v)"
    >>> [unknown for (unknown,) in duckdb.sql(f"SELECT {unknown_sex('v')} FROM {values}").fetchall()]
    [False, False, True, True]
    """
    return f"{sex_form(text)} NOT IN ({', '.join(map(quote, SEX))})"


def identifier_form(text: str, column: Column) -> str:
    """SQL: the standard form of a column that identifies or describes a person; `text` itself of any other column.

    >>> from phm_utils.tables import NHS_NUMBER, TOKEN_COLUMN
    >>> identifier_form("v", NHS_NUMBER) == nhs_number_form("v"), identifier_form("v", TOKEN_COLUMN)
    (True, 'v')
    """
    if column.check == "nhs_number":
        return nhs_number_form(text)
    forms = {POSTCODE: postcode_form, UPRN: uprn_form}
    if column.pattern in forms:
        return forms[column.pattern](text)
    return sex_form(text) if column.codes == SEX else text


def usable_postcode(plain: str) -> str:
    """SQL: is this `plain_postcode_form` an address? One of ZZ99 is a country or no fixed abode.

    >>> import duckdb
    >>> values = "(VALUES ('B11AA'), ('ZZ993VZ'), ('B11A')) t(v)"
    >>> [yes for (yes,) in duckdb.sql(f"SELECT {usable_postcode('v')} FROM {values}").fetchall()]
    [True, False, False]
    """
    return f"({_is(plain, POSTCODE)} AND NOT starts_with({plain}, 'ZZ99'))"


def usable_uprn(standard: str) -> str:
    """SQL: is this `uprn_form` a property?

    >>> import duckdb
    >>> values = "(VALUES ('100023336956'), ('0'), ('1.00023E+11')) t(v)"
    >>> [yes for (yes,) in duckdb.sql(f"SELECT {usable_uprn('v')} FROM {values}").fetchall()]
    [True, False, False]
    """
    return f"({_is(standard, UPRN)} AND {standard} <> '0')"


def fillers_of(column: Column) -> tuple[str, ...]:
    """Texts that mean "not recorded" in every extract. A person may be called Null, Na or None.

    >>> from phm_utils.tables import NAMED, NHS_NUMBER
    >>> "NA" in fillers_of(NHS_NUMBER), "NA" in fillers_of(NAMED[0])
    (True, False)
    """
    is_name = column.sensitivity == "identifying" and column.type == "text" and not (column.pattern or column.check)
    words = TEXT_FILLERS if is_name else (*TEXT_FILLERS, *NOTHING_WORDS)
    return tuple(dict.fromkeys((*words, *column.fillers)))


def none_of(text: str, fillers: tuple[str, ...]) -> list[str]:
    """SQL conditions: the text is none of the fillers. Most are short, and most values are longer than they.

    >>> none_of("v", ("-", "not known"))
    ["(strlen(v) > 6 OR (v <> '-'))", "v <> 'not known'"]
    """
    short = [f for f in fillers if len(f.encode()) <= LONGEST_NOTHING]
    no_short = " AND ".join(f"{text} <> {quote(f)}" for f in short)
    conditions = [f"(strlen({text}) > {LONGEST_NOTHING} OR ({no_short}))"] if short else []
    return conditions + [f"{text} <> {quote(f)}" for f in fillers if f not in short]


def _without(text: str, pattern: str) -> str:
    return f"regexp_replace({text}, {quote(pattern)}, '', 'g')"


def _whole(text: str) -> str:
    return f"regexp_replace({text}, {quote(_FLOAT)}, '\\1')"


def _is(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {quote(pattern)})"
