"""Every table of the extract in one place: columns, types, units, key, sensitivity and rules.

Names follow the NHS Data Dictionary or, where analysts know them so, HES.
The data dictionary in the documentation is made from this module.
"""

from phm_utils.linkage_tables import LINKAGE_AGGREGATES
from phm_utils.schema import (
    ADMIMETH,
    ATTENDED,
    BNF,
    ETHNICITY,
    ICD10,
    LSOA,
    LSOA_FILLERS,
    NUMERIC_CODE,
    OPCS4,
    PCN,
    PCN_NOT_KNOWN,
    POSTCODE,
    PRACTICE,
    PRACTICE_FILLERS,
    SEX,
    TOKEN,
    UNKNOWN_WORDS,
    UPRN,
    Column,
    Table,
)


def _id(name: str, description: str) -> Column:
    return Column(name, "text", description, required=True, optional=False)


def _date(name: str, description: str) -> Column:
    return Column(name, "date", description, required=True, optional=False)


def _text(name: str, description: str, **kw) -> Column:
    return Column(name, "text", description, **kw)


def _name(name: str, description: str, **kw) -> Column:
    return _text(name, description, printed=True, **kw)


def _practice(name: str = "practice_code", description: str = "ODS code of the GP practice", **kw) -> Column:
    return _text(name, description, sensitivity="administrative", pattern=PRACTICE, fillers=PRACTICE_FILLERS, **kw)


TOKEN_COLUMN = _text(
    "token_person_id", "Shared pseudonym given before arrival", pattern=TOKEN, forms=("pseudonymised",), optional=False
)
NHS_NUMBER = _text(
    "nhs_number",
    "NHS number, with blanks and hyphens or without",
    sensitivity="identifying",
    check="nhs_number",
    forms=("identified",),
)
SEX_COLUMN = _text(
    "sex", "1 or M male, 2 or F female, 9 or I indeterminate, X, U or 0 not known, or the words", codes=SEX
)
BIRTH_MONTH = Column("birth_month", "month", "First day of the month of birth", forms=("pseudonymised",))
NAMED = (
    _text("forename", "Given name", sensitivity="identifying", forms=("identified",)),
    _text("surname", "Family name", sensitivity="identifying", forms=("identified",)),
    Column(
        "date_of_birth",
        "date",
        "Date of birth",
        sensitivity="identifying",
        fillers=UNKNOWN_WORDS,
        forms=("identified",),
    ),
    _text(
        "postcode",
        "Postcode of usual address, blanks and capitals as may be; ZZ99 3VZ is no fixed abode",
        sensitivity="identifying",
        pattern=POSTCODE,
        forms=("identified",),
    ),
    _text(
        "uprn",
        "Unique Property Reference Number",
        sensitivity="identifying",
        pattern=UPRN,
        fillers=("0",),
        forms=("identified",),
    ),
)
LSOA_COLUMN = _text(
    "lsoa", "LSOA of residence, in the run's vintage; Wales is valid", pattern=LSOA, fillers=LSOA_FILLERS
)
HOUSEHOLD_TOKEN = _text(
    "household_token", "Pseudonym of the UPRN, given before arrival", pattern=TOKEN, forms=("pseudonymised",)
)
NO_FIXED_ABODE = Column(
    "no_fixed_abode",
    "bool",
    "Registered with the postcode of no fixed abode, ZZ99 3VZ; `phm link` fills it from the postcode",
    sensitivity="special",
    forms=("pseudonymised",),
)
# Ways in which a person asks to be reached, as practices note them (NHS England, Accessible Information Standard).
CONTACT_PREFERENCES = ("letter", "phone", "text message", "email", "easy read", "interpreter")
ON_LISTS = (
    Column(
        "sensitive",
        "bool",
        "The record is flagged as sensitive (PDS CONFIDENTIALITY CODE; map U, unrestricted, to no): the person counts "
        "in figures and never stands on a list; what cannot be read as yes or no is yes",
        sensitivity="special",
        fail_closed=True,
    ),
    _text("contact_preference", "How the person asks to be reached", sensitivity="special", codes=CONTACT_PREFERENCES),
)
# Who a row of a hospital, community or council source is about.
PERSON = (TOKEN_COLUMN, NHS_NUMBER, SEX_COLUMN, BIRTH_MONTH, *NAMED, LSOA_COLUMN)
# GP event rows carry the identifier alone: the person is described once, in gp_registration.
GP_PERSON = (TOKEN_COLUMN, NHS_NUMBER)

