"""A council's own lists in the small linked run of `list_world`, and requests for its households."""

from dataclasses import replace

from list_world import BADGE, CHARITY, DAY, KEY, TAX, World

from phm_utils.requests.make_households import MadeHouseholds, make_households
from phm_utils.requests.reidentify import reidentify
from phm_utils.requests.terms import Ask

LAW = {"law": "An Act, section 7", "expires": "2025-12-31"}
HUB = Ask("cold", "hub_manager", "public_health", "Hub Manager", agreement="HUB", day=DAY, households=True)
TOLD = {"may_be_told_to": ["HUB"], "purposes": ["public_health", "population_health_management"]}
OWN = (f"partner_list/{TAX}", f"partner_list/{BADGE}", "address_list/ramp")


def home(number: int) -> str:
    """The pseudonym of a residence."""
    return f"{number:032X}"


def entry(number: int, name: str, day: str = "2025-03-01", **more) -> dict:
    """A row of a list."""
    return {"home": home(number), "list_name": name, "list_date": day} | more


def lives(number: int, size: int = 1, **person) -> dict:
    """A registration of somebody at a residence."""
    return {"person": {"household_token": home(number), "household_size": size, "lsoa": "E1"} | person}


# At 1 council tax reduction and a blue badge, at 2 a ramp, at 3 a tax row that is too old, at 4 a charity's row; 5 is
# on no list; a row without an address. 1 has diabetes, 2 is 80 and alone, 3 has asthma, 5 diabetes.
LISTS = [
    entry(1, TAX), entry(1, TAX, "2024-01-01"), entry(1, BADGE, "2025-02-01"), entry(3, TAX, "2022-01-01"),
    entry(4, CHARITY), {"home": "", "list_name": TAX, "list_date": "2025-03-01"},
]  # fmt: skip
ADDRESS_LISTS = [
    entry(2, "ramp", "2024-12-01", value="yes"),
    entry(4, "ramp", value="no"),
    entry(5, "energy_band", value="G"),
]
EVENTS = [
    *({"concept": "diabetes", "person": n, "day": "2024-05-01"} for n in (1, 5)),
    {"concept": "asthma", "person": 3, "day": "2024-05-01"},
]


def council(world: World) -> World:
    """The lists and people above, and the agreement HUB without a gateway; not yet made."""
    world.lists, world.address_lists, world.events = list(LISTS), list(ADDRESS_LISTS), list(EVENTS)
    world.people = {n: lives(n, age=80 if n == 2 else 50) for n in range(1, 6)}
    world.addresses = [
        *((home(n), "partner_list", name, f"10{n}", f"ZA1 {n}AA") for n, name in ((1, TAX), (1, BADGE), (3, TAX))),
        *((home(n), "address_list", "ramp", f"10{n}", "") for n in (2, 4)),
        *((home(n), "gp_registration", "", f"10{n}", f"ZB1 {n}AA") for n in range(1, 6)),
    ]
    for source in OWN:
        world.govern(source, **TOLD)
    world.govern("gp_extract", may_be_told_to=["practice", "team", "HUB"])
    return world


def gateways(world: World, *names: str, **changed) -> None:
    """Give HUB gateways for some fields."""
    world.agree("HUB", gateways=dict.fromkeys(names, LAW | changed))


def asked(world: World, **changed) -> MadeHouseholds:
    """A request for households of the hub."""
    return make_households(world.workbook, replace(HUB, **changed), world.log())


def rows_of(made: MadeHouseholds) -> dict[int, dict[str, str]]:
    """What a request says, by the number of the residence."""
    rows = made.request.rows().drop(columns=["reference", "expires"])
    return {int(row.pop("token"), 16): row for row in rows.to_dict("records")}


def listed(world: World, made: MadeHouseholds, day=DAY):
    """The list of a request."""
    return reidentify(world.workbook, made.request.head.request, lambda: KEY, world.log(), day, "Data Manager")
