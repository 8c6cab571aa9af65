"""What an entry of the audit log may say: named facts, in short printable text, and never who a patient is."""

import re
from collections.abc import Mapping

from stdnum.gb import nhs

from phm_utils.printable import printable

Fact = str | int | list[str]
Facts = Mapping[str, Fact]

# What whoever uses the log may state.
STATED = frozenset(
    {
        "request", "role", "purpose", "cohort", "version", "title", "reason", "requester", "recipient", "agreement",
        "gateway", "data_to", "practices", "fields", "people", "asked", "granted", "withheld", "made", "expires", "day",
        "index_date", "file", "files", "sha256", "people_sha256", "rows", "accepted", "rejected", "duplicates",
        "months", "source", "run", "key", "question", "again", "households"
    }
)  # fmt: skip
# What the log itself states besides.
OWN = frozenset({"action", "log", "key", "intent", "result", "why", "refused", "bytes", "file", "sha256"})
MOST_SIGNS, MOST_ITEMS, MOST_BYTES = 200, 1_000, 50_000
MOST = 10**9 - 1  # a number of ten digits may be an NHS number
HIDDEN = "(withheld)"

_TEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{3}[^0-9A-Za-z]?[0-9]{3}[^0-9A-Za-z]?[0-9]{4}(?![0-9])")
_TEN_ALONE = re.compile(rf"(?<![A-Za-z]){_TEN_DIGITS.pattern}(?![A-Za-z])")  # not within a digest
_DIGESTS = frozenset({"version", "request", "key", "log"})
_TOKEN = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32,}(?![0-9A-Fa-f])")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_facts(facts: Facts, known: frozenset[str] = STATED) -> None:
    """Raise ValueError where facts are not for the log: a fault of the program, so the value is not quoted.

    Refused: a name that is not in `known`; anything but text, whole numbers of up to nine digits and lists of text;
    text of more than 200 signs, with a line break or a hidden sign; ten digits that pass as an NHS number; 32
    hexadecimal digits or more, as a pseudonym has, other than a SHA-256 under a name that says so.

    >>> check_facts({"cohort": "frail_at_home", "people": 12, "withheld": ["moved: 2", "opted out: 1"]})
    >>> check_facts({"reason": "asked about 943 476 5919"})
    Traceback (most recent call last):
        ...
    ValueError: audit: the fact `reason` may not be recorded: it has what may be an NHS number.
    """
    size = 0
    for name, value in facts.items():
        if name not in known:
            raise ValueError(f"audit: the fact `{name}` is not one that the log takes (privacy/audit_facts.py).")
        if fault := _fault(name, value):
            raise ValueError(f"audit: the fact `{name}` may not be recorded: {fault}.")
        size += len(str(value).encode())
    if size > MOST_BYTES:
        raise ValueError(f"audit: the facts of one entry have {size} bytes; {MOST_BYTES} are the most.")


def _fault(name: str, value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | list):
        return "it is neither text, nor a whole number, nor a list of text"
    if isinstance(value, int):
        return None if 0 <= value <= MOST else "it is below 0 or has ten digits or more"
    if isinstance(value, str):
        return _fault_of_text(name, value)
    if len(value) > MOST_ITEMS or not all(isinstance(item, str) for item in value):
        return f"its list has more than {MOST_ITEMS} items, or items that are not text"
    return next((fault for item in value if (fault := _fault_of_text(name, item))), None)


def _fault_of_text(name: str, text: str) -> str | None:
    if len(text) > MOST_SIGNS:
        return f"it has more than {MOST_SIGNS} signs"
    if printable(text) != text:
        return "it has a line break or a sign that cannot be seen"
    if name.endswith("sha256") and _SHA256.fullmatch(text):
        return None
    if any(_is_number(found) for found in (_TEN_ALONE if name in _DIGESTS else _TEN_DIGITS).findall(text)):
        return "it has what may be an NHS number"
    if _TOKEN.search(text):
        return "it has what may be a pseudonym"
    return None


def safe_words(text: str) -> str:
    """The first line of a message, fit for the log: cut short, and what may be a number or token of a person hidden.

    >>> safe_words("No agreement names 9434765919.\\nAdd one.")
    'No agreement names (withheld).'
    """
    line = _hidden(printable(text.strip().splitlines()[0] if text.strip() else ""))
    return line if len(line) <= MOST_SIGNS else _hidden(f"{line[: MOST_SIGNS - 1]}…")  # cut digits may be a number


def _hidden(text: str) -> str:
    return _TEN_DIGITS.sub(_hidden_number, _TOKEN.sub(HIDDEN, text))


def _is_number(text: str) -> bool:
    return nhs.is_valid(re.sub("[^0-9]", "", text))


def _hidden_number(found: re.Match[str]) -> str:
    return HIDDEN if _is_number(found[0]) else found[0]
