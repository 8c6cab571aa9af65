"""Deficits, circumstances and late stages of disease as planted, as well as the long-term conditions of `prevalence`.

Frailty indices, registers and segments ask for them. They have their own
random numbers: whatever changes here leaves the conditions as they were.
"""

from phm_utils.synthetic.prevalence import Condition, read_table

# As the table of `prevalence`; the percentages are of people whom no link below lifts.
_TABLE = """
concept               grad  fem frail rev res icd10      2     15   25   35  45  55   65   75   85   95
activity_limitation     .3   .1    .8  .2   0     -      .01    .02   .1   .2  .4 1.1  3.6  7.8   16   28
anaemia                .15   .6    .5 .25   0     -        1    1.5    4    5   5   5  9.8   15   23   28
care_requirement       .25   .2    .9 .25   0     -      .05     .1   .1  .15  .3  .6  1.6  3.9   12   28
dizziness              .15   .4    .6  .1   0     -       .1      1    2    3   4 6.6   14   22   29   29
dyspnoea               .35    0    .7  .2   0     -       .8     .8    1  1.5 2.5 4.4   10   16   23   25
falls                   .2   .3    .7 .25   0     -       .5     .7   .8    1   2 3.9   10   22   41   52
foot_problems          .15   .2    .5  .2   0     -       .2     .4   .5   .8 1.5 3.3  9.8   16   24   28
fragility_fracture      .1   .9    .4  .1   0     -     1e-4   1e-3   .1   .2  .3  .9  3.2    7   13   21
hearing_loss           .12 -.25    .2 .12   0     -      1.5    1.5    1  1.5   3 6.6   20   35   48   55
heart_valve_disease    .05  -.2    .4  .4   0     -       .1     .1  .15   .2  .4   1  3.2    7   11   12
hyperthyroidism        .05  1.4   .1  .3   0     -     .01    .05   .3   .5  .7  .9    1  1.2  1.3  1.2
hypotension_syncope     .1   .1    .6  .1   0     -       .1      1  1.5  1.5   2 3.3  8.8   16   24   26
cognitive_problems     .15   .1    .5 .25   0     -     1e-3   1e-3  .02  .05  .1  .3  1.3  3.9  9.6   12
mobility_problems       .3   .2    .9 .25   0     -      .05     .1  .15   .3  .6 1.7  5.7   14   31   42
peptic_ulcer            .3  -.3    .3  .1   0     -      .01    .05   .2   .5 1.2 2.4  5.7  7.8  8.8  8.7
skin_ulcer              .3  -.1    .6  .4   0     -      .02    .05   .1   .2  .5 1.1  2.9  6.2   13   20
sleep_disturbance       .2   .3    .5  .1   0     -       .5    1.2    3  4.5   6 8.2   14   15   14   12
social_vulnerability   .45   .1    .7  .1   0     -       .4     .8   .8    1 1.4   2  5.2   11   23   32
urinary_incontinence   .15   .7    .7 .15   0     -       .3     .3   .5  1.2 2.5 4.4  9.8   15   23   29
urinary_system_disease .08  -.1    .4  .2   0     -       .8      1  1.5    2 3.5 6.6   17   28   32   31
visual_impairment       .1   .1    .3 .15   0     -       .3     .3   .4   .5   1 2.8   11   28   45   52
weight_loss            .25   .1    .7 .15   0     -       .3     .3   .5   .6  .9 1.7  4.5  8.5   14   18
irritable_bowel         .0    1   .2 .12   0     -     .01    1.2    4  5.5   6   6    6  5.5  4.5  3.5
connective_tissue      .05  1.6   .2  .4   0     -     .02     .1  .25   .5  .8 1.1  1.4  1.4  1.1   .8
ndh                     .3 -.05   .3  .6   0     -    1e-4   1e-3   .6    2   5   9   14   18   18   13
dxa                      0  1.3   .1 .05   0     -    1e-4   1e-3  .02   .1  .3   1  3.2    6    7    5
substance_misuse       .65  -.7   .3 1.5   0     -    1e-4     .1  .9  1.3  1.2  .7  .25  .08  .02  .01
has_carer              .25   .1   .7 .25   0     -      .2     .3   .2  .25  .3  .5    1  2.5    8   17
end_stage_renal         .1  -.2   .2   4   0     -       5      9   10    9   7   5  3.5  2.2  1.2   .7
end_stage_liver         .3  -.3   .3   4   0     -       1      2    3    5   7   8    8    7    6    5
end_stage_heart         .2  -.2   .5   4   0     -       3      3    3    3   4   4    5    6    8    9
end_stage_copd          .2    0   .5   4   0     -       1      1    1    1   1 1.5    2  2.5    3    3
"""
FACTS: tuple[Condition, ...] = read_table(_TABLE)
FACT_NAMES = tuple(c.concept for c in FACTS)
# Late stages: shares of the people who have the disease, never of others.
STAGE_OF = {
    "end_stage_renal": "ckd",
    "end_stage_liver": "chronic_liver_disease",
    "end_stage_heart": "heart_failure",
    "end_stage_copd": "copd",
}
# Planted links: log-odds where the factor holds, or per unit of it.
FACT_LINKS = (
    ("activity_limitation", "housebound", 1.6),
    ("activity_limitation", "multiple_sclerosis", 1.5),
    ("anaemia", "ckd", 0.8),
    ("anaemia", "cancer", 0.5),
    ("care_requirement", "care_home", 3.0),
    ("care_requirement", "dementia", 1.2),
    ("care_requirement", "learning_disability", 2.5),
    ("dyspnoea", "copd", 1.8),
    ("dyspnoea", "heart_failure", 1.5),
    ("falls", "parkinsons", 1.0),
    ("falls", "stroke_tia", 0.5),
    ("foot_problems", "diabetes", 0.9),
    ("fragility_fracture", "osteoporosis", 1.6),
    ("heart_valve_disease", "atrial_fibrillation", 1.2),
    ("cognitive_problems", "dementia", 2.5),
    ("mobility_problems", "osteoarthritis", 0.6),
    ("mobility_problems", "parkinsons", 1.5),
    ("mobility_problems", "multiple_sclerosis", 2.5),
    ("mobility_problems", "housebound", 1.2),
    ("skin_ulcer", "diabetes", 0.6),
    ("skin_ulcer", "pad", 1.2),
    ("sleep_disturbance", "depression", 0.7),
    ("social_vulnerability", "need", 0.5),
    ("social_vulnerability", "homeless", 2.0),
    ("visual_impairment", "diabetes", 0.5),
    ("weight_loss", "cancer", 0.7),
    ("weight_loss", "dementia", 0.7),
    ("ndh", "bmi", 0.06),
    ("ndh", "diabetes", -1.5),
    ("dxa", "osteoporosis", 3.2),
    ("dxa", "fragility_fracture", 1.2),
    ("substance_misuse", "need", 0.6),
    ("substance_misuse", "homeless", 2.5),
    ("substance_misuse", "alcohol_problems", 1.5),
    ("substance_misuse", "smi", 1.2),
    ("has_carer", "dementia", 1.5),
    ("has_carer", "housebound", 1.0),
    ("has_carer", "learning_disability", 2.5),
)
# The deficits that count towards frailty, in the simulator's own words: any of a group is one. The thirty-sixth,
# polypharmacy, is in no code list.
DEFICITS: tuple[tuple[str, ...], ...] = (
    *((name,) for name in FACT_NAMES[: FACT_NAMES.index("irritable_bowel")]
      if name not in ("hyperthyroidism", "cognitive_problems")),
    ("osteoarthritis", "rheumatoid_arthritis"),
    ("cognitive_problems", "dementia"),
    ("hypothyroidism", "hyperthyroidism"),
    ("asthma", "copd"),
    *((name,) for name in ("atrial_fibrillation", "stroke_tia", "ckd", "diabetes", "heart_failure", "housebound",
                           "hypertension", "chd", "osteoporosis", "parkinsons", "pad")),
)  # fmt: skip
