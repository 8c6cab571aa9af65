"""`truth/effects.json`: every planted gradient, ratio and fault, and the resulting counts."""

from dataclasses import asdict

import numpy as np

from phm_utils.synthetic import (
    admissions,
    appointments,
    attacks,
    care,
    conditions,
    contact_notes,
    contacts,
    continuing_care,
    data_errors,
    days,
    diagnoses,
    emergency,
    facts,
    follow_up,
    geography,
    lives,
    medicines,
    mental_illness_checks,
    network,
    outreach,
    partners,
    prevention,
    programmes,
    references,
    vaccinations,
)
from phm_utils.synthetic import published_registers as registers
from phm_utils.synthetic.deficits import DEFICITS, FACT_LINKS, FACTS, STAGE_OF
from phm_utils.synthetic.household_effects import household_effects
from phm_utils.synthetic.prevalence import AGES, CONDITIONS


def effects(summaries: list[dict]) -> dict:
    """The planted effects, with the counts of the simulated networks."""
    return {
        "reading": "Gradients are log-odds or log ratios per unit of `deprivation`: 1 in decile 1, -1 in decile 10.",
        "conditions": {c.concept: asdict(c) for c in CONDITIONS},
        "condition_ages": AGES,
        "condition_links": conditions.LINKS,
        "facts": {c.concept: asdict(c) | {"only_of": STAGE_OF.get(c.concept)} for c in FACTS},
        "fact_links": FACT_LINKS,
        "facts_new_in_five_years": facts.FACT_ONSET_SHARE,
        "frailty": _frailty(),
        "alcohol_risk_recorded": facts.ALCOHOL_RECORDED,
        "alcohol_risk_recorded_severe_mental_illness": facts.ALCOHOL_RECORDED_SMI,
        "pneumococcal_vaccination": {
            "aged_65_and_over": facts.PNEUMOCOCCAL_FROM_65,
            "at_risk": facts.PNEUMOCOCCAL_AT_RISK,
            "log_ratio_per_deprivation": facts.PNEUMOCOCCAL_GRADIENT / 3,
        },
        "medicines": [asdict(one) for one in (*medicines.REPEATS, *medicines.MORE_REPEATS, *medicines.LAST_REPEATS)],
        "asthma_attacks": {"gradient": attacks.GRADIENT, "treated_share": attacks.TREATED_SHARE},
        "care": _care(),
        "hospital": _hospital(),
        "registers": _registers(summaries),
        "gradients": _gradients(),
        "emergency_log_ratios": emergency.RATIOS,
        "vaccination_log_odds": {
            "covid_black": vaccinations.COVID_BLACK,
            "covid_south_asian": vaccinations.COVID_SOUTH_ASIAN,
        },
        "rising_contacts": {
            "of_people_in_continuing_care": continuing_care.RISING,
            "ratios": continuing_care.RATIOS,
            "contacts_a_year": continuing_care.PER_YEAR,
            "rate_shape": continuing_care.RATE_SHAPE,
            "networks": {geography.pcn_code(s["pcn"]): s["rising"] for s in summaries},
        },
        "outreach": _outreach(),
        "households_at_risk": household_effects(summaries),
        "programmes": [asdict(p) | _take_up(p, summaries) for p in programmes.PROGRAMMES],
        "lists": [asdict(one) for one in partners.LISTS],
        "list_editions": [str(partners.EARLIER_DATE), str(partners.LIST_DATE)],
        "list_overlap": _overlap(summaries),
        "dirt": _dirt(),
        "counts": {geography.pcn_code(s["pcn"]): {"people": s["people"], **s["rows"]} for s in summaries},
    }


def _care() -> dict:
    """Shares and gradients of reviews, checks, screening and vaccinations."""
    return {
        "reviews_a_year": {name: {"share": share, "gradient": of} for name, (share, of) in care.SHARES.items()},
        "habit": care.HABIT,
        "at_diabetes_review": care.AT_DIABETES_REVIEW,
        "mental_illness_check": {
            "share": mental_illness_checks.SHARE,
            "gradient": mental_illness_checks.GRADIENT,
            "each_element": mental_illness_checks.ELEMENT_DONE,
        },
        "medication_reviewed_by_age": care.MEDICATION_REVIEWED,
        "cervical_screening": {"share": prevention.CERVICAL, "gradient": prevention.CERVICAL_GRADIENT},
        "bowel_screening": {"share": prevention.BOWEL, "gradient": prevention.BOWEL_GRADIENT},
        "mmr": {"first": prevention.MMR_FIRST, "second": prevention.MMR_SECOND, "gradient": prevention.MMR_GRADIENT},
        "shingles": {"share": prevention.SHINGLES, "gradient": prevention.SHINGLES_GRADIENT},
    }


