"""What may have come of a person's place on a list: one vocabulary, for codes of practices and for returned lists."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field, model_validator

from phm_utils.params import Code, Frozen
from phm_utils.rules.faults import Fault
from phm_utils.rules.vocabulary import Vocabulary, concept_faults

# Said by the codes of a later extract, and by a list that its recipient sends back.
FROM_CODES = ("invited", "attended", "declined", "reviewed", "not_reached")
HELPED = ("food_parcel", "hub_support")  # the household was reached, and given that
FROM_LISTS = ("offered", "contacted", "reached", "accepted", *HELPED, "declined", "not_reached", "closed")
# The person was spoken with, or came; was written to or spoken with; somebody tried.
REACHED = ("reached", "accepted", *HELPED, "declined", "attended", "reviewed")
CONTACT = ("offered", "invited", "contacted", *REACHED)
TRIED = ("not_reached", *CONTACT)
WORDS = {
    "offered": "offered", "invited": "invited", "contacted": "contacted", "reached": "reached", "accepted": "accepted",
    "food_parcel": "food parcel", "hub_support": "hub support",
    "declined": "declined", "attended": "attended", "reviewed": "reviewed", "not_reached": "not reached",
    "closed": "closed",
}  # fmt: skip

Concepts = tuple[Code, ...]


class FollowUp(Frozen):
    """The concepts whose events, after the day of a list, say what came of a person's place on it."""

    invited: Concepts = Field((), description="an invitation was sent or given")
    attended: Concepts = Field((), description="what was offered has been taken")
    declined: Concepts = ()
    reviewed: Concepts = Field((), description="a clinician has reviewed the person")
    not_reached: Concepts = Field((), description="tried without an answer")

    @model_validator(mode="after")
    def _one_status_each(self) -> "FollowUp":
        named = [concept for _, concept in self.pairs()]
        if twice := sorted({concept for concept in named if named.count(concept) > 1}):
            raise ValueError(f"`{twice[0]}` stands twice: it says one thing")
        return self

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Each status with each of its concepts."""
        return ((status, concept) for status in FROM_CODES for concept in getattr(self, status))


def follow_up_faults(content: Any, words: Vocabulary) -> list[Fault]:
    """A fault for each concept of a file's `follow_up` that no event can have, with its place and the nearest word.

    content: as it was read; what is wrong with its form is found elsewhere.
    """
    parts = content if isinstance(content, dict) else {}
    return [
        fault
        for status in FROM_CODES
        for number, concept in enumerate(parts[status] if isinstance(parts.get(status), list) else ())
        for fault in concept_faults(str(concept), words, ("follow_up", status, number))
    ]
