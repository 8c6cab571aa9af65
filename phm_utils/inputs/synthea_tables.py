"""The extracts made of Synthea's CSV export: one SELECT per table, over its files as views of text.

Synthea makes up American patients, so some things have no English counterpart.
The comment above each SELECT gives the meaning; `NOT_READ` lists what is not read.
"""

PRACTICE, PCN, ICB = "Y99901", "U99901", "QZY"

# The files that must be there and those that may be, with the columns that are read.
NEEDED = {
    "patients": ("Id", "BIRTHDATE", "DEATHDATE", "RACE", "GENDER"),
    "encounters": ("Id", "START", "STOP", "PATIENT", "ENCOUNTERCLASS", "CODE", "REASONCODE"),
    "conditions": ("START", "PATIENT", "CODE"),
    "procedures": ("START", "PATIENT", "CODE"),
}
OPTIONAL = {
    "immunizations": ("DATE", "PATIENT", "CODE"),
    "observations": ("DATE", "PATIENT", "CODE", "VALUE", "UNITS"),
}
NOT_READ = {
    "medications": "coded in RxNorm, which gives no BNF code: columns on medicines are left out",
    "allergies": "no table has a place for them",
    "careplans": "no table has a place for them",
}
CLASSES = ("wellness", "ambulatory", "virtual", "outpatient", "emergency", "urgentcare", "inpatient")
DEATH_CERTIFICATION = "308646001"  # an encounter after death: nobody was seen

# Vaccines are coded in CVX. One SNOMED CT procedure each for the vaccinations that the person table has:
# influenza, Covid-19 and pneumococcal disease.
VACCINES = {
    "86198006": ("15", "16", "88", "135", "140", "141", "150", "155", "158", "161", "168", "171", "185", "197", "205"),
    "840534001": ("207", "208", "210", "211", "212", "213", "217", "218", "219", "221", "228", "229", "300", "301"),
    "12866006": ("33", "100", "109", "133", "152", "215", "216"),
}
# Observations are coded in LOINC. By LOINC code: the unit that it must come in, the SNOMED CT concept and our unit,
# and what its value is multiplied by and then added to. HbA1c: IFCC = 10.929 x (NGSP - 2.15).
OBSERVATIONS = (
    ("39156-5", "kg/m2", "60621009", "kg/m2", 1.0, 0.0),
    ("8480-6", "mm[Hg]", "271649006", "mmHg", 1.0, 0.0),
    ("8462-4", "mm[Hg]", "271650006", "mmHg", 1.0, 0.0),
    ("4548-4", "%", "999791000000106", "mmol/mol", 10.929, -10.929 * 2.15),
    ("2093-3", "mg/dL", "412808005", "mmol/L", 1 / 38.67, 0.0),
    ("33914-3", "mL/min/{1.73_m2}", "1011481000000105", "mL/min/1.73m2", 1.0, 0.0),
)

_PAIRS = ", ".join(f"('{code}', '{cvx}')" for code, many in VACCINES.items() for cvx in many)
_VACCINE = f"INNER JOIN (VALUES {_PAIRS}) AS vaccine (code, cvx) ON vaccine.cvx = ltrim(x.CODE, '0')"
_OBSERVED = (
    f"INNER JOIN (VALUES {', '.join(map(str, OBSERVATIONS))}) AS observed (loinc, theirs, code, ours, times, plus) "
    "ON observed.loinc = x.CODE AND observed.theirs = x.UNITS"
)
_VALUE = "round(TRY_CAST(x.VALUE AS DOUBLE) * observed.times + observed.plus, 1)"
_TOKEN = "left(sha256('synthea ' || {}), 32)"


def _about(column: str = "x.PATIENT") -> str:
    """Who a row is about: the token in place of Synthea's id, sex and month of birth."""
    return f"{_TOKEN.format(column)} AS token_person_id, person.sex, person.birth_month"


def _number(letter: str, order: str) -> str:
    """A row's own id: a letter for its file, and its place in an order that does not depend on that of the file."""
    return f"'{letter}' || row_number() OVER (ORDER BY {order})"


def _entry(letter: str, file: str, day: str, code: str = "x.CODE", value: str = "NULL", unit: str = "NULL",
           joined: str = "") -> str:  # fmt: skip
    """GP coded entries from one file, each with its day (a column of the file)."""
    return f"""SELECT {_number(letter, f"x.PATIENT, x.{day}, x.CODE, {value}")} AS event_id,
    {_TOKEN.format("x.PATIENT")} AS token_person_id, left(x.{day}, 10) AS event_date, {code} AS snomed_code,
    CAST({value} AS DOUBLE) AS value_num, CAST({unit} AS VARCHAR) AS unit, '{PRACTICE}' AS practice_code
    FROM {file} AS x {joined}"""


# One row per patient, for the tables that follow. Sex other than F or M is not known.
PERSON = """SELECT
    Id, CASE GENDER WHEN 'M' THEN '1' WHEN 'F' THEN '2' ELSE 'X' END AS sex,
    left(BIRTHDATE, 7) || '-01' AS birth_month, nullif(left(DEATHDATE, 10), '') AS died
FROM patients"""

