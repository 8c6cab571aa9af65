"""Titles and lists within a sentence, and what a run lacks in a reader's words."""

from collections.abc import Iterable

from phm_utils.tables import TABLES

# What a run may lack other than a table of the extract.
OTHERS = {
    "unit_costs": "National unit costs",
    "usable_values": "Most values: their unit or size cannot be used",
}


def in_sentence(text: str) -> str:
    """A title within a sentence: its first capital goes, unless it begins a name or an abbreviation.

    >>> in_sentence("Long-term conditions"), in_sentence("COPD register")
    ('long-term conditions', 'COPD register')
    """
    first = text.split(" ", 1)[0]
    if first.startswith(("Parkinson", "Covid")) or not (first[1:].islower() or len(first) == 1):
        return text
    return text[0].lower() + text[1:]


def uncapitalised(sentence: str) -> str:
    """A sentence that follows a colon.

    >>> uncapitalised("Of 3 wards compared, none differs.")
    'of 3 wards compared, none differs.'
    """
    return sentence[:1].lower() + sentence[1:]


def joined(words: list[str]) -> str:
    """A list within a sentence: a, b and c.

    >>> joined(["asthma", "COPD", "cancer"])
    'asthma, COPD and cancer'
    >>> joined([])
    ''
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def lacking(name: str) -> str:
    """What a run lacks, for a reader: a table of the extract, or one field of it.

    >>> lacking("apc_episode"), lacking("gp_event.value_num"), lacking("a year of contacts")
    ('Admitted patient care episodes', 'GP coded events (field value_num)', 'a year of contacts')
    """
    table, _, field = name.partition(".")
    if table not in TABLES:
        return OTHERS.get(name, name)
    return TABLES[table].title + (f" (field {field})" if field else "")


def all_lacking(names: Iterable[str]) -> str:
    """Everything that a run lacks, within a sentence. names: each may be several, parted by commas.

    >>> all_lacking(["apc_episode, gp_event", "gp_event"])
    'admitted patient care episodes and GP coded events'
    """
    each = dict.fromkeys(part for name in names for part in name.split(", ") if part)
    return joined([in_sentence(lacking(name)) for name in each])
