"""Households for a council: its own lists, one field more with each gateway, and every other question refused."""

import json
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from household_world import HUB, LAW, TOLD, asked, council, entry, gateways, home, listed, lives, rows_of
from list_steps import entries, read_list
from list_world import BADGE, CHARITY, DAY, MODEL, SHIELDED, TAX, World

from phm_utils.errors import InputError
from phm_utils.measures.outreach import import_outreach, requests_folder
from phm_utils.privacy.household_request import household_requests_of
from phm_utils.privacy.permission import ALREADY, STILL_LISTED
from phm_utils.requests.list_files import CSV, EXCEL
from phm_utils.requests.make_households import make_households

OWN_ROWS = {
    1: {"income": "yes", "income_day": "2025-03-01", "mobility": "yes", "mobility_day": "2025-02-01"},
    2: {"income": "no", "income_day": "", "mobility": "yes", "mobility_day": "2024-12-01"},
}


@pytest.fixture
def hub(world) -> World:
    return council(world).make()


def refused(world: World, says: str, **changed) -> None:
    """Refused, nothing written, and the audit has the attempt with its reason."""
    before = len(household_requests_of(requests_folder(world.workbook)))
    with pytest.raises(InputError, match=says):
        asked(world, **changed)
    assert len(household_requests_of(requests_folder(world.workbook))) == before
    last = entries(world)[-1]
    assert (last.action, last.facts["result"]) == ("request", "refused")
    assert last.facts["why"]


def test_without_a_gateway_the_council_has_its_own_lists_and_nothing_else(hub):
    made = asked(hub)
    assert rows_of(made) == OWN_ROWS  # the row of 3 is too old, `ramp/no` and the charity's list are not asked for
    assert "alone" not in str(made.request.rows().columns)
    assert str(made).endswith("3 practices can be asked for lists of their own patients, who are at clinical risk: "
                              "phm request cold --practice CODE")  # fmt: skip
    assert "Nothing of it rests on registrations, health records or lists of others." in str(made)
    assert "1 rows of the recipient's lists have no address" in str(made)


def test_the_head_says_what_each_indicator_rests_on_and_no_day_of_the_registrations(hub):
    made = asked(hub)
    head = json.loads((made.request.path / "request.json").read_text())
    assert [(one["name"], one["lists"]) for one in head["indicators"]] == [
        ("income", [TAX]),
        ("mobility", [BADGE, "ramp"]),
    ]
    assert (head["title"], head["reason"]) == ("Offer of help", "Listed for an offer of help")
    assert {"data_to", "practices"}.isdisjoint(head)