# Encounters that somebody came to, with times. Inpatient encounters that overlap are one stay: Synthea
# writes one for each ward. A stay that begins within a day of an emergency department's encounter is
# taken for an emergency admission through that department; the method of other admissions is not recorded.
SEEN = f"""SELECT *, TRY_CAST(START AS TIMESTAMP) AS began, TRY_CAST(STOP AS TIMESTAMP) AS ended
FROM encounters WHERE CODE IS DISTINCT FROM '{DEATH_CERTIFICATION}'"""
STAY = """WITH ordered AS (
    SELECT *, max(ended) OVER (
        PARTITION BY PATIENT ORDER BY began, Id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS ended_before
    FROM seen WHERE ENCOUNTERCLASS = 'inpatient'
), numbered AS (
    SELECT *, count(CASE WHEN ended_before IS NULL OR began > ended_before THEN 1 END) OVER (
        PARTITION BY PATIENT ORDER BY began, Id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS stay
    FROM ordered
)
SELECT *, min(began) OVER whole AS admitted, max(ended) OVER whole AS discharged,
    row_number() OVER (PARTITION BY PATIENT, stay ORDER BY began, Id) AS place
FROM numbered WINDOW whole AS (PARTITION BY PATIENT, stay)"""
VIEWS = {"person": PERSON, "seen": SEEN, "stay": STAY}

TABLES = {
    # Everybody is registered with one simulated practice from their first encounter until they died.
    # Race is recorded and ethnicity by the English categories is not: "any other background" of the group.
    "gp_registration": f"""SELECT
    {_number("r", "x.Id")} AS registration_id, {_about("x.Id")},
    CASE x.RACE WHEN 'white' THEN 'C' WHEN 'black' THEN 'P' WHEN 'asian' THEN 'L' WHEN 'native' THEN 'S'
        WHEN 'hawaiian' THEN 'S' WHEN 'other' THEN 'S' ELSE '99' END AS ethnicity,
    '{PRACTICE}' AS practice_code,
    coalesce((SELECT min(left(seen.START, 10)) FROM seen WHERE seen.PATIENT = x.Id), person.birth_month)
        AS registered_from,
    person.died AS registered_to
    FROM patients AS x LEFT JOIN person ON person.Id = x.Id""",
    # The GP record has every condition and procedure, whoever recorded it, and no end of a condition.
    "gp_event": "\nUNION ALL\n".join(
        (
            _entry("c", "conditions", "START"),
            _entry("p", "procedures", "START"),
            _entry("v", "immunizations", "DATE", code="vaccine.code", joined=_VACCINE),
            _entry("o", "observations", "DATE", "observed.code", _VALUE, "observed.ours", _OBSERVED),
        )
    ),
    # Wellness and ambulatory encounters are general practice here, outpatient ones the hospital's.
    "gp_appointment": f"""SELECT {_number("a", "x.Id")} AS appointment_id,
    {_TOKEN.format("x.PATIENT")} AS token_person_id, left(x.START, 10) AS appt_date, 'Attended' AS status,
    CASE x.ENCOUNTERCLASS WHEN 'virtual' THEN 'Video/Online' ELSE 'Unknown' END AS mode,
    '{PRACTICE}' AS practice_code
    FROM seen AS x WHERE x.ENCOUNTERCLASS IN ('wellness', 'ambulatory', 'virtual')""",
    "op_attendance": f"""SELECT {_number("n", "x.Id")} AS attendkey, {_about()},
    left(x.START, 10) AS apptdate, '5' AS attended
    FROM seen AS x LEFT JOIN person ON person.Id = x.PATIENT WHERE x.ENCOUNTERCLASS = 'outpatient'""",
    # An urgent care clinic is an urgent treatment centre (03).
    "ecds_attendance": f"""SELECT {_number("e", "x.Id")} AS attendance_id, {_about()},
    left(x.START, 10) AS arrival_date, substr(x.START, 12, 5) AS arrival_time,
    date_diff('minute', x.began, x.ended) AS duration_minutes,
    CASE x.ENCOUNTERCLASS WHEN 'emergency' THEN '01' ELSE '03' END AS department_type, '1' AS attendance_category,
    x.REASONCODE AS diagnosis_code_1
    FROM seen AS x LEFT JOIN person ON person.Id = x.PATIENT
    WHERE x.ENCOUNTERCLASS IN ('emergency', 'urgentcare')""",
    # No ICD-10 or OPCS-4 codes: an admission without its diagnoses.
    "apc_episode": f"""SELECT {_number("i", "x.Id")} AS epikey,
    left(sha256('stay ' || x.PATIENT || x.stay), 16) AS spell_id, {_about()},
    CAST(x.admitted AS DATE) AS admidate, CAST(x.discharged AS DATE) AS disdate,
    CAST(x.began AS DATE) AS epistart, CAST(x.ended AS DATE) AS epiend, x.place AS epiorder,
    CASE WHEN EXISTS (
        SELECT 1 FROM seen AS emergency WHERE emergency.PATIENT = x.PATIENT AND emergency.ENCOUNTERCLASS = 'emergency'
            AND x.admitted BETWEEN emergency.began AND emergency.ended + INTERVAL 1 DAY
    ) THEN '21' END AS admimeth
    FROM stay AS x LEFT JOIN person ON person.Id = x.PATIENT""",
    "death": f"""SELECT {_number("d", "x.Id")} AS death_id, {_about("x.Id")}, person.died AS date_of_death
    FROM patients AS x INNER JOIN person ON person.Id = x.Id WHERE person.died IS NOT NULL""",
    "practice": f"""SELECT '{PRACTICE}' AS practice_code, 'Synthea practice' AS practice_name,
    '{PCN}' AS pcn_code, 'Synthea network' AS pcn_name, '{ICB}' AS icb_code""",
}
