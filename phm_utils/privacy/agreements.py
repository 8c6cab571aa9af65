"""Agreements: who may be given a list of people, whose, with which fields, for how long (`parameters/agreements.yml`).

Nothing is permitted that no agreement names. A practice is given its own patients; a network-wide team those of
the practices that its agreement names; anybody else (a council, a charity) has a legal gateway besides, with its own
last day, and only for the cohorts that are named.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from phm_utils.errors import InputError
from phm_utils.params import PURPOSES, Code, Frozen, Workbook, load_yaml, validated
from phm_utils.runs import resolve
from phm_utils.schema import PRACTICE as PRACTICE_CODE

PRACTICE, TEAM, OTHER = "practice", "team", "other"
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]{1,39}$")]
Words = Annotated[str, Field(min_length=2, max_length=200)]
PracticeCode = Annotated[str, Field(pattern=f"^{PRACTICE_CODE}$")]
Purpose = Literal[PURPOSES]  # type: ignore[valid-type]  # mypy reads no Literal from a tuple
# What a list may say of a person, in the order of its columns.
FIELDS = {
    "nhs_number": "NHS number",
    "surname": "Surname",
    "forename": "Forename",
    "date_of_birth": "Date of birth",
    "sex": "Sex",
    "postcode": "Postcode",
    "practice_code": "Practice",
    "why": "Why on the list",
    "last_contact": "Last contact",
    "contact_preference": "Contact preference",
}
# What a list of households may say besides the recipient's own lists, each under a gateway of its own.
HOUSEHOLD_FIELDS = {
    "at_clinical_risk": "Somebody at clinical risk",
    "clinical_band": "Clinical band",
    "on_official_list": "Somebody on the official list",
    "children": "Children under 18",
    "people_70_over": "Somebody of 70 or over",
    "alone_70": "Alone at 70 or over",
}
ELSEWHERE = "_elsewhere"  # `<domain>_elsewhere`: a social domain by records that are not the recipient's own
ADVICE = "Copy parameters/agreements.yml, whose entries are the demo's, and fill it in from the signed agreements."
NOT_GIVEN = "No list without an agreement: the parameter file has no line `agreements`."


class Gateway(Frozen):
    """The law by which somebody who gives no direct care may be told."""

    law: Words = Field(description="act and section, or direction")
    expires: date = Field(description="last day on which it holds")


class Agreement(Frozen):
    """One agreement with one recipient, or with several practices, each for its own patients."""

    recipient: Words = Field(description="who is given the list")
    kind: Literal["practice", "team", "other"] = Field(
        description="practice: each practice named, its own patients; team: one list for all practices named; "
        "other: not for direct care, under a gateway"
    )
    practices: tuple[PracticeCode, ...] = Field((), description="ODS codes of practices whose patients may be told")
    roles: tuple[Words, ...] = Field(min_length=1, description="roles that may ask")
    purposes: tuple[Purpose, ...] = Field(min_length=1, description="what a list may be used for")
    fields: tuple[str, ...] = Field((), description="what a list may say of a person")
    cohorts: tuple[Code, ...] = Field((), description="cohorts that may be listed; of kind `other` they must be named")
    gateway: Gateway | None = Field(None, description="of kind `other`, for lists of people")
    models: tuple[Code, ...] = Field((), description="of kind `other`: models whose households may be listed")
    own_lists: tuple[Words, ...] = Field((), description="of kind `other`: lists that this recipient itself supplied")
    gateways: dict[str, Gateway] = Field(
        default_factory=dict, description="of kind `other`: by field of households, the law by which it may be told"
    )
    signed: date = Field(description="first day of the agreement")
    expires: date = Field(description="last day of the agreement")

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in names if name not in FIELDS]:
            raise ValueError(f"{', '.join(unknown)}: not known; there are {', '.join(FIELDS)}")
        return tuple(name for name in FIELDS if name in names)

    @field_validator("gateways")
    @classmethod
    def _known_gateways(cls, gateways: dict[str, Gateway]) -> dict[str, Gateway]:
        if unknown := [name for name in gateways if name not in HOUSEHOLD_FIELDS and not name.endswith(ELSEWHERE)]:
            known = ", ".join([*HOUSEHOLD_FIELDS, f"<domain>{ELSEWHERE}"])
            raise ValueError(f"{', '.join(unknown)}: not a field of households; there are {known}")
        return gateways

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Agreement":
        if self.signed > self.expires:
            raise ValueError(f"it ends ({self.expires}) before it begins ({self.signed})")
        if self.kind == OTHER and not self.models and (self.gateway is None or not self.cohorts):
            raise ValueError(
                "of kind `other` it needs a `gateway` and the `cohorts` that may be listed, or the `models` whose "
                "households may be"
            )
        if self.kind == OTHER and (self.gateway is None) != (not self.cohorts):
            raise ValueError("`gateway` and `cohorts` belong together: of people, for which cohorts by which law")
        if self.kind != OTHER and (self.models or self.own_lists or self.gateways):
            raise ValueError("`models`, `own_lists` and `gateways` are of kind `other`")
        of_people = self.kind != OTHER or bool(self.cohorts)
        if of_people and not self.fields:
            raise ValueError("it needs the `fields` that a list may say of a person")
        if (of_people or self.gateways) and not self.practices:
            raise ValueError("it needs the `practices` whose patients may be told")
        if self.kind == OTHER and "direct_care" in self.purposes:
            raise ValueError("direct_care is for practices and teams: who is of kind `other` has another purpose")
        if self.kind != OTHER and self.gateway is not None:
            raise ValueError("a gateway is for who gives no direct care: of kind `other`")
        return self

    def refusals(self, reference: str, day: date, *, role: str, purpose: str, cohort: str) -> list[str]:
        """Why it permits no list of a cohort on a day; empty where it does.

        >>> Agreement(recipient="Elm Surgery", kind="practice", practices=["A99006"], roles=["gp"],
        ...     purposes=["direct_care"], fields=["nhs_number"], signed=date(2025, 1, 1), expires=date(2025, 12, 31)
        ... ).refusals("DC-1", date(2026, 1, 1), role="gp", purpose="direct_care", cohort="asthma")
        ['the agreement DC-1 expired on 31 December 2025']
        """
        faults = self._refusals(reference, day, role=role, purpose=purpose)
        if self.gateway and day > self.gateway.expires:
            faults.append(f"its gateway ({self.gateway.law}) expired on {self.gateway.expires:%d %B %Y}")
        if self.kind == OTHER and not self.cohorts:
            faults.append("it is for households alone (`--households`) and lists no people")
        elif self.cohorts and cohort not in self.cohorts:
            faults.append(f"it names the cohorts {', '.join(self.cohorts)} and not {cohort}")
        return faults

    def household_refusals(self, reference: str, day: date, *, role: str, purpose: str, model: str) -> list[str]:
        """Why it permits no list of a model's households on a day; empty where it does."""
        faults = self._refusals(reference, day, role=role, purpose=purpose)
        if self.kind != OTHER:
            faults.append("it is with a practice or team, which is given people: ask without `--households`")
        elif model not in self.models:
            faults.append(f"it names the models {', '.join(self.models) or 'none'} and not {model}")
        return faults

    def ended_gateways(self, day: date) -> list[str]:
        """Fields of households whose gateway has expired on a day, and which are not told."""
        return [name for name, gateway in self.gateways.items() if gateway.expires < day]

    def _refusals(self, reference: str, day: date, *, role: str, purpose: str) -> list[str]:
        """Why it permits nothing on a day, or not to a role or for a purpose."""
        faults = []
        if day < self.signed:
            faults.append(f"the agreement {reference} begins on {self.signed:%d %B %Y}")
        if day > self.expires:
            faults.append(f"the agreement {reference} expired on {self.expires:%d %B %Y}")
        if role not in self.roles:
            faults.append(f"it names the roles {', '.join(self.roles)} and not {role}")
        if purpose not in self.purposes:
            faults.append(f"it permits {', '.join(self.purposes)} and not {purpose}")
        return faults