# By field: what each household on the council's lists has in it.
FIELDS = {
    "clinical_band": {1: "high", 2: "lower"},
    "children": {1: "no", 2: "no"},
    "people_70_over": {1: "no", 2: "yes"},
    "alone_70": {1: "no", 2: "yes"},
    "mobility_elsewhere": {1: "no", 2: "yes"},
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_gateway_adds_its_field_and_nothing_else(world, name):
    council(world).people[2]["person"]["housebound"] = True
    world.make()
    gateways(world, name)
    found = rows_of(asked(world))
    assert {n: row.pop(name) for n, row in found.items()} == FIELDS[name]
    assert found == OWN_ROWS


def test_with_the_gateway_for_clinical_risk_the_list_is_of_the_households_at_risk(hub):
    gateways(hub, "at_clinical_risk")
    found = rows_of(asked(hub))
    assert set(found) == {1, 2, 3, 5}  # nobody at 4 is at risk
    assert found[5] == {
        "income": "no",
        "income_day": "",
        "mobility": "no",
        "mobility_day": "",
        "at_clinical_risk": "yes",
    }


def test_whoever_died_moved_opted_out_or_is_hidden_tells_no_field(hub):
    gateways(hub, "at_clinical_risk")
    kept_off = {1: {"sensitive": "true"}, 2: {"type_1_opt_out": "true"}, 3: {"registered_to": "2025-03-15"}, 5: {}}
    hub.people = {n: lives(n) | rows for n, rows in kept_off.items()}
    hub.deaths = {}
    hub.write_landing()
    assert set(rows_of(asked(hub))) == {5}
    audit = entries(hub)[-1].facts["withheld"]
    assert {
        "people opted out: 1",
        "people record flagged as sensitive: 1",
        "people not registered on the day: 1",
    } <= set(audit)


def test_of_a_household_with_somebody_who_opted_out_no_is_not_said(world):
    council(world).people |= {6: lives(1, 2), 1: lives(1, 2)}
    world.make()
    gateways(world, "alone_70", "children", "clinical_band")
    before = rows_of(asked(world))[1]
    assert {name: before[name] for name in ("alone_70", "children", "clinical_band")} == {
        "alone_70": "no", "children": "no", "clinical_band": "high",
    }  # fmt: skip
    world.people[6] = world.people[6] | {"national_data_opt_out": "true"}
    world.write_landing()
    found = rows_of(asked(world, again=True))[1]
    assert (found["alone_70"], found["children"], found["clinical_band"]) == ("", "", "high")


def test_people_of_practices_that_the_agreement_does_not_name_tell_no_field(hub):
    gateways(hub, "alone_70")
    hub.agree("HUB", practices=["A99002"])
    assert {row["alone_70"] for row in rows_of(asked(hub)).values()} == {""}


@pytest.mark.parametrize("people", [{n: lives(2, 12, age=80) for n in range(1, 13)},
                                    {n: lives(2, 2, age=80, lsoa=f"E{n}") for n in (1, 2)}])  # fmt: skip
def test_a_communal_address_or_one_in_several_areas_has_no_field(world, people):
    council(world).people = people
    world.events = []
    world.make()
    gateways(world, "people_70_over")
    assert rows_of(asked(world))[2]["people_70_over"] == ""


def test_an_address_with_many_rows_of_one_list_is_no_household(world):
    council(world).lists += [entry(9, BADGE) for _ in range(11)] + [entry(8, BADGE) for _ in range(10)]
    world.make()
    made = asked(world)
    assert set(rows_of(made)) == {1, 2, 8}
    assert "1 left out: address with 11 rows or more" in str(made)


def test_the_official_list_is_told_under_a_gateway_where_its_own_entry_permits_it(world):
    world.model = MODEL | {"official_list": {"title": "Shielded patient list", "rule": {"list": SHIELDED}}}
    council(world).events += [{"concept": "partner_list", "person": 1, "day": "2025-03-01", "code": SHIELDED}]
    world.make()
    gateways(world, "on_official_list")
    refused(world, f"on_official_list cannot be said.*{SHIELDED}")
    world.govern(f"partner_list/{SHIELDED}", **TOLD)
    assert {n: row["on_official_list"] for n, row in rows_of(asked(world)).items()} == {1: "yes", 2: "no"}


def test_another_partners_facts_never_enter_whatever_its_entry_says(world):
    council(world).events += [{"concept": "partner_list", "person": 2, "day": "2025-03-01", "code": CHARITY}]
    world.make()
    world.govern(f"partner_list/{CHARITY}", **TOLD)
    gateways(world, "clinical_band", "mobility_elsewhere")
    assert {n: row["income"] for n, row in rows_of(asked(world)).items()} == {1: "yes", 2: "no"}
    refused(world, "income_elsewhere is no field", fields=("income_elsewhere",))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"fields": ("clinical_band",)}, "no gateway for it"),
        ({"fields": ("nhs_number",)}, "nhs_number is no field of these households"),
        ({"fields": ("diabetes",)}, "diabetes is no field"),
        ({"fields": ("children",)}, r"the gateway of children \(An Act, section 7\) expired on 31 March 2025"),
        ({"cohort": "tiny"}, "No model tiny.yml"),
        ({"agreement": "TEAM", "role": "gp", "purpose": "direct_care"}, "with a practice or team"),
        ({"agreement": "GW", "role": "adviser"}, "it names the models none and not cold"),
        ({"agreement": "NO"}, "no agreement NO"),
        ({"agreement": None, "practice": "A99001"}, "--households --agreement REFERENCE"),
        ({"role": "gp"}, "roles hub_manager and not gp"),
        ({"purpose": "commissioning"}, "public_health and not commissioning"),
        ({"purpose": "population_health_management"}, "nobody is contacted"),
        ({"day": date(2026, 4, 1)}, "expired on 31 March 2026"),
    ],
)
def test_what_no_gateway_or_agreement_permits_is_refused_and_in_the_audit(hub, changed, says):
    gateways(hub, "children", expires="2025-03-31")
    refused(hub, says, **changed)


def test_a_model_that_the_agreement_does_not_name_is_refused(hub):
    hub.agree("HUB", models=["heat"])
    refused(hub, "it names the models heat and not cold")


