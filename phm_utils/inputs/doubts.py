"""A doubt: what an extract holds that can be read and is unlikely, counted and named.

Up to a limit it is a line of the check's report; beyond it, it stops the check like any other alarm.
"""

from dataclasses import dataclass

FEWEST = 20  # rows: fewer are a mistake here and there, and are not mentioned
MANY = 1_000  # rows, from which a share says something about the whole table
# Rows (or people) from which a doubt stops the check. In fewer, a trial or a very small list, it is mentioned.
ENOUGH, ENOUGH_OF = 2_000, {"area": 100, "practice": 20}

# By kind: what the report of the check says of the rows. The page of a run that accepts it says the same.
KINDS = {
    "unknown": "of people without a registration",
    "nobody": "no pseudonym",
    "unknown_address": "addresses of nobody registered",
    "every_address": "one list says the same of nearly every address",
    "unheard": "of people whom no GP table mentions",
    "placeholder": "one pseudonym in very many rows",
    "contradicted": "unlike the person's registration",
    "after_death": "long after the person's death",
    "before_birth": "before the person's birth",
    "silent": "patients of practices of whose patients it has no rows",
    "shared": "one number for the spells of several people",
    "same_content": "the same as another row but for its id",
    "not_filled": "not filled",
    "one_value": "nearly all rows have one and the same",
    "unusual": "an unusual share of rows",
    "old": "ends long before the newest date of the extract",
    "begins_late": "begins long after the first date of the extract",
    "order": "decile and rank do not belong together",
    "twice": "registered twice at one time",
    "alike": "another pseudonym with the same birth, sex, household and first day",
    "ages": "an age group is missing",
    "households": "households are of unusual sizes",
    "strangers": "people of one household are seldom of one ethnic category",
    "one_category": "practices with people of one ethnic category alone",
    "current": "few registrations are current",
    "withheld": "very many people have opted out",
    "none": "nobody has opted out",
    "deaths": "very many deaths",
    "garbled": "letters read in the wrong encoding",
    "closed": "with patients, though the practice had closed",
    "list_size": "far from the number of registrations",
    "elsewhere": "of another ICB",
    "long_ago": "true years before the index date",
}


@dataclass(frozen=True)
class Doubt:
    """One doubt about a table, or a column of it.

    rows: that it is about, of so many. beyond: is it beyond its limit?
    text: a sentence with its figures and the limit. look: what to look at.
    """

    table: str
    column: str
    kind: str
    rows: int
    of: int
    beyond: bool
    text: str
    look: str

    @property
    def name(self) -> str:
        """As `accept` has it."""
        return f"{self.table}.{self.column}:{self.kind}" if self.column else f"{self.table}:{self.kind}"

    @property
    def stops(self) -> bool:
        """Does it stop the check, where nobody accepts it?"""
        return self.beyond and self.of >= ENOUGH_OF.get(self.table, ENOUGH)

    @property
    def entry(self) -> tuple[str, str, str, int]:
        """Table, column, rule and rows, as the counts of the check have them."""
        return self.table, self.column or "(row)", KINDS[self.kind], self.rows
