"""`truth/effects.json`: every planted gradient, ratio and fault, and what came of the draws."""

from dataclasses import asdict

import numpy as np

from phm_utils.synthetic import (
    admissions,
    appointments,
    conditions,
    contacts,
    dirt,
    emergency,
    geography,
    gp_events,
    lives,
    network,
    partners,
    programmes,
    references,
)
from phm_utils.synthetic.prevalence import AGES, CONDITIONS


def effects(summaries: list[dict]) -> dict:
    """The planted effects, with the counts of the simulated networks."""
    return {
        "reading": "Gradients are log-odds or log ratios per unit of `deprivation`: 1 in decile 1, -1 in decile 10.",
        "conditions": {c.concept: asdict(c) for c in CONDITIONS},
        "condition_ages": AGES,
        "condition_links": conditions.LINKS,
        "gradients": _gradients(),
        "emergency_log_ratios": emergency.RATIOS,
        "vaccination_log_odds": {
            "covid_black": gp_events.COVID_BLACK,
            "covid_south_asian": gp_events.COVID_SOUTH_ASIAN,
        },
        "programmes": [asdict(p) | _take_up(p, summaries) for p in programmes.PROGRAMMES],
        "lists": [asdict(one) for one in partners.LISTS],
        "list_overlap": _overlap(summaries),
        "dirt": _dirt(),
        "counts": {geography.pcn_code(s["pcn"]): {"people": s["people"], **s["rows"]} for s in summaries},
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
        "covid_vaccination": gp_events.COVID_GRADIENT,
        "flu_vaccination": gp_events.FLU_GRADIENT,
    }


def _take_up(programme: programmes.Programme, summaries: list[dict]) -> dict[str, dict[str, int]]:
    """People ever eligible in the months of enrolment, and enrolled, by network that offers the programme."""
    offering = [s for s in summaries if s["pcn"] in programme.pcns]
    return {name: {geography.pcn_code(s["pcn"]): s[name] for s in offering} for name in ("ever_eligible", "enrolled")}


def _overlap(summaries: list[dict]) -> dict:
    """People on each list (the diagonal) and on each pair of lists, over the simulated networks."""
    total = sum(np.array(s["list_overlap"]) for s in summaries)
    names = [one.name for one in partners.LISTS]
    return {
        "people": {a: {b: int(total[i, j]) for j, b in enumerate(names)} for i, a in enumerate(names)},
        "on_any_list": sum(s["on_any_list"] for s in summaries),
        "registered_with_no_practice": sum(s["lists_not_registered"] for s in summaries),
    }


def _dirt() -> dict:
    rates = {name.lower(): value for name, value in vars(dirt).items() if name.isupper() and isinstance(value, float)}
    return {
        "rows": rates,
        "identity": {table: asdict(faults) for table, faults in dirt.IDENTITY.items()},
        "number_unknown": dirt.NUMBER_UNKNOWN,
        "stale_practice": {"practice_code": network.STALE_PRACTICE, "last_day": str(network.STALE_FROM)},
        "mislisted_practice": {"practice_code": references.MISLISTED_PRACTICE, "times": references.MISLISTED_BY},
        "type_1_share": lives.TYPE_1_SHARE,
        "national_opt_out_share": lives.NATIONAL_OPT_OUT_SHARE,
    }
