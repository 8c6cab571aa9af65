"""The aggregates that `phm link` writes next to the linked extracts: counts and shares, no row about a person."""

from phm_utils.schema import Column, Table, Type

BOUNDED = "bound"  # missed_basis of `linkage_error` and `link_error`: only known to be at most all not linked


def _key(name: str, description: str, type: Type = "text", unit: str | None = None) -> Column:
    """A column of the key of an aggregate."""
    return Column(
        name, type, description, required=True, unit=unit, sensitivity="administrative", optional=False,
        forms=("pseudonymised",),
    )  # fmt: skip


def _count(name: str, description: str, unit: str) -> Column:
    return Column(
        name, "int", description, unit=unit, sensitivity="administrative", low=0, optional=False,
        forms=("pseudonymised",),
    )  # fmt: skip


def _share(
    name: str, description: str, unit: str | None = None, low: float | None = 0, high: float | None = 1
) -> Column:
    return Column(
        name, "float", description, unit=unit, sensitivity="administrative", low=low, high=high, optional=False,
        forms=("pseudonymised",),
    )  # fmt: skip


def _aggregate(
    name: str, title: str, row: str, key: tuple[str, ...], columns: tuple[Column, ...], source: bool = True
) -> Table:
    """An aggregate; most are by source."""
    first = (_key("source", "Table of the extract"),) if source else ()
    return Table(name, title, row, "This workbook", "reference", key, (*first, *columns), made_by_link=True)


GROUP_COLUMNS = (
    _key("characteristic", "All, Age, Sex, Ethnicity, Deprivation or No fixed abode"),
    _key("category", "Its value"),
)
LIMITS = (("share", ""), ("lower", ", lower 95% limit"), ("upper", ", upper 95% limit"))

# fmt: off
LINKAGE_AGGREGATES: tuple[Table, ...] = (
    _aggregate("linkage_step", "Linkage: records by method", "one per source and method", ("source", "method"), (
        _key("method", "How the records were joined, or why they were not"),
        _count("records", "Records", "records"), _count("identities", "Distinct sets of identifiers", "identities"),
        _count("contradicted", "Records with another person's NHS number", "records"),
    )),
    _aggregate("linkage_weight", "Linkage: match weights of the best pairs", "one per source, band and decision",
             ("source", "band", "decision"), (
        _key("band", "Match weight, rounded down", type="int", unit="bits"),
        _key("decision", "linked, review, too weak, too close or contrary"),
        _count("pairs", "Identities, each with its best candidate", "pairs"),
    )),
    _aggregate("linkage_example", "Linkage: example patterns of agreement", "one per example and comparison",
             ("example", "place"), (
        _key("example", "Number of the example", type="int"),
        _key("place", "Order of the comparison", type="int"),
        _key("kind", "Decision on such pairs"), _key("comparison", "What was compared"),
        _key("level", "Level of agreement, in words"),
        _share("weight_bits", "Its part of the match weight", unit="bits", low=None, high=None),
        _count("pairs", "Pairs that agree in just this way", "pairs"),
    ), source=False),
    _aggregate("linkage_error", "Linkage: estimated false and missed links", "one per source and group of records",
             ("source", "characteristic", "category"), (
        *GROUP_COLUMNS,
        _count("records", "Records", "records"),
        _count("linked", "Records joined to a person of the GP extract", "records"),
        _count("tested", "Identities whose link was tested", "identities"),
        *(_share(f"false_{part}", f"Share of linked records joined to another person{words}")
          for part, words in LIMITS),
        *(_share(f"missed_{part}", f"Share of records of people in the GP extract not joined to them{words}")
          for part, words in LIMITS),
        _key("false_basis", "Basis of the false share"),
        _key("missed_basis", "Basis of the missed share"),
    )),
    _aggregate("linkage_review", "Linkage: clerical review", "one per band of match weight", ("band",), (
        _key("band", "Lower edge of the band", type="int", unit="bits"),
        _count("reviewed", "Pairs reviewed", "pairs"),
        _count("matches", "Pairs judged the same person", "pairs"),
    ), source=False),
    _aggregate("linkage_setting", "Linkage: settings", "one per setting", ("name",), (
        _key("name", "Setting"), _key("value", "Its value; no number of people or records"),
    ), source=False),
    _aggregate("linkage_truth", "Linkage: links compared with the truth, synthetic data only",
             "one per source and group of records", ("source", "characteristic", "category"), (
        *GROUP_COLUMNS,
        _count("records", "Records", "records"),
        _count("findable", "Records of people in the GP extract", "records"),
        _count("links", "Records joined to a person of the GP extract", "records"),
        _count("wrong", "Links to another person", "records"),
        _count("missed", "Records of people in the GP extract not joined to them", "records"),
    )),
)
# fmt: on