class Agreements(Frozen):
    """The file: agreements by reference."""

    made_up: bool = Field(False, description="true in the demo's file: such agreements hold for synthetic data alone")
    agreements: dict[Reference, Agreement] = Field(min_length=1)


def load_agreements(workbook: Workbook) -> dict[str, Agreement]:
    """The agreements of a parameter file, by reference.

    Raises InputError where the parameter file names none, the file has faults, or real data would be given out under
    the demo's made-up ones.
    """
    if workbook.agreements is None:
        raise InputError(f"{NOT_GIVEN} {ADVICE}")
    path: Path = resolve(workbook.agreements)
    found = validated(Agreements, load_yaml(path, ADVICE), path.name)
    if found.made_up and not workbook.synthetic:
        raise InputError(f"{path.name} holds the demo's made-up agreements (`made_up: true`). Write your own.")
    return found.agreements


def choose(agreements: dict[str, Agreement], reference: str | None, practice: str | None) -> tuple[str, Agreement]:
    """The agreement that a request names, or the only one of kind `practice` that names the practice.

    Raises InputError where there is none, several, or the one named does not name the practice.
    """
    if reference is None:
        if practice is None:
            raise InputError("Give `--practice CODE`, or `--agreement REFERENCE` for a team or another recipient.")
        found = [(name, a) for name, a in agreements.items() if a.kind == PRACTICE and practice in a.practices]
        if not found:
            raise InputError(f"No agreement with practices names {practice}: it may have no list.")
        if len(found) > 1:
            raise InputError(f"{len(found)} agreements name {practice}: choose by `--agreement`: "
                             f"{', '.join(name for name, _ in found)}.")  # fmt: skip
        return found[0]
    if reference not in agreements:
        raise InputError(f"There is no agreement {reference}. There are: {', '.join(agreements)}.")
    agreement = agreements[reference]
    if practice is not None and practice not in agreement.practices:
        raise InputError(f"The agreement {reference} does not name the practice {practice}.")
    if practice is None and agreement.kind == PRACTICE:
        raise InputError(
            f"The agreement {reference} is with each practice for its own patients: give `--practice CODE`."
        )
    return reference, agreement
