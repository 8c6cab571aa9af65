"""Fields on which columns of `person` rest, and those of them that this run lacks although it has the table.

Without values of such a field its columns are not known: null for everybody, and not 0, no or a word.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from phm_utils.engine import read_sql
from phm_utils.persons.windows import SOCIAL_CARE, Source
from phm_utils.rules.columns import ACTIVITIES, FLAGS, cost_column, count_column
from phm_utils.rules.concepts import Concept
from phm_utils.rules.event_concepts import ADDRESS_LIST
from phm_utils.tables import TABLES

Known = tuple[Concept, ...]
FEWEST = 10  # rows: of fewer, a share says nothing
HOSPITAL_SCORES = ("hfrs", "hfrs_category", "charlson")
MEDICINES = ("repeat_medicines", "polypharmacy_medicines", "polypharmacy", "severe_polypharmacy")
DEPRIVATION = ("imd_decile", "imd_quintile", "core20")
CARE_OPEN = ("asc_open", "asc_setting")
SERVICES = "event_type = 'Service'"


@dataclass(frozen=True)
class Essential:
    """Fields of a table, any of which will do, and the columns of `person` and facts that rest on them.

    columns: of (concepts); None: all that need the table.
    mostly: as many rows as `limits.filled` says must have a value; else one is enough.
    where: the rows meant, and `days`: at least so old. least: fewer of them may all be without a value.
    """

    table: str
    fields: tuple[str, ...]
    columns: Callable[[Known], Iterable[str]] | None = None
    mostly: bool = False
    where: str = "true"
    days: int = 0
    least: int = 1

    @property
    def name(self) -> str:
        """What the run lacks: `gp_event.value_num`."""
        return f"{self.table}.{self.fields[0]}"


def _only(*columns: str) -> Callable[[Known], Iterable[str]]:
    return lambda known: columns


def _whole(table: str, *fields: str) -> list[Essential]:
    """Fields without which a table's rows cannot be used: who they are about, and what they are."""
    return [Essential(table, (field,), mostly=True) for field in fields]


def _of_age(known: Known) -> list[str]:
    frail = ("probable_care_home", "efi_category", "hfrs_category")
    return ["age", "age_band", *frail, *(f"{c.concept}_first_age" for c in known)]


def _values(known: Known) -> list[str]:
    return [name for c in known if c.kind == "value" for name in (c.concept, f"{c.concept}_months_ago")]


def _of_diagnoses(known: Known) -> list[str]:
    return [*(count_column(c) for c in known if c.system == "icd10"), *HOSPITAL_SCORES]


def _of_admission_method(known: Known) -> list[str]:
    stays = [name for name, (_, table) in ACTIVITIES.items() if table == "apc_episode"]
    counted = [name for a in stays for name in (*of_12_months(a), f"{a}_prior_12m")]
    return counted + [count_column(c) for c in known if "emergency" in c.only]


def of_12_months(activity: str) -> list[str]:
    """The columns that count an activity's last 12 months."""
    setting = {
        "gp_appointments": "gp", "ed_attendances": "ed", "emergency_admissions": "emergency",
        "other_admissions": "other_admissions", "op_attendances": "op", "community_contacts": "community",
        "mental_health_contacts": "mental_health", SOCIAL_CARE: "social_care",
    }[activity]  # fmt: skip
    if activity == SOCIAL_CARE:
        return [cost_column(setting)]
    nights = ["emergency_bed_days_12m"] if activity == "emergency_admissions" else []
    return [f"{activity}_12m", cost_column(setting), *nights]


