"""A cohort by its name: a file of parameters/cohorts, or a model of parameters/vulnerability asked as one.

Of a model it is the people in one of its bands who have a social domain and are on no official list.
"""

from pathlib import Path

from phm_utils.measures.cohort_definitions import FOLDER, Cohort, cohort_path, read_cohort
from phm_utils.measures.outreach_status import FollowUp
from phm_utils.measures.vulnerability_model import (
    DOMAINS_FILE,
    HOUSEHOLD,
    Model,
    Record,
    load_model,
    model_names,
    model_path,
    read_model,
)
from phm_utils.measures.vulnerability_model import FOLDER as MODELS
from phm_utils.rules.forms import AtAddress
from phm_utils.rules.tree import AnyOf, Household, Not, Rule, leaves
from phm_utils.rules.vocabulary import Vocabulary
from phm_utils.runs import project_root


def is_model(name: str) -> bool:
    """Is a name that of a model's file? Of all others a cohort's is meant, also where there is none."""
    return name in model_names()


def named_cohort(name: str, words: Vocabulary | None = None, *, household_facts: bool) -> Cohort:
    """The cohort of a name.

    words: what may be asked, to check its rules by it; the form alone by default.
    household_facts: may a list rest on what is known of others in the household? Of a model only; a cohort's own file
        says what it asks.
    Raises one InputError that lists every fault of the file, or the names that there are.
    """
    if is_model(name):
        return cohort_of_model(read_model(model_path(name), words), household_facts=household_facts)
    return read_cohort(cohort_path(name), words)


def cohort_of_model(model: Model, *, household_facts: bool) -> Cohort:
    """A model's people as a cohort: in a band, with a social domain, and not on the official list where it has one.

    household_facts: a record that is about the household counts for everybody in it; without, for its own person
    alone. What a list of addresses says is of everybody there in either case.
    """
    records = [record for domain in model.domains.values() for record in domain.records]
    social = [rule for record in records for rule in _about(record, household_facts)]
    criteria: list[Rule] = [
        AnyOf(any=tuple(band.rule for band in model.bands.values()), says="In a clinical band"),
        AnyOf(any=tuple(social), says="With a social domain"),
    ]
    if model.official_list:
        criteria.append(
            Not.model_validate({"not": model.official_list.rule, "says": f"Not: {model.official_list.title}"})
        )
    same = ("title", "short", "question", "use", "source", "owner", "sponsor", "dated", "review", "limits", "follow_up",
            "neutral_title", "neutral_reason")  # fmt: skip
    given = {name: value for name in same if (value := getattr(model, name)) is not None}
    return Cohort(criteria=tuple(criteria), once=True, **given)


def _about(record: Record, household_facts: bool) -> list[Rule]:
    """The rules by which a record is about somebody: their own, and that of others in the household."""
    of_address = all(isinstance(leaf, AtAddress) for leaf in leaves(record.rule))
    if record.attaches != HOUSEHOLD or of_address or not household_facts:
        return [record.rule]
    return [record.rule, Household(household=record.rule)]


def follow_up_of(name: str) -> FollowUp | None:
    """The concepts that say what came of a list of a name; None where its file is gone."""
    if is_model(name):
        return load_model(name).follow_up
    return read_cohort(cohort_path(name)).follow_up if files_of_name(name) else None


def files_of_name(name: str) -> list[Path]:
    """The files that define a name; none where its file is gone."""
    if is_model(name):
        return [project_root() / MODELS / f"{name}.yml", project_root() / DOMAINS_FILE]
    path = project_root() / FOLDER / f"{name}.yml"
    return [path] if path.is_file() else []