def test_an_expired_gateway_is_said_and_its_field_not_told(hub):
    hub.agree("HUB", gateways={"alone_70": LAW, "clinical_band": LAW | {"expires": "2025-03-31"}})
    made = asked(hub)
    assert made.request.head.fields == ("alone_70",)
    assert "Not told: the gateway of clinical_band (An Act, section 7) expired on 31 March 2025." in str(made)
    assert asked(hub, fields=("none",), again=True).request.head.fields == ()


def test_people_of_a_model_are_not_given_to_who_may_have_households(hub):
    from phm_utils.requests.make import make_request

    with pytest.raises(InputError, match="for households alone"):
        make_request(hub.workbook, replace(HUB, households=False), hub.log())


def test_a_list_of_domestic_abuse_is_no_councils_own(hub):
    hub.agree("HUB", own_lists=[TAX, "marac"])
    refused(hub, "marac may be of domestic abuse")


def test_a_list_whose_own_entry_does_not_name_the_council_is_not_used(hub):
    hub.govern(f"partner_list/{TAX}", may_be_told_to=["practice"])
    assert rows_of(asked(hub))[1] == {"mobility": "yes", "mobility_day": "2025-02-01"}
    hub.agree("HUB", own_lists=[TAX])
    refused(hub, "No list of The hub decides a social domain", again=True)


def test_registrations_that_may_not_be_told_refuse_every_field(hub):
    hub.govern("gp_extract", may_be_told_to=["practice", "team"])
    gateways(hub, "alone_70")
    refused(hub, "lets no registration be told")


def test_the_list_has_uprn_and_the_councils_own_postcode(hub):
    made = asked(hub)
    done = listed(hub, made)
    frame = read_list(done.folder)
    assert list(frame) == [
        "Reference", "UPRN", "Postcode", "Low income", "Low income: recorded", "Moves with difficulty",
        "Moves with difficulty: recorded", "Reason", "Status", "Date", "List expires",
    ]  # fmt: skip
    # Of 2, on a list of addresses alone, the postcode is known from registrations, which the council may not have.
    assert dict(zip(frame["UPRN"], frame["Postcode"], strict=True)) == {"101": "ZA1 1AA", "102": ""}
    assert set(frame["Reference"]) == set(made.request.rows()["reference"])
    assert set(frame["List expires"]) == {"2025-04-15"}
    content = (done.folder / CSV).read_text(encoding="utf-8-sig")
    assert not any(text in content for text in (home(1), "ZB1"))
    sheet = openpyxl.load_workbook(done.folder / EXCEL).active
    assert "Not to be used after 15 April 2025" in sheet["A1"].value
    assert "Not to be used after 15 April 2025" in sheet.oddFooter.left.text
    assert done.folder.stat().st_mode & 0o077 == 0


def test_a_household_that_a_gateway_alone_lists_has_the_address_of_its_registrations(hub):
    gateways(hub, "at_clinical_risk")
    frame = read_list(listed(hub, asked(hub)).folder).set_index("UPRN")
    assert frame.loc["105", "Postcode"] == "ZB1 5AA"
    assert frame.loc["101", "Postcode"] == "ZA1 1AA"
    assert set(frame["Somebody at clinical risk"]) == {"yes"}


def test_what_happened_since_the_request_is_asked_of_the_vault(hub):
    gateways(hub, "at_clinical_risk")
    made = asked(hub)
    hub.people[5] = hub.people[5] | {"type_1_opt_out": "true"}
    hub.write_vault()
    done = listed(hub, made)
    assert "105" not in set(read_list(done.folder)["UPRN"])
    assert "1 left out today: no longer at clinical risk" in str(done)
    assert entries(hub)[-1].facts["withheld"] == ["no longer at clinical risk by what may be said today: 1"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda w: gateways(w, "alone_70", expires="2025-04-02"),
            r"the gateway of alone_70 .* expired on 02 April 2025",
        ),
        (lambda w: gateways(w, "alone_70", expires="2025-04-05"), "may now be used until 05 April 2025 alone"),
        (lambda w: w.agree("HUB", gateways={}), "has no gateway for it"),
        (lambda w: w.agree("HUB", models=["heat"]), "names the models heat"),
        (lambda w: w.agree("HUB", recipient="Another hub"), "is now with Another hub"),
        (lambda w: w.agree("HUB", own_lists=[TAX, BADGE]), "ramp is no longer"),
        (lambda w: w.govern(f"partner_list/{TAX}", may_be_told_to=[]), f"{TAX} is no longer"),
        (lambda w: w.lists.clear() or w.write_landing(), "no longer on the lists of The hub"),
    ],
)
def test_what_changed_between_request_and_list_refuses_the_list(hub, change, says):
    gateways(hub, "alone_70")
    made = asked(hub)
    change(hub)
    with pytest.raises(InputError, match=says):
        listed(hub, made, day=date(2025, 4, 3))
    assert entries(hub)[-1].facts["result"] == "refused"
    lists = hub.identified / "lists"
    assert not lists.exists() or list(lists.iterdir()) == []


