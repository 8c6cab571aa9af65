"""The part of `truth/effects.json` on households at risk: rates of lists and of support as planted, and counts."""

from phm_utils.synthetic import address_lists, data_errors, days, follow_up, geography, shielding, support, vulnerable


def household_effects(summaries: list[dict]) -> dict:
    """Lists of addresses, the shielded list, the model of 2020 by the truth, and the support that came of it."""
    return {
        "address_lists": {
            "list_date": str(address_lists.LIST_DATE),
            "energy_certificates": address_lists.CERTIFIED,
            "energy_bands": address_lists.BANDS,
            "log_odds_of_a_worse_band": {
                "rural": address_lists.WORSE_RURAL,
                "per_deprivation": address_lists.WORSE_DEPRIVED,
                "reference_person_65_or_over": address_lists.WORSE_OLD,
            },
            "register_electricity": address_lists.ON_ELECTRICITY,
            "register_other": address_lists.ON_OTHER,
            "discount_claimed": address_lists.CLAIMED,
            "discount_claimed_wrongly": address_lists.CLAIMED_WRONGLY,
            "key_missing": data_errors.ADDRESS_MISSING,
            "key_wrong": data_errors.ADDRESS_WRONG,
        },
        "shielded_patients": {
            "list_date": str(shielding.LIST_DATE),
            "reasons": shielding.REASONS,
            "missing_of_eligible": shielding.MISSING,
            "of_the_list": {
                "without reason": shielding.WITHOUT_REASON,
                "dead": shielding.DEAD,
                "moved": shielding.MOVED,
            },
            "networks": {geography.pcn_code(s["pcn"]): s["shielded"] for s in summaries},
        },
        vulnerable.MODEL: {
            "index_date": str(days.DATES[follow_up.INDEX_DAY]),
            "networks": {geography.pcn_code(s["pcn"]): s["vulnerable"] for s in summaries},
        },
        "support": _support(),
    }


def _support() -> dict:
    """Shares of households, and working days."""
    return {
        "network": geography.pcn_code(support.PCN),
        "list_made": str(days.DATES[follow_up.LIST_DAY]),
        "last_event": str(days.DATES[follow_up.LAST_DAY]),
        "first_tried": support.FIRST_TRIED,
        "left_to_the_end_where_somebody_dies_or_leaves": support.LEFT_TO_THE_END,
        "failed_tries": support.FAILED_TRIES,
        "answers_letter": support.ANSWERS_LETTER,
        "accepts": support.ACCEPTS,
        "declines": support.DECLINES,
        "food_parcel": support.PARCEL,
        "food_parcel_in_need": support.PARCEL_IN_NEED,
        "hub_support": support.HUB_SUPPORT,
    }
