"""The groups that people are divided into: their names and their order.

Deprivation is numbered as in the Index of Multiple Deprivation: 1 is the most
deprived.
"""

from dataclasses import dataclass

NOT_KNOWN, NOT_STATED = "Not known", "Not stated"
SEXES = ("Male", "Female", "Other or not known")
ETHNIC_GROUPS = ("White", "Mixed", "Asian", "Black", "Other", NOT_STATED, NOT_KNOWN)
NO_ETHNIC_GROUP = (NOT_STATED, NOT_KNOWN)
# The 2001 categories in the groups of the censuses since 2011: R, Chinese, is Asian.
ETHNIC_CATEGORIES = dict(zip(ETHNIC_GROUPS, ("ABC", "DEFG", "HJKLR", "MNP", "S", "Z"), strict=False))


def ethnic_group_sql(category: str) -> str:
    """SQL for the group of an NHS ethnic category (2001).

    >>> import duckdb
    >>> duckdb.connect().execute(f"SELECT {ethnic_group_sql('category')} FROM (SELECT 'R' AS category)").fetchone()
    ('Asian',)
    """
    cases = " ".join(
        f"WHEN {category} IN ({', '.join(map(repr, letters))}) THEN '{group}'"
        for group, letters in ETHNIC_CATEGORIES.items()
    )
    return f"CASE {cases} ELSE '{NOT_KNOWN}' END"


# National fifths of small areas.
MOST_DEPRIVED, LEAST_DEPRIVED = "1 (most deprived)", "5 (least deprived)"
FIFTHS = (MOST_DEPRIVED, "2", "3", "4", LEAST_DEPRIVED)
QUINTILES = (*FIFTHS, NOT_KNOWN)


def fifth_sql(quintile: str = "imd_quintile") -> str:
    """SQL for the name of a national fifth of small areas, numbered from 1.

    >>> import duckdb
    >>> duckdb.connect().execute(f"SELECT {fifth_sql()} FROM (SELECT 1 AS imd_quintile)").fetchone()
    ('1 (most deprived)',)
    """
    return (
        f"CASE {quintile} WHEN 1 THEN '{MOST_DEPRIVED}' WHEN 5 THEN '{LEAST_DEPRIVED}' "
        f"ELSE coalesce(CAST({quintile} AS VARCHAR), '{NOT_KNOWN}') END"
    )


@dataclass(frozen=True)
class AgeBands:
    """Bands of age in completed years, by the age at which each starts; the last has no end.

    >>> AgeBands((0, 18, 65)).names
    ('0-17', '18-64', '65+')
    """

    starts: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the bands, youngest first."""
        closed = (f"{low}-{following - 1}" for low, following in zip(self.starts, self.starts[1:], strict=False))
        return (*closed, f"{self.starts[-1]}+")

    def sql(self, age: str = "age", unknown: str | None = None) -> str:
        """SQL for the band of an age; `unknown` (null as a rule) where it is missing or below the first band."""
        cases = " ".join(
            f"WHEN {age} >= {low} THEN '{name}'"
            for low, name in zip(reversed(self.starts), reversed(self.names), strict=True)
        )
        return f"CASE {cases} END" if unknown is None else f"CASE {cases} ELSE '{unknown}' END"


FIVE_YEARS = AgeBands(tuple(range(0, 95, 5)))
AGE_BANDS = FIVE_YEARS.names
BROAD_AGES = AgeBands((0, 18, 40, 65, 75, 85))
