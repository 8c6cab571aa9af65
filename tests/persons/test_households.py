"""Households, probable care homes, and flags that reach everybody in a household."""

from datetime import date

import pandas as pd

YOUNG, OLD, TURNS_75 = date(1990, 1, 1), date(1940, 1, 1), date(1950, 3, 1)
FLAGS = ["flag_mobility", "flag_income", "flag_housing", "flag_food", "flag_caring"]


def household(world, name: str, *born: date, **kw) -> list[dict]:
    """One person per month of birth, all at one address."""
    return [
        world.registered(f"{name}-{n:02d}", household_token=name, birth_month=month, **kw)
        for n, month in enumerate(born, start=1)
    ]


def test_a_household_is_everybody_registered_at_one_address_on_the_index_date(world):
    person = world.person(
        gp_registration=[
            *household(world, "three", YOUNG, YOUNG, OLD),
            world.registered("gone", household_token="three", registered_to=date(2025, 3, 30)),
            world.registered("dead", household_token="three"),
            world.registered("next", household_token="three", registered_from=date(2025, 4, 1)),
            *household(world, "two practices", YOUNG),
            world.registered("two practices-02", household_token="two practices", practice_code="A99002"),
            world.registered("nowhere", household_token=None),
            world.registered("nowhere too", household_token=None),
        ],
        death=[world.about("dead", date_of_death=date(2025, 3, 1))],
    )
    assert person["household_size"].dropna().to_dict() == {
        "three-01": 3, "three-02": 3, "three-03": 3, "two practices-01": 2, "two practices-02": 2,
    }  # fmt: skip
    assert person.loc["nowhere", ["household_size", "probable_care_home"]].isna().all()


def test_a_care_home_has_11_people_and_more_than_half_are_75_or_over(world):
    almost = date(1950, 4, 1)  # 74
    homes = {
        "six of 11": ([TURNS_75] * 6 + [YOUNG] * 5, True),
        "five of 11": ([TURNS_75] * 5 + [YOUNG] * 6, False),
        "half of 12": ([TURNS_75] * 6 + [YOUNG] * 6, False),
        "seven of 13": ([TURNS_75] * 7 + [YOUNG] * 6, True),
        "all of ten": ([OLD] * 10, False),
        "all of 11": ([OLD] * 11, True),
        "one is 74": ([TURNS_75] * 5 + [almost] + [YOUNG] * 5, False),
    }
    person = world.person(
        gp_registration=[row for name, (born, _) in homes.items() for row in household(world, name, *born)]
    )
    found = person.groupby("household_token")["probable_care_home"].unique().map(list)
    assert found.to_dict() == {name: [home] for name, (_, home) in homes.items()}


def listed(world, token: str, flag: str | None, name: str = "A", day: date = date(2025, 3, 31), **kw) -> dict:
    return world.about(token, list_name=name, flag=flag, list_date=day, birth_month=kw.pop("birth_month", YOUNG), **kw)


def test_flags_of_income_housing_and_food_reach_everybody_in_the_household(world):
    shared = {"income": True, "housing": True, "food": True, "mobility": False, "caring": False}
    person = world.person(
        gp_registration=[row for home in (*shared, "next door") for row in household(world, home, YOUNG, YOUNG)],
        partner_list=[listed(world, f"{flag}-01", flag) for flag in shared],
    )
    for flag, reaches in shared.items():
        expected = {f"{flag}-01", *([f"{flag}-02"] if reaches else [])}
        assert set(person.index[person[f"flag_{flag}"]]) == expected
        assert person.loc[[f"{flag}-01", f"{flag}-02"], "flag_domains"].tolist() == [1, int(reaches)]
        assert person.loc[[f"{flag}-01", f"{flag}-02"], "partner_lists"].tolist() == [1, 0]
    assert not person.loc["next door-01", FLAGS].any()


def test_ten_people_share_a_flag_and_eleven_do_not(world):
    person = world.person(
        gp_registration=[*household(world, "ten", *[YOUNG] * 10), *household(world, "eleven", *[YOUNG] * 11)],
        partner_list=[listed(world, "ten-01", "income"), listed(world, "eleven-01", "income")],
    )
    flagged = person.index[person["flag_income"]]
    assert set(flagged) == {f"ten-{n:02d}" for n in range(1, 11)} | {"eleven-01"}


def test_a_flag_of_somebody_who_has_left_or_has_no_address_reaches_nobody_else(world):
    person = world.person(
        gp_registration=[
            *household(world, "home", YOUNG),
            world.registered("gone", household_token="home", birth_month=YOUNG, registered_to=date(2024, 1, 1)),
            world.registered("nowhere", household_token=None, birth_month=YOUNG),
            world.registered("nowhere too", household_token=None, birth_month=YOUNG),
        ],
        partner_list=[listed(world, "gone", "income"), listed(world, "nowhere", "food")],
    )
    assert not person.loc["home-01", FLAGS].any()
    assert person["flag_food"].to_dict() == {"home-01": False, "nowhere": True, "nowhere too": False}


def test_domains_are_counted_once_and_lists_by_name(world):
    named = [
        listed(world, "home-01", "income", "A"),
        listed(world, "home-01", "income", "B"),
        listed(world, "home-01", "food", "B"),
        listed(world, "home-01", None, "C"),
        listed(world, "home-02", "income", "A"),
        listed(world, "home-02", "caring", "A", date(2023, 1, 1)),
        listed(world, "home-02", "caring", "A", date(2024, 1, 1)),
        listed(world, "home-02", "mobility", "D", date(2025, 4, 1)),  # not true yet
        listed(world, "home-02", "mobility", "E", sex="1", birth_month=OLD),  # somebody else
    ]
    person = world.person(gp_registration=household(world, "home", YOUNG, YOUNG), partner_list=named)
    assert person["partner_lists"].to_dict() == {"home-01": 3, "home-02": 1}
    assert person["flag_domains"].to_dict() == {"home-01": 2, "home-02": 3}
    assert person[FLAGS].astype(int).to_numpy().tolist() == [[0, 1, 0, 1, 0], [0, 1, 0, 1, 1]]


def test_without_lists_nobody_is_known_to_be_unflagged(world):
    person = world.person(absent=["partner_list"], gp_registration=household(world, "home", YOUNG))
    assert person[[*FLAGS, "flag_domains", "partner_lists"]].isna().all(axis=None)
    assert not pd.isna(person["household_size"].iloc[0])
