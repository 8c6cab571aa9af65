"""Two birth dates: of one person, as typed by two hands, or plainly of two people.

They may be one person's where two of day, month and year are equal and, if the year is the third, it has one
digit wrong, two neighbouring digits changed round, or is one year off; or where day and month are changed round.
All else is plainly different: the year alone, day and month of another year, a father and son of one name.
"""

_PARTS = {"year": (1, 4), "month": (5, 2), "day": (7, 2)}  # of a birth as eight digits: where each starts, how long


def births_apart(one: str, other: str) -> bool:
    """Are two births, as eight digits, plainly different? As `births_apart_sql`.

    >>> births_apart("19800517", "19800305"), births_apart("19800517", "19510517")
    (True, True)
    >>> births_apart("19800503", "19800305"), births_apart("19791231", "19801231"), births_apart("19800517", "19800525")
    (False, False, False)
    """
    (year, month, day), (year_2, month_2, day_2) = ((b[:4], b[4:6], b[6:]) for b in (one, other))
    if year == year_2:
        return not (month == month_2 or day == day_2 or (month == day_2 and day == month_2))
    return not (month == month_2 and day == day_2 and _near(year, year_2))


def _near(year: str, other: str) -> bool:
    """One year off, one digit wrong, or two neighbouring digits changed round."""
    unlike = [place for place in range(4) if year[place] != other[place]]
    turned = (
        len(unlike) == 2
        and unlike[1] == unlike[0] + 1
        and year[unlike[0]] == other[unlike[1]]
        and year[unlike[1]] == other[unlike[0]]
    )
    return len(unlike) < 2 or turned or abs(int(year) - int(other)) == 1


def births_apart_sql(left: str, right: str) -> str:
    """SQL: are two births, text of eight digits, plainly different? False where either is null.

    >>> import duckdb
    >>> pairs = "(VALUES ('19800517', '19800305'), ('19800517', '19870517'), ('19800517', NULL)) t(l, r)"
    >>> [apart for (apart,) in duckdb.sql(f"SELECT {births_apart_sql('l', 'r')} FROM {pairs}").fetchall()]
    [True, False, False]
    """
    sides = [{part: f"substr({side}, {a}, {n})" for part, (a, n) in _PARTS.items()} for side in (left, right)]
    same_year, same_month, same_day = (f"{sides[0][part]} = {sides[1][part]}" for part in _PARTS)
    turned = f"({sides[0]['month']} = {sides[1]['day']} AND {sides[0]['day']} = {sides[1]['month']})"
    years = ", ".join(side["year"] for side in sides)
    one_off = f"abs(CAST({sides[0]['year']} AS INTEGER) - CAST({sides[1]['year']} AS INTEGER)) = 1"
    near = f"(damerau_levenshtein({years}) <= 1 OR {one_off})"
    return (
        f"coalesce(CASE WHEN {same_year} THEN NOT ({same_month} OR {same_day} OR {turned})"
        f" ELSE NOT ({same_month} AND {same_day} AND {near}) END, false)"
    )
