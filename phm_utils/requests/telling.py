"""What of a run may be told to one recipient: the words of its cohorts without sources that stay with their owner.

That somebody is on the list of a drug service or an asylum charity is that partner's fact. It is told by no list
whose recipient the partner's agreement does not name, neither as a reason nor by who is on the list: a criterion on
such a source counts as not known, of everybody. Who is a member all the same is on the list for other reasons.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import cast

from phm_utils.inputs.governance import OF_LISTS, Permission, load_governance, may_be_told
from phm_utils.measures.cohort_run import RunWords
from phm_utils.measures.segments import chosen
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import Agreement
from phm_utils.rules.derived import tables_behind
from phm_utils.rules.event_concepts import ADDRESS_LIST, PARTNER_LIST, PROGRAMME
from phm_utils.rules.forms import (
    AtAddress,
    Criterion,
    Has,
    InCohort,
    InProgramme,
    InSegment,
    Leaf,
    OfIds,
    OnList,
    concepts_of,
    list_of,
    windows_of,
)
from phm_utils.rules.tree import criteria
from phm_utils.tables import TABLES

PUBLIC = "reference"  # the source of tables without people
IDENTITY = "gp_registration"  # who somebody is comes from it


@dataclass(frozen=True)
class Recipient:
    """Whom a list is for, and on what day.

    called: how `may_be_told_to` of the governance file names it. sources: the entries of that file.
    """

    called: tuple[str, ...]
    purpose: str
    day: date
    sources: Mapping[str, Permission] = field(repr=False)

    def may_read(self, table: str) -> bool:
        """May a list tell what a table of the extract says of a person?"""
        source = TABLES[table].source
        names = [source]
        if table in OF_LISTS:  # of any list, so of each
            names += [name for name in self.sources if name.startswith(f"{source}/")]
        told = (may_be_told(self.sources, name, self.called, self.purpose, self.day) for name in names)
        return source == PUBLIC or all(told)

    def may_read_list(self, table: str, name: str) -> bool:
        """May a list tell that somebody, or their address, is on a partner's list?

        table: of OF_LISTS, that which holds the list.
        """
        source = f"{TABLES[table].source}/{name}"
        return may_be_told(self.sources, source, self.called, self.purpose, self.day)


def recipient_of(workbook: Workbook, agreement: Agreement, reference: str, purpose: str, day: date) -> Recipient:
    """The recipient of an agreement, with what the governance file lets each source tell."""
    return Recipient((agreement.kind, reference), purpose, day, load_governance(workbook).sources)


@dataclass(frozen=True)
class TellingWords(RunWords):
    """What one recipient may be told of what a run knows.

    segment_tables: those that the run's segmentation draws on.
    """

    recipient: Recipient = field(kw_only=True)
    segment_tables: tuple[str, ...] = field(kw_only=True, default=())

    def told(self, leaf: Leaf) -> Leaf | None:
        """The part of a single criterion that may be told; None for nothing of it.

        Of several concepts or lists of which one is enough, those that may.
        """
        if not self._untold(self._tables_besides(leaf)):
            match leaf:
                case Has(has=names):
                    return cast(Leaf | None, self._part(leaf, "has", tuple(n for n in names if self._may_ask(n))))
                case OnList(list=names):
                    lists = tuple(n for n in names if self.recipient.may_read_list(PARTNER_LIST, n))
                    return cast(Leaf | None, self._part(leaf, "list", lists))
                case AtAddress(address=names):
                    lists = tuple(n for n in names if self._may_ask_address(n))
                    return cast(Leaf | None, self._part(leaf, "address", lists))
                case _ if not self._untold(self._own_tables(leaf)) and not isinstance(leaf, OfIds):
                    return leaf
        return None

    def lacks(self, leaf: Leaf) -> list[str]:
        """What the run lacks for a single criterion, or may not tell of it."""
        if isinstance(leaf, InCohort):
            return super().lacks(leaf)
        part = self.told(leaf)
        if part is None:
            return [f"what may not be told: {', '.join(self._kept_back(leaf))}"]
        return super().lacks(part)

    def _part(
        self, leaf: Has | OnList | AtAddress, name: str, some: tuple[str, ...]
    ) -> Has | OnList | AtAddress | None:
        if not some:
            return None
        # Without its own words, which may name what is left out.
        return leaf if some == getattr(leaf, name) else leaf.model_copy(update={name: some, "says": None})

    def _may_ask(self, concept: str) -> bool:
        return not self._untold(self.words.concepts[concept].draws_on)

    def _may_ask_address(self, name: str) -> bool:
        """A list of addresses says something of a person together with the registrations, which say who lives there."""
        lives_there = self.words.concepts[ADDRESS_LIST].also_from
        return self.recipient.may_read_list(ADDRESS_LIST, list_of(name)) and not self._untold(lives_there)

    def _untold(self, tables: Iterable[str]) -> list[str]:
        return [table for table in dict.fromkeys(tables) if not self.recipient.may_read(table)]

    def _tables_besides(self, leaf: Leaf) -> list[str]:
        """The tables of the events that windows of a criterion are counted from."""
        return [t for w in windows_of(leaf) if w.anchor for t in self.words.concepts[w.anchor].draws_on]

    def _own_tables(self, leaf: Leaf) -> list[str]:
        match leaf:
            case Criterion(column=name):
                return list(tables_behind(name))
            case InSegment():
                return list(self.segment_tables)
            case InProgramme():
                return list(self.words.concepts[PROGRAMME].draws_on)
        return [table for name in concepts_of(leaf) for table in self.words.concepts[name].draws_on]

    def _kept_back(self, leaf: Leaf) -> list[str]:
        """The titles of what a criterion asks for and may not be told."""
        if isinstance(leaf, OfIds):
            return ["a file of people, whose source is not known"]
        if isinstance(leaf, OnList):
            return [f"the list {name}" for name in leaf.list]
        if isinstance(leaf, AtAddress):
            lives_there = self._untold(self.words.concepts[ADDRESS_LIST].also_from)
            return [f"the list of addresses {name}" for name in leaf.address] + [TABLES[t].title for t in lives_there]
        return [TABLES[t].title for t in self._untold([*self._tables_besides(leaf), *self._own_tables(leaf)])]


def telling_words(run: RunWords, workbook: Workbook, recipient: Recipient) -> TellingWords:
    """The words of a run as far as a recipient may be told."""
    given = {f.name: getattr(run, f.name) for f in fields(run)}
    asked = [leaf.column for segment in chosen(workbook).segments for rule in segment.rules for leaf in criteria(rule)]
    tables = tuple(dict.fromkeys(table for name in dict.fromkeys(asked) for table in tables_behind(name)))
    return TellingWords(**given, recipient=recipient, segment_tables=tables)
