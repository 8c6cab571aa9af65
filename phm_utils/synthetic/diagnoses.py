"""Why people are in hospital, and what else is coded: ICD-10 as planted, tied to conditions, facts and need."""

from dataclasses import dataclass

from phm_utils.synthetic.prevalence import CONDITIONS

ICD10 = tuple(c.icd10 for c in CONDITIONS if c.icd10)
# Conditions that bring people to hospital by themselves; those of the mind and of drink are among REASONS.
FLARES = ("asthma", "atrial_fibrillation", "cancer", "chd", "copd", "dementia", "diabetes", "epilepsy",
          "heart_failure", "ckd", "pad", "palliative_care", "rheumatoid_arthritis", "stroke_tia", "parkinsons",
          "multiple_sclerosis", "chronic_liver_disease")  # fmt: skip
# What brings people of an age to hospital, apart from REASONS.
CHILD: dict[str, float] = {"J219": 3, "B349": 3, "R509": 2, "J069": 3, "A099": 2, "S525": 2, "R104": 1}
ADULT = {"R074": 3, "R104": 3, "N390": 1.5, "L031": 1.5, "R55X": 1, "K529": 1, "I269": 0.6, "K358": 1, "S8260": 1,
         "U071": 1, "J189": 1}  # fmt: skip
OLDER = {"J181": 3, "N390": 3, "A419": 2, "N179": 1.2, "U071": 1.5, "R55X": 1, "J440": 1, "I500": 1, "K922": 0.6,
         "R296": 0.4, "R074": 1}  # fmt: skip
ELECTIVE = {"H259": 3, "K573": 2, "Z098": 2, "M171": 1.5, "K409": 1, "Z511": 3, "C509": 1, "D509": 1, "N200": 0.7,
            "M5416": 0.8, "G560": 0.6, "K219": 1}  # fmt: skip
BIRTHS = {"O80X": 1, "Z380": 1}


@dataclass(frozen=True)
class Reason:
    """A main diagnosis of emergency stays: planted share by age, and what each condition or fact adds to it.

    codes, cause: ICD-10 with weights; the cause stands after the diagnosis.
    """

    name: str
    codes: dict[str, float]
    ages: tuple[float, ...]
    shares: tuple[float, ...]
    links: tuple[tuple[str, float], ...] = ()
    cause: dict[str, float] | None = None