def test_a_request_that_was_edited_is_refused(hub):
    made = asked(hub)
    path = made.request.path / "households.csv"
    path.write_text(path.read_text().replace("no", "yes"))
    with pytest.raises(InputError, match="not as it was written"):
        listed(hub, made)


def test_no_household_is_asked_twice(hub):
    made = asked(hub)
    refused(hub, f"2 {STILL_LISTED}")
    references = made.request.rows().set_index("token")["reference"]
    path = hub.root / "returned.csv"
    path.write_text(f"Reference,Status,Date\n{references[home(1)]},food parcel,2025-04-02\n"
                    f"{references[home(2)]},not reached,2025-04-02\n")  # fmt: skip
    assert import_outreach(hub.workbook, path, made.request.head.request, today=date(2025, 4, 3)).taken == 2
    later = asked(hub, day=date(2025, 5, 1))
    assert set(rows_of(later)) == {2}
    assert later.decisions[ALREADY] == 1
    assert set(rows_of(asked(hub, day=date(2025, 5, 1), again=True))) == {1, 2}


def test_formulas_in_what_a_list_says_are_made_harmless(world):
    council(world).addresses[0] = (home(1), "partner_list", TAX, "=1+1", "@SUM(A1)")
    world.make()
    frame = read_list(listed(world, asked(world)).folder)
    assert {"'=1+1", "'@SUM(A1)"} <= set(frame["UPRN"]) | set(frame["Postcode"])


def test_a_request_for_households_says_nothing_to_the_sections_of_people(hub):
    from phm_utils.measures.follow_up import follow_up_files
    from phm_utils.privacy.request_file import requests_of

    asked(hub)
    assert requests_of(requests_folder(hub.workbook)) == []
    assert follow_up_files(hub.workbook) == []


def test_the_run_need_not_have_been_made_for_a_councils_own_lists(world):
    council(world).write_definitions()
    world.write_landing()
    made = make_households(world.workbook, HUB, world.log())
    assert rows_of(made) == OWN_ROWS
    assert made.request.head.made == DAY


def test_without_own_lists_a_gateway_for_clinical_risk_alone_lists_households(hub):
    hub.agree("HUB", own_lists=[])
    gateways(hub, "alone_70")
    refused(hub, "No household of cold may be listed for The hub today: there is none")
    gateways(hub, "at_clinical_risk")
    assert rows_of(asked(hub)) == {n: {"at_clinical_risk": "yes"} for n in (1, 2, 3, 5)}


def test_a_council_with_lists_that_name_nobody_yet_has_no_household(hub):
    hub.lists.clear()
    hub.address_lists.clear()
    hub.write_landing()
    refused(hub, "No household of cold may be listed for The hub today: there is none")


def test_a_rule_that_joins_a_list_to_something_else_is_not_decided_by_the_list(hub):
    joined = {"attaches": "person", "rule": {"all": [{"list": TAX}, {"column": "age", "op": "at least", "value": 18}]}}
    either = {"attaches": "person", "rule": {"any": [{"list": [BADGE, CHARITY]}, {"column": "housebound", "op": "is",
              "value": True}]}}  # fmt: skip
    domains = {"income": {"title": "Low income", "records": [joined]},
               "mobility": {"title": "Moves with difficulty", "records": [either]},
               "alone_70": {"title": "Alone", "records": [joined]}}  # fmt: skip
    (hub.root / "parameters/social_domains.yml").write_text(json.dumps(domains))
    assert rows_of(asked(hub)) == {1: {"mobility": "yes", "mobility_day": "2025-02-01"}}


def test_a_residence_where_nobody_is_registered_has_empty_fields(world):
    council(world).people = {1: {}}
    world.events = []
    world.make()
    gateways(world, "alone_70", "clinical_band", "children", "mobility_elsewhere")
    found = rows_of(asked(world))
    assert {row[name] for row in found.values() for name in ("alone_70", "clinical_band", "children")} == {""}
    assert set(found) == {1, 2}
