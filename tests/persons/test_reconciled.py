"""Registers and list sizes beside published figures, practice by practice."""

from datetime import date

import pandas as pd

INDEX = date(2025, 3, 31)


def figure(register: str, count: int, practice: str = "A99001", as_at: date = INDEX) -> dict:
    return {"practice_code": practice, "register": register, "published_count": count, "as_at": as_at}


def reconciled(world, *figures: dict, **tables) -> pd.DataFrame:
    """What was counted here, by practice and register."""
    people = [
        *(world.registered(f"one-{n}") for n in range(4)),
        *(world.registered(f"two-{n}", practice_code="A99002") for n in range(3)),
        world.registered("gone", registered_to=date(2025, 3, 30)),
    ]
    diabetes = [world.entry("diabetes", date(2020, 1, 1), token=t) for t in ("one-0", "one-1", "two-0", "gone")]
    given = {"gp_registration": people, "gp_event": diabetes, "practice_register": list(figures)} | tables
    return world.made(**given)["register_reconciled"]


def test_counts_stand_beside_what_was_published(world):
    table = reconciled(
        world, figure("list_size", 4), figure("list_size", 5, "A99002"), figure("diabetes", 3),
        figure("diabetes", 1, "A99002", date(2024, 3, 31)),
    )  # fmt: skip
    assert table.drop(columns="as_at").values.tolist() == [
        ["A99001", "U99001", "diabetes", "Diabetes", 2, 3],
        ["A99001", "U99001", "list_size", "People registered", 4, 4],
        ["A99002", "U99002", "diabetes", "Diabetes", 1, 1],
        ["A99002", "U99002", "list_size", "People registered", 3, 5],
    ]
    assert table["as_at"].tolist() == [pd.Timestamp(INDEX)] * 2 + [pd.Timestamp(2024, 3, 31), pd.Timestamp(INDEX)]


def test_a_register_that_nobody_here_is_on_counts_0(world):
    table = reconciled(world, figure("epilepsy", 7))
    assert table[["counted", "published"]].values.tolist() == [[0, 7]]


def test_a_practice_that_nobody_here_is_registered_with_counts_0(world):
    # Its extract is missing: that is what the comparison is for.
    practices = [
        {"practice_code": code, "practice_name": code, "pcn_code": "U99001", "pcn_name": "North"}
        for code in ("A99001", "A99002", "A99003")
    ]
    table = reconciled(world, figure("list_size", 4_000, "A99003"), practice=practices)
    assert table[["practice_code", "counted", "published"]].values.tolist() == [["A99003", 0, 4_000]]


def test_what_is_no_register_here_is_passed_over(world):
    assert reconciled(world, figure("hay_fever", 7), figure("list_size", 4))["register"].tolist() == ["list_size"]


def test_a_register_that_this_run_cannot_know_is_left_out(world):
    table = reconciled(world, figure("diabetes", 7), figure("list_size", 4), absent=["gp_event"])
    assert table["register"].tolist() == ["list_size"]


def test_without_published_figures_the_table_is_there_and_empty(world):
    for absent in ([], ["practice_register"]):
        table = reconciled(world, absent=absent)
        assert table.empty
        assert list(table) == ["practice_code", "pcn_code", "register", "title", "counted", "published", "as_at"]


def test_a_figure_of_another_day_moves_no_other_table(world):
    rows = world.everything()
    before = world.made(**rows)
    later = [row | {"as_at": date(2026, 3, 31), "published_count": 99} for row in rows["practice_register"]]
    after = world.made(**rows | {"practice_register": later})
    for name in set(before) - {"register_reconciled"}:
        pd.testing.assert_frame_equal(before[name], after[name], obj=name)
    assert set(after["register_reconciled"]["as_at"]) == {pd.Timestamp(2026, 3, 31)}
    counted = ["practice_code", "register", "counted"]
    pd.testing.assert_frame_equal(before["register_reconciled"][counted], after["register_reconciled"][counted])
