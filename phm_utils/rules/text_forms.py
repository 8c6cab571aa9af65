"""Text as it comes in a file: blanks around it, and days and numbers that mean one thing, whatever DuckDB's casts take.

DuckDB reads `epoch` and `infinity` as days and `1_000` as a number; here each must have a form of digits.
A time with a zone is a day in England's time, whatever the machine's: see `engine.session`.
"""

from phm_utils.engine import quote

BLANKS = (" ", "\t", "\n", "\r")
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
SCIENTIFIC = r"[0-9](\.[0-9]+)?[eE]\+[0-9]+"  # what a spreadsheet makes of a long number: its digits are lost
_CLOCK = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def trimmed(text: str) -> str:
    """SQL: text without blanks around it. Looking before trimming costs a fifth of trimming every value.

    >>> import duckdb
    >>> duckdb.sql(f"SELECT {trimmed('v')} FROM (VALUES (chr(9) || 'a b ')) t(v)").fetchall()
    [('a b',)]
    """
    every = " || ".join(blank_sql(b) for b in BLANKS)
    return f"CASE WHEN {text} < '!' OR {text}[-1] < '!' THEN trim({text}, {every}) ELSE {text} END"


def blank_sql(blank: str) -> str:
    """SQL: a blank by its number.

    >>> blank_sql(" ")
    'chr(32)'
    """
    return f"chr({ord(blank)})"


def number_sql(text: str) -> str:
    """A number, null where the text is none.

    >>> import duckdb
    >>> values = "(VALUES ('12.5'), ('1_000'), ('1,000'), ('infinity')) t(v)"
    >>> [n for (n,) in duckdb.sql(f"SELECT {number_sql('v')} FROM {values}").fetchall()]
    [12.5, None, None, None]
    """
    return f"CASE WHEN regexp_full_match({text}, {quote(NUMBER)}) THEN TRY_CAST({text} AS DOUBLE) END"


def is_plain_day(text: str) -> str:
    """Has it the form 2024-07-01? Ten bytes with two dashes in their places are never one of DuckDB's words.

    >>> import duckdb
    >>> duckdb.sql(f"SELECT {is_plain_day('v')} FROM (VALUES ('2024-07-01'), ('01/07/2024')) t(v)").fetchall()
    [(True,), (False,)]
    """
    return f"strlen({text}) = 10 AND {text}[5] = '-' AND {text}[8] = '-'"


def day_sql(text: str, is_month: bool) -> str:
    """A day written year, month, day, with or without a time and a zone; null where the text is none.

    is_month: may the day be left out, as in 2024-07?

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> _ = con.execute("SET TimeZone = 'Europe/London'")
    >>> values = "(VALUES ('2024-07-01'), ('20240701.0'), ('2024-06-30T23:00:00Z'), ('epoch')) t(v)"
    >>> [str(d) for (d,) in con.execute(f"SELECT {day_sql('v', False)} FROM {values}").fetchall()]
    ['2024-07-01', '2024-07-01', '2024-07-01', 'None']
    """
    zoned = rf"{_DAY}{_CLOCK} ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)"
    cases = [
        (is_plain_day(text), f"TRY_CAST({text} AS DATE)"),
        # a decimal is of a number that a spreadsheet made of the day
        (_is(text, r"[0-9]{8}(\.0+)?"), f"TRY_CAST(TRY_STRPTIME(left({text}, 8), '%Y%m%d') AS DATE)"),
        (_is(text, "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"), f"TRY_CAST(replace({text}, '/', '-') AS DATE)"),
        (_is(text, _DAY + _CLOCK), f"CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)"),
        (_is(text, zoned), f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS DATE)"),
    ]
    if is_month:
        cases.append((_is(text, "[0-9]{4}-[0-9]{2}"), f"TRY_CAST({text} || '-01' AS DATE)"))
    return f"CASE {' '.join(f'WHEN {condition} THEN {day}' for condition, day in cases)} END"


def formed_day_sql(text: str, forms: tuple[str, ...]) -> str:
    """A day written in one of some strptime forms; null where the text is none.

    >>> import duckdb
    >>> day = formed_day_sql("v", ("%d/%m/%Y", "%d %b %Y"))
    >>> [str(d) for (d,) in duckdb.sql(f"SELECT {day} FROM (VALUES ('01/07/2024'), ('1 Jul 2024')) t(v)").fetchall()]
    ['2024-07-01', '2024-07-01']
    """
    tries = [f"TRY_CAST(TRY_STRPTIME({text}, {quote(form)}) AS DATE)" for form in forms]
    return f"coalesce({', '.join(tries)})" if tries else "CAST(NULL AS DATE)"


def _is(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {quote(pattern)})"
