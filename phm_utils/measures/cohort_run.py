"""What one run knows of the words of cohorts: columns, events with their sources, segments, lists and programmes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import duckdb
import pandas as pd

from phm_utils.engine import present_tables, read_sql
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.segments import chosen
from phm_utils.params import Workbook
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import columns_missing, person_columns
from phm_utils.rules.describe import describe
from phm_utils.rules.event_concepts import ADDRESS_LIST, PARTNER_LIST, PROGRAMME, event_concepts
from phm_utils.rules.event_windows import EventSource, days_of
from phm_utils.rules.forms import (
    AtAddress,
    Criterion,
    InCohort,
    InProgramme,
    InSegment,
    Leaf,
    OnList,
    concepts_of,
    list_of,
    windows_of,
)
from phm_utils.rules.tree import All, Rule, any_of, leaves
from phm_utils.rules.vocabulary import Vocabulary
from phm_utils.wording import all_lacking, in_sentence, lacking

SEGMENT = "segment"  # the table


@dataclass(frozen=True)
class RunWords:
    """What a run knows.

    sources: where events of each concept come from. missing: columns of `person` that are null throughout, and
    concepts of which the run has no events, with the table or field that it lacks. all_segments: those of the
    segmentation, also where nobody could be placed.
    """

    words: Vocabulary
    sources: Mapping[str, EventSource]
    missing: Mapping[str, str]
    index_date: date
    all_segments: tuple[str, ...] = ()

    @property
    def static(self) -> Vocabulary:
        """The words that are right in any run: a list or programme that this one lacks is no fault of a file."""
        segments = self.words.segments or self.all_segments
        return replace(self.words, segments=segments, lists=None, addresses=None, programmes=None)

    def told(self, leaf: Leaf) -> Leaf | None:
        """The part of a single criterion that may be asked: all of it, in a run. See `requests.telling`."""
        return leaf

    def lacking(self, rules: Iterable[Rule]) -> list[str]:
        """What the run lacks so that nobody could be said to meet all of some rules.

        Tables, fields, windows that a source does not cover, lists. Of `any` that is none while one of its rules can
        be asked: who meets that one is a member, and of all others it is not known.
        """
        return sorted({lack for rule in rules for lack in self._stopping(rule)})

    def lacks_any(self, rules: Iterable[Rule]) -> set[str]:
        """What the run lacks for any part of some rules."""
        return {lack for rule in rules for leaf in leaves(rule) for lack in self.lacks(leaf)}

    def in_words(self, rule: Rule) -> str:
        """A rule in words, with what this run lacks for a part of it."""
        words = describe(rule, self.words.titles)
        lacks = sorted(self.lacks_any([rule]))
        return f"{words} (asked without {all_lacking(lacks)}: more people may meet it)" if lacks else words

    def _stopping(self, rule: Rule) -> list[str]:
        """What is lacking for a rule where that leaves nobody who is known to meet it."""
        if enough := any_of(rule):
            found = [self._stopping(part) for part in enough]
            return [lack for lacks in found for lack in lacks] if all(found) else []
        match rule:
            case All(all=parts):
                return [lack for part in parts for lack in self._stopping(part)]
            case InCohort(cohort=name):
                return [lack for part in self.words.cohorts[name] for lack in self._stopping(part)]
        return sorted(self.lacks_any([rule]))

    def lacks(self, leaf: Leaf) -> list[str]:
        """What the run lacks for a single criterion."""
        match leaf:
            case Criterion(column=name):
                return [self.missing[name]] if name in self.missing else []
            case InCohort(cohort=name):
                return sorted(self.lacks_any(self.words.cohorts[name]))
            case InSegment():
                return [] if self.words.segments else ["the segmentation"]
        anchors = [lack for w in windows_of(leaf) if w.anchor for lack in self._without(w.anchor)]
        match leaf:
            case OnList(list=names):
                unnamed = self._unnamed("the list", names, self.words.lists)
                return anchors or self._without(PARTNER_LIST) or unnamed
            case AtAddress(address=names):
                unnamed = self._unnamed("the list of addresses", names, self.words.addresses)
                return anchors or self._without(ADDRESS_LIST) or unnamed
            case InProgramme(programme=names):
                unnamed = self._unnamed("the programme", names, self.words.programmes)
                return anchors or self._without(PROGRAMME) or unnamed
        return anchors or [lack for name in concepts_of(leaf) for lack in self._without(name)] or self._too_short(leaf)

    def _without(self, concept: str) -> list[str]:
        lacks = self.missing.get(f"events of {concept}")
        return [lacks] if lacks else []

    def _unnamed(self, what: str, names: tuple[str, ...], known: tuple[str, ...] | None) -> list[str]:
        return [f"{what} {name}" for name in names if name not in (known or ())]

    def _too_short(self, leaf: Leaf) -> list[str]:
        """The sources that begin after a window does, or end before it: a count over it would be too low."""
        found = []
        for source in (self.sources[name] for name in concepts_of(leaf)):
            short = [days for w in windows_of(leaf) if not (days := days_of(w, source, self.index_date)).covered]
            for days in short:
                late = days.first is not None and days.first > days.last
                ends = f"after {source.to_date}" if late else f"before {source.first_date}"
                found.append(f"{in_sentence(lacking(source.table))} {ends}")
        return found


def run_words(con: duckdb.DuckDBPyConnection, workbook: Workbook, cohorts: Mapping[str, Cohort]) -> RunWords:
    """What the run knows whose tables `con` can read: `person_left_out`, `event_concept`, `person_event`, `segment`.

    cohorts: those that rules may refer to.
    """
    known = concepts()
    table = read_sql(con, "SELECT * FROM event_concept ORDER BY concept_no")
    missing = columns_missing(con) | {f"events of {row.concept}": row.lacks for row in table.itertuples() if row.lacks}
    segments = tuple(chosen(workbook).names)
    words = Vocabulary(
        person_columns(known),
        event_concepts(known),
        segments if SEGMENT in present_tables(con) else (),
        {name: cohort.criteria for name, cohort in cohorts.items()},
        _codes(con, PARTNER_LIST),
        _address_lists(con),
        _codes(con, PROGRAMME),
        workbook.index_date,
    )
    sources = {row.concept: _source(row) for row in table.itertuples()}
    return RunWords(words, sources, missing, workbook.index_date, segments)


def _codes(con: duckdb.DuckDBPyConnection, concept: str) -> tuple[str, ...]:
    """The names of the lists, or programmes, of this run."""
    sql = "SELECT DISTINCT code FROM person_event WHERE concept = $concept AND code IS NOT NULL ORDER BY code"
    return tuple(name for (name,) in con.execute(sql, {"concept": concept}).fetchall())


def _address_lists(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The lists of addresses of this run, and each of their values as `list/value`."""
    return tuple(sorted({name for code in _codes(con, ADDRESS_LIST) for name in (list_of(code), code)}))


def _source(row) -> EventSource:
    first = None if pd.isna(row.first_date) else row.first_date.date()
    silent = tuple(date.fromisoformat(day) for day in row.silent.split())
    return EventSource(row.source, first, row.to_date.date(), silent)


def static_words(workbook: Workbook | None, cohorts: Mapping[str, Cohort]) -> Vocabulary:
    """What may be asked of any run: lists and programmes are not known, and every name of them is taken."""
    known = concepts()
    segments = tuple(chosen(workbook).names) if workbook else ()
    rules = {name: cohort.criteria for name, cohort in cohorts.items()}
    index_date = workbook.index_date if workbook else None
    return Vocabulary(person_columns(known), event_concepts(known), segments, rules, index_date=index_date)
