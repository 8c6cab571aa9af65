"""Random histories as text in a landing folder: nobody is listed who may not be, however the extract writes it."""

import random
from datetime import date, timedelta

import pandas as pd
import pytest
from list_world import DAY, token

from phm_utils import engine
from phm_utils.inputs.on_the_day import registrations_today
from phm_utils.privacy.permission import GRANTED, decide

NO = ("false", "0", "N", "No", "")
YES_OR_UNREADABLE = ("true", "1", "Y", "yes", "Dissent", "?")
LAST_DAY = date(2025, 12, 31)  # a registration that begins after the extract cannot be right, and so is not clear
BAD_DAYS = ("2020-02-30", "unknown", "31/02/2020")
PRACTICES = pd.DataFrame({"practice_code": ["A99001", "A99002"], "close_date": None, "successor_code": None})


def history(rng: random.Random, number: int) -> tuple[list[dict], dict | None, bool]:
    """Registrations of one person as text, a row of a death, and whether they may be listed for A99001."""
    rows, allowed, begun = [], True, date(2016, 1, 1)
    current: list[tuple[date, str]] = []
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        begun += timedelta(days=rng.randint(1, 1_500))
        if begun > LAST_DAY:
            break
        end = begun + timedelta(days=rng.randint(0, 1_500)) if rng.random() < 0.5 else None
        code = rng.choice(["A99001", "A99001", "A99002"])
        flags = [rng.choice(YES_OR_UNREADABLE) if rng.random() < 0.04 else rng.choice(NO) for _ in range(3)]
        allowed &= all(flag in NO for flag in flags)
        written = rng.choice(BAD_DAYS) if rng.random() < 0.04 else end.isoformat() if end else ""
        allowed &= written not in BAD_DAYS
        if begun <= DAY and (end is None or end >= DAY):
            current.append((begun, code))
        rows.append({
            "registration_id": f"R{number}-{len(rows)}", "token_person_id": token(number), "practice_code": code,
            "registered_from": begun.isoformat(), "registered_to": written, "type_1_opt_out": flags[0],
            "national_data_opt_out": flags[1], "sensitive": flags[2],
        })  # fmt: skip
    death = None
    if rng.random() < 0.1:
        day = date(2024, 1, 1) + timedelta(days=rng.randint(0, 455))
        death = {"death_id": f"D{number}", "token_person_id": token(number),
                 "date_of_death": rng.choice([day.isoformat(), "not known"])}  # fmt: skip
        allowed &= death["date_of_death"] != "not known" and day > DAY
    return rows, death, allowed and bool(current) and max(current)[1] == "A99001"


@pytest.mark.parametrize("seed", range(3))
def test_whoever_may_not_be_listed_by_hand_is_not_listed(world, seed):
    rng, rows, deaths, allowed = random.Random(seed), [], [], set()
    for number in range(1, 701):
        registrations, death, may = history(rng, number)
        rows += registrations
        deaths += [death] if death else []
        allowed |= {token(number)} if may else set()
    rng.shuffle(rows)
    world.make()
    folder = world.root / "identified/landing/tiny_identified/linked"
    pd.DataFrame(rows).to_csv(folder / "gp_registration.csv", index=False)
    pd.DataFrame(deaths).to_csv(folder / "death.csv", index=False)
    asked = pd.Series([token(number) for number in range(1, 701)])
    with engine.session() as con:
        found = registrations_today(con, world.workbook, asked, ("type_1_opt_out", "national_data_opt_out"))
    decided = decide(asked, found, PRACTICES, {"A99001"}, DAY)
    granted = set(decided.loc[decided["decision"] == GRANTED, "token"])
    assert granted <= allowed  # nobody who may not
    assert granted == allowed  # and everybody who may
    assert len(allowed) > 100
