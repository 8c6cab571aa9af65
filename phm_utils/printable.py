"""Text that a page, a picture and a spreadsheet can show: no control character, and nothing that hides or turns words.

Names come from data and from files that people write. A character that XML 1.0 does not allow breaks a picture; a
mark of direction turns the words after it round; one without a width makes two names look alike. In a definition file
they are refused, as its author can mend it. In data they are taken out or replaced, and the check counts the rows: a
name is still that name without them.
"""

import re

_BREAKS = r"\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029"  # parts of a text are on either side
_HIDDEN = (
    r"\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # widthless; marks of direction
    r"\ufff9-\ufffb\U000e0000-\U000e007f"  # annotations; tags
)
_DAMAGED = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # what no text has
REPLACEMENT = "\ufffd"

BREAK = re.compile(f"[{_BREAKS}]+")
HIDDEN = re.compile(f"[{_HIDDEN}]")
DAMAGED = re.compile(f"[{_DAMAGED}]")
NOT_PRINTABLE = re.compile(f"[{_BREAKS}{_HIDDEN}{_DAMAGED}]")
NOT_WRITTEN = re.compile(f"[{_HIDDEN}{_DAMAGED}\x0b\x0c\x1c-\x1f\x85]")  # in a file whose texts may have several lines


def printable(text: str) -> str:
    """A text in one line without characters that cannot be shown; an unreadable one becomes �.

    >>> printable("Elm\\tSurgery\\x00"), printable("Elm\\u200b Surgery"), printable("50% & <Sons> $10")
    ('Elm Surgery�', 'Elm Surgery', '50% & <Sons> $10')
    """
    if not NOT_PRINTABLE.search(text):
        return text
    return DAMAGED.sub(REPLACEMENT, HIDDEN.sub("", BREAK.sub(" ", text)))


def printable_lines(text: str) -> str:
    """The same of a text that may have several lines and tabs.

    >>> printable_lines("Elm\\n\\x00Oak")
    'Elm\\n�Oak'
    """
    return NOT_WRITTEN.sub(lambda sign: "" if HIDDEN.match(sign[0]) else REPLACEMENT, text)


def hidden_character(text: str) -> str | None:
    """The first character of a text that a definition file may not have, by its number; None where there is none.

    >>> hidden_character("Elm\\u202eSurgery"), hidden_character("Elm Surgery")
    ('U+202E', None)
    """
    found = NOT_WRITTEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def printable_sql(text: str) -> str:
    """SQL: `printable` of a text of DuckDB, which holds no lone surrogates.

    >>> import duckdb
    >>> name = "(VALUES ('Elm' || chr(9) || 'Oak' || chr(8238))) t (v)"
    >>> duckdb.sql(f"SELECT {printable_sql('v')} FROM {name}").fetchall()
    [('Elm Oak',)]
    """
    found = f"regexp_replace({text}, '{_re2(_BREAKS)}+', ' ', 'g')"
    found = f"regexp_replace({found}, '{_re2(_HIDDEN)}', '', 'g')"
    return f"regexp_replace({found}, '{_re2(_DAMAGED)}', '{REPLACEMENT}', 'g')"


def not_printable_sql(text: str) -> str:
    """SQL: has a text a character that `printable_sql` replaces?

    >>> import duckdb
    >>> duckdb.sql(f"SELECT {not_printable_sql('v')} FROM (VALUES ('Elm'), ('Elm' || chr(0))) t (v)").fetchall()
    [(False,), (True,)]
    """
    return f"regexp_matches({text}, '{_re2(_BREAKS + _HIDDEN + _DAMAGED)}')"


def _re2(signs: str) -> str:
    r"""A class of signs in DuckDB's own form, \x{202e}; without surrogates, which it does not know."""
    signs = signs.replace(r"\ud800-\udfff", "")
    return "[" + re.sub(r"\\[uU]0*([0-9a-f]+)", r"\\x{\1}", signs) + "]"
