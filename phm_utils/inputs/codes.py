"""Check digits in SQL: SNOMED CT identifiers (Verhoeff) and NHS numbers (modulo 11).

Sources: SNOMED CT Release File Specifications, identifier check digit and
partition; NHS Data Dictionary, NHS NUMBER.
"""

# Verhoeff: multiplication in the dihedral group of order 10, and the permutation by position.
_TIMES = "0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210"
_TURN = "01234567891576283094580379614289160435279453126870428657390127938064157046913258"
# Digits third and second from the right: 00 and 10 are concepts; 01, 11 descriptions; 02, 12 relationships.
CONCEPT_PARTITIONS = ("00", "10")
EXCEL_DIGITS = 15  # a spreadsheet keeps so many digits and writes 0 for the rest


def is_snomed_concept(code: str) -> str:
    """SQL: is this text a well-formed SNOMED CT concept identifier?

    6-18 digits without a leading zero, a concept's partition, Verhoeff's
    check digit, and not rounded by a spreadsheet. Whether the concept exists
    is not asked: that needs the terminology, which is not ours to carry.
    """
    turned = (
        f"list_transform(string_split(reverse({code}), ''), "
        f"lambda digit, place: substr('{_TURN}', ((place - 1) % 8) * 10 + digit::INTEGER + 1, 1))"
    )
    check = (
        f"list_reduce(list_prepend('0', {turned}), "
        f"lambda sum, digit: substr('{_TIMES}', sum::INTEGER * 10 + digit::INTEGER + 1, 1))"
    )
    partitions = ", ".join(f"'{p}'" for p in CONCEPT_PARTITIONS)
    return (
        f"CASE WHEN NOT regexp_full_match({code}, '[1-9][0-9]{{5,17}}') THEN false "
        f"WHEN length({code}) > {EXCEL_DIGITS} AND ends_with({code}, '000') THEN false "
        f"WHEN substr({code}, -3, 2) NOT IN ({partitions}) THEN false "
        f"ELSE {check} = '0' END"
    )


def is_nhs_number(number: str) -> str:
    """SQL: does this text of ten digits pass modulo 11, and is it not one digit ten times?

    `0000000000`, `1111111111` and `9999999999` pass the check digit; nobody has them.
    """
    total = " + ".join(f"{11 - place} * substr({number}, {place}, 1)::INTEGER" for place in range(1, 10))
    return (
        f"CASE WHEN NOT regexp_full_match({number}, '[0-9]{{10}}') THEN false "
        f"WHEN {number} = repeat(substr({number}, 1, 1), 10) THEN false "
        f"ELSE (11 - ({total}) % 11) % 11 = substr({number}, 10, 1)::INTEGER END"
    )