_DIAGNOSES = tuple(
    _text(f"diag_{n:02d}", "ICD-10 diagnosis, 3-5 characters", sensitivity="special", pattern=ICD10)
    for n in range(1, 21)
)
_OPERATIONS = tuple(
    _text(f"opertn_{n:02d}", "OPCS-4 procedure", sensitivity="special", pattern=OPCS4) for n in range(1, 25)
)

# fmt: off
TABLES: dict[str, Table] = {t.name: t for t in (
    Table("gp_registration", "GP registrations", "one per registration of a person at a practice",
          "PDS / GP registration", "gp_extract", ("registration_id",), (
              _id("registration_id", "Row identifier of the source"), *PERSON, HOUSEHOLD_TOKEN, NO_FIXED_ABODE,
              _text("nhs_number_status", "NHS NUMBER STATUS INDICATOR CODE", pattern=r"0[1-8]",
                    forms=("identified",)),
              _text("ethnicity", "ETHNIC CATEGORY 2001; Z not stated, 99 not known", sensitivity="special",
                    codes=ETHNICITY),
              _practice(required=True),
              _date("registered_from", "First day registered"),
              Column("registered_to", "date", "Last day registered; null while current",
                     not_before="registered_from", open_ended=True),
              Column("type_1_opt_out", "bool", "Type 1 opt-out known to the source", fail_closed=True),
              Column("national_data_opt_out", "bool", "National data opt-out known to the source",
                     fail_closed=True), *ON_LISTS,
          ), date="registered_from"),
    Table("gp_event", "GP coded events", "one per coded entry", "GP extract (EMIS, TPP)", "gp_extract",
          ("event_id",), (
              _id("event_id", "Row identifier of the source"), *GP_PERSON,
              _date("event_date", "Date of the event"),
              _text("snomed_code", "SNOMED CT concept id, as text", sensitivity="special", check="snomed",
                    optional=False, withholds_row=True),
              Column("value_num", "float", "Numeric value, in `unit`", sensitivity="special"),
              _text("unit", "Unit of the value: the concept's own, or one of parameters/units.csv"), _practice(),
          ), date="event_date"),
    Table("gp_medication", "GP medicines issued", "one per issue", "GP extract", "gp_extract", ("issue_id",), (
        _id("issue_id", "Row identifier of the source"), *GP_PERSON,
        _date("issue_date", "Date of issue"),
        _text("dmd_code", "dm+d identifier", sensitivity="special", check="snomed", withholds_row=True),
        _text("bnf_code", "BNF code, up to 15 characters", sensitivity="special", pattern=BNF),
        Column("quantity", "float", "Quantity issued", unit="dose units", low=0),
        Column("duration_days", "int", "Days supplied", unit="days", low=0, high=400),
        Column("is_repeat", "bool", "Repeat authorisation"), _practice(),
    ), date="issue_date"),
    Table("gp_appointment", "GP appointments", "one per appointment", "GP Appointments Data", "gp_extract",
          ("appointment_id",), (
              _id("appointment_id", "Row identifier of the source"), *GP_PERSON,
              _date("appt_date", "Date of the appointment"),
              _text("status", "APPT STATUS", codes=("Attended", "DNA", "Unknown", "Cancelled")),
              _text("mode", "APPT MODE", codes=("Face-to-face", "Telephone", "Video/Online", "Home visit",
                                                "Unknown")),
              _text("hcp_type", "HCP TYPE", codes=("GP", "Other practice staff", "Unknown")), _practice(),
          ), date="appt_date"),
    Table("apc_episode", "Admitted patient care episodes", "one per finished consultant episode",
          "SUS+ / HES APC", "sus_apc", ("epikey",), (
              _id("epikey", "EPIKEY"), _text("spell_id", "Hospital provider spell", fillers=("-1",)), *PERSON,
              Column("admidate", "date", "Date of admission", not_before="birth_month"),
              Column("disdate", "date", "Date of discharge; null while in hospital", not_before="admidate",
                     open_ended=True),
              _date("epistart", "First day of the episode"),
              Column("epiend", "date", "Last day of the episode", not_before="epistart"),
              Column("epiorder", "int", "Place of the episode in its spell", low=1, high=87),
              _text("admimeth", "ADMIMETH: 11-13 elective; 21-25, 28, 2A-2D emergency", codes=ADMIMETH),
              _text("classpat", "1 ordinary, 2 day case, 3 and 4 regular, 5 mother and baby",
                    codes=("1", "2", "3", "4", "5", "8", "9")),
              *_DIAGNOSES, *_OPERATIONS,
              _text("procode", "Provider (ODS)", sensitivity="administrative", pattern=r"[A-Z0-9]{3,5}"),
              _text("tretspef", "Treatment function", pattern=NUMERIC_CODE, fillers=("99",)),
              _practice("gppract", "GP practice recorded by the hospital"),
          ), date="epistart"),
    Table("ecds_attendance", "Emergency department attendances", "one per attendance", "ECDS", "ecds",
          ("attendance_id",), (
              _id("attendance_id", "Row identifier of the source"), *PERSON,
              _date("arrival_date", "Date of arrival"),
              _text("arrival_time", "Time of arrival, HH:MM", pattern=r"([01][0-9]|2[0-3]):?[0-5][0-9]"),
              Column("duration_minutes", "int", "Arrival to departure", unit="minutes", low=0, high=10_080,
                     typical=(20, 2_000)),
              _text("department_type", "01 consultant-led, 02 mono-specialty, 03 UTC, 04 walk-in, 05 SDEC",
                    codes=("01", "02", "03", "04", "05", "99")),
              _text("attendance_category", "1 first, 2-3 unplanned follow-up, 4 planned",
                    codes=("1", "2", "3", "4", "9")),
              _text("chief_complaint", "SNOMED CT", sensitivity="special", check="snomed"),
              _text("diagnosis_code_1", "SNOMED CT", sensitivity="special", check="snomed"),
              _text("accommodation_status", "SNOMED CT; signals no fixed abode", sensitivity="special",
                    check="snomed"),
              _text("discharge_status", "SNOMED CT", check="snomed"),
              _text("procode", "Provider (ODS)", sensitivity="administrative", pattern=r"[A-Z0-9]{3,5}"),
          ), date="arrival_date"),
    Table("op_attendance", "Outpatient appointments", "one per appointment", "SUS+ / HES OP", "sus_op",
          ("attendkey",), (
              _id("attendkey", "ATTENDKEY"), *PERSON, _date("apptdate", "Date of the appointment"),
              _text("attended", "5, 6 seen; 7 late, not seen; 2, 3, 4 cancelled or missed; 0 not known",
                    codes=ATTENDED),
              _text("firstatt", "1, 3 first; 2, 4 follow-up", codes=("1", "2", "3", "4", "5", "9")),
              _text("tretspef", "Treatment function", pattern=NUMERIC_CODE, fillers=("99",)),
              _text("procode", "Provider (ODS)", sensitivity="administrative", pattern=r"[A-Z0-9]{3,5}"),
          ), date="apptdate"),
    Table("csds_contact", "Community care contacts", "one per contact", "CSDS", "csds", ("care_contact_id",), (
        _id("care_contact_id", "CARE CONTACT IDENTIFIER"), *PERSON,
        _date("contact_date", "CARE CONTACT DATE"),
        _text("attended", "ATTENDANCE STATUS; 5, 6 attended", codes=ATTENDED),
        _text("team_type", "SERVICE OR TEAM TYPE", pattern=r"[0-9]{1,3}"),
    ), date="contact_date"),
    Table("mhsds_contact", "Mental health care contacts", "one per contact", "MHSDS", "mhsds", ("contact_id",), (
        _id("contact_id", "CARE CONTACT IDENTIFIER"), *PERSON,
        _date("contact_date", "CARE CONTACT DATE"),
        _text("referral_id", "SERVICE REQUEST IDENTIFIER"),
        Column("referral_date", "date", "REFERRAL REQUEST RECEIVED DATE"),
        _text("attended", "ATTENDANCE STATUS; 5, 6 attended", codes=ATTENDED),
        _text("accommodation_type", "ACCOMMODATION TYPE (MHS003)", sensitivity="special", pattern=r"[A-Z0-9]{2}"),
    ), date="contact_date"),
    Table("asc_event", "Adult social care events", "one per request, assessment, service or review",
          "Adult Social Care Client Level Data", "asc_cld", ("asc_event_id",), (
              _id("asc_event_id", "Row identifier of the source"), *PERSON,
              _text("la_code", "LA code", sensitivity="administrative", pattern=r"[0-9]{3}"),
              _text("client_type", "Client Type", codes=("Service User", "Carer", "Carer known by association")),
              _text("event_type", "Event Type", codes=("Request", "Assessment", "Service", "Review")),
              _date("event_start", "Event Start Date"),
              Column("event_end", "date", "Event End Date; null while open", not_before="event_start", open_ended=True),
              _text("service_type", "Service Type", codes=(
                  "Long Term Support: Nursing", "Long Term Support: Residential", "Long Term Support: Community",
                  "Short Term Support", "Carer Support")),
              _text("primary_support_reason", "Primary Support Reason", sensitivity="special"),
              _text("accommodation_status", "Accommodation Status", sensitivity="special"),
              Column("unit_cost_pence", "int", "Unit Cost", unit="pence per week", low=0, typical=(2_000, 500_000)),
          ), date="event_start"),
    Table("partner_list", "Council and voluntary-sector lists", "one per person and list", "Local agreement",
          "partner_list", ("row_id",), (
              _id("row_id", "Row identifier of the source"), *PERSON, HOUSEHOLD_TOKEN,
              _name("list_name", "Name of the list", required=True, sensitivity="administrative", optional=False),
              _name("flag", "Domain of the flag", sensitivity="special"),
              _date("list_date", "Date at which the list was true"),
          ), date="list_date"),
    Table("address_list", "Lists of addresses", "one per address and list", "Local agreement", "address_list",
          ("row_id",), (
              _id("row_id", "Row identifier of the source"),
              _text("household_token", "Pseudonym of the UPRN, given before arrival", pattern=TOKEN,
                    forms=("pseudonymised",), optional=False),
              _text("uprn", "Unique Property Reference Number", sensitivity="identifying", pattern=UPRN,
                    fillers=("0",), forms=("identified",), optional=False),
              _name("list_name", "Name of the list; `/` parts it from a value in rules", required=True,
                    sensitivity="administrative", pattern="[^/]+", optional=False),
              _name("value", "What the list says of the address, such as the energy band of a dwelling",
                    sensitivity="special"),
              _date("list_date", "Date at which the list was true"),
          ), date="list_date"),
    Table("programme_enrolment", "Enrolments in a programme", "one per enrolment", "Local agreement", "programme",
          ("enrolment_id",), (
              _id("enrolment_id", "Row identifier of the source"), *PERSON,
              _name("programme", "Code of the programme", required=True, sensitivity="administrative",
                    optional=False),
              _date("enrolled_from", "First day enrolled"),
              Column("enrolled_to", "date", "Last day enrolled; null while enrolled", not_before="enrolled_from",
                     open_ended=True),
          ), date="enrolled_from"),
    Table("death", "Deaths", "one per person who died", "Civil registrations of death", "deaths", ("death_id",), (
        _id("death_id", "Row identifier of the source"), *PERSON,
        _date("date_of_death", "Date of death"),
        _text("underlying_cause", "ICD-10", sensitivity="special", pattern=ICD10),
    ), date="date_of_death"),
    Table("practice", "GP practices", "one per practice and membership of a network", "ODS epraccur and ePCN",
          "reference", ("practice_code", "pcn_code", "pcn_from"), (
              _practice(required=True, optional=False),
              _name("practice_name", "Name", sensitivity="public"),
              _text("pcn_code", "Primary Care Network; null where the practice is in none", sensitivity="public",
                    pattern=PCN, fillers=(PCN_NOT_KNOWN,), optional=False),
              _name("pcn_name", "Name of the network", sensitivity="public"),
              Column("pcn_from", "date", "First day in the network", sensitivity="public"),
              Column("pcn_to", "date", "Last day in the network; null while in it", sensitivity="public",
                     not_before="pcn_from", open_ended=True),
              _text("sub_icb_code", "Sub ICB Location: the place that the network belongs to", sensitivity="public"),
              _name("sub_icb_name", "Name of the place", sensitivity="public"),
              _text("icb_code", "Integrated Care Board", sensitivity="public"),
              Column("open_date", "date", "First day open", sensitivity="public"),
              Column("close_date", "date", "Last day open; null while open", sensitivity="public",
                     not_before="open_date", open_ended=True),
              _practice("successor_code", "Practice that this one was merged into", optional=True),
              Column("published_list_size", "int", "Published list size", unit="people", low=0,
                     sensitivity="public"),
          )),
    Table("practice_register", "Published registers and list sizes", "one per practice and register",
          "QOF, practice level", "reference", ("practice_code", "register"), (
              _practice(required=True, optional=False),
              _name("register", "Register: af, asthma, ... as in parameters/registers; list_size for the list",
                    sensitivity="public", required=True, optional=False),
              Column("published_count", "int", "People on it, as published", unit="people", low=0,
                     sensitivity="public", required=True, optional=False),
              Column("as_at", "date", "Day that the count was true", sensitivity="public", required=True,
                     optional=False),
          )),
    Table("area", "Small areas", "one per LSOA", "ONS and MHCLG", "reference", ("lsoa",), (
        _text("lsoa", "LSOA code", sensitivity="public", pattern=LSOA, required=True, optional=False),
        _name("lsoa_name", "LSOA name", sensitivity="public"),
        Column("lsoa_vintage", "int", "Census year of the code", sensitivity="public", required=True,
               optional=False, low=2001, high=2031),
        _text("imd_version", "IMD2019 or IoD2025", sensitivity="public", codes=("IMD2019", "IoD2025")),
        Column("imd_rank", "int", "Rank in England; 1 most deprived", sensitivity="public", low=1, high=40_000),
        Column("imd_decile", "int", "Decile in England; 1 most deprived", sensitivity="public", low=1, high=10),
        _text("rural_urban", "Urban or Rural", sensitivity="public", codes=("Urban", "Rural")),
        _text("ward_code", "Electoral ward that the area lies in, or mostly", sensitivity="public",
              pattern=r"[EW]05[0-9]{6}"),
        _name("ward_name", "Name of the ward", sensitivity="public"),
        Column("population", "int", "Usual residents", unit="people", sensitivity="public", low=0),
    )),
    Table("postcode_area", "Postcodes", "one per postcode", "ONSPD", "reference", ("postcode",), (
        _text("postcode", "Postcode", sensitivity="public", pattern=POSTCODE, required=True, optional=False),
        _text("lsoa", "LSOA code", sensitivity="public", pattern=LSOA),
    )),
    *LINKAGE_AGGREGATES,
)}
# fmt: on
# Counts by `phm link`, for the pages on the quality of linkage.
LINKAGE_TABLES = tuple(name for name, table in TABLES.items() if table.made_by_link)
# Outlines of small areas: a GeoPackage, not a table of rows; columns `lsoa` and `geometry` (EPSG:27700).
BOUNDARY_FILE = "boundary.gpkg"
CRS = "EPSG:27700"
