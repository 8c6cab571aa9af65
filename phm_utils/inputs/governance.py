"""Permissions: the purposes and expiry date of each source's agreement, and how opt-outs were applied.

A run states one purpose. An extract whose source is not declared, has expired
or is not permitted for that purpose stops the run.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.inputs.landing_files import present_tables
from phm_utils.inputs.mapping import load_mapping
from phm_utils.params import PURPOSES, Frozen, Workbook, load_yaml, validated
from phm_utils.privacy.never_read import NEVER_READ
from phm_utils.runs import resolve
from phm_utils.tables import TABLES

OF_LISTS = ("partner_list", "address_list")  # tables of lists, each of which may have an agreement of its own
SOURCES = tuple(sorted({t.source for t in TABLES.values()}))
Words = Annotated[str, Field(min_length=2)]
Purpose = Literal[PURPOSES]  # type: ignore[valid-type]  # mypy reads no Literal from a tuple
APPLIED = {"supplier": "applied by the supplier", "here": "applied here", "not_applicable": "does not apply"}


class OptOut(Frozen):
    """How and when one kind of opt-out was applied to a source."""

    applied: Literal["supplier", "here", "not_applicable"] = Field(
        description="supplier: rows were left out before arrival; here: `phm check` withholds them; not_applicable: why"
    )
    how: Words = Field(description="how, and when or how often; where it does not apply, why")

    def __str__(self) -> str:
        return f"{APPLIED[self.applied]}: {self.how}"


class Permission(Frozen):
    """The entry of one source in governance.yml."""

    controller: Words = Field(description="who decides about the data")
    processor: Words = Field(description="who handles them for the controller")
    legal_basis: Words = Field(description="articles of the UK GDPR, and of the duty of confidence")
    purposes: tuple[Purpose, ...] = Field(min_length=1, description="what the data may be used for")
    agreement: Words = Field(description="reference of the data sharing agreement")
    expires: date = Field(description="last day of the agreement")
    may_be_told_to: tuple[Words, ...] = Field(
        (),
        description="who may read on a list what this source says of a person: practice, team, or the reference of an "
        "agreement; without it nobody",
    )
    type_1_opt_out: OptOut
    national_data_opt_out: OptOut


class PurposePolicy(Frozen):
    """Which opt-outs apply to one purpose, and where that is laid down."""

    apply: tuple[Literal["type_1_opt_out", "national_data_opt_out"], ...] = Field(description="those that apply")
    reference: Words = Field(description="the law, direction or policy that says so, with its section")


class HouseholdFacts(Frozen):
    """For which purposes a list may rest on what is known of others in the household, and where that is laid down."""

    purposes: tuple[Purpose, ...] = Field(min_length=1)
    reference: Words = Field(description="the agreement or policy that says so, with its section")


class Governance(Frozen):
    """governance.yml: one entry per source; a list of OF_LISTS may have its own, `partner_list/<list name>`."""

    made_up: bool = Field(False, description="true in the demo's file: such permissions hold for synthetic data alone")
    opt_outs: dict[Purpose, PurposePolicy] = Field(description="by purpose: a purpose without an entry is refused")
    sources: dict[str, Permission] = Field(min_length=1)
    household_facts: HouseholdFacts | None = Field(None, description="without it, no purpose")


def load_governance(workbook: Workbook) -> Governance:
    """The declared sources, validated."""
    path = resolve(workbook.governance)
    governance = validated(Governance, load_yaml(path), path.name)
    if len(_by_name(governance.sources)) < len(governance.sources):
        raise InputError(f"{path.name}: two sources have one name in other capitals or blanks. Keep one of them.")
    if unknown := [s for s in governance.sources if s.partition("/")[0] not in SOURCES]:
        raise InputError(f"{path.name}: unknown source {', '.join(unknown)}. Known: {', '.join(SOURCES)}.")
    if governance.made_up and not workbook.synthetic:
        raise InputError(f"{path.name} holds the demo's made-up permissions (`made_up: true`). Write your own.")
    return governance


def household_facts_permitted(workbook: Workbook, purpose: str | None = None) -> bool:
    """May a list of people rest on what is known of others in their household, for a purpose (the run's by default)?"""
    facts = load_governance(workbook).household_facts
    return facts is not None and (purpose or workbook.purpose) in facts.purposes


def may_be_told(
    sources: Mapping[str, Permission], name: str, recipients: Collection[str], purpose: str, day: date
) -> bool:
    """May what a source says of a person stand on a list?

    name: of the source, or `<table of lists>/<list>`, which without an entry of its own goes by that of all lists.
    recipients: what the recipient is called in `may_be_told_to`: the kind and the reference of its agreement.
    """
    known = _by_name(sources)
    entry = known.get(_plain(name)) or known.get(name.partition("/")[0])
    if entry is None or entry.expires < day or purpose not in entry.purposes:
        return False
    return not set(recipients).isdisjoint(entry.may_be_told_to)


def _plain(name: str) -> str:
    """The name of a source, for which capitals and blanks make no difference: lists are named by many hands."""
    return "/".join(" ".join(part.split()).casefold() for part in name.split("/"))


def _by_name(sources: Mapping[str, Permission]) -> dict[str, Permission]:
    return {_plain(name): entry for name, entry in sources.items()}


def opt_outs_of_list(workbook: Workbook, purpose: str) -> tuple[str, ...]:
    """The opt-outs that keep somebody off a list: those that apply to its purpose, or by default to that of the run.

    A type 1 opt-out always does: a record under one does not leave the practice for a run that finds people.
    """
    policies = load_governance(workbook).opt_outs
    policy = policies[purpose] if purpose in policies else opt_out_policy(workbook)
    return tuple(dict.fromkeys(("type_1_opt_out", *policy.apply)))


def opt_out_policy(workbook: Workbook) -> PurposePolicy:
    """Which opt-outs apply to the run's purpose; InputError where governance.yml does not say."""
    policies = load_governance(workbook).opt_outs
    if workbook.purpose not in policies:
        raise InputError(
            f"{workbook.governance} does not say which opt-outs apply to the purpose {workbook.purpose}. "
            "Add it under `opt_outs`, with the reference."
        )
    return policies[workbook.purpose]


def permitted(workbook: Workbook, today: date | None = None) -> list[tuple[str, Permission]]:
    """The permission of every source that has a table in the landing folder.

    today: the day on which agreements must still be running; default the present day.
    Raises InputError naming every source that is undeclared, expired or not
    permitted for the run's purpose.
    """
    governance, day = load_governance(workbook), today or date.today()
    if workbook.purpose == "direct_care":
        raise InputError(
            "A run of a whole population may not state the purpose direct_care, "
            "which belongs to one request by a practice."
        )
    opt_out_policy(workbook)
    found, _ = present_tables(workbook, load_mapping(workbook))
    used = sorted({TABLES[name].source for name in found})
    entries = {s: e for s, e in governance.sources.items() if s.partition("/")[0] in used}
    declared = {s.partition("/")[0] for s in entries}
    faults = [f"- {s}: not declared" for s in used if s not in declared]
    for source, entry in sorted(entries.items()):
        if "/" not in source:  # lists of a source are checked once the lists of the extract are known
            faults += refusals(source, entry, workbook, day)
    _refuse(faults, workbook)
    return sorted(entries.items())


def refuse_run(workbook: Workbook) -> None:
    """Refuse a run of identified extracts, and of sources that governance does not permit."""
    if workbook.form == "identified":
        raise InputError(
            "`form: identified`: a run reads no names. Run `phm link` for this file first, then `phm run` for one "
            "with `form: pseudonymised` and the landing folder that `phm link` prints."
        )
    permitted(workbook)


def refusals(source: str, entry: Permission, workbook: Workbook, day: date) -> list[str]:
    """Why a source may not be used in this run; empty where it may."""
    faults = []
    if entry.expires < day:
        faults.append(f"- {source}: agreement {entry.agreement} expired on {entry.expires:%d %B %Y}")
    if workbook.purpose not in entry.purposes:
        faults.append(f"- {source}: permitted for {', '.join(entry.purposes)}, not for {workbook.purpose}")
    return faults


def refuse_lists(
    permissions: list[tuple[str, Permission]], lists: Mapping[str, list[str]], workbook: Workbook, day: date
) -> None:
    """Refuse lists without a permission of their own, where no entry covers every list, and those of domestic abuse.

    lists: by table of OF_LISTS.
    """
    entries = _by_name(dict(permissions))
    faults = []
    for table, name in ((table, name) for table, names in lists.items() for name in names):
        own = f"{table}/{name}"
        if NEVER_READ.search(name):
            faults.append(f"- {own}: by its name a list of domestic abuse, which no run reads: take its rows out")
        elif entry := entries.get(_plain(own)):
            faults += refusals(own, entry, workbook, day)
        elif table not in entries:
            faults.append(f"- {own}: not declared")
    _refuse(faults, workbook)


def _refuse(faults: list[str], workbook: Workbook) -> None:
    if faults:
        raise InputError(
            f"{len(faults)} source{'s' * (len(faults) > 1)} may not be used:\n" + "\n".join(faults) + "\n"
            f"Complete {workbook.governance}, or take the source's files out of the landing folder."
        )


def source_model(permissions: list[tuple[str, Permission]]) -> Model:
    """`governance_source`: one row per source used, in words that a report can print."""
    frame = pd.DataFrame(
        [
            {
                "source": source,
                "controller": p.controller,
                "processor": p.processor,
                "legal_basis": p.legal_basis,
                "purposes": ", ".join(p.purposes).replace("_", " "),
                "agreement": p.agreement,
                "expires": p.expires.isoformat(),
                "type_1_opt_out": str(p.type_1_opt_out),
                "national_data_opt_out": str(p.national_data_opt_out),
            }
            for source, p in permissions
        ]
    )
    return Model("governance_source", ("source",), frame=frame)
