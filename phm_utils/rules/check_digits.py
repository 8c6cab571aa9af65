"""Check digits of SNOMED CT identifiers and NHS numbers, in Python and in SQL.

Python's come from python-stdnum; a database has none, so SQL is written here
and compared with it in the tests.

Sources: J. Verhoeff, Error Detecting Decimal Codes (1969); SNOMED CT Release
File Specifications, SCTID; NHS Data Dictionary, NHS NUMBER (modulo 11).
"""

from stdnum import verhoeff
from stdnum.gb import nhs

# Verhoeff's multiplication in the dihedral group of order 10, and his permutation by place, row by row.
_MULTIPLICATION = "0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210"
_PERMUTATION = "01234567891576283094580379614289160435279453126870428657390127938064157046913258"
CONCEPT_PARTITIONS = ("00", "10")  # digits third and second from the right; 01, 11 descriptions; 02, 12 relationships
SPREADSHEET_DIGITS = 15  # a spreadsheet keeps so many digits of a number and writes 0 for the rest
_ONES = 1_111_111_111  # divides every number of one digit ten times


def verhoeff_ok(code: str) -> bool:
    """Does the last digit check the digits before it, by Verhoeff's scheme?

    >>> verhoeff_ok("2363"), verhoeff_ok("2364")
    (True, False)
    """
    return code.isascii() and code.isdigit() and verhoeff.is_valid(code)


def is_nhs_number(code: str) -> bool:
    """Ten digits that pass modulo 11: such a number is never quoted, it may be a person's.

    >>> is_nhs_number("9434765919"), is_nhs_number("943 476 5919")
    (True, False)
    """
    return code.isascii() and code.isdigit() and nhs.is_valid(code)


def snomed_concept_sql(code: str) -> str:
    """SQL: is this text a well-formed SNOMED CT concept identifier?

    6-18 digits without a leading zero, a concept's partition, Verhoeff's
    check digit, and not rounded by a spreadsheet. Whether the concept exists
    is not asked: that needs the terminology, which is not ours to carry.

    >>> import duckdb
    >>> code, mistyped = snomed_concept_sql("'73211009'"), snomed_concept_sql("'73211008'")
    >>> duckdb.connect().execute(f"SELECT {code}, {mistyped}").fetchone()
    (True, False)
    """
    permuted = (
        f"list_transform(string_split(reverse({code}), ''), "
        f"lambda digit, place: substr('{_PERMUTATION}', ((place - 1) % 8) * 10 + digit::INTEGER + 1, 1))"
    )
    check = (
        f"list_reduce(list_prepend('0', {permuted}), "
        f"lambda sum, digit: substr('{_MULTIPLICATION}', sum::INTEGER * 10 + digit::INTEGER + 1, 1))"
    )
    partitions = ", ".join(f"'{p}'" for p in CONCEPT_PARTITIONS)
    return (
        f"CASE WHEN NOT regexp_full_match({code}, '[1-9][0-9]{{5,17}}') THEN false "
        f"WHEN length({code}) > {SPREADSHEET_DIGITS} AND ends_with({code}, '000') THEN false "
        f"WHEN substr({code}, -3, 2) NOT IN ({partitions}) THEN false "
        f"ELSE {check} = '0' END"
    )


def nhs_number_sql(number: str) -> str:
    """SQL: does this text of ten digits pass modulo 11, and is it not one digit ten times? Null of null.

    A repeated digit passes the check: it is what people type where they have no number.

    >>> import duckdb
    >>> number, repeated = nhs_number_sql("'9434765919'"), nhs_number_sql("'1111111111'")
    >>> duckdb.connect().execute(f"SELECT {number}, {repeated}").fetchone()
    (True, False)
    """
    as_number = f"try_cast({number} AS BIGINT)"
    total = " + ".join(f"{as_number} // {10 ** (10 - place)} % 10 * {11 - place}" for place in range(1, 11))
    return (
        f"(length({number}) = 10 AND regexp_full_match({number}, '[0-9]+')"
        f" AND {as_number} % {_ONES} <> 0 AND ({total}) % 11 = 0)"
    )