_FALL = {"W190": 0.5, "W010": 0.25, "W180": 0.15, "W060": 0.1}
REASONS = (
    Reason("self_harm", {"T391": 0.55, "T430": 0.15, "T424": 0.15, "S619": 0.15},
           (10, 13, 18, 30, 50, 70, 95), (0, 0.03, 0.03, 0.014, 0.008, 0.002, 0.001),
           (("depression", 0.025), ("smi", 0.05), ("substance_misuse", 0.03), ("alcohol_problems", 0.02)),
           {"X610": 0.35, "X600": 0.35, "X640": 0.2, "X780": 0.1}),
    Reason("alcohol", {"F100": 0.4, "F103": 0.25, "K703": 0.15, "K852": 0.12, "T510": 0.08},
           (15, 18, 40, 60, 85), (0, 0.006, 0.006, 0.004, 0.001), (("alcohol_problems", 0.20),)),
    Reason("drugs", {"T401": 0.3, "F112": 0.25, "F192": 0.2, "T402": 0.15, "F142": 0.1},
           (15, 18, 40, 65), (0, 0.003, 0.003, 0.0005), (("substance_misuse", 0.20),)),
    Reason("mental_health", {"F329": 0.25, "F439": 0.2, "F200": 0.15, "F319": 0.15, "F603": 0.15, "F29X": 0.1},
           (12, 18, 50, 90), (0.004, 0.008, 0.006, 0.002), (("smi", 0.12), ("depression", 0.02), ("anxiety", 0.01))),
    Reason("dental", {"K047": 0.6, "K046": 0.1, "K052": 0.1, "K122": 0.2},
           (2, 8, 30, 60, 90), (0.004, 0.006, 0.006, 0.003, 0.001)),
    Reason("hip_fracture", {"S7200": 0.55, "S7210": 0.35, "S7220": 0.10},
           (50, 65, 75, 85, 95), (0.0005, 0.005, 0.012, 0.030, 0.040),
           (("osteoporosis", 0.01), ("fragility_fracture", 0.02)), _FALL),
    Reason("fall", {"S099": 0.3, "S0100": 0.2, "S525": 0.2, "S422": 0.15, "S325": 0.15},
           (40, 65, 80, 95), (0.004, 0.012, 0.035, 0.050), (("falls", 0.04), ("parkinsons", 0.02)), _FALL),
    Reason("stroke", {"I639": 0.75, "I619": 0.15, "I64X": 0.10},
           (30, 50, 65, 80, 95), (0.0005, 0.005, 0.012, 0.022, 0.022),
           (("stroke_tia", 0.015), ("atrial_fibrillation", 0.008))),
    Reason("heart_attack", {"I214": 0.7, "I219": 0.3},
           (30, 50, 65, 90), (0.0005, 0.010, 0.014, 0.012), (("chd", 0.02),)),
    Reason("confusion", {"F059": 0.4, "R410": 0.3, "R54X": 0.15, "R268": 0.15},
           (60, 75, 90), (0.001, 0.010, 0.030), (("cognitive_problems", 0.03), ("dementia", 0.02))),
)  # fmt: skip
# What an illness brings with it in a share of people, and is coded in their stays: condition or fact, share, ICD-10.
COMPLICATIONS = (
    ("chd", 0.22, "I252"),
    ("cancer", 0.10, "C787"),
    ("cancer", 0.05, "C793"),
    ("diabetes", 0.10, "E112"),
    ("diabetes", 0.05, "E114"),
    ("stroke_tia", 0.12, "G819"),
    ("dementia", 0.40, "G309"),
    ("dementia", 0.20, "F019"),
    ("ckd", 0.12, "N184"),
    ("end_stage_renal", 0.90, "N185"),
    ("end_stage_renal", 0.50, "Z992"),
    ("chronic_liver_disease", 0.15, "K766"),
    ("end_stage_liver", 0.80, "K729"),
    ("end_stage_copd", 0.60, "J961"),
    ("alcohol_problems", 0.15, "K703"),
    ("substance_misuse", 0.50, "F112"),
    ("substance_misuse", 0.30, "F191"),
    ("peptic_ulcer", 0.20, "K259"),
    ("connective_tissue", 0.40, "M329"),
    ("heart_valve_disease", 0.50, "I350"),
    ("hyperthyroidism", 0.30, "E059"),
)
# What else the notes of a stay show: ICD-10, condition or fact ("" is anybody), share at 60 and at 90 years.
SIGNS = (
    ("R296", "falls", 0.06, 0.18),
    ("W190", "falls", 0.02, 0.04),
    ("R410", "cognitive_problems", 0.12, 0.25),
    ("F059", "cognitive_problems", 0.05, 0.16),
    ("R54X", "", 0.0, 0.05),
    ("R54X", "care_requirement", 0.04, 0.18),
    ("R268", "mobility_problems", 0.12, 0.25),
    ("L899", "skin_ulcer", 0.08, 0.16),
    ("R32X", "urinary_incontinence", 0.10, 0.20),
    ("N390", "", 0.015, 0.10),
    ("B962", "", 0.008, 0.05),
    ("R31X", "", 0.008, 0.02),
    ("E871", "", 0.012, 0.06),
    ("E86X", "", 0.008, 0.05),
    ("N179", "", 0.015, 0.09),
    ("N179", "ckd", 0.06, 0.12),
    ("K590", "", 0.015, 0.08),
    ("R55X", "hypotension_syncope", 0.06, 0.10),
    ("I959", "hypotension_syncope", 0.06, 0.12),
    ("Z742", "care_requirement", 0.06, 0.12),
    ("Z751", "care_requirement", 0.03, 0.08),
    ("Z602", "social_vulnerability", 0.15, 0.30),
    ("R634", "weight_loss", 0.15, 0.20),
    ("H549", "visual_impairment", 0.06, 0.12),
    ("H919", "hearing_loss", 0.10, 0.18),
    ("D649", "anaemia", 0.20, 0.25),
    ("J189", "", 0.01, 0.04),
)
HOMELESSNESS, HOMELESS_CODED = "Z590", 0.45  # of the stays of people who are homeless
COMPLICATION_CODED = 0.8  # of the stays of people who have it
SIGN_FRAILTY, SIGNS_PLANNED = 0.30, 0.2  # log ratio per unit of frailty; share noted in stays that were planned
WORDS = tuple(
    dict.fromkeys(
        [*ICD10, *CHILD, *ADULT, *OLDER, *ELECTIVE, *BIRTHS]
        + [code for reason in REASONS for code in (*reason.codes, *(reason.cause or ()))]
        + [code for _, _, code in COMPLICATIONS]
        + [code for code, *_ in SIGNS]
        + [HOMELESSNESS]
    )
)
