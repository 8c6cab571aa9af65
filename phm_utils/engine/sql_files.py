"""The SQL files of every package, with their named values filled in."""

import re
from datetime import date
from importlib.resources import files

from phm_utils.engine import quote


class _Raw(str):
    """Marks SQL text among the values of a file."""


def raw(text: str) -> "_Raw":
    """SQL text to fill in unchanged; never a value from data."""
    return _Raw(text)


def sql_file(package: str, name: str, **values: object) -> str:
    """The text of `phm_utils/<package>/sql/<name>.sql` with its named values, `$index_date` and the like, filled in.

    Raises KeyError for a name in the file that `values` lacks.
    """
    text = files("phm_utils").joinpath(package, "sql", f"{name}.sql").read_text(encoding="utf-8")
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
