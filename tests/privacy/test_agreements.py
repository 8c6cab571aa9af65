"""Agreements: nothing is permitted that none of them names."""

from datetime import date, timedelta

import pytest
import yaml

from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import Agreement, choose, load_agreements

PRACTICE = {
    "recipient": "Practices",
    "kind": "practice",
    "practices": ["A99001", "A99002"],
    "roles": ["gp"],
    "purposes": ["direct_care"],
    "fields": ["nhs_number", "why"],
    "signed": "2024-04-01",
    "expires": "2025-03-31",
}
COUNCIL = PRACTICE | {
    "recipient": "Council",
    "kind": "other",
    "purposes": ["public_health"],
    "cohorts": ["frailty"],
    "fields": ["surname"],
    "gateway": {"law": "An Act, section 6", "expires": "2024-12-31"},
}
ASKED = {"role": "gp", "purpose": "direct_care", "cohort": "frailty"}


def workbook(tmp_path, agreements, *, synthetic=True, **file) -> Workbook:
    path = tmp_path / "agreements.yml"
    path.write_text(yaml.safe_dump({"agreements": agreements} | file), encoding="utf-8")
    return Workbook(
        name="tiny",
        title="Tiny",
        ics_code="QZZ",
        synthetic=synthetic,
        index_date="2025-03-31",
        landing="landing",
        agreements=str(path),
    )


def test_an_agreement_permits_what_it_names_from_its_first_day_to_its_last():
    agreement = Agreement.model_validate(PRACTICE)
    for day in (agreement.signed, agreement.expires):
        assert agreement.refusals("DC", day, **ASKED) == []
    assert agreement.refusals("DC", agreement.signed - timedelta(days=1), **ASKED) == [
        "the agreement DC begins on 01 April 2024"
    ]
    assert agreement.refusals("DC", agreement.expires + timedelta(days=1), **ASKED) == [
        "the agreement DC expired on 31 March 2025"
    ]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"role": "analyst"}, "roles gp and not analyst"),
        ({"purpose": "commissioning"}, "direct_care and not commissioning"),
    ],
)
def test_another_role_or_purpose_is_refused(changed, says):
    [fault] = Agreement.model_validate(PRACTICE).refusals("DC", date(2025, 1, 1), **(ASKED | changed))
    assert says in fault


HUB = {
    "recipient": "The hub",
    "kind": "other",
    "roles": ["hub_manager"],
    "purposes": ["public_health"],
    "models": ["heat"],
    "own_lists": ["assisted_bins"],
    "signed": "2024-04-01",
    "expires": "2025-03-31",
}


def test_an_agreement_for_households_lists_no_people_and_names_its_models():
    agreement = Agreement.model_validate(HUB)
    asked = {"role": "hub_manager", "purpose": "public_health"}
    day = date(2025, 1, 1)
    assert agreement.household_refusals("HUB", day, **asked, model="heat") == []
    assert agreement.household_refusals("HUB", day, **asked, model="cold") == ["it names the models heat and not cold"]
    assert agreement.refusals("HUB", day, **asked, cohort="heat") == [
        "it is for households alone (`--households`) and lists no people"
    ]
    [late] = agreement.household_refusals("HUB", date(2025, 4, 1), **asked, model="heat")
    assert late == "the agreement HUB expired on 31 March 2025"


def test_a_gateway_ends_before_its_agreement_and_names_its_cohorts():
    agreement = Agreement.model_validate(COUNCIL)
    asked = ASKED | {"purpose": "public_health"}
    assert agreement.refusals("GW", date(2024, 12, 31), **asked) == []
    assert "gateway (An Act, section 6) expired" in agreement.refusals("GW", date(2025, 1, 1), **asked)[0]
    assert (
        "cohorts frailty and not smi" in agreement.refusals("GW", date(2024, 12, 31), **(asked | {"cohort": "smi"}))[0]
    )


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (PRACTICE | {"fields": ["nhs_number", "diagnosis"]}, "diagnosis: not known"),
        (PRACTICE | {"signed": "2026-01-01"}, "it ends"),
        (PRACTICE | {"practices": []}, "practices"),
        (PRACTICE | {"practices": ["Elm Surgery"]}, "practices"),
        (PRACTICE | {"gateway": COUNCIL["gateway"]}, "of kind `other`"),
        ({name: v for name, v in COUNCIL.items() if name != "gateway"}, "needs a `gateway`"),
        ({name: v for name, v in COUNCIL.items() if name != "cohorts"}, "the `cohorts`"),
        (COUNCIL | {"purposes": ["direct_care"]}, "another purpose"),
        (PRACTICE | {"patients": "all"}, "patients"),
        (PRACTICE | {"fields": []}, "needs the `fields`"),
        (PRACTICE | {"own_lists": ["council_tax_reduction"]}, "are of kind `other`"),
        (HUB | {"models": []}, "or the `models` whose households may be"),
        (HUB | {"gateways": {"diagnosis": COUNCIL["gateway"]}}, "diagnosis: not a field of households"),
        (HUB | {"gateways": {"alone_70": COUNCIL["gateway"]}}, "needs the `practices`"),
        (HUB | {"cohorts": ["frailty"]}, "belong together"),
    ],
)
def test_an_entry_that_does_not_fit_its_kind_is_refused(tmp_path, entry, says):
    with pytest.raises(InputError, match=says):
        load_agreements(workbook(tmp_path, {"DC": entry}))


def test_made_up_agreements_hold_for_synthetic_data_alone(tmp_path):
    assert load_agreements(workbook(tmp_path, {"DC": PRACTICE}, made_up=True))
    with pytest.raises(InputError, match="made-up"):
        load_agreements(workbook(tmp_path, {"DC": PRACTICE}, synthetic=False, made_up=True))


def test_without_agreements_there_is_no_list():
    plain = Workbook(name="t", title="T", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing")
    with pytest.raises(InputError, match="No list without an agreement"):
        load_agreements(plain)


def test_the_agreement_of_a_practice_is_found_by_its_code():
    known = {"DC": Agreement.model_validate(PRACTICE), "GW": Agreement.model_validate(COUNCIL)}
    assert choose(known, None, "A99002")[0] == "DC"
    assert choose(known, "GW", None)[0] == "GW"
    for reference, practice, says in [
        (None, None, "--practice"),
        (None, "A99003", "No agreement with practices names A99003"),
        ("GX", None, "There is no agreement GX"),
        ("GW", "A99003", "does not name the practice"),
        ("DC", None, "--practice"),
    ]:
        with pytest.raises(InputError, match=says):
            choose(known, reference, practice)
    with pytest.raises(InputError, match="2 agreements name A99001"):
        choose(known | {"DD": known["DC"]}, None, "A99001")