def _outreach() -> dict:
    """The planted lists, and shares of what came of them."""
    return {
        "network": geography.pcn_code(outreach.PCN),
        "list_made": str(days.DATES[follow_up.LIST_DAY]),
        "list_expires": str(days.DATES[outreach.EXPIRES]),
        "last_event": str(days.DATES[follow_up.LAST_DAY]),
        "most_people": outreach.MOST,
        outreach.CERVICAL: {
            "comes": outreach.COMES,
            "declines": outreach.DECLINES,
            "does_not_respond": outreach.SILENT,
            "tried_again": outreach.TRIED_AGAIN,
            "then_a_third_time": outreach.TRIED_A_THIRD_TIME,
            "comes_late": outreach.COMES_LATE,
        },
        outreach.FRAILTY: {
            "offered": outreach.OFFERED,
            "letter": outreach.LETTER_SENT,
            "failed_tries": outreach.FAILED_TRIES,
            "accepts": outreach.ACCEPTS,
            "refuses": outreach.REFUSES,
            "reviewed": outreach.REVIEWED,
        },
    }


def _frailty() -> dict:
    return {
        "deficits": DEFICITS,
        "from_deficits_of_36": dict(zip(facts.FRAILTIES, facts.FRAILTY_FROM, strict=True)),
        "coded_share_fit_mild_moderate_severe": facts.FRAILTY_CODED,
    }


def _hospital() -> dict:
    """What is coded in hospital: shares of stays."""
    return {
        "reasons_of_emergency_stays": {one.name: asdict(one) for one in diagnoses.REASONS},
        "complications": diagnoses.COMPLICATIONS,
        "complication_coded": diagnoses.COMPLICATION_CODED,
        "signs_at_60_and_90": diagnoses.SIGNS,
        "homelessness": {"code": diagnoses.HOMELESSNESS, "share_of_stays": diagnoses.HOMELESS_CODED},
    }


def _registers(summaries: list[dict]) -> dict:
    """The true counts by practice, the published ones, and the one that is wrong on purpose."""
    return {
        "told": registers.REGISTERS,
        "not_told": ["obesity"],
        "published_within": references.REGISTER_WOBBLE,
        "miscounted": {
            "practice_code": references.MISCOUNTED_PRACTICE,
            "register": references.MISCOUNTED_REGISTER,
            "times": references.MISCOUNTED_BY,
        },
        "true_counts": {code: found for s in summaries for code, found in s["registers"].items()},
    }


def _gradients() -> dict[str, float]:
    return {
        "appointments": appointments.GRADIENT,
        "ed_attendances": emergency.GRADIENT,
        "direct_emergency_admissions": admissions.DIRECT_GRADIENT,
        "community_contacts": contacts.COMMUNITY_GRADIENT,
        "mental_health_referrals": contacts.MENTAL_HEALTH_GRADIENT,
        "social_care": contacts.SOCIAL_CARE_GRADIENT,
        "deaths": lives.DEATH_GRADIENT,
        "covid_vaccination": vaccinations.COVID_GRADIENT,
        "flu_vaccination": vaccinations.FLU_GRADIENT,
    }


def _take_up(programme: programmes.Programme, summaries: list[dict]) -> dict[str, dict[str, int]]:
    """People ever eligible in the months of enrolment, and enrolled, by network that offers the programme."""
    offering = [s for s in summaries if programmes.offered(s["pcn"]) is programme]
    return {name: {geography.pcn_code(s["pcn"]): s[name] for s in offering} for name in ("ever_eligible", "enrolled")}


def _overlap(summaries: list[dict]) -> dict:
    """People on each list (the diagonal) and on each pair of lists, over the simulated networks."""
    total = np.sum([np.array(s["list_overlap"]) for s in summaries], axis=0)
    names = [one.name for one in partners.LISTS]
    return {
        "people": {a: {b: int(total[i, j]) for j, b in enumerate(names)} for i, a in enumerate(names)},
        "on_any_list": sum(s["on_any_list"] for s in summaries),
        "registered_with_no_practice": sum(s["lists_not_registered"] for s in summaries),
    }


def _dirt() -> dict:
    rates = {
        name.lower(): value for name, value in vars(data_errors).items() if name.isupper() and isinstance(value, float)
    }
    return {
        "rows": rates,
        "identity": {table: asdict(faults) for table, faults in data_errors.IDENTITY.items()},
        "number_unknown": data_errors.NUMBER_UNKNOWN,
        "stale_practice": {"practice_code": network.STALE_PRACTICE, "last_day": str(network.STALE_FROM)},
        "mislisted_practice": {"practice_code": references.MISLISTED_PRACTICE, "times": references.MISLISTED_BY},
        "type_1_share": lives.TYPE_1_SHARE,
        "sensitive_share": contact_notes.SENSITIVE_SHARE,
        "national_opt_out_share": lives.NATIONAL_OPT_OUT_SHARE,
    }
