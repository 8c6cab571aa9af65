"""The SQL files of every room, with their named values written in."""

import re
from datetime import date
from importlib.resources import files

from phm_utils.engine import quote


class _Raw(str):
    """Marks SQL text among the values of a file."""


def raw(text: str) -> "_Raw":
    """SQL text to be written in as it is; never a value from data."""
    return _Raw(text)


def sql_file(room: str, name: str, **values: object) -> str:
    """The text of `phm_utils/<room>/sql/<name>.sql` with its named values, `$index_date` and the like, written in.

    Raises KeyError for a name in the file that `values` lacks.
    """
    text = files("phm_utils").joinpath(room, "sql", f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"\$([a-z][a-z_0-9]*)", lambda match: literal(values[match[1]]), text)


def literal(value: object) -> str:
    """A value as SQL: a date, a whole number, yes or no, a text, or a list of texts."""
    match value:
        case _Raw():
            return str(value)
        case bool():
            return str(value).lower()
        case date():
            return f"DATE '{value}'"
        case tuple():
            return ", ".join(quote(str(v)) for v in value)
        case str():
            return quote(value)
    return str(value)