TOKEN = "token_person_id"
ESSENTIAL: tuple[Essential, ...] = (
    Essential("gp_registration", ("sex",), _only("sex"), mostly=True),
    Essential("gp_registration", ("birth_month",), _of_age, mostly=True),
    Essential(
        "gp_registration", ("lsoa",), _only("lsoa", "resident", *DEPRIVATION, "rural_urban"), mostly=True
    ),
    Essential("gp_registration", ("ethnicity",), _only("ethnic_group")),
    Essential(
        "gp_registration", ("household_token",), _only("household_token", "household_size", "probable_care_home",
                                                        ADDRESS_LIST)
    ),
    Essential("gp_registration", ("contact_preference",), _only("contact_preference")),
    Essential("gp_registration", ("no_fixed_abode",), _only("no_fixed_abode_address")),
    Essential("area", ("imd_decile",), _only(*DEPRIVATION), mostly=True),
    Essential("area", ("rural_urban",), _only("rural_urban")),
    *_whole("gp_event", TOKEN, "snomed_code"),
    Essential("gp_event", ("value_num",), _values),
    *_whole("gp_medication", TOKEN, "bnf_code"),
    Essential("gp_medication", ("is_repeat",), _only(*MEDICINES)),
    *_whole("gp_appointment", TOKEN, "status"),
    *_whole("apc_episode", TOKEN),
    Essential("apc_episode", ("admimeth",), _of_admission_method, mostly=True),
    Essential("apc_episode", ("diag_01",), _of_diagnoses),
    # The end of a stay; without either all stays would be short.
    Essential("apc_episode", ("disdate", "epiend"), _only("emergency_bed_days_12m", cost_column("emergency"))),
    # Without it walk-in centres would be counted. A provider that has one type gives it in the mapping file.
    *_whole("ecds_attendance", TOKEN, "department_type"),
    Essential("ecds_attendance", ("accommodation_status",), _only("no_fixed_abode_ecds")),  # and CONSEQUENCES
    *_whole("op_attendance", TOKEN, "attended"),
    *_whole("csds_contact", TOKEN, "attended"),
    *_whole("mhsds_contact", TOKEN, "attended"),
    Essential("mhsds_contact", ("accommodation_type",), _only("no_fixed_abode_mhsds")),
    *_whole("asc_event", TOKEN, "event_type"),
    Essential("asc_event", ("service_type",), _only("asc_setting"), where=SERVICES),
    Essential("asc_event", ("service_type", "unit_cost_pence"), _only(cost_column(SOCIAL_CARE)), where=SERVICES),
    # Where no service of a year ago or earlier has ended, every service ever begun would be open.
    Essential(
        "asc_event", ("event_end",), _only(*CARE_OPEN, cost_column(SOCIAL_CARE)), where=SERVICES, days=365, least=FEWEST
    ),
    *_whole("death", TOKEN),
    Essential("partner_list", (TOKEN,)),  # partners may not know the pseudonym of many
    Essential("partner_list", ("flag",), _only(*(f"flag_{name}" for name in (*FLAGS, "domains")))),
    Essential("address_list", ("household_token",)),  # lists may have addresses without a UPRN
)  # fmt: skip


def unusable(sources: Mapping[str, Source], empty: Iterable[Essential], tables: Iterable[str]) -> dict[str, str]:
    """The tables of some that cannot be used, with what the run lacks: the table itself, or a field of it."""
    without = {e.table: e.name for e in empty if e.columns is None}
    return {t: t if t not in sources else without[t] for t in tables if t not in sources or t in without}


def emptied(empty: Iterable[Essential], known: Known) -> dict[str, str]:
    """Columns and facts that rest on fields without values, with the field. Whole tables: see `unusable`."""
    return {name: e.name for e in empty if e.columns is not None for name in e.columns(known)}


def empty_fields(
    con: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], day: date, filled: float
) -> tuple[Essential, ...]:
    """Those of ESSENTIAL that the tables of this run do not have.

    No row up to `day` has a value; or of the whole extract fewer than `filled` have one that should have, or
    fewer than that of the values given could be used. The check stops at such a field unless the parameter
    file accepts it.
    """
    shares = _shares(con)
    return tuple(
        e for e in ESSENTIAL if e.table in sources and (_too_few(e, shares, filled) or _without_values(con, e, day))
    )


def _shares(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[int, int, int]]:
    """By table and field: rows of the extract, values that are used, and values that were faulty."""
    found = read_sql(
        con,
        "SELECT table_name, column_name, max(rows) AS rows, max(filled) AS filled, coalesce(max(nulled), 0) AS nulled "
        "FROM check_completeness LEFT JOIN (SELECT table_name, column_name, sum(rows) AS nulled FROM check_field "
        "WHERE disposition = 'nulled' GROUP BY ALL) USING (table_name, column_name) GROUP BY ALL",
    )
    return {(r.table_name, r.column_name): (int(r.rows), int(r.filled), int(r.nulled)) for r in found.itertuples()}


def _too_few(essential: Essential, shares: Mapping[tuple[str, str], tuple[int, int, int]], share: float) -> bool:
    """Have too few rows any of the fields, or were too many of the values faulty?"""

    def missing(field: str) -> bool:
        rows, filled, nulled = shares.get((essential.table, field), (0, 0, 0))
        few = essential.mostly and rows >= FEWEST and filled < share * rows
        return few or (nulled >= FEWEST and filled < share * (filled + nulled))

    return all(missing(field) for field in essential.fields)


def _without_values(con: duckdb.DuckDBPyConnection, essential: Essential, day: date) -> bool:
    """Are there rows up to a day, and no value in any of them?"""
    dated = TABLES[essential.table].date
    until = f"{dated} <= DATE '{day - timedelta(days=essential.days)}'" if dated else "true"
    rows = f"FROM {essential.table} WHERE {essential.where} AND {until}"
    some = " OR ".join(f"{field} IS NOT NULL" for field in essential.fields)
    [(any_rows, has)] = con.execute(
        f"SELECT EXISTS (SELECT 1 {rows} OFFSET {essential.least - 1}), EXISTS (SELECT 1 {rows} AND ({some}))"
    ).fetchall()
    return any_rows and not has
